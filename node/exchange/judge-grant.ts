// Whether a grant stands: judged from the chain's view alone, for a check, a query, a subscription. Pure.
import type { GrantTerms } from '../core/consortium.ts';
import type { GrantHash } from '../core/ids.ts';
import type { Refusal } from '../core/query.ts';
import type { GrantView } from './ports.ts';

export interface Judgement {
  /** Absent: it stands. */
  refusal?: Refusal;
  detail?: string;
}

/** What judging asks of the chain's view. */
export type JudgedView = Pick<GrantView, 'head' | 'grant' | 'isEntitledNow'>;

/** Withdrawals by their signed word, whether or not a block has them yet. */
export interface Withdrawals {
  isWithdrawn(grant: GrantHash): boolean;
}

export interface JudgeOptions {
  /** Own clock, seconds since 1970. */
  nowSeconds: number;
  /** A head older than this proves nothing about what happened since. */
  failClosedSeconds: number;
}

/** The later of the head's time and the own clock: a term ends by whichever says so first. */
export function judgingTime(view: Pick<GrantView, 'head'>, nowSeconds: number): number {
  return Math.max(nowSeconds, view.head()?.time ?? 0);
}

/** Why nothing can be judged by this view: it is too old. */
export function staleness(
  view: Pick<GrantView, 'head'>,
  { nowSeconds, failClosedSeconds }: JudgeOptions,
): Judgement | undefined {
  const head = view.head();
  if (head && nowSeconds - head.time <= failClosedSeconds) return undefined;
  const detail = head ? `block ${head.number} is ${nowSeconds - head.time} s old` : 'no block was read yet';
  return { refusal: 'CHAIN_STALE', detail };
}

/**
 * Whether a grant stands now for its grantee; whether a counted one was consumed by a query is told by its uses.
 * @param terms as the grant document has them; absent: as registered
 */
export function judgeGrant(
  { hash, terms }: { hash: GrantHash; terms?: GrantTerms },
  view: JudgedView,
  withdrawals: Withdrawals,
  { nowSeconds, failClosedSeconds }: JudgeOptions,
): Judgement {
  const stale = staleness(view, { nowSeconds, failClosedSeconds });
  if (stale) return stale;
  const state = view.grant(hash);
  // What narrows is told before what is missing: a grant may be withdrawn before it is registered.
  if (state?.withdrawn === true || withdrawals.isWithdrawn(hash)) return { refusal: 'GRANT_WITHDRAWN' };
  const known = terms ?? state?.terms;
  const now = judgingTime(view, nowSeconds);
  if (known && now >= known.validTo) return { refusal: 'GRANT_EXPIRED', detail: `ended at ${known.validTo}` };
  if (state?.suspended === true) return { refusal: 'GRANT_SUSPENDED' };
  if (known && !view.isEntitledNow(known.grantee, ['bank']))
    return { refusal: 'GRANTEE_NOT_ENTITLED', detail: `${known.grantee} is no active member with the role bank` };
  if (state?.terms === undefined || !known) return { refusal: 'GRANT_UNKNOWN', detail: 'not registered on the chain' };
  if (!state.registeredFinal) return { refusal: 'GRANT_PENDING', detail: 'its registration is not final yet' };
  if (now < known.validFrom) return { refusal: 'GRANT_NOT_YET_VALID', detail: `begins at ${known.validFrom}` };
  return {};
}
