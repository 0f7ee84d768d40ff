// Ids, each with its one parser. Their twins are in contracts/types/Ids.sol; docs/protocol.md, section 1, has the forms.
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { Branded } from './brand.ts';
import { concat, fromHex, toHex, utf8, type Hex } from './bytes.ts';
import type { GrantTerms } from './consortium.ts';
import { malformed } from './errors.ts';
import type { Uscc } from './uscc.ts';

/** `0x` and 64 lower-case hex digits. */
export type MemberId = Branded<Hex, 'MemberId'>;

/** `0x` and 64 lower-case hex digits. */
export type LogId = Branded<Hex, 'LogId'>;

/** A grant on the chain, `0x` and 64 lower-case hex digits; see `grantHashOf`. */
export type GrantHash = Branded<Hex, 'GrantHash'>;

/** 16 bytes, base64url: 22 characters. */
export type RecordId = Branded<string, 'RecordId'>;

const HASH = /^0x[0-9a-f]{64}$/;
const RECORD = /^[A-Za-z0-9_-]{21}[AQgw]$/; // 128 bits fill 21 characters and a third of the last
const GRANT_TERMS_TYPE_HASH = keccak_256(
  utf8('GrantTerms(bytes32 artefact,address key,bytes32 grantee,uint32 validFrom,uint32 validTo,uint16 uses)'),
);
const CATALOGUE_CODE = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,63}$/;

/** Throws `MALFORMED`. */
export function parseMemberId(text: string): MemberId {
  if (!HASH.test(text)) malformed('member id', '0x and 64 lower-case hex digits', text);
  return text as MemberId;
}

/** Throws `MALFORMED`. */
export function parseLogId(text: string): LogId {
  if (!HASH.test(text)) malformed('log id', '0x and 64 lower-case hex digits', text);
  return text as LogId;
}

/** Throws `MALFORMED`. */
export function parseGrantHash(text: string): GrantHash {
  if (!HASH.test(text)) malformed('grant hash', '0x and 64 lower-case hex digits', text);
  return text as GrantHash;
}

/** Throws `MALFORMED`. */
export function parseRecordId(text: string): RecordId {
  if (!RECORD.test(text)) malformed('record id', 'base64url of 16 bytes', text);
  return text as RecordId;
}

/**
 * A code of a catalogue: an item or an edition. ASCII without white space and at most 64 characters, since codes stand
 * in clear in logs, where a name must not. Throws `MALFORMED`.
 */
export function parseCatalogueCode(what: string, text: unknown): string {
  if (typeof text !== 'string') return malformed(what, 'a catalogue code', typeof text);
  if (!CATALOGUE_CODE.test(text)) malformed(what, 'a catalogue code: 1 to 64 of A-Z a-z 0-9 . _ : / @ + -', text);
  return text;
}

/** keccak256("xinlian/member/v1:" || USCC of the body). */
export function memberIdOf(uscc: Uscc): MemberId {
  return toHex(keccak_256(utf8(`xinlian/member/v1:${uscc}`))) as MemberId;
}

export interface LogIdParts {
  chainId: number | bigint;
  /** The LogAnchor contract, 20 bytes. */
  logAnchor: Hex;
  /** Deployment nonce of the consortium, 32 bytes. */
  deployment: Hex;
  owner: MemberId;
  /** What the log is for, 32 bytes. */
  scope: Hex;
  /** Tells apart the owner's logs of one scope: 64 bits. */
  ordinal: number | bigint;
}

/** keccak256(abi.encode(uint256, address, bytes32, bytes32, bytes32, uint64)). Throws `MALFORMED`. */
export function logIdOf({ chainId, logAnchor, deployment, owner, scope, ordinal }: LogIdParts): LogId {
  const encoded = concat(
    uintWord('chain id', chainId, 256n),
    new Uint8Array(12),
    fromHex(logAnchor, 20),
    fromHex(deployment, 32),
    fromHex(owner, 32),
    fromHex(scope, 32),
    uintWord('ordinal', ordinal, 64n),
  );
  return toHex(keccak_256(encoded)) as LogId;
}

/** EIP-712 hashStruct of the terms. Throws `MALFORMED`. */
export function grantHashOf({ artefact, key, grantee, validFrom, validTo, uses }: GrantTerms): GrantHash {
  const encoded = concat(
    GRANT_TERMS_TYPE_HASH,
    fromHex(artefact, 32),
    new Uint8Array(12),
    fromHex(key, 20),
    fromHex(grantee, 32),
    uintWord('validFrom', validFrom, 32n),
    uintWord('validTo', validTo, 32n),
    uintWord('uses', uses, 16n),
  );
  return toHex(keccak_256(encoded)) as GrantHash;
}

/** An unsigned integer as the ABI writes it: 32 bytes, big-endian. */
function uintWord(what: string, value: number | bigint, bits: bigint): Uint8Array {
  const exact = typeof value === 'bigint' || Number.isSafeInteger(value);
  if (!exact || value < 0 || BigInt(value) >> bits !== 0n) malformed(what, `an integer of ${bits} bits`, String(value));
  return fromHex(`0x${value.toString(16).padStart(64, '0')}`);
}
