// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, CaseId, MemberId } from "../types/Ids.sol";
import {
    AgreementTerms,
    CaseAction,
    CaseRecord,
    CaseRole,
    CaseState,
    CaseStep,
    CaseTerms,
    Clock,
    Second
} from "../types/Recognition.sol";
import { Signature } from "../types/Signatures.sol";

/// @title Mutual recognition of credit reports (信用报告互认) between regional centres: agreements, officers, cases.
/// @notice What a case is about stands nowhere here: digests of salted documents, and an account made for each case that
/// speaks for its applicant. Officers sign with keys of their own, under their member's enrolment; anyone may carry what
/// they signed to the chain. Signatures are EIP-712 in the domain of `eip712Domain`.
interface IRecognitionRegistry {
    /// @notice What an officer may sign; a bit each, in `duties`.
    /// @param since Block time of the enrolment.
    /// @param until Excluded; seconds since 1970. Block time of the dismissal, where there was one.
    /// @param duties 1: handles (经办). 2: decides (审批).
    struct Officer {
        uint32 since;
        uint32 until;
        uint8 duties;
    }

    /// @notice An agreement as it stands; one slot.
    /// @param proposedAt Block time; 0: nobody proposed it.
    /// @param agreedAt Block time of the countersignature; 0: there is none, nor any of what follows.
    /// @param endsAt It is in force before this time only; 0: nobody ended it before its term.
    /// @param edition 1 for the first between two centres.
    /// @param limits See `packLimits`.
    struct Agreement {
        uint32 proposedAt;
        uint32 agreedAt;
        uint32 endsAt;
        uint16 edition;
        uint32 validFrom;
        uint32 validTo;
        uint56 limits;
        uint8 supplementRounds;
    }

    event AgreementProposed(
        AgreementId indexed agreement,
        MemberId indexed first,
        MemberId indexed second,
        AgreementTerms terms
    );
    event AgreementCountersigned(AgreementId indexed agreement, uint16 edition);
    /// @param document SHA-256 of the notice; 0 where a new edition ended it.
    event AgreementEnded(AgreementId indexed agreement, MemberId indexed by, uint32 endsAt, bytes32 document);
    event OfficerEnrolled(MemberId indexed member, address indexed officer, uint8 duties, uint32 until);
    event OfficerDismissed(MemberId indexed member, address indexed officer);
    /// @param due Of the first official step.
    event CaseRequested(
        CaseId indexed caseId,
        AgreementId indexed agreement,
        CaseTerms terms,
        bytes32 document,
        uint32 due
    );
    /// @param actor Who signed, or sent where the role has no signature.
    /// @param step How many there were before; the request is the first.
    /// @param due What runs now; 0 where nothing does.
    /// @param late Whether it was an official step that was due before.
    event CaseStepped(
        CaseId indexed caseId,
        CaseAction action,
        CaseRole role,
        address actor,
        uint16 step,
        bytes32 document,
        uint32 due,
        bool late
    );

    /// @dev The caller is not now the transaction key of this member, or that is not active as a centre.
    error RecognitionUnauthorized(MemberId member, address caller);
    /// @dev A side of the agreement or case is not active as a centre.
    error RecognitionSideInactive(MemberId member);
    error RecognitionInvalidTerms(AgreementId agreement);
    /// @dev A new edition names the one before.
    error RecognitionWrongPrevious(AgreementId wanted, AgreementId got);
    error RecognitionAlreadyProposed(AgreementId agreement);
    error RecognitionNotProposed(AgreementId agreement);
    error RecognitionAlreadyAgreed(AgreementId agreement);
    error RecognitionAlreadyEnded(AgreementId agreement, uint32 endsAt);
    error RecognitionNotInForce(AgreementId agreement, uint256 time);
    error RecognitionInvalidTenure(address officer, uint8 duties, uint32 until);
    error RecognitionNotEnrolled(MemberId member, address officer);
    /// @dev The signature came too late: now is past its deadline.
    error RecognitionDeadlinePassed(uint64 deadline, uint256 time);
    /// @dev Zero was recovered from a signature that is none.
    error RecognitionInvalidSignature(address expected, address recovered);
    /// @dev `signer` is no officer of the member with this duty now. Zero: the signature is none.
    error RecognitionNotOfficer(MemberId member, address signer, uint8 duty);
    /// @dev The second signature is by who signed first.
    error RecognitionSameOfficer(address officer);
    error RecognitionWrongState(CaseId caseId, CaseState state, CaseAction action);
    error RecognitionWrongRole(CaseId caseId, CaseRole role, CaseAction action);
    error RecognitionWrongStep(CaseId caseId, uint16 wanted, uint16 got);
    error RecognitionNoDocument(CaseId caseId);
    /// @dev The due date is out of the agreement's frame.
    error RecognitionWrongDue(CaseId caseId, uint256 least, uint256 most, uint32 got);
    /// @dev The applicant's own limit is over.
    error RecognitionApplicantLate(CaseId caseId, uint32 due, uint256 time);
    error RecognitionNoRoundsLeft(CaseId caseId);
    error RecognitionAlreadyAppealed(CaseId caseId);
    error RecognitionStaleness(CaseId caseId, bool stale);
    error RecognitionNotYet(CaseId caseId, uint32 due, uint256 time);

