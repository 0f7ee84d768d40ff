// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import { CaseAction, CaseRole, CaseState, Clock, Second } from "./types/Recognition.sol";

/// @dev A line of the table of authority: see `CaseAuthority`. From the lowest bit: 12 bits of states, 7 of roles, 4 of
/// the state that it leads to, 2 of who signs beside, 3 of the clock, 1 of whether it answers a due date.
type CaseRule is uint256;

/// @title Who may do what to a case of recognition, in which state: one table, an action a line.
/// @dev Its twin is `node/core/case-authority.ts`; tests hold the two together, cell by cell.
library CaseAuthority {
    // In which states.
    uint256 private constant NONE = 1 << uint256(CaseState.None);
    uint256 private constant REQUESTED = 1 << uint256(CaseState.Requested);
    uint256 private constant COMPLETE = 1 << uint256(CaseState.Complete);
    uint256 private constant EXAMINING = 1 << uint256(CaseState.Examining);
    uint256 private constant RETURNED = 1 << uint256(CaseState.Returned);
    uint256 private constant RECOGNISED = 1 << uint256(CaseState.Recognised);
    uint256 private constant REFUSED = 1 << uint256(CaseState.Refused);
    uint256 private constant APPEALED = 1 << uint256(CaseState.Appealed);
    /// @dev Nothing is decided yet.
    uint256 private constant OPEN = REQUESTED | COMPLETE | EXAMINING | RETURNED | APPEALED;
    // By whom.
    uint256 private constant BY_ANYONE = 1 << (12 + uint256(CaseRole.Anyone));
    uint256 private constant BY_APPLICANT = 1 << (12 + uint256(CaseRole.Applicant));
    uint256 private constant BY_HOME_NODE = 1 << (12 + uint256(CaseRole.HomeNode));
    uint256 private constant BY_HOME_HANDLER = 1 << (12 + uint256(CaseRole.HomeHandler));
    uint256 private constant BY_HOME_DECIDER = 1 << (12 + uint256(CaseRole.HomeDecider));
    uint256 private constant BY_HOST_HANDLER = 1 << (12 + uint256(CaseRole.HostHandler));
    uint256 private constant BY_HOST_DECIDER = 1 << (12 + uint256(CaseRole.HostDecider));
    // What it leads to; where none is named the state stays.
    uint256 private constant TO_REQUESTED = uint256(CaseState.Requested) << 19;
    uint256 private constant TO_COMPLETE = uint256(CaseState.Complete) << 19;
    uint256 private constant TO_EXAMINING = uint256(CaseState.Examining) << 19;
    uint256 private constant TO_RETURNED = uint256(CaseState.Returned) << 19;
    uint256 private constant TO_RECOGNISED = uint256(CaseState.Recognised) << 19;
    uint256 private constant TO_REFUSED = uint256(CaseState.Refused) << 19;
    uint256 private constant TO_APPEALED = uint256(CaseState.Appealed) << 19;
    uint256 private constant TO_INVALIDATED = uint256(CaseState.Invalidated) << 19;
    uint256 private constant TO_EXPIRED = uint256(CaseState.Expired) << 19;
    uint256 private constant TO_WITHDRAWN = uint256(CaseState.Withdrawn) << 19;
    uint256 private constant TO_LAPSED = uint256(CaseState.Lapsed) << 19;
    // Who signs beside; what its due date is for; whether it is the official step that was due.
    uint256 private constant FOUR_EYES = uint256(Second.FourEyes) << 23;
    uint256 private constant WITH_HOME = uint256(Second.HomeHandler) << 23;
    uint256 private constant OFFICIAL = uint256(Clock.Official) << 25;
    uint256 private constant APPLICANT = uint256(Clock.Applicant) << 25;
    uint256 private constant VALIDITY = uint256(Clock.Validity) << 25;
    uint256 private constant RUNNING = uint256(Clock.Running) << 25;
    uint256 private constant ANSWERS = 1 << 28;

    uint256 private constant REQUEST = NONE | BY_HOME_NODE | TO_REQUESTED | OFFICIAL;
    uint256 private constant CHECK = REQUESTED | BY_HOST_HANDLER | TO_COMPLETE | OFFICIAL | ANSWERS;
    uint256 private constant EXAMINE = COMPLETE | BY_HOST_HANDLER | TO_EXAMINING | OFFICIAL | ANSWERS;
    uint256 private constant RETURN = REQUESTED | EXAMINING | BY_HOST_HANDLER | TO_RETURNED | APPLICANT | ANSWERS;
    uint256 private constant SUPPLEMENT = RETURNED | BY_APPLICANT | BY_HOME_HANDLER | TO_REQUESTED | OFFICIAL;
    uint256 private constant RECOGNISE =
        EXAMINING | APPEALED | BY_HOST_DECIDER | TO_RECOGNISED | FOUR_EYES | VALIDITY | ANSWERS;
    uint256 private constant REFUSE =
        REQUESTED | EXAMINING | APPEALED | BY_HOST_DECIDER | TO_REFUSED | FOUR_EYES | APPLICANT | ANSWERS;
    uint256 private constant APPEAL = REFUSED | BY_APPLICANT | BY_HOME_HANDLER | TO_APPEALED | OFFICIAL;
    uint256 private constant INVALIDATE = RECOGNISED | BY_HOME_DECIDER | BY_HOST_DECIDER | TO_INVALIDATED;
    uint256 private constant MARK_STALE = OPEN | RECOGNISED | BY_HOME_NODE;
    uint256 private constant CLEAR_STALE = OPEN | RECOGNISED | BY_HOST_DECIDER | FOUR_EYES;
    uint256 private constant WITHDRAW = OPEN | RECOGNISED | REFUSED | BY_APPLICANT | TO_WITHDRAWN;
    uint256 private constant EXPIRE = RECOGNISED | BY_ANYONE | TO_EXPIRED;
    uint256 private constant LAPSE = OPEN | BY_ANYONE | TO_LAPSED;
    uint256 private constant RESCHEDULE = OPEN | BY_HOST_HANDLER | WITH_HOME | RUNNING;

    /// @dev The table: 32 bits a line, in the order of `CaseAction`.
    uint256 private constant FIRST_EIGHT =
        REQUEST |
            (CHECK << 32) |
            (EXAMINE << 64) |
            (RETURN << 96) |
            (SUPPLEMENT << 128) |
            (RECOGNISE << 160) |
            (REFUSE << 192) |
            (APPEAL << 224);
    uint256 private constant OTHERS =
        INVALIDATE |
            (MARK_STALE << 32) |
            (CLEAR_STALE << 64) |
            (WITHDRAW << 96) |
            (EXPIRE << 128) |
            (LAPSE << 160) |
            (RESCHEDULE << 192);

    /// @dev The line of an action.
    function ruleOf(CaseAction action) internal pure returns (CaseRule) {
        uint256 line = uint256(action);
        return CaseRule.wrap(uint32((line < 8 ? FIRST_EIGHT : OTHERS) >> (32 * (line % 8))));
    }

    function allowsIn(CaseRule rule, CaseState state) internal pure returns (bool) {
        return (CaseRule.unwrap(rule) >> uint256(state)) & 1 != 0;
    }

    function allowsBy(CaseRule rule, CaseRole role) internal pure returns (bool) {
        return (CaseRule.unwrap(rule) >> (12 + uint256(role))) & 1 != 0;
    }

    /// @dev None where the state stays.
    function leadsTo(CaseRule rule) internal pure returns (CaseState) {
        return CaseState((CaseRule.unwrap(rule) >> 19) & 0xf);
    }

    function signsBeside(CaseRule rule) internal pure returns (Second) {
        return Second((CaseRule.unwrap(rule) >> 23) & 0x3);
    }

    function clockOf(CaseRule rule) internal pure returns (Clock) {
        return Clock((CaseRule.unwrap(rule) >> 25) & 0x7);
    }

    function answers(CaseRule rule) internal pure returns (bool) {
        return CaseRule.unwrap(rule) & ANSWERS != 0;
    }
}
