// The checkpoint that a source serves of a log: read, judged, and kept to be compared with what others were shown.
import { equalBytes, fromUtf8 } from '../core/bytes.ts';
import { parseCheckpoint, parseOrigin, type Checkpoint, type LogOrigin } from '../core/checkpoint.ts';
import { readCosignature, witnessName } from '../core/cosignature.ts';
import { decodeEntry } from '../core/entry.ts';
import { XinlianError } from '../core/errors.ts';
import { HASH_LENGTH, rootHash, rootNodes } from '../core/merkle.ts';
import type { MemberId } from '../core/ids.ts';
import { keyId, parseNote, verifyNote, type Note, type NoteSignature } from '../core/note.ts';
import { tileHashReader, tilesForNodes, TILE_WIDTH } from '../core/tiles.ts';
import type { KnownKey, LogSubject } from './log-subject.ts';
import type { LogSource } from './ports.ts';
import type { ProvenTree } from './proven-tree.ts';
import { judge, type Finding } from './rule.ts';
import { noteRules, type NoteFacts, type Signer } from './rules/notes.ts';
import { ServedFiles } from './served-files.ts';

/** A checkpoint of a log's owner, with where it was shown. */
export interface ShownNote {
  checkpoint: Checkpoint;
  /** The signed note. */
  text: string;
  /** Members that cosigned it. */
  cosigners: readonly MemberId[];
  files: ServedFiles;
}

export class ServedNote {
  readonly files: ServedFiles;
  readonly #subject: LogSubject;
  readonly #note: ReadNote;

  private constructor(subject: LogSubject, note: ReadNote, files: ServedFiles) {
    this.#subject = subject;
    this.#note = note;
    this.files = files;
  }

  /**
   * @param least entries that the source has at least: a plain file server has its partial tiles in one width alone
   * @returns undefined where the source has none. @throws UNREACHABLE, CANCELLED
   */
  static async fetch(
    subject: LogSubject,
    source: LogSource,
    signal: AbortSignal | undefined,
    least = 0,
  ): Promise<ServedNote | undefined> {
    const bytes = await ServedFiles.note(source, signal);
    if (!bytes) return undefined;
    const note = readNote(bytes, subject);
    // What nobody signed says nothing of what the source has.
    const signed = note.stranger || note.signers.some(({ member }) => member === subject.owner);
    const size = (signed && note.checkpoint?.size) || anchoredSize(subject);
    return new ServedNote(subject, note, new ServedFiles(source, Math.max(size, least), signal));
  }

  /** Whether it is by a key that no member has up to the last block: it cannot be judged. */
  get later(): boolean {
    return this.#note.stranger && (this.#note.checkpoint?.size ?? 0) > anchoredSize(this.#subject);
  }

