// Sealed sessions (docs/protocol.md, section 5): both ends of a channel that a gateway carries and cannot read.
import { concat, fromBase64Url, fromUtf8, toBase64Url, u64, utf8 } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';
import { ed25519Jwk } from './jwk.ts';
import { parseJws, signJws, verifyJws, type JwsSigner } from './jws.ts';
import { hkdfExpand } from '#hkdf';
import { openAesGcm, openJwe, sealAesGcm, sealJwe, type Agreement } from './jwe.ts';
import { sessionManifest, type SessionManifest } from './messages/session.ts';

/** Longest life of a session, in seconds. */
export const SESSION_SECONDS = 3600;

const TYPE = 'xinlian-session+jwt';

/**
 * The client's side: a fresh session towards a home node.
 * @param nowSeconds seconds since 1970
 * @param sealingKey the home member's P-256 key
 */
export async function createSession(
  input: { client: string; home: string; nowSeconds: number; sealingKey: Uint8Array },
  signer: JwsSigner,
): Promise<{ manifest: SessionManifest; sealed: string }> {
  const manifest: SessionManifest = {
    iss: input.client,
    aud: input.home,
    jti: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
    iat: input.nowSeconds,
    exp: input.nowSeconds + SESSION_SECONDS,
    key: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
  };
  const jws = await signJws(TYPE, manifest, signer);
  return { manifest, sealed: await sealJwe(utf8(jws), input.sealingKey, 'JWT') };
}

/**
 * The node's side: opens, checks who signed and for whom.
 * @param clientKey the current Ed25519 `client` key of a member that may speak to this node; undefined refuses it
 * @throws UNAUTHENTICATED, MALFORMED, SIGNATURE_INVALID
 */
export async function acceptSession(
  sealed: string,
  agreement: Agreement,
  expected: { home: string; nowSeconds: number; clientKey: (member: string) => Uint8Array | undefined },
): Promise<SessionManifest> {
  const { plaintext } = await openJwe(sealed, agreement);
  const jws = parseJws(fromUtf8(plaintext), TYPE);
  const manifest = sessionManifest.decode(jws.payload);
  const key = expected.clientKey(manifest.iss);
  if (!key) throw new XinlianError('UNAUTHENTICATED', { reason: `member ${manifest.iss} has no client key here` });
  await verifyJws(jws, ed25519Jwk(key), manifest.iss);
  if (manifest.aud !== expected.home)
    throw new XinlianError('UNAUTHENTICATED', { reason: `the session is for ${manifest.aud}` });
  if (manifest.exp - manifest.iat > SESSION_SECONDS)
    throw new XinlianError('UNAUTHENTICATED', { reason: `a session lives ${SESSION_SECONDS} s at most` });
  // A minute of difference between two clocks is forgiven.
  if (manifest.iat > expected.nowSeconds + 60 || manifest.exp <= expected.nowSeconds) {
    throw new XinlianError('UNAUTHENTICATED', {
      reason: `the session is of ${manifest.iat} to ${manifest.exp}, now is ${expected.nowSeconds}`,
    });
  }
  return manifest;
}

/**
 * One end of a session. A number is used once in a direction: the caller counts.
 *
 * The keys come of the client's secret and of the session id, which the node draws anew whenever it opens one: so a
 * manifest that is sent again, to a node that was restarted, gives other keys, and no old call opens under them.
 */
export class SealedChannel {
  readonly #outward: Uint8Array;
  readonly #inward: Uint8Array;
  readonly #additional: Uint8Array;

  /** @param session as the node's answer has it */
  constructor({ key }: Pick<SessionManifest, 'key'>, session: string, end: 'client' | 'node') {
    const secret = fromBase64Url(key, 32);
    const up = hkdfExpand(secret, `xinlian/session/up/v1/${session}`, 32);
    const down = hkdfExpand(secret, `xinlian/session/down/v1/${session}`, 32);
    [this.#outward, this.#inward] = end === 'client' ? [up, down] : [down, up];
    this.#additional = utf8(session);
  }

  async seal(n: number, plaintext: Uint8Array): Promise<Uint8Array> {
    return sealAesGcm(this.#outward, nonce(n), this.#additional, plaintext);
  }

  /** @throws SIGNATURE_INVALID for what the other end did not seal under this number */
  async open(n: number, sealed: Uint8Array): Promise<Uint8Array> {
    return openAesGcm(this.#inward, nonce(n), this.#additional, sealed, `session call ${n}`);
  }
}

function nonce(n: number): Uint8Array {
  // Beyond 2^53, or behind the point, two numbers could give one nonce.
  if (!Number.isSafeInteger(n) || n < 0) malformed('number of a call', 'an integer from 0 to 2^53 − 1', n);
  return concat(new Uint8Array(4), u64(n));
}
