// What the chain says of members and logs, as every layer speaks of it.
import type { Hex } from './bytes.ts';
import type { LogId, MemberId } from './ids.ts';

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
