// Signatures of webhooks: Standard Webhooks (standardwebhooks.com, specification of 2023), symmetric `v1` and Ed25519 `v1a`.
import { ed25519 } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, fromBase64, toBase64, utf8 } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';

const SECRET = 'whsec_';
const PUBLIC_KEY = 'whpk_';
const SECRET_BYTES = 32;
/** How old, or how far ahead, a message may be, in seconds. */
const TOLERANCE = 300;

/** The keys of one webhook. */
export interface WebhookKeys {
  /** HMAC key, 24 to 64 bytes. */
  secret: Uint8Array;
  /** Ed25519 seed, 32 bytes. */
  seed: Uint8Array;
}

export interface WebhookHeaders {
  'webhook-id': string;
  /** Seconds since 1970. */
  'webhook-timestamp': string;
  'webhook-signature': string;
}

export function newWebhookKeys(): WebhookKeys {
  const random = (): Uint8Array => crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  return { secret: random(), seed: random() };
}

/** As it is shown to who receives. */
export function secretText({ secret }: WebhookKeys): string {
  return `${SECRET}${toBase64(secret)}`;
}

/** As it is shown to who receives. */
export function publicKeyText({ seed }: WebhookKeys): string {
  return `${PUBLIC_KEY}${toBase64(ed25519.getPublicKey(seed))}`;
}

/**
 * @param id without a full stop; the same for every attempt
 * @param timestamp of this attempt, seconds since 1970
 * @param body as it is sent
 * @param before keys that were rotated out and that receivers may still know: they sign too, behind the new ones
 */
export function signWebhook(
  id: string,
  timestamp: number,
  body: Uint8Array,
  keys: WebhookKeys,
  before?: WebhookKeys,
): WebhookHeaders {
  const signed = signedContent(id, String(timestamp), body);
  const signatures = [keys, ...(before ? [before] : [])].flatMap(({ secret, seed }) => [
    `v1,${toBase64(hmac(sha256, secret, signed))}`,
    `v1a,${toBase64(ed25519.sign(signed, seed))}`,
  ]);
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': signatures.join(' ') };
}

/**
 * For who receives: whether a message is of who gave the key, and of now. One signature that fits is enough.
 * @param key `whsec_…` or `whpk_…`
 * @throws SIGNATURE_INVALID, MALFORMED
 */
export function verifyWebhook(headers: WebhookHeaders, body: Uint8Array, key: string, nowSeconds: number): void {
  const timestamp = headers['webhook-timestamp'];
  if (!/^\d{1,15}$/.test(timestamp)) malformed('webhook-timestamp', 'seconds since 1970', timestamp);
  const invalid = new XinlianError('SIGNATURE_INVALID', { what: 'webhook', key: headers['webhook-id'] });
  if (Math.abs(nowSeconds - Number(timestamp)) > TOLERANCE) throw invalid;
  const signed = signedContent(headers['webhook-id'], timestamp, body);
  const fits = verifierOf(key);
  for (const part of headers['webhook-signature'].split(' ')) {
    const [version = '', text = ''] = part.split(',', 2);
    if (version === fits.version && fits.verify(decode(text), signed)) return;
  }
  throw invalid;
}

function verifierOf(key: string): { version: string; verify: (signature: Uint8Array, signed: Uint8Array) => boolean } {
  if (key.startsWith(SECRET)) {
    const secret = fromBase64(key.slice(SECRET.length));
    return { version: 'v1', verify: (signature, signed) => equalBytes(signature, hmac(sha256, secret, signed)) };
  }
  if (!key.startsWith(PUBLIC_KEY)) return malformed('webhook key', `${SECRET}… or ${PUBLIC_KEY}…`, key.slice(0, 6));
  const publicKey = fromBase64(key.slice(PUBLIC_KEY.length), 32);
  return {
    version: 'v1a',
    verify: (signature, signed) => signature.length === 64 && ed25519.verify(signature, signed, publicKey),
  };
}

/** What is no base64 is no signature. */
function decode(text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch (error) {
    if (XinlianError.is(error, 'MALFORMED')) return new Uint8Array();
    throw error;
  }
}

function signedContent(id: string, timestamp: string, body: Uint8Array): Uint8Array {
  if (id === '' || id.includes('.')) malformed('webhook-id', 'a text without a full stop', id);
  return concat(utf8(`${id}.${timestamp}.`), body);
}
