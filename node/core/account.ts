// Ethereum accounts: addresses, and the signatures of digests (secp256k1).
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concat, fromHex, toHex, utf8, type Hex } from './bytes.ts';
import { malformed, XinlianError } from './errors.ts';

const RECOVERY_BASE = 27;

/** A private key in memory. */
export interface LocalAccount {
  /** EIP-55 form. */
  readonly address: Hex;
  /**
   * @param digest 32 bytes, signed as they are
   * @returns `0x` and 65 bytes in hex: r || s || v, s in the lower half, v 27 or 28
   */
  sign(digest: Uint8Array): Promise<Hex>;
}

/** @param secret scalar of secp256k1, 32 bytes */
export function localAccount(secret: Uint8Array): LocalAccount {
  return {
    address: addressOf(secp256k1.getPublicKey(secret, false)),
    async sign(digest) {
      if (digest.length !== 32) malformed('digest', '32 bytes', `${digest.length} bytes`);
      // RFC 6979 nonces and low s are noble's defaults; node:crypto has neither.
      const signature = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' });
      const [recovery = 0] = signature;
      return toHex(concat(signature.subarray(1), Uint8Array.of(RECOVERY_BASE + recovery)));
    },
  };
}

/** @returns a new private key: 32 bytes */
export function newAccountSecret(): Uint8Array {
  return secp256k1.utils.randomSecretKey();
}

/** EIP-55 address of an uncompressed public key. */
export function addressOf(publicKey: Uint8Array): Hex {
  return checksumAddress(toHex(keccak_256(publicKey.subarray(1)).subarray(-20)));
}

/** EIP-55 form of an address. */
export function checksumAddress(address: string): Hex {
  const digits = address.slice(2).toLowerCase();
  const hash = toHex(keccak_256(utf8(digits))).slice(2);
  return `0x${Array.from(digits, (digit, i) => ((hash[i] ?? '0') >= '8' ? digit.toUpperCase() : digit)).join('')}`;
}

/**
 * The account that signed a digest: a signature of 65 bytes, v 27 or 28, s in the lower half.
 * @returns lower-case address
 * @throws SIGNATURE_INVALID
 */
export function recoverSigner(digest: Hex, signature: string, what: string): Hex {
  const bytes = fromHex(signature, 65);
  const recovery = (bytes[64] ?? 0) - RECOVERY_BASE;
  try {
    if (recovery !== 0 && recovery !== 1) throw new RangeError(`v is ${recovery + RECOVERY_BASE}`);
    const parsed = secp256k1.Signature.fromBytes(bytes.subarray(0, 64), 'compact').addRecoveryBit(recovery);
    if (parsed.hasHighS()) throw new RangeError('s is in the upper half');
    const point = parsed.recoverPublicKey(fromHex(digest, 32)).toBytes(false);
    return toHex(keccak_256(point.subarray(1)).subarray(-20));
  } catch (cause) {
    throw new XinlianError('SIGNATURE_INVALID', { what, key: 'account' }, { cause });
  }
}
