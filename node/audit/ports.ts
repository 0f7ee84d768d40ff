// What an audit needs of the world: blocks, and the files of logs. Whatever comes through here may be a lie.
import type { Hex } from '../core/bytes.ts';
import type { RpcBlock, RpcReceipt } from '../core/ethereum.ts';
import type { LogId } from '../core/ids.ts';
import type { ChainEvent } from '../chain/events.ts';

/** An event as JSON-RPC gives it in a receipt. */
export interface RawLog {
  address: string;
  topics: string[];
  data: string;
  blockNumber: string;
  blockHash: Hex;
  transactionHash: Hex;
  logIndex: string;
}

export type RawReceipt = Omit<RpcReceipt, 'logs'> & { transactionHash: Hex; logs: RawLog[] };

export interface RawBlock {
  block: RpcBlock;
  /** All receipts in order. Absent where the header's bloom filter rules out events of the contracts. */
  receipts?: RawReceipt[];
}

export interface ChainSource {
  /** For people: which engine or archive. */
  readonly name: string;
  /** The blocks of these numbers, both included, in order. @throws CHAIN_UNREACHABLE, CHAIN_WRONG, CANCELLED */
  blocks(from: number, to: number, signal?: AbortSignal): AsyncIterable<RawBlock>;
}

/** Where a log's files are, in the layout of C2SP tlog-tiles. */
export interface LogSource {
  /** For people: address or directory. */
  readonly name: string;
  /**
   * @param path `checkpoint`, `tile/<level>/<index>[.p/<width>]` or `tile/entries/<index>[.p/<width>]`
   * @param most bytes: more are refused
   * @returns undefined where there is no such file
   * @throws UNREACHABLE, TOO_LARGE, CANCELLED
   */
  read(path: string, most: number, signal?: AbortSignal): Promise<Uint8Array | undefined>;
}

export interface LogSources {
  /** @param endpoint base address that the owner names on the chain. @returns undefined where nobody serves this log */
  of(log: LogId, endpoint: string | undefined): LogSource | undefined;
}

/** What was handed over as the opening of a line. */
export interface HandedOpening {
  position: number;
  opening: unknown;
}

/** Openings that members handed to the auditor. */
export interface OpeningSource {
  /** Logs that it has openings of, with the position below which it has all of them. */
  logs(): Promise<ReadonlyMap<LogId, number>>;
  /** By position, ascending. */
  openings(log: LogId): AsyncIterable<HandedOpening>;
}

/** An error of a contract: its name, and its arguments as text. */
export interface ToldError {
  error: string;
  arguments: readonly string[];
}

/** What only the ABI can tell. */
export interface EventCodec {
  /** @returns undefined for an event that this version does not know. @throws MALFORMED */
  decode(log: RawLog): ChainEvent | undefined;
  /** The council's call that has this effect; undefined where the event is no effect of a vote. */
  callFor(event: ChainEvent): Hex | undefined;
  /** Reads the ABI-encoded error for which an item failed; undefined where GrantRegistry has none such. */
  errorOf(reason: Hex): ToldError | undefined;
}
