// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ILogAnchor } from "./interfaces/ILogAnchor.sol";
import { IMembership } from "./interfaces/IMembership.sol";
import { RFC9162 } from "./RFC9162.sol";
import { LogId, MemberId } from "./types/Ids.sol";

/// @title The last checkpoint of every member's logs.
contract LogAnchor is ILogAnchor {
    /// @dev A log as stored. `anchor` reads the slots of owner, root and size, and writes the last two.
    struct Record {
        MemberId owner;
        bytes32 root;
        uint64 size;
        uint64 ordinal;
        bool closed;
        bytes32 scope;
        LogId successor;
    }

    /// @dev An active member, whatever its roles: banks and auditors have logs as well.
    uint32 private constant ANY_ROLE = 0;

    IMembership private immutable _membership;
    bytes32 private immutable _deployment;

    mapping(LogId log => Record record) private _records;
    mapping(MemberId owner => mapping(bytes32 scope => LogId log)) private _open;

    constructor(IMembership membership_) {
        _membership = membership_;
        _deployment = membership_.deployment();
    }

    /// @inheritdoc ILogAnchor
    function registerLog(bytes32 scope) external returns (LogId log) {
        MemberId owner = _membership.memberOf(msg.sender);
        if (!_membership.isEntitled(owner, msg.sender, ANY_ROLE)) revert LogAnchorNotMember(msg.sender);
        LogId open = _open[owner][scope];
        if (LogId.unwrap(open) != 0) revert LogAnchorScopeTaken(owner, scope, open);
        return _register(owner, scope, 0);
    }

    /// @inheritdoc ILogAnchor
    function anchor(LogId log, uint64 size, bytes32 root, bytes32[] calldata proof) external {
        Record storage record = _ownOpenLog(log);
        if (size == 0) revert LogAnchorEmpty(log);
        uint64 anchored = record.size;
        if (size <= anchored) {
            if (size < anchored) revert LogAnchorShrunk(log, anchored, size);
            bytes32 anchoredRoot = record.root;
            if (root != anchoredRoot) revert LogAnchorForked(log, size, anchoredRoot, root);
            return;
        }
        if (anchored == 0) {
            if (proof.length != 0) revert LogAnchorProofTooLong(proof.length, 0);
        } else {
            _requireExtension(log, anchored, record.root, size, root, proof);
        }
        record.size = size;
        record.root = root;
        emit Anchored(log, size, root);
    }

    /// @inheritdoc ILogAnchor
    function replaceLog(LogId lost) external returns (LogId successor) {
        Record storage record = _ownOpenLog(lost);
        MemberId owner = record.owner;
        bytes32 scope = record.scope;
        uint64 ordinal = record.ordinal + 1;
        successor = _logId(owner, scope, ordinal);
        record.closed = true;
        record.successor = successor;
        emit LogClosed(lost, successor, record.size, record.root);
        _register(owner, scope, ordinal);
    }

    /// @inheritdoc ILogAnchor
    function membership() external view returns (address) {
        return address(_membership);
    }

    /// @inheritdoc ILogAnchor
    function logState(LogId log) external view returns (Log memory) {
        Record storage record = _records[log];
        if (MemberId.unwrap(record.owner) == 0) revert LogAnchorUnknownLog(log);
        return
            Log({
                owner: record.owner,
                size: record.size,
                root: record.root,
                scope: record.scope,
                closed: record.closed,
                successor: record.successor
            });
    }

    /// @inheritdoc ILogAnchor
    function openLog(MemberId owner, bytes32 scope) external view returns (LogId) {
        return _open[owner][scope];
    }

    function _register(MemberId owner, bytes32 scope, uint64 ordinal) private returns (LogId log) {
        log = _logId(owner, scope, ordinal);
        Record storage record = _records[log];
        record.owner = owner;
        record.scope = scope;
        record.ordinal = ordinal;
        _open[owner][scope] = log;
        emit LogRegistered(log, owner, scope, ordinal);
    }

    /// @dev The log, which MUST be known, open and the caller's own. Refuses otherwise.
    function _ownOpenLog(LogId log) private view returns (Record storage record) {
        record = _records[log];
        MemberId owner = record.owner;
        if (MemberId.unwrap(owner) == 0) revert LogAnchorUnknownLog(log);
        if (!_membership.isEntitled(owner, msg.sender, ANY_ROLE)) revert LogAnchorUnauthorized(log, msg.sender);
        if (record.closed) revert LogAnchorClosed(log, record.successor);
    }

    /// @dev Refuses unless `proof` shows that the tree (size, root) extends the anchored one.
    function _requireExtension(
        LogId log,
        uint64 anchored,
        bytes32 anchoredRoot,
        uint64 size,
        bytes32 root,
        bytes32[] calldata proof
    ) private view {
        (bytes32 oldRoot, bytes32 newRoot, uint256 used) = RFC9162.consistencyRoots(
            anchored,
            anchoredRoot,
            size,
            proof
        );
        if (proof.length < used) revert LogAnchorProofTooShort(proof.length);
        if (proof.length > used) revert LogAnchorProofTooLong(proof.length, used);
        if (oldRoot != anchoredRoot) revert LogAnchorInconsistentOld(log, anchoredRoot, oldRoot);
        if (newRoot != root) revert LogAnchorInconsistentNew(log, root, newRoot);
    }

    function _logId(MemberId owner, bytes32 scope, uint64 ordinal) private view returns (LogId) {
        return LogId.wrap(keccak256(abi.encode(block.chainid, address(this), _deployment, owner, scope, ordinal)));
    }
}
