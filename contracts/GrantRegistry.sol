// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { IGrantRegistry } from "./interfaces/IGrantRegistry.sol";
import { IMembership } from "./interfaces/IMembership.sol";
import { GrantTerms, grantHashOf } from "./types/Grants.sol";
import { GrantHash, MemberId } from "./types/Ids.sol";
import { Roles } from "./types/Roles.sol";
import { XinlianDomain } from "./XinlianDomain.sol";

/// @title Which grants (授权) stand, and which queries have used them.
/// @dev What an item of a batch can fail by is returned as an encoded error, empty where the act was done: the single
/// forms revert with it, the batches report it. All checks come before the first write.
contract GrantRegistry is IGrantRegistry, XinlianDomain {
    /// @dev A grant as stored: one slot. A grant that was never heard of is all zeros. The first query that consumed it is
    /// remembered here too, by `_tagOf`: most counted grants are for one query, which so costs no slot of its own.
    struct State {
        uint32 registeredAt;
        uint16 usesLeft;
        bool withdrawn;
        bool suspended;
        bytes24 firstUse;
    }

    /// @dev A later use. A slot that is written whole: a smaller value would be read once more before.
    struct Use {
        uint256 consumed;
    }

    /// @inheritdoc IGrantRegistry
    uint256 public constant MAX_BATCH = 64;

    bytes32 private constant REGISTRATION_TYPE_HASH = keccak256("GrantRegistration(bytes32 grant,uint64 deadline)");
    bytes32 private constant WITHDRAWAL_TYPE_HASH = keccak256("GrantWithdrawal(bytes32 grant)");
    bytes32 private constant CONSUMPTION_TYPE_HASH = keccak256(
        "GrantConsumption(bytes32 grant,bytes32 queryId,uint64 deadline)"
    );
    uint256 private constant SIGNATURE_LENGTH = 65;
    MemberId private constant NO_MEMBER = MemberId.wrap(0);

    IMembership private immutable _membership;

    mapping(GrantHash grant => State state) private _states;
    mapping(GrantHash grant => mapping(bytes32 queryId => Use use)) private _laterUses;

    constructor(IMembership membership_) XinlianDomain(membership_.deployment()) {
        _membership = membership_;
    }

    /// @inheritdoc IGrantRegistry
    function register(GrantTerms calldata terms, uint64 deadline, bytes calldata signature) external {
        _requireDone(_register(terms, deadline, signature));
    }

    /// @inheritdoc IGrantRegistry
    function registerBatch(Registration[] calldata items) external {
        _checkLength(items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            Registration calldata item = items[i];
            _report(i, _register(item.terms, item.deadline, item.signature));
        }
    }

    /// @inheritdoc IGrantRegistry
    function withdraw(GrantTerms calldata terms, bytes calldata signature) external {
        _requireDone(_withdraw(terms, signature));
    }

    /// @inheritdoc IGrantRegistry
    function withdrawBatch(Withdrawal[] calldata items) external {
        _checkLength(items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            Withdrawal calldata item = items[i];
            _report(i, _withdraw(item.terms, item.signature));
        }
    }

    /// @inheritdoc IGrantRegistry
    function withdrawFor(GrantHash grant, bytes32 reason) external {
        MemberId by = _callingMember(Roles.IDENTIFIER);
        State storage state = _standing(grant);
        state.withdrawn = true;
        emit GrantWithdrawn(grant, by, reason);
    }

    /// @inheritdoc IGrantRegistry
    function suspend(GrantHash grant, bytes32 reason) external {
        MemberId by = _callingMember(Roles.REGULATOR);
        State storage state = _standing(grant);
        if (state.suspended) revert GrantRegistrySuspended(grant);
        state.suspended = true;
        emit GrantSuspended(grant, by, reason);
    }

    /// @inheritdoc IGrantRegistry
    function resume(GrantHash grant) external {
        MemberId by = _callingMember(Roles.REGULATOR);
        State storage state = _standing(grant);
        if (!state.suspended) revert GrantRegistryNotSuspended(grant);
        state.suspended = false;
        emit GrantResumed(grant, by);
    }

    /// @inheritdoc IGrantRegistry
    function consume(GrantTerms calldata terms, bytes32 queryId) external {
        _requireDone(_consume(terms, grantHashOf(terms), queryId, msg.sender));
    }

    /// @inheritdoc IGrantRegistry
    function consumeFor(
        GrantTerms calldata terms,
        bytes32 queryId,
        uint64 deadline,
        bytes calldata signature
    ) external {
        _requireDone(_consumeFor(terms, queryId, deadline, signature));
    }

    /// @inheritdoc IGrantRegistry
    function consumeBatch(Consumption[] calldata items) external {
        _checkLength(items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            Consumption calldata item = items[i];
            bytes memory failure =
                item.signature.length == 0
                    ? _consume(item.terms, grantHashOf(item.terms), item.queryId, msg.sender)
                    : _consumeFor(item.terms, item.queryId, item.deadline, item.signature);
            _report(i, failure);
        }
    }

    /// @inheritdoc IGrantRegistry
    function membership() external view returns (address) {
        return address(_membership);
    }

    /// @inheritdoc IGrantRegistry
    function stateOf(
        GrantHash grant
    ) external view returns (uint32 registeredAt, uint16 usesLeft, bool withdrawn, bool suspended) {
        State memory state = _states[grant];
        return (state.registeredAt, state.usesLeft, state.withdrawn, state.suspended);
    }

    /// @inheritdoc IGrantRegistry
    function isConsumed(GrantHash grant, bytes32 queryId) external view returns (bool) {
        return _states[grant].firstUse == _tagOf(queryId) || _laterUses[grant][queryId].consumed != 0;
    }

    /// @inheritdoc IGrantRegistry
    function grantHash(GrantTerms calldata terms) external pure returns (GrantHash) {
        return grantHashOf(terms);
    }

    function _register(
        GrantTerms calldata terms,
        uint64 deadline,
        bytes calldata signature
    ) private returns (bytes memory failure) {
        if (block.timestamp > deadline) return _deadlinePassed(deadline);
        failure = _checkTerms(terms);
        if (failure.length != 0) return failure;
        GrantHash grant = grantHashOf(terms);
        State memory state = _states[grant];
        if (state.withdrawn) return abi.encodeWithSelector(GrantRegistryWithdrawn.selector, grant);
        if (state.registeredAt != 0) {
            return abi.encodeWithSelector(GrantRegistryAlreadyRegistered.selector, grant, state.registeredAt);
        }
        bytes32 registration = keccak256(abi.encode(REGISTRATION_TYPE_HASH, grant, deadline));
        failure = _checkKey(terms.key, registration, signature);
        if (failure.length != 0) return failure;
        // No truncation: now is before validTo, which has 32 bits.
        state.registeredAt = uint32(block.timestamp);
        state.usesLeft = terms.uses;
        _states[grant] = state;
        emit GrantRegistered(grant, terms.grantee, terms);
    }

    function _withdraw(GrantTerms calldata terms, bytes calldata signature) private returns (bytes memory failure) {
        GrantHash grant = grantHashOf(terms);
        State storage state = _states[grant];
        if (state.withdrawn) return abi.encodeWithSelector(GrantRegistryWithdrawn.selector, grant);
        failure = _checkKey(terms.key, keccak256(abi.encode(WITHDRAWAL_TYPE_HASH, grant)), signature);
        if (failure.length != 0) return failure;
        state.withdrawn = true;
        emit GrantWithdrawn(grant, NO_MEMBER, 0);
    }

    function _consumeFor(
        GrantTerms calldata terms,
        bytes32 queryId,
        uint64 deadline,
        bytes calldata signature
    ) private returns (bytes memory failure) {
        if (block.timestamp > deadline) return _deadlinePassed(deadline);
        GrantHash grant = grantHashOf(terms);
        bytes32 consumption = keccak256(abi.encode(CONSUMPTION_TYPE_HASH, grant, queryId, deadline));
        return _consume(terms, grant, queryId, _signer(consumption, signature));
    }

    /// @param account Who sent or signed; zero for a signature that is none, which is nobody's transaction key.
    function _consume(
        GrantTerms calldata terms,
        GrantHash grant,
        bytes32 queryId,
        address account
    ) private returns (bytes memory failure) {
        State memory state = _states[grant];
        failure = _checkUsable(terms, grant, state);
        if (failure.length != 0) return failure;
        // Before the count: who sends a query a second time learns that the first was taken, not that none is left.
        bytes24 tag = _tagOf(queryId);
        Use storage later = _laterUses[grant][queryId];
        // Without a second use there is no later one: its slot is not looked at.
        if (state.firstUse == tag || (terms.uses > 1 && later.consumed != 0)) {
            return abi.encodeWithSelector(GrantRegistryAlreadyConsumed.selector, grant, queryId);
        }
        if (state.usesLeft == 0) return abi.encodeWithSelector(GrantRegistryUsedUp.selector, grant, terms.uses);
        if (!_membership.isEntitled(terms.grantee, account, Roles.BANK)) {
            return abi.encodeWithSelector(GrantRegistryNotGrantee.selector, grant, terms.grantee, account);
        }
        if (state.firstUse == 0) state.firstUse = tag;
        else later.consumed = 1;
        --state.usesLeft;
        _states[grant] = state;
        emit GrantConsumed(grant, queryId, state.usesLeft);
    }

    /// @dev Ends the call with the error, where there is one.
    function _requireDone(bytes memory failure) private pure {
        if (failure.length == 0) return;
        assembly ("memory-safe") {
            revert(add(failure, 0x20), mload(failure))
        }
    }

    function _report(uint256 index, bytes memory failure) private {
        if (failure.length != 0) emit GrantItemFailed(index, failure);
    }

    /// @dev What no member may touch any more is refused here: it is withdrawn.
    function _standing(GrantHash grant) private view returns (State storage state) {
        state = _states[grant];
        if (state.withdrawn) revert GrantRegistryWithdrawn(grant);
    }

    /// @dev The member whose current transaction key the caller is, and which is active in this role.
    function _callingMember(uint32 role) private view returns (MemberId member) {
        member = _membership.memberOf(msg.sender);
        if (!_membership.isEntitled(member, msg.sender, role)) revert GrantRegistryUnauthorized(msg.sender, role);
    }

    function _checkTerms(GrantTerms calldata terms) private view returns (bytes memory failure) {
        if (terms.artefact == 0 || terms.key == address(0) || terms.grantee == NO_MEMBER) {
            return
                abi.encodeWithSelector(GrantRegistryIncompleteTerms.selector, terms.artefact, terms.key, terms.grantee);
        }
        if (terms.validFrom >= terms.validTo) {
            return abi.encodeWithSelector(GrantRegistryEmptyTerm.selector, terms.validFrom, terms.validTo);
        }
        if (block.timestamp >= terms.validTo) return _ended(terms, grantHashOf(terms));
    }

    function _checkUsable(
        GrantTerms calldata terms,
        GrantHash grant,
        State memory state
    ) private view returns (bytes memory failure) {
        if (state.withdrawn) return abi.encodeWithSelector(GrantRegistryWithdrawn.selector, grant);
        if (state.registeredAt == 0) return abi.encodeWithSelector(GrantRegistryNotRegistered.selector, grant);
        if (state.suspended) return abi.encodeWithSelector(GrantRegistrySuspended.selector, grant);
        if (block.timestamp < terms.validFrom) {
            return abi.encodeWithSelector(GrantRegistryNotYetValid.selector, grant, terms.validFrom, block.timestamp);
        }
        if (block.timestamp >= terms.validTo) return _ended(terms, grant);
        if (terms.uses == 0) return abi.encodeWithSelector(GrantRegistryUncounted.selector, grant);
    }

    function _ended(GrantTerms calldata terms, GrantHash grant) private view returns (bytes memory) {
        return abi.encodeWithSelector(GrantRegistryEnded.selector, grant, terms.validTo, block.timestamp);
    }

    function _deadlinePassed(uint64 deadline) private view returns (bytes memory) {
        return abi.encodeWithSelector(GrantRegistryDeadlinePassed.selector, deadline, block.timestamp);
    }

    function _checkKey(
        address key,
        bytes32 structHash,
        bytes calldata signature
    ) private view returns (bytes memory failure) {
        address recovered = _signer(structHash, signature);
        // Zero comes back for a broken signature: it MUST NOT pass for a key of zero.
        if (recovered == key && key != address(0)) return failure;
        return abi.encodeWithSelector(GrantRegistryInvalidSignature.selector, key, recovered);
    }

    /// @dev Zero for a signature that is none: of another length, with s in the upper half, of no point. There is one
    /// form, so that nobody has two signatures of one act.
    function _signer(bytes32 structHash, bytes calldata signature) private view returns (address signer) {
        if (signature.length != SIGNATURE_LENGTH) return address(0);
        (signer, , ) = ECDSA.tryRecover(
            _typedDataDigest(structHash),
            uint8(signature[64]),
            bytes32(signature),
            bytes32(signature[32:])
        );
    }

    /// @dev 192 bits of the hash of a query id: nobody finds two ids of one tag. Never zero, which stands for no use.
    function _tagOf(bytes32 queryId) private pure returns (bytes24) {
        return bytes24(keccak256(abi.encode(queryId))) | bytes24(uint192(1));
    }

    function _checkLength(uint256 length) private pure {
        if (length > MAX_BATCH) revert GrantRegistryBatchTooLarge(length, MAX_BATCH);
    }
}
