// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { MemberId } from "../types/Ids.sol";

/// @title Who belongs to the consortium, with which roles and keys, since which block.
/// @notice A council of members decides by M-of-N votes. Every event carries all that it changed, so that the whole
/// state can be rebuilt from the events alone.
interface IMembership {
    /// @notice The standing of a member.
    enum Status {
        None,
        Active,
        Suspended,
        Removed
    }

    /// @notice The keys of a member that are not its transaction key. Each is rotated on its own.
    enum KeyKind {
        Checkpoint,
        Sealing,
        NodePeer,
        GatewayPeer,
        Client
    }

    /// @notice Public keys of a member. A key that a member has no use for is empty; `checkpoint` never is. A key that
    /// one member has or had is never another's, so that nobody can pass for a peer by showing its public key.
    /// @param checkpoint Ed25519 (32 bytes): signs checkpoints of its logs.
    /// @param sealing P-256, compressed (33 bytes): payloads are sealed to it.
    /// @param nodePeer Ed25519 (32 bytes): libp2p identity of its node.
    /// @param gatewayPeer Ed25519 (32 bytes): libp2p identity of its gateway.
    /// @param client Ed25519 (32 bytes): authenticates its applications (RFC 7523).
    struct Keys {
        bytes checkpoint;
        bytes sealing;
        bytes nodePeer;
        bytes gatewayPeer;
        bytes client;
    }

    /// @notice What the council admits.
    /// @param name Legal name, in Chinese.
    /// @param uscc Unified social credit code of the body itself; members are public bodies and institutions.
    /// @param region GB/T 2260 code, as a number (320904).
    /// @param roles Bit set, see `Roles`.
    /// @param transaction The account that sends its transactions.
    /// @param keys Its other public keys.
    /// @param endpoints Where its public log and its node are reached, as JSON.
    struct Admission {
        string name;
        string uscc;
        uint32 region;
        uint32 roles;
        address transaction;
        Keys keys;
        string endpoints;
    }

    /// @notice The part of a member that contracts ask about; one storage slot.
    struct Standing {
        address transaction;
        uint32 roles;
        uint24 region;
        Status status;
    }

    event MemberAdmitted(MemberId indexed member, Admission admission);
    event MemberSuspended(MemberId indexed member, bytes32 reason);
    event MemberResumed(MemberId indexed member);
    event MemberRemoved(MemberId indexed member, bytes32 reason);
    event RolesChanged(MemberId indexed member, uint32 roles);
    event ThresholdChanged(uint16 threshold);
    event TransactionKeyRotated(MemberId indexed member, address previous, address current);
    event KeyRotated(MemberId indexed member, KeyKind indexed kind, bytes key);
    event EndpointsChanged(MemberId indexed member, string endpoints);
    event Proposed(uint256 indexed proposal, MemberId indexed proposer, bytes call, uint64 expiresAt);
    event Approved(uint256 indexed proposal, MemberId indexed approver, uint16 approvals);
    event ApprovalWithdrawn(uint256 indexed proposal, MemberId indexed approver, uint16 approvals);
    event Executed(uint256 indexed proposal);

    /// @dev The caller is not the current transaction key of an active member.
    error MembershipUnauthorized(address caller);
    /// @dev The caller is not the current transaction key of a member that is active in the council.
    error MembershipNotCouncil(address caller);
    error MembershipOnlyByVote(address caller);
    error MembershipUnknownCall(bytes4 selector);
    error MembershipUnknownMember(MemberId member);
    error MembershipAlreadyAdmitted(MemberId member);
    error MembershipWrongStatus(MemberId member, Status status);
    error MembershipQuorumBroken(uint16 activeCouncil, uint16 threshold);
    error MembershipCouncilFull(uint16 most);
    error MembershipUnknownProposal(uint256 proposal);
    error MembershipProposalClosed(uint256 proposal);
    error MembershipProposalExpired(uint256 proposal, uint64 expiresAt);
    error MembershipAlreadyApproved(uint256 proposal, MemberId approver);
    error MembershipNotApproved(uint256 proposal, MemberId approver);
    error MembershipKeyInUse(address key);
    /// @dev A member other than the caller has, or had, this key.
    error MembershipKeyHeld(KeyKind kind, bytes key, MemberId holder);
    error MembershipKeyLength(KeyKind kind, uint256 length);
    /// @dev Only zeros, or no compressed point.
    error MembershipKeyFormat(KeyKind kind, bytes key);
    error MembershipZeroKey();
    error MembershipInvalidRoles(uint32 roles);
    error MembershipInvalidRegion(uint32 region);
    error MembershipInvalidUscc(string uscc);
    error MembershipInvalidSignature(address expected, address recovered);
    error MembershipFutureBlock(uint256 blockNumber, uint256 head);

