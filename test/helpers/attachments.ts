// A file in memory, and what names it.
import { attachmentText, CHUNK_BYTES, hashChunks } from '../../node/core/attachment.ts';
import { toBase64Url } from '../../node/core/bytes.ts';

export interface Hashed {
  bytes: Uint8Array<ArrayBuffer>;
  /** Its name. */
  attachment: string;
  /** base64url */
  leaves: string;
  chunk: (index: number) => Uint8Array;
}

/** @param seed what its bytes are made of */
export async function hashedFile(size: number, seed = 1): Promise<Hashed> {
  const bytes = Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8) * seed + seed) & 255);
  const chunk = (index: number) => bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES);
  const chunks = Array.from({ length: Math.ceil(size / CHUNK_BYTES) }, (_, i) => chunk(i));
  const { leaves, ...named } = await hashChunks(chunks);
  return { bytes, attachment: attachmentText(named), leaves: toBase64Url(leaves), chunk };
}
