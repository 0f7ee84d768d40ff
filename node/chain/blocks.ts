// Reads blocks and our contracts' events from an engine.
import type { Hex } from '../core/bytes.ts';
import { XinlianError, malformed } from '../core/errors.ts';
import { addressOf, CONTRACT_NAMES, decodeLog, type RpcLog } from './abi.ts';
import type { ChainEvent, ConsortiumContracts, FollowedBlock } from './events.ts';
import { quantity, toQuantity, type Rpc } from './rpc.ts';

/** The fields of a block that following needs. */
export interface Header {
  number: number;
  hash: Hex;
  parent: Hex;
  /** Seconds since 1970. */
  time: number;
  empty: boolean;
}

interface RpcBlock {
  number: string;
  hash: Hex;
  parentHash: Hex;
  timestamp: string;
  transactions: unknown[];
}

/** @returns undefined where the engine has no such block */
export async function readHeader(rpc: Rpc, tag: string | number, signal?: AbortSignal): Promise<Header | undefined> {
  const param = typeof tag === 'number' ? toQuantity(tag) : tag;
  const block = await rpc.request<RpcBlock | null>('eth_getBlockByNumber', [param, false], signal);
  if (!block) return undefined;
  if (typeof block.hash !== 'string' || typeof block.parentHash !== 'string' || !Array.isArray(block.transactions)) {
    malformed('block', 'hash, parentHash and transactions', Object.keys(block).join(' '));
  }
  return {
    number: quantity('block number', block.number),
    hash: block.hash,
    parent: block.parentHash,
    time: quantity('block time', block.timestamp),
    empty: block.transactions.length === 0,
  };
}

/**
 * The blocks of these numbers, as far as they exist and each is the child of the one before: a chain that changes
 * between two answers shows as a break, and what stands before it is whole.
 */
export async function readHeaders(rpc: Rpc, from: number, to: number, signal?: AbortSignal): Promise<Header[]> {
  const numbers = Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);
  const read = await Promise.all(numbers.map((number) => readHeader(rpc, number, signal)));
  const headers: Header[] = [];
  for (const header of read) {
    const before = headers.at(-1);
    if (!header || (before && header.parent !== before.hash)) break;
    headers.push(header);
  }
  return headers;
}

/** Adds each block's events, asked for by block hash, so that they are of that block whatever the chain does. */
export async function withEvents(
  rpc: Rpc,
  contracts: ConsortiumContracts,
  headers: readonly Header[],
  signal?: AbortSignal,
): Promise<FollowedBlock[]> {
  const address = CONTRACT_NAMES.map((name) => addressOf(contracts, name));
  return Promise.all(
    headers.map(async (header) => {
      if (header.empty) return followed(header, []);
      const logs = await rpc.request<RpcLog[]>('eth_getLogs', [{ blockHash: header.hash, address }], signal);
      return followed(header, decodeAll(contracts, logs));
    }),
  );
}

/** Our contracts' events in these blocks, in order. @throws CHAIN_WRONG where one is told twice */
export async function readEvents(
  rpc: Rpc,
  contracts: ConsortiumContracts,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<ChainEvent[]> {
  const address = CONTRACT_NAMES.map((name) => addressOf(contracts, name));
  const filter = { fromBlock: toQuantity(from), toBlock: toQuantity(to), address };
  return decodeAll(contracts, await rpc.request<RpcLog[]>('eth_getLogs', [filter], signal));
}

/**
 * The blocks of a final range that hold events of ours, and its last block. Cheap where most blocks hold none; only
 * for blocks that no reorganisation can touch, since their parents are not compared.
 * @returns without the last block where the engine lacks it
 * @throws CHAIN_WRONG where the engine contradicts itself
 */
export async function readFinalRange(
  rpc: Rpc,
  contracts: ConsortiumContracts,
  from: number,
  to: number,
  signal?: AbortSignal,
): Promise<FollowedBlock[]> {
  const events = await readEvents(rpc, contracts, from, to, signal);
  const byBlock = Map.groupBy(events, ({ block }) => block);
  const numbers = [...new Set([...byBlock.keys(), to])].sort((a, b) => a - b);
  const headers = await Promise.all(numbers.map((number) => readHeader(rpc, number, signal)));
  return headers
    .filter((header) => header !== undefined)
    .map((header) => {
      const own = byBlock.get(header.number) ?? [];
      const stray = own.find(({ blockHash }) => blockHash !== header.hash);
      if (!stray) return followed(header, own);
      throw new XinlianError('CHAIN_WRONG', {
        what: `hash of block ${header.number}`,
        wanted: header.hash,
        got: stray.blockHash,
      });
    });
}

function followed({ number, hash, parent, time }: Header, events: ChainEvent[]): FollowedBlock {
  return { number, hash, parent, time, events };
}

function decodeAll(contracts: ConsortiumContracts, logs: readonly RpcLog[]): ChainEvent[] {
  const events = logs
    .flatMap((log) => decodeLog(contracts, log) ?? [])
    .sort((a, b) => a.block - b.block || a.logIndex - b.logIndex);
  const twice = events.find(
    (event, i) => event.block === events[i - 1]?.block && event.logIndex === events[i - 1]?.logIndex,
  );
  if (!twice) return events;
  const what = `event ${twice.logIndex} of block ${twice.block}`;
  throw new XinlianError('CHAIN_WRONG', { what, wanted: 'it once', got: 'it twice' });
}
