// The audit: replays the chain, then every log, and says what was found. Pure over its ports: what it reads may be a lie.
import { checkpointOrigin } from '../core/checkpoint.ts';
import type { ChainHead, Member } from '../core/consortium.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import type { Consensus } from '../core/seals.ts';
import type { Hex } from '../core/bytes.ts';
import type { JsonValue } from '../core/canonical.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import type { ConsentLevel } from '../core/subject-certificate.ts';
import type { ConsortiumContracts } from '../chain/events.ts';
import type { LogRecord } from '../chain/state.ts';
import { AccessAudit, type OpenedLog, type ReadAccess } from './access-audit.ts';
import { ChainFold, type Anchor } from './chain-fold.ts';
import { digestOf, statementOf, type LogExtent } from './digest.ts';
import { auditLog, auditView, type LogView } from './log-audit.ts';
import { emptyLog } from './log-fold.ts';
import type { KnownKey, LogSubject } from './log-subject.ts';
import { ordered } from './ordered.ts';
import { Findings } from './findings.ts';
import { RecordAudit, type LateRecord, type PublicationTerms } from './record-audit.ts';
import type { ChainSource, EventCodec, LogSource, LogSources, OpeningSource } from './ports.ts';
import type { Finding } from './rule.ts';
import { eventRules } from './rules.ts';
import { entryRules } from './rules/entries.ts';
import type { AuditState } from './state.ts';
import type { ShownNote } from './served-note.ts';
import { compareViews } from './views.ts';
import { askWitness, type WitnessSources, type WitnessView } from './witness-views.ts';

export interface AuditOptions {
  contracts: ConsortiumContracts;
  /** The last block to audit. It MUST be final. */
  to: number;
  /** Hash that it is known to have. */
  trusted?: Hex | undefined;
  /** Who seals the chain, from a block before the contracts' on: then every seal is verified. */
  consensus?: Consensus | undefined;
  /** Logs audited at a time; 4 unless told. */
  logsAtATime?: number;
  /** Files of a log read at a time; 16 unless told. */
  filesAtATime?: number;
}

export interface AuditDependencies {
  chain: ChainSource;
  logs: LogSources;
  /** More sources of the same logs, whose checkpoints are compared with those of `logs`. */
  also?: readonly LogSources[];
  /** Where witnesses are asked; absent: they are not. */
  witnesses?: WitnessSources;
  codec: EventCodec;
  /** What members handed over of their receipts and queries; accesses are judged where there is some. */
  openings?: OpeningSource;
  /** Answers as their providers signed them, that banks handed over beside their openings. */
  answers?: AsyncIterable<string>;
  /** Least level of consent that an item wants. Needed with openings. */
  leastLevel?: (item: string) => ConsentLevel;
  /** Told of every receipt that its log bears out. */
  read?: (access: ReadAccess) => void;
  /** What agencies opened of their records; whether they were published in time is judged where there is some. */
  records?: { openings: OpeningSource; terms: PublicationTerms; late?: (record: LateRecord) => void };
  progress?: (progress: AuditProgress) => void;
  signal?: AbortSignal;
}

/** What is done, and what there is to do as far as that is known. */
export interface AuditProgress {
  blocks: { done: number; of: number };
  entries: { done: number; of: number };
}

/** A log that could not be read to the end. */
export interface Unread {
  log: LogId;
  owner: MemberId;
  source: string | undefined;
  reason: string;
}

export interface AuditedLog extends LogExtent {
  name: string;
  closed: boolean;
  source: string | undefined;
  /** Entries by kind, and by the day on which they were taken in (days since 1970, UTC). */
  kinds: ReadonlyMap<string, number>;
  days: ReadonlyMap<number, number>;
  /** Of all its anchors. */
  anchors: readonly Anchor[];
  /** Members that cosigned the checkpoint that was served. */
  cosigned: readonly MemberId[];
  /** Active members that could have, and have not: they refused, were away, or were not asked yet. */
  notCosigned: readonly MemberId[];
  /** What each witness said, where they were asked. */
  witnesses: readonly WitnessView[];
}

