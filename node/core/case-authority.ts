// Who may do what to a case of recognition, in which state: the one table. Its twin is contracts/CaseAuthority.sol; the
// table in docs/recognition.md is made of it.

/** In the order of `CaseState` in contracts/types/Recognition.sol. */
export const CASE_STATES = [
  'none',
  'requested',
  'complete',
  'examining',
  'returned',
  'recognised',
  'refused',
  'appealed',
  'invalidated',
  'expired',
  'withdrawn',
  'lapsed',
] as const;
export type CaseState = (typeof CASE_STATES)[number];

/** In the order of `CaseAction`. */
export const CASE_ACTIONS = [
  'request',
  'complete',
  'examine',
  'return',
  'supplement',
  'recognise',
  'refuse',
  'appeal',
  'invalidate',
  'mark-stale',
  'clear-stale',
  'withdraw',
  'expire',
  'lapse',
  'reschedule',
] as const;
export type CaseAction = (typeof CASE_ACTIONS)[number];

/** In the order of `CaseRole`. A handler 经办人 prepares and examines, a decider 审批人 decides. */
export const CASE_ROLES = [
  'anyone',
  'applicant',
  'home-node',
  'home-handler',
  'home-decider',
  'host-handler',
  'host-decider',
] as const;
export type CaseRole = (typeof CASE_ROLES)[number];

/** In the order of `Second`: who signs beside. `four-eyes`: another handler of the host, where the agreement asks it. */
export const SECONDS = ['none', 'four-eyes', 'home-handler'] as const;
export type Second = (typeof SECONDS)[number];

/**
 * In the order of `Clock`: what an action's due date is for. `official`: the next official step, taken late too, and
 * marked. `applicant`: what the applicant may still do. `validity`: the end of the recognition. `running`: in place of the
 * date that runs.
 */
export const CLOCKS = ['none', 'official', 'applicant', 'validity', 'running'] as const;
export type Clock = (typeof CLOCKS)[number];

export interface AuthorityRule {
  from: readonly CaseState[];
  by: readonly CaseRole[];
  /** Absent where the state stays. */
  to?: CaseState;
  second: Second;
  clock: Clock;
  /** Whether it is the official step that the due date was set for. */
  answers: boolean;
}

/** Nothing is decided yet. */
export const OPEN_STATES = ['requested', 'complete', 'examining', 'returned', 'appealed'] as const;

const alone = { second: 'none', answers: false } as const;
const answer = { second: 'none', answers: true } as const;
const decision = { second: 'four-eyes', answers: true } as const;

export const AUTHORITY: Readonly<Record<CaseAction, AuthorityRule>> = {
  request: { from: ['none'], by: ['home-node'], to: 'requested', clock: 'official', ...alone },
  complete: { from: ['requested'], by: ['host-handler'], to: 'complete', clock: 'official', ...answer },
  examine: { from: ['complete'], by: ['host-handler'], to: 'examining', clock: 'official', ...answer },
  return: { from: ['requested', 'examining'], by: ['host-handler'], to: 'returned', clock: 'applicant', ...answer },
  supplement: {
    from: ['returned'],
    by: ['applicant', 'home-handler'],
    to: 'requested',
    clock: 'official',
    ...alone,
  },
  recognise: {
    from: ['examining', 'appealed'],
    by: ['host-decider'],
    to: 'recognised',
    clock: 'validity',
    ...decision,
  },
  refuse: {
    from: ['requested', 'examining', 'appealed'],
    by: ['host-decider'],
    to: 'refused',
    clock: 'applicant',
    ...decision,
  },
  appeal: { from: ['refused'], by: ['applicant', 'home-handler'], to: 'appealed', clock: 'official', ...alone },
  invalidate: {
    from: ['recognised'],
    by: ['home-decider', 'host-decider'],
    to: 'invalidated',
    clock: 'none',
    ...alone,
  },
  'mark-stale': { from: [...OPEN_STATES, 'recognised'], by: ['home-node'], clock: 'none', ...alone },
  'clear-stale': {
    from: [...OPEN_STATES, 'recognised'],
    by: ['host-decider'],
    clock: 'none',
    second: 'four-eyes',
    answers: false,
  },
  withdraw: {
    from: [...OPEN_STATES, 'recognised', 'refused'],
    by: ['applicant'],
    to: 'withdrawn',
    clock: 'none',
    ...alone,
  },
  expire: { from: ['recognised'], by: ['anyone'], to: 'expired', clock: 'none', ...alone },
  lapse: { from: OPEN_STATES, by: ['anyone'], to: 'lapsed', clock: 'none', ...alone },
  reschedule: { from: OPEN_STATES, by: ['host-handler'], clock: 'running', second: 'home-handler', answers: false },
};

export function isOpenCase(state: CaseState): boolean {
  return (OPEN_STATES as readonly CaseState[]).includes(state);
}
