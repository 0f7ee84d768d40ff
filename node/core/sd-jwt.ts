// Selective Disclosure for JWTs, RFC 9901: the format and its processing. Signatures, times and audiences are the
// caller's to check, with a JOSE library, before it trusts what comes out of here.
import { sha256Base64Url } from '#sha256';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from './bytes.ts';
import { canonicalize, DEEPEST_JSON, type JsonValue } from './canonical.ts';
import { XinlianError, malformed } from './errors.ts';

export type JsonObject = { [member: string]: JsonValue };

export interface SdJwt {
  /** Issuer-signed JWT, compact form. */
  jwt: string;
  disclosures: string[];
  /** Key binding JWT; an SD-JWT that has one is an SD-JWT+KB. */
  kbJwt?: string;
}

const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const DISCLOSURE = /^[A-Za-z0-9_-]+$/;
const DIGESTS = '_sd';
const ELEMENT = '...';
const ALGORITHM = '_sd_alg';

/** A disclosure of an object's member (RFC 9901, section 4.2.1). @param salt base64url of at least 16 random bytes */
export function encodeDisclosure(salt: string, name: string, value: JsonValue): string {
  if (isReserved(name)) malformed('claim name', `none of ${DIGESTS}, ${ELEMENT}, ${ALGORITHM}`, name);
  return toBase64Url(utf8(canonicalize([salt, name, value])));
}

/** A disclosure of an array's element (RFC 9901, section 4.2.2). @param salt base64url of at least 16 random bytes */
export function encodeElementDisclosure(salt: string, value: JsonValue): string {
  return toBase64Url(utf8(canonicalize([salt, value])));
}

/** The digest that stands for a disclosure (RFC 9901, section 4.2.3). */
export function disclosureDigest(disclosure: string): string {
  return sha256Base64Url(disclosure);
}

/** The compact form (RFC 9901, section 4): `<jwt>~<disclosure>~…~[<key binding JWT>]`. */
export function serializeSdJwt(jwt: string, disclosures: readonly string[], kbJwt = ''): string {
  return `${[jwt, ...disclosures].join('~')}~${kbJwt}`;
}

/** Takes the compact form apart. Throws `MALFORMED`. */
export function parseSdJwt(text: string): SdJwt {
  const [jwt = '', ...disclosures] = text.split('~');
  const kbJwt = disclosures.pop();
  if (!JWT.test(jwt)) malformed('SD-JWT', 'a signed JWT first', jwt);
  if (kbJwt === undefined) return malformed('SD-JWT', 'a ~ after the JWT', 'none');
  const wrong = disclosures.find((disclosure) => !DISCLOSURE.test(disclosure));
  if (wrong !== undefined) malformed('SD-JWT disclosure', 'base64url', wrong);
  if (kbJwt === '') return { jwt, disclosures };
  if (!JWT.test(kbJwt)) malformed('SD-JWT key binding', 'a signed JWT', kbJwt);
  return { jwt, disclosures, kbJwt };
}

/** What `sd_hash` in the key binding JWT must be: it binds that JWT to this one presentation (RFC 9901, section 4.3.1). */
export function sdHash(jwt: string, disclosures: readonly string[]): string {
  return sha256Base64Url(serializeSdJwt(jwt, disclosures));
}

/**
 * The processed payload: digests replaced by what is disclosed, the rest of them gone (RFC 9901, section 7.1, steps 3 to
 * 5). Throws `PROOF_INVALID` (link `disclosure`) wherever those steps say that an SD-JWT must be rejected, for any hash
 * but SHA-256, for `_sd`, `...` or `_sd_alg` in another use than theirs (section 4.1), and for nesting deeper than
 * `DEEPEST_JSON`.
 */
export function unpackSdJwt(payload: JsonObject, disclosures: readonly string[]): JsonObject {
  const { [ALGORITHM]: algorithm = 'sha-256', ...claims } = payload;
  if (algorithm !== 'sha-256') refuse('unknown hash', 'sha-256', show(algorithm));
  const unpacking: Unpacking = { disclosed: new Map(), met: new Set() };
  for (const disclosure of disclosures) {
    const digest = disclosureDigest(disclosure);
    if (unpacking.disclosed.has(digest)) refuse('a disclosure twice', 'one', disclosure);
    unpacking.disclosed.set(digest, disclosure);
  }
  const processed = unpackObject(unpacking, claims, 0);
  const [left] = unpacking.disclosed.values();
  if (left !== undefined) refuse('a disclosure that no digest stands for', 'none', left);
  return processed;
}

