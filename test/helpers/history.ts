// Histories for audits: real agencies' logs, anchored on a real chain, then kept as data that a test may corrupt.
import { ed25519 } from '@noble/curves/ed25519.js';
import { audit, type AuditDependencies, type AuditOptions, type AuditResult } from '../../node/audit/audit.ts';
import type { ReadAccess } from '../../node/audit/access-audit.ts';
import type { ChainSource, LogSource, LogSources, OpeningSource, RawBlock } from '../../node/audit/ports.ts';
import { emptyAudit, type AuditState } from '../../node/audit/state.ts';
import { eventCodec, RpcChainSource } from '../../node/chain/audit-source.ts';
import type { ConsortiumContracts } from '../../node/chain/events.ts';
import type { Admission } from '../../node/core/council.ts';
import { fromUtf8, toHex, utf8, type Hex } from '../../node/core/bytes.ts';
import { checkpointOrigin, encodeCheckpoint } from '../../node/core/checkpoint.ts';
import type { Role } from '../../node/core/consortium.ts';
import type { Entry } from '../../node/core/entry.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { LogId, MemberId } from '../../node/core/ids.ts';
import { consistencyProof } from '../../node/core/merkle.ts';
import { signNote } from '../../node/core/note.ts';
import { statusChangeOf } from '../../node/core/status-change.ts';
import { filesForSize, tilePath } from '../../node/core/tiles.ts';
import { AgencyLog } from '../../node/exchange/agency-log.ts';
import { GroupCommit } from '../../node/exchange/group-commit.ts';
import { readLogFile } from '../../node/exchange/log-files.ts';
import { LevelLogStore } from '../../node/store/log-store.ts';
import type { Batch } from '../../node/store/store.ts';
import { TEST_CHAIN_ID } from './anvil.ts';
import { bodyOf, digest, type Body, type TestConsortium } from './consortium-on-anvil.ts';
import { memoryStore } from './memory-store.ts';

/** Everything that an audit reads, as data. */
export interface History {
  contracts: ConsortiumContracts;
  blocks: RawBlock[];
  /** Files of each log, by path. */
  logs: Map<LogId, Map<string, Uint8Array>>;
}

/** The nth body, with a checkpoint key that signs. */
export function signingBody(n: number, generation = 0): Body & { secret: Uint8Array } {
  const body = bodyOf(n);
  const secret = digest(`checkpoint secret ${n} ${generation}`);
  const keys: Admission['keys'] = { ...body.admission.keys, checkpoint: ed25519.getPublicKey(secret) };
  return { ...body, secret, admission: { ...body.admission, keys } };
}

/** The body with other roles. */
export function withRoles<T extends Body>(body: T, roles: Role[]): T {
  return { ...body, admission: { ...body.admission, roles } };
}

/** One member's log: kept by the classes that a node keeps it by. */
export class TestLog {
  readonly id: LogId;
  readonly #consortium: TestConsortium;
  readonly #body: Body;
  readonly #store: LevelLogStore;
  readonly #log: AgencyLog<Batch>;
  readonly #commits: GroupCommit<Batch>;
  readonly #items = new Map<number, string>();
  #secret: Uint8Array;
  #anchored = 0;

  private constructor(
    consortium: TestConsortium,
    body: Body & { secret: Uint8Array },
    {
      id,
      store,
      log,
      commits,
    }: { id: LogId; store: LevelLogStore; log: AgencyLog<Batch>; commits: GroupCommit<Batch> },
  ) {
    this.#consortium = consortium;
    this.#body = body;
    this.#secret = body.secret;
    this.id = id;
    this.#store = store;
    this.#log = log;
    this.#commits = commits;
  }

  /** Registers it. @param id of a log that is registered already */
  static async open(consortium: TestConsortium, body: Body & { secret: Uint8Array }, id?: LogId): Promise<TestLog> {
    const scope: Hex = toHex(new Uint8Array(32));
    const log = id ?? (await consortium.writer(body).registerLog(scope)).log;
    const levels = await memoryStore();
    const store = new LevelLogStore(levels);
    const own = AgencyLog.create<Batch>(store, { number: 1, id: log, owner: body.id, scope });
    const commits = new GroupCommit<Batch>(() => levels.batch());
    commits.beforeCommit((batch) => own.save(batch));
    return new TestLog(consortium, body, { id: log, store, log: own, commits });
  }

  get size(): number {
    return this.#log.size;
  }

  /** The checkpoint key that signs now. */
  get secret(): Uint8Array {
    return this.#secret;
  }

  /** Item of the record at a position. */
  itemOf(position: number): string {
    return this.#items.get(position) ?? '';
  }

