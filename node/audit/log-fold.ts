// Replays a log: entries that an anchored root proves, one after the other, each judged by those before it.
import { decodeEntry, type Entry } from '../core/entry.ts';
import { XinlianError } from '../core/errors.ts';
import { TreeFrontier } from '../core/merkle.ts';
import { statusChangeOf } from '../core/status-change.ts';
import type { Anchor } from './chain-fold.ts';
import { AccessLines } from './access-lines.ts';
import { EntryCodes } from './entry-codes.ts';
import { judge, type Finding, type Place, type Rule } from './rule.ts';
import { anchoredRootRules, type EntryFacts, type LogBefore } from './rules/entries.ts';
import { StatusSet } from './status-set.ts';

const DAY_SECONDS = 86_400;

/** What the fold keeps of a log between runs. */
export interface LogFoldState {
  frontier: TreeFrontier;
  /** Time of the last entry. */
  time: number | undefined;
  codes: EntryCodes;
  statuses: StatusSet;
  /** Receipts and queries. */
  accesses: AccessLines;
  /** How many entries of each kind there are; `unreadable` beside them. */
  kinds: Map<string, number>;
  /** How many entries were taken in on each day (days since 1970, UTC). */
  days: Map<number, number>;
}

export function emptyLog(): LogFoldState {
  return {
    frontier: new TreeFrontier(),
    time: undefined,
    codes: new EntryCodes(),
    statuses: new StatusSet(),
    accesses: new AccessLines(),
    kinds: new Map(),
    days: new Map(),
  };
}

export class LogFold implements LogBefore {
  readonly state: LogFoldState;
  readonly #rules: readonly Rule<EntryFacts>[];
  readonly #anchors: readonly Anchor[];
  readonly #place: Place;
  #nextAnchor: number;

  /** @param anchors every anchor of the log, in order */
  constructor(
    state: LogFoldState,
    { rules, anchors, place }: { rules: readonly Rule<EntryFacts>[]; anchors: readonly Anchor[]; place: Place },
  ) {
    this.state = state;
    this.#rules = rules;
    this.#anchors = anchors;
    this.#place = place;
    const { size } = state.frontier;
    const next = anchors.findIndex((anchor) => anchor.size > size);
    this.#nextAnchor = next < 0 ? anchors.length : next;
  }

  /** Entries folded. */
  get size(): number {
    return this.state.frontier.size;
  }

  get time(): number | undefined {
    return this.state.time;
  }

  item(position: number): string | undefined {
    return this.state.codes.item(position);
  }

  status(position: number): Uint8Array | undefined {
    return this.state.statuses.get(position);
  }

  statusRoot(): Uint8Array {
    return this.state.statuses.root();
  }

  /**
   * Takes the next entry, which MUST be proven and under an anchor.
   * @param leaf its leaf hash
   */
  take(bytes: Uint8Array, leaf: Uint8Array): Finding[] {
    const position = this.size;
    const anchor = this.#anchors[this.#nextAnchor];
    if (!anchor)
      throw new XinlianError('MALFORMED', { what: 'entry', wanted: 'one under an anchor', got: `${position}` });
    const entry = read(bytes);
    const findings = judge(this.#rules, { position, entry, before: this, anchor }, { ...this.#place, position });
    this.#apply(entry, position);
    this.state.frontier.append(leaf);
    if (this.size === anchor.size) findings.push(...this.#pass(anchor));
    return findings;
  }

  #pass(anchor: Anchor): Finding[] {
    this.#nextAnchor++;
    const facts = { anchor, root: this.state.frontier.root() };
    return judge(anchoredRootRules, facts, { ...this.#place, position: anchor.size - 1 });
  }

  #apply(entry: Entry | undefined, position: number): void {
    const { codes, statuses, accesses, kinds, days } = this.state;
    codes.push(codeOf(entry));
    const kind = entry?.kind ?? 'unreadable';
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    if (!entry) return;
    const day = Math.floor(entry.time / DAY_SECONDS);
    days.set(day, (days.get(day) ?? 0) + 1);
    this.state.time = entry.time;
    if (entry.kind === 'receipt' || entry.kind === 'query') {
      accesses.push({ position, time: entry.time, kind: entry.kind, commitment: entry.commitment });
    }
    const change = statusChangeOf(entry, position);
    // The status of what is no record has no meaning: the rules have told of it.
    if (change && change.position < position) statuses.set(change.position, change.value);
  }
}

/** Kinds without an item that a later entry may annul. */
const ANNULLED: ReadonlySet<string> = new Set(['certificate', 'share', 'report']);

/** What a later entry may change: a record, by its item; a certificate, an approval or a report, by what no item is called. */
function codeOf(entry: Entry | undefined): string | undefined {
  if (entry && 'item' in entry) return entry.item;
  return entry && ANNULLED.has(entry.kind) ? `/${entry.kind}` : undefined;
}

function read(bytes: Uint8Array): Entry | undefined {
  try {
    return decodeEntry(bytes);
  } catch (error) {
    if (XinlianError.is(error, 'MALFORMED') || XinlianError.is(error, 'TOO_LARGE')) return undefined;
    throw error;
  }
}
