// EIP-712 twins of what the contracts verify: a wallet shows these texts to the person who signs.
import { TypedDataEncoder, type TypedDataDomain, type TypedDataField } from 'ethers/hash';
import type { Hex } from './bytes.ts';
import { XinlianError } from './errors.ts';
import type { GrantHash, MemberId } from './ids.ts';

export type { TypedDataDomain };

export type TypedDataTypes = Record<string, TypedDataField[]>;

/** The new account's word that it is held: signed by it, and given to `Membership.rotateTransactionKey`. */
export const KEY_ROTATION_TYPES = {
  KeyRotation: [
    { name: 'member', type: 'bytes32' },
    { name: 'previous', type: 'address' },
    { name: 'current', type: 'address' },
  ],
} satisfies TypedDataTypes;

export type KeyRotation = { member: MemberId; previous: Hex; current: Hex };

/** Signed by the grant key, for `GrantRegistry.register`. The deadline, in seconds since 1970, is included. */
export const GRANT_REGISTRATION_TYPES = {
  GrantRegistration: [
    { name: 'grant', type: 'bytes32' },
    { name: 'deadline', type: 'uint64' },
  ],
} satisfies TypedDataTypes;

export type GrantRegistration = { grant: GrantHash; deadline: number };

/** Signed by the grant key, for `GrantRegistry.withdraw`. It has no deadline: a withdrawal is for good. */
export const GRANT_WITHDRAWAL_TYPES = {
  GrantWithdrawal: [{ name: 'grant', type: 'bytes32' }],
} satisfies TypedDataTypes;

export type GrantWithdrawal = { grant: GrantHash };

/** Signed by the grantee's current transaction key, for `GrantRegistry.consumeFor`. */
export const GRANT_CONSUMPTION_TYPES = {
  GrantConsumption: [
    { name: 'grant', type: 'bytes32' },
    { name: 'queryId', type: 'bytes32' },
    { name: 'deadline', type: 'uint64' },
  ],
} satisfies TypedDataTypes;

export type GrantConsumption = { grant: GrantHash; queryId: Hex; deadline: number };

/** The domain of every signature. The deployment nonce tells apart two consortia that share a chain id. */
export function xinlianDomain(at: {
  chainId: number | bigint;
  verifyingContract: Hex;
  /** 32 bytes */
  deployment: Hex;
}): TypedDataDomain {
  const { chainId, verifyingContract, deployment } = at;
  return { name: 'Xinlian', version: '1', chainId, verifyingContract, salt: deployment };
}

/**
 * keccak256("\x19\x01" || domain separator || struct hash): what is signed (EIP-712). The primary type is the one that no
 * other type uses. Throws `MALFORMED` where the message is not of the types.
 */
export function typedDataDigest(domain: TypedDataDomain, types: TypedDataTypes, message: Record<string, unknown>): Hex {
  try {
    return TypedDataEncoder.hash(domain, types, message) as Hex;
  } catch (cause) {
    const wanted = `a message of ${Object.keys(types).join(', ')}`;
    throw new XinlianError('MALFORMED', { what: 'typed data', wanted, got: String(cause).slice(0, 120) }, { cause });
  }
}
