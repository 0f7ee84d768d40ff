// Answers that a bank kept as their providers signed them, and hands to the auditor: each is the provider's own word against the
// receipt in its log.
import { fromBase64Url, equalBytes } from '../core/bytes.ts';
import { parseCanonical } from '../core/canonical.ts';
import { XinlianError } from '../core/errors.ts';
import { parseMemberId, type MemberId } from '../core/ids.ts';
import { ed25519Jwk } from '../core/jwk.ts';
import { verifyJws } from '../core/jws.ts';
import { answerBody, parseAnswer } from '../core/query.ts';
import { textDigest } from '../core/receipt.ts';

export interface SignedAnswer {
  provider: MemberId;
  grantee: string;
  /** Absent under a share basis. */
  grant?: string;
  /** Digest of the query as it was signed. */
  request: string;
  /** Of the answer's body, base64url. */
  digest: string;
  /** By the provider's clock. */
  time: number;
}

/**
 * @param text compact JWS
 * @param keysOf checkpoint keys that a member has or had
 * @throws MALFORMED; SIGNATURE_INVALID where no key of the provider that it names signed it
 */
export async function readSignedAnswer(
  text: string,
  keysOf: (member: MemberId) => readonly Uint8Array[],
): Promise<SignedAnswer> {
  const { answer, jws } = parseAnswer(text);
  const body = answerBody.check(parseCanonical(answer.body));
  const provider = parseMemberId(body.provider);
  const named = fromBase64Url(answer.receipt.key, 32);
  const key = keysOf(provider).find((own) => equalBytes(own, named));
  if (!key) throw new XinlianError('SIGNATURE_INVALID', { what: 'answer', key: answer.receipt.key });
  await verifyJws(jws, ed25519Jwk(key), provider);
  const { grantee, grant, request, time } = body;
  return { provider, grantee, request, digest: textDigest(answer.body), time, ...(grant !== undefined && { grant }) };
}
