// What the chain says of members, logs and grants, as every layer speaks of it.
import type { Hex } from './bytes.ts';
import type { GrantHash, LogId, MemberId } from './ids.ts';

/** Roles in the order of their bits in `contracts/types/Roles.sol`. */
export const ROLES = ['council', 'source', 'regulator', 'centre', 'bank', 'auditor', 'identifier'] as const;
export type Role = (typeof ROLES)[number];

export function roleBits(roles: readonly Role[]): number {
  return roles.reduce((bits, role) => bits | (1 << ROLES.indexOf(role)), 0);
}

export function rolesOf(bits: number): Role[] {
  return ROLES.filter((_, i) => (bits & (1 << i)) !== 0);
}

/** Member keys in the order of `IMembership.KeyKind`. */
export const KEY_KINDS = ['checkpoint', 'sealing', 'nodePeer', 'gatewayPeer', 'client'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** Where a member is reached. All optional: a bank may run no public log. */
export interface Endpoints {
  /** Base address of its public log and health (https://…). */
  log?: string;
  /** libp2p multiaddrs of its node. */
  node?: string[];
  /** Base address of its gateway. */
  gateway?: string;
}

/** A key in its tenure: valid for what was mined from block `since` to block `until`, both included. */
export interface TenuredKey {
  key: Uint8Array;
  since: number;
  until?: number;
}

export type MemberStatus = 'active' | 'suspended' | 'removed';

export interface Member {
  id: MemberId;
  /** Legal name. */
  name: string;
  /** USCC of the body itself. */
  uscc: string;
  /** GB/T 2260 code, six digits. */
  region: string;
  roles: Role[];
  status: MemberStatus;
  /** Account that sends its transactions, EIP-55 form. */
  transaction: Hex;
  /** Every key that it ever had, by kind, oldest first; the last without `until` is current. */
  keys: Record<KeyKind, TenuredKey[]>;
  endpoints: Endpoints;
  /** Block of its admission. */
  admitted: number;
}

/** A member's current key of a kind, if it has one. */
export function currentKey(member: Member, kind: KeyKind): Uint8Array | undefined {
  const last = member.keys[kind].at(-1);
  return last && last.until === undefined ? last.key : undefined;
}

/** A checkpoint that the chain took. */
export interface AnchoredHead {
  size: number;
  root: Uint8Array;
  block: number;
  blockHash: Hex;
  transaction: Hex;
}

export interface LogState {
  id: LogId;
  owner: MemberId;
  /** Which items it is for; see `scopeOf`. */
  scope: Hex;
  ordinal: number;
  registered: number;
  closed: boolean;
  successor?: LogId;
  /** Last checkpoint at the head of the chain; absent before the first. */
  head?: AnchoredHead;
  /** Last checkpoint that is final; absent before the first. */
  final?: AnchoredHead;
}

export interface ChainHead {
  number: number;
  hash: Hex;
  /** Block time, seconds since 1970. */
  time: number;
}

/** What the chain is shown of a grant; `grantHashOf` makes its id. The twin of `contracts/types/Grants.sol`. */
export interface GrantTerms {
  /** SHA-256 of the grant artefact's canonical bytes, 32 bytes. */
  artefact: Hex;
  /** EIP-55 address of the grant key. */
  key: Hex;
  /** The member that may use it. */
  grantee: MemberId;
  /** Seconds since 1970, included. */
  validFrom: number;
  /** Seconds since 1970, excluded. */
  validTo: number;
  /** How many query ids may consume it, at most 65,535; 0: uncounted, it is never consumed. */
  uses: number;
}

/** A grant as the chain knows it. What widens it counts when final, what narrows it at first sight. */
export interface GrantState {
  hash: GrantHash;
  /** Of the registration at the head; absent where there is none. */
  terms?: GrantTerms;
  /** Block of the registration at the head. */
  registered?: number;
  registeredFinal: boolean;
  /** At the head; 0 where it is not registered. */
  usesLeft: number;
  /** Ended for good: by any withdrawal ever seen, taken back by a reorganisation or not. */
  withdrawn: boolean;
  /** Until a resumption is final, even where a reorganisation took the suspension back. */
  suspended: boolean;
}

/** A query id's use of a grant, at the head. */
export interface GrantUse {
  block: number;
  final: boolean;
}
