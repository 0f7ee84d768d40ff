// Attachments, from both ends: an agency sends one to its own node, a bank fetches one under a grant. Runs in Node and in a
// browser; a file is a Blob there and here (`openAsBlob` of node:fs).
import {
  attachmentText,
  CHUNK_BYTES,
  hashChunks,
  openChunk,
  verifyChunk,
  verifyOffer,
  type Attachment,
  type AttachmentOffer,
  type WantedAttachment,
} from '../../node/core/attachment.ts';
import { fromBase64Url, toBase64Url } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { Client } from '../client.ts';
import type { Grantee, Question } from './grantee.ts';
import type { SealedClient } from './sealed.ts';

/** Told how far a transfer is, in bytes. */
export type OnProgress = (done: number, size: number) => void;

/**
 * Sends a file to the own node; what is there already is not sent again.
 * @returns the name of the attachment, for the record that it belongs to
 * @throws as every method of `SealedClient`; MALFORMED for an empty file, TOO_LARGE for one over 1 GiB
 */
export async function sendAttachment(
  file: Blob,
  sealed: Pick<SealedClient, 'openAttachment' | 'sendAttachmentChunk'>,
  { signal, onProgress }: { signal?: AbortSignal; onProgress?: OnProgress } = {},
): Promise<string> {
  const hashed = await hashChunks(chunksOf(file));
  const attachment = attachmentText(hashed);
  let state = await sealed.openAttachment({ attachment, leaves: toBase64Url(hashed.leaves) }, signal);
  while (state.received < state.chunks) {
    onProgress?.(state.received * CHUNK_BYTES, file.size);
    state = await sealed.sendAttachmentChunk(
      { attachment, index: state.received },
      await chunkOf(file, state.received),
      signal,
    );
  }
  onProgress?.(file.size, file.size);
  return attachment;
}

async function* chunksOf(file: Blob): AsyncGenerator<Uint8Array> {
  for (let index = 0; index * CHUNK_BYTES < file.size; index++) yield chunkOf(file, index);
}

async function chunkOf(file: Blob, index: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES).arrayBuffer());
}

/** An attachment that a provider offers, checked against the record that names it. */
export interface Offered {
  provider: string;
  offer: AttachmentOffer;
  attachment: Attachment;
  leaves: Uint8Array;
}

/**
 * Asks one provider for an attachment of a record.
 * @throws GRANT_REFUSED as the provider refuses; UNREACHABLE; PROOF_INVALID; as `Grantee.ask`
 */
export async function askForAttachment(
  grantee: Pick<Grantee, 'ask'>,
  {
    provider,
    attachment,
    ...question
  }: Omit<Question, 'providers' | 'attachment'> & { provider: string; attachment: WantedAttachment },
  signal?: AbortSignal,
): Promise<Offered> {
  const { grant = '', providers } = await grantee.ask({ ...question, providers: [provider], attachment }, signal);
  const [one] = providers;
  if (!one || !('answer' in one))
    throw new XinlianError('UNREACHABLE', { peer: provider, reason: one?.detail ?? 'no answer' });
  const { body, records } = one.answer;
  if (body.outcome === 'refused')
    throw new XinlianError('GRANT_REFUSED', { grant, reason: body.reason ?? 'refused', detail: body.detail ?? '' });
  const record = records.find((found) => found.record === attachment.record);
  if (!record || !body.attachment) {
    const reason = 'the answer offers no attachment of this record';
    throw new XinlianError('PROOF_INVALID', { link: 'attachment', reason, wanted: attachment.record, got: 'none' });
  }
  return { provider, offer: body.attachment, ...verifyOffer(body.attachment, attachment, record.claims) };
}

/**
 * Fetches one chunk, opens and verifies it.
 * @throws ApiError: GRANT_REFUSED where the grant has ended since; UNAUTHENTICATED where the offer has run out
 */
export async function fetchChunk(
  client: Pick<Client, 'readAttachment'>,
  { provider, offer, attachment, leaves }: Offered,
  index: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const sealed = await client.readAttachment({
    body: { provider, handle: offer.handle, index },
    ...(signal && { signal }),
  });
  const chunk = await openChunk(fromBase64Url(offer.secret, 32), index, sealed);
  verifyChunk(attachment, leaves, index, chunk);
  return chunk;
}