interface Unpacking {
  /** Disclosures not yet met, by digest. */
  disclosed: Map<string, string>;
  /** Every digest met so far: none may come twice. */
  met: Set<string>;
}

function unpackValue(unpacking: Unpacking, value: JsonValue, depth: number): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === DEEPEST_JSON) return refuse('deep nesting', `at most ${DEEPEST_JSON} levels`, 'more');
  if (!Array.isArray(value)) return unpackObject(unpacking, value, depth + 1);
  return value.flatMap((element) => {
    if (!isObject(element) || !Object.hasOwn(element, ELEMENT)) return [unpackValue(unpacking, element, depth + 1)];
    if (Object.keys(element).length !== 1)
      return refuse(`members beside ${ELEMENT}`, 'none', Object.keys(element).join());
    const parts = open(unpacking, element[ELEMENT], 2);
    return parts === undefined ? [] : [unpackValue(unpacking, parts[1]!, depth + 1)];
  });
}

function unpackObject(unpacking: Unpacking, object: JsonObject, depth: number): JsonObject {
  const { [DIGESTS]: digests = [], ...clear } = object;
  const members = new Map<string, JsonValue>();
  for (const [name, value] of Object.entries(clear)) {
    if (isReserved(name)) refuse('a reserved name', `none of ${DIGESTS}, ${ELEMENT}, ${ALGORITHM}`, name);
    members.set(name, unpackValue(unpacking, value, depth));
  }
  if (!Array.isArray(digests)) return refuse(`${DIGESTS} that is no array`, 'an array', show(digests));
  for (const digest of digests) insertDisclosed(unpacking, members, digest, depth);
  return Object.fromEntries(members); // defines members, so that one called __proto__ stays a member
}

function insertDisclosed(
  unpacking: Unpacking,
  members: Map<string, JsonValue>,
  digest: JsonValue,
  depth: number,
): void {
  const parts = open(unpacking, digest, 3);
  if (parts === undefined) return;
  const [, name, value] = parts;
  if (typeof name !== 'string') return refuse('a claim name that is no text', 'text', show(name));
  if (isReserved(name)) refuse('a reserved name', `none of ${DIGESTS}, ${ELEMENT}, ${ALGORITHM}`, name);
  if (members.has(name)) refuse('a claim that is there already', 'a new name', name);
  members.set(name, unpackValue(unpacking, value!, depth));
}

/** @returns salt, name (of a member only) and value behind a digest, or nothing where it is not disclosed, or a decoy */
function open(unpacking: Unpacking, digest: JsonValue | undefined, length: 2 | 3): JsonValue[] | undefined {
  if (typeof digest !== 'string') return refuse('a digest that is no text', 'text', show(digest));
  if (unpacking.met.has(digest)) refuse('a digest twice', 'one', digest);
  unpacking.met.add(digest);
  const disclosure = unpacking.disclosed.get(digest);
  if (disclosure === undefined) return undefined;
  unpacking.disclosed.delete(digest);
  const parts = decode(disclosure);
  if (!Array.isArray(parts) || parts.length !== length) {
    return refuse('a disclosure of another form', `an array of ${length}`, disclosure);
  }
  if (typeof parts[0] !== 'string') return refuse('a salt that is no text', 'text', show(parts[0]));
  return parts;
}

function decode(disclosure: string): JsonValue {
  try {
    const value = JSON.parse(fromUtf8(fromBase64Url(disclosure))) as JsonValue;
    canonicalize(value); // refuses what JSON.parse takes and JSON cannot carry on: 1e400, lone surrogates, endless nesting
    return value;
  } catch (cause) {
    return refuse('a disclosure that cannot be read', 'base64url of JSON', disclosure, cause);
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isReserved(name: string): boolean {
  return name === DIGESTS || name === ELEMENT || name === ALGORITHM;
}

function show(value: JsonValue | undefined): string {
  return typeof value === 'object' && value !== null ? 'an array or object' : String(value);
}

function refuse(reason: string, wanted: string, got: string, cause?: unknown): never {
  throw new XinlianError('PROOF_INVALID', { link: 'disclosure', reason, wanted, got: got.slice(0, 120) }, { cause });
}
