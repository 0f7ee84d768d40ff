// Verifies an archive with nothing but itself: every byte of every volume, and that each goes on from the one before.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { verifyAnchorEvent, verifyAnchorReceipt } from '../core/anchor-proof.ts';
import { anchorProof } from '../core/bundle.ts';
import { fromBase64Url, fromHex, fromUtf8, toBase64 } from '../core/bytes.ts';
import { parseCheckpoint, parseOrigin } from '../core/checkpoint.ts';
import { cosignaturesOf, witnessName } from '../core/cosignature.ts';
import { XinlianError } from '../core/errors.ts';
import { decodeHeader, type BlockHeader } from '../core/ethereum.ts';
import { parseMemberId } from '../core/ids.ts';
import type { TreeFrontier } from '../core/merkle.ts';
import { parseNote, verifyNote } from '../core/note.ts';
import {
  ANCHOR,
  archiveKeyName,
  CHECKPOINT,
  MANIFEST,
  manifestText,
  MEMBERS,
  membersCodec,
  SIGNATURE,
  volumeName,
  type ArchivedMembers,
  type Manifest,
} from './format.ts';
import { digestOf, readPart, readVolume, treeOf, volumesIn } from './volume.ts';

export interface ArchiveFault {
  volume: string;
  /** Path in the volume. */
  file: string;
  wanted: string;
  got: string;
}

export interface VerifiedVolume {
  number: number;
  from: number;
  to: number;
  /** Seconds since 1970. */
  made: number;
  /** Who signed: the owner's checkpoint key, base64url. */
  key: string;
  /** Members that cosigned its checkpoint. */
  cosigned: string[];
  /** Block that anchors it: whoever knows it to be part of the chain has to trust nothing else. */
  block: BlockHeader;
}

export interface ArchiveVerification {
  /** Origin line of the log; absent where no volume could be read. */
  origin?: string;
  member?: string;
  volumes: VerifiedVolume[];
  /** Nothing else is wrong in a volume behind its first fault but is told too, by file. */
  faults: ArchiveFault[];
}

export interface ArchiveOptions {
  /** Keys that may sign, base64url; absent: those that the volume itself says its owner had. */
  keys?: readonly string[];
  progress?: (done: number, of: number) => void;
}

/** Throws NOT_FOUND where there is no volume; what is wrong with volumes is in the faults. */
export async function verifyArchive(
  directory: string,
  { keys, progress }: ArchiveOptions = {},
): Promise<ArchiveVerification> {
  const numbers = (await volumesIn(directory)).sort((a, b) => a - b);
  if (numbers.length === 0) throw new XinlianError('NOT_FOUND', { what: 'archive volumes', id: directory });
  const verification: ArchiveVerification = { volumes: [], faults: [] };
  let before: VolumeBefore | undefined;
  let expected = numbers[0] ?? 1;
  for (const [i, number] of numbers.entries()) {
    const volume = new VolumeCheck(directory, number, verification.faults);
    volume.comesAfter(expected);
    expected = number + 1;
    const read = await volume.manifest();
    if (read) {
      const { manifest, digest } = read;
      verification.origin ??= manifest.origin;
      verification.member ??= manifest.member;
      const key = await volume.signer(manifest, digest, keys);
      const verified = key === undefined ? undefined : await volume.content(manifest, key, before);
      if (verified) verification.volumes.push(verified.volume);
      // What its signer did not write says nothing of the next.
      before = key === undefined ? undefined : { manifest, digest, tree: verified?.tree };
    } else {
      before = undefined;
    }
    progress?.(i + 1, numbers.length);
  }
  return verification;
}

interface VolumeBefore {
  manifest: Manifest;
  digest: string;
  /** Absent where it does not hold. */
  tree: TreeFrontier | undefined;
}

class VolumeCheck {
  readonly #place: string;
  readonly #number: number;
  readonly #faults: ArchiveFault[];
  /** Files that are not what the manifest says: what is in them is not judged again. */
  readonly #bad = new Set<string>();

  constructor(directory: string, number: number, faults: ArchiveFault[]) {
    this.#place = join(directory, volumeName(number));
    this.#number = number;
    this.#faults = faults;
  }

  comesAfter(expected: number): void {
    this.#same(MANIFEST, volumeName(expected), volumeName(this.#number));
  }

