// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { AgreementId, CaseId, MemberId } from "./Ids.sol";

/// @dev What the chain is shown of an agreement between two regional centres. It is never stored: an agreement's id is
/// the hash of its terms, and whoever acts on one presents them. All else that is agreed (standards, issuers, purposes,
/// mappings, benefits) is in its document.
/// @param document SHA-256 of the canonical bytes of the agreement, which has a salt of its own.
/// @param first The centre that proposes it.
/// @param second The centre that countersigns it.
/// @param previous The edition before, which this one replaces; 0 for the first between the two.
/// @param validFrom Seconds since 1970, included.
/// @param validTo Seconds since 1970, excluded.
/// @param noticeDays Days from a notice to the end.
/// @param officialLeastDays The due date of an official step is at least so many days ahead,
/// @param officialMostDays and at most so many. Due dates count working days, which no chain can: this is their frame.
/// @param applicantLeastDays As above, for what the applicant must do.
/// @param applicantMostDays As above.
/// @param validityDays The most days for which a report is recognised.
/// @param supplementRounds How often a case may be returned for supplement.
/// @param fourEyes Whether a second officer of the deciding side must sign each decision.
// Never stored: nothing to pack.
// solhint-disable-next-line gas-struct-packing
struct AgreementTerms {
    bytes32 document;
    MemberId first;
    MemberId second;
    AgreementId previous;
    uint32 validFrom;
    uint32 validTo;
    uint16 noticeDays;
    uint8 officialLeastDays;
    uint8 officialMostDays;
    uint8 applicantLeastDays;
    uint8 applicantMostDays;
    uint16 validityDays;
    uint8 supplementRounds;
    bool fourEyes;
}

/// @dev What a case is about; its id is the hash of this, and whoever acts on one presents it.
/// @param agreement Under which it runs.
/// @param home The centre whose report it is about.
/// @param host The centre that is asked to recognise it.
/// @param applicant An account made for this one case, whose key speaks for the applicant.
/// @param report SHA-256 of the report, which has salts of its own.
struct CaseTerms {
    AgreementId agreement;
    MemberId home;
    MemberId host;
    address applicant;
    bytes32 report;
}

/// @dev How far a case has come.
enum CaseState {
    None,
    Requested,
    Complete,
    Examining,
    Returned,
    Recognised,
    Refused,
    Appealed,
    Invalidated,
    Expired,
    Withdrawn,
    Lapsed
}

/// @dev What can be done to a case.
enum CaseAction {
    Request,
    Complete,
    Examine,
    Return,
    Supplement,
    Recognise,
    Refuse,
    Appeal,
    Invalidate,
    MarkStale,
    ClearStale,
    Withdraw,
    Expire,
    Lapse,
    Reschedule
}

/// @dev In which capacity somebody acts. A node acts by its member's transaction key, officers and applicants by
/// signatures that anyone may carry to the chain.
enum CaseRole {
    Anyone,
    Applicant,
    HomeNode,
    HomeHandler,
    HomeDecider,
    HostHandler,
    HostDecider
}

/// @dev Who signs beside the actor.
enum Second {
    None,
    /// @dev Another officer of the host, where the agreement asks for four eyes.
    FourEyes,
    /// @dev An officer of the home side.
    HomeHandler
}

/// @dev What a due date that comes with an action is for.
enum Clock {
    None,
    /// @dev The next official step. Late, it is taken, and marked.
    Official,
    /// @dev What the applicant may still do. Late, it is not taken.
    Applicant,
    /// @dev The end of the recognition.
    Validity,
    /// @dev In place of the due date that runs.
    Running
}

/// @dev One step of a case, as it is signed.
/// @param role In which capacity the signer or sender acts.
/// @param step How many steps the case has had: what is signed for one step counts for no other.
/// @param document SHA-256 of the step's document, which has a salt of its own.
/// @param due Seconds since 1970; see `Clock`. 0 where the action has none.
/// @param deadline Seconds since 1970, included: later the signatures do not count.
// Never stored: nothing to pack.
// solhint-disable-next-line gas-struct-packing
struct CaseStep {
    CaseAction action;
    CaseRole role;
    uint16 step;
    bytes32 document;
    uint32 due;
    uint64 deadline;
}

