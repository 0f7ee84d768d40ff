// Block headers and receipts: from their JSON-RPC form to the bytes that the chain hashes, and back.
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concat, fromHex, toHex, type Hex } from './bytes.ts';
import { malformed } from './errors.ts';
import { decodeRlpList, encodeRlp, integerBytes, rlpBytes, rlpInteger, rlpList, type RlpItem } from './rlp.ts';

/** What a field of a header is: hex of that many bytes, of any number of bytes, or of an integer. */
type FieldForm = number | 'data' | 'integer';

/** Header fields in the order in which they are hashed (yellow paper, section 4.4). */
const FIELDS = {
  parentHash: 32,
  sha3Uncles: 32,
  miner: 20,
  stateRoot: 32,
  transactionsRoot: 32,
  receiptsRoot: 32,
  logsBloom: 256,
  difficulty: 'integer',
  number: 'integer',
  gasLimit: 'integer',
  gasUsed: 'integer',
  timestamp: 'integer',
  extraData: 'data',
  mixHash: 32,
  nonce: 8,
} as const satisfies Record<string, FieldForm>;

/** Fields that later forks appended, oldest first (EIP-1559, 4895, 4844, 4788, 7685). */
const FORK_FIELDS = {
  baseFeePerGas: 'integer',
  withdrawalsRoot: 32,
  blobGasUsed: 'integer',
  excessBlobGas: 'integer',
  parentBeaconBlockRoot: 32,
  requestsHash: 32,
} as const satisfies Record<string, FieldForm>;

const REQUIRED = Object.entries(FIELDS) as [keyof typeof FIELDS, FieldForm][];
const APPENDED = Object.entries(FORK_FIELDS) as [keyof typeof FORK_FIELDS, FieldForm][];
const NUMBER = REQUIRED.findIndex(([name]) => name === 'number');
const TIMESTAMP = REQUIRED.findIndex(([name]) => name === 'timestamp');
const EXTRA_DATA = REQUIRED.findIndex(([name]) => name === 'extraData');

/** More than any fork has: room for fields that are not known yet. */
const MOST_FIELDS = 32;

/** A block as `eth_getBlockByNumber` gives it. Other members are passed over. */
export type RpcBlock = { hash: string } & Record<keyof typeof FIELDS, string> & {
    [Name in keyof typeof FORK_FIELDS]?: string | null;
  };

export interface BlockHeader {
  /** Hash of the block. */
  hash: Hex;
  parentHash: Hex;
  number: number;
  /** Seconds since 1970. */
  timestamp: number;
  receiptsRoot: Uint8Array;
}

/**
 * The RLP of a header, whose keccak256 is the block's hash. QBFT hashes its header without the round and the
 * validators' seals, which differ from node to node; such a header comes out without them.
 * Throws `MALFORMED` where a field has the wrong form, or the fields do not have the hash that the block names.
 */
export function encodeHeader(block: RpcBlock): Uint8Array {
  const fields = fieldsOf(block);
  const header = encodeRlp(fields);
  const hash = toHex(keccak_256(header));
  if (hash === block.hash) return header;
  const unsealed = withoutQbftSeals(fields);
  if (unsealed && toHex(keccak_256(unsealed)) === block.hash) return unsealed;
  return malformed('block header', `the block's hash ${block.hash}`, hash);
}

/**
 * The RLP of a header with all its seals: for QBFT it has another hash than the block, by as much as the seals.
 * Throws `MALFORMED` where a field has the wrong form.
 */
export function encodeSealedHeader(block: RpcBlock): Uint8Array {
  return encodeRlp(fieldsOf(block));
}

/** A sealed header as the chain hashes it. @param rlp of `encodeSealedHeader`. Throws `MALFORMED` */
export function hashedForm(rlp: Uint8Array): Uint8Array {
  return withoutQbftSeals(decodeRlpList('block header', rlp)) ?? rlp;
}

function fieldsOf(block: RpcBlock): RlpItem[] {
  const fields: RlpItem[] = REQUIRED.map(([name, form]) => field(name, form, block[name]));
  const present = APPENDED.filter(([name]) => (block[name] ?? null) !== null);
  if (present.some(([name], i) => name !== APPENDED[i]?.[0])) {
    malformed('block header', 'the fields of a fork and of all before it', present.map(([name]) => name).join());
  }
  fields.push(...present.map(([name, form]) => field(name, form, block[name])));
  return fields;
}

/** QBFT's extra data is the list of vanity, validators, vote, round and seals. */
function withoutQbftSeals(fields: RlpItem[]): Uint8Array | undefined {
  const extraData = fields[EXTRA_DATA] as Uint8Array;
  if (extraData.length === 0 || extraData[0]! < 0xc0) return undefined;
  const [vanity, validators, vote, round, seals, ...more] = decodeRlpList('QBFT extra data', extraData);
  if (!vanity || !validators || !vote || !round || !seals || more.length > 0) return undefined;
  return encodeRlp(fields.with(EXTRA_DATA, encodeRlp([vanity, validators, vote, new Uint8Array(), []])));
}

