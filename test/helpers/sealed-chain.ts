// Chains of headers sealed by keys of the test: Clique and QBFT.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { addressOf } from '../../node/core/account.ts';
import { concat, fromHex, toHex, utf8, type Hex } from '../../node/core/bytes.ts';
import { hashedForm } from '../../node/core/ethereum.ts';
import { encodeRlp, integerBytes, type RlpItem } from '../../node/core/rlp.ts';

export interface Sealer {
  address: Hex;
  secret: Uint8Array;
}

/** So many, ascending by address. */
export function sealers(count: number): Sealer[] {
  return Array.from({ length: count }, (_, n) => {
    const secret = keccak_256(utf8(`sealer ${n}`));
    return { secret, address: addressOf(secp256k1.getPublicKey(secret, false)).toLowerCase() as Hex };
  }).sort((a, b) => (a.address < b.address ? -1 : 1));
}

/** r || s || v, v 0 or 1. */
function seal(hash: Uint8Array, { secret }: Sealer): Uint8Array {
  const signature = secp256k1.sign(hash, secret, { prehash: false, format: 'recovered' });
  return concat(signature.subarray(1), signature.subarray(0, 1));
}

export interface HeaderParts {
  parent: Hex;
  number: number;
  coinbase?: Hex;
  difficulty?: number;
  nonce?: Hex;
  receiptsRoot?: Uint8Array;
  mixHash?: Uint8Array;
  uncles?: Hex;
}

const NO_UNCLES: Hex = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';

function fields(parts: HeaderParts, extraData: Uint8Array): RlpItem[] {
  const { parent, number, coinbase = `0x${'00'.repeat(20)}`, difficulty = 1, nonce = `0x${'00'.repeat(8)}` } = parts;
  const { receiptsRoot = new Uint8Array(32), mixHash = new Uint8Array(32), uncles = NO_UNCLES } = parts;
  return [
    fromHex(parent, 32),
    fromHex(uncles, 32),
    fromHex(coinbase, 20),
    new Uint8Array(32),
    new Uint8Array(32),
    receiptsRoot,
    new Uint8Array(256),
    integerBytes(difficulty),
    integerBytes(number),
    integerBytes(30_000_000),
    integerBytes(0),
    integerBytes(1_000 + number),
    extraData,
    mixHash,
    fromHex(nonce, 8),
  ];
}

/** A header sealed by one signer, with the signers that it names. */
export function cliqueHeader(parts: HeaderParts, by: Sealer, named: readonly Hex[] = []): Uint8Array {
  const bare = concat(new Uint8Array(32), ...named.map((address) => fromHex(address, 20)));
  const sealed = seal(keccak_256(encodeRlp(fields(parts, bare))), by);
  return encodeRlp(fields(parts, concat(bare, sealed)));
}

export interface QbftParts extends HeaderParts {
  validators: readonly Hex[];
  vote?: { target: Hex; add: boolean };
  round?: number;
}

/** A header that these committed to. */
export function qbftHeader({ validators, vote, round = 0, ...parts }: QbftParts, by: readonly Sealer[]): Uint8Array {
  const told: RlpItem = vote ? [fromHex(vote.target, 20), vote.add ? Uint8Array.of(0xff) : new Uint8Array()] : [];
  const extra = (seals: Uint8Array[]): Uint8Array =>
    encodeRlp([
      new Uint8Array(32),
      validators.map((address) => fromHex(address, 20)),
      told,
      integerBytes(round),
      seals,
    ]);
  const hash = keccak_256(encodeRlp(fields(parts, extra([]))));
  return encodeRlp(fields(parts, extra(by.map((one) => seal(hash, one)))));
}

/** Hash of a sealed header, as its child names it. */
export function hashOfSealed(rlp: Uint8Array): Hex {
  return toHex(keccak_256(hashedForm(rlp)));
}
