// Records as salted digests, one per claim, and the commitment over them. docs/protocol.md, section 2.
import { hkdfExpand } from '#hkdf';
import { sha256, sha256Base64Url } from '#sha256';
import { encodeChunks, encodeLines } from '#base64url';
import { fromBase64Url, utf8 } from './bytes.ts';
import { parseCanonical, parseCanonicalBytes } from './canonical.ts';
import { XinlianError, malformed } from './errors.ts';
import { parseCatalogueCode } from './ids.ts';

/** What a claim can hold. Numbers are safe integers; a decimal is a string. */
export type ClaimValue = string | number | boolean | null;

/** Names in schema order, with one value each, and the record key (32 bytes) that salts them. */
export interface Claims {
  names: readonly string[];
  values: readonly ClaimValue[];
  key: Uint8Array;
}

export interface RecordPayload {
  item: string;
  edition: string;
  /** One per claim, in schema order: base64url, 43 characters. */
  digests: readonly string[];
}

/** A schema's limit; HKDF-Expand gives at most 255 blocks. */
export const MOST_CLAIMS = 250;

const SALT_LABEL = 'xinlian/salt/v1';
const SALT_BYTES = 32;
const KEY_BYTES = 32;
const DIGEST = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/; // 256 bits fill 42 characters and two thirds of the last

/**
 * The payload of a record, its commitment of 32 bytes, and the disclosures of all claims, in schema order.
 * Throws `MALFORMED` where names and values do not match or are no claims, `TOO_LARGE` over 250 claims.
 */
export function commitRecord(record: Claims & { item: string; edition: string }): {
  payload: string;
  commitment: Uint8Array;
  disclosures: string[];
} {
  const item = parseCatalogueCode('item', record.item);
  const edition = parseCatalogueCode('edition', record.edition);
  const disclosures = encodeClaims(record, record.names.keys());
  const digests = disclosures.map((disclosure) => `"${sha256Base64Url(disclosure)}"`);
  // In RFC 8785 form as it stands: members are in order, and codes and digests need no escapes.
  const payload = `{"_sd":[${digests.join()}],"_sd_alg":"sha-256","edition":"${edition}","item":"${item}"}`;
  return { payload, commitment: commitmentOf(payload), disclosures };
}

/** SHA-256 of a payload. The text is taken as it is; `parsePayload` tells whether it is one. */
export function commitmentOf(payload: string): Uint8Array {
  return sha256(utf8(payload));
}

/** The disclosures (RFC 9901, section 4.2.1) of the claims at some positions of the schema, in the order asked for. */
export function discloseRecord(record: Claims & { positions: readonly number[] }): string[] {
  const count = record.names.length;
  for (const position of record.positions) {
    if (!Number.isInteger(position) || position < 0 || position >= count) {
      malformed('position', `an integer from 0 to ${count - 1}`, String(position));
    }
  }
  return encodeClaims(record, record.positions);
}

/**
 * Opens disclosures against a payload: position in the schema → name and value, in the order of the disclosures.
 *
 * Throws `PROOF_INVALID` (link `disclosure`) where a disclosure is not in the payload, is not in its one form, comes
 * twice, or has another name than its position, and where the payload has not one digest per name. Throws `MALFORMED`
 * where the payload is none.
 */
export function openDisclosures(shown: {
  payload: string;
  names: readonly string[];
  disclosures: readonly string[];
}): Map<number, { name: string; value: ClaimValue }> {
  const { digests } = parsePayload(shown.payload);
  if (digests.length !== shown.names.length) {
    refuse('one digest per claim of the schema', String(shown.names.length), String(digests.length));
  }
  const positions = new Map(digests.map((digest, position) => [digest, position]));
  const opened = new Map<number, { name: string; value: ClaimValue }>();
  for (const disclosure of shown.disclosures) {
    const position = positions.get(sha256Base64Url(disclosure));
    if (position === undefined) return refuse('a digest of the payload', 'one that is in it', disclosure);
    if (opened.has(position)) refuse('one disclosure per position', 'one', `a second for position ${position}`);
    const claim = decodeClaim(disclosure);
    const name = shown.names[position];
    if (claim.name !== name) refuse(`the name at position ${position}`, String(name), claim.name);
    opened.set(position, claim);
  }
  return opened;
}