    /// @notice Proposes a call of one of the functions "by vote" below and approves it in the proposer's name.
    /// @param call ABI-encoded call.
    /// @return proposal keccak256(abi.encode(ordinal, keccak256(call))), proposals being counted from 1. An id that
    /// says what it stands for: after a reorganisation no approval can fall to another call. The call runs at once
    /// where the threshold is 1.
    function propose(bytes calldata call) external returns (uint256 proposal);

    /// @notice Approves; runs the call when approvals of members active in the council reach the threshold.
    /// @dev Approvals are counted anew each time: those of members suspended or removed since do not count. Where the
    /// call fails its error comes back, and the approval is not taken.
    function approve(uint256 proposal) external;

    /// @notice Takes an approval back, while the proposal is open.
    function withdrawApproval(uint256 proposal) external;

    /// @notice By vote: admits a body. Its id follows from its USCC; a removed body can be admitted again, with a
    /// transaction key that was never one.
    function admit(Admission calldata admission) external;

    /// @notice By vote: suspends. Refused where fewer active council members than the threshold would remain.
    function suspend(MemberId member, bytes32 reason) external;

    /// @notice By vote: ends a suspension.
    function resume(MemberId member) external;

    /// @notice By vote: removes. Refused where fewer active council members than the threshold would remain.
    function remove(MemberId member, bytes32 reason) external;

    /// @notice By vote: replaces a member's roles. Refused where it would break the quorum, like `suspend`.
    function setRoles(MemberId member, uint32 roles) external;

    /// @notice By vote: sets how many approvals a proposal needs. Refused above the number of active council members.
    function setThreshold(uint16 threshold) external;

    /// @notice By vote: gives a member that lost its transaction key a new one.
    function resetTransactionKey(MemberId member, address current) external;

    /// @notice Rotates the caller's own transaction key. An address that ever was a key is never one again. The caller
    /// must be active: whoever was suspended because its key leaked cannot use the leaked key to take a new one.
    /// @param current The new account.
    /// @param signature The new account's EIP-712 signature of KeyRotation(member,previous,current): that it is held.
    function rotateTransactionKey(address current, bytes calldata signature) external;

    /// @notice Rotates one of the caller's other keys; empty takes it away.
    function rotateKey(KeyKind kind, bytes calldata key) external;

    /// @notice Says where the caller's node and log are reached, as JSON.
    function setEndpoints(string calldata endpoints) external;

    /// @notice The most members that can be active in the council at a time.
    // solhint-disable-next-line func-name-mixedcase
    function MAX_COUNCIL() external view returns (uint16);

    /// @notice Seconds from a proposal to its expiry.
    // solhint-disable-next-line func-name-mixedcase
    function PROPOSAL_LIFETIME() external view returns (uint64);

    /// @notice The deployment nonce: tells two consortia on one chain apart; also the EIP-712 domain's salt.
    function deployment() external view returns (bytes32);

    function threshold() external view returns (uint16);

    function activeCouncil() external view returns (uint16);

    function standing(MemberId member) external view returns (Standing memory);

    function keys(MemberId member) external view returns (Keys memory);

    /// @notice The member whose transaction key this account is or ever was; zero if none.
    function memberOf(address account) external view returns (MemberId);

    /// @notice Whether `account` is now the transaction key of `member`, the member is active and has all of `roles`.
    /// @dev Reads one storage slot: other contracts ask this on their hot path.
    function isEntitled(MemberId member, address account, uint32 roles) external view returns (bool);

    /// @notice Whether the member was active with all of `roles` at the end of block `blockNumber`.
    /// @dev Refused for blocks to come. A transaction that asks about its own block gets the state so far.
    function entitledAt(MemberId member, uint32 roles, uint256 blockNumber) external view returns (bool);

    /// @notice The member's transaction key at the end of block `blockNumber`; zero before its admission. A suspended
    /// or removed member keeps its last one here: ask `entitledAt` as well.
    function transactionKeyAt(MemberId member, uint256 blockNumber) external view returns (address);

    /// @notice A proposal as it stands.
    /// @return open Whether it can still be approved: neither run nor expired.
    /// @return approvals By members that are now active in the council.
    /// @return expiresAt From this time on (seconds since 1970) it can no longer be approved.
    /// @return callHash keccak256 of the call.
    function proposalState(
        uint256 proposal
    ) external view returns (bool open, uint16 approvals, uint64 expiresAt, bytes32 callHash);

    /// @notice Whether the member has approved and not withdrawn, be it now in the council or not.
    function hasApproved(uint256 proposal, MemberId member) external view returns (bool);
}