  /** Appends what it is given, good or bad, with what it does to the status of others. */
  append(entries: readonly Entry[]): Promise<number> {
    return this.#commits.run((batch) => {
      for (const entry of entries) {
        const position = this.#log.append(batch, entry);
        if ('item' in entry) this.#items.set(position, entry.item);
        const change = statusChangeOf(entry, position);
        if (change && change.position < position) this.#log.setStatus(batch, change.position, change.value);
      }
      return this.#log.size;
    });
  }

  /** Covers everything by a status entry, and signs. */
  async sign(time: number): Promise<void> {
    await this.#commits.run((batch) => this.#log.appendStatus(batch, time));
    await this.signAsItIs();
  }

  async signAsItIs(): Promise<void> {
    const size = this.#log.size;
    const root = this.#log.root();
    const { logAnchor } = this.#consortium.contracts;
    const name = checkpointOrigin({ chainId: TEST_CHAIN_ID, logAnchor, log: this.id });
    const signer = {
      name,
      publicKey: ed25519.getPublicKey(this.#secret),
      sign: (message: Uint8Array) => ed25519.sign(message, this.#secret),
    };
    const note = await signNote(encodeCheckpoint({ origin: name, size, root }), signer);
    await this.#commits.run((batch) => this.#log.setSigned(batch, { size, root }, note));
  }

  /** Sends the signed checkpoint to the chain. */
  async anchor(): Promise<void> {
    const { signed } = this.#log.state;
    if (!signed || signed.size <= this.#anchored) return;
    const proof =
      this.#anchored === 0 ? [] : consistencyProof(this.#anchored, signed.size, this.#log.reader(signed.size));
    await this.#consortium.writer(this.#body).anchor({ log: this.id, ...signed, proof });
    this.#anchored = signed.size;
  }

  async rotate(secret: Uint8Array): Promise<void> {
    await this.#consortium.writer(this.#body).rotateKey('checkpoint', ed25519.getPublicKey(secret));
    this.#secret = secret;
  }

  /** The files that its node serves. */
  async files(): Promise<Map<string, Uint8Array>> {
    const files = new Map<string, Uint8Array>();
    const { signed } = this.#log.state;
    if (!signed) return files;
    for (const path of ['checkpoint', ...[...filesForSize(signed.size)].map(tilePath)]) {
      files.set(path, Uint8Array.from((await readLogFile(this.#log, this.#store, path)).bytes));
    }
    return files;
  }
}

/** Reads everything that there is. */
export async function record(consortium: TestConsortium, logs: readonly TestLog[]): Promise<History> {
  const { contracts, rpc, anvil } = consortium;
  const head = Number(await anvil.call('eth_blockNumber'));
  const blocks: RawBlock[] = [];
  for await (const block of new RpcChainSource('anvil', contracts, rpc).blocks(contracts.block, head))
    blocks.push(block);
  const files = new Map<LogId, Map<string, Uint8Array>>();
  for (const log of logs) files.set(log.id, await log.files());
  return { contracts, blocks, logs: files };
}

/** A copy that can be corrupted. */
export function copyOf({ contracts, blocks, logs }: History): History {
  const copies = Array.from(logs, ([log, files]): [LogId, Map<string, Uint8Array>] => [
    log,
    new Map(Array.from(files, ([path, bytes]): [string, Uint8Array] => [path, Uint8Array.from(bytes)])),
  ]);
  return { contracts: { ...contracts }, blocks: structuredClone(blocks), logs: new Map(copies) };
}

/** Audits a history as it is told. */
export function auditHistory(
  history: History,
  options: Partial<AuditOptions> & {
    /** What other sources show of the same logs, by their names. */
    also?: Record<string, History['logs']>;
    /** What a member has as a witness, by path; absent where it does not answer. */
    witnesses?: (member: MemberId) => Map<string, Uint8Array> | undefined;
    /** What members handed over. */
    openings?: OpeningSource;
    read?: (access: ReadAccess) => void;
    /** Answers that banks kept. */
    answers?: AsyncIterable<string>;
    /** What agencies opened of their records. */
    records?: NonNullable<AuditDependencies['records']>;
  } = {},
  state: AuditState = emptyAudit(),
): Promise<AuditResult> {
  const { contracts } = history;
  const to = contracts.block + history.blocks.length - 1;
  const { also = {}, witnesses, openings, read, answers, records, ...others } = options;
  return audit(
    state,
    { contracts, to, ...others },
    {
      chain: chainOf(history),
      logs: logsOf(history.logs),
      also: Object.entries(also).map(([name, logs]) => logsOf(logs, name)),
      ...(witnesses && { witnesses: { of: (_, member) => witnessSource(member, witnesses(member)) } }),
      codec: eventCodec(contracts),
      leastLevel: () => 'B',
      ...(openings && { openings }),
      ...(read && { read }),
      ...(answers && { answers }),
      ...(records && { records }),
    },
  );
}

function chainOf({ contracts, blocks }: History): ChainSource {
  return {
    name: 'told chain',
    async *blocks(from, to) {
      yield* blocks.slice(from - contracts.block, to - contracts.block + 1);
    },
  };
}

function logsOf(logs: History['logs'], where = 'mirror'): LogSources {
  return {
    of: (log): LogSource => ({
      name: `${where}/${log}`,
      read: async (path, most) => {
        const bytes = logs.get(log)?.get(path);
        if (bytes && bytes.length > most) {
          throw new XinlianError('TOO_LARGE', { what: path, limit: most, got: bytes.length });
        }
        return bytes;
      },
    }),
  };
}

function witnessSource(member: MemberId, files: Map<string, Uint8Array> | undefined): LogSource {
  return {
    name: `witness ${member}`,
    read: async (path) => {
      if (!files) throw new XinlianError('UNREACHABLE', { peer: member, reason: 'down' });
      return files.get(path);
    },
  };
}

/** The text of a log's checkpoint. */
export function noteOf({ logs }: History, log: LogId): string {
  return fromUtf8(logs.get(log)?.get('checkpoint') ?? utf8(''));
}
