// Joins the audit with a real chain and real logs: the composition root of `xinlian audit`.
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { getAddress } from 'ethers/address';
import {
  audit,
  replayChain,
  type AuditDependencies,
  type AuditOptions,
  type AuditProgress,
  type AuditResult,
} from './audit/audit.ts';
import { AuditEvidence } from './audit-evidence.ts';
import { AuditMonitor, type Alert, type Round } from './audit-monitor.ts';
import type { ReadAccess } from './audit/access-audit.ts';
import type { Anchor } from './audit/chain-fold.ts';
import { historyOf, whoCanPublish, type Publisher, type VersionPlace } from './audit/questions.ts';
import type { LateRecord, PublicationTerms } from './audit/record-audit.ts';
import { decodeAudit, emptyAudit, encodeAudit, type AuditState } from './audit/state.ts';
import type { ChainSource, LogSources } from './audit/ports.ts';
import { provenEntries, type ProvenEntry } from './audit/proven-entries.ts';
import { eventCodec, RpcChainSource } from './chain/audit-source.ts';
import { readHeader } from './chain/blocks.ts';
import { systemClock } from './chain/clock.ts';
import type { ConsortiumContracts } from './chain/events.ts';
import { JsonRpc, type Rpc } from './chain/rpc.ts';
import { AuditedChainConfig, contractsOf } from './config.ts';
import type { Hex } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import type { LogId } from './core/ids.ts';
import type { Consensus } from './core/seals.ts';
import { directorySources, endpointSources, templateSources, witnessSources } from './log-sources.ts';
import { answerFiles, openingFiles, recordFiles } from './opening-files.ts';
import { GRANT_PACKS, GrantRules } from './policy/grant-rules.ts';
import { builtInCatalogue } from './policy/pack.ts';
import { builtInPolicies } from './policy/rules.ts';
import { Timeliness } from './policy/timeliness.ts';
import { lastRecorded, recordedChain, recording } from './recorded-chain.ts';
import { readSettings } from './settings.ts';

export interface AuditorOptions {
  /** JSON-RPC addresses, the preferred one first; or a chain that was recorded. */
  chain: { rpc: readonly string[] } | { file: string };
  /** File to record the chain in, as it is told. */
  record?: string | undefined;
  contracts: ConsortiumContracts;
  /** Where logs are read: an address with `{log}`, a directory, or (absent) where their owners say on the chain. */
  logs?: { template: string } | { directory: string } | undefined;
  /** More addresses, with `{log}`, whose checkpoints are compared with those of `logs`. */
  also?: readonly string[] | undefined;
  /** Whether every member is asked what it saw as a witness, at its own address. */
  witnesses?: boolean | undefined;
  /** The last block; default: the last final one. */
  block?: number | undefined;
  /** Hash that this block is known to have. */
  blockHash?: Hex | undefined;
  /** Blocks that make one final; absent: the engine's own tag `finalized`. */
  depth?: number | undefined;
  /** Who seals the chain, from a block before the contracts' on. */
  consensus?: Consensus | undefined;
  /** File to go on from, and to keep the state in. */
  stateFile?: string | undefined;
  /** Files of openings that members handed over: `xinlian receipts export`. */
  openings?: readonly string[] | undefined;
  /** Files of answers that banks kept as they were signed: `xinlian open --signed`. Judged where there are openings. */
  answers?: readonly string[] | undefined;
  /** Files of records that agencies opened: `xinlian records export`. */
  records?: readonly string[] | undefined;
  /** Files of a log read at a time. */
  filesAtATime?: number | undefined;
}

export interface AuditorDependencies {
  fetch: typeof globalThis.fetch;
  progress?: (progress: AuditProgress) => void;
  /** Told of every receipt that its log bears out. */
  read?: (access: ReadAccess) => void;
  /** Told of every record that was published too late. */
  late?: (record: LateRecord) => void;
  signal?: AbortSignal;
}

