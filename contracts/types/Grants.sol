// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { GrantHash, MemberId } from "./Ids.sol";

/// @dev What the chain is shown of a grant. It is never stored: a grant's id is the hash of its terms, and whoever acts
/// on one presents them.
/// @param artefact SHA-256 of the canonical bytes of the grant artefact, which has a salt of its own.
/// @param key The grant key's account: made for this one grant, so that two grants of one enterprise have nothing in
/// common here.
/// @param grantee The member that may use it.
/// @param validFrom Seconds since 1970, included.
/// @param validTo Seconds since 1970, excluded.
/// @param uses How many query ids may consume it; 0: uncounted, it is never consumed.
// Never stored: nothing to pack.
// solhint-disable-next-line gas-struct-packing
struct GrantTerms {
    bytes32 artefact;
    address key;
    MemberId grantee;
    uint32 validFrom;
    uint32 validTo;
    uint16 uses;
}

bytes32 constant GRANT_TERMS_TYPE_HASH = keccak256(
    "GrantTerms(bytes32 artefact,address key,bytes32 grantee,uint32 validFrom,uint32 validTo,uint16 uses)"
);

/// @dev EIP-712 hashStruct of the terms, as they stand in the calldata. Each member has one spelling there: whoever reads it
/// refuses another. A registration reads all of them, so that no other spelling is ever the hash of a grant.
function grantHashOf(GrantTerms calldata terms) pure returns (GrantHash grant) {
    bytes32 typeHash = GRANT_TERMS_TYPE_HASH;
    assembly ("memory-safe") {
        let words := mload(0x40)
        mstore(words, typeHash)
        calldatacopy(add(words, 0x20), terms, 0xc0)
        grant := keccak256(words, 0xe0)
    }
}
