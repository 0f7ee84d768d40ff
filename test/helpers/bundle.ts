// A complete proof bundle, made of the parts that a node would make it of, on a chain that exists on paper.
import { ed25519 } from '@noble/curves/ed25519.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import { ANCHORED_TOPIC, makeAnchorProof } from '../../node/core/anchor-proof.ts';
import type { Bundle } from '../../node/core/bundle.ts';
import { concat, fromHex, toBase64, toBase64Url, toHex, u64, utf8, type Hex } from '../../node/core/bytes.ts';
import { checkpointOrigin, encodeCheckpoint } from '../../node/core/checkpoint.ts';
import { commitRecord, discloseRecord, type ClaimValue } from '../../node/core/disclosure.ts';
import { encodeEntry, type Entry } from '../../node/core/entry.ts';
import { encodeHeader, encodeReceipt, type RpcBlock, type RpcReceipt } from '../../node/core/ethereum.ts';
import { parseLogId, parseMemberId } from '../../node/core/ids.ts';
import { inclusionProof, leafHash, TreeFrontier } from '../../node/core/merkle.ts';
import { signNote } from '../../node/core/note.ts';
import { proveReceipt } from '../../node/core/receipts-trie.ts';
import { decodeRlpList, encodeRlp } from '../../node/core/rlp.ts';
import { EMPTY_STATUS, proveStatus, updateStatusTree } from '../../node/core/status-tree.ts';
import type { VerificationContext } from '../../node/core/verify-bundle.ts';
import vectors from '../vectors/ethereum-blocks.json' with { type: 'json' };

export const ITEM = 'penalty';
export const EDITION = '2026';
export const CHAIN_ID = 31337;
export const LOG_ANCHOR: Hex = `0x${'a1'.repeat(20)}`;
export const LOG = parseLogId(`0x${'b2'.repeat(32)}`);
export const MEMBER = parseMemberId(`0x${'c3'.repeat(32)}`);
export const OTHER_MEMBER = parseMemberId(`0x${'c4'.repeat(32)}`);

const secret = new Uint8Array(32).fill(7);
export const CHECKPOINT_KEY = ed25519.getPublicKey(secret);

const recordKey = new Uint8Array(32).fill(9);
const values: [string, ClaimValue][] = [
  ['agency', '11330900MB1234567X'],
  ['subject', '91320900MA1ABCDE1X'],
  ['class', 'public'],
  ['validFrom', '2026-01-05'],
  ['validTo', null],
  ['amount', '12000.50'],
  ['count', 3],
];
export const NAMES = values.map(([name]) => name);
const claims = { names: NAMES, values: values.map(([, value]) => value), key: recordKey };

export interface BundleOptions {
  /** What becomes of the record: by default a later entry supersedes it. */
  status?: string | null;
  disclosed?: number[];
  /** Position of the record. */
  position?: number;
  /** Entries before the last, which is the status entry. */
  entries?: number;
  anchored?: boolean;
  /** What the record's entry says in place of what is true. */
  entry?: Partial<Entry>;
  /** The last entry, in place of a status entry. */
  last?: Entry;
  origin?: { chainId?: number; logAnchor?: Hex };
  /** Root that the event tells in place of the true one. */
  anchoredRoot?: Uint8Array;
}

const { block: london, receipts: [template] } = vectors.blocks.find(({ hardfork }) => hardfork === 'london')! as { block: RpcBlock; receipts: RpcReceipt[] }; // prettier-ignore

export interface CompleteBundle {
  bundle: Bundle;
  context: Required<Omit<VerificationContext, 'consensus'>>;
  blockHash: Hex;
}