/// @dev A case; stored in one slot, see `packCase`. What it needs of its agreement is copied: it ends as it began.
/// @param step How many steps it has had.
/// @param stepAt Block time of the last one that started a clock.
/// @param due What runs now ends then: see `Clock`; 0 where nothing runs.
/// @param limits Of its agreement, see `packLimits`.
/// @param roundsLeft How often it may still be returned.
/// @param lateSteps Official steps taken after they were due.
/// @param stale Something changed at home since the report was made.
/// @param appealed Whether there was an appeal: there is one.
struct CaseRecord {
    CaseState state;
    uint16 step;
    uint32 stepAt;
    uint32 due;
    uint56 limits;
    uint8 roundsLeft;
    uint16 lateSteps;
    bool stale;
    bool appealed;
}

bytes32 constant AGREEMENT_TERMS_TYPE_HASH = keccak256(
    "AgreementTerms(bytes32 document,bytes32 first,bytes32 second,bytes32 previous,uint32 validFrom,uint32 validTo,uint16 noticeDays,uint8 officialLeastDays,uint8 officialMostDays,uint8 applicantLeastDays,uint8 applicantMostDays,uint16 validityDays,uint8 supplementRounds,bool fourEyes)"
);

bytes32 constant CASE_TERMS_TYPE_HASH = keccak256(
    "CaseTerms(bytes32 agreement,bytes32 home,bytes32 host,address applicant,bytes32 report)"
);

/// @dev EIP-712 hashStruct of the terms.
function agreementIdOf(AgreementTerms calldata terms) pure returns (AgreementId) {
    return AgreementId.wrap(keccak256(abi.encode(AGREEMENT_TERMS_TYPE_HASH, terms)));
}

/// @dev EIP-712 hashStruct of the terms.
function caseIdOf(CaseTerms calldata terms) pure returns (CaseId) {
    return CaseId.wrap(keccak256(abi.encode(CASE_TERMS_TYPE_HASH, terms)));
}

/// @dev The frame of due dates, a byte each from the lowest on: official least and most, applicant least and most; then
/// two bytes of the days of validity, and a bit for four eyes.
function packLimits(AgreementTerms calldata terms) pure returns (uint56) {
    return
        uint56(terms.officialLeastDays) |
        (uint56(terms.officialMostDays) << 8) |
        (uint56(terms.applicantLeastDays) << 16) |
        (uint56(terms.applicantMostDays) << 24) |
        (uint56(terms.validityDays) << 32) |
        (terms.fourEyes ? uint56(1) << 48 : 0);
}

/// @dev The members of a case one after the other, the first in the lowest bits. Written out by hand: the compiler would
/// read and write the slot once for each.
function packCase(CaseRecord memory record) pure returns (uint256) {
    return
        uint256(record.state) |
        (uint256(record.step) << 8) |
        (uint256(record.stepAt) << 24) |
        (uint256(record.due) << 56) |
        (uint256(record.limits) << 88) |
        (uint256(record.roundsLeft) << 144) |
        (uint256(record.lateSteps) << 152) |
        (record.stale ? uint256(1) << 168 : 0) |
        (record.appealed ? uint256(1) << 176 : 0);
}

/// @dev What `packCase` packed.
function unpackCase(uint256 packed) pure returns (CaseRecord memory) {
    return
        CaseRecord({
            state: CaseState(uint8(packed)),
            step: uint16(packed >> 8),
            stepAt: uint32(packed >> 24),
            due: uint32(packed >> 56),
            limits: uint56(packed >> 88),
            roundsLeft: uint8(packed >> 144),
            lateSteps: uint16(packed >> 152),
            stale: uint8(packed >> 168) != 0,
            appealed: uint8(packed >> 176) != 0
        });
}