export interface AuditResult {
  digest: Hex;
  /** What the digest is the hash of. */
  statement: JsonValue;
  /** Whether everything could be read up to the block asked for. */
  complete: boolean;
  /** The last block that was verified. */
  head: ChainHead | undefined;
  asked: number;
  events: number;
  members: readonly Member[];
  logs: readonly AuditedLog[];
  findings: readonly Finding[];
  unread: readonly Unread[];
  /** Logs whose openings were judged, and up to which position. */
  openings: readonly OpenedLog[];
  /** Logs whose records were judged by when they were decided, and up to which position. */
  records: readonly OpenedLog[];
  /** Who may seal the next block; absent where seals were not verified. */
  sealers?: readonly Hex[];
}

/**
 * Audits up to a block, from where `state` is; `state` is brought forward, and can be gone on with later.
 * @throws CHAIN_UNREACHABLE, CHAIN_WRONG, CANCELLED. Logs that cannot be reached are told in the result.
 */
export async function audit(
  state: AuditState,
  options: AuditOptions,
  dependencies: AuditDependencies,
): Promise<AuditResult> {
  const run = new AuditRun(state, options, dependencies);
  await run.chain();
  await run.logs();
  await run.accesses();
  await run.records();
  return run.result();
}

/**
 * As `audit`, of the chain alone.
 * @returns whether the block that was asked for was reached
 */
export async function replayChain(
  state: AuditState,
  options: AuditOptions,
  dependencies: AuditDependencies,
): Promise<boolean> {
  await new AuditRun(state, options, dependencies).chain();
  return state.chain.head?.number === options.to;
}

class AuditRun {
  readonly #state: AuditState;
  readonly #options: AuditOptions;
  readonly #needs: AuditDependencies;
  readonly #progress: AuditProgress = { blocks: { done: 0, of: 0 }, entries: { done: 0, of: 0 } };
  readonly #unread: Unread[] = [];
  /** Of openings: what is handed over is no part of the state. */
  readonly #ofOpenings: Finding[] = [];
  #openings: OpenedLog[] = [];
  #records: OpenedLog[] = [];
  #answers: string | undefined;
  readonly #sources = new Map<LogId, LogSource>();
  readonly #cosigners = new Map<LogId, readonly MemberId[]>();
  readonly #witnesses = new Map<LogId, WitnessView[]>();

  constructor(state: AuditState, options: AuditOptions, dependencies: AuditDependencies) {
    this.#state = state;
    this.#options = options;
    this.#needs = dependencies;
  }

  async chain(): Promise<void> {
    const { contracts, to, trusted, consensus } = this.#options;
    const { chain, codec, signal } = this.#needs;
    const fold = new ChainFold(this.#state.chain, {
      contracts,
      rules: eventRules,
      codec,
      source: chain.name,
      consensus,
    });
    if (consensus && !(await this.#lead(fold, consensus))) return;
    const { blocks } = this.#progress;
    const from = fold.next;
    blocks.of = Math.max(0, to - from + 1);
    if (from > to) return;
    for await (const block of chain.blocks(from, to, signal)) {
      const { taken, findings } = fold.take(block, fold.next === to ? trusted : undefined);
      this.#state.findings.addAll(findings);
      if (!taken) return;
      blocks.done++;
      this.#tell();
    }
  }

  /** Follows who seals up to the contracts' first block. @returns false where that is not sound */
  async #lead(fold: ChainFold, { block }: Consensus): Promise<boolean> {
    const { chain: state, findings } = this.#state;
    const first = this.#options.contracts.block;
    if (block >= first) malformed('block from which seals are verified', `before block ${first}`, block);
    if (state.head && !state.seals) {
      const wanted = 'one whose seals were verified from the beginning';
      throw new XinlianError('CONFLICT', { what: 'audit state', wanted, got: 'one without' });
    }
    if (state.head) return true;
    let number = block + 1;
    for await (const raw of this.#needs.chain.blocks(number, first - 1, this.#needs.signal)) {
      const wrong = fold.lead(raw, number++);
      findings.addAll(wrong);
      if (wrong.length > 0) return false;
    }
    return true;
  }

