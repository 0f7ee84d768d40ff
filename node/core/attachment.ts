// Attachments: files of up to 1 GiB that a record names by a hash. A file is cut into chunks, the last of which may be
// shorter; its name is the root of the Merkle tree (RFC 9162, section 2.1) over them, with its size, so that each chunk is
// verified alone, and a transfer goes on wherever it was cut. docs/protocol.md, section 11.
import { Type, type Static } from 'typebox';
import { concat, equalBytes, fromBase64Url, toBase64Url } from './bytes.ts';
import type { ClaimValue } from './disclosure.ts';
import { malformed, XinlianError } from './errors.ts';
import { openAesGcm, sealAesGcm } from './jwe.ts';
import { HASH_LENGTH, leafHash, TreeFrontier } from './merkle.ts';

export const CHUNK_BYTES = 1 << 20;
export const MAX_ATTACHMENT_BYTES = 1 << 30;
/** What the seal of a chunk adds to it. */
export const TAG_BYTES = 16;

/** Life of an offer: each chunk is judged anew besides. */
export const OFFER_SECONDS = 86_400;

const closed = { additionalProperties: false };
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 bytes, base64url' });

/** A file's name and what it says of it. */
export interface Attachment {
  /** Bytes, at least 1. */
  size: number;
  /** 32 bytes */
  root: Uint8Array;
}

/** `xa1.`, the root in base64url, a point, the size in digits: the value of a claim. */
export const AttachmentText = Type.String({
  pattern: '^xa1\\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]\\.[1-9][0-9]{0,9}$',
  description: 'An attachment by the root of its chunks and its size',
});

/** Which attachment of which record a query is for. */
export const WantedAttachment = Type.Object(
  { record: Type.String({ description: 'Record id' }), attachment: AttachmentText },
  closed,
);
export type WantedAttachment = Static<typeof WantedAttachment>;

/** What a provider answers to that: how the chunks are fetched and opened. */
export const AttachmentOffer = Type.Object(
  {
    attachment: AttachmentText,
    leaves: Type.String({ description: 'Leaf hash of each chunk, one behind the other, base64url' }),
    handle: Type.String({ description: 'Shown to fetch a chunk; tells nobody but the provider anything' }),
    secret: { ...bytes32, description: 'Key that the chunks are sealed with' },
    until: Type.Integer({ description: 'Seconds since 1970; each chunk is judged anew before that, too' }),
  },
  closed,
);
export type AttachmentOffer = Static<typeof AttachmentOffer>;

export function attachmentText({ size, root }: Attachment): string {
  return `xa1.${toBase64Url(root)}.${size}`;
}

/** Throws `MALFORMED`; `TOO_LARGE` beyond 1 GiB. */
export function parseAttachment(text: string): Attachment {
  const [, root = '', digits = ''] =
    /^xa1\.([A-Za-z0-9_-]{43})\.([1-9][0-9]{0,9})$/.exec(text) ?? malformed('attachment', 'xa1.ROOT.SIZE', text);
  const size = Number(digits);
  if (size > MAX_ATTACHMENT_BYTES)
    throw new XinlianError('TOO_LARGE', { what: 'attachment', limit: MAX_ATTACHMENT_BYTES, got: size });
  return { size, root: fromBase64Url(root, HASH_LENGTH) };
}

export function chunkCount(size: number): number {
  return Math.ceil(size / CHUNK_BYTES);
}

/** Length of a chunk. Throws `MALFORMED` where there is none of this index. */
export function chunkLength(size: number, index: number): number {
  const count = chunkCount(size);
  if (!Number.isInteger(index) || index < 0 || index >= count) malformed('chunk', `0 … ${count - 1}`, index);
  return index === count - 1 ? size - index * CHUNK_BYTES : CHUNK_BYTES;
}

/** The leaf hashes of an attachment, one behind the other. Throws `MALFORMED` where they do not give its root. */
export function parseLeaves({ size, root }: Attachment, leaves: string): Uint8Array {
  const bytes = fromBase64Url(leaves, chunkCount(size) * HASH_LENGTH);
  const got = rootOf(bytes);
  if (!equalBytes(got, root)) malformed('leaf hashes', `those of ${toBase64Url(root)}`, toBase64Url(got));
  return bytes;
}

/** @param leaves hashes, one behind the other */
function rootOf(leaves: Uint8Array): Uint8Array {
  const tree = new TreeFrontier();
  for (let at = 0; at < leaves.length; at += HASH_LENGTH) tree.append(leaves.slice(at, at + HASH_LENGTH));
  return tree.root();
}

/** Throws `PROOF_INVALID` where these are not the bytes of this chunk. */
export function verifyChunk({ size }: Attachment, leaves: Uint8Array, index: number, chunk: Uint8Array): void {
  const length = chunkLength(size, index);
  const wanted = leaves.subarray(index * HASH_LENGTH, (index + 1) * HASH_LENGTH);
  const got = leafHash(chunk);
  if (chunk.length === length && equalBytes(got, wanted)) return;
  const reason = `chunk ${index} of the attachment is another`;
  throw new XinlianError('PROOF_INVALID', {
    link: 'attachment',
    reason,
    wanted: `${length} bytes, ${toBase64Url(wanted)}`,
    got: `${chunk.length} bytes, ${toBase64Url(got)}`,
  });
}

/** Seals a chunk. A key and an index seal one text only: that of the chunk. */
export function sealChunk(key: Uint8Array, index: number, chunk: Uint8Array): Promise<Uint8Array> {
  return sealAesGcm(key, nonceOf(index), new Uint8Array(), chunk);
}

/** Throws `SIGNATURE_INVALID`. */
export function openChunk(key: Uint8Array, index: number, sealed: Uint8Array): Promise<Uint8Array> {
  return openAesGcm(key, nonceOf(index), new Uint8Array(), sealed, `chunk ${index}`);
}

function nonceOf(index: number): Uint8Array {
  const nonce = new Uint8Array(12);
  new DataView(nonce.buffer).setUint32(8, index);
  return nonce;
}

/** Leaf hashes of a file that is read once. @param chunks all of `CHUNK_BYTES`, but for the last */
export async function hashChunks(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<Attachment & { leaves: Uint8Array }> {
  const hashes: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    hashes.push(leafHash(chunk));
    size += chunk.length;
  }
  if (size === 0) malformed('attachment', 'at least one byte', 'none');
  if (size > MAX_ATTACHMENT_BYTES)
    throw new XinlianError('TOO_LARGE', { what: 'attachment', limit: MAX_ATTACHMENT_BYTES, got: size });
  const leaves = concat(...hashes);
  return { size, root: rootOf(leaves), leaves };
}

/**
 * Checks an offer against the record that names the attachment.
 * @param claims of the record, proved
 * @throws PROOF_INVALID, MALFORMED
 */
export function verifyOffer(
  offer: AttachmentOffer,
  wanted: WantedAttachment,
  claims: ReadonlyMap<string, ClaimValue>,
): { attachment: Attachment; leaves: Uint8Array } {
  const named = [...claims.values()].some(
    (value) => typeof value === 'string' && value.split(' ').includes(wanted.attachment),
  );
  if (!named || offer.attachment !== wanted.attachment) {
    const reason = 'the record does not name this attachment';
    const got = named ? offer.attachment : 'another';
    throw new XinlianError('PROOF_INVALID', { link: 'attachment', reason, wanted: wanted.attachment, got });
  }
  const attachment = parseAttachment(offer.attachment);
  return { attachment, leaves: parseLeaves(attachment, offer.leaves) };
}
