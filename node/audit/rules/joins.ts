// Rules that join the two sides of an access: the receipt in the provider's log, the query in the grantee's, and the use of
// the grant on the chain.
import { PASSING_REFUSALS, type Refusal } from '../../core/query.ts';
import type { QueryNote, Receipt } from '../../core/receipt.ts';
import type { Rule } from '../rule.ts';

/** Stands for a grant that could not be read. */
const NO_GRANT = `0x${'00'.repeat(32)}`;

/** What both sides must say alike. */
export interface Side {
  grantee: string;
  /** Absent under a share basis. */
  grant: string | undefined;
  basis: string | undefined;
  query: string;
  subject: string;
  items: readonly string[];
}

/** What became of a request. */
export interface Outcome {
  outcome: Receipt['outcome'];
  reason?: string | undefined;
  /** Number of the event, where the request is a subscription: it has many receipts. */
  event?: number | undefined;
}

export interface JoinFacts {
  /** Of a request: every receipt that its provider has, by position. */
  receipts: readonly Outcome[];
  /** The last of them. */
  receipt: Side | undefined;
  /** The grantee's own line; undefined where there is none. */
  note: Side | undefined;
  /** Whether the openings of the other side reach so far that its line must be there. */
  reaches: boolean;
}

export const joinRules: readonly Rule<JoinFacts>[] = [
  {
    id: 'receipt-without-query',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '有访问回执,但查询方日志中没有该查询',
    en: 'An access has a receipt, and the grantee’s log no query of it',
    check: ({ receipt, note, reaches }) =>
      receipt && !note && reaches ? { wanted: 'a query in the log of the grantee', got: 'none' } : undefined,
  },
  {
    id: 'query-without-receipt',
    version: 1,
    severity: 'irregularity',
    evidence: 'opening',
    zh: '有查询,但提供方日志中没有访问回执:未送达,或未留痕',
    en: 'A query has no receipt in the log of the provider that it names: it never came, or was answered unseen',
    check: ({ receipt, note, reaches }) =>
      note && !receipt && reaches ? { wanted: 'a receipt in the log of the provider', got: 'none' } : undefined,
  },
  {
    id: 'receipt-query-differ',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '同一查询的回执与查询记录内容不一致',
    en: 'The receipt of a query says another thing than the query',
    check: ({ receipt, note }) => {
      if (!receipt || !note) return undefined;
      const others = differences(receipt, note);
      return others.length === 0
        ? undefined
        : { wanted: 'what the query says', got: `another ${others.join(', another ')}` };
    },
  },
  {
    id: 'receipt-second',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '同一查询被应答两次,或拒绝后又提供信息',
    en: 'One query was answered twice, or answered after it was refused for good',
    check: ({ receipts }) => {
      const first = receipts.findIndex(isLast);
      const second = first < 0 ? undefined : receipts[first + 1];
      if (!second) return undefined;
      return { wanted: `nothing after ${outcomeText(receipts[first])}`, got: outcomeText(second) };
    },
  },
];

export interface AnswerFacts {
  /** Digest of an answer that the provider signed. */
  signed: string;
  /** Those that its receipts of this request name. */
  logged: readonly string[];
  /** Whether the provider's openings reach so far that its receipt must be there. */
  reaches: boolean;
}

/** Judged on each answer that a bank hands over. */
export const answerRules: readonly Rule<AnswerFacts>[] = [
  {
    id: 'answer-without-receipt',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '提供方签署了应答,但其日志中没有该查询的回执:未留痕',
    en: 'A provider signed an answer, and has no receipt of the query in its log: it was answered unseen',
    check: ({ logged, reaches, signed }) =>
      logged.length > 0 || !reaches ? undefined : { wanted: 'a receipt of this answer', got: `none; answer ${signed}` },
  },
  {
    id: 'answer-differs',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '提供方签署的应答与其回执所载摘要不符',
    en: 'The answer that a provider signed is another than the one that its receipt names',
    check: ({ logged, signed }) =>
      logged.length === 0 || logged.includes(signed) ? undefined : { wanted: logged.join(', '), got: signed },
  },
];

export interface UseFacts {
  /** Whether the grantee's log has a query of this id under this grant. */
  logged: boolean;
  /** Whether the grantee's openings reach so far that it must be there. */
  reaches: boolean;
  query: string;
}

export const useRules: readonly Rule<UseFacts>[] = [
  {
    id: 'use-without-query',
    version: 1,
    severity: 'violation',
    evidence: 'opening',
    zh: '链上核销了授权,但查询方日志中没有该查询',
    en: 'A grant was consumed on the chain by a query that the grantee’s log does not have',
    check: ({ logged, reaches, query }) =>
      logged || !reaches ? undefined : { wanted: 'a query in the log of the grantee', got: `none of ${query}` },
  },
];

/** Their names alone: a finding is shown to many, and a subject to few. */
function differences(receipt: Side, note: Side): string[] {
  // What a provider could not read it refused, knowing less.
  const read = { ...receipt, grant: receipt.grant === NO_GRANT ? undefined : receipt.grant };
  const known = (['grant', 'basis', 'subject'] as const).filter((name) => (read[name] ?? '') !== '');
  const names: string[] = (['grantee', 'query', ...known] as const).filter((name) => receipt[name] !== note[name]);
  return receipt.items.every((item) => note.items.includes(item)) ? names : [...names, 'item'];
}

/** A query is answered once, or refused for good; a subscription once opened goes on until it is refused. */
function isLast({ outcome, reason, event }: Outcome): boolean {
  if (outcome === 'refused') return event !== 0 && !PASSING_REFUSALS.has(reason as Refusal);
  return event === undefined;
}

function outcomeText(receipt: Outcome | undefined): string {
  return receipt?.reason ?? receipt?.outcome ?? 'none';
}

export function sideOf({ grantee, grant, basis, query, subject, items }: Receipt | QueryNote): Side {
  return { grantee, grant, basis: basis?.basis, query, subject, items };
}
