// HKDF-Expand by OpenSSL. An HMAC is two one-shot hashes here: half the time of `createHmac`, whose objects cost more than
// the hashing. Digests come as text of one character per byte, which Node makes faster than a Buffer.
import { hash } from 'node:crypto';
import { utf8 } from './bytes.ts';
import { XinlianError, malformed } from './errors.ts';

const DIGEST = 32;
const BLOCK = 64;
const MOST_BYTES = 255 * DIGEST;

/** As `hkdfExpand` in `hkdf.ts`. */
export function hkdfExpand(key: Uint8Array, info: string | Uint8Array, length: number): Uint8Array {
  if (key.length < DIGEST) malformed('HKDF key', `at least ${DIGEST} bytes`, `${key.length} bytes`);
  if (!Number.isSafeInteger(length) || length < 0) malformed('HKDF length', 'a natural number', String(length));
  if (length > MOST_BYTES) throw new XinlianError('TOO_LARGE', { what: 'HKDF output', limit: MOST_BYTES, got: length });
  const label = typeof info === 'string' ? utf8(info) : info;
  const secret = key.length > BLOCK ? hash('sha256', key, 'buffer') : key;

  // inner: [key ^ ipad][T(i-1)][info][i]; T(0) is empty, so the first hash starts DIGEST bytes later, with its own ipad there
  const inner = new Uint8Array(BLOCK + DIGEST + label.length + 1);
  const outer = new Uint8Array(BLOCK + DIGEST);
  const first = inner.subarray(DIGEST);
  first.fill(0x36, 0, BLOCK);
  outer.fill(0x5c, 0, BLOCK);
  for (let i = 0; i < secret.length; i++) {
    first[i]! ^= secret[i]!;
    outer[i]! ^= secret[i]!;
  }
  inner.set(label, BLOCK + DIGEST);

  const output = new Uint8Array(Math.ceil(length / DIGEST) * DIGEST);
  for (let offset = 0; offset < output.length; offset += DIGEST) {
    inner[inner.length - 1] = offset / DIGEST + 1;
    writeBinary(outer, BLOCK, hash('sha256', offset === 0 ? first : inner, 'binary'));
    const block = hash('sha256', outer, 'binary');
    writeBinary(output, offset, block);
    if (offset === 0) inner.copyWithin(0, DIGEST, DIGEST + BLOCK);
    writeBinary(inner, BLOCK, block);
  }
  return output.subarray(0, length);
}

function writeBinary(target: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) target[offset + i] = text.charCodeAt(i);
}
