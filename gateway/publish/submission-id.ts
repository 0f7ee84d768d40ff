// Which submission a request to POST /v1/records belongs to.
import { sha256Base64Url } from '#sha256';
import { toBase64Url } from '../../node/core/bytes.ts';
import type { MemberId } from '../../node/core/ids.ts';

/** The same key of the same member is the same submission, at any gateway. Without a key it is a new one. */
export function submissionIdOf(member: MemberId, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return toBase64Url(crypto.getRandomValues(new Uint8Array(24)));
  return sha256Base64Url(`xinlian/submission/v1\0${member}\0${idempotencyKey}`).slice(0, 32);
}
