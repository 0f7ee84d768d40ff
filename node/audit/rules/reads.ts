// Rules of receipts against the chain at the block that they say they were judged at: was the access allowed, and was a
// refusal true?
import type { Role } from '../../core/consortium.ts';
import { fromBase64Url, toHex, type Hex } from '../../core/bytes.ts';
import type { Receipt } from '../../core/receipt.ts';
import { levelReaches, type ConsentLevel } from '../../core/subject-certificate.ts';
import type { MemberId } from '../../core/ids.ts';
import type { Standing } from '../../chain/state.ts';
import type { Anchor } from '../chain-fold.ts';
import type { GrantHistory, Moment, Suspension } from '../grant-ledger.ts';
import type { Fault, Rule } from '../rule.ts';

/** A record as the provider's own log has it. */
export interface ShownRecord {
  /** Undefined where no record stands there. */
  item: string | undefined;
  /** Position of the entry that superseded or annulled it. */
  changedBy: number | undefined;
}

export interface ReadFacts {
  receipt: Receipt;
  /** Of its line. */
  position: number;
  /** The first anchor that covers it. */
  anchor: Anchor;
  /** Entries that were anchored by the block that it was judged at. */
  anchoredThen: number;
  /** What the chain ever told of the grant. */
  grant: GrantHistory | undefined;
  /** At that block; undefined for a body that was never admitted by then. */
  provider: Standing | undefined;
  grantee: Standing | undefined;
  record: (position: number) => ShownRecord;
  /** Least level of consent that an item wants, in the most lenient edition of the rules. */
  leastLevel: (item: string) => ConsentLevel;
  /** The last block audited. */
  last: Moment;
}

/** Seconds that a head may be older than the clock of who judges by it. */
export const STALE_SECONDS = 600;
/** Seconds after which what was seen by its signed word alone must be on the chain: a day. */
const SEEN_SECONDS = 86_400;

