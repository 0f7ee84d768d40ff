// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { CaseAuthority, CaseRule } from "./CaseAuthority.sol";
import { IMembership } from "./interfaces/IMembership.sol";
import { IRecognitionRegistry } from "./interfaces/IRecognitionRegistry.sol";
import { AgreementId, CaseId, MemberId } from "./types/Ids.sol";
import {
    AgreementTerms,
    CaseAction,
    CaseRecord,
    CaseRole,
    CaseState,
    CaseStep,
    CaseTerms,
    Clock,
    Second,
    agreementIdOf,
    caseIdOf,
    packCase,
    packLimits,
    unpackCase
} from "./types/Recognition.sol";
import { Roles } from "./types/Roles.sol";
import { Signature } from "./types/Signatures.sol";
import { XinlianDomain } from "./XinlianDomain.sol";

/// @title Mutual recognition of credit reports (信用报告互认) between regional centres: agreements, officers, cases.
contract RecognitionRegistry is IRecognitionRegistry, XinlianDomain {
    using CaseAuthority for CaseRule;

    bytes32 private constant ENROLMENT_TYPE_HASH = keccak256(
        "OfficerEnrolment(bytes32 member,address officer,uint8 duties,uint32 until)"
    );
    bytes32 private constant STEP_TYPE_HASH = keccak256(
        "CaseStep(bytes32 caseId,uint8 action,uint8 role,uint16 step,bytes32 document,uint32 due,uint64 deadline)"
    );
    uint8 private constant HANDLES = 1;
    uint8 private constant DECIDES = 2;
    AgreementId private constant NO_AGREEMENT = AgreementId.wrap(0);

    IMembership private immutable _membership;

    /// @dev By `_pairOf` its sides: what is asked of an agreement cannot be of others.
    mapping(bytes32 pair => mapping(AgreementId agreement => Agreement state)) private _agreements;
    /// @dev The last edition that two centres agreed, by `_pairOf`.
    mapping(bytes32 pair => AgreementId agreement) private _last;
    mapping(MemberId member => mapping(address officer => Officer tenure)) private _officers;
    /// @dev See `packCase`.
    mapping(CaseId caseId => uint256 packed) private _cases;

    constructor(IMembership membership_) XinlianDomain(membership_.deployment()) {
        _membership = membership_;
    }

    /// @inheritdoc IRecognitionRegistry
    function propose(AgreementTerms calldata terms) external {
        _checkCentre(terms.first, msg.sender);
        AgreementId id = agreementIdOf(terms);
        if (!_isSound(terms)) revert RecognitionInvalidTerms(id);
        mapping(AgreementId agreement => Agreement state) storage ours = _agreements[
            _pairOf(terms.first, terms.second)
        ];
        if (ours[id].proposedAt != 0) revert RecognitionAlreadyProposed(id);
        ours[id] = Agreement({
            proposedAt: uint32(block.timestamp),
            agreedAt: 0,
            endsAt: 0,
            edition: 0,
            validFrom: terms.validFrom,
            validTo: terms.validTo,
            limits: packLimits(terms),
            supplementRounds: terms.supplementRounds
        });
        emit AgreementProposed(id, terms.first, terms.second, terms);
    }

    /// @inheritdoc IRecognitionRegistry
    function countersign(AgreementTerms calldata terms) external {
        _checkCentre(terms.second, msg.sender);
        _checkActive(terms.first);
        AgreementId id = agreementIdOf(terms);
        bytes32 pair = _pairOf(terms.first, terms.second);
        mapping(AgreementId agreement => Agreement state) storage ours = _agreements[pair];
        Agreement storage state = ours[id];
        if (state.proposedAt == 0) revert RecognitionNotProposed(id);
        if (state.agreedAt != 0) revert RecognitionAlreadyAgreed(id);
        if (state.endsAt != 0) revert RecognitionAlreadyEnded(id, state.endsAt);
        if (block.timestamp >= terms.validTo) revert RecognitionNotInForce(id, block.timestamp);
        AgreementId previous = _last[pair];
        if (!(previous == terms.previous)) revert RecognitionWrongPrevious(previous, terms.previous);
        state.agreedAt = uint32(block.timestamp);
        _last[pair] = id;
        // No overflow within reason: an edition takes both sides a transaction each.
        uint16 edition = previous == NO_AGREEMENT ? 1 : ours[previous].edition + 1;
        state.edition = edition;
        emit AgreementCountersigned(id, edition);
        if (edition != 1) _replace(ours[previous], previous, terms);
    }

    /// @inheritdoc IRecognitionRegistry
    function giveNotice(AgreementTerms calldata terms, bytes32 document) external {
        MemberId by = _membership.memberOf(msg.sender);
        if (!(by == terms.first) && !(by == terms.second)) revert RecognitionUnauthorized(by, msg.sender);
        _checkCentre(by, msg.sender);
        AgreementId id = agreementIdOf(terms);
        Agreement storage state = _agreements[_pairOf(terms.first, terms.second)][id];
        if (state.proposedAt == 0) revert RecognitionNotProposed(id);
        if (state.endsAt != 0) revert RecognitionAlreadyEnded(id, state.endsAt);
        uint256 noticeDays = state.agreedAt == 0 ? 0 : terms.noticeDays;
        uint32 endsAt = uint32(block.timestamp + noticeDays * 1 days);
        state.endsAt = endsAt;
        emit AgreementEnded(id, by, endsAt, document);
    }

    /// @inheritdoc IRecognitionRegistry
    function enrol(address officer, uint8 duties, uint32 until, Signature calldata signature) external {
        MemberId member = _callingCentre();
        if (duties == 0 || duties > HANDLES | DECIDES || until <= block.timestamp) {
            revert RecognitionInvalidTenure(officer, duties, until);
        }
        bytes32 enrolment = keccak256(abi.encode(ENROLMENT_TYPE_HASH, member, officer, duties, until));
        _checkSigner(officer, _signer(_typedDataDigest(enrolment), signature));
        _officers[member][officer] = Officer(uint32(block.timestamp), until, duties);
        emit OfficerEnrolled(member, officer, duties, until);
    }

    /// @inheritdoc IRecognitionRegistry
    function dismiss(address officer) external {
        MemberId member = _callingCentre();
        Officer storage tenure = _officers[member][officer];
        if (tenure.until <= block.timestamp) revert RecognitionNotEnrolled(member, officer);
        tenure.until = uint32(block.timestamp);
        emit OfficerDismissed(member, officer);
    }

    /// @inheritdoc IRecognitionRegistry
    function request(CaseTerms calldata terms, bytes32 document, uint32 due) external {
        _checkCentre(terms.home, msg.sender);
        CaseId id = caseIdOf(terms);
        CaseRecord memory record = unpackCase(_cases[id]);
        if (record.state != CaseState.None) revert RecognitionWrongState(id, record.state, CaseAction.Request);
        if (document == 0) revert RecognitionNoDocument(id);
        Agreement storage agreement = _agreements[_pairOf(terms.home, terms.host)][terms.agreement];
        if (!_isInForce(agreement)) revert RecognitionNotInForce(terms.agreement, block.timestamp);
        record.limits = agreement.limits;
        record.roundsLeft = agreement.supplementRounds;
        record.state = CaseState.Requested;
        record.step = 1;
        _setClock(id, record, Clock.Official, due);
        _cases[id] = packCase(record);
        emit CaseRequested(id, terms.agreement, terms, document, due);
    }

    /// @inheritdoc IRecognitionRegistry
    function act(
        CaseTerms calldata terms,
        CaseStep calldata step,
        Signature calldata first,
        Signature calldata second
    ) external {
        CaseId id = caseIdOf(terms);
        CaseRecord memory record = unpackCase(_cases[id]);
        CaseRule rule = CaseAuthority.ruleOf(step.action);
        // Nobody but `request` acts on a case that is not there: it looks at the agreement.
        if (record.state == CaseState.None || !rule.allowsIn(record.state)) {
            revert RecognitionWrongState(id, record.state, step.action);
        }
        if (!rule.allowsBy(step.role)) revert RecognitionWrongRole(id, step.role, step.action);
        if (step.step != record.step) revert RecognitionWrongStep(id, record.step, step.step);
        address actor = _authorise(id, record, rule, terms, step, first, second);
        _checkConditions(id, record, terms, step.action);
        bool late = rule.answers() && block.timestamp > record.due;
        _apply(id, record, rule, step);
        // No overflow: each is a step, and those are counted in as many bits.
        if (late) ++record.lateSteps;
        _cases[id] = packCase(record);
        emit CaseStepped(id, step.action, step.role, actor, step.step, step.document, record.due, late);
    }

    /// @inheritdoc IRecognitionRegistry
    function membership() external view returns (address) {
        return address(_membership);
    }

    /// @inheritdoc IRecognitionRegistry
    function agreementOf(MemberId a, MemberId b, AgreementId agreement) external view returns (Agreement memory) {
        return _agreements[_pairOf(a, b)][agreement];
    }

    /// @inheritdoc IRecognitionRegistry
    function lastAgreement(MemberId a, MemberId b) external view returns (AgreementId) {
        return _last[_pairOf(a, b)];
    }

    /// @inheritdoc IRecognitionRegistry
    function officerOf(MemberId member, address officer) external view returns (Officer memory) {
        return _officers[member][officer];
    }

    /// @inheritdoc IRecognitionRegistry
    function caseOf(CaseId id) external view returns (CaseRecord memory) {
        return unpackCase(_cases[id]);
    }

    /// @inheritdoc IRecognitionRegistry
    function authorityOf(
        CaseAction action
    ) external pure returns (uint16 states, uint8 roles, CaseState to, Second second, Clock clock, bool answers) {
        CaseRule rule = CaseAuthority.ruleOf(action);
        uint256 bits = CaseRule.unwrap(rule);
        states = uint16(bits & 0xfff);
        roles = uint8((bits >> 12) & 0x7f);
        return (states, roles, rule.leadsTo(), rule.signsBeside(), rule.clockOf(), rule.answers());
    }

    /// @inheritdoc IRecognitionRegistry
    function agreementId(AgreementTerms calldata terms) external pure returns (AgreementId) {
        return agreementIdOf(terms);
    }

    /// @inheritdoc IRecognitionRegistry
    function caseId(CaseTerms calldata terms) external pure returns (CaseId) {
        return caseIdOf(terms);
    }

    /// @dev The edition before ends when the new one begins, unless it ended by itself.
    function _replace(Agreement storage state, AgreementId previous, AgreementTerms calldata terms) private {
        uint32 endsAt = terms.validFrom > block.timestamp ? terms.validFrom : uint32(block.timestamp);
        if (state.endsAt != 0 && state.endsAt <= endsAt) return;
        state.endsAt = endsAt;
        emit AgreementEnded(previous, terms.second, endsAt, 0);
    }

    /// @dev What a step changes but for its lateness.
    function _apply(CaseId id, CaseRecord memory record, CaseRule rule, CaseStep calldata step) private view {
        CaseAction action = step.action;
        CaseState to = rule.leadsTo();
        if (to != CaseState.None) {
            record.state = to;
            record.due = 0;
        }
        _setClock(id, record, rule.clockOf(), step.due);
        if (action == CaseAction.Return) --record.roundsLeft;
        if (action == CaseAction.Appeal) record.appealed = true;
        if (action == CaseAction.MarkStale || action == CaseAction.ClearStale) record.stale = !record.stale;
        record.step = step.step + 1;
    }

    /// @dev Sets what runs from now on, where the clock says that something does.
    function _setClock(CaseId id, CaseRecord memory record, Clock clock, uint32 due) private view {
        if (clock == Clock.None) {
            if (due != 0) revert RecognitionWrongDue(id, 0, 0, due);
            return;
        }
        uint256 start = block.timestamp;
        if (clock == Clock.Running) {
            start = record.stepAt;
            clock = record.state == CaseState.Returned ? Clock.Applicant : Clock.Official;
        }
        uint256 limits = record.limits;
        uint256 least = start;
        uint256 most = start;
        if (clock == Clock.Validity) {
            ++least;
            most += uint16(limits >> 32) * uint256(1 days);
        } else {
            if (clock == Clock.Applicant) limits >>= 16;
            least += uint8(limits) * uint256(1 days);
            most += uint8(limits >> 8) * uint256(1 days);
        }
        if (due < least || due > most) revert RecognitionWrongDue(id, least, most, due);
        record.due = due;
        record.stepAt = uint32(start);
    }

    /// @dev What the state of the case asks beyond its name.
    function _checkConditions(
        CaseId id,
        CaseRecord memory record,
        CaseTerms calldata terms,
        CaseAction action
    ) private view {
        if (action == CaseAction.Return && record.roundsLeft == 0) revert RecognitionNoRoundsLeft(id);
        if (action == CaseAction.Supplement || action == CaseAction.Appeal) {
            if (action == CaseAction.Appeal && record.appealed) revert RecognitionAlreadyAppealed(id);
            if (block.timestamp > record.due) revert RecognitionApplicantLate(id, record.due, block.timestamp);
        }
        if (action == CaseAction.MarkStale && record.stale) revert RecognitionStaleness(id, true);
        if (action == CaseAction.ClearStale && !record.stale) revert RecognitionStaleness(id, false);
        if (action == CaseAction.Expire && block.timestamp < record.due) {
            revert RecognitionNotYet(id, record.due, block.timestamp);
        }
        if (action == CaseAction.Lapse) {
            bool applicantLate = record.state == CaseState.Returned && block.timestamp > record.due;
            if (!applicantLate && _isActive(terms.home) && _isActive(terms.host)) {
                revert RecognitionNotYet(id, record.due, block.timestamp);
            }
        }
    }

    /// @return actor Who signed, or sent where the role has no signature.
    function _authorise(
        CaseId id,
        CaseRecord memory record,
        CaseRule rule,
        CaseTerms calldata terms,
        CaseStep calldata step,
        Signature calldata first,
        Signature calldata second
    ) private view returns (address actor) {
        CaseRole role = step.role;
        if (role == CaseRole.Anyone) return msg.sender;
        if (step.document == 0) revert RecognitionNoDocument(id);
        if (role == CaseRole.HomeNode) {
            _checkCentre(terms.home, msg.sender);
            return msg.sender;
        }
        if (block.timestamp > step.deadline) revert RecognitionDeadlinePassed(step.deadline, block.timestamp);
        bytes32 digest = _typedDataDigest(keccak256(abi.encode(STEP_TYPE_HASH, id, step)));
        actor = _signer(digest, first);
        if (rule.leadsTo() != CaseState.Withdrawn) _checkSides(record.state, terms, role);
        if (role == CaseRole.Applicant) {
            _checkSigner(terms.applicant, actor);
            return actor;
        }
        bool isHome = role == CaseRole.HomeHandler || role == CaseRole.HomeDecider;
        bool decides = role == CaseRole.HomeDecider || role == CaseRole.HostDecider;
        _checkOfficer(isHome ? terms.home : terms.host, actor, decides ? DECIDES : HANDLES);
        Second beside = rule.signsBeside();
        if (beside == Second.HomeHandler) _checkOfficer(terms.home, _signer(digest, second), HANDLES);
        if (beside == Second.FourEyes && record.limits >> 48 != 0) {
            address other = _signer(digest, second);
            if (other == actor) revert RecognitionSameOfficer(actor);
            _checkOfficer(terms.host, other, HANDLES);
        }
    }

    /// @dev Of a side that is suspended nothing goes on: its open cases lapse. What is decided the other may still end.
    function _checkSides(CaseState state, CaseTerms calldata terms, CaseRole role) private view {
        bool isHome = role == CaseRole.HomeDecider;
        if (state != CaseState.Recognised || isHome) _checkActive(terms.home);
        if (state != CaseState.Recognised || !isHome) _checkActive(terms.host);
    }

    function _isInForce(Agreement storage agreement) private view returns (bool) {
        uint256 endsAt = agreement.endsAt;
        return
            agreement.agreedAt != 0 &&
            block.timestamp >= agreement.validFrom &&
            block.timestamp < agreement.validTo &&
            (endsAt == 0 || block.timestamp < endsAt);
    }

    /// @dev Zero comes back for a broken signature: it MUST NOT pass for an account of zero.
    function _checkSigner(address wanted, address got) private pure {
        if (got != wanted || got == address(0)) revert RecognitionInvalidSignature(wanted, got);
    }

    function _checkOfficer(MemberId member, address signer, uint8 duty) private view {
        Officer storage tenure = _officers[member][signer];
        // Nobody enrols zero.
        if (tenure.duties & duty == 0 || block.timestamp >= tenure.until) {
            revert RecognitionNotOfficer(member, signer, duty);
        }
    }

    function _callingCentre() private view returns (MemberId member) {
        member = _membership.memberOf(msg.sender);
        _checkCentre(member, msg.sender);
    }

    function _checkCentre(MemberId member, address account) private view {
        if (!_membership.isEntitled(member, account, Roles.CENTRE)) revert RecognitionUnauthorized(member, account);
    }

    function _checkActive(MemberId member) private view {
        if (!_isActive(member)) revert RecognitionSideInactive(member);
    }

    function _isActive(MemberId member) private view returns (bool) {
        IMembership.Standing memory standing = _membership.standing(member);
        return standing.status == IMembership.Status.Active && standing.roles & Roles.CENTRE != 0;
    }

    function _isSound(AgreementTerms calldata terms) private view returns (bool) {
        return
            terms.document != 0 &&
            !(terms.first == terms.second) &&
            terms.validFrom < terms.validTo &&
            block.timestamp < terms.validTo &&
            terms.officialLeastDays <= terms.officialMostDays &&
            terms.applicantLeastDays <= terms.applicantMostDays &&
            terms.validityDays != 0;
    }

    /// @dev Zero for a signature that is none: with s in the upper half, of no point. There is one form, so that nobody has
    /// two signatures of one act.
    function _signer(bytes32 digest, Signature calldata signature) private pure returns (address signer) {
        (signer, , ) = ECDSA.tryRecover(digest, signature.r, signature.vs);
    }

    /// @dev The same for both orders.
    function _pairOf(MemberId a, MemberId b) private pure returns (bytes32) {
        (bytes32 x, bytes32 y) = (MemberId.unwrap(a), MemberId.unwrap(b));
        return x < y ? keccak256(abi.encode(x, y)) : keccak256(abi.encode(y, x));
    }
}
