// What an auditor asks of public data. Nothing here is believed: each answer has what proves it.
import { entryProof, type EntryProof } from '../../node/core/bundle.ts';
import { fromBase64Url, toBase64, toBase64Url } from '../../node/core/bytes.ts';
import { parseCheckpoint } from '../../node/core/checkpoint.ts';
import type { TenuredKey } from '../../node/core/consortium.ts';
import { decodeEntry } from '../../node/core/entry.ts';
import { malformed, XinlianError } from '../../node/core/errors.ts';
import { parseLogId } from '../../node/core/ids.ts';
import { logPosition, logRead } from '../../node/core/messages/node.ts';
import { parseNote } from '../../node/core/note.ts';
import { decodeBundle, tilePath, TILE_WIDTH } from '../../node/core/tiles.ts';
import type { RecordVersionProof } from '../api/audit.ts';
import { beijingTime } from '../beijing-time.ts';
import type { Chain, Logs, Members, NodeCaller } from '../ports.ts';
import type { Handlers } from './handler.ts';

const MOST_ENTRIES = 1_000;
const MOST_VERSIONS = 100;
/** Anchors follow one another: two proofs are under one checkpoint after as many attempts, or the log moves too fast. */
const ATTEMPTS = 3;

/** A log that is read at its owner's node. */
interface ReadLog {
  proof(position: number): Promise<EntryProof>;
  /** All entries of a bundle under a checkpoint. */
  bundle(index: number, size: number): Promise<Uint8Array[]>;
}

export function auditRoutes(
  { nodeTimeoutMs }: { nodeTimeoutMs: number },
  { members, logs, chain, nodes }: { members: Members; logs: Logs; chain: Chain; nodes: NodeCaller },
) {
  function open(text: string, signal: AbortSignal): ReadLog {
    const log = logs.get(parseLogId(text));
    if (!log) throw new XinlianError('NOT_FOUND', { what: 'log', id: text });
    const options = { signal, timeoutMs: nodeTimeoutMs };
    return {
      proof: async (position) =>
        entryProof.decode(await nodes.call(log.owner, 'log/proof', logPosition.encode({ log: log.id, position }), options)), // prettier-ignore
      bundle: async (index, size) => {
        const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
        const path = tilePath({ level: 'entries', index, width });
        return decodeBundle(await nodes.call(log.owner, 'log/read', logRead.encode({ log: log.id, path }), options));
      },
    };
  }

  return {
    listPublishers({ query }) {
      const { block = chain.final() } = query;
      const head = chain.head()?.number ?? -1;
      if (block > head || block < 0) throw new XinlianError('NOT_FOUND', { what: 'block', id: String(block) });
      const publishers = Array.from(members.list()).flatMap(({ id, name, keys }) => {
        const standing = members.standingAt(id, block);
        if (standing?.status !== 'active' || !standing.roles.includes('source')) return [];
        const key = keyAt(keys.checkpoint, block);
        const { roles, transaction: account } = standing;
        return [{ member: id, name, roles: [...roles], account, ...(key && { checkpointKey: toBase64(key) }) }];
      });
      return { block, publishers };
    },

    async getLogRange({ params, signal }) {
      const [from, to] = [Number(params.from), Number(params.to)];
      if (to < from || to - from >= MOST_ENTRIES)
        malformed('range', `at most ${MOST_ENTRIES} positions, ascending`, `${from} to ${to}`);
      const log = open(params.log, signal);
      const [first, last] = await underOne(log, from, to);
      const size = sizeOf(first);
      const entries: string[] = [];
      for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH <= to; index++) {
        const start = index * TILE_WIDTH;
        const bundle = await log.bundle(index, size);
        entries.push(...bundle.slice(Math.max(0, from - start), to + 1 - start).map(toBase64Url));
      }
      return { log: params.log, from, entries, first, last };
    },

    async getLogHistory({ params, signal }) {
      const log = open(params.log, signal);
      const asked = await versionOf(log, Number(params.position));
      if (!asked) throw new XinlianError('NOT_FOUND', { what: `record in log ${params.log}`, id: params.position });
      const versions: RecordVersionProof[] = [asked.version];
      for (let older = asked.ref; older !== undefined && versions.length < MOST_VERSIONS;) {
        const before = await versionOf(log, older);
        if (!before) break;
        versions.unshift(before.version);
        older = before.ref;
      }
      for (let newer = asked.version; newer.state === 'superseded' && newer.by !== undefined;) {
        const behind = versions.length < MOST_VERSIONS ? await versionOf(log, newer.by) : undefined;
        if (!behind) break;
        versions.push(behind.version);
        newer = behind.version;
      }
      return { log: params.log, versions };
    },
  } satisfies Partial<Handlers>;
}

function keyAt(tenures: readonly TenuredKey[], block: number): Uint8Array | undefined {
  return tenures.findLast(({ since, until = Infinity }) => since <= block && block <= until)?.key;
}

async function underOne(log: ReadLog, from: number, to: number): Promise<[EntryProof, EntryProof]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const last = await log.proof(to);
    const first = await log.proof(from);
    if (first.checkpoint === last.checkpoint) return [first, last];
  }
  throw new XinlianError('CONFLICT', {
    what: 'proofs',
    wanted: 'both under one checkpoint',
    got: 'a log that moves on',
  });
}

function sizeOf({ checkpoint }: EntryProof): number {
  return parseCheckpoint(parseNote(checkpoint).text).size;
}

/** @returns undefined where no record stands there; `ref`: the version before it */
async function versionOf(
  log: ReadLog,
  position: number,
): Promise<{ version: RecordVersionProof; ref?: number } | undefined> {
  const proof = await log.proof(position);
  const entry = decodeEntry(fromBase64Url(proof.entry));
  if (entry.kind !== 'publish' && entry.kind !== 'supersede') return undefined;
  const { kind, item, edition, time } = entry;
  const status = proof.status.value === undefined ? undefined : statusIn(proof.status.value);
  const version = { position, kind, item, edition, time: beijingTime(time), state: 'live', ...status, proof };
  return { version, ...(entry.kind === 'supersede' && { ref: entry.ref }) };
}

/** As the status tree has it: the RFC 8785 form of `{by, state}`. */
function statusIn(value: string): { state: string; by: number } {
  return JSON.parse(value) as { state: string; by: number };
}
