// Which validators committed to a QBFT header, in Besu's form: extra data is the list of vanity, validators, vote, round and
// seals. The validators of a header are those after the votes of the headers before it.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { recoverSigner } from './account.ts';
import { toHex, type Hex } from './bytes.ts';
import { decodeRlpList, encodeRlp, rlpBytes, rlpInteger, rlpList, type RlpItem } from './rlp.ts';
import { sealBroken, type SealedHeader } from './sealed-header.ts';

const VANITY_BYTES = 32;
const ADDRESS_BYTES = 20;
const SEAL_BYTES = 65;
const ADD = 0xff;

export interface QbftVote {
  target: Hex;
  add: boolean;
}

/** The extra data of a header. */
export interface QbftExtra {
  vanity: Uint8Array;
  /** In the header's order, lower case. */
  validators: Hex[];
  vote?: QbftVote;
  round: number;
  /** 65 bytes each: r || s || v, v 0 or 1. */
  seals: Uint8Array[];
}

/** What a chain of headers came to. Plain data: it can be kept as JSON. */
export interface QbftState {
  kind: 'qbft';
  /** Blocks after which votes begin anew. */
  epoch: number;
  /** The last header taken. */
  number: number;
  /** That commit to the next header; ascending, lower case. */
  validators: Hex[];
  votes: (QbftVote & { validator: Hex })[];
}

/** Reads extra data; proves nothing. Throws `MALFORMED`. */
export function parseQbftExtra(extraData: Uint8Array): QbftExtra {
  const items = decodeRlpList('QBFT extra data', extraData);
  const [vanity, validators, vote, round, seals] = items;
  const told = rlpList('QBFT vote', vote);
  return {
    vanity: rlpBytes('QBFT vanity', vanity, VANITY_BYTES),
    validators: rlpList('QBFT validators', validators).map((item) =>
      toHex(rlpBytes('QBFT validator', item, ADDRESS_BYTES)),
    ),
    ...(told.length > 0 && { vote: readVote(told) }),
    round: rlpInteger('QBFT round', round),
    seals: rlpList('QBFT seals', seals).map((item) => rlpBytes('QBFT seal', item, SEAL_BYTES)),
  };
}

function readVote([target, kind]: RlpItem[]): QbftVote {
  const byte = rlpBytes('QBFT vote', kind);
  return { target: toHex(rlpBytes('QBFT vote', target, ADDRESS_BYTES)), add: byte[0] === ADD };
}

/** How many of so many validators must have committed. */
export function qbftQuorum(validators: number): number {
  return Math.ceil((2 * validators) / 3);
}

export function beginQbft(
  number: number,
  validators: readonly Hex[],
  { epoch = 30_000 }: { epoch?: number } = {},
): QbftState {
  return { kind: 'qbft', epoch, number, validators: sorted(validators), votes: [] };
}

/** Those that committed to a header. Throws `MALFORMED`, `SIGNATURE_INVALID`. */
export function qbftSigners({ number, fields, extraDataAt, extraData }: SealedHeader): Hex[] {
  const { seals } = parseQbftExtra(extraData);
  const [vanity, validators, vote, round] = decodeRlpList('QBFT extra data', extraData) as [
    RlpItem,
    RlpItem,
    RlpItem,
    RlpItem,
  ];
  // What is committed to has the round, and no seals.
  const committed = encodeRlp(fields.with(extraDataAt, encodeRlp([vanity, validators, vote, round, []])));
  const digest = toHex(keccak_256(committed));
  return seals.map((seal) => {
    const signature = `${toHex(seal.subarray(0, -1))}${((seal.at(-1) ?? 0) + 27).toString(16).padStart(2, '0')}`;
    return recoverSigner(digest, signature, `seal of block ${number}`);
  });
}

/**
 * Takes the next header. Pure: the state that is given stays as it is.
 * @throws PROOF_INVALID (link `seals`) where too few of the validators committed, or the header names others; MALFORMED;
 *   SIGNATURE_INVALID
 */
export function takeQbft(state: QbftState, header: SealedHeader): { state: QbftState; signers: Hex[] } {
  const { number, coinbase } = header;
  if (number !== state.number + 1) sealBroken(number, 'block', `block ${state.number + 1}`, `block ${number}`);
  const { validators, vote } = parseQbftExtra(header.extraData);
  if (validators.join() !== state.validators.join())
    sealBroken(number, 'validators', state.validators.join(', '), validators.join(', '));
  if (!validators.includes(coinbase)) sealBroken(number, 'proposer', `one of ${validators.join(', ')}`, coinbase);
  const signers = qbftSigners(header);
  const stranger = signers.find((signer) => !validators.includes(signer));
  if (stranger !== undefined) sealBroken(number, 'seal', `one of ${validators.join(', ')}`, stranger);
  const distinct = new Set(signers).size;
  const quorum = qbftQuorum(validators.length);
  if (distinct < quorum || distinct < signers.length)
    sealBroken(number, 'seals', `${quorum} of different validators`, `${distinct} of ${signers.length}`);
  // At an epoch votes begin anew, that of the epoch's own header with them.
  const votes = number % state.epoch === 0 ? [] : state.votes;
  const next = { ...state, number, votes };
  return { state: vote && number % state.epoch !== 0 ? count(next, { ...vote, validator: coinbase }) : next, signers };
}

function count(state: QbftState, vote: QbftVote & { validator: Hex }): QbftState {
  const { validators } = state;
  const { target, add, validator } = vote;
  const others = state.votes.filter((own) => own.validator !== validator || own.target !== target);
  // As Besu counts: a vote for what is so already counts too, and ends the votes against it.
  const votes = [...others, vote];
  const given = votes.filter((own) => own.target === target && own.add === add).length;
  if (given <= validators.length / 2) return { ...state, votes };
  const rest = validators.filter((own) => own !== target);
  return {
    ...state,
    validators: add ? sorted([...rest, target]) : rest,
    votes: votes.filter((own) => own.target !== target && (add || own.validator !== target)),
  };
}

function sorted(addresses: readonly Hex[]): Hex[] {
  return addresses.map((address) => address.toLowerCase() as Hex).sort();
}
