// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { LogId, MemberId } from "../types/Ids.sol";

/// @title The last checkpoint of every member's logs.
/// @notice A checkpoint is taken only with a proof (RFC 9162, section 2.1.4) that it extends the one before, checked
/// here: history cannot be rewritten by anyone. The cost does not depend on how many entries came between.
interface ILogAnchor {
    /// @notice A log as it stands.
    /// @param owner The member whose log it is.
    /// @param size Entries under the last checkpoint; 0 before the first.
    /// @param root RFC 6962 root hash of these entries.
    /// @param scope Which items the log is for; one log per owner and scope is open at a time.
    /// @param closed Whether the log has ended.
    /// @param successor The log that goes on in its place, where it has ended.
    // Never stored: nothing to pack.
    // solhint-disable-next-line gas-struct-packing
    struct Log {
        MemberId owner;
        uint64 size;
        bytes32 root;
        bytes32 scope;
        bool closed;
        LogId successor;
    }

    event LogRegistered(LogId indexed log, MemberId indexed owner, bytes32 indexed scope, uint64 ordinal);
    event Anchored(LogId indexed log, uint64 size, bytes32 root);
    event LogClosed(LogId indexed log, LogId indexed successor, uint64 size, bytes32 root);

    /// @dev The caller is not the current transaction key of the log's owner, or the owner is not active.
    error LogAnchorUnauthorized(LogId log, address caller);
    error LogAnchorNotMember(address caller);
    error LogAnchorUnknownLog(LogId log);
    error LogAnchorClosed(LogId log, LogId successor);
    error LogAnchorScopeTaken(MemberId owner, bytes32 scope, LogId log);
    error LogAnchorEmpty(LogId log);
    error LogAnchorShrunk(LogId log, uint64 anchored, uint64 size);
    error LogAnchorForked(LogId log, uint64 size, bytes32 anchored, bytes32 root);
    error LogAnchorProofTooShort(uint256 length);
    error LogAnchorProofTooLong(uint256 length, uint256 used);
    /// @dev The proof leads to another root for the anchored size. Both errors can hold: this one is checked first.
    error LogAnchorInconsistentOld(LogId log, bytes32 anchored, bytes32 computed);
    error LogAnchorInconsistentNew(LogId log, bytes32 root, bytes32 computed);

    /// @notice Opens a log of the calling member, which must be active.
    /// @param scope Which items it is for.
    /// @return log Its id. Ordinals count the logs of one owner and scope, from 0.
    function registerLog(bytes32 scope) external returns (LogId log);

    /// @notice Takes a checkpoint. Only from the owner's current transaction key, while the owner is active.
    /// @param log The log.
    /// @param size Entries now, at least 1.
    /// @param root Root hash now.
    /// @param proof Consistency proof from the last checkpoint; empty for the first. The same head again does nothing,
    /// whatever the proof, so that a transaction may be sent twice.
    function anchor(LogId log, uint64 size, bytes32 root, bytes32[] calldata proof) external;

    /// @notice Ends a log of the caller that was lost and opens its successor, with the same scope.
    function replaceLog(LogId lost) external returns (LogId successor);

    function membership() external view returns (address);

    function logState(LogId log) external view returns (Log memory);

    /// @notice The open log of a member for a scope; zero if there is none.
    function openLog(MemberId owner, bytes32 scope) external view returns (LogId);
}
