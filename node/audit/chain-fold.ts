// Replays the chain: verifies each block, judges each event by what came before it, and keeps the consortium's state.
import { concat, toHex, utf8, type Hex } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical.ts';
import type { ChainHead } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import {
  bloomAllows,
  decodeHeader,
  encodeHeader,
  encodeReceipt,
  encodeSealedHeader,
  type BlockHeader,
  type RpcBlock,
} from '../core/ethereum.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import { receiptsRootOf } from '../core/receipts-trie.ts';
import { beginSeals, takeSealed, type Consensus, type SealState } from '../core/seals.ts';
import { sha256 } from '#sha256';
import type { ChainEvent, ConsortiumContracts } from '../chain/events.ts';
import { ConsortiumState } from '../chain/state.ts';
import { GrantLedger } from './grant-ledger.ts';
import type { EventCodec, RawBlock, RawLog, RawReceipt } from './ports.ts';
import { judge, type Finding, type Place, type Rule } from './rule.ts';
import { blockRules, type BlockFacts } from './rules/blocks.ts';
import type { EventFacts } from './rules/events.ts';
import { strangeEvent, type StrangeFacts } from './rules/strange.ts';

/** A checkpoint as the chain took it. */
export interface Anchor {
  size: number;
  root: Uint8Array;
  block: number;
  /** Time of that block, seconds since 1970. */
  time: number;
}

/** What the fold keeps between runs. */
export interface ChainState {
  /** The last verified block; undefined before the first. */
  head: ChainHead | undefined;
  /** Running hash over all events: docs/audit.md. */
  events: Uint8Array;
  eventCount: number;
  /** All but grants, which stand in `grants`. */
  consortium: ConsortiumState;
  grants: GrantLedger;
  /** Every anchor of every log, in order. */
  anchors: Map<LogId, Anchor[]>;
  /** Who may seal the next block; absent where seals are not verified. */
  seals?: SealState;
}

export interface ChainFoldDependencies {
  contracts: ConsortiumContracts;
  rules: readonly Rule<EventFacts>[];
  codec: EventCodec;
  /** Name of the engine or archive, for findings. */
  source: string;
  /** Who seals, where that is known: seals are verified from that block on. */
  consensus?: Consensus | undefined;
}

export const NO_EVENTS: Uint8Array = new Uint8Array(32);

export function emptyChain(): ChainState {
  return {
    head: undefined,
    events: NO_EVENTS,
    eventCount: 0,
    consortium: new ConsortiumState(),
    grants: new GrantLedger(),
    anchors: new Map(),
  };
}

export class ChainFold {
  readonly #needs: ChainFoldDependencies;
  readonly #addresses: string[];
  readonly state: ChainState;
  /** The last block before the contracts', where seals are followed from before them. */
  #lead: { hash: Hex; time: number } | undefined;

