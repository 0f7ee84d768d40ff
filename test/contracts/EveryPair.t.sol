// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { LogAnchor } from "../../contracts/LogAnchor.sol";
import { ILogAnchor } from "../../contracts/interfaces/ILogAnchor.sol";
import { LogId } from "../../contracts/types/Ids.sol";
import { Founder } from "./helpers/Founder.sol";
import { RFC9162Reference } from "./helpers/RFC9162Reference.sol";
import { ReferenceTree } from "./helpers/ReferenceTree.sol";

interface Clock {
    function unixTime() external returns (uint256);
}

/// @title Every pair of sizes up to 130 leaves: the right proof passes, and every way to spoil it has its error.
contract EveryPairTest is Founder, ReferenceTree {
    error NotRefused(uint256 m, uint256 n, bytes4 wanted);
    error RefusedOtherwise(uint256 m, uint256 n, bytes wanted, bytes got);
    error NotTaken(uint256 m, uint256 n);

    struct Pair {
        LogId log;
        uint64 m;
        uint64 n;
        bytes32 oldRoot;
        bytes32 newRoot;
        bytes32[] proof;
    }

    uint256 private constant LEAVES = 130;

    LogAnchor private _anchors;

    function setUp() external {
        _anchors = new LogAnchor(_found());
        _buildTree(LEAVES);
    }

    function test_oldTreesUpTo32() external {
        _everyPair(1, 32);
    }

    function test_oldTreesUpTo64() external {
        _everyPair(33, 64);
    }

    function test_oldTreesUpTo96() external {
        _everyPair(65, 96);
    }

    function test_oldTreesUpTo129() external {
        _everyPair(97, LEAVES - 1);
    }

    /// @dev External, so that the memory of a pair is given back.
    function checkPair(uint64 m, uint64 n) external {
        Pair memory pair = Pair(LogId.wrap(0), m, n, _root(0, m), _root(0, n), _proof(m, n));
        pair.log = _anchors.registerLog(bytes32((uint256(m) << 64) | n));
        _anchors.anchor(pair.log, m, pair.oldRoot, new bytes32[](0));
        uint256 length = pair.proof.length;
        for (uint256 i = 0; i < length; ++i) {
            _expect(pair, _without(pair.proof, i), _tooShort(length - 1));
            _expect(pair, _with(pair.proof, i), _tooLong(length));
            _expectInconsistent(pair, _altered(pair.proof, i));
            if (i > 0) _expectInconsistent(pair, _swapped(pair.proof, i));
        }
        _expect(pair, _with(pair.proof, length), _tooLong(length));
        bytes32 newRoot = pair.newRoot;
        pair.newRoot ^= bytes32(uint256(1));
        _expectInconsistent(pair, pair.proof);
        pair.newRoot = newRoot;
        _anchors.anchor(pair.log, n, newRoot, pair.proof);
        ILogAnchor.Log memory state = _anchors.logState(pair.log);
        if (state.size != n || state.root != newRoot) revert NotTaken(m, n);
    }

    function _everyPair(uint256 from, uint256 to) private {
        // Hardhat runs a failing test again with every step recorded, which takes a test of this size minutes. Not so
        // one that has read the clock: it could go another way. The error names the pair.
        Clock(address(uint160(uint256(keccak256("hevm cheat code"))))).unixTime();
        for (uint256 m = from; m <= to; ++m) {
            for (uint256 n = m + 1; n <= LEAVES; ++n) this.checkPair(uint64(m), uint64(n));
        }
    }

    function _expectInconsistent(Pair memory pair, bytes32[] memory proof) private {
        RFC9162Reference.Outcome memory outcome = RFC9162Reference.verify(
            pair.m,
            pair.oldRoot,
            pair.n,
            pair.newRoot,
            proof
        );
        bytes memory wanted;
        if (outcome.verdict == RFC9162Reference.Verdict.WrongOld) {
            wanted = abi.encodeWithSelector(
                ILogAnchor.LogAnchorInconsistentOld.selector,
                pair.log,
                pair.oldRoot,
                outcome.oldRoot
            );
        } else if (outcome.verdict == RFC9162Reference.Verdict.WrongNew) {
            wanted = abi.encodeWithSelector(
                ILogAnchor.LogAnchorInconsistentNew.selector,
                pair.log,
                pair.newRoot,
                outcome.newRoot
            );
        } else {
            revert NotRefused(pair.m, pair.n, bytes4(uint32(outcome.verdict)));
        }
        _expect(pair, proof, wanted);
    }

    function _expect(Pair memory pair, bytes32[] memory proof, bytes memory wanted) private {
        (bool taken, bytes memory got) = address(_anchors).call(
            abi.encodeCall(ILogAnchor.anchor, (pair.log, pair.n, pair.newRoot, proof))
        );
        if (taken) revert NotRefused(pair.m, pair.n, bytes4(wanted));
        if (keccak256(got) != keccak256(wanted)) revert RefusedOtherwise(pair.m, pair.n, wanted, got);
    }

    function _tooShort(uint256 length) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILogAnchor.LogAnchorProofTooShort.selector, length);
    }

    function _tooLong(uint256 used) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILogAnchor.LogAnchorProofTooLong.selector, used + 1, used);
    }

    function _without(bytes32[] memory proof, uint256 index) private pure returns (bytes32[] memory shorter) {
        shorter = new bytes32[](proof.length - 1);
        for (uint256 i = 0; i < shorter.length; ++i) shorter[i] = proof[i < index ? i : i + 1];
    }

    function _with(bytes32[] memory proof, uint256 index) private pure returns (bytes32[] memory longer) {
        longer = new bytes32[](proof.length + 1);
        for (uint256 i = 0; i < longer.length; ++i) {
            if (i == index) longer[i] = keccak256("one too many");
            else longer[i] = proof[i < index ? i : i - 1];
        }
    }

    function _altered(bytes32[] memory proof, uint256 index) private pure returns (bytes32[] memory other) {
        other = _copy(proof);
        other[index] ^= bytes32(uint256(1));
    }

    function _swapped(bytes32[] memory proof, uint256 index) private pure returns (bytes32[] memory other) {
        other = _copy(proof);
        (other[index - 1], other[index]) = (other[index], other[index - 1]);
    }

    function _copy(bytes32[] memory proof) private pure returns (bytes32[] memory copy) {
        copy = new bytes32[](proof.length);
        for (uint256 i = 0; i < proof.length; ++i) copy[i] = proof[i];
    }
}
