// What the council of members votes on: the twin of the functions "by vote" of `IMembership`.
import type { Hex } from './bytes.ts';
import type { KeyKind, Role } from './consortium.ts';
import type { MemberId } from './ids.ts';

/** What the council admits: the twin of `IMembership.Admission`. */
export interface Admission {
  /** Legal name. */
  name: string;
  /** USCC of the body itself. */
  uscc: string;
  /** GB/T 2260 code, six digits. */
  region: string;
  roles: Role[];
  /** Account that sends its transactions. */
  transaction: Hex;
  /** Public keys; an empty one where the member has no use for it. Lengths as in `IMembership.Keys`. */
  keys: Record<KeyKind, Uint8Array>;
  /** JSON, read by `parseEndpoints`. */
  endpoints: string;
}

/** A call that the council votes on. Reasons are 32 bytes. */
export type CouncilCall =
  | { call: 'admit'; admission: Admission }
  | { call: 'suspend' | 'remove'; member: MemberId; reason: Hex }
  | { call: 'resume'; member: MemberId }
  | { call: 'setRoles'; member: MemberId; roles: readonly Role[] }
  | { call: 'setThreshold'; threshold: number }
  | { call: 'resetTransactionKey'; member: MemberId; current: Hex };