  constructor(state: ChainState, dependencies: ChainFoldDependencies) {
    this.state = state;
    this.#needs = dependencies;
    const { membership, logAnchor, grantRegistry, recognitionRegistry } = dependencies.contracts;
    this.#addresses = [membership, logAnchor, grantRegistry, recognitionRegistry].map((address) =>
      address.toLowerCase(),
    );
  }

  /** The block to begin or go on with. */
  get next(): number {
    const { head } = this.state;
    return head ? head.number + 1 : this.#needs.contracts.block;
  }

  /**
   * Takes the next block.
   * @param trusted hash that it is known to have
   * @returns what is wrong; `taken` is false where the block is not part of the chain, and nothing of it was applied
   */
  take(raw: RawBlock, trusted?: Hex): { taken: boolean; findings: Finding[] } {
    const number = this.next;
    const { source } = this.#needs;
    const header = headerOf(raw.block);
    const parent = this.state.head ?? this.#lead;
    const sealed = this.#seals(raw.block);
    const receipts = header && this.#receiptsRoot(raw);
    const facts: BlockFacts = {
      number,
      told: { number: Number(raw.block.number), hash: raw.block.hash },
      header: header && { ...header, receiptsRoot: toHex(header.receiptsRoot) },
      parent: parent && { hash: parent.hash, time: parent.time },
      receiptsRoot: receipts,
      seals: sealed.fault,
      trusted,
    };
    const wrong = judge(blockRules, facts, { block: number, source });
    if (wrong.length > 0 || !header) return { taken: false, findings: wrong };
    const findings = receipts === undefined ? [] : this.#takeEvents(header, raw.receipts ?? []);
    this.state.head = { number, hash: header.hash, time: header.timestamp };
    if (sealed.next) this.state.seals = sealed.next;
    return { taken: true, findings };
  }

  /**
   * Takes a block before the first of the contracts: only who seals it matters.
   * @returns what is wrong
   */
  lead(raw: RawBlock, number: number): Finding[] {
    const header = headerOf(raw.block);
    const sealed = this.#seals(raw.block);
    const facts: BlockFacts = {
      number,
      told: { number: Number(raw.block.number), hash: raw.block.hash },
      header: header && { ...header, receiptsRoot: toHex(header.receiptsRoot) },
      parent: this.#lead,
      receiptsRoot: undefined,
      seals: sealed.fault,
      trusted: undefined,
    };
    const wrong = judge(blockRules, facts, { block: number, source: this.#needs.source });
    if (header) this.#lead = { hash: header.hash, time: header.timestamp };
    if (sealed.next) this.state.seals = sealed.next;
    return wrong;
  }

  /** Judges the seals of the next block. */
  #seals(block: RpcBlock): { next?: SealState; fault: BlockFacts['seals'] } {
    const { consensus } = this.#needs;
    if (!consensus) return { fault: undefined };
    const before = this.state.seals ?? beginSeals(consensus);
    try {
      return { next: takeSealed(before, encodeSealedHeader(block)).state, fault: undefined };
    } catch (error) {
      if (XinlianError.is(error, 'PROOF_INVALID')) {
        const { reason, wanted = 'a seal', got = 'none' } = error.details;
        return { fault: { wanted: `${reason}: ${wanted}`, got } };
      }
      if (XinlianError.is(error, 'MALFORMED'))
        return { fault: { wanted: error.details.wanted, got: error.details.got } };
      if (XinlianError.is(error, 'SIGNATURE_INVALID')) return { fault: { wanted: 'a seal that holds', got: 'one that does not' } }; // prettier-ignore
      throw error;
    }
  }

  /** Root of the told receipts; undefined where the bloom filter says that none of them can matter. */
  #receiptsRoot({ block, receipts }: RawBlock): Hex | undefined {
    if (!this.#addresses.some((address) => bloomAllows(block.logsBloom, address))) return undefined;
    const told = receipts ?? [];
    if (!isReceipts(told)) return toHex(NO_EVENTS);
    try {
      return toHex(receiptsRootOf(told.map(encodeReceipt)));
    } catch (error) {
      if (XinlianError.is(error, 'MALFORMED')) return toHex(NO_EVENTS);
      throw error;
    }
  }

  #takeEvents(header: BlockHeader, receipts: readonly RawReceipt[]): Finding[] {
    const findings: Finding[] = [];
    let logIndex = 0;
    for (const [transactionIndex, receipt] of receipts.entries()) {
      const events: ChainEvent[] = [];
      for (const log of receipt.logs) {
        // What a receipt proves is the event alone: where it stands follows from the block, not from what is told.
        const placed: RawLog = {
          address: log.address,
          topics: log.topics,
          data: log.data,
          blockNumber: `0x${header.number.toString(16)}`,
          blockHash: header.hash,
          transactionHash: receipt.transactionHash,
          logIndex: `0x${(logIndex++).toString(16)}`,
        };
        if (!this.#addresses.includes(log.address.toLowerCase())) continue;
        this.#count(placed, header.number, transactionIndex);
        const event = this.#decode(placed);
        if (event) events.push(event);
        const facts: StrangeFacts = { topic: log.topics[0], known: event !== undefined };
        findings.push(...judge([strangeEvent], facts, { block: header.number, logIndex: Number(placed.logIndex) }));
      }
      findings.push(...this.#takeTransaction(header, events));
    }
    // Proposals end with time, whether or not anything happens to them.
    this.#apply(header, []);
    return findings;
  }

  #takeTransaction(header: BlockHeader, transaction: readonly ChainEvent[]): Finding[] {
    const { contracts, rules, codec } = this.#needs;
    const { consortium, grants, anchors } = this.state;
    const { threshold } = consortium;
    const founding = consortium.members.size === 0;
    return transaction.flatMap((event) => {
      const time = header.timestamp;
      const call = codec.callFor(event);
      const revert = event.type === 'GrantItemFailed' ? codec.errorOf(event.reason) : undefined;
      const facts = {
        event,
        state: consortium,
        grants,
        contracts,
        time,
        founding,
        transaction,
        threshold,
        call,
        revert,
      };
      const findings = judge(rules, facts, placeOf(event, this.state));
      if ('grant' in event) grants.apply(event, time);
      else this.#apply(header, [event]);
      if (event.type === 'Anchored') {
        const anchor = { size: event.size, root: event.root, block: event.block, time };
        const before = anchors.get(event.log);
        if (before) before.push(anchor);
        else anchors.set(event.log, [anchor]);
      }
      return findings;
    });
  }

  /** An event that contradicts those before it changes nothing: its rule has told it. */
  #apply({ number, hash, parentHash, timestamp }: BlockHeader, events: ChainEvent[]): void {
    try {
      this.state.consortium.apply({ number, hash, parent: parentHash, time: timestamp, events });
    } catch (error) {
      if (!XinlianError.is(error, 'CHAIN_WRONG')) throw error;
    }
  }

  #count({ address, topics, data, logIndex }: RawLog, block: number, transactionIndex: number): void {
    const event = {
      address: address.toLowerCase(),
      block,
      data: data.toLowerCase(),
      logIndex: Number(logIndex),
      topics: topics.map((topic) => topic.toLowerCase()),
      transactionIndex,
    };
    this.state.events = sha256(concat(this.state.events, utf8(canonicalize(event))));
    this.state.eventCount++;
  }

  #decode(log: RawLog): ChainEvent | undefined {
    try {
      return this.#needs.codec.decode(log);
    } catch (error) {
      if (XinlianError.is(error, 'MALFORMED')) return undefined;
      throw error;
    }
  }
}

