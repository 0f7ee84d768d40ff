// Judges accesses by the openings that members handed over: each against its line and the chain, then both sides of each.
import { fromHex, fromUtf8, toBase64Url } from '../core/bytes.ts';
import type { GrantHash, LogId, MemberId } from '../core/ids.ts';
import { queryNote, receipt as receiptCodec, textDigest, type QueryNote, type Receipt } from '../core/receipt.ts';
import { XinlianError } from '../core/errors.ts';
import { isUsable, statusOf } from '../core/status-change.ts';
import type { ConsentLevel } from '../core/subject-certificate.ts';
import { standingAt, type LogRecord, type Standing } from '../chain/state.ts';
import type { AccessLine } from './access-lines.ts';
import type { Anchor, ChainState } from './chain-fold.ts';
import { emptyLog, type LogFoldState } from './log-fold.ts';
import type { OpeningSource } from './ports.ts';
import { judge, type Finding, type Place } from './rule.ts';
import { readSignedAnswer } from './signed-answers.ts';
import { AHEAD_SECONDS, LATE_SECONDS } from './rules/entries.ts';
import { answerRules, joinRules, sideOf, useRules, type JoinFacts, type Outcome, type Side } from './rules/joins.ts';
import { committed, openingRules } from './rules/openings.ts';
import { readRules, type ReadFacts, type ShownRecord } from './rules/reads.ts';

/** A receipt that its line bears out, as it is told to who asks what was read. */
export interface ReadAccess {
  log: LogId;
  position: number;
  receipt: Receipt;
  /** Rules that it breaks. */
  broken: readonly string[];
}

export interface AccessAuditNeeds {
  chain: ChainState;
  logs: ReadonlyMap<LogId, LogFoldState>;
  openings: OpeningSource;
  /** Answers as their providers signed them, compact JWS, that banks handed over. */
  answers?: AsyncIterable<string> | undefined;
  leastLevel: (item: string) => ConsentLevel;
  found: (findings: readonly Finding[]) => void;
  /** Told of every receipt that is borne out, by log and position. */
  read?: ((access: ReadAccess) => void) | undefined;
}

/** How far the openings of a log go. */
export interface OpenedLog {
  log: LogId;
  /** Every line below it was asked for; at most what is proven. */
  size: number;
}

interface Line {
  place: Place;
  side: Side;
  time: number;
}

interface ReceiptLine extends Line {
  outcomes: Outcome[];
  /** Digests of what was answered. */
  answers: string[];
}

interface NoteLine extends Line {
  provider: string;
}

/** Until when the openings of a member are all there. */
interface Reach {
  /** Time of its last line that is opened. */
  last: number;
  /** Whether that is all that its logs have. */
  whole: boolean;
}

export class AccessAudit {
  readonly #needs: AccessAuditNeeds;
  /** By the digest of the query as it was signed. */
  readonly #receipts = new Map<string, ReceiptLine>();
  readonly #notes = new Map<string, NoteLine>();
  /** `grant/query` of every query that a member logged. */
  readonly #logged = new Set<string>();
  readonly #reaches = new Map<MemberId, Reach>();
  /** Digests of those that were handed over. */
  readonly #answers: string[] = [];

  constructor(needs: AccessAuditNeeds) {
    this.#needs = needs;
  }

  /** @returns the logs that were opened, by id */
  async run(): Promise<OpenedLog[]> {
    const { chain, logs, openings } = this.#needs;
    const opened: OpenedLog[] = [];
    for (const [log, size] of [...(await openings.logs())].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const record = chain.consortium.logs.get(log);
      // One that has no anchor yet is opened as a whole by nothing: so a member cannot hide by logging nothing.
      const state = logs.get(log) ?? (record?.last ? undefined : emptyLog());
      if (!record || !state) continue;
      const end = Math.min(size, state.frontier.size);
      opened.push({ log, size: end });
      await this.#open(record, state, end);
    }
    this.#join();
    this.#judgeUses();
    await this.#judgeAnswers();
    return opened;
  }

