// Makes the next volume of a log's archive: what came since the last one, up to the last final anchor.
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ordered } from '../audit/ordered.ts';
import type { LogSource } from '../audit/ports.ts';
import type { EntryProof } from '../core/bundle.ts';
import { concat, equalBytes, toBase64, utf8 } from '../core/bytes.ts';
import { canonicalize, type JsonValue } from '../core/canonical.ts';
import { parseCheckpoint, parseOrigin } from '../core/checkpoint.ts';
import { MOST_ENTRY_BYTES } from '../core/entry.ts';
import { XinlianError } from '../core/errors.ts';
import { leafHash, TreeFrontier } from '../core/merkle.ts';
import { parseNote, signNote, type NoteSigner } from '../core/note.ts';
import { decodeBundle, tilePath, TILE_WIDTH } from '../core/tiles.ts';
import {
  ANCHOR,
  archiveKeyName,
  CHECKPOINT,
  DESCRIPTION,
  ENTRIES_PER_FILE,
  entriesFile,
  FORMAT_TEXT,
  MANIFEST,
  manifestText,
  MEMBERS,
  SIGNATURE,
  volumeName,
  type ArchivedMembers,
  type Manifest,
} from './format.ts';
import { digestOf, readVolume, treeOf, volumesIn } from './volume.ts';

const AT_A_TIME = 16;
const MOST_FILE_BYTES = TILE_WIDTH * (2 + MOST_ENTRY_BYTES);

export interface MakeDependencies {
  /** Files of the log. */
  source: LogSource;
  /** Proof of the entry at a position, by the last final anchor; undefined where there is no such entry yet. */
  proof: (position: number) => Promise<EntryProof | undefined>;
  members: () => Promise<ArchivedMembers>;
  /** Policy packs, by name. */
  packs: Readonly<Record<string, unknown>>;
  /** The owner's checkpoint key. */
  key: Omit<NoteSigner, 'name'>;
  /** Milliseconds since 1970. */
  clock: { now(): number };
  progress?: (done: number, of: number) => void;
  signal?: AbortSignal;
}

/**
 * Writes the next volume into a folder of this log's archive: whole, or not at all.
 * @param atLeast entries that it must have; fewer make none
 * @returns undefined where there is nothing to archive yet
 * @throws LOG_INCONSISTENT where the source's entries do not give the anchored root; NOT_FOUND; STORE_CORRUPT for a volume
 * before that does not hold
 */
export async function makeVolume(
  directory: string,
  atLeast: number,
  { source, proof, members, packs, key, clock, progress, signal }: MakeDependencies,
): Promise<Manifest | undefined> {
  const last = (await volumesIn(directory)).at(-1);
  const before = last === undefined ? undefined : await edgeOf(join(directory, volumeName(last)));
  const from = before?.manifest.to ?? 0;
  const proven = await proof(from);
  if (!proven?.anchor) return undefined;
  const { origin, size: to, root } = parseCheckpoint(parseNote(proven.checkpoint).text);
  if (to - from < Math.max(1, atLeast)) return undefined;
  if (before && before.manifest.origin !== origin) {
    throw new XinlianError('CONFLICT', { what: directory, wanted: before.manifest.origin, got: origin });
  }

  const number = (last ?? 0) + 1;
  const place = join(directory, volumeName(number));
  const work = `${place}.tmp`;
  await rm(work, { recursive: true, force: true });
  const files: Manifest['files'] = [];
  const put = async (path: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(dirname(join(work, path)), { recursive: true });
    await writeFile(join(work, path), bytes, { flush: true });
    files.push({ path, size: bytes.length, sha256: digestOf(bytes) });
  };

  const tree = new TreeFrontier(from, before?.frontier ?? []);
  const frontier = tree.hashes.map((hash) => toBase64(hash));
  for await (const { first, entries } of inFiles(entriesOf(source, from, to, signal), from)) {
    for (const entry of entries) tree.append(leafHash(entry));
    await put(entriesFile(first), concat(...entries.flatMap((entry) => [lengthOf(entry), entry])));
    progress?.(tree.size - from, to - from);
  }
  if (!equalBytes(tree.root(), root)) {
    const [rootA, rootB] = [tree.root(), root].map((hash) => toBase64(hash)) as [string, string];
    throw new XinlianError('LOG_INCONSISTENT', { log: origin, sizeA: to, rootA, sizeB: to, rootB, proof: [] });
  }
  await put(CHECKPOINT, utf8(proven.checkpoint + (proven.cosignatures ?? '')));
  await put(ANCHOR, utf8(`${canonicalize(proven.anchor)}\n`));
  await put(MEMBERS, utf8(`${canonicalize(await members())}\n`));
  await put(DESCRIPTION, utf8(FORMAT_TEXT));
  for (const [name, pack] of Object.entries(packs)) {
    await put(`policy/${name}.json`, utf8(`${canonicalize(pack as JsonValue)}\n`));
  }

  const manifest: Manifest = {
    type: 'xinlian/archive/v1',
    origin,
    member: proven.signer.member,
    number,
    previous: before?.digest ?? null,
    made: Math.floor(clock.now() / 1000),
    from,
    to,
    frontier,
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
  const bytes = utf8(`${canonicalize(manifest)}\n`);
  const name = archiveKeyName(parseOrigin(origin));
  const note = await signNote(manifestText(name, number, digestOf(bytes)), { ...key, name });
  await writeFile(join(work, MANIFEST), bytes, { flush: true });
  await writeFile(join(work, SIGNATURE), note, { flush: true });
  await rename(work, place);
  return manifest;
}

/** Where the volume before ends: its own entries are read for it, and must hold. */
async function edgeOf(place: string): Promise<{ manifest: Manifest; digest: string; frontier: readonly Uint8Array[] }> {
  const { manifest, digest } = await readVolume(place);
  const tree = await treeOf(place, manifest);
  return { manifest, digest, frontier: tree.hashes };
}

function lengthOf({ length }: Uint8Array): Uint8Array {
  return Uint8Array.of(length >> 8, length & 0xff);
}

/** Entries of a log in order, over whatever bundles they stand in. */
async function* entriesOf(
  source: LogSource,
  from: number,
  to: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const bundles = function* (): Generator<number> {
    for (let index = Math.floor(from / TILE_WIDTH); index * TILE_WIDTH < to; index++) yield index;
  };
  const read = async (index: number): Promise<{ index: number; entries: Uint8Array[] }> => {
    const width = Math.min(TILE_WIDTH, to - index * TILE_WIDTH);
    const path = tilePath({ level: 'entries', index, width });
    const bytes = await source.read(path, MOST_FILE_BYTES, signal);
    if (!bytes) throw new XinlianError('NOT_FOUND', { what: `file of ${source.name}`, id: path });
    return { index, entries: decodeBundle(bytes) };
  };
  for await (const { index, entries } of ordered(bundles(), AT_A_TIME, read)) {
    yield* entries.slice(Math.max(0, from - index * TILE_WIDTH));
  }
}

async function* inFiles(
  entries: AsyncIterable<Uint8Array>,
  from: number,
): AsyncGenerator<{ first: number; entries: Uint8Array[] }> {
  let position = from;
  let held: Uint8Array[] = [];
  for await (const entry of entries) {
    held.push(entry);
    position++;
    if (held.length < ENTRIES_PER_FILE) continue;
    yield { first: position - held.length, entries: held };
    held = [];
  }
  if (held.length > 0) yield { first: position - held.length, entries: held };
}