  async logs(): Promise<void> {
    const { logs } = this.#state.chain.consortium;
    const anchored = [...logs.values()].filter(({ last }) => last);
    this.#progress.entries.of = anchored.reduce((sum, { id, last }) => sum + (last?.size ?? 0) - this.#provenOf(id), 0);
    const audited = ordered(anchored, this.#options.logsAtATime ?? 4, (log) => this.#log(log));
    for await (const unread of audited) this.#unread.push(...unread);
  }

  async accesses(): Promise<void> {
    const { openings, answers, leastLevel = strictest, read } = this.#needs;
    if (!openings) return;
    const { chain, logs } = this.#state;
    const found = (findings: readonly Finding[]): void => void this.#ofOpenings.push(...findings);
    const accesses = new AccessAudit({ chain, logs, openings, answers, leastLevel, found, read });
    this.#openings = await accesses.run();
    this.#answers = accesses.answersDigest();
  }

  async records(): Promise<void> {
    const { records, logs: sources, signal } = this.#needs;
    if (!records) return;
    const { chain, logs } = this.#state;
    const { openings, terms, late } = records;
    const found = (findings: readonly Finding[]): void => void this.#ofOpenings.push(...findings);
    const unread = (log: Unread): void => void this.#unread.push(log);
    const needs = { chain, logs, sources, records: openings, terms, found, unread, late, signal };
    this.#records = await new RecordAudit(needs).run();
  }

  result(): AuditResult {
    const { contracts, to } = this.#options;
    const { chain, findings: found } = this.#state;
    const { head, consortium } = chain;
    const findings = new Findings([...found.sorted(), ...this.#ofOpenings]).sorted();
    const [openings, records] = [this.#openings, this.#records];
    const packs = records.length > 0 ? (this.#needs.records?.terms.editions ?? []) : [];
    const logs = [...consortium.logs.values()].flatMap((log) => this.#auditedLog(log) ?? []);
    const at = head ?? { number: -1, hash: `0x${'00'.repeat(32)}`, time: 0 };
    const { events, eventCount } = chain;
    const statement = statementOf({
      contracts,
      head: at,
      events,
      eventCount,
      logs,
      openings,
      answers: this.#answers,
      records,
      packs,
      findings,
    });
    const proven = logs.every(({ proven, anchored }) => proven === anchored.size);
    return {
      digest: digestOf(statement),
      statement,
      complete: head?.number === to && this.#unread.length === 0 && proven,
      head,
      asked: to,
      events: chain.eventCount,
      members: Array.from(consortium.members.values(), ({ member }) => member),
      logs,
      findings,
      unread: this.#unread,
      openings,
      records,
      ...(chain.seals && { sealers: chain.seals.kind === 'clique' ? chain.seals.signers : chain.seals.validators }),
    };
  }

  /** @returns what of it could not be read */
  async #log(record: LogRecord): Promise<Unread[]> {
    const { id, owner } = record;
    const { consortium, head } = this.#state.chain;
    const { logs, also = [], signal } = this.#needs;
    const endpoint = consortium.members.get(owner)?.member.endpoints.log;
    const source = logs.of(id, endpoint);
    if (!source) return [{ log: id, owner, source: undefined, reason: 'nobody says where this log is served' }];
    this.#sources.set(id, source);
    const state = this.#state.logs.get(id) ?? emptyLog();
    this.#state.logs.set(id, state);
    const subject = this.#subject(record, head?.time ?? 0);
    const found = (findings: Finding[]): void => this.#state.findings.addAll(findings);
    const options = {
      rules: entryRules,
      concurrency: this.#options.filesAtATime ?? 16,
      found,
      progress: (entries: number) => {
        this.#progress.entries.done += entries;
        this.#tell();
      },
      signal,
    };
    const own = await reached(auditLog(subject, state, source, options));
    const views: [LogSource, LogView][] = [[source, own]];
    this.#cosigners.set(id, own.shown?.cosigners ?? []);
    for (const other of also.flatMap((sources) => sources.of(id, endpoint) ?? [])) {
      views.push([other, await reached(auditView(subject, other, options))]);
    }
    const seen = await this.#askWitnesses(subject, { source, size: own.shown?.checkpoint.size ?? 0 }, found);
    const shown = [...views.flatMap(([, view]) => view.shown ?? []), ...seen];
    found(await compareViews(subject, shown));
    return views.flatMap(([{ name }, { reason }]) =>
      reason === undefined ? [] : [{ log: id, owner, source: name, reason }],
    );
  }

  /** @returns what they saw */
  async #askWitnesses(
    subject: LogSubject,
    main: { source: LogSource; size: number },
    found: (findings: Finding[]) => void,
  ): Promise<ShownNote[]> {
    const { witnesses, signal } = this.#needs;
    const { log: id } = subject.place;
    if (!witnesses || id === undefined) return [];
    const asked = await Promise.all(
      this.#witnessesOf(subject.owner).map(({ id: member, endpoint }) =>
        askWitness(subject, main, { member, source: witnesses.of(id, member, endpoint) }, { found, signal }),
      ),
    );
    this.#witnesses.set(
      id,
      asked.map(({ view }) => view),
    );
    return asked.flatMap(({ shown }) => shown);
  }

  /** Active members, but the owner, that name an address. */
  #witnessesOf(owner: MemberId): { id: MemberId; endpoint: string }[] {
    return [...this.#state.chain.consortium.members.values()].flatMap(({ member: { id, status, endpoints } }) =>
      id !== owner && status === 'active' && endpoints.log !== undefined ? [{ id, endpoint: endpoints.log }] : [],
    );
  }

  #subject({ id, owner, closed }: LogRecord, time: number): LogSubject {
    const { chainId, logAnchor } = this.#options.contracts;
    const { anchors, consortium } = this.#state.chain;
    const keys = [...consortium.members.values()].flatMap(({ member }) =>
      member.keys.checkpoint.map(({ key, since, until }): KnownKey => ({ member: member.id, key, since, until })),
    );
    return {
      origin: checkpointOrigin({ chainId, logAnchor, log: id }),
      owner,
      closed,
      anchors: anchors.get(id) ?? [],
      keys,
      time,
      place: { log: id, member: owner },
    };
  }

