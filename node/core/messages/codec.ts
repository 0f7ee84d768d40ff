// What crosses a wire: a TypeBox schema, and one codec made from it.
import { Compile } from 'typebox/compile';
import type { Static, TSchema } from 'typebox';
import { concat, fromUtf8, utf8 } from '../bytes.ts';
import { malformed, XinlianError } from '../errors.ts';

export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** Throws `MALFORMED` with the first fault's path. */
  decode(bytes: Uint8Array): T;
  /** As `decode`, for a value that was parsed already. */
  check(value: unknown): T;
}

/** A codec of JSON in UTF-8. Unknown members are refused where the schema says so. */
export function codec<S extends TSchema>(what: string, schema: S): Codec<Static<S>> {
  const compiled = Compile(schema);
  const check = (value: unknown): Static<S> => {
    if (compiled.Check(value)) return value;
    const [fault] = compiled.Errors(value);
    const path = fault?.instancePath || '/';
    return malformed(`${what} ${path}`, fault?.message ?? 'a valid message', JSON.stringify(value)?.slice(0, 120));
  };
  return {
    encode: (value) => utf8(JSON.stringify(value)),
    decode: (bytes) => check(parseJson(what, bytes)),
    check,
  };
}

function parseJson(what: string, bytes: Uint8Array): unknown {
  const text = fromUtf8(bytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new XinlianError('MALFORMED', { what, wanted: 'JSON', got: text.slice(0, 120) }, { cause });
  }
}

/** A header and raw bytes in one: `u32 length of header || header || body`. */
export function encodeParcel(header: Uint8Array, body: Uint8Array): Uint8Array {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, header.length);
  return concat(length, header, body);
}

/** @returns views into `bytes`, not copies */
export function decodeParcel(bytes: Uint8Array): { header: Uint8Array; body: Uint8Array } {
  if (bytes.length < 4) malformed('parcel', 'at least 4 bytes', `${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  if (length > bytes.length - 4) malformed('parcel', `a header of ${length} bytes`, `${bytes.length - 4} bytes`);
  return { header: bytes.subarray(4, 4 + length), body: bytes.subarray(4 + length) };
}
