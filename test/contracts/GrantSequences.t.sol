// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IGrantRegistry } from "../../contracts/interfaces/IGrantRegistry.sol";
import { IMembership } from "../../contracts/interfaces/IMembership.sol";
import { GrantTerms } from "../../contracts/types/Grants.sol";
import { GrantHash } from "../../contracts/types/Ids.sol";
import { Signature } from "../../contracts/types/Signatures.sol";
import { GrantHolder } from "./helpers/GrantHolder.sol";

uint256 constant GRANTS = 4;
uint256 constant QUERIES = 3;

/// @title Any sequence of acts, alone or in batches, does what a plain model says, and is refused where it says so.
contract GrantSequencesTest is GrantHolder {
    error Differs(uint256 step, bytes4 wanted, bytes4 got);
    error StateDiffers(uint256 step, uint256 grant);

    /// @dev What the model knows of a grant.
    struct Plain {
        uint256 registeredAt;
        uint256 left;
        bool withdrawn;
        bool suspended;
        bool[QUERIES] consumed;
    }

    struct Act {
        uint256 kind;
        uint256 grant;
        uint256 queryId;
        /// @dev One of four signatures is another key's.
        bool forged;
        bool late;
    }

    uint256 private constant STEPS = 24;
    uint256 private constant START = 1_000_000;
    uint256 private constant STRANGER_KEY = 0xE7E;
    bytes4 private constant DONE = 0;

    Plain[GRANTS] private _plain;
    GrantTerms[GRANTS] private _terms;
    bool private _bankSuspended;

    function testFuzz_sequences(uint256 seed) external {
        CHEATS.warp(START);
        _makeTerms();
        for (uint256 step = 0; step < STEPS; ++step) {
            uint256 random = uint256(keccak256(abi.encode(seed, step)));
            uint256 kind = random % 12;
            if (kind == 0) _passTime((random >> 8) % 60);
            else if (kind == 1) _toggleBank();
            else if (kind <= 4) _batch(step, random);
            else _single(step, _act(random));
            _compare(step);
        }
    }

    /// @dev Grants whose term, uses and grantee differ.
    function _makeTerms() private {
        uint32 start = uint32(START);
        address key = CHEATS.addr(GRANT_KEY);
        _terms[0] = GrantTerms(keccak256("0"), key, _bank, 0, type(uint32).max, 2);
        _terms[1] = GrantTerms(keccak256("1"), key, _self, start + 50, start + 400, 1);
        _terms[2] = GrantTerms(keccak256("2"), key, _bank, 0, type(uint32).max, 0);
        _terms[3] = GrantTerms(keccak256("3"), key, _self, 0, start + 200, type(uint16).max);
    }

    function _act(uint256 random) private pure returns (Act memory act) {
        act.kind = (random >> 16) % 7;
        // What is withdrawn does nothing more: seldom.
        if ((act.kind == 1 || act.kind == 2) && (random >> 96) % 4 != 0) act.kind = 5;
        act.grant = (random >> 32) % GRANTS;
        act.queryId = (random >> 48) % QUERIES;
        act.forged = (random >> 64) % 4 == 0;
        act.late = (random >> 80) % 8 == 0;
    }

    function _single(uint256 step, Act memory act) private {
        (bool taken, bytes memory got) = address(_grants).call(_call(act));
        bytes4 wanted = _expect(act);
        if (taken != (wanted == DONE) || (!taken && bytes4(got) != wanted)) revert Differs(step, wanted, bytes4(got));
    }

    /// @dev Four items of one form; what each did shows in the state.
    function _batch(uint256 step, uint256 random) private {
        uint256 form = (random >> 8) % 3;
        Act[4] memory acts;
        for (uint256 i = 0; i < 4; ++i) {
            acts[i] = _act(uint256(keccak256(abi.encode(random, i))));
            acts[i].kind = form == 2 ? 5 + (acts[i].kind % 2) : form;
        }
        if (form == 0) {
            IGrantRegistry.Registration[] memory items = new IGrantRegistry.Registration[](4);
            for (uint256 i = 0; i < 4; ++i) {
                items[i] = IGrantRegistry.Registration(_terms[acts[i].grant], _deadline(acts[i]), _signed(acts[i]));
            }
            _grants.registerBatch(items);
        } else if (form == 1) {
            IGrantRegistry.Withdrawal[] memory items = new IGrantRegistry.Withdrawal[](4);
            for (uint256 i = 0; i < 4; ++i) {
                items[i] = IGrantRegistry.Withdrawal(_terms[acts[i].grant], _signed(acts[i]));
            }
            _grants.withdrawBatch(items);
        } else {
            IGrantRegistry.Consumption[] memory items = new IGrantRegistry.Consumption[](4);
            for (uint256 i = 0; i < 4; ++i) {
                Signature memory signature = acts[i].kind == 5 ? Signature(0, 0) : _signed(acts[i]);
                items[i] = IGrantRegistry.Consumption(
                    _terms[acts[i].grant],
                    bytes32(acts[i].queryId),
                    _deadline(acts[i]),
                    signature
                );
            }
            _grants.consumeBatch(items);
        }
        for (uint256 i = 0; i < 4; ++i) _expect(acts[i]);
        _compare(step);
    }

    function _passTime(uint256 seconds_) private {
        CHEATS.warp(block.timestamp + seconds_);
    }

    function _toggleBank() private {
        _members.propose(
            _bankSuspended
                ? abi.encodeCall(IMembership.resume, (_bank))
                : abi.encodeCall(IMembership.suspend, (_bank, bytes32("reason")))
        );
        _bankSuspended = !_bankSuspended;
    }

    function _call(Act memory act) private returns (bytes memory) {
        GrantTerms memory terms = _terms[act.grant];
        GrantHash grant = GrantHash.wrap(_hash(terms));
        bytes32 queryId = bytes32(act.queryId);
        if (act.kind == 0)
            return
                abi.encodeCall(
                    IGrantRegistry.register,
                    (IGrantRegistry.Registration(terms, _deadline(act), _signed(act)))
                );
        if (act.kind == 1)
            return abi.encodeCall(IGrantRegistry.withdraw, (IGrantRegistry.Withdrawal(terms, _signed(act))));
        if (act.kind == 2) return abi.encodeCall(IGrantRegistry.withdrawFor, (grant, "lost"));
        if (act.kind == 3) return abi.encodeCall(IGrantRegistry.suspend, (grant, "why"));
        if (act.kind == 4) return abi.encodeCall(IGrantRegistry.resume, (grant));
        if (act.kind == 5) return abi.encodeCall(IGrantRegistry.consume, (terms, queryId));
        return
            abi.encodeCall(
                IGrantRegistry.consumeFor,
                (IGrantRegistry.Consumption(terms, queryId, _deadline(act), _signed(act)))
            );
    }

    function _signed(Act memory act) private returns (Signature memory) {
        bytes32 grant = _hash(_terms[act.grant]);
        uint256 key = act.kind == 6 ? BANK_KEY : GRANT_KEY;
        bytes32 structHash =
            act.kind == 0
                ? _registration(grant, _deadline(act))
                : act.kind == 1
                    ? _withdrawal(grant)
                    : _consumption(grant, bytes32(act.queryId), _deadline(act));
        return _signature(act.forged ? STRANGER_KEY : key, structHash, block.chainid);
    }

    /// @dev The model: does the act, or names the error that it is refused with.
    function _expect(Act memory act) private returns (bytes4) {
        Plain storage plain = _plain[act.grant];
        GrantTerms storage terms = _terms[act.grant];
        bool signed = act.kind == 0 || act.kind == 6;
        if (signed && act.late) return IGrantRegistry.GrantRegistryDeadlinePassed.selector;
        if (act.kind == 0 && block.timestamp >= terms.validTo) return IGrantRegistry.GrantRegistryEnded.selector;
        if (plain.withdrawn) return IGrantRegistry.GrantRegistryWithdrawn.selector;
        if (act.kind == 0) {
            if (plain.registeredAt != 0) return IGrantRegistry.GrantRegistryAlreadyRegistered.selector;
            if (act.forged) return IGrantRegistry.GrantRegistryInvalidSignature.selector;
            plain.registeredAt = block.timestamp;
            plain.left = terms.uses;
        } else if (act.kind <= 2) {
            if (act.kind == 1 && act.forged) return IGrantRegistry.GrantRegistryInvalidSignature.selector;
            plain.withdrawn = true;
        } else if (act.kind == 3) {
            if (plain.suspended) return IGrantRegistry.GrantRegistrySuspended.selector;
            plain.suspended = true;
        } else if (act.kind == 4) {
            if (!plain.suspended) return IGrantRegistry.GrantRegistryNotSuspended.selector;
            plain.suspended = false;
        } else {
            return _expectConsumption(act, plain, terms);
        }
        return DONE;
    }

    function _expectConsumption(
        Act memory act,
        Plain storage plain,
        GrantTerms storage terms
    ) private returns (bytes4) {
        if (plain.registeredAt == 0) return IGrantRegistry.GrantRegistryNotRegistered.selector;
        if (plain.suspended) return IGrantRegistry.GrantRegistrySuspended.selector;
        if (block.timestamp < terms.validFrom) return IGrantRegistry.GrantRegistryNotYetValid.selector;
        if (block.timestamp >= terms.validTo) return IGrantRegistry.GrantRegistryEnded.selector;
        if (terms.uses == 0) return IGrantRegistry.GrantRegistryUncounted.selector;
        if (plain.consumed[act.queryId]) return IGrantRegistry.GrantRegistryAlreadyConsumed.selector;
        if (plain.left == 0) return IGrantRegistry.GrantRegistryUsedUp.selector;
        // This contract sends, and the bank signs: each may consume what was granted to it.
        bool isGrantee =
            act.kind == 5 ? terms.grantee == _self : terms.grantee == _bank && !act.forged && !_bankSuspended;
        if (!isGrantee) return IGrantRegistry.GrantRegistryNotGrantee.selector;
        plain.consumed[act.queryId] = true;
        --plain.left;
        return DONE;
    }

    function _compare(uint256 step) private view {
        for (uint256 i = 0; i < GRANTS; ++i) {
            Plain storage plain = _plain[i];
            GrantHash grant = GrantHash.wrap(_hash(_terms[i]));
            (uint32 registeredAt, uint16 left, bool withdrawn, bool suspended) = _grants.stateOf(grant);
            bool same =
                registeredAt == plain.registeredAt &&
                    left == plain.left &&
                    withdrawn == plain.withdrawn &&
                    suspended == plain.suspended;
            for (uint256 q = 0; q < QUERIES; ++q) {
                same = same && _grants.isConsumed(grant, bytes32(q)) == plain.consumed[q];
            }
            if (!same) revert StateDiffers(step, i);
        }
    }

    function _deadline(Act memory act) private view returns (uint64) {
        return act.late ? uint64(block.timestamp) - 1 : uint64(block.timestamp);
    }
}
