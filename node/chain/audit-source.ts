// The chain as an audit reads it: whole blocks, with the receipts of those that may hold an event of ours.
import type { Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { bloomAllows, type RpcBlock } from '../core/ethereum.ts';
import { addressOf, artifact, CONTRACT_NAMES, decodeLog, type RpcLog } from './abi.ts';
import { receiptsOf, type Block, type Receipt } from './anchor-proof.ts';
import type { ChainEvent, ConsortiumContracts } from './events.ts';
import { toQuantity, type Rpc } from './rpc.ts';
import { encodeCouncilCall } from './council-calls.ts';

/** Blocks asked for at a time: a batch of calls or two. */
const WINDOW = 100;

export interface WholeBlock {
  block: RpcBlock;
  /** Absent where the header rules out events of the contracts. */
  receipts?: Receipt[];
}

export class RpcChainSource {
  readonly name: string;
  readonly #rpc: Rpc;
  readonly #addresses: readonly string[];

  /** @param name for people: which engine */
  constructor(name: string, contracts: ConsortiumContracts, rpc: Rpc) {
    this.name = name;
    this.#rpc = rpc;
    this.#addresses = CONTRACT_NAMES.map((name) => addressOf(contracts, name));
  }

  /** The blocks of these numbers, both included. @throws CHAIN_UNREACHABLE where one is missing; as `Rpc.request` */
  async *blocks(from: number, to: number, signal?: AbortSignal): AsyncGenerator<WholeBlock> {
    let next = this.#window(from, to, signal);
    for (let at = from; at <= to; at += WINDOW) {
      const window = await next;
      // The next ones travel while these are judged.
      next = this.#window(at + WINDOW, to, signal);
      next.catch(() => {});
      yield* window;
    }
  }

  #window(from: number, to: number, signal: AbortSignal | undefined): Promise<WholeBlock[]> {
    const last = Math.min(to, from + WINDOW - 1);
    const numbers = Array.from({ length: Math.max(0, last - from + 1) }, (_, i) => from + i);
    return Promise.all(numbers.map((number) => this.#block(number, signal)));
  }

  async #block(number: number, signal: AbortSignal | undefined): Promise<WholeBlock> {
    const params = [toQuantity(number), false];
    const block = await this.#rpc.request<Block | null>('eth_getBlockByNumber', params, signal);
    if (!block) throw new XinlianError('CHAIN_UNREACHABLE', { endpoint: this.name, reason: `no block ${number}` });
    if (!this.#mayMatter(block)) return { block };
    return { block, receipts: await receiptsOf(this.#rpc, block, signal) };
  }

  /** A filter that is none rules nothing in: the header does not have its hash, and the audit says so. */
  #mayMatter({ logsBloom }: RpcBlock): boolean {
    try {
      return this.#addresses.some((address) => bloomAllows(logsBloom, address));
    } catch (error) {
      if (XinlianError.is(error, 'MALFORMED')) return false;
      throw error;
    }
  }
}

/** What an audit asks of the ABI. */
export function eventCodec(contracts: ConsortiumContracts): {
  decode: (log: RpcLog) => ChainEvent | undefined;
  callFor: (event: ChainEvent) => Hex | undefined;
  errorOf: (reason: Hex) => { error: string; arguments: string[] } | undefined;
} {
  return { decode: (log) => decode(contracts, log), callFor, errorOf };
}

/** @throws MALFORMED also for data that the ABI cannot read */
function decode(contracts: ConsortiumContracts, log: RpcLog): ChainEvent | undefined {
  try {
    return decodeLog(contracts, log);
  } catch (cause) {
    if (XinlianError.is(cause)) throw cause;
    const got = `${log.topics[0] ?? 'no topic'}, ${log.data.length / 2 - 1} bytes`;
    throw new XinlianError('MALFORMED', { what: 'event', wanted: 'the data of its ABI', got }, { cause });
  }
}

function errorOf(reason: Hex): { error: string; arguments: string[] } | undefined {
  try {
    const found = artifact('GrantRegistry').abi.parseError(reason);
    return found ? { error: found.name, arguments: found.args.toArray().map(String) } : undefined;
  } catch (error) {
    // What the library says of bytes that it cannot read: anything else is a fault of ours.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

/** The council's call that has this effect. */
function callFor(event: ChainEvent): Hex | undefined {
  switch (event.type) {
    case 'MemberAdmitted':
      return encodeCouncilCall({ call: 'admit', admission: event.admission });
    case 'MemberSuspended':
      return encodeCouncilCall({ call: 'suspend', member: event.member, reason: event.reason });
    case 'MemberRemoved':
      return encodeCouncilCall({ call: 'remove', member: event.member, reason: event.reason });
    case 'MemberResumed':
      return encodeCouncilCall({ call: 'resume', member: event.member });
    case 'RolesChanged':
      return encodeCouncilCall({ call: 'setRoles', member: event.member, roles: event.roles });
    case 'ThresholdChanged':
      return encodeCouncilCall({ call: 'setThreshold', threshold: event.threshold });
    case 'TransactionKeyRotated':
      return encodeCouncilCall({ call: 'resetTransactionKey', member: event.member, current: event.current });
    default:
      return undefined;
  }
}
