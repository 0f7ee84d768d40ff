// Keys held in the memory of this process.
import {
  createCipheriv,
  createDecipheriv,
  createECDH,
  createPrivateKey,
  createPublicKey,
  hkdfSync,
  randomBytes,
  sign,
} from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { localAccount } from '../core/account.ts';
import { fromBase64Url, toHex } from '../core/bytes.ts';
import type { Hex } from '../core/bytes.ts';
import { malformed } from '../core/errors.ts';
import type { AccountKey, AgreementKey, Ed25519Key, MemberKeys, PeerKey, Vault } from './provider.ts';

export const KEY_NAMES = [
  'checkpoint',
  'client',
  'sealing',
  'transaction',
  'nodePeer',
  'gatewayPeer',
  'vault',
] as const satisfies (keyof MemberKeys)[];
export type KeyName = (typeof KEY_NAMES)[number];

/** Per key: an Ed25519 seed, a scalar of P-256 or secp256k1, or an AES key; 32 bytes each. */
export type KeySecrets = Record<KeyName, Uint8Array>;

/** What others may know of a member's keys. */
export interface PublicKeys {
  /** Ed25519, 32 bytes */
  checkpoint: Uint8Array;
  /** Ed25519, 32 bytes */
  client: Uint8Array;
  /** P-256, compressed, 33 bytes */
  sealing: Uint8Array;
  /** Address */
  transaction: Hex;
  /** Ed25519, 32 bytes */
  nodePeer: Uint8Array;
  /** Ed25519, 32 bytes */
  gatewayPeer: Uint8Array;
}

/** 128 bits more than the orders of the curves, so that reducing them leaves no bias (FIPS 186-5, A.2.1). */
const MATERIAL_LENGTH = 48;
/** Header of a PKCS #8 Ed25519 key (RFC 8410, section 7), before its seed. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');
/** RFC 3394, section 2.2.3.1 */
const KEY_WRAP_IV = Buffer.alloc(8, 0xa6);

/** @param seed makes the keys repeatable: for sandboxes and tests; without it they are random */
export function generateSecrets(seed?: Uint8Array): KeySecrets {
  const generate = (name: KeyName): Uint8Array => {
    const material =
      seed === undefined
        ? randomBytes(MATERIAL_LENGTH)
        : new Uint8Array(hkdfSync('sha256', seed, new Uint8Array(0), `xinlian/keys/v1/${name}`, MATERIAL_LENGTH));
    if (name === 'sealing') return p256.utils.randomSecretKey(material);
    if (name === 'transaction') return secp256k1.utils.randomSecretKey(material);
    return Uint8Array.from(material.subarray(0, 32));
  };
  return Object.fromEntries(KEY_NAMES.map((name) => [name, generate(name)])) as KeySecrets;
}

/** @param assertOpen called before every use; throws once the keys are closed */
export function localKeys(secrets: KeySecrets, assertOpen: () => void): MemberKeys {
  return {
    checkpoint: ed25519Key(secrets.checkpoint, assertOpen),
    client: ed25519Key(secrets.client, assertOpen),
    sealing: agreementKey(secrets.sealing, assertOpen),
    transaction: accountKey(secrets.transaction, assertOpen),
    nodePeer: peerKey(secrets.nodePeer, assertOpen),
    gatewayPeer: peerKey(secrets.gatewayPeer, assertOpen),
    vault: vault(secrets.vault, assertOpen),
  };
}

export function publicKeysOf(keys: MemberKeys): PublicKeys {
  return {
    checkpoint: keys.checkpoint.publicKey,
    client: keys.client.publicKey,
    sealing: keys.sealing.publicKey,
    transaction: keys.transaction.address,
    nodePeer: keys.nodePeer.publicKey,
    gatewayPeer: keys.gatewayPeer.publicKey,
  };
}

function ed25519Private(seed: Uint8Array) {
  return createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
}

function ed25519Public(seed: Uint8Array): Uint8Array {
  const { x } = createPublicKey(ed25519Private(seed)).export({ format: 'jwk' });
  return fromBase64Url(x ?? '', 32);
}

function ed25519Key(seed: Uint8Array, assertOpen: () => void): Ed25519Key {
  const privateKey = ed25519Private(seed);
  return {
    publicKey: ed25519Public(seed),
    sign(message) {
      assertOpen();
      return new Uint8Array(sign(null, message, privateKey));
    },
  };
}

function peerKey(seed: Uint8Array, assertOpen: () => void): PeerKey {
  return {
    publicKey: ed25519Public(seed),
    async exportSeed() {
      assertOpen();
      return seed.slice();
    },
  };
}

function agreementKey(scalar: Uint8Array, assertOpen: () => void): AgreementKey {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  return {
    publicKey: p256.getPublicKey(scalar, true),
    deriveBits(peer) {
      assertOpen();
      checkPoint(peer);
      try {
        return new Uint8Array(ecdh.computeSecret(peer));
      } catch {
        return malformed('P-256 point', 'a point of the curve', toHex(peer));
      }
    },
  };
}

/** The two forms of SEC 1, section 2.3.3; OpenSSL would take the hybrid one too. */
function checkPoint(point: Uint8Array): void {
  const compressed = point.length === 33 && (point[0] === 2 || point[0] === 3);
  const uncompressed = point.length === 65 && point[0] === 4;
  if (!compressed && !uncompressed) malformed('P-256 point', '33 bytes 02… or 03…, or 65 bytes 04…', toHex(point));
}

function accountKey(scalar: Uint8Array, assertOpen: () => void): AccountKey {
  const account = localAccount(scalar);
  return {
    address: account.address,
    async sign(digest) {
      assertOpen();
      return account.sign(digest);
    },
  };
}

function vault(key: Uint8Array, assertOpen: () => void): Vault {
  return {
    async wrap(plain) {
      assertOpen();
      if (plain.length !== 32) malformed('key to wrap', '32 bytes', `${plain.length} bytes`);
      const cipher = createCipheriv('id-aes256-wrap', key, KEY_WRAP_IV);
      return new Uint8Array(Buffer.concat([cipher.update(plain), cipher.final()]));
    },
    async unwrap(wrapped) {
      assertOpen();
      if (wrapped.length !== 40) malformed('wrapped key', '40 bytes', `${wrapped.length} bytes`);
      const decipher = createDecipheriv('id-aes256-wrap', key, KEY_WRAP_IV);
      try {
        return new Uint8Array(Buffer.concat([decipher.update(wrapped), decipher.final()]));
      } catch {
        return malformed('wrapped key', 'one that this vault wrapped', '40 bytes that fail its check');
      }
    },
  };
}
