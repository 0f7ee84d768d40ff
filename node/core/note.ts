// Signed notes: C2SP signed-note, with Ed25519 signatures (RFC 8032).
import { sha256 } from '#sha256';
import { ed25519 } from '@noble/curves/ed25519.js';
import { concat, fromBase64, toBase64, utf8 } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';

const MAX_NOTE_LENGTH = 1_000_000;
const MAX_SIGNATURES = 100;
const KEY_ID_LENGTH = 4;
const PUBLIC_KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;

/** Signature type of plain Ed25519. */
const ED25519 = 0x01;

const NEWLINE = 0x0a;
const MARK = '— ';

/** A key that a verifier knows. */
export interface NoteVerifier {
  /** Key name: not empty, no white space, no plus sign. */
  name: string;
  /** Ed25519 public key, 32 bytes. */
  publicKey: Uint8Array;
}

/** A key that signs. */
export interface NoteSigner extends NoteVerifier {
  /** Plain Ed25519 over the bytes: 64 bytes. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface NoteSignature {
  name: string;
  /** First four bytes of the hash of name and key, as a number. */
  keyId: number;
  /** What follows the key id; its form depends on the key. */
  signature: Uint8Array;
}

export interface Note {
  /** What is signed, final newline included. */
  text: string;
  signatures: NoteSignature[];
}

/**
 * @param type signature type: 0x01 is plain Ed25519
 * @returns the first four bytes of SHA-256(name || 0x0A || type || public key), big-endian
 */
export function keyId({ name, publicKey }: NoteVerifier, type: number = ED25519): number {
  checkName(name);
  if (publicKey.length !== PUBLIC_KEY_LENGTH) malformed('Ed25519 public key', '32 bytes', publicKey.length);
  return readKeyId(sha256(concat(utf8(name), Uint8Array.of(NEWLINE, type), publicKey)));
}

/** @returns the verifier key as text: `name+hash+base64(type || public key)` */
export function encodeVerifierKey(verifier: NoteVerifier, type: number = ED25519): string {
  const key = concat(Uint8Array.of(type), verifier.publicKey);
  return `${verifier.name}+${hexKeyId(keyId(verifier, type))}+${toBase64(key)}`;
}

/** Inverse of `encodeVerifierKey`. Throws `MALFORMED` for any other form, another type, or a wrong hash. */
export function parseVerifierKey(text: string, type: number = ED25519): NoteVerifier {
  const form = 'name+hash+key';
  const [, name, , encoded] = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? malformed('verifier key', form, text);
  const key = fromBase64(encoded as string, 1 + PUBLIC_KEY_LENGTH);
  if (key[0] !== type) malformed('verifier key', `a key of type ${type}`, `type ${key[0]}`);
  const verifier = { name: name as string, publicKey: key.slice(1) };
  const wanted = encodeVerifierKey(verifier, type);
  if (wanted !== text) malformed('verifier key', wanted, text);
  return verifier;
}

/** Signs a text, which ends with a newline. Throws `MALFORMED` where text, name or signature is no part of a note. */
export async function signNote(text: string, signer: NoteSigner): Promise<string> {
  if (!text.endsWith('\n')) malformed('note text', 'a newline at its end', text.slice(-20));
  checkCharacters(text);
  const signature = await signer.sign(utf8(text));
  if (signature.length !== SIGNATURE_LENGTH) malformed('Ed25519 signature', '64 bytes', signature.length);
  return `${text}\n${signatureLine({ name: signer.name, keyId: keyId(signer), signature })}`;
}

/** A signature as a line of a note, its newline included. */
export function signatureLine({ name, keyId: id, signature }: NoteSignature): string {
  const bytes = new Uint8Array(KEY_ID_LENGTH);
  new DataView(bytes.buffer).setUint32(0, id);
  return `${MARK}${name} ${toBase64(concat(bytes, signature))}\n`;
}

