/**
 * The keys of a member, and where they come from. A use case holds these interfaces and never a private key, with one
 * exception that has its own type: `PeerKey`, since libp2p wants the key itself.
 *
 * An adapter for a hardware module (PKCS #11 v3) implements `KeyProvider`, with one token or one label prefix per
 * member, and these mechanisms:
 *
 * | key                                      | mechanism                                                               |
 * | ---------------------------------------- | ----------------------------------------------------------------------- |
 * | `checkpoint`, `client`                   | `CKM_EDDSA` over `CKK_EC_EDWARDS` (Ed25519, no context, no pre-hash)    |
 * | `transaction`                            | `CKM_ECDSA` over secp256k1; the adapter lowers s and finds v by recovery |
 * | `sealing`                                | `CKM_ECDH1_DERIVE` over P-256 with `CKD_NULL`                           |
 * | `vault`                                  | `CKM_AES_KEY_WRAP` (RFC 3394) under a 256-bit `CKK_AES` key             |
 * | `nodePeer`, `gatewayPeer`                | `CKA_EXTRACTABLE`, or kept outside the module: they name a process only |
 */
import type { Hex } from '../core/bytes.ts';

/** Ed25519 (RFC 8032). */
export interface Ed25519Key {
  /** 32 bytes */
  readonly publicKey: Uint8Array;
  /** @returns 64 bytes */
  sign(message: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

/** ECDH over P-256 (NIST SP 800-56A, 5.7.1.2). */
export interface AgreementKey {
  /** Compressed point, 33 bytes */
  readonly publicKey: Uint8Array;
  /**
   * @param peer a point: compressed (33 bytes) or uncompressed (65 bytes)
   * @returns x coordinate of the shared point, 32 bytes
   * @throws XinlianError `MALFORMED` where `peer` is no point of the curve
   */
  deriveBits(peer: Uint8Array): Promise<Uint8Array> | Uint8Array;
}

/** An Ethereum account: ECDSA over secp256k1. */
export interface AccountKey {
  /** 0x and 40 hex digits, with the checksum of ERC-55 */
  readonly address: Hex;
  /**
   * @param digest 32 bytes, signed as they are
   * @returns `0x` and 65 bytes in hex: r || s || v, s in the lower half, v 27 or 28
   */
  sign(digest: Uint8Array): Promise<Hex>;
}

/** The libp2p identity of a process: the one key that leaves its provider. */
export interface PeerKey {
  /** Ed25519, 32 bytes */
  readonly publicKey: Uint8Array;
  /** @returns Ed25519 seed, 32 bytes; the caller's own copy */
  exportSeed(): Promise<Uint8Array>;
}

/** Wraps the epoch keys that wrap record keys (RFC 3394, AES-256). */
export interface Vault {
  /**
   * @param key 32 bytes
   * @returns 40 bytes
   */
  wrap(key: Uint8Array): Promise<Uint8Array>;
  /**
   * @param wrapped 40 bytes
   * @returns 32 bytes
   * @throws XinlianError `MALFORMED` where they were not wrapped by this vault
   */
  unwrap(wrapped: Uint8Array): Promise<Uint8Array>;
}

export interface MemberKeys {
  /** Signs checkpoints of the member's logs. */
  readonly checkpoint: Ed25519Key;
  /** Authenticates the member's applications. */
  readonly client: Ed25519Key;
  /** Payloads are sealed to it. */
  readonly sealing: AgreementKey;
  /** Sends the member's transactions. */
  readonly transaction: AccountKey;
  readonly nodePeer: PeerKey;
  readonly gatewayPeer: PeerKey;
  readonly vault: Vault;
}

/** One provider serves the many members that a node hosts. */
export interface KeyProvider {
  /**
   * The keys of a member; opened once and then kept.
   *
   * @param member member id: 0x and 64 lower-case hex digits
   * @throws XinlianError `MALFORMED` for another form of id, `KEY_UNAVAILABLE` where the keys cannot be had, `CLOSED`
   */
  open(member: string): Promise<MemberKeys>;

  /** Forgets every key: those already opened throw `CLOSED` from then on. */
  close(): Promise<void>;
}