const grantRules = new GrantRules(GRANT_PACKS, builtInCatalogue);
const timeliness = new Timeliness(builtInPolicies);
const terms: PublicationTerms = {
  editions: timeliness.editions,
  decidedIn: (item) => timeliness.decidedIn(item),
  names: (item, edition) => builtInCatalogue.names(item, edition),
  lateness: (published) => timeliness.lateness(published),
};

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** What a file says of a consortium. */
export interface AuditedChain {
  contracts: ConsortiumContracts;
  /** JSON-RPC addresses; none where the file names none. */
  endpoints: readonly string[];
  /** Blocks that make one final; absent: the engine's tag. */
  depth: number | undefined;
  /** Who seals it; undefined where the file does not say. */
  consensus: Consensus | undefined;
}

/** Reads a file that names the contracts of a consortium. @throws CONFIG_INVALID with every fault at once */
export function readAuditedChain(file: string): AuditedChain {
  const config = readSettings(AuditedChainConfig, { file, prefix: 'XINLIAN_AUDIT', environment: {} });
  const { endpoints = [], finality } = config;
  const named = contractsOf(config);
  const contracts = {
    ...named,
    membership: getAddress(named.membership) as Hex,
    logAnchor: getAddress(named.logAnchor) as Hex,
    grantRegistry: getAddress(named.grantRegistry) as Hex,
    recognitionRegistry: getAddress(named.recognitionRegistry) as Hex,
  };
  const { consensus } = config;
  const sealed = consensus && { ...consensus, sealers: consensus.sealers as Hex[] };
  return { contracts, endpoints, consensus: sealed, depth: finality?.kind === 'depth' ? finality.depth : undefined };
}

/** @throws CONFIG_INVALID, CHAIN_UNREACHABLE, CHAIN_WRONG, STORE_CORRUPT, CONFLICT, CANCELLED */
export function runAudit(options: AuditorOptions, dependencies: AuditorDependencies): Promise<AuditResult> {
  return withChain(options, (to, chain) => auditTo(to, chain, options, dependencies));
}

/** As `runAudit`, over any source of blocks. */
export function auditTo(
  to: number,
  chain: ChainSource,
  options: Omit<AuditorOptions, 'chain' | 'record' | 'block' | 'depth'>,
  dependencies: AuditorDependencies,
): Promise<AuditResult> {
  return withState(options, (state) => audit(state, auditOptions(to, options), needsOf(chain, options, dependencies)));
}

export interface FollowOptions {
  /** Milliseconds between rounds. */
  everyMs: number;
  /** Seconds without a block that are a stall. */
  stallSeconds: number;
  /** Folder for what proves a finding of a source. */
  evidence?: string | undefined;
}

/**
 * Audits over and over, up to what is final each time, until it is aborted. What is found is told before it is kept, so
 * that an end at any moment loses no alert, and at most tells some again.
 * @returns the last result
 * @throws CONFIG_INVALID, STORE_CORRUPT, CONFLICT
 */
export async function followAudit(
  options: AuditorOptions,
  { evidence: folder, ...follow }: FollowOptions,
  dependencies: AuditorDependencies & {
    tell: (alert: Alert) => void;
    done?: (round: Round) => void;
    signal: AbortSignal;
  },
): Promise<AuditResult | undefined> {
  const { contracts, stateFile } = options;
  const { tell, done, signal } = dependencies;
  const state = await loadState(stateFile, contracts);
  const evidence =
    folder === undefined ? undefined : new AuditEvidence(folder, (log) => state.chain.anchors.get(log) ?? []);
  const monitor = new AuditMonitor(
    { ...follow, told: state.findings.sorted(), lastTime: state.chain.head?.time },
    {
      round: (watched) =>
        withChain(options, (to, source) => {
          const { chain, logs, also = [], ...needs } = needsOf(source, options, dependencies);
          const watchedNeeds = { chain: watched.chain(chain), logs: watched.logs(logs), also: also.map(watched.logs) };
          return audit(state, auditOptions(to, options), { ...needs, ...watchedNeeds });
        }),
      evidence,
      codec: eventCodec(contracts),
      tell,
      done: async (round) => {
        if (stateFile !== undefined) await saveState(stateFile, state, contracts);
        done?.(round);
      },
      clock: systemClock,
      signal,
    },
  );
  return monitor.run();
}

