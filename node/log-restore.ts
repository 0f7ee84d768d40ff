// Takes a log back into a node's store, from its files as a mirror or an archive has them: entries, tiles, status tree and the
// last signed checkpoint. What is not in the log (records, keys, receipts' openings) comes from other backups.
import type { LogSource } from './audit/ports.ts';
import { equalBytes, fromUtf8, toBase64, type Hex } from './core/bytes.ts';
import { parseCheckpoint, parseOrigin } from './core/checkpoint.ts';
import { decodeEntry, MOST_ENTRY_BYTES } from './core/entry.ts';
import { XinlianError } from './core/errors.ts';
import type { MemberId } from './core/ids.ts';
import { parseNote, signatureLine, verifyNote } from './core/note.ts';
import { statusChangeOf } from './core/status-change.ts';
import { decodeBundle, tilePath, TILE_WIDTH } from './core/tiles.ts';
import { AgencyLog } from './exchange/agency-log.ts';
import { GroupCommit } from './exchange/group-commit.ts';
import type { LogStore, WriteBatch } from './exchange/ports.ts';

const MOST_NOTE_BYTES = 1_000_000;
const MOST_FILE_BYTES = TILE_WIDTH * (2 + MOST_ENTRY_BYTES);

export interface RestoredLog {
  owner: MemberId;
  /** Free number in the store. */
  number: number;
  scope: Hex;
  /** Checkpoint keys that the owner has or had. */
  keys: readonly Uint8Array[];
}

/**
 * @returns entries of the log
 * @throws CONFLICT where the store has this log, or one of its owner; SIGNATURE_INVALID for a checkpoint that the owner did
 * not sign; LOG_INCONSISTENT where the entries do not give its root; STORE_CORRUPT where they do not give their status roots
 */
export async function restoreLog<B extends WriteBatch & { readonly length: number }>(
  source: LogSource,
  store: LogStore<B>,
  { owner, number, scope, keys }: RestoredLog,
): Promise<number> {
  const note = fromUtf8(await need(source, 'checkpoint', MOST_NOTE_BYTES));
  const { text, signatures } = parseNote(note);
  const { origin, size, root } = parseCheckpoint(text);
  const verifiers = keys.map((publicKey) => ({ name: origin, publicKey }));
  verifyNote(note, verifiers);
  const id = parseOrigin(origin).log;
  const there = (await store.logs()).find((log) => log.id === id || log.owner === owner);
  if (there) throw new XinlianError('CONFLICT', { what: 'store', wanted: `no log of ${owner}`, got: there.id });

  const commits = new GroupCommit<B>(() => store.batch());
  const log = AgencyLog.create(store, { number, id, owner, scope });
  commits.beforeCommit((batch) => log.save(batch));
  for (let index = 0; index * TILE_WIDTH < size; index++) {
    const width = Math.min(TILE_WIDTH, size - index * TILE_WIDTH);
    const bytes = await need(source, tilePath({ level: 'entries', index, width }), MOST_FILE_BYTES);
    for (const entry of decodeBundle(bytes)) await take(log, commits, Uint8Array.from(entry));
  }
  if (log.size !== size || !equalBytes(log.root(), root)) {
    const [rootA, rootB] = [log.root(), root].map((hash) => toBase64(hash)) as [string, string];
    throw new XinlianError('LOG_INCONSISTENT', { log: id, sizeA: log.size, rootA, sizeB: size, rootB, proof: [] });
  }
  // Last, and with the log's own signature alone: only a log that has a checkpoint goes on.
  const own = signatures.filter(({ name }) => name === origin).slice(0, 1);
  await commits.run((batch) => log.setSigned(batch, { size, root }, `${text}\n${own.map(signatureLine).join('')}`));
  return size;
}

async function take<B extends WriteBatch & { readonly length: number }>(
  log: AgencyLog<B>,
  commits: GroupCommit<B>,
  bytes: Uint8Array,
): Promise<void> {
  const entry = decodeEntry(bytes);
  const position = log.size;
  if (entry.kind !== 'status') {
    const added = commits.run((batch) => {
      log.append(batch, entry);
      const change = statusChangeOf(entry, position);
      if (change) log.setStatus(batch, change.position, change.value);
    });
    return commits.ready().then(() => void added.catch(() => {}));
  }
  // The status tree is read from the disk: what came before must be there.
  await commits.drain();
  await commits.run((batch) => log.appendStatus(batch, entry.time));
  const { statusRoot } = log.state;
  if (log.size === position + 1 && equalBytes(statusRoot, entry.root)) return;
  const [wanted, got] = [entry.root, statusRoot].map((hash) => toBase64(hash)) as [string, string];
  throw new XinlianError('STORE_CORRUPT', { what: `status entry ${position} of log ${log.state.id}`, wanted, got });
}

async function need(source: LogSource, path: string, most: number): Promise<Uint8Array> {
  const bytes = await source.read(path, most);
  if (bytes) return bytes;
  throw new XinlianError('NOT_FOUND', { what: `file of ${source.name}`, id: path });
}
