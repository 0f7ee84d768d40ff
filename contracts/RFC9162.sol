// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Consistency proofs of RFC 6962 Merkle trees (RFC 9162, section 2.1.4.2), by the SHA-256 precompile.
library RFC9162 {
    /// @notice Walks a consistency proof from a tree of `m` leaves to one of `n`, and computes both roots from it.
    ///
    /// @dev The RFC's loop, straightened out. Let path be m - 1 without its trailing ones: the position of the last
    /// complete subtree of the old tree, at the level where the proof starts. Going up from there,
    ///
    /// - as long as path differs from the new tree's last position (span, their exclusive or, is not 0), every level
    ///   takes one element: a left sibling, part of both trees, where the lowest bit of path is 1; otherwise a right
    ///   sibling, part of the new tree only;
    /// - above that, both trees have the same right edge: a level takes a left sibling where the bit is 1, and none
    ///   where it is 0, as the edge has no sibling there.
    ///
    /// So m and n alone say how many elements are used. The walk reads that many, past the end of a proof that is too
    /// short (whatever stands there does no harm), and reports the number: at most 65 for 64-bit sizes.
    ///
    /// @param m Leaves of the old tree. MUST be at least 1 and less than n.
    /// @param rootOfM Root of the old tree: where m is a power of two the proof starts from it (and `oldRoot` is it).
    /// @param n Leaves of the new tree.
    /// @return oldRoot What the proof says the old root is. Means something only where `used` is `proof.length`.
    /// @return newRoot What the proof says the new root is. Likewise.
    /// @return used How many elements a proof between these sizes has.
    function consistencyRoots(
        uint64 m,
        bytes32 rootOfM,
        uint64 n,
        bytes32[] calldata proof
    ) internal view returns (bytes32 oldRoot, bytes32 newRoot, uint256 used) {
        uint256 path;
        uint256 span;
        // 1 <= m < n: no underflow, and m has a lowest set bit. Dividing by it drops the trailing ones of m - 1.
        unchecked {
            uint256 lowest = m & (~uint256(m) + 1);
            path = (uint256(m) - 1) / lowest;
            span = ((uint256(m) - 1) ^ (uint256(n) - 1)) / lowest;
        }
        // A power of two has nothing to the left of its one subtree, whose hash is the root and is not in the proof.
        return _walk(path, span, rootOfM, proof);
    }

    /// @dev `oldRoot`, `newRoot` and `used` are the running hashes and the place in calldata until the end. A precompile
    /// that fails, for want of gas, leaves a stale hash, on which nothing may be built.
    function _walk(
        uint256 path,
        uint256 span,
        bytes32 seed,
        bytes32[] calldata proof
    ) private view returns (bytes32 oldRoot, bytes32 newRoot, uint256 used) {
        assembly ("memory-safe") {
            // A node in free memory: 0x01 || left || right, 65 bytes. The precompile writes its result to the right.
            let node := add(mload(0x40), 0x1f)
            let left := add(node, 0x01)
            let right := add(node, 0x21)
            mstore8(node, 0x01)

            used := proof.offset
            if path {
                seed := calldataload(used)
                used := add(used, 0x20)
            }
            oldRoot := seed
            newRoot := seed
            let done := 1
            // coverage: never skipped, as the last positions of two sizes differ: span is not 0.
            for {} or(path, span) {
                path := shr(1, path)
                span := shr(1, span)
            } {
                switch and(path, 1)
                case 0 {
                    if iszero(span) {
                        continue
                    }
                    mstore(left, newRoot)
                    calldatacopy(right, used, 0x20)
                }
                default {
                    mstore(left, calldataload(used))
                    mstore(right, oldRoot)
                    done := and(done, staticcall(gas(), 0x02, node, 0x41, right, 0x20))
                    oldRoot := mload(right)
                    mstore(right, newRoot)
                }
                done := and(done, staticcall(gas(), 0x02, node, 0x41, right, 0x20))
                newRoot := mload(right)
                used := add(used, 0x20)
            }
            // coverage: never true, as gas that is too little for the precompile leaves too little to get here.
            if iszero(done) {
                revert(0, 0)
            }
            used := shr(5, sub(used, proof.offset))
        }
    }
}