/** Undefined where the fields do not hash to what the block names. */
function headerOf(block: RpcBlock): BlockHeader | undefined {
  try {
    return decodeHeader(encodeHeader(block));
  } catch (error) {
    if (XinlianError.is(error, 'MALFORMED')) return undefined;
    throw error;
  }
}

/** Whether what came has the shape of receipts: their values are judged by their hash. */
function isReceipts(value: unknown): value is RawReceipt[] {
  return (
    Array.isArray(value) &&
    value.every(
      (receipt: Partial<RawReceipt> | null) =>
        Array.isArray(receipt?.logs) &&
        receipt.logs.every(
          (log: Partial<RawLog> | null) =>
            typeof log?.address === 'string' && typeof log.data === 'string' && Array.isArray(log.topics),
        ),
    )
  );
}

function placeOf(event: ChainEvent, state: ChainState): Place {
  const member = actorIn(event, state);
  return {
    block: event.block,
    logIndex: event.logIndex,
    ...('grant' in event && { grant: event.grant }),
    ...('log' in event && { log: event.log }),
    ...(member !== undefined && { member }),
  };
}

/** Whom an event is of. Who carried a grant's registration or withdrawal to the chain is not told, and need not be. */
function actorIn(event: ChainEvent, { consortium, grants }: ChainState): MemberId | undefined {
  if ('member' in event) return event.member;
  if ('owner' in event) return event.owner;
  if ('log' in event) return consortium.logs.get(event.log)?.owner;
  if ('by' in event) return event.by;
  if (event.type === 'CaseRequested') return event.terms.home;
  return event.type === 'GrantConsumed' ? grants.get(event.grant)?.terms?.grantee : undefined;
}
