// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { IMembership } from "../../contracts/interfaces/IMembership.sol";
import { IRecognitionRegistry } from "../../contracts/interfaces/IRecognitionRegistry.sol";
import { CaseId } from "../../contracts/types/Ids.sol";
import {
    CaseAction,
    CaseRecord,
    CaseRole,
    CaseState,
    CaseStep,
    CaseTerms
} from "../../contracts/types/Recognition.sol";
import { Signature } from "../../contracts/types/Signatures.sol";
import { RecognitionSides } from "./helpers/RecognitionSides.sol";

/// @title Any sequence of steps does what a plain model says, and is refused where it says so.
contract RecognitionSequencesTest is RecognitionSides {
    error Differs(uint256 step, CaseAction action, bytes4 wanted, bytes4 got);
    error StateDiffers(uint256 step, CaseAction action);
    error SplitDiffers(bytes4 got);

    /// @dev What the model knows of the case.
    struct Plain {
        CaseState state;
        uint256 steps;
        uint256 start;
        uint256 due;
        uint256 rounds;
        uint256 late;
        bool stale;
        bool appealed;
    }

    struct Act {
        CaseStep step;
        uint256 key;
        uint256 second;
        /// @dev The home member's transaction key sends; else the host's does.
        bool byHome;
    }

    uint256 private constant STEPS = 40;
    bytes4 private constant DONE = 0;

    Plain private _plain;
    CaseTerms private _terms;
    bool private _hostSuspended;

    function testFuzz_sequences(uint256 seed) external {
        _makeCase();
        for (uint256 step = 0; step < STEPS; ++step) {
            uint256 random = uint256(keccak256(abi.encode(seed, step)));
            uint256 kind = random % 16;
            if (kind == 0) CHEATS.warp(block.timestamp + ((random >> 8) % 3 days));
            else if (kind == 1) _toggleHost(random >> 8);
            else _try(step, _act(random));
        }
    }

    function testFuzz_signaturesForTheOldChainAreRefusedAfterTheSplit(uint64 chainId) external {
        _makeCase();
        uint256 old = block.chainid;
        if (chainId == 0 || chainId == old) chainId = uint64(old) + 1;
        _registry.request(_terms, keccak256("request"), uint32(block.timestamp + 2 days));
        CaseStep memory step = CaseStep(
            CaseAction.Withdraw,
            CaseRole.Applicant,
            1,
            keccak256("withdraw"),
            0,
            type(uint64).max
        );
        bytes32 structHash = _stepHash(_caseId(_terms), step);
        Signature memory signature = _signature(APPLICANT, structHash, old);
        CHEATS.chainId(chainId);
        Signature memory none;
        (bool taken, bytes memory got) = address(_registry).call(
            abi.encodeCall(IRecognitionRegistry.act, (_terms, step, signature, none))
        );
        if (taken || bytes4(got) != IRecognitionRegistry.RecognitionInvalidSignature.selector) {
            revert SplitDiffers(bytes4(got));
        }
        _registry.act(_terms, step, _signature(APPLICANT, structHash, chainId), none);
    }

    function _makeCase() private {
        _terms = CaseTerms(
            _registry.agreementId(_agreement),
            _home,
            _host,
            CHEATS.addr(APPLICANT),
            keccak256("report")
        );
    }

    /// @dev Most acts are such as could be, and some of each are wrong in one thing.
    function _act(uint256 random) private view returns (Act memory act) {
        CaseAction action = CaseAction((random >> 16) % 15);
        // What ends the case does nothing more: seldom.
        if ((action == CaseAction.Withdraw || action == CaseAction.Invalidate) && (random >> 24) % 8 != 0) {
            action = CaseAction((random >> 32) % 8);
        }
        CaseRole role = _usualRole(action, random >> 40);
        if ((random >> 48) % 12 == 0) role = CaseRole((random >> 56) % 7);
        act.step.action = action;
        act.step.role = role;
        act.step.step = uint16(_plain.steps + ((random >> 64) % 12 == 0 ? 1 : 0));
        act.step.document = (random >> 72) % 12 == 0 ? bytes32(0) : keccak256(abi.encode(random));
        act.step.due = _due(action, random >> 80);
        act.step.deadline = uint64((random >> 88) % 12 == 0 ? block.timestamp - 1 : block.timestamp);
        act.key = (random >> 96) % 12 == 0 ? 0xE7E : _keyOf(role);
        act.second =
            (random >> 104) % 8 == 0
                ? act.key
                : action == CaseAction.Reschedule
                    ? HOME_HANDLER
                    : HOST_OTHER;
        act.byHome = (random >> 112) % 8 != 0;
    }

    function _usualRole(CaseAction action, uint256 random) private pure returns (CaseRole) {
        bool first = random % 2 == 0;
        if (action == CaseAction.Request || action == CaseAction.MarkStale) return CaseRole.HomeNode;
        if (action == CaseAction.Supplement || action == CaseAction.Appeal) {
            return first ? CaseRole.Applicant : CaseRole.HomeHandler;
        }
        if (action == CaseAction.Recognise || action == CaseAction.Refuse || action == CaseAction.ClearStale) {
            return CaseRole.HostDecider;
        }
        if (action == CaseAction.Invalidate) return first ? CaseRole.HomeDecider : CaseRole.HostDecider;
        if (action == CaseAction.Withdraw) return CaseRole.Applicant;
        if (action == CaseAction.Expire || action == CaseAction.Lapse) return CaseRole.Anyone;
        return CaseRole.HostHandler;
    }

    function _keyOf(CaseRole role) private pure returns (uint256) {
        if (role == CaseRole.Applicant) return APPLICANT;
        if (role == CaseRole.HomeHandler) return HOME_HANDLER;
        if (role == CaseRole.HomeDecider) return HOME_DECIDER;
        if (role == CaseRole.HostDecider) return HOST_DECIDER;
        return HOST_HANDLER;
    }

    function _due(CaseAction action, uint256 random) private view returns (uint32) {
        (uint256 least, uint256 most) = _frame(action);
        if (most == 0) return random % 12 == 0 ? 1 : 0;
        return
            uint32(
                random % 12 == 0
                    ? most + 1
                    : random % 12 == 1
                        ? least - 1
                        : least + (random % (most - least + 1))
            );
    }

    /// @dev The first and last due date that an action may bring; 0 where it brings none.
    function _frame(CaseAction action) private view returns (uint256 least, uint256 most) {
        uint256 now_ = block.timestamp;
        if (action == CaseAction.Return || action == CaseAction.Refuse) return (now_ + 2 days, now_ + 4 days);
        if (action == CaseAction.Recognise) return (now_ + 1, now_ + 5 days);
        if (action == CaseAction.Reschedule) {
            uint256 start = _plain.start;
            return
                _plain.state == CaseState.Returned
                    ? (start + 2 days, start + 4 days)
                    : (start + 1 days, start + 3 days);
        }
        bool official = action <= CaseAction.Examine || action == CaseAction.Supplement || action == CaseAction.Appeal;
        return official ? (now_ + 1 days, now_ + 3 days) : (0, 0);
    }

    function _toggleHost(uint256 random) private {
        // Seldom for long: nothing goes on without it.
        if (!_hostSuspended && random % 4 != 0) return;
        _members.propose(
            _hostSuspended
                ? abi.encodeCall(IMembership.resume, (_host))
                : abi.encodeCall(IMembership.suspend, (_host, bytes32("reason")))
        );
        _hostSuspended = !_hostSuspended;
    }

    function _try(uint256 index, Act memory act) private {
        CaseStep memory step = act.step;
        bool isRequest = step.action == CaseAction.Request && step.role == CaseRole.HomeNode;
        bytes memory call;
        if (isRequest) {
            call = abi.encodeCall(IRecognitionRegistry.request, (_terms, step.document, step.due));
        } else {
            bytes32 structHash = _stepHash(_caseId(_terms), step);
            call = abi.encodeCall(
                IRecognitionRegistry.act,
                (
                    _terms,
                    step,
                    _signature(act.key, structHash, block.chainid),
                    _signature(act.second, structHash, block.chainid)
                )
            );
        }
        if (!act.byHome) _prank();
        (bool taken, bytes memory got) = address(_registry).call(call);
        bytes4 wanted = isRequest ? _refusalOfRequest(act) : _refusalOf(act);
        if (wanted == DONE) _take(step);
        if (taken != (wanted == DONE) || (!taken && bytes4(got) != wanted)) {
            revert Differs(index, step.action, wanted, taken ? DONE : bytes4(got));
        }
        _compare(index, step.action);
    }

    function _refusalOfRequest(Act memory act) private view returns (bytes4) {
        if (!act.byHome) return IRecognitionRegistry.RecognitionUnauthorized.selector;
        if (_plain.state != CaseState.None) return IRecognitionRegistry.RecognitionWrongState.selector;
        if (act.step.document == 0) return IRecognitionRegistry.RecognitionNoDocument.selector;
        return _refusalOfDue(act.step);
    }

    function _refusalOf(Act memory act) private view returns (bytes4) {
        CaseStep memory step = act.step;
        if (_plain.state == CaseState.None || !_isState(step.action)) {
            return IRecognitionRegistry.RecognitionWrongState.selector;
        }
        if (!_isRole(step.action, step.role)) return IRecognitionRegistry.RecognitionWrongRole.selector;
        if (step.step != _plain.steps) return IRecognitionRegistry.RecognitionWrongStep.selector;
        bytes4 refusal = step.role == CaseRole.Anyone ? DONE : _refusalOfActor(act);
        if (refusal != DONE) return refusal;
        refusal = _refusalOfCondition(step.action);
        return refusal == DONE ? _refusalOfDue(step) : refusal;
    }

    function _refusalOfActor(Act memory act) private view returns (bytes4) {
        CaseStep memory step = act.step;
        if (step.document == 0) return IRecognitionRegistry.RecognitionNoDocument.selector;
        if (step.role == CaseRole.HomeNode) {
            return act.byHome ? DONE : IRecognitionRegistry.RecognitionUnauthorized.selector;
        }
        if (step.deadline < block.timestamp) return IRecognitionRegistry.RecognitionDeadlinePassed.selector;
        bool hostNeeded = _plain.state != CaseState.Recognised || step.role != CaseRole.HomeDecider;
        if (step.action != CaseAction.Withdraw && _hostSuspended && hostNeeded) {
            return IRecognitionRegistry.RecognitionSideInactive.selector;
        }
        if (step.role == CaseRole.Applicant) {
            return act.key == APPLICANT ? DONE : IRecognitionRegistry.RecognitionInvalidSignature.selector;
        }
        if (act.key != _keyOf(step.role)) return IRecognitionRegistry.RecognitionNotOfficer.selector;
        if (step.action == CaseAction.Reschedule) {
            return act.second == HOME_HANDLER ? DONE : IRecognitionRegistry.RecognitionNotOfficer.selector;
        }
        bool four =
            step.action == CaseAction.Recognise ||
                step.action == CaseAction.Refuse ||
                step.action == CaseAction.ClearStale;
        return four && act.second == act.key ? IRecognitionRegistry.RecognitionSameOfficer.selector : DONE;
    }

    function _refusalOfCondition(CaseAction action) private view returns (bytes4) {
        uint256 due = _plain.due;
        if (action == CaseAction.Return && _plain.rounds == 1) {
            return IRecognitionRegistry.RecognitionNoRoundsLeft.selector;
        }
        if (action == CaseAction.Appeal && _plain.appealed) {
            return IRecognitionRegistry.RecognitionAlreadyAppealed.selector;
        }
        if ((action == CaseAction.Supplement || action == CaseAction.Appeal) && block.timestamp > due) {
            return IRecognitionRegistry.RecognitionApplicantLate.selector;
        }
        bool wrongStale =
            (action == CaseAction.MarkStale && _plain.stale) || (action == CaseAction.ClearStale && !_plain.stale);
        if (wrongStale) return IRecognitionRegistry.RecognitionStaleness.selector;
        bool early = action == CaseAction.Expire && block.timestamp < due;
        if (action == CaseAction.Lapse) {
            early = !_hostSuspended && !(_plain.state == CaseState.Returned && block.timestamp > due);
        }
        return early ? IRecognitionRegistry.RecognitionNotYet.selector : DONE;
    }

    function _refusalOfDue(CaseStep memory step) private view returns (bytes4) {
        (uint256 least, uint256 most) = _frame(step.action);
        bool fits = step.due >= least && step.due <= most;
        return fits ? DONE : IRecognitionRegistry.RecognitionWrongDue.selector;
    }

    function _isOpen() private view returns (bool) {
        CaseState s = _plain.state;
        return (s >= CaseState.Requested && s <= CaseState.Returned) || s == CaseState.Appealed;
    }

    function _isState(CaseAction a) private view returns (bool) {
        CaseState s = _plain.state;
        if (a == CaseAction.Request) return s == CaseState.None;
        if (a == CaseAction.Complete) return s == CaseState.Requested;
        if (a == CaseAction.Examine) return s == CaseState.Complete;
        if (a == CaseAction.Return) return s == CaseState.Requested || s == CaseState.Examining;
        if (a == CaseAction.Supplement) return s == CaseState.Returned;
        if (a == CaseAction.Recognise) return s == CaseState.Examining || s == CaseState.Appealed;
        if (a == CaseAction.Refuse) {
            return s == CaseState.Requested || s == CaseState.Examining || s == CaseState.Appealed;
        }
        if (a == CaseAction.Appeal) return s == CaseState.Refused;
        if (a == CaseAction.Invalidate || a == CaseAction.Expire) return s == CaseState.Recognised;
        if (a == CaseAction.MarkStale || a == CaseAction.ClearStale) return _isOpen() || s == CaseState.Recognised;
        if (a == CaseAction.Withdraw) return _isOpen() || s == CaseState.Recognised || s == CaseState.Refused;
        return _isOpen();
    }

    function _isRole(CaseAction action, CaseRole role) private pure returns (bool) {
        return role == _usualRole(action, 0) || role == _usualRole(action, 1);
    }

    function _take(CaseStep memory step) private {
        CaseAction a = step.action;
        bool official = a == CaseAction.Complete || a == CaseAction.Examine || a == CaseAction.Return;
        official = official || a == CaseAction.Recognise || a == CaseAction.Refuse;
        if (official && block.timestamp > _plain.due) ++_plain.late;
        ++_plain.steps;
        if (a == CaseAction.MarkStale || a == CaseAction.ClearStale) {
            _plain.stale = a == CaseAction.MarkStale;
            return;
        }
        _plain.due = step.due;
        if (a == CaseAction.Reschedule) return;
        if (step.due != 0) _plain.start = block.timestamp;
        if (a == CaseAction.Return) ++_plain.rounds;
        if (a == CaseAction.Appeal) _plain.appealed = true;
        _plain.state = _after(a);
    }

    function _after(CaseAction a) private pure returns (CaseState) {
        if (a == CaseAction.Request || a == CaseAction.Supplement) return CaseState.Requested;
        if (a == CaseAction.Complete) return CaseState.Complete;
        if (a == CaseAction.Examine) return CaseState.Examining;
        if (a == CaseAction.Return) return CaseState.Returned;
        if (a == CaseAction.Recognise) return CaseState.Recognised;
        if (a == CaseAction.Refuse) return CaseState.Refused;
        if (a == CaseAction.Appeal) return CaseState.Appealed;
        if (a == CaseAction.Invalidate) return CaseState.Invalidated;
        if (a == CaseAction.Withdraw) return CaseState.Withdrawn;
        return a == CaseAction.Expire ? CaseState.Expired : CaseState.Lapsed;
    }

    function _compare(uint256 index, CaseAction action) private view {
        CaseRecord memory got = _registry.caseOf(CaseId.wrap(_caseId(_terms)));
        bool same =
            got.state == _plain.state &&
                got.step == _plain.steps &&
                got.stepAt == _plain.start &&
                got.due == _plain.due &&
                got.lateSteps == _plain.late &&
                got.stale == _plain.stale &&
                got.appealed == _plain.appealed;
        if (_plain.state != CaseState.None) same = same && got.roundsLeft == 1 - _plain.rounds;
        if (!same) revert StateDiffers(index, action);
    }
}