export async function completeBundle(options: BundleOptions = {}): Promise<CompleteBundle> {
  const { position = 5, entries = 20, disclosed = [0, 1, 5], status = '{"by":17,"state":"superseded"}' } = options;
  const { payload, commitment } = commitRecord({ ...claims, item: ITEM, edition: EDITION });

  const nodes = new Map<string, Uint8Array>();
  const frontier = new TreeFrontier();
  const append = (entry: Entry): Uint8Array => {
    const bytes = encodeEntry(entry);
    frontier.append(leafHash(bytes), (level, index, hash) => nodes.set(`${level}/${index}`, hash));
    return bytes;
  };
  const record = { kind: 'publish', time: 1_780_000_000, item: ITEM, edition: EDITION, commitment } as const;
  let entry = new Uint8Array();
  for (let i = 0; i < entries; i++) {
    const other = { ...record, time: record.time + i, commitment: leafHash(u64(i)) };
    const bytes = append(i === position ? ({ ...record, ...options.entry } as Entry) : other);
    if (i === position) entry = Uint8Array.from(bytes);
  }

  const statusNodes = new Map<string, Uint8Array>();
  const readStatus = (depth: number, prefix: number) => statusNodes.get(`${depth}/${prefix}`);
  const changes = new Map<number, Uint8Array>([[2, utf8('{"state":"annulled"}')]]);
  if (status !== null) changes.set(position, utf8(status));
  const tree = updateStatusTree(EMPTY_STATUS, readStatus, changes);
  for (const { depth, prefix, hash } of tree.writes) if (hash) statusNodes.set(`${depth}/${prefix}`, hash);
  const statusEntry = append(options.last ?? { kind: 'status', time: record.time + entries, root: tree.root });

  const { size } = frontier;
  const root = frontier.root();
  const read = (level: number, index: number) => nodes.get(`${level}/${index}`)!;
  const origin = { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR, log: LOG, ...options.origin };
  const name = checkpointOrigin(origin);
  const signer = { name, publicKey: CHECKPOINT_KEY, sign: (message: Uint8Array) => ed25519.sign(message, secret) };
  const checkpoint = await signNote(encodeCheckpoint({ origin: name, size, root }), signer);

  const told = options.anchoredRoot ?? root;
  const { block, receipts } = anchoringBlock(size, told);
  const anchor = makeAnchorProof(
    { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR, log: LOG, size, root: told },
    block,
    receipts,
  );
  const proof = proveStatus(position, readStatus);
  const base64 = (hashes: Uint8Array[]) => hashes.map((hash) => toBase64(hash));
  return {
    bundle: {
      type: 'xinlian/bundle/v1',
      payload,
      disclosures: discloseRecord({ ...claims, positions: disclosed }),
      entry: toBase64Url(entry),
      position,
      inclusion: base64(inclusionProof(position, size, read)),
      status: {
        ...(status !== null && { value: status }),
        bitmap: toBase64(proof.bitmap),
        siblings: base64(proof.siblings),
        entry: toBase64Url(statusEntry),
        inclusion: base64(inclusionProof(size - 1, size, read)),
      },
      checkpoint,
      signer: { key: toBase64Url(CHECKPOINT_KEY), member: MEMBER },
      ...(options.anchored !== false && { anchor }),
    },
    context: {
      names: (item, edition) => (item === ITEM && edition === EDITION ? NAMES : undefined),
      trustedBlock: block.hash as Hex,
      checkpointKey: (member) => (member === MEMBER ? CHECKPOINT_KEY : undefined),
      logOwner: (log) => (log === LOG ? MEMBER : undefined),
    },
    blockHash: block.hash as Hex,
  };
}

/** A block of four transactions; the third anchors, after an event of another contract. */
export function anchoringBlock(size: number, root: Uint8Array): { block: RpcBlock; receipts: RpcReceipt[] } {
  const told = (contract: Hex, log: Hex, size: number) => ({
    address: contract,
    topics: [ANCHORED_TOPIC, log],
    data: toHex(concat(new Uint8Array(24), u64(size), root)),
  });
  const other = { address: `0x${'ee'.repeat(20)}`, topics: [`0x${'01'.repeat(32)}`], data: '0x1234' };
  const logs = [
    other,
    told(`0x${'ee'.repeat(20)}`, LOG, size),
    told(LOG_ANCHOR, MEMBER, size),
    told(LOG_ANCHOR, LOG, size),
  ];
  const receipt = (i: number, type: string, logs: RpcReceipt['logs']): RpcReceipt => {
    return { ...template!, type, cumulativeGasUsed: `0x${(21000 * (i + 1)).toString(16)}`, logs };
  };
  const receipts = [receipt(0, '0x0', []), receipt(1, '0x1', []), receipt(2, '0x2', logs), receipt(3, '0x0', [])];
  const encoded = receipts.map(encodeReceipt);
  const fields = decodeRlpList('header', encodeHeader(london));
  const receiptsRoot = proveReceipt(encoded, 0).root;
  const hash = toHex(keccak_256(encodeRlp(fields.with(5, receiptsRoot))));
  return { block: { ...london, receiptsRoot: toHex(receiptsRoot), hash }, receipts };
}

/** The same bytes with one bit of one byte turned. */
export function turnBit(hex: string, byte: number): string {
  const bytes = fromHex(hex);
  bytes[byte]! ^= 1;
  return toHex(bytes);
}