    /// @notice Proposes an agreement, or a new edition of the one in force. Only from the transaction key of `terms.first`.
    function propose(AgreementTerms calldata terms) external;

    /// @notice Countersigns it: in force from its day on, when the edition before ends. Only from the transaction key of
    /// `terms.second`.
    function countersign(AgreementTerms calldata terms) external;

    /// @notice Gives notice: it ends after the days agreed, at once where it is not countersigned. Only from the
    /// transaction key of either side. Cases that were requested before run on.
    /// @param document SHA-256 of the notice.
    function giveNotice(AgreementTerms calldata terms, bytes32 document) external;

    /// @notice Enrols an officer of the calling centre, or changes the tenure of one.
    /// @param duties See `Officer`; at least one.
    /// @param until Excluded; seconds since 1970.
    /// @param signature The officer's, of OfficerEnrolment(bytes32 member,address officer,uint8 duties,uint32 until):
    /// that the key is held.
    function enrol(address officer, uint8 duties, uint32 until, Signature calldata signature) external;

    /// @notice Ends the tenure of an officer of the calling centre now.
    function dismiss(address officer) external;

    /// @notice Opens a case between the sides of an agreement that is in force, either way. Only from the transaction key
    /// of `terms.home`, which answers for its officer's signature in the document: it is the host's that decide.
    /// @param document SHA-256 of the request, which has a salt of its own.
    /// @param due Of the first official step; seconds since 1970.
    function request(CaseTerms calldata terms, bytes32 document, uint32 due) external;

    /// @notice Takes a case one step on. Anyone may send it, but for `CaseRole.HomeNode`, who sends itself.
    /// @param step Any but `CaseAction.Request`.
    /// @param first By who acts, of
    /// CaseStep(bytes32 caseId,uint8 action,uint8 role,uint16 step,bytes32 document,uint32 due,uint64 deadline).
    /// @param second By who signs beside, of the same.
    function act(
        CaseTerms calldata terms,
        CaseStep calldata step,
        Signature calldata first,
        Signature calldata second
    ) external;

    function membership() external view returns (address);

    /// @param a One of its sides.
    /// @param b The other.
    function agreementOf(MemberId a, MemberId b, AgreementId agreement) external view returns (Agreement memory);

    /// @notice The last edition that two centres agreed; 0 if none. In any order.
    function lastAgreement(MemberId a, MemberId b) external view returns (AgreementId);

    function officerOf(MemberId member, address officer) external view returns (Officer memory);

    function caseOf(CaseId caseId) external view returns (CaseRecord memory);

    /// @notice Who may do it, when: a line of the table of authority.
    /// @return states Bit set of `CaseState`.
    /// @return roles Bit set of `CaseRole`.
    /// @return to What it leads to; None where the state stays.
    /// @return second Who signs beside.
    /// @return clock What its due date is for.
    /// @return answers Whether it is the official step that was due.
    function authorityOf(
        CaseAction action
    ) external view returns (uint16 states, uint8 roles, CaseState to, Second second, Clock clock, bool answers);

    function agreementId(AgreementTerms calldata terms) external view returns (AgreementId);

    function caseId(CaseTerms calldata terms) external view returns (CaseId);
}
