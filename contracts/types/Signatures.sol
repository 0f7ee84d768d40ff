// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev A signature in the compact form of EIP-2098; all zeros where nobody signs.
/// @param vs s, which is in the lower half, with the parity of the point in the highest bit.
struct Signature {
    bytes32 r;
    bytes32 vs;
}