export const readRules: readonly Rule<ReadFacts>[] = [
  {
    id: 'read-head',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '回执所称的判断区块晚于回执本身上链的区块',
    en: 'A receipt says that it was judged at a block that came after the one that anchored it',
    check: ({ receipt: { head }, anchor }) =>
      head.number <= anchor.block && head.time <= anchor.time
        ? undefined
        : {
            wanted: `block ${anchor.block} of ${anchor.time}, or before`,
            got: `block ${head.number} of ${head.time}`,
          },
  },
  {
    id: 'read-stale',
    version: 1,
    severity: 'irregularity',
    evidence: 'opening',
    zh: '提供方依据过旧的区块作出应答',
    en: 'An access was answered by a view of the chain that was too old',
    check: answered(({ receipt: { head, time } }) =>
      time - head.time <= STALE_SECONDS
        ? undefined
        : { wanted: `a block of at most ${STALE_SECONDS} s before`, got: `${time - head.time} s` },
    ),
  },
  {
    id: 'read-unregistered',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '依据未登记的授权提供信息',
    en: 'An access was answered under a grant that was not registered',
    check: granted(({ receipt: { head, grant: id }, grant }) =>
      by(grant?.registered, head.number)
        ? undefined
        : { wanted: `registered by block ${head.number}`, got: id ?? 'no grant' },
    ),
  },
  {
    id: 'read-after-withdrawal',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '授权撤回后仍提供信息',
    en: 'An access was answered after its grant was withdrawn',
    check: granted(({ receipt: { head, time }, grant }) => {
      const withdrawn = grant?.withdrawn;
      if (!withdrawn || (!by(withdrawn, head.number) && time <= withdrawn.time + STALE_SECONDS)) return undefined;
      return { wanted: `none after block ${withdrawn.block}`, got: `at block ${head.number}, ${time}` };
    }),
  },
  {
    id: 'read-while-suspended',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '授权暂停期间仍提供信息',
    en: 'An access was answered while its grant was suspended',
    check: granted(({ receipt: { head }, grant }) => {
      const suspension = suspendedAt(grant, head.number);
      return suspension && { wanted: `none from block ${suspension.from.block} on`, got: `at block ${head.number}` };
    }),
  },
  {
    id: 'read-outside-term',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '在授权期限之外提供信息',
    en: 'An access was answered outside of the term of its grant',
    check: granted(({ receipt: { head, time }, grant }) => {
      const now = Math.max(head.time, time);
      if (!grant?.terms || (grant.terms.validFrom <= now && now < grant.terms.validTo)) return undefined;
      return { wanted: `from ${grant.terms.validFrom}, before ${grant.terms.validTo}`, got: String(now) };
    }),
  },
  {
    id: 'read-beyond-count',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '限次授权未经该查询核销即提供信息(超次使用)',
    en: 'An access was answered under a counted grant that this query had not consumed: use beyond count',
    check: granted(({ receipt: { head, query }, grant }) => {
      if (!grant?.terms || grant.terms.uses === 0) return undefined;
      if (by(grant.uses.get(queryIdOf(query)), head.number)) return undefined;
      return { wanted: `consumed by block ${head.number}`, got: grant.uses.has(queryIdOf(query)) ? 'later' : 'never' };
    }),
  },
  {
    id: 'read-other-grantee',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '向被授权人以外者提供信息',
    en: 'An access was answered to another than the grantee',
    check: granted(({ receipt: { grantee }, grant }) =>
      !grant?.terms || grant.terms.grantee === grantee ? undefined : { wanted: grant.terms.grantee, got: grantee },
    ),
  },
  {
    id: 'read-not-entitled',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '向已暂停、已退出、或(凭授权查询而)非金融机构的成员提供信息',
    en: 'An access was answered to a member that was not active, or under a grant not as a bank',
    check: answered(({ receipt, grantee }) => {
      const wanted = receipt.basis ? 'active' : 'active, bank';
      const entitled = receipt.basis ? grantee?.status === 'active' : isActiveAs(grantee, 'bank');
      return entitled ? undefined : { member: receipt.grantee as MemberId, wanted, got: standingText(grantee) };
    }),
  },
  {
    id: 'read-by-inactive',
    version: 1,
    severity: 'irregularity',
    evidence: 'opening',
    zh: '已暂停或已退出的成员仍提供信息',
    en: 'An access was answered by a member that was suspended or removed',
    check: answered(({ provider }) =>
      provider?.status === 'active' ? undefined : { wanted: 'active', got: standingText(provider) },
    ),
  },
  {
    id: 'read-level',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '同意等级低于政策包要求',
    en: 'An access was answered under a consent of a lower level than the rules want',
    check: granted(({ receipt: { items, level }, leastLevel }) => {
      const low = items.find((item) => !isLevel(level) || !levelReaches(level, leastLevel(item)));
      return low === undefined ? undefined : { wanted: `${leastLevel(low)} for ${low}`, got: level ?? 'none' };
    }),
  },
  {
    id: 'read-records',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '回执所列的记录不存在,或不属于所查询的目录项',
    en: 'A receipt names records that are none, or not of the items that were asked for',
    check: ({ receipt: { records, items }, position, record }) => {
      const wrong = records.find((at) => at >= position || !items.includes(record(at).item ?? ''));
      if (wrong === undefined) return undefined;
      const item = wrong < position ? record(wrong).item : undefined;
      return { wanted: `records of ${items.join(', ')}`, got: `position ${wrong}: ${item ?? 'no record'}` };
    },
  },
  {
    id: 'read-changed-record',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '提供了已被更正、修复或注销的旧记录',
    en: 'A record was shown that had been superseded, repaired or annulled before',
    check: ({ receipt: { records }, anchoredThen, record }) => {
      const old = records.find((at) => (record(at).changedBy ?? Infinity) < anchoredThen);
      return old === undefined
        ? undefined
        : { wanted: 'records that are live', got: `position ${old}, changed by ${record(old).changedBy}` };
    },
  },
  {
    id: 'refused-and-served',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '回执称已拒绝却列有所提供的记录,或称已应答却列有拒绝原因',
    en: 'A receipt says refused and names what was shown, or answered and names why not',
    check: ({ receipt: { outcome, reason, records } }) => {
      const refused = outcome === 'refused';
      if (refused && records.length > 0) return { wanted: 'no records', got: `${records.length}` };
      return refused === (reason !== undefined)
        ? undefined
        : { wanted: refused ? 'a reason' : 'no reason', got: reason ?? 'none' };
    },
  },
  {
    id: 'refusal-untrue',
    version: 1,
    severity: 'irregularity',
    evidence: 'opening',
    zh: '拒绝的原因与该区块时的链上状态不符',
    en: 'The reason of a refusal is not what the chain says of that block',
    check: (facts) => {
      const { outcome, reason = '' } = facts.receipt;
      return outcome === 'refused' ? REFUSALS[reason]?.(facts) : undefined;
    },
  },
];

