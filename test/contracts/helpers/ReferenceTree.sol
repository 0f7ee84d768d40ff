// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { RFC9162Reference } from "./RFC9162Reference.sol";

/// @title A small tree of known leaves, with roots and consistency proofs by the RFC's recursive definitions.
abstract contract ReferenceTree {
    /// @dev Hashes of complete subtrees, so that each is computed once.
    mapping(uint256 start => mapping(uint256 size => bytes32 hash)) private _complete;

    function _buildTree(uint256 leaves) internal {
        for (uint256 i = 0; i < leaves; ++i) {
            _complete[i][1] = sha256(abi.encodePacked(bytes1(0x00), i));
        }
        for (uint256 size = 2; size <= leaves; size *= 2) {
            for (uint256 start = 0; start + size <= leaves; start += size) {
                _complete[start][size] = RFC9162Reference.node(
                    _complete[start][size / 2],
                    _complete[start + size / 2][size / 2]
                );
            }
        }
    }

    /// @dev MTH(D[start : start + size]), RFC 9162 section 2.1.1; `start` is where a subtree can start.
    function _root(uint256 start, uint256 size) internal view returns (bytes32) {
        bytes32 known = _complete[start][size];
        if (known != 0) return known;
        uint256 left = _largestPowerBelow(size);
        return RFC9162Reference.node(_root(start, left), _root(start + left, size - left));
    }

    /// @dev PROOF(m, D[n]), RFC 9162 section 2.1.4.1; 0 < m < n.
    function _proof(uint256 m, uint256 n) internal view returns (bytes32[] memory) {
        return _subproof(m, 0, n, true);
    }

    function _subproof(uint256 m, uint256 start, uint256 n, bool whole) private view returns (bytes32[] memory proof) {
        if (m == n) {
            if (whole) return proof;
            return _append(proof, _root(start, n));
        }
        uint256 left = _largestPowerBelow(n);
        if (m <= left) return _append(_subproof(m, start, left, whole), _root(start + left, n - left));
        return _append(_subproof(m - left, start + left, n - left, false), _root(start, left));
    }

    function _append(bytes32[] memory list, bytes32 last) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = last;
    }

    function _largestPowerBelow(uint256 n) private pure returns (uint256 power) {
        power = 1;
        while (power * 2 < n) power *= 2;
    }
}
