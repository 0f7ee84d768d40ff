// JSON with one form only: the JSON Canonicalization Scheme, RFC 8785.
import { malformed, XinlianError } from './errors.ts';

export type JsonValue = string | number | boolean | null | JsonValue[] | { [member: string]: JsonValue };

/** Deeper nesting is refused (RFC 8259, section 9, allows a limit): it also stops cycles, and keeps the stack safe. */
export const DEEPEST_JSON = 256;

const WHAT = 'JSON value';

/**
 * The RFC 8785 form: no white space, members in the order of their UTF-16 code units, numbers as ECMAScript writes them.
 * Throws `MALFORMED` where JSON has no such value: NaN, infinities, undefined, bigint, functions, symbols, lone
 * surrogates, holes in arrays, objects that are not plain, nesting deeper than `DEEPEST_JSON` (so every cycle).
 */
export function canonicalize(value: JsonValue): string {
  // Where all members are in order already, JSON.stringify writes the RFC 8785 form, at its native speed.
  return check(value, 0) ? JSON.stringify(value) : write(value);
}

/**
 * Parses text that is its own canonical form, and no other: so duplicate members, white space, other orders and other
 * spellings of a number or a string are refused with `MALFORMED`.
 */
export function parseCanonical(text: string): JsonValue {
  let value: JsonValue;
  try {
    value = JSON.parse(text) as JsonValue;
  } catch (cause) {
    throw new XinlianError('MALFORMED', { what: WHAT, wanted: 'JSON', got: text.slice(0, 120) }, { cause });
  }
  if (canonicalize(value) !== text) malformed(WHAT, 'its RFC 8785 form', text);
  return value;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** As `parseCanonical`, from UTF-8. A byte order mark is refused: it would give one value two byte forms. */
export function parseCanonicalBytes(bytes: Uint8Array): JsonValue {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    const got = `${bytes.length} bytes that are not`;
    throw new XinlianError('MALFORMED', { what: WHAT, wanted: 'UTF-8', got }, { cause });
  }
  return parseCanonical(text);
}

/** Refuses what JSON cannot hold. @returns whether the members of every object in it are in order */
function check(value: unknown, depth: number): boolean {
  switch (typeof value) {
    case 'string':
      return checkText(value);
    case 'number':
      if (!Number.isFinite(value)) malformed(WHAT, 'a finite number', String(value));
      return true;
    case 'boolean':
      return true;
    case 'object':
      if (value === null) return true;
      if (depth === DEEPEST_JSON) malformed(WHAT, `at most ${DEEPEST_JSON} levels, no cycle`, 'more');
      return Array.isArray(value) ? checkArray(value, depth + 1) : checkObject(value, depth + 1);
    case 'undefined':
    case 'bigint':
    case 'symbol':
    case 'function':
      return malformed(WHAT, 'a JSON value', typeof value);
  }
}

function checkText(text: string): true {
  if (!text.isWellFormed()) malformed(WHAT, 'Unicode text', 'a lone surrogate');
  return true;
}

function checkArray(array: readonly unknown[], depth: number): boolean {
  let ordered = true;
  for (let i = 0; i < array.length; i++) ordered = check(array[i], depth) && ordered; // by index, to meet the holes
  return ordered;
}

function checkObject(object: object, depth: number): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== Object.prototype && prototype !== null) malformed(WHAT, 'a plain object', 'an instance of a class');
  let ordered = true;
  let previous = '';
  for (const member of Object.keys(object)) {
    checkText(member);
    if (member < previous) ordered = false;
    previous = member;
    ordered = check((object as Record<string, unknown>)[member], depth) && ordered;
  }
  return ordered;
}

/** Writes what `check` has passed. Numbers: RFC 8785, section 3.2.2.3, is ECMAScript's own Number::toString. */
function write(value: JsonValue): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(write).join()}]`;
  let text = '';
  // by UTF-16 code units, as RFC 8785, section 3.2.3, wants
  for (const member of Object.keys(value).sort()) {
    text += `${text === '' ? '' : ','}${JSON.stringify(member)}:${write(value[member]!)}`;
  }
  return `{${text}}`;
}
