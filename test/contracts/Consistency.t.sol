// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { RFC9162 } from "../../contracts/RFC9162.sol";
import { RFC9162Reference } from "./helpers/RFC9162Reference.sol";

/// @title The short walk says what the RFC's loop says, for any sizes and any proof.
contract ConsistencyTest {
    error Differs(uint64 m, uint64 n, uint256 length);

    /// @param a Any bits, cut to a random length so that small sizes and long ones come equally often.
    function testFuzz_sameRootsAsTheReference(
        uint64 a,
        uint8 bitsA,
        uint64 b,
        uint8 bitsB,
        bytes32 seed
    ) external view {
        (uint64 m, uint64 n) = _sizes(a, bitsA, b, bitsB);
        _compare(m, n, seed);
    }

    function testFuzz_sameRootsForNeighbours(uint64 a, uint8 bits, uint8 step, bytes32 seed) external view {
        uint64 m = _cut(a, bits);
        if (m > type(uint64).max - step - 1) m -= uint64(step) + 1;
        _compare(m == 0 ? 1 : m, m + step + 2, seed);
    }

    function testFuzz_sameRootsAroundPowersOfTwo(
        uint8 bitsA,
        bool belowA,
        uint8 bitsB,
        bool belowB,
        bytes32 seed
    ) external view {
        uint64 m = uint64(1) << (bitsA % 63);
        uint64 n = uint64(1) << (bitsB % 63);
        if (belowA && m > 1) --m;
        if (belowB && n > 1) --n;
        if (m == n) ++n;
        if (m > n) (m, n) = (n, m);
        _compare(m, n, seed);
    }

    function test_largestSizes() external view {
        _compare(type(uint64).max - 1, type(uint64).max, "largest");
        _compare(1, type(uint64).max, "from one");
        _compare(1 << 63, type(uint64).max, "from a power");
        _compare((1 << 63) + 1, type(uint64).max, "past a power");
    }

    function walk(
        uint64 m,
        bytes32 rootOfM,
        uint64 n,
        bytes32[] calldata proof
    ) external view returns (bytes32 oldRoot, bytes32 newRoot, uint256 used) {
        return RFC9162.consistencyRoots(m, rootOfM, n, proof);
    }

    function _compare(uint64 m, uint64 n, bytes32 seed) private view {
        bytes32[] memory none = new bytes32[](0);
        (, , uint256 used) = this.walk(m, seed, n, none);
        _compareLength(m, n, seed, used);
        _compareLength(m, n, seed, used + 1);
        if (used > 0) _compareLength(m, n, seed, used - 1);
    }

    function _compareLength(uint64 m, uint64 n, bytes32 seed, uint256 length) private view {
        bytes32[] memory proof = new bytes32[](length);
        for (uint256 i = 0; i < length; ++i) proof[i] = keccak256(abi.encode(seed, i));
        (bytes32 oldRoot, bytes32 newRoot, uint256 used) = this.walk(m, seed, n, proof);
        // With the roots that the walk found, the reference has nothing to object to but the length.
        RFC9162Reference.Outcome memory wanted = RFC9162Reference.verify(m, oldRoot, n, newRoot, proof);
        RFC9162Reference.Verdict verdict = RFC9162Reference.Verdict.Accepted;
        if (length < used) verdict = RFC9162Reference.Verdict.TooShort;
        if (length > used) verdict = RFC9162Reference.Verdict.TooLong;
        // A power of two starts from the root that the log has, not from the one that the walk gives back.
        bool seeded = m & (m - 1) != 0 || oldRoot == seed;
        bool sameUsed = length < used || wanted.used == used;
        if (wanted.verdict != verdict || !seeded || !sameUsed) revert Differs(m, n, length);
    }

    function _sizes(uint64 a, uint8 bitsA, uint64 b, uint8 bitsB) private pure returns (uint64 m, uint64 n) {
        m = _cut(a, bitsA);
        n = _cut(b, bitsB);
        if (m > n) (m, n) = (n, m);
        if (m == 0) m = 1;
        if (n <= m) n = m + 1;
    }

    /// @dev Leaves room above, so that a size can be one more.
    function _cut(uint64 a, uint8 bits) private pure returns (uint64) {
        return (a & (type(uint64).max - 1)) >> (bits % 64);
    }
}
