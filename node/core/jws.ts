// Statements that somebody signed: compact JWS (RFC 7515) with a type in its header (RFC 8725, section 3.11), so that one
// kind of statement is never taken for another.
import { canonicalize, type JsonValue } from './canonical.ts';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';
import { algorithmOf, type JwsAlgorithm, type PublicJwk } from './jwk.ts';
import { verifyWithJwk } from '#signature';

export interface JwsSigner {
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface Jws {
  header: { alg: JwsAlgorithm; typ: string; app?: string };
  payload: Uint8Array;
  /** What the signature is over: ASCII of the first two parts. */
  signed: Uint8Array;
  signature: Uint8Array;
}

const ALGORITHMS: readonly string[] = ['EdDSA', 'ES256', 'RS256'] satisfies JwsAlgorithm[];
/** Longest header: an application's certificate is in it. */
const MOST_HEADER = 8_192;

/**
 * Signs a payload with Ed25519.
 * @param payload written in RFC 8785 form
 */
export async function signJws(
  typ: string,
  payload: JsonValue,
  signer: JwsSigner,
  more: { alg?: JwsAlgorithm; app?: string } = {},
): Promise<string> {
  const header = { alg: more.alg ?? 'EdDSA', ...(more.app !== undefined && { app: more.app }), typ };
  const signed = `${toBase64Url(utf8(JSON.stringify(header)))}.${toBase64Url(utf8(canonicalize(payload)))}`;
  return `${signed}.${toBase64Url(await signer.sign(utf8(signed)))}`;
}

/** Takes a JWS apart; proves nothing. Throws `MALFORMED` for another form or type, a `crit`, an unencoded payload. */
export function parseJws(jws: string, typ: string): Jws {
  const parts = jws.split('.');
  if (parts.length !== 3) malformed(`${typ} JWS`, 'three parts', `${parts.length} parts`);
  const [head, body, signature] = parts as [string, string, string];
  if (head.length > MOST_HEADER) malformed(`${typ} JWS`, `a header of at most ${MOST_HEADER} characters`, head.length);
  const text = fromUtf8(fromBase64Url(head));
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (cause) {
    throw new XinlianError(
      'MALFORMED',
      { what: `${typ} JWS header`, wanted: 'JSON', got: text.slice(0, 120) },
      { cause },
    );
  }
  if (typeof header !== 'object' || header === null) return malformed(`${typ} JWS header`, 'an object', text);
  const { alg, typ: got, crit, b64, app } = header as Record<string, unknown>;
  if (got !== typ) malformed('JWS typ', typ, String(got));
  if (typeof alg !== 'string' || !ALGORITHMS.includes(alg)) malformed('JWS alg', ALGORITHMS.join(', '), String(alg));
  if (crit !== undefined || b64 !== undefined) malformed('JWS header', 'neither crit nor b64', text);
  if (app !== undefined && typeof app !== 'string') malformed('JWS app', 'a compact JWS', typeof app);
  return {
    header: { alg: alg as JwsAlgorithm, typ, ...(typeof app === 'string' && { app }) },
    payload: fromBase64Url(body),
    signed: utf8(`${head}.${body}`),
    signature: fromBase64Url(signature),
  };
}

/** Throws `SIGNATURE_INVALID`: another key, or another algorithm than that of the key. @param holder for people */
export async function verifyJws({ header, signed, signature }: Jws, key: PublicJwk, holder: string): Promise<void> {
  const valid = header.alg === algorithmOf(key) && (await verifyWithJwk(key, signed, signature));
  if (!valid) throw new XinlianError('SIGNATURE_INVALID', { what: header.typ, key: holder });
}