/** A record's payload, strictly: canonical, these four members, digests well-formed and all different. Throws `MALFORMED`. */
export function parsePayload(text: string): RecordPayload {
  const payload = parseCanonical(text);
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    return malformed('payload', 'an object', text);
  }
  const members = Object.keys(payload).join();
  if (members !== '_sd,_sd_alg,edition,item') malformed('payload', 'members _sd, _sd_alg, edition, item', members);
  if (payload['_sd_alg'] !== 'sha-256') malformed('payload _sd_alg', 'sha-256', JSON.stringify(payload['_sd_alg']));
  const digests = payload['_sd'];
  if (!Array.isArray(digests) || digests.length > MOST_CLAIMS) {
    return malformed('payload _sd', `an array of at most ${MOST_CLAIMS}`, text);
  }
  if (!digests.every(isDigest)) return malformed('payload _sd', 'base64url of 32 bytes each', text);
  if (new Set(digests).size !== digests.length) malformed('payload _sd', 'different digests', text);
  return {
    item: parseCatalogueCode('payload item', payload['item']),
    edition: parseCatalogueCode('payload edition', payload['edition']),
    digests,
  };
}

function isDigest(value: unknown): value is string {
  return typeof value === 'string' && DIGEST.test(value);
}

function encodeClaims({ names, values, key }: Claims, positions: Iterable<number>): string[] {
  if (names.length !== values.length) malformed('claims', `${names.length} values`, String(values.length));
  if (names.length > MOST_CLAIMS) {
    throw new XinlianError('TOO_LARGE', { what: 'claims', limit: MOST_CLAIMS, got: names.length });
  }
  if (key.length !== KEY_BYTES) malformed('record key', `${KEY_BYTES} bytes`, `${key.length} bytes`);
  const salts = encodeChunks(hkdfExpand(key, SALT_LABEL, names.length * SALT_BYTES), SALT_BYTES);
  const claims: string[] = [];
  for (const position of positions) {
    const name = names[position]!;
    const value = values[position]!;
    if (!isClaimValue(value)) malformed(`claim ${name}`, 'a string, safe integer, boolean or null', typeof value);
    // RFC 8785 by hand: a string has one form in it and in ECMAScript, and the salt needs no escapes.
    if (typeof value === 'string' && !value.isWellFormed())
      malformed(`claim ${name}`, 'Unicode text', 'half of a character');
    claims.push(`["${salts[position]!}",${JSON.stringify(name)},${JSON.stringify(value)}]`);
  }
  return encodeLines(claims);
}

function decodeClaim(disclosure: string): { name: string; value: ClaimValue } {
  try {
    const claim = parseCanonicalBytes(fromBase64Url(disclosure));
    if (!Array.isArray(claim) || claim.length !== 3) return malformed('disclosure', '[salt, name, value]', disclosure);
    const [salt, name, value] = claim;
    if (typeof salt !== 'string') return malformed('salt', 'text', typeof salt);
    fromBase64Url(salt, SALT_BYTES);
    if (typeof name !== 'string') return malformed('claim name', 'text', typeof name);
    if (!isClaimValue(value)) return malformed('claim value', 'a string, safe integer, boolean or null', typeof value);
    return { name, value };
  } catch (cause) {
    return refuse('its one form', 'base64url of the RFC 8785 form of [salt, name, value]', disclosure, cause);
  }
}

function isClaimValue(value: unknown): value is ClaimValue {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value);
}

function refuse(reason: string, wanted: string, got: string, cause?: unknown): never {
  throw new XinlianError('PROOF_INVALID', { link: 'disclosure', reason, wanted, got: got.slice(0, 120) }, { cause });
}