  /** @param tree what the last anchored root proves, where that was gone through */
  async judge(tree: ProvenTree | undefined): Promise<Finding[]> {
    const { text, signers } = this.#note;
    const facts = await noteFacts(this.#subject, this.#note, this.files, tree);
    const source = this.files.source.name;
    return judge(noteRules, facts, {
      ...this.#subject.place,
      source,
      file: 'checkpoint',
      // Signed, it is the evidence itself.
      ...(text !== undefined && signers.length > 0 && { notes: [text] }),
    });
  }

  /** As `judge`, of what a witness saw: it may be of long ago. */
  async judgeSeen(): Promise<Finding[]> {
    const found = await this.judge(undefined);
    return found.filter(({ rule }) => !OF_NOW.has(rule));
  }

  /** For comparison; undefined for what its owner did not sign. */
  get shown(): ShownNote | undefined {
    const { checkpoint, signers, text, cosigners } = this.#note;
    const { owner, origin } = this.#subject;
    const own = checkpoint?.origin === origin && signers.some(({ member }) => member === owner);
    return own && text !== undefined ? { checkpoint, text, cosigners, files: this.files } : undefined;
  }
}

function anchoredSize({ anchors }: LogSubject): number {
  return anchors.at(-1)?.size ?? 0;
}

interface ReadNote {
  /** Undefined where it is not UTF-8. */
  text: string | undefined;
  checkpoint: Checkpoint | undefined;
  /** Members whose keys signed. */
  signers: Signer[];
  /** Members whose cosignatures hold. */
  cosigners: MemberId[];
  /** Name of a witness whose line does not. */
  badCosignature: string | undefined;
  /** Whether no signature even names a key of a member. */
  stranger: boolean;
}

/** Rules that ask of a checkpoint that it is the newest. */
const OF_NOW = new Set(['note-behind', 'note-unanchored']);

function readNote(bytes: Uint8Array, { keys, origin }: Pick<LogSubject, 'keys' | 'origin'>): ReadNote {
  let text: string | undefined;
  try {
    text = fromUtf8(bytes);
    const note = text;
    const parsed = parseNote(text);
    const signers = parsed.signatures.flatMap((signature) => signersOf(note, signature, keys));
    const stranger = !parsed.signatures.some((signature) => keys.some(({ key }) => isOf(signature, key)));
    const checkpoint = parseCheckpoint(parsed.text);
    return { text, checkpoint, signers, stranger, ...cosignersOf(parsed, keys, parseOrigin(origin)) };
  } catch (error) {
    if (XinlianError.is(error, 'MALFORMED') || XinlianError.is(error, 'TOO_LARGE')) {
      const none = { cosigners: [], badCosignature: undefined };
      return { text, checkpoint: undefined, signers: [], stranger: false, ...none };
    }
    throw error;
  }
}

/** Members that cosigned, each once, whatever the tenure of their key. */
function cosignersOf(
  { text, signatures }: Note,
  keys: readonly KnownKey[],
  origin: LogOrigin,
): Pick<ReadNote, 'cosigners' | 'badCosignature'> {
  const known = keys.map(({ member, key }) => ({ member, name: witnessName(origin, member), publicKey: key }));
  const cosigners = new Set<MemberId>();
  let badCosignature: string | undefined;
  for (const signature of signatures) {
    try {
      const cosigner = readCosignature(text, signature, known)?.cosigner;
      if (cosigner) cosigners.add((cosigner as (typeof known)[number]).member);
    } catch (error) {
      if (!XinlianError.is(error, 'SIGNATURE_INVALID')) throw error;
      badCosignature = signature.name;
    }
  }
  return { cosigners: [...cosigners], badCosignature };
}

/** Tenures of the key that made a signature, where it is known and the signature holds. */
function signersOf(note: string, signature: NoteSignature, keys: readonly KnownKey[]): Signer[] {
  const { name } = signature;
  const named = keys.filter(({ key }) => isOf(signature, key));
  const good = named.find(({ key }) => {
    try {
      verifyNote(note, [{ name, publicKey: key }]);
      return true;
    } catch (error) {
      if (XinlianError.is(error, 'SIGNATURE_INVALID')) return false;
      throw error;
    }
  });
  return good ? named.filter(({ key }) => equalBytes(key, good.key)) : [];
}

/** Whether a signature line names this key. */
function isOf({ name, keyId: id }: NoteSignature, publicKey: Uint8Array): boolean {
  return keyId({ name, publicKey }) === id;
}

async function noteFacts(
  { origin, owner, closed, anchors, time }: LogSubject,
  { checkpoint, signers, stranger, badCosignature }: ReadNote,
  files: ServedFiles,
  tree: ProvenTree | undefined,
): Promise<NoteFacts> {
  const last = anchors.at(-1);
  const size = checkpoint?.size ?? 0;
  const anchor = anchors.find((one) => one.size === size);
  const facts = {
    checkpoint,
    origin,
    owner,
    signers,
    stranger,
    badCosignature,
    anchor,
    anchored: last?.size ?? 0,
    closed,
    time,
  };
  const nothing = { root: undefined, extends: undefined, lastTime: undefined };
  if (!checkpoint || !last || anchor || size === 0) return { ...facts, ...nothing };
  if (size < last.size) return { ...facts, ...nothing, root: await servedRoot(files, tree, size) };
  // Hashes that are not there show nothing: whoever signs a checkpoint has them.
  const older = await servedRoot(files, tree, last.size);
  const newer = await servedRoot(files, tree, size);
  const extending = older && newer && equalBytes(older, last.root) && equalBytes(newer, checkpoint.root);
  return { ...facts, ...nothing, extends: extending ?? false, lastTime: await lastTime(files, size) };
}

/** Root at a size by the served hashes, the proven ones in their place. Undefined where some are missing. */
export async function servedRoot(
  files: ServedFiles,
  tree: ProvenTree | undefined,
  size: number,
): Promise<Uint8Array | undefined> {
  const tiles = new Map<string, Uint8Array>();
  for (const { level, index, width } of tilesForNodes(rootNodes(size), size)) {
    const { content } = await files.tile(level, index, width);
    if (typeof content === 'string' || content.length < width * HASH_LENGTH) return undefined;
    tiles.set(`${level}/${index}`, await overlay(content, tree, level, index));
  }
  return rootHash(
    size,
    tileHashReader((level, index) => tiles.get(`${level}/${index}`) ?? new Uint8Array(), size),
  );
}

async function overlay(
  served: Uint8Array,
  tree: ProvenTree | undefined,
  level: number,
  index: number,
): Promise<Uint8Array> {
  const proven = tree?.has(level, index) ? await tree.tile(level, index) : undefined;
  if (!proven) return served;
  const whole = Uint8Array.from(served);
  whole.set(proven.subarray(0, whole.length));
  return whole;
}

/** Time of the last entry under a checkpoint; undefined where it cannot be read. */
async function lastTime(files: ServedFiles, size: number): Promise<number | undefined> {
  const index = Math.floor((size - 1) / TILE_WIDTH);
  const { content } = await files.bundle(index, size - index * TILE_WIDTH);
  const bytes = typeof content === 'string' ? undefined : content[(size - 1) % TILE_WIDTH];
  if (!bytes) return undefined;
  try {
    return decodeEntry(bytes).time;
  } catch (error) {
    if (XinlianError.is(error, 'MALFORMED') || XinlianError.is(error, 'TOO_LARGE')) return undefined;
    throw error;
  }
}
