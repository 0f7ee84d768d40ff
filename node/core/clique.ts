// Who sealed a chain of Clique headers (EIP-225): signers in turn, their votes on one another, from a block that is trusted.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { recoverSigner } from './account.ts';
import { toHex, type Hex } from './bytes.ts';
import { encodeRlp, type RlpItem } from './rlp.ts';
import { sealBroken, type SealedHeader } from './sealed-header.ts';

const VANITY_BYTES = 32;
const SEAL_BYTES = 65;
const ADDRESS_BYTES = 20;
const NO_ADDRESS: Hex = `0x${'00'.repeat(20)}`;
const ADD: Hex = `0x${'ff'.repeat(8)}`;
const DROP: Hex = `0x${'00'.repeat(8)}`;
/** keccak256 of the RLP of no uncles. */
const NO_UNCLES: Hex = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';
const NO_HASH: Hex = `0x${'00'.repeat(32)}`;
const IN_TURN = 2;
const OUT_OF_TURN = 1;

interface CliqueVote {
  signer: Hex;
  target: Hex;
  add: boolean;
}

/** What a chain of headers came to. Plain data: it can be kept as JSON. */
export interface CliqueState {
  kind: 'clique';
  /** Blocks after which votes begin anew. */
  epoch: number;
  /** The last header taken. */
  number: number;
  /** Ascending, lower case. */
  signers: Hex[];
  /** Who sealed the blocks that still count: number and signer. */
  recent: [number: number, signer: Hex][];
  votes: CliqueVote[];
}

/**
 * Begins at a block that is trusted: its signers may seal the next.
 * @param epoch of the chain's genesis; 30,000 unless it says otherwise
 * @param recent who sealed the blocks up to it, as far as that is known
 */
export function beginClique(
  number: number,
  signers: readonly Hex[],
  { epoch = 30_000, recent = [] }: { epoch?: number; recent?: [number, Hex][] } = {},
): CliqueState {
  return { kind: 'clique', epoch, number, signers: sorted(signers), recent: [...recent], votes: [] };
}

/** Signers that an epoch's header (or block 0) names. Throws `PROOF_INVALID`. */
export function cliqueSignersIn({ number, extraData }: SealedHeader): Hex[] {
  const bytes = extraData.length - VANITY_BYTES - SEAL_BYTES;
  if (bytes < 0 || bytes % ADDRESS_BYTES !== 0)
    sealBroken(number, 'extra data', 'vanity, signers and a seal', `${extraData.length} bytes`);
  return Array.from({ length: bytes / ADDRESS_BYTES }, (_, i) => {
    const at = VANITY_BYTES + i * ADDRESS_BYTES;
    return toHex(extraData.subarray(at, at + ADDRESS_BYTES));
  });
}

/** The account that sealed a header. Throws `PROOF_INVALID`. */
export function cliqueSigner({ number, fields, extraData, extraDataAt }: SealedHeader): Hex {
  if (extraData.length < VANITY_BYTES + SEAL_BYTES)
    sealBroken(number, 'extra data', `${VANITY_BYTES + SEAL_BYTES} bytes at least`, `${extraData.length} bytes`);
  const seal = extraData.subarray(-SEAL_BYTES);
  const bare: RlpItem[] = fields.with(extraDataAt, extraData.subarray(0, -SEAL_BYTES));
  const signature = `${toHex(seal.subarray(0, -1))}${((seal.at(-1) ?? 0) + 27).toString(16).padStart(2, '0')}`;
  return recoverSigner(toHex(keccak_256(encodeRlp(bare))), signature, `seal of block ${number}`);
}

/**
 * Takes the next header. Pure: the state that is given stays as it is.
 * @throws PROOF_INVALID (link `seals`) where it breaks a rule of EIP-225; SIGNATURE_INVALID
 */
export function takeClique(state: CliqueState, header: SealedHeader): { state: CliqueState; signer: Hex } {
  const { number } = header;
  if (number !== state.number + 1) sealBroken(number, 'block', `block ${state.number + 1}`, `block ${number}`);
  const epochal = number % state.epoch === 0;
  checkForm(state, header, epochal);
  const signer = cliqueSigner(header);
  const { signers } = state;
  const at = signers.indexOf(signer);
  if (at < 0) sealBroken(number, 'seal', `one of ${signers.join(', ')}`, signer);
  const limit = Math.floor(signers.length / 2) + 1;
  const before = state.recent.find(([other, by]) => by === signer && other > number - limit);
  if (before) sealBroken(number, 'turn', `another signer than that of block ${before[0]}`, signer);
  const difficulty = number % signers.length === at ? IN_TURN : OUT_OF_TURN;
  if (header.difficulty !== difficulty) sealBroken(number, 'difficulty', `${difficulty}`, `${header.difficulty}`);
  const recent = [...state.recent.filter(([other]) => other > number - limit), [number, signer] as [number, Hex]];
  const votes = epochal ? [] : state.votes;
  const next = { ...state, number, recent, votes };
  return { state: epochal ? next : vote(next, signer, header), signer };
}

function checkForm({ signers }: CliqueState, header: SealedHeader, epochal: boolean): void {
  const { number, coinbase, nonce, mixHash, unclesHash } = header;
  if (unclesHash !== NO_UNCLES) sealBroken(number, 'uncles', 'none', unclesHash);
  if (mixHash !== NO_HASH) sealBroken(number, 'mix hash', 'zero', mixHash);
  if (nonce !== ADD && nonce !== DROP) sealBroken(number, 'nonce', `${ADD} or ${DROP}`, nonce);
  const named = cliqueSignersIn(header);
  if (!epochal && named.length > 0) sealBroken(number, 'signers', 'none but at an epoch', `${named.length}`);
  if (!epochal) return;
  if (coinbase !== NO_ADDRESS || nonce !== DROP) sealBroken(number, 'vote', 'none at an epoch', coinbase);
  if (named.join() !== signers.join()) sealBroken(number, 'signers', signers.join(', '), named.join(', '));
}

/** A signer's vote on another account counts until the signer takes it back, is dropped, or the account's place changes. */
function vote(state: CliqueState, signer: Hex, { coinbase: target, nonce, number }: SealedHeader): CliqueState {
  const { signers } = state;
  const add = nonce === ADD;
  const others = state.votes.filter((own) => own.signer !== signer || own.target !== target);
  // A vote that changes nothing is none, but ends the one before.
  if (signers.includes(target) === add) return { ...state, votes: others };
  const votes = [...others, { signer, target, add }];
  const given = votes.filter((own) => own.target === target && own.add === add).length;
  if (given <= signers.length / 2) return { ...state, votes };
  const changed = add ? sorted([...signers, target]) : signers.filter((own) => own !== target);
  const limit = Math.floor(changed.length / 2) + 1;
  return {
    ...state,
    signers: changed,
    recent: state.recent.filter(([other]) => other > number - limit),
    votes: votes.filter((own) => own.target !== target && (add || own.signer !== target)),
  };
}

function sorted(addresses: readonly Hex[]): Hex[] {
  return addresses.map((address) => address.toLowerCase() as Hex).sort();
}
