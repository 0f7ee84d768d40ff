// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IGrantRegistry } from "./interfaces/IGrantRegistry.sol";
import { IMembership } from "./interfaces/IMembership.sol";
import { GrantTerms, grantHashOf } from "./types/Grants.sol";
import { GrantHash, MemberId } from "./types/Ids.sol";
import { Roles } from "./types/Roles.sol";
import { Signature } from "./types/Signatures.sol";
import { XinlianDomain } from "./XinlianDomain.sol";

/// @title Which grants (授权) stand, and which queries have used them.
/// @dev What an item of a batch can fail by is returned as an encoded error, empty where the act was done: the single
/// forms revert with it, the batches report it. All checks come before the first write.
contract GrantRegistry is IGrantRegistry, XinlianDomain {
    /// @dev A word in storage. Where it is gets worked out once, to read it and to write it.
    struct Slot {
        uint256 word;
    }

    /// @inheritdoc IGrantRegistry
    uint256 public constant MAX_BATCH = 64;

    bytes32 private constant REGISTRATION_TYPE_HASH = keccak256("GrantRegistration(bytes32 grant,uint64 deadline)");
    bytes32 private constant WITHDRAWAL_TYPE_HASH = keccak256("GrantWithdrawal(bytes32 grant)");
    bytes32 private constant CONSUMPTION_TYPE_HASH = keccak256(
        "GrantConsumption(bytes32 grant,bytes32 queryId,uint64 deadline)"
    );

    // Parts of a grant as stored. Its first 32 bits are the block time of its registration, the next 16 the uses left.
    uint256 private constant USES_AT = 32;
    uint256 private constant ONE_USE = 1 << USES_AT;
    uint256 private constant WITHDRAWN = 1 << 48;
    uint256 private constant SUSPENDED = 1 << 49;
    uint256 private constant ENDED_OR_PAUSED = WITHDRAWN | SUSPENDED;
    /// @dev The first use, by the highest 192 bits of `_useOf`, of which the lowest is always set: zero is no use.
    uint256 private constant FIRST_USE = ~uint256(type(uint64).max);
    uint256 private constant FIRST_USE_SET = 1 << 64;

    /// @dev Half the order of secp256k1, rounded down: s is not above it.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    MemberId private constant NO_MEMBER = MemberId.wrap(0);

    IMembership private immutable _membership;

    /// @dev A grant as stored: one slot, whose parts are named above. A grant that was never heard of is zero. The first
    /// query that consumed it is remembered here too: most counted grants are for one query, which so costs no slot of
    /// its own. Taken apart by hand: the compiler would do that again for each part.
    mapping(GrantHash grant => Slot state) private _states;

    /// @dev Not zero: a query that consumed a grant after the first one did; see `_useOf`.
    mapping(bytes32 use => Slot consumed) private _laterUses;

    constructor(IMembership membership_) XinlianDomain(membership_.deployment()) {
        _membership = membership_;
    }

    /// @inheritdoc IGrantRegistry
    function register(Registration calldata item) external {
        _requireDone(_register(item));
    }

    /// @inheritdoc IGrantRegistry
    function registerBatch(Registration[] calldata items) external {
        _checkLength(items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            _report(i, _register(items[i]));
        }
    }

    /// @inheritdoc IGrantRegistry
    function withdraw(Withdrawal calldata item) external {
        _requireDone(_withdraw(item));
    }

    /// @inheritdoc IGrantRegistry
    function withdrawBatch(Withdrawal[] calldata items) external {
        _checkLength(items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            _report(i, _withdraw(items[i]));
        }
    }

    /// @inheritdoc IGrantRegistry
    function withdrawFor(GrantHash grant, bytes32 reason) external {
        MemberId by = _callingMember(Roles.IDENTIFIER);
        _states[grant].word = _standing(grant) | WITHDRAWN;
        emit GrantWithdrawn(grant, by, reason);
    }

    /// @inheritdoc IGrantRegistry
    function suspend(GrantHash grant, bytes32 reason) external {
        MemberId by = _callingMember(Roles.REGULATOR);
        uint256 state = _standing(grant);
        if (state & SUSPENDED != 0) revert GrantRegistrySuspended(grant);
        _states[grant].word = state | SUSPENDED;
        emit GrantSuspended(grant, by, reason);
    }

    /// @inheritdoc IGrantRegistry
    function resume(GrantHash grant) external {
        MemberId by = _callingMember(Roles.REGULATOR);
        uint256 state = _standing(grant);
        if (state & SUSPENDED == 0) revert GrantRegistryNotSuspended(grant);
        _states[grant].word = state & ~SUSPENDED;
        emit GrantResumed(grant, by);
    }

    /// @inheritdoc IGrantRegistry
    function consume(GrantTerms calldata terms, bytes32 queryId) external {
        _requireDone(_consume(terms, grantHashOf(terms), queryId, msg.sender));
    }

    /// @inheritdoc IGrantRegistry
    function consumeFor(Consumption calldata item) external {
        _requireDone(_consumeFor(item));
    }

    /// @inheritdoc IGrantRegistry
    function consumeBatch(Consumption[] calldata items) external {
        _checkLength(items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            Consumption calldata item = items[i];
            bytes memory failure =
                item.signature.r | item.signature.vs == 0
                    ? _consume(item.terms, grantHashOf(item.terms), item.queryId, msg.sender)
                    : _consumeFor(item);
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
        uint256 state = _states[grant].word;
        return (uint32(state), uint16(state >> USES_AT), state & WITHDRAWN != 0, state & SUSPENDED != 0);
    }

    /// @inheritdoc IGrantRegistry
    function isConsumed(GrantHash grant, bytes32 queryId) external view returns (bool) {
        bytes32 use = _useOf(grant, queryId);
        return _states[grant].word & FIRST_USE == uint256(use) & FIRST_USE || _laterUses[use].word != 0;
    }

    /// @inheritdoc IGrantRegistry
    function grantHash(GrantTerms calldata terms) external pure returns (GrantHash) {
        return grantHashOf(terms);
    }

    function _register(Registration calldata item) private returns (bytes memory failure) {
        GrantTerms calldata terms = item.terms;
        uint64 deadline = item.deadline;
        if (block.timestamp > deadline) return _deadlinePassed(deadline);
        failure = _checkTerms(terms);
        if (failure.length != 0) return failure;
        GrantHash grant = grantHashOf(terms);
        uint256 state = _states[grant].word;
        if (state & WITHDRAWN != 0) return abi.encodeWithSelector(GrantRegistryWithdrawn.selector, grant);
        if (uint32(state) != 0) {
            return abi.encodeWithSelector(GrantRegistryAlreadyRegistered.selector, grant, uint32(state));
        }
        bytes32 registration = keccak256(abi.encode(REGISTRATION_TYPE_HASH, grant, deadline));
        failure = _checkKey(terms.key, registration, item.signature);
        if (failure.length != 0) return failure;
        // Now is before validTo, which has 32 bits. What was suspended before stays so.
        _states[grant].word = state | block.timestamp | (uint256(terms.uses) << USES_AT);
        emit GrantRegistered(grant, terms.grantee, terms);
    }

    function _withdraw(Withdrawal calldata item) private returns (bytes memory failure) {
        GrantTerms calldata terms = item.terms;
        GrantHash grant = grantHashOf(terms);
        uint256 state = _states[grant].word;
        if (state & WITHDRAWN != 0) return abi.encodeWithSelector(GrantRegistryWithdrawn.selector, grant);
        failure = _checkKey(terms.key, keccak256(abi.encode(WITHDRAWAL_TYPE_HASH, grant)), item.signature);
        if (failure.length != 0) return failure;
        _states[grant].word = state | WITHDRAWN;
        emit GrantWithdrawn(grant, NO_MEMBER, 0);
    }

    function _consumeFor(Consumption calldata item) private returns (bytes memory failure) {
        uint64 deadline = item.deadline;
        if (block.timestamp > deadline) return _deadlinePassed(deadline);
        GrantHash grant = grantHashOf(item.terms);
        bytes32 consumption = _consumptionOf(grant, item.queryId, deadline);
        return _consume(item.terms, grant, item.queryId, _signer(consumption, item.signature));
    }

    /// @param account Who sent or signed; zero for a signature that is none, which is nobody's transaction key.
    function _consume(
        GrantTerms calldata terms,
        GrantHash grant,
        bytes32 queryId,
        address account
    ) private returns (bytes memory failure) {
        Slot storage slot = _states[grant];
        uint256 state = slot.word;
        failure = _checkUsable(terms, grant, state);
        if (failure.length != 0) return failure;
        // Before the count: who sends a query a second time learns that the first was taken, not that none is left.
        bytes32 use = _useOf(grant, queryId);
        Slot storage later = _laterUses[use];
        uint256 firstUse = state & FIRST_USE;
        // Where there was no first use there is no later one: its slot is not looked at.
        if (firstUse == uint256(use) & FIRST_USE || (firstUse != 0 && later.word != 0)) {
            return abi.encodeWithSelector(GrantRegistryAlreadyConsumed.selector, grant, queryId);
        }
        uint256 usesLeft = uint16(state >> USES_AT);
        if (usesLeft == 0) return _noneLeft(terms, grant);
        if (!_membership.isEntitled(terms.grantee, account, Roles.BANK)) {
            return abi.encodeWithSelector(GrantRegistryNotGrantee.selector, grant, terms.grantee, account);
        }
        // No underflow: one is left.
        unchecked {
            state -= ONE_USE;
            --usesLeft;
        }
        if (firstUse == 0) state |= uint256(use) & FIRST_USE;
        else later.word = 1;
        slot.word = state;
        emit GrantConsumed(grant, queryId, uint16(usesLeft));
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
    function _standing(GrantHash grant) private view returns (uint256 state) {
        state = _states[grant].word;
        if (state & WITHDRAWN != 0) revert GrantRegistryWithdrawn(grant);
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
        uint256 state
    ) private view returns (bytes memory failure) {
        if (state & ENDED_OR_PAUSED != 0 || uint32(state) == 0) return _unusable(grant, state);
        if (block.timestamp < terms.validFrom) {
            return abi.encodeWithSelector(GrantRegistryNotYetValid.selector, grant, terms.validFrom, block.timestamp);
        }
        if (block.timestamp >= terms.validTo) return _ended(terms, grant);
    }

    /// @dev Of a grant that is withdrawn, suspended or not registered.
    function _unusable(GrantHash grant, uint256 state) private pure returns (bytes memory) {
        if (state & WITHDRAWN != 0) return abi.encodeWithSelector(GrantRegistryWithdrawn.selector, grant);
        if (uint32(state) == 0) return abi.encodeWithSelector(GrantRegistryNotRegistered.selector, grant);
        return abi.encodeWithSelector(GrantRegistrySuspended.selector, grant);
    }

    function _noneLeft(GrantTerms calldata terms, GrantHash grant) private pure returns (bytes memory) {
        if (terms.uses == 0) return abi.encodeWithSelector(GrantRegistryUncounted.selector, grant);
        return abi.encodeWithSelector(GrantRegistryUsedUp.selector, grant, terms.uses);
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
        Signature calldata signature
    ) private view returns (bytes memory failure) {
        address recovered = _signer(structHash, signature);
        // Zero comes back for a broken signature: it MUST NOT pass for a key of zero.
        if (recovered == key && key != address(0)) return failure;
        return abi.encodeWithSelector(GrantRegistryInvalidSignature.selector, key, recovered);
    }

    /// @dev Zero for a signature that is none: with s in the upper half, of no point. There is one form, so that nobody has
    /// two signatures of one act.
    function _signer(bytes32 structHash, Signature calldata signature) private view returns (address) {
        uint256 vs = uint256(signature.vs);
        uint256 lowerS = vs & uint256(type(int256).max);
        if (lowerS > HALF_ORDER) return address(0);
        return ecrecover(_typedDataDigest(structHash), uint8((vs >> 255) + 27), signature.r, bytes32(lowerS));
    }

    /// @dev What a query's use of a grant is remembered by: keccak256(grant || query id), with a bit set, so that its
    /// highest 192 bits are never zero. Nobody finds two uses of one such hash, nor of one such part of it.
    function _useOf(GrantHash grant, bytes32 queryId) private pure returns (bytes32 use) {
        assembly ("memory-safe") {
            mstore(0x00, grant)
            mstore(0x20, queryId)
            use := or(keccak256(0x00, 0x40), FIRST_USE_SET)
        }
    }

    /// @dev EIP-712 hashStruct of a GrantConsumption. `abi.encode` would cost 150 gas more, at every use.
    function _consumptionOf(
        GrantHash grant,
        bytes32 queryId,
        uint64 deadline
    ) private pure returns (bytes32 structHash) {
        bytes32 typeHash = CONSUMPTION_TYPE_HASH;
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, typeHash)
            mstore(add(words, 0x20), grant)
            mstore(add(words, 0x40), queryId)
            mstore(add(words, 0x60), deadline)
            structHash := keccak256(words, 0x80)
        }
    }

    function _checkLength(uint256 length) private pure {
        if (length > MAX_BATCH) revert GrantRegistryBatchTooLarge(length, MAX_BATCH);
    }
}