type Check = (facts: ReadFacts) => Fault | undefined;

/** What holds for answers alone. */
function answered(check: Check): Check {
  return (facts) => (facts.receipt.outcome === 'answered' ? check(facts) : undefined);
}

/** What holds for answers under a grant alone: of a share basis the chain shows nothing. */
function granted(check: Check): Check {
  return answered((facts) => (facts.receipt.basis ? undefined : check(facts)));
}

/** Reasons that the chain bears out or not. Others are about what it does not show. */
const REFUSALS: Readonly<Record<string, Check>> = {
  // Its signed word narrows before any block has it.
  GRANT_WITHDRAWN: ({ receipt: { time }, grant, last }) =>
    grant?.withdrawn || last.time <= time + SEEN_SECONDS ? undefined : { wanted: 'a withdrawal', got: 'none' },
  // A suspension lasts in a provider's view until its end is final.
  GRANT_SUSPENDED: ({ receipt: { head }, grant }) =>
    grant?.suspensions.some(({ from }) => from.block <= head.number)
      ? undefined
      : { wanted: `a suspension by block ${head.number}`, got: 'none' },
  GRANT_EXPIRED: ({ receipt: { head, time }, grant }) =>
    !grant?.terms || Math.max(head.time, time) >= grant.terms.validTo
      ? undefined
      : { wanted: `${grant.terms.validTo} or later`, got: String(Math.max(head.time, time)) },
  GRANT_NOT_YET_VALID: ({ receipt: { head, time }, grant }) =>
    !grant?.terms || Math.max(head.time, time) < grant.terms.validFrom
      ? undefined
      : { wanted: `before ${grant.terms.validFrom}`, got: String(Math.max(head.time, time)) },
  GRANT_UNKNOWN: ({ receipt: { head }, grant }) =>
    grant?.registered && grant.registered.block < head.number
      ? { wanted: 'a grant that is not registered', got: `registered in block ${grant.registered.block}` }
      : undefined,
  GRANT_EXHAUSTED: ({ receipt: { head }, grant }) => {
    if (!grant?.terms) return undefined;
    const used = [...grant.uses.values()].filter(({ block }) => block <= head.number).length;
    return grant.terms.uses > 0 && used >= grant.terms.uses
      ? undefined
      : { wanted: 'no use left', got: `${used} of ${grant.terms.uses} used` };
  },
  GRANTEE_MISMATCH: ({ receipt: { grantee }, grant }) =>
    grant?.terms?.grantee === grantee ? { wanted: 'another than the grantee', got: grantee } : undefined,
  GRANTEE_NOT_ENTITLED: ({ grantee }) =>
    isActiveAs(grantee, 'bank') ? { wanted: 'no active bank', got: standingText(grantee) } : undefined,
};

function by(moment: Moment | undefined, block: number): boolean {
  return moment !== undefined && moment.block <= block;
}

function suspendedAt(grant: GrantHistory | undefined, block: number): Suspension | undefined {
  return grant?.suspensions.find(({ from, until }) => from.block <= block && (!until || until.block > block));
}

/** A query id as the chain has it. */
export function queryIdOf(text: string): Hex {
  return toHex(fromBase64Url(text, 32));
}

function isActiveAs(standing: Standing | undefined, role: Role): boolean {
  return standing?.status === 'active' && standing.roles.includes(role);
}

function standingText(standing: Standing | undefined): string {
  return standing ? `${standing.status}, ${standing.roles.join(' ')}` : 'no member';
}

function isLevel(text: string | undefined): text is ConsentLevel {
  return text === 'A' || text === 'B' || text === 'C';
}