  /** Goes through lines and openings side by side: both ascend. */
  async #open(record: LogRecord, state: LogFoldState, end: number): Promise<void> {
    const { id: log, owner } = record;
    const lines = state.accesses[Symbol.iterator]();
    const next = (): AccessLine | undefined => {
      const { value } = lines.next();
      return value && value.position < end ? value : undefined;
    };
    let line = next();
    let last = 0;
    const judgeOne = (
      at: AccessLine | undefined,
      position: number,
      opening: Receipt | QueryNote | 'other' | undefined,
    ) => {
      last = Math.max(last, at?.time ?? 0);
      this.#judgeOpening(record, state, { line: at, position, opening });
    };
    for await (const { position, opening } of this.#needs.openings.openings(log)) {
      if (position >= end) break;
      for (; line && line.position < position; line = next()) judgeOne(line, line.position, undefined);
      const here = line?.position === position ? line : undefined;
      judgeOne(here, position, read(opening));
      if (here) line = next();
    }
    for (; line; line = next()) judgeOne(line, line.position, undefined);
    const whole = end === state.frontier.size;
    const before = this.#reaches.get(owner);
    const reach = { last: whole ? (state.time ?? 0) : last, whole };
    // Of several logs of one member the last counts: those before it are closed.
    this.#reaches.set(owner, {
      last: Math.max(reach.last, before?.last ?? 0),
      whole: reach.whole && (before?.whole ?? true),
    });
  }

  #judgeOpening(
    { id: log, owner }: LogRecord,
    state: LogFoldState,
    {
      line,
      position,
      opening,
    }: { line: AccessLine | undefined; position: number; opening: Receipt | QueryNote | 'other' | undefined },
  ): void {
    const { found, read: tell } = this.#needs;
    const place: Place = { log, member: owner, position };
    const facts = { line, opening, owner };
    const wrong = judge(openingRules, facts, place);
    found(wrong);
    const said = committed(facts);
    if (!said) return;
    const granted = { ...place, ...(said.grant !== undefined && { grant: said.grant as GrantHash }) };
    if (said.type === 'xinlian/query-note/v1') return this.#keepNote(said, granted);
    const broken = judge(readRules, this.#readFacts(said, log, state, position), granted);
    found(broken);
    tell?.({ log, position, receipt: said, broken: [...wrong, ...broken].map(({ rule }) => rule) });
    // Of a white list nobody asked: there is no other side.
    if (said.list) return;
    const before = this.#receipts.get(said.request);
    const { outcome, reason, event } = said;
    const outcomes = [...(before?.outcomes ?? []), { outcome, reason, event }];
    const answers = [...(before?.answers ?? []), said.answer];
    this.#receipts.set(said.request, { place: granted, side: sideOf(said), time: said.time, outcomes, answers });
  }

  #keepNote(note: QueryNote, place: Place): void {
    this.#logged.add(`${note.grant}/${note.query}`);
    const side = sideOf(note);
    for (const { provider, request } of note.requests) {
      this.#notes.set(request, { place, side, time: note.time, provider });
    }
  }

  #readFacts(receipt: Receipt, log: LogId, state: LogFoldState, position: number): ReadFacts {
    const { chain, leastLevel } = this.#needs;
    const anchors = chain.anchors.get(log) ?? [];
    const anchor = anchors[firstOver(anchors, position)] ?? NO_ANCHOR;
    const { number } = receipt.head;
    const standing = (id: string): Standing | undefined => {
      const member = chain.consortium.members.get(id as MemberId);
      return member && standingAt(member, number);
    };
    return {
      receipt,
      position,
      anchor,
      anchoredThen: anchors.findLast(({ block }) => block <= number)?.size ?? 0,
      grant: receipt.grant === undefined ? undefined : chain.grants.get(receipt.grant as GrantHash),
      provider: standing(receipt.provider),
      grantee: standing(receipt.grantee),
      record: (at) => shown(state, at),
      leastLevel,
      last: { block: chain.head?.number ?? 0, time: chain.head?.time ?? 0 },
    };
  }

  /** Both sides of every request that one of them knows. */
  #join(): void {
    const { found } = this.#needs;
    for (const [request, { place, side, time, outcomes }] of this.#receipts) {
      const note = this.#notes.get(request);
      const reaches = this.#reachesTo(side.grantee, time);
      const facts: JoinFacts = { receipts: outcomes, receipt: side, note: note?.side, reaches };
      // Who left no query is the grantee.
      for (const finding of judge(joinRules, facts, place)) {
        found([finding.rule === 'receipt-without-query' ? { ...finding, member: side.grantee as MemberId } : finding]);
      }
    }
    for (const [request, { place, side, time, provider }] of this.#notes) {
      if (this.#receipts.has(request)) continue;
      const reaches = this.#reachesTo(provider, time);
      const facts: JoinFacts = { receipts: [], receipt: undefined, note: side, reaches };
      found(judge(joinRules, facts, { ...place, member: provider as MemberId }));
    }
  }

  /** Every answer that a bank handed over, against the receipts of the provider that signed it. */
  async #judgeAnswers(): Promise<void> {
    const { answers, chain, found } = this.#needs;
    if (!answers) return;
    const { members } = chain.consortium;
    const keysOf = (id: MemberId): Uint8Array[] => members.get(id)?.member.keys.checkpoint.map(({ key }) => key) ?? [];
    for await (const text of answers) {
      const { provider, request, digest, grant, time } = await readSignedAnswer(text, keysOf);
      const receipts = this.#receipts.get(request);
      this.#answers.push(digest);
      const facts = { signed: digest, logged: receipts?.answers ?? [], reaches: this.#reachesTo(provider, time) };
      const seen = { member: provider, ...(grant !== undefined && { grant: grant as GrantHash }) };
      found(judge(answerRules, facts, receipts ? receipts.place : seen));
    }
  }

  /** SHA-256 over the digests of the answers that were handed over, each once, ascending; undefined where none was. */
  answersDigest(): string | undefined {
    const digests = [...new Set(this.#answers)].sort();
    return digests.length === 0 ? undefined : textDigest(digests.join('\n'));
  }

  /** Every use on the chain of a grant whose grantee handed over its openings. */
  #judgeUses(): void {
    const { chain, found } = this.#needs;
    for (const [grant, { terms, uses }] of chain.grants.entries()) {
      if (!terms || !this.#reaches.has(terms.grantee)) continue;
      for (const [query, { block, time }] of uses) {
        const logged = this.#logged.has(`${grant}/${toBase64Url(fromHex(query, 32))}`);
        const facts = { logged, reaches: this.#reachesTo(terms.grantee, time), query };
        found(judge(useRules, facts, { block, member: terms.grantee, grant }));
      }
    }
  }

  /**
   * Whether a line that was there at `time`, by another clock, must be among the openings of a member: a later one is, or
   * all that was anchored is, and a day has gone by.
   */
  #reachesTo(member: string, time: number): boolean {
    const reach = this.#reaches.get(member as MemberId);
    if (!reach) return false;
    const { head } = this.#needs.chain;
    return reach.last >= time + AHEAD_SECONDS || (reach.whole && (head?.time ?? 0) >= time + LATE_SECONDS);
  }
}

const NO_ANCHOR: Anchor = { size: 0, root: new Uint8Array(32), block: 0, time: 0 };

/** Index of the first anchor that covers a position. */
function firstOver(anchors: readonly Anchor[], position: number): number {
  let [low, high] = [0, anchors.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((anchors[middle]?.size ?? 0) > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

function shown({ codes, statuses }: LogFoldState, position: number): ShownRecord {
  const value = statuses.get(position);
  const item = codes.item(position);
  // One that is objected to may be shown, with its mark.
  if (!value || isUsable(statusOf(value))) return { item, changedBy: undefined };
  const { by } = JSON.parse(fromUtf8(value)) as { by: number };
  return { item, changedBy: by };
}

function read(opening: unknown): Receipt | QueryNote | 'other' {
  try {
    const { type } = (opening ?? {}) as { type?: unknown };
    return type === 'xinlian/query-note/v1' ? queryNote.check(opening) : receiptCodec.check(opening);
  } catch (error) {
    if (XinlianError.is(error, 'MALFORMED')) return 'other';
    throw error;
  }
}