/** Takes a note apart; verifies nothing. Throws `MALFORMED` for any other form, `TOO_LARGE` beyond 1 MB. */
export function parseNote(note: string): Note {
  if (note.length > MAX_NOTE_LENGTH) {
    throw new XinlianError('TOO_LARGE', { what: 'note', limit: MAX_NOTE_LENGTH, got: note.length });
  }
  checkCharacters(note);
  const split = note.lastIndexOf('\n\n');
  if (split < 0) malformed('note', 'a blank line before the signatures', note);
  return { text: note.slice(0, split + 1), signatures: parseSignatureLines(note.slice(split + 2)) };
}

/** Reads lines as `signatureLine` writes them: one at least. Throws as `parseNote`. */
export function parseSignatureLines(text: string): NoteSignature[] {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length === 0) malformed('note', 'signature lines, each with its newline', text);
  if (lines.length > MAX_SIGNATURES) {
    throw new XinlianError('TOO_LARGE', { what: 'signatures', limit: MAX_SIGNATURES, got: lines.length });
  }
  return lines.map(parseSignature);
}

function parseSignature(line: string): NoteSignature {
  const [, name, encoded] =
    /^— ([^ ]+) ([^ ]+)$/u.exec(line) ?? malformed('signature line', `${MARK}name base64`, line);
  checkName(name as string);
  const bytes = fromBase64(encoded as string);
  if (bytes.length <= KEY_ID_LENGTH) malformed('signature', 'a key id and a signature', `${bytes.length} bytes`);
  return { name: name as string, keyId: readKeyId(bytes), signature: bytes.slice(KEY_ID_LENGTH) };
}

/**
 * Verifies a note. Signatures of unknown keys are passed over.
 * @param verifiers the known keys
 * @returns the text, and those of `verifiers` that signed it: at least one
 * Throws `SIGNATURE_INVALID` where a known key's signature is bad, or no known key signed; else as `parseNote`.
 */
export function verifyNote(note: string, verifiers: readonly NoteVerifier[]): { text: string; by: NoteVerifier[] } {
  const { text, signatures } = parseNote(note);
  const known = new Map(verifiers.map((verifier) => [label(verifier.name, keyId(verifier)), verifier]));
  const by = new Set<NoteVerifier>();
  const message = utf8(text);
  for (const { name, keyId, signature } of signatures) {
    const verifier = known.get(label(name, keyId));
    if (!verifier) continue;
    if (!verifyEd25519(verifier.publicKey, message, signature)) {
      throw new XinlianError('SIGNATURE_INVALID', { what: 'note', key: label(name, keyId) });
    }
    by.add(verifier);
  }
  if (by.size === 0) {
    const signers = signatures.map(({ name, keyId }) => label(name, keyId)).join(', ');
    throw new XinlianError('SIGNATURE_INVALID', { what: 'note: no signature of a known key', key: signers });
  }
  return { text, by: [...by] };
}

/** Signatures found good of late: a note is shown again with every answer under its checkpoint. */
const MOST_KNOWN = 1_024;
const knownGood = new Set<string>();

/** Strict RFC 8032: no small-order keys, no other encodings of a point or a scalar. */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_LENGTH) return false;
  const name = toBase64(sha256(concat(publicKey, signature, message)));
  if (knownGood.has(name)) return true;
  if (!ed25519.verify(signature, message, publicKey, { zip215: false })) return false;
  const [oldest] = knownGood;
  if (knownGood.size >= MOST_KNOWN && oldest !== undefined) knownGood.delete(oldest);
  knownGood.add(name);
  return true;
}

function readKeyId(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, KEY_ID_LENGTH).getUint32(0);
}

function hexKeyId(id: number): string {
  return id.toString(16).padStart(2 * KEY_ID_LENGTH, '0');
}

/** A key as people tell it: `name+hash`. */
export function label(name: string, id: number): string {
  return `${name}+${hexKeyId(id)}`;
}

function checkName(name: string): void {
  if (!/^[^\p{White_Space}+]+$/u.test(name) || !name.isWellFormed()) {
    malformed('key name', 'no white space and no plus sign', name);
  }
}

function checkCharacters(text: string): void {
  // oxlint-disable-next-line no-control-regex -- what the format forbids
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text)) malformed('note', 'no control character but newline', text);
  if (!text.isWellFormed()) malformed('note', 'Unicode that UTF-8 can carry', 'a lone surrogate');
}
