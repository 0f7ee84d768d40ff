// base64url by Node's own coder, called once for all texts of a record: each is padded to whole groups of three bytes,
// so that its characters start a group, and what the padding adds behind them is cut off.

export function encodeBase64Url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url');
}

/** As in `base64url.ts`. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}

/** As in `base64url.ts`. */
export function decodeBase64(text: string): Uint8Array {
  // A copy: small buffers share one page, which would be kept whole.
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** As in `base64url.ts`. */
export function decodeBase64Url(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'));
}

/** As in `base64url.ts`. */
export function encodeChunks(bytes: Uint8Array, size: number): string[] {
  const stride = Math.ceil(size / 3) * 3;
  const count = bytes.length / size;
  const padded = Buffer.alloc(count * stride);
  for (let i = 0; i < count; i++) padded.set(bytes.subarray(i * size, (i + 1) * size), i * stride);
  const text = padded.toString('base64url');
  const length = Math.ceil((size * 4) / 3);
  return Array.from({ length: count }, (_, i) => text.slice((i * stride * 4) / 3, (i * stride * 4) / 3 + length));
}

/** As in `base64url.ts`. */
export function encodeLines(lines: readonly string[]): string[] {
  let most = 0;
  for (const line of lines) most += 3 * line.length + 2;
  const padded = Buffer.allocUnsafe(most);
  const ends: number[] = [];
  let at = 0;
  for (const line of lines) {
    at += padded.write(line, at, 'utf8');
    ends.push(at);
    while (at % 3 !== 0) padded[at++] = 0;
  }
  const text = padded.toString('base64url', 0, at);
  let start = 0;
  return ends.map((end) => {
    const encoded = text.slice((start * 4) / 3, Math.ceil((end * 4) / 3));
    start = Math.ceil(end / 3) * 3;
    return encoded;
  });
}
