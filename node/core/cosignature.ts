// Cosignatures of witnesses: C2SP tlog-cosignature, Ed25519 (cosignature/v1). docs/protocol.md, section 3.
import { concat, u64, utf8, type Hex } from './bytes.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { malformed, XinlianError } from './errors.ts';
import type { MemberId } from './ids.ts';
import {
  encodeVerifierKey,
  keyId,
  label,
  parseNote,
  parseVerifierKey,
  signatureLine,
  verifyEd25519,
  type NoteSignature,
  type NoteSigner,
  type NoteVerifier,
} from './note.ts';

/** Signature type of a timestamped cosignature. */
const COSIGNATURE = 0x04;

const TIME_LENGTH = 8;

/** A cosignature that holds. */
export interface Cosignature {
  cosigner: NoteVerifier;
  /** Seconds since 1970, by the witness's own clock. */
  time: number;
}

/**
 * Name under which a member cosigns. Its key is the member's checkpoint key: what it signs as a log begins with an origin
 * line, what it signs as a witness with `cosignature/v1`, so that neither can be taken for the other.
 */
export function witnessName({ chainId, logAnchor }: { chainId: number; logAnchor: Hex }, member: MemberId): string {
  return `xinlian/v1/${chainId}/${logAnchor.toLowerCase()}/witness/${member}`;
}

/** @returns the key as text: `name+hash+base64(0x04 || public key)` */
export function encodeCosignerKey(cosigner: NoteVerifier): string {
  return encodeVerifierKey(cosigner, COSIGNATURE);
}

/** Inverse of `encodeCosignerKey`. Throws `MALFORMED`. */
export function parseCosignerKey(text: string): NoteVerifier {
  return parseVerifierKey(text, COSIGNATURE);
}

/**
 * Cosigns a checkpoint.
 * @param text text of its note, final newline included
 * @param time seconds since 1970
 * @returns the signature line. Throws `MALFORMED` where the text is no checkpoint
 */
export async function cosign(text: string, time: number, cosigner: NoteSigner): Promise<string> {
  const signature = await cosigner.sign(cosignedMessage(text, time));
  if (signature.length !== 64) malformed('Ed25519 signature', '64 bytes', signature.length);
  const timestamped = concat(u64(time), signature);
  return signatureLine({ name: cosigner.name, keyId: keyId(cosigner, COSIGNATURE), signature: timestamped });
}

/** The cosignature that a line holds; undefined where it is by none of these. Throws `SIGNATURE_INVALID` for a bad one. */
export function readCosignature(
  text: string,
  { name, keyId: id, signature }: NoteSignature,
  cosigners: readonly NoteVerifier[],
): Cosignature | undefined {
  const cosigner = cosigners.find((known) => known.name === name && keyId(known, COSIGNATURE) === id);
  if (!cosigner) return undefined;
  const bad = (): never => {
    throw new XinlianError('SIGNATURE_INVALID', { what: 'cosignature', key: label(name, id) });
  };
  if (signature.length !== TIME_LENGTH + 64) bad();
  const time = Number(new DataView(signature.buffer, signature.byteOffset).getBigUint64(0));
  if (!Number.isSafeInteger(time)) bad();
  if (!verifyEd25519(cosigner.publicKey, cosignedMessage(text, time), signature.subarray(TIME_LENGTH))) bad();
  return { cosigner, time };
}

/**
 * Who of `cosigners` cosigned a note, each once. Signatures of others are passed over.
 * Throws `SIGNATURE_INVALID` where a line of one of them does not hold, `MALFORMED` where it is no note of a checkpoint.
 */
export function cosignaturesOf(note: string, cosigners: readonly NoteVerifier[]): Cosignature[] {
  const { text, signatures } = parseNote(note);
  const found = new Map<NoteVerifier, Cosignature>();
  for (const signature of signatures) {
    const cosignature = readCosignature(text, signature, cosigners);
    if (cosignature) found.set(cosignature.cosigner, cosignature);
  }
  return [...found.values()];
}

function cosignedMessage(text: string, time: number): Uint8Array {
  if (!Number.isSafeInteger(time) || time < 0) malformed('time of a cosignature', 'seconds since 1970', time);
  parseCheckpoint(text);
  return utf8(`cosignature/v1\ntime ${time}\n${text}`);
}
