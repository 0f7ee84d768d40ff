// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { Address } from "@openzeppelin/contracts/utils/Address.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { Checkpoints } from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import { IMembership } from "./interfaces/IMembership.sol";
import { Roles } from "./types/Roles.sol";
import { MemberId, memberIdOf } from "./types/Ids.sol";
import { Uscc } from "./types/Uscc.sol";
import { XinlianDomain } from "./XinlianDomain.sol";

/// @title Who belongs to the consortium, with which roles and keys, since which block.
contract Membership is IMembership, XinlianDomain {
    using Checkpoints for Checkpoints.Trace208;

    struct Proposal {
        uint64 expiresAt;
        bool executed;
        bytes encodedCall;
        mapping(MemberId approver => bool approved) approvedBy;
    }

    /// @inheritdoc IMembership
    uint16 public constant MAX_COUNCIL = 64;

    /// @inheritdoc IMembership
    uint64 public constant PROPOSAL_LIFETIME = 30 days;

    bytes32 private constant KEY_ROTATION_TYPE_HASH = keccak256(
        "KeyRotation(bytes32 member,address previous,address current)"
    );
    uint256 private constant ED25519_LENGTH = 32;
    uint256 private constant P256_LENGTH = 33;
    uint32 private constant SMALLEST_REGION = 100_000;
    uint32 private constant LARGEST_REGION = 999_999;

    /// @dev Where these stand in a standing.
    uint256 private constant KEY_AND_STATUS = type(uint160).max | (uint256(type(uint8).max) << 216);

    uint16 private _threshold;
    uint64 private _proposalCount;

    /// @dev Members that are active and have the role COUNCIL, in no order; at most MAX_COUNCIL.
    MemberId[] private _council;

    mapping(MemberId member => Standing standing) private _standing;
    mapping(MemberId member => mapping(KeyKind kind => bytes key)) private _keys;

    /// @dev Who has, or ever had, an account as transaction key.
    mapping(address account => MemberId member) private _memberOf;

    /// @dev Who has, or ever had, a key of another kind; by the key's hash.
    mapping(bytes32 keyHash => MemberId member) private _keyHolder;

    /// @dev Transaction key, roles and status by block number: see `_packHistory`.
    mapping(MemberId member => Checkpoints.Trace208 trace) private _history;

    mapping(uint256 proposal => Proposal content) private _proposals;

    modifier onlyByVote() {
        _checkByVote();
        _;
    }

    /// @param deployment_ Tells this consortium from others on chains of the same id.
    /// @param founders The first members, as if they had been voted in.
    /// @param threshold_ Approvals that a proposal needs, at least 1 and at most the council's size.
    constructor(bytes32 deployment_, Admission[] memory founders, uint16 threshold_) XinlianDomain(deployment_) {
        for (uint256 i = 0; i < founders.length; ++i) {
            _admit(founders[i]);
        }
        _setThreshold(threshold_);
    }

    /// @inheritdoc IMembership
    function propose(bytes calldata call) external returns (uint256 proposal) {
        MemberId proposer = _callingCouncilMember();
        bytes4 selector = bytes4(call);
        if (!_isByVote(selector)) revert MembershipUnknownCall(selector);
        proposal = uint256(keccak256(abi.encode(++_proposalCount, keccak256(call))));
        Proposal storage content = _proposals[proposal];
        content.expiresAt = uint64(block.timestamp) + PROPOSAL_LIFETIME;
        content.encodedCall = call;
        emit Proposed(proposal, proposer, call, content.expiresAt);
        _approve(proposal, content, proposer);
    }

    /// @inheritdoc IMembership
    function approve(uint256 proposal) external {
        MemberId approver = _callingCouncilMember();
        _approve(proposal, _openProposal(proposal), approver);
    }

    /// @inheritdoc IMembership
    function withdrawApproval(uint256 proposal) external {
        MemberId approver = _callingCouncilMember();
        Proposal storage content = _openProposal(proposal);
        if (!content.approvedBy[approver]) revert MembershipNotApproved(proposal, approver);
        content.approvedBy[approver] = false;
        emit ApprovalWithdrawn(proposal, approver, _countApprovals(content));
    }

    /// @inheritdoc IMembership
    function admit(Admission calldata admission) external onlyByVote {
        _admit(admission);
    }

    /// @inheritdoc IMembership
    function suspend(MemberId member, bytes32 reason) external onlyByVote {
        Standing memory standing_ = _known(member);
        if (standing_.status != Status.Active) revert MembershipWrongStatus(member, standing_.status);
        standing_.status = Status.Suspended;
        _setStanding(member, standing_);
        emit MemberSuspended(member, reason);
    }

    /// @inheritdoc IMembership
    function resume(MemberId member) external onlyByVote {
        Standing memory standing_ = _known(member);
        if (standing_.status != Status.Suspended) revert MembershipWrongStatus(member, standing_.status);
        standing_.status = Status.Active;
        _setStanding(member, standing_);
        emit MemberResumed(member);
    }

    /// @inheritdoc IMembership
    function remove(MemberId member, bytes32 reason) external onlyByVote {
        Standing memory standing_ = _present(member);
        standing_.status = Status.Removed;
        _setStanding(member, standing_);
        emit MemberRemoved(member, reason);
    }

    /// @inheritdoc IMembership
    function setRoles(MemberId member, uint32 roles) external onlyByVote {
        Standing memory standing_ = _present(member);
        _checkRoles(roles);
        standing_.roles = roles;
        _setStanding(member, standing_);
        emit RolesChanged(member, roles);
    }

    /// @inheritdoc IMembership
    function setThreshold(uint16 threshold_) external onlyByVote {
        _setThreshold(threshold_);
    }

    /// @inheritdoc IMembership
    function resetTransactionKey(MemberId member, address current) external onlyByVote {
        Standing memory standing_ = _present(member);
        _replaceTransactionKey(member, standing_, current);
    }

    /// @inheritdoc IMembership
    function rotateTransactionKey(address current, bytes calldata signature) external {
        MemberId member = _callingMember();
        bytes32 rotation = keccak256(abi.encode(KEY_ROTATION_TYPE_HASH, member, msg.sender, current));
        (address recovered, , ) = ECDSA.tryRecover(_typedDataDigest(rotation), signature);
        // Zero comes back for a broken signature: the zero account passes here, and is refused as a key below.
        if (recovered != current) revert MembershipInvalidSignature(current, recovered);
        _replaceTransactionKey(member, _standing[member], current);
    }

    /// @inheritdoc IMembership
    function rotateKey(KeyKind kind, bytes calldata key) external {
        MemberId member = _callingMember();
        _setKey(member, kind, key);
        emit KeyRotated(member, kind, key);
    }

    /// @inheritdoc IMembership
    function setEndpoints(string calldata endpoints) external {
        emit EndpointsChanged(_callingMember(), endpoints);
    }

    /// @inheritdoc IMembership
    function deployment() external view returns (bytes32) {
        return _deploymentNonce();
    }

    /// @inheritdoc IMembership
    function threshold() external view returns (uint16) {
        return _threshold;
    }

    /// @inheritdoc IMembership
    function activeCouncil() external view returns (uint16) {
        return uint16(_council.length);
    }

    /// @inheritdoc IMembership
    function standing(MemberId member) external view returns (Standing memory) {
        return _standing[member];
    }

    /// @inheritdoc IMembership
    function keys(MemberId member) external view returns (Keys memory) {
        mapping(KeyKind kind => bytes key) storage own = _keys[member];
        return
            Keys({
                checkpoint: own[KeyKind.Checkpoint],
                sealing: own[KeyKind.Sealing],
                nodePeer: own[KeyKind.NodePeer],
                gatewayPeer: own[KeyKind.GatewayPeer],
                client: own[KeyKind.Client]
            });
    }

    /// @inheritdoc IMembership
    function memberOf(address account) external view returns (MemberId) {
        return _memberOf[account];
    }

    /// @inheritdoc IMembership
    function isEntitled(MemberId member, address account, uint32 roles) external view returns (bool) {
        Standing storage standing_ = _standing[member];
        uint256 packed;
        // All of it in one read: every use of a grant asks this. The lowest 160 bits are the transaction key, the next 32
        // the roles, then 24 of the region, and the status.
        assembly ("memory-safe") {
            packed := sload(standing_.slot)
        }
        uint256 wanted = uint256(uint160(account)) | (uint256(Status.Active) << 216);
        return packed & KEY_AND_STATUS == wanted && (packed >> 160) & roles == roles;
    }

    /// @inheritdoc IMembership
    function entitledAt(MemberId member, uint32 roles, uint256 blockNumber) external view returns (bool) {
        (, uint32 had, Status status) = _unpackHistory(_historyAt(member, blockNumber));
        return status == Status.Active && had & roles == roles;
    }

    /// @inheritdoc IMembership
    function transactionKeyAt(MemberId member, uint256 blockNumber) external view returns (address transaction) {
        (transaction, , ) = _unpackHistory(_historyAt(member, blockNumber));
    }

    /// @inheritdoc IMembership
    function proposalState(
        uint256 proposal
    ) external view returns (bool open, uint16 approvals, uint64 expiresAt, bytes32 callHash) {
        Proposal storage content = _proposals[proposal];
        expiresAt = content.expiresAt;
        if (expiresAt == 0) revert MembershipUnknownProposal(proposal);
        open = !content.executed && block.timestamp < expiresAt;
        approvals = _countApprovals(content);
        callHash = keccak256(content.encodedCall);
    }

    /// @inheritdoc IMembership
    function hasApproved(uint256 proposal, MemberId member) external view returns (bool) {
        return _proposals[proposal].approvedBy[member];
    }

    function _approve(uint256 proposal, Proposal storage content, MemberId approver) private {
        if (content.approvedBy[approver]) revert MembershipAlreadyApproved(proposal, approver);
        content.approvedBy[approver] = true;
        uint16 approvals = _countApprovals(content);
        emit Approved(proposal, approver, approvals);
        if (approvals < _threshold) return;
        content.executed = true;
        // Only functions by vote pass `propose`, and none of them calls out: nothing can enter here again.
        Address.functionCall(address(this), content.encodedCall);
        emit Executed(proposal);
    }

    function _admit(Admission memory admission) private {
        if (!Uscc.isWellFormed(admission.uscc)) revert MembershipInvalidUscc(admission.uscc);
        uint32 region = admission.region;
        if (region < SMALLEST_REGION || region > LARGEST_REGION) revert MembershipInvalidRegion(region);
        _checkRoles(admission.roles);
        MemberId member = memberIdOf(admission.uscc);
        Status status = _standing[member].status;
        if (status == Status.Active || status == Status.Suspended) revert MembershipAlreadyAdmitted(member);
        _claimTransactionKey(member, admission.transaction);
        _setKey(member, KeyKind.Checkpoint, admission.keys.checkpoint);
        _setKey(member, KeyKind.Sealing, admission.keys.sealing);
        _setKey(member, KeyKind.NodePeer, admission.keys.nodePeer);
        _setKey(member, KeyKind.GatewayPeer, admission.keys.gatewayPeer);
        _setKey(member, KeyKind.Client, admission.keys.client);
        // No truncation: a region has at most 6 digits, and 24 bits hold 16 million.
        _setStanding(member, Standing(admission.transaction, admission.roles, uint24(region), Status.Active));
        emit MemberAdmitted(member, admission);
    }

    function _setThreshold(uint16 threshold_) private {
        uint16 active = uint16(_council.length);
        if (threshold_ == 0 || threshold_ > active) revert MembershipQuorumBroken(active, threshold_);
        _threshold = threshold_;
        emit ThresholdChanged(threshold_);
    }

    function _replaceTransactionKey(MemberId member, Standing memory standing_, address current) private {
        address previous = standing_.transaction;
        _claimTransactionKey(member, current);
        standing_.transaction = current;
        _setStanding(member, standing_);
        emit TransactionKeyRotated(member, previous, current);
    }

    function _claimTransactionKey(MemberId member, address account) private {
        if (account == address(0)) revert MembershipZeroKey();
        if (MemberId.unwrap(_memberOf[account]) != 0) revert MembershipKeyInUse(account);
        _memberOf[account] = member;
    }

    function _setKey(MemberId member, KeyKind kind, bytes memory key) private {
        if (key.length == 0 && kind != KeyKind.Checkpoint) {
            delete _keys[member][kind];
            return;
        }
        uint256 wanted = kind == KeyKind.Sealing ? P256_LENGTH : ED25519_LENGTH;
        if (key.length != wanted) revert MembershipKeyLength(kind, key.length);
        if (!_isPlausible(kind, key)) revert MembershipKeyFormat(kind, key);
        // A member that showed another's peer or client key as its own would be taken for it.
        bytes32 keyHash = keccak256(key);
        MemberId holder = _keyHolder[keyHash];
        if (MemberId.unwrap(holder) == 0) {
            _keyHolder[keyHash] = member;
        } else if (!(holder == member)) {
            revert MembershipKeyHeld(kind, key, holder);
        }
        _keys[member][kind] = key;
    }

    /// @dev Writes a standing and its history, and seats or unseats the member in the council.
    function _setStanding(MemberId member, Standing memory standing_) private {
        bool wasSeated = _isSeated(_standing[member]);
        bool isSeated = _isSeated(standing_);
        _standing[member] = standing_;
        // No truncation: 48 bits hold a block a microsecond for nine years.
        _history[member].push(uint48(block.number), _packHistory(standing_));
        if (isSeated && !wasSeated) _seat(member);
        if (wasSeated && !isSeated) _unseat(member);
    }

    function _seat(MemberId member) private {
        if (_council.length == MAX_COUNCIL) revert MembershipCouncilFull(MAX_COUNCIL);
        _council.push(member);
    }

    /// @dev `member` MUST have a seat.
    function _unseat(MemberId member) private {
        uint256 last = _council.length - 1;
        if (last < _threshold) revert MembershipQuorumBroken(uint16(last), _threshold);
        uint256 seat = 0;
        while (!(_council[seat] == member)) ++seat;
        _council[seat] = _council[last];
        _council.pop();
    }

    function _checkByVote() private view {
        if (msg.sender != address(this)) revert MembershipOnlyByVote(msg.sender);
    }

    /// @dev The member whose current transaction key the caller is, and which is active.
    function _callingMember() private view returns (MemberId member) {
        member = _memberOf[msg.sender];
        Standing memory standing_ = _standing[member];
        if (standing_.transaction != msg.sender) revert MembershipUnauthorized(msg.sender);
        if (standing_.status != Status.Active) revert MembershipUnauthorized(msg.sender);
    }

    function _callingCouncilMember() private view returns (MemberId member) {
        member = _memberOf[msg.sender];
        Standing memory standing_ = _standing[member];
        if (standing_.transaction != msg.sender) revert MembershipNotCouncil(msg.sender);
        if (!_isSeated(standing_)) revert MembershipNotCouncil(msg.sender);
    }

    function _known(MemberId member) private view returns (Standing memory standing_) {
        standing_ = _standing[member];
        if (standing_.status == Status.None) revert MembershipUnknownMember(member);
    }

    /// @dev A member that is active or suspended.
    function _present(MemberId member) private view returns (Standing memory standing_) {
        standing_ = _known(member);
        if (standing_.status == Status.Removed) revert MembershipWrongStatus(member, Status.Removed);
    }

    function _openProposal(uint256 proposal) private view returns (Proposal storage content) {
        content = _proposals[proposal];
        uint64 expiresAt = content.expiresAt;
        if (expiresAt == 0) revert MembershipUnknownProposal(proposal);
        if (content.executed) revert MembershipProposalClosed(proposal);
        if (block.timestamp >= expiresAt) revert MembershipProposalExpired(proposal, expiresAt);
    }

    /// @dev Approvals of members that are now active in the council.
    function _countApprovals(Proposal storage content) private view returns (uint16 approvals) {
        uint256 seats = _council.length;
        // coverage: never skipped, as the council has at least the members that the threshold wants, and that is not 0.
        for (uint256 seat = 0; seat < seats; ++seat) {
            if (content.approvedBy[_council[seat]]) ++approvals;
        }
    }

    function _historyAt(MemberId member, uint256 blockNumber) private view returns (uint208) {
        if (blockNumber > block.number) revert MembershipFutureBlock(blockNumber, block.number);
        // No truncation: not above block.number, see `_setStanding`.
        return _history[member].upperLookupRecent(uint48(blockNumber));
    }

    function _isByVote(bytes4 selector) private pure returns (bool) {
        return
            selector == this.admit.selector ||
            selector == this.suspend.selector ||
            selector == this.resume.selector ||
            selector == this.remove.selector ||
            selector == this.setRoles.selector ||
            selector == this.setThreshold.selector ||
            selector == this.resetTransactionKey.selector;
    }

    function _checkRoles(uint32 roles) private pure {
        if (roles == 0 || roles & ~Roles.ALL != 0) revert MembershipInvalidRoles(roles);
    }

    /// @dev Refuses what cannot be a key: no field is filled with zeros, and a compressed point starts with 2 or 3.
    function _isPlausible(KeyKind kind, bytes memory key) private pure returns (bool) {
        if (kind == KeyKind.Sealing) return key[0] == 0x02 || key[0] == 0x03;
        return bytes32(key) != 0;
    }

    function _isSeated(Standing memory standing_) private pure returns (bool) {
        return standing_.status == Status.Active && standing_.roles & Roles.COUNCIL != 0;
    }

    /// @dev 160 bits of transaction key, 32 of roles, 8 of status, from the top.
    function _packHistory(Standing memory standing_) private pure returns (uint208) {
        return
            (uint208(uint160(standing_.transaction)) << 40) |
            (uint208(standing_.roles) << 8) |
            uint208(uint8(standing_.status));
    }

    function _unpackHistory(uint208 packed) private pure returns (address transaction, uint32 roles, Status status) {
        return (address(uint160(packed >> 40)), uint32(packed >> 8), Status(uint8(packed)));
    }
}