  #auditedLog({ id, owner, closed, last }: LogRecord): AuditedLog | undefined {
    if (!last) return undefined;
    const { chain, logs } = this.#state;
    const { kinds, days } = logs.get(id) ?? emptyLog();
    const cosigned = this.#cosigners.get(id) ?? [];
    return {
      log: id,
      owner,
      name: chain.consortium.members.get(owner)?.member.name ?? owner,
      closed,
      source: this.#sources.get(id)?.name,
      anchored: { size: last.size, root: last.root },
      proven: this.#provenOf(id),
      kinds,
      days,
      anchors: chain.anchors.get(id) ?? [],
      cosigned,
      notCosigned: this.#witnessesOf(owner).flatMap((witness) => (cosigned.includes(witness.id) ? [] : [witness.id])),
      witnesses: this.#witnesses.get(id) ?? [],
    };
  }

  #provenOf(log: LogId): number {
    return this.#state.logs.get(log)?.frontier.size ?? 0;
  }

  #tell(): void {
    this.#needs.progress?.(this.#progress);
  }
}

/** Where nobody says which level an item wants. */
function strictest(): ConsentLevel {
  return 'A';
}

/** A source that is not reached is told, and does not end the audit. */
async function reached(view: Promise<LogView>): Promise<LogView> {
  try {
    return await view;
  } catch (error) {
    if (XinlianError.is(error, 'UNREACHABLE')) return { reason: error.details.reason };
    throw error;
  }
}
