// Witnessing in a node: joins hosted members as witnesses with its HTTP surface, and its logs with their witnesses.
import { systemClock } from './chain/clock.ts';
import type { Follower } from './chain/follower.ts';
import type { NodeConfig } from './config.ts';
import { parseCosignerKey, witnessName } from './core/cosignature.ts';
import { XinlianError } from './core/errors.ts';
import { parseLogId, parseMemberId, type MemberId } from './core/ids.ts';
import type { Hex } from './core/bytes.ts';
import { Cosigning, type KnownWitness, type WitnessStanding } from './exchange/cosigning.ts';
import type { GroupCommit } from './exchange/group-commit.ts';
import type { MemberNode } from './exchange/member-node.ts';
import type { Log, WitnessConflict } from './exchange/ports.ts';
import { Witness, type WitnessAnswer } from './exchange/witness.ts';
import type { LevelLogStore } from './store/log-store.ts';
import type { Batch, Store } from './store/store.ts';
import { LevelWitnessStore } from './store/witness-store.ts';

const TIMEOUT_MS = 10_000;
const MOST_ANSWER_BYTES = 64 * 1024;

/** What the node's HTTP surface serves of its members as witnesses. */
export interface WitnessSurface {
  /** @throws MEMBER_UNKNOWN */
  addCheckpoint(member: string, body: Uint8Array): Promise<WitnessAnswer>;
  /** @throws NOT_FOUND */
  checkpoint(member: string, log: string): string;
  conflicts(member: string, log: string): Promise<WitnessConflict[]>;
}

interface Needs {
  store: Store;
  logs: LevelLogStore;
  commits: GroupCommit<Batch>;
  /** Filled behind this. */
  members: ReadonlyMap<MemberId, MemberNode<Batch>>;
  follower: Follower;
  fetch: typeof globalThis.fetch;
  log: Log;
}

export interface Witnesses {
  cosigning: Cosigning<Batch>;
  surface: WitnessSurface;
  /** For the metrics: how each witness of each log answered last. */
  standings(): readonly (WitnessStanding & { log: string })[];
  /** Checkpoints refused since the start, by kind of evidence. */
  conflicts(): ReadonlyMap<WitnessConflict['kind'], number>;
}

export function openWitnesses(
  config: NodeConfig,
  { store, logs, commits, members, follower, fetch, log }: Needs,
): Witnesses {
  const { view } = follower;
  const origin = { chainId: config.chain.chainId, logAnchor: config.chain.logAnchor as Hex };
  const { members: asked = 'all', others = [] } = config.witnesses ?? {};
  const outside = others.map(({ url, key }) => ({ url: url.replace(/\/+$/, ''), cosigner: parseCosignerKey(key) }));
  const counts = new Map<WitnessConflict['kind'], number>();

  const memberWitnesses = (): KnownWitness[] =>
    view.members().flatMap(({ id, endpoints }) => {
      // Members of one node are one operator's: they bear witness to each other of nothing.
      if (members.has(id) || (asked !== 'all' && !asked.includes(id)) || !view.isEntitledNow(id)) return [];
      const publicKey = view.currentKey(id, 'checkpoint');
      if (!publicKey || endpoints.log === undefined) return [];
      const url = `${endpoints.log.replace(/\/+$/, '')}/witness/${id}`;
      return { url, cosigner: { name: witnessName(origin, id), publicKey } };
    });
  const cosigning = new Cosigning<Batch>({
    store: logs,
    commits,
    witnesses: () => [...memberWitnesses(), ...outside],
    post: (url, body, signal) => post(fetch, url, body, signal),
    clock: systemClock,
    logger: log,
  });
  const witness = new Witness<Batch>(origin, {
    store: new LevelWitnessStore(store),
    commits,
    view,
    clock: systemClock,
    logger: log,
    conflicted: (kind) => counts.set(kind, (counts.get(kind) ?? 0) + 1),
  });
  const hosted = (id: string): MemberNode<Batch> => {
    const member = members.get(parseMemberId(id));
    if (!member) throw new XinlianError('MEMBER_UNKNOWN', { member: id });
    return member;
  };
  return {
    cosigning,
    surface: {
      addCheckpoint: async (member, body) => witness.add(hosted(member).witnessing(), body),
      checkpoint: (member, id) => witness.witnessed(hosted(member).id, parseLogId(id)),
      conflicts: async (member, id) => witness.conflicts(hosted(member).id, parseLogId(id)),
    },
    standings: () => cosigning.standings(),
    conflicts: () => counts,
  };
}

async function post(
  fetch: typeof globalThis.fetch,
  url: string,
  body: string,
  signal: AbortSignal,
): Promise<{ status: number; type: string; body: string }> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    // The chain names this address; where it sends a caller on to is nobody's word.
    redirect: 'error',
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  const parts: Uint8Array[] = [];
  let got = 0;
  for await (const part of response.body ?? []) {
    got += part.length;
    if (got > MOST_ANSWER_BYTES) throw new XinlianError('TOO_LARGE', { what: url, limit: MOST_ANSWER_BYTES, got });
    parts.push(part);
  }
  const text = Buffer.concat(parts).toString();
  return { status: response.status, type: response.headers.get('content-type') ?? '', body: text };
}