/** Reads a header, whichever fork it is of. Throws `MALFORMED` where it is none. */
export function decodeHeader(rlp: Uint8Array): BlockHeader {
  const items = decodeRlpList('block header', rlp);
  if (items.length < REQUIRED.length || items.length > MOST_FIELDS) {
    malformed('block header', `${REQUIRED.length} to ${MOST_FIELDS} fields`, items.length);
  }
  const fields = items.map((item, i) => rlpBytes(`block header field ${i}`, item));
  for (const [i, [name, form]] of [...REQUIRED, ...APPENDED].slice(0, fields.length).entries()) {
    if (typeof form === 'number') rlpBytes(name, fields[i], form);
    else if (form === 'integer' && fields[i]![0] === 0)
      malformed(name, 'an integer with no leading zero', toHex(fields[i]!));
  }
  return {
    hash: toHex(keccak_256(rlp)),
    parentHash: toHex(fields[0]!),
    number: rlpInteger('number', fields[NUMBER]),
    timestamp: rlpInteger('timestamp', fields[TIMESTAMP]),
    receiptsRoot: fields[5]!,
  };
}

function field(name: string, form: FieldForm, value: string | null | undefined): Uint8Array {
  if (typeof value !== 'string') return malformed(name, 'hex', value);
  switch (form) {
    case 'integer':
      return quantity(name, value);
    case 'data':
      return fromHex(value);
    default:
      return fromHex(value, form);
  }
}

/** A JSON-RPC quantity as RLP has it. */
function quantity(name: string, value: string): Uint8Array {
  if (!/^0x[0-9a-f]{1,64}$/i.test(value)) malformed(name, 'a hex quantity of at most 32 bytes', value);
  return integerBytes(BigInt(value));
}

/** A receipt as `eth_getTransactionReceipt` gives it. Other members are passed over. */
export interface RpcReceipt {
  /** Absent in old engines: type 0. */
  type?: string | null;
  /** From Byzantium on. */
  status?: string | null;
  /** State root after the transaction, before Byzantium. */
  root?: string | null;
  cumulativeGasUsed: string;
  logsBloom: string;
  logs: readonly { address: string; topics: readonly string[]; data: string }[];
}

export interface ReceiptLog {
  /** Contract that told it, lower case. */
  address: Hex;
  /** Up to four, 32 bytes each. */
  topics: Hex[];
  data: Uint8Array;
}

export interface Receipt {
  /** EIP-2718 transaction type; 0 is legacy. */
  type: number;
  /** Whether the transaction went through; absent before Byzantium. */
  succeeded?: boolean;
  cumulativeGasUsed: number;
  logs: ReceiptLog[];
}

const BLOOM_LENGTH = 256;
const LARGEST_TYPE = 0x7f;
const MOST_TOPICS = 4;

/**
 * The bytes of a receipt as they stand in the receipts trie: RLP, behind its type where that is not 0 (EIP-2718).
 * Throws `MALFORMED` where a member has the wrong form.
 */
export function encodeReceipt(receipt: RpcReceipt): Uint8Array {
  const type = quantity('receipt type', receipt.type ?? '0x0');
  if (type.length > 1 || (type[0] ?? 0) > LARGEST_TYPE) malformed('receipt type', '0 … 0x7f', receipt.type);
  const outcome =
    typeof receipt.status === 'string' ? quantity('receipt status', receipt.status) : field('root', 32, receipt.root);
  const logs = receipt.logs.map(({ address, topics, data }) => [
    fromHex(address, 20),
    topics.map((topic) => fromHex(topic, 32)),
    fromHex(data),
  ]);
  const gas = quantity('cumulativeGasUsed', receipt.cumulativeGasUsed);
  return concat(type, encodeRlp([outcome, gas, fromHex(receipt.logsBloom, BLOOM_LENGTH), logs]));
}

/** Reads a receipt as it stands in the receipts trie. Throws `MALFORMED` where it is none. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  const first = bytes[0];
  const typed = first !== undefined && first > 0 && first <= LARGEST_TYPE;
  const items = decodeRlpList('receipt', typed ? bytes.subarray(1) : bytes);
  if (items.length !== 4) malformed('receipt', '4 members', items.length);
  const outcome = rlpBytes('receipt status', items[0]);
  rlpBytes('logs bloom', items[2], BLOOM_LENGTH);
  const receipt = {
    type: typed ? first : 0,
    cumulativeGasUsed: rlpInteger('cumulative gas', items[1]),
    logs: rlpList('logs', items[3]).map(decodeLog),
  };
  if (outcome.length === 32) return receipt;
  const status = rlpInteger('receipt status', outcome);
  if (status > 1) malformed('receipt status', '0 or 1', status);
  return { ...receipt, succeeded: status === 1 };
}

function decodeLog(item: RlpItem): ReceiptLog {
  const members = rlpList('log', item);
  if (members.length !== 3) malformed('log', '3 members', members.length);
  const topics = rlpList('topics', members[1]);
  if (topics.length > MOST_TOPICS) malformed('topics', `at most ${MOST_TOPICS}`, topics.length);
  return {
    address: toHex(rlpBytes('log address', members[0], 20)),
    topics: topics.map((topic) => toHex(rlpBytes('topic', topic, 32))),
    data: rlpBytes('log data', members[2]),
  };
}

/**
 * Whether a header's bloom filter allows that the block holds an event of this contract (yellow paper, section 4.3.1).
 * No is certain; yes is not.
 * @param bloom 256 bytes, hex
 * @param address 20 bytes, hex
 */
export function bloomAllows(bloom: string, address: string): boolean {
  const bits = fromHex(bloom, BLOOM_LENGTH);
  const hash = keccak_256(fromHex(address, 20));
  return [0, 2, 4].every((at) => {
    const bit = ((hash[at]! << 8) | hash[at + 1]!) & 0x7ff;
    return (bits[BLOOM_LENGTH - 1 - (bit >> 3)]! & (1 << (bit & 7))) !== 0;
  });
}
