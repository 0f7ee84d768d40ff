// Judges records by what agencies opened of them to the auditor: was each published within its deadline? An agency hands over
// all of an item, or is told what it left out.
import { decodeEntry, type Entry } from '../core/entry.ts';
import { commitmentOf, openDisclosures, parsePayload } from '../core/disclosure.ts';
import { XinlianError } from '../core/errors.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import type { LogRecord } from '../chain/state.ts';
import type { Anchor, ChainState } from './chain-fold.ts';
import type { LogFoldState } from './log-fold.ts';
import type { LogSource, LogSources, OpeningSource } from './ports.ts';
import { provenEntries } from './proven-entries.ts';
import { judge, type Finding } from './rule.ts';
import { recordRules, type RecordFacts } from './rules/records.ts';

/** What the rules of law say of publication. */
export interface PublicationTerms {
  /** Editions of the packs that they come from. */
  readonly editions: readonly string[];
  /** Claims that may say on which day a record of an item was decided; none where it has no deadline. */
  decidedIn(item: string): readonly string[];
  /** Names of an item's claims in schema order. */
  names(item: string, edition: string): readonly string[] | undefined;
  /** @returns undefined for what came in time, or cannot be judged. Times in seconds since 1970 */
  lateness(published: {
    item: string;
    region: string;
    claims: ReadonlyMap<string, unknown>;
    time: number;
    since: number;
  }): { due: string; on: string; decided: string } | undefined;
}

/** A record that came too late, as it is told to who asks. */
export interface LateRecord {
  log: LogId;
  member: MemberId;
  position: number;
  item: string;
  /** YYYY-MM-DD, all three. */
  decided: string;
  due: string;
  on: string;
}

export interface RecordAuditNeeds {
  chain: ChainState;
  logs: ReadonlyMap<LogId, LogFoldState>;
  /** Where their entries are read again. */
  sources: LogSources;
  records: OpeningSource;
  terms: PublicationTerms;
  found: (findings: readonly Finding[]) => void;
  /** Told of a log that could not be read again as it was. */
  unread: (log: { log: LogId; owner: MemberId; source: string | undefined; reason: string }) => void;
  /** Told of every record that came too late. */
  late?: ((record: LateRecord) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/** What was handed over for a position. */
interface Opened {
  commitment: Uint8Array | 'other';
  claims: ReadonlyMap<string, unknown>;
}

export class RecordAudit {
  readonly #needs: RecordAuditNeeds;

  constructor(needs: RecordAuditNeeds) {
    this.#needs = needs;
  }

  /**
   * @returns the logs whose records were opened, by id, and below which position
   * @throws CANCELLED
   */
  async run(): Promise<{ log: LogId; size: number }[]> {
    const { chain, logs, records } = this.#needs;
    const opened: { log: LogId; size: number }[] = [];
    for (const [log, size] of [...(await records.logs())].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const record = chain.consortium.logs.get(log);
      const end = Math.min(size, logs.get(log)?.frontier.size ?? 0);
      if (!record || end === 0) continue;
      if (await this.#reached(record, end)) opened.push({ log, size: end });
    }
    return opened;
  }

  /** What is not served any more as it was when it was audited is told, and does not end the audit. */
  async #reached(record: LogRecord, end: number): Promise<boolean> {
    const found: Finding[] = [];
    const source = this.#sourceOf(record);
    try {
      await this.#log(record, end, (more) => found.push(...more));
    } catch (error) {
      if (!XinlianError.is(error, 'UNREACHABLE') && !XinlianError.is(error, 'PROOF_INVALID')) throw error;
      const { id: log, owner } = record;
      this.#needs.unread({ log, owner, source: source?.name, reason: error.message });
      return false;
    }
    this.#needs.found(found);
    return true;
  }

  #sourceOf({ id, owner }: LogRecord): LogSource | undefined {
    const { chain, sources } = this.#needs;
    return sources.of(id, chain.consortium.members.get(owner)?.member.endpoints.log);
  }

  async #log(record: LogRecord, end: number, found: (findings: readonly Finding[]) => void): Promise<void> {
    const { id: log, owner } = record;
    const { chain, logs, terms, signal } = this.#needs;
    const member = chain.consortium.members.get(owner)?.member;
    const proven = logs.get(log)?.frontier.size ?? 0;
    const anchor = chain.anchors.get(log)?.findLast(({ size }) => size <= proven);
    const source = this.#sourceOf(record);
    if (!member || !anchor || !source) return;
    const handed = await this.#opened(log, end);
    const since = this.#since(owner);
    for await (const { position, bytes } of provenEntries(anchor, source, { from: 0, to: end }, signal)) {
      const opened = handed.get(position);
      handed.delete(position);
      const entry = this.#publishing(bytes);
      if (!entry && !opened) continue;
      const late = entry && opened && terms.lateness({ ...entry, region: member.region, claims: opened.claims, since });
      const facts: RecordFacts = { entry: entry?.commitment, opened: opened?.commitment, late };
      const wrong = judge(recordRules, facts, { log, member: owner, position });
      found(wrong);
      if (late && entry && wrong.some(({ rule }) => rule === 'published-late'))
        this.#needs.late?.({ log, member: owner, position, item: entry.item, ...late });
    }
  }

  /** All of them: they are handed over in no order. */
  async #opened(log: LogId, end: number): Promise<Map<number, Opened>> {
    const handed = new Map<number, Opened>();
    for await (const { position, opening } of this.#needs.records.openings(log)) {
      if (position < end) handed.set(position, this.#open(opening));
    }
    return handed;
  }

  #open(value: unknown): Opened {
    const { payload, disclosures } = (value ?? {}) as { payload?: unknown; disclosures?: unknown };
    const other: Opened = { commitment: 'other', claims: new Map() };
    if (typeof payload !== 'string' || !isTexts(disclosures)) return other;
    try {
      const { item, edition } = parsePayload(payload);
      const { terms } = this.#needs;
      const names = terms.names(item, edition);
      if (!names) return other;
      const wanted = terms.decidedIn(item);
      const shown = [...openDisclosures({ payload, names, disclosures }).values()];
      const claims = new Map(shown.flatMap(({ name, value: own }) => (wanted.includes(name) ? [[name, own]] : [])));
      return claims.size === 0 ? other : { commitment: commitmentOf(payload), claims };
    } catch (error) {
      if (XinlianError.is(error, 'MALFORMED') || XinlianError.is(error, 'PROOF_INVALID')) return other;
      throw error;
    }
  }

  /** The entry, where it publishes a record that has a deadline. */
  #publishing(bytes: Uint8Array): Extract<Entry, { kind: 'publish' }> | undefined {
    let entry: Entry;
    try {
      entry = decodeEntry(bytes);
    } catch (error) {
      // The rules of entries have told it.
      if (XinlianError.is(error, 'MALFORMED') || XinlianError.is(error, 'TOO_LARGE')) return undefined;
      throw error;
    }
    return entry.kind === 'publish' && this.#needs.terms.decidedIn(entry.item).length > 0 ? entry : undefined;
  }

  /** When the first log of a member was first anchored: what was due before that could not be in it. */
  #since(owner: MemberId): number {
    const { anchors, consortium } = this.#needs.chain;
    const own = [...consortium.logs.values()].filter((log) => log.owner === owner);
    const first = own.flatMap(({ id }) => anchors.get(id)?.[0] ?? []);
    return Math.min(...first.map(({ time }: Anchor) => time));
  }
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
