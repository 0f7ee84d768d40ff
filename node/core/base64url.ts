// base64url without padding (RFC 4648, section 5) for hot paths, and base64. A record has some thirty salts and as many disclosures:
// the price is in the calls between text and bytes, so those are made once for all of them.

const CODES = Uint8Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
  (character) => character.codePointAt(0) ?? 0,
);
const LINE_FEED = 0x0a;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function encodeBase64Url(bytes: Uint8Array): string {
  const out = new Uint8Array(encodedLength(bytes.length));
  write(bytes, 0, bytes.length, out, 0);
  return decoder.decode(out);
}

/** base64url of each `size` bytes. @param bytes a multiple of `size` */
export function encodeChunks(bytes: Uint8Array, size: number): string[] {
  const length = encodedLength(size);
  const count = bytes.length / size;
  const out = new Uint8Array(count * length);
  for (let i = 0; i < count; i++) write(bytes, i * size, (i + 1) * size, out, i * length);
  const text = decoder.decode(out);
  return Array.from({ length: count }, (_, i) => text.slice(i * length, (i + 1) * length));
}

/** base64url of the UTF-8 form of each line. @param lines texts without a line feed, as all JSON without white space is */
export function encodeLines(lines: readonly string[]): string[] {
  const bytes = encoder.encode(lines.join('\n'));
  const out = new Uint8Array(encodedLength(bytes.length) + lines.length);
  const ends: number[] = [];
  let start = 0;
  let at = 0;
  for (let i = 0; i < lines.length; i++) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed === -1 ? bytes.length : feed;
    at = write(bytes, start, end, out, at);
    ends.push(at);
    start = end + 1;
  }
  const text = decoder.decode(out.subarray(0, at));
  return ends.map((end, i) => text.slice(i === 0 ? 0 : ends[i - 1], end));
}

/** Standard base64 with padding (RFC 4648, section 4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}

/** Of what is base64 with padding already; stray bits in it are lost. */
export function decodeBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Of what is base64url already; stray bits in it are lost. */
export function decodeBase64Url(text: string): Uint8Array {
  return decodeBase64(text.replaceAll('-', '+').replaceAll('_', '/') + '='.repeat((4 - (text.length % 4)) % 4));
}

function encodedLength(length: number): number {
  return Math.ceil((length * 4) / 3);
}

/** @returns where in `out` the next byte goes */
function write(bytes: Uint8Array, start: number, end: number, out: Uint8Array, at: number): number {
  let i = start;
  for (; i + 2 < end; i += 3) {
    const word = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!;
    out[at++] = CODES[word >> 18]!;
    out[at++] = CODES[(word >> 12) & 63]!;
    out[at++] = CODES[(word >> 6) & 63]!;
    out[at++] = CODES[word & 63]!;
  }
  if (i < end) {
    const second = i + 1 < end ? bytes[i + 1]! : 0;
    out[at++] = CODES[bytes[i]! >> 2]!;
    out[at++] = CODES[((bytes[i]! & 3) << 4) | (second >> 4)]!;
    if (i + 1 < end) out[at++] = CODES[(second & 15) << 2]!;
  }
  return at;
}