  async manifest(): Promise<{ manifest: Manifest; digest: string } | undefined> {
    try {
      return await readVolume(this.#place);
    } catch (error) {
      this.#failed(MANIFEST, error);
      return undefined;
    }
  }

  /**
   * Who signed the manifest, of the keys that may. Which of manifest, note and keys was changed is told from the two that
   * agree. Undefined where they do not.
   */
  async signer(
    { origin, number, files }: Manifest,
    digest: string,
    keys: readonly string[] | undefined,
  ): Promise<string | undefined> {
    const members = await this.#part(MEMBERS, async (bytes) => membersCodec.decode(bytes));
    if (!members && !keys) return undefined;
    const known = keys ?? members?.flatMap(({ checkpoint }) => checkpoint.map(({ key }) => key)) ?? [];
    let signed: { text: string; key: string };
    try {
      signed = signedBy(fromUtf8(await readPart(this.#place, SIGNATURE)), known);
    } catch (error) {
      const wanted = files.find(({ path }) => path === MEMBERS)?.sha256 ?? 'none';
      const got = (await this.#part(MEMBERS, async (bytes) => digestOf(bytes))) ?? 'nothing';
      if (keys === undefined && wanted !== got) this.#fault(MEMBERS, wanted, got);
      else this.#failed(SIGNATURE, error);
      return undefined;
    }
    const [, , signedDigest = 'none'] = signed.text.split('\n');
    this.#same(MANIFEST, signedDigest, digest);
    if (this.#bad.has(MANIFEST)) return undefined;
    // From here on the manifest is what its signer wrote.
    const wanted = await this.#part(MANIFEST, async () =>
      manifestText(archiveKeyName(parseOrigin(origin)), number, digest),
    );
    if (wanted !== undefined) this.#same(SIGNATURE, wanted, signed.text);
    return signed.key;
  }

  #follows({ number, previous, from, frontier, origin, member }: Manifest, before: VolumeBefore | undefined): void {
    this.#same(MANIFEST, String(this.#number), String(number));
    // The first volume that is here may have ones before it that are elsewhere; one before it may be broken.
    if (!before) {
      if (number === 1) this.#same(MANIFEST, 'null, 0', `${previous}, ${from}`);
      return;
    }
    this.#same(
      MANIFEST,
      `volume ${before.manifest.number + 1} of ${before.manifest.origin}`,
      `volume ${number} of ${origin}`,
    );
    this.#same(MANIFEST, before.manifest.member, member);
    this.#same(MANIFEST, before.digest, previous ?? 'none');
    this.#same(MANIFEST, `from ${before.manifest.to}`, `from ${from}`);
    if (before.tree) {
      this.#same(MANIFEST, before.tree.hashes.map((hash) => toBase64(hash)).join(), frontier.join());
    }
  }

  async #files({ files }: Manifest): Promise<void> {
    const there = new Set(await filesUnder(this.#place));
    there.delete(MANIFEST);
    there.delete(SIGNATURE);
    for (const { path, size, sha256 } of files) {
      if (!there.delete(path)) {
        this.#fault(path, `${size} bytes`, 'nothing');
        continue;
      }
      const found = await digestOfFile(join(this.#place, path));
      this.#same(path, `${size} bytes, ${sha256}`, `${found.size} bytes, ${found.sha256}`);
    }
    for (const path of there) this.#fault(path, 'no such file', 'one that the manifest does not name');
  }

  /** What the files say. Undefined where that does not hold. */
  async content(
    manifest: Manifest,
    key: string,
    before: VolumeBefore | undefined,
  ): Promise<{ volume: VerifiedVolume; tree: TreeFrontier } | undefined> {
    this.#follows(manifest, before);
    await this.#files(manifest);
    const { number, from, to, made } = manifest;
    const members = await this.#part(MEMBERS, async (bytes) => membersCodec.decode(bytes));
    const own = members?.find(({ id }) => id === manifest.member)?.checkpoint.map(({ key }) => key) ?? [];
    if (members && !own.includes(key)) this.#fault(SIGNATURE, `a key of ${manifest.member}`, key);
    const note = await this.#part(CHECKPOINT, async (bytes) => {
      if (members) checkSigned(fromUtf8(bytes), manifest, own);
      return fromUtf8(bytes);
    });
    const tree = note === undefined ? undefined : await this.#tree(manifest);
    const block = note === undefined ? undefined : await this.#part(ANCHOR, async (bytes) => anchoredIn(bytes, note));
    const cosigned = note === undefined || !members ? [] : await this.#cosigners(note, members);
    if (!tree || !block || this.#bad.size > 0) return undefined;
    return { volume: { number, from, to, made, key, cosigned, block }, tree };
  }

  async #tree(manifest: Manifest): Promise<TreeFrontier | undefined> {
    if ([...this.#bad].some((path) => path.startsWith('entries/'))) return undefined;
    try {
      return await treeOf(this.#place, manifest);
    } catch (error) {
      this.#failed('entries', error);
      return undefined;
    }
  }

  async #cosigners(note: string, members: ArchivedMembers): Promise<string[]> {
    const found = await this.#part(CHECKPOINT, async () => {
      const origin = parseOrigin(parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1)).origin);
      const cosigners = members.flatMap(({ id, checkpoint }) =>
        checkpoint.map(({ key }) => ({
          member: id,
          name: witnessName(origin, parseMemberId(id)),
          publicKey: fromBase64Url(key, 32),
        })),
      );
      return cosignaturesOf(note, cosigners).map(({ cosigner }) => (cosigner as (typeof cosigners)[number]).member);
    });
    return found ?? [];
  }

  async #part<T>(path: string, read: (bytes: Uint8Array) => Promise<T>): Promise<T | undefined> {
    if (this.#bad.has(path)) return undefined;
    try {
      return await read(await readPart(this.#place, path));
    } catch (error) {
      this.#failed(path, error);
      return undefined;
    }
  }

  #same(file: string, wanted: string, got: string): void {
    if (wanted !== got) this.#fault(file, wanted, got);
  }

  #fault(file: string, wanted: string, got: string): void {
    this.#bad.add(file);
    this.#faults.push({ volume: volumeName(this.#number), file, wanted, got });
  }

  #failed(file: string, error: unknown): void {
    if (!XinlianError.is(error)) throw error;
    const { wanted = 'what holds', got = error.message } = error.details as { wanted?: string; got?: string };
    this.#fault(file, wanted, got);
  }
}

/** @returns the text that was signed, and the key. @throws SIGNATURE_INVALID, MALFORMED */
function signedBy(note: string, keys: readonly string[]): { text: string; key: string } {
  const [name = ''] = parseNote(note).text.split('\n');
  const verifiers = keys.map((key) => ({ name, key, publicKey: fromBase64Url(key, 32) }));
  const { text, by } = verifyNote(note, verifiers);
  const signer = verifiers.find((verifier) => by.includes(verifier));
  if (!signer) throw new XinlianError('SIGNATURE_INVALID', { what: 'manifest', key: name });
  return { text, key: signer.key };
}

function checkSigned(note: string, { origin, to }: Manifest, keys: readonly string[]): void {
  const { text } = verifyNote(
    note,
    keys.map((key) => ({ name: origin, publicKey: fromBase64Url(key, 32) })),
  );
  const checkpoint = parseCheckpoint(text);
  const [wanted, got] = [`${origin}, ${to}`, `${checkpoint.origin}, ${checkpoint.size}`];
  if (wanted !== got) throw new XinlianError('MALFORMED', { what: 'checkpoint', wanted, got });
}

function anchoredIn(bytes: Uint8Array, note: string): BlockHeader {
  const proof = anchorProof.decode(bytes);
  const { origin, size, root } = parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1));
  const header = decodeHeader(fromHex(proof.header));
  verifyAnchorEvent(proof, { origin: parseOrigin(origin), size, root });
  verifyAnchorReceipt(proof, header);
  return header;
}

async function digestOfFile(path: string): Promise<{ size: number; sha256: string }> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const part of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(part);
    size += part.length;
  }
  return { size, sha256: hash.digest('base64') };
}

async function filesUnder(place: string): Promise<string[]> {
  const found = await readdir(place, { recursive: true, withFileTypes: true });
  return found
    .filter((one) => !one.isDirectory())
    .map(({ parentPath, name }) => relative(place, join(parentPath, name)).split(sep).join('/'));
}