/** Who could publish at the end of the block. @throws CHAIN_WRONG where the chain is not sound up to there */
export function askPublishers(options: AuditorOptions, dependencies: AuditorDependencies): Promise<Publisher[]> {
  return withChain(options, async (to, chain) => {
    const state = emptyAudit();
    await replayTo(to, chain, state, options, dependencies);
    return whoCanPublish(state.chain);
  });
}

/** Entries of a log, each proved from its last anchor up to the block. @throws also as `provenEntries`; NOT_FOUND */
export function askEntries(
  { log, from, to: end }: { log: LogId; from: number; to: number },
  options: AuditorOptions,
  dependencies: AuditorDependencies,
  take: (entry: ProvenEntry, anchor: Anchor) => void,
): Promise<void> {
  return withChain(options, async (to, chain) => {
    const state = emptyAudit();
    await replayTo(to, chain, state, options, dependencies);
    const { anchors, consortium } = state.chain;
    const anchor = anchors.get(log)?.at(-1);
    const owner = consortium.logs.get(log)?.owner;
    const endpoint = owner && consortium.members.get(owner)?.member.endpoints.log;
    const source = needsOf(chain, options, dependencies).logs.of(log, endpoint);
    if (!anchor || !source) throw new XinlianError('NOT_FOUND', { what: 'anchored log', id: log });
    for await (const entry of provenEntries(anchor, source, { from, to: end }, dependencies.signal))
      take(entry, anchor);
  });
}

/** The versions of a record, by an audit up to the block, with its result. */
export function askHistory(
  { log, position }: { log: LogId; position: number },
  options: AuditorOptions,
  dependencies: AuditorDependencies,
): Promise<{ versions: VersionPlace[]; result: AuditResult }> {
  return withChain(options, (to, chain) =>
    withState(options, async (state) => {
      const result = await audit(state, auditOptions(to, options), needsOf(chain, options, dependencies));
      const folded = state.logs.get(log);
      return { versions: folded ? historyOf(folded, position) : [], result };
    }),
  );
}

/** Every receipt that the openings bear out, with an audit up to the block. Of one member as grantee, where it is named. */
export function askReads(
  options: AuditorOptions,
  dependencies: AuditorDependencies,
  read: (access: ReadAccess) => void,
): Promise<AuditResult> {
  return runAudit(options, { ...dependencies, read });
}

/** Every record that was published too late, by what agencies opened, with an audit up to the block. */
export function askLate(
  options: AuditorOptions,
  dependencies: AuditorDependencies,
  late: (record: LateRecord) => void,
): Promise<AuditResult> {
  return runAudit(options, { ...dependencies, late });
}

async function replayTo(
  to: number,
  chain: ChainSource,
  state: AuditState,
  options: AuditorOptions,
  dependencies: AuditorDependencies,
): Promise<void> {
  const reached = await replayChain(state, auditOptions(to, options), needsOf(chain, options, dependencies));
  const [found] = state.findings.sorted();
  if (reached && !found) return;
  throw new XinlianError('CHAIN_WRONG', {
    what: chain.name,
    wanted: `a sound chain to block ${to}: see xinlian audit`,
    got: found ? `${found.rule} in block ${found.block}` : `an end at block ${state.chain.head?.number ?? 'none'}`,
  });
}

async function withChain<T>(
  { contracts, chain: told, record, block, depth }: AuditorOptions,
  use: (to: number, chain: ChainSource) => Promise<T>,
): Promise<T> {
  if ('file' in told) return use(block ?? (await lastRecorded(told.file)), recordedChain(told.file));
  const rpc = new JsonRpc({ endpoints: told.rpc, chainId: contracts.chainId }, { clock: systemClock, log: silent });
  try {
    const chain = new RpcChainSource(told.rpc.map(shown).join(', '), contracts, rpc);
    const to = block ?? (await finalBlock(rpc, depth));
    return await use(to, record === undefined ? chain : recording(chain, record));
  } finally {
    rpc.close();
  }
}

async function withState<T>(
  { stateFile, contracts }: Pick<AuditorOptions, 'stateFile' | 'contracts'>,
  use: (state: AuditState) => Promise<T>,
): Promise<T> {
  const state = await loadState(stateFile, contracts);
  try {
    return await use(state);
  } finally {
    // Whatever broke it off, each block and each entry was taken whole: it can be gone on with.
    if (stateFile !== undefined) await saveState(stateFile, state, contracts);
  }
}

function auditOptions(
  to: number,
  {
    contracts,
    blockHash,
    consensus,
    filesAtATime,
  }: Pick<AuditorOptions, 'contracts' | 'blockHash' | 'consensus' | 'filesAtATime'>,
): AuditOptions {
  return { contracts, to, trusted: blockHash, consensus, ...(filesAtATime !== undefined && { filesAtATime }) };
}

function needsOf(
  chain: ChainSource,
  {
    contracts,
    logs,
    also = [],
    witnesses,
    openings = [],
    answers = [],
    records = [],
  }: Pick<AuditorOptions, 'contracts' | 'logs' | 'also' | 'witnesses' | 'openings' | 'answers' | 'records'>,
  { fetch, progress, read, late, signal }: AuditorDependencies,
): AuditDependencies {
  return {
    chain,
    logs: sourcesOf(logs, fetch),
    also: also.map((template) => templateSources(template, fetch)),
    ...(witnesses === true && { witnesses: witnessSources(fetch) }),
    codec: eventCodec(contracts),
    ...(openings.length > 0 && { openings: openingFiles(openings) }),
    ...(answers.length > 0 && { answers: answerFiles(answers) }),
    leastLevel: (item) => grantRules.leastLevelOfAll(item),
    ...(read && { read }),
    ...(records.length > 0 && { records: { openings: recordFiles(records), terms, ...(late && { late }) } }),
    ...(progress && { progress }),
    ...(signal && { signal }),
  };
}

function sourcesOf(logs: AuditorOptions['logs'], fetch: typeof globalThis.fetch): LogSources {
  if (!logs) return endpointSources(fetch);
  return 'template' in logs ? templateSources(logs.template, fetch) : directorySources(logs.directory);
}

async function finalBlock(rpc: Rpc, depth: number | undefined): Promise<number> {
  const header = await readHeader(rpc, depth === undefined ? 'finalized' : 'latest');
  if (!header) throw new XinlianError('CHAIN_WRONG', { what: 'engine', wanted: 'a final block', got: 'none' });
  return depth === undefined ? header.number : Math.max(0, header.number - depth + 1);
}

/** An address without what may be a secret in it. */
function shown(endpoint: string): string {
  return URL.canParse(endpoint) ? new URL(endpoint).origin : endpoint;
}

async function loadState(file: string | undefined, contracts: ConsortiumContracts): Promise<AuditState> {
  if (file === undefined || !existsSync(file)) return emptyAudit();
  const packed = await readFile(file);
  let bytes: Uint8Array;
  try {
    bytes = await promisify(gunzip)(packed);
  } catch (cause) {
    throw new XinlianError('STORE_CORRUPT', { what: file, wanted: 'gzip', got: String(cause) }, { cause });
  }
  return decodeAudit(bytes, contracts);
}

/** Whole or not at all. */
async function saveState(file: string, state: AuditState, contracts: ConsortiumContracts): Promise<void> {
  const packed = await promisify(gzip)(encodeAudit(state, contracts), { level: 1 });
  await writeFile(`${file}.tmp`, packed, { flush: true });
  await rename(`${file}.tmp`, file);
}
