// Sends the transactions of one account and sees each through until it is mined.
import { Signature } from 'ethers/crypto';
import { Transaction } from 'ethers/transaction';
import { fromHex, type Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { decodeRevert, type RpcLog } from './abi.ts';
import { currentFees, feeFields, raisedFees, type Fees } from './fees.ts';
import type { AccountSigner, Clock, Log } from './ports.ts';
import { refusalOf } from './refusals.ts';
import { quantity, toQuantity, type Rpc } from './rpc.ts';
import { Turnstile } from './turnstile.ts';

export interface SubmitterOptions {
  chainId: number;
  /** Wei for the miner; 0 unless told. Engines that do not carry transactions without a tip want at least 1. */
  tip?: bigint;
  /** Transactions sent and not yet mined, at most; 16 unless told. */
  inFlight?: number;
  /** A transaction that waits this long is sent again for more; 30 s unless told. */
  replaceAfterMs?: number;
  /** How often it is sent again for more before the submitter gives up; 6 unless told. */
  replacements?: number;
}

export interface SubmitterDependencies {
  rpc: Rpc;
  signer: AccountSigner;
  clock: Clock;
  log: Log;
  /** Uniform in [0, 1): spreads the retries of many nodes. */
  random: () => number;
}

/** A call to send. */
export interface TransactionRequest {
  /** Absent: creates a contract. */
  to?: Hex;
  data: Hex;
}

export interface MinedTransaction {
  transaction: Hex;
  block: number;
  blockHash: Hex;
  gasUsed: number;
  /** Of a contract that it created. */
  contract?: Hex;
  logs: RpcLog[];
}

interface RpcReceipt {
  transactionHash: Hex;
  status: string;
  blockNumber: string;
  blockHash: Hex;
  gasUsed: string;
  contractAddress?: Hex | null;
  logs: RpcLog[];
}

/** A transaction on its way, with every form in which it was sent. */
interface Flight {
  request: TransactionRequest;
  nonce: number;
  gas: bigint;
  fees: Fees;
  raw: Hex;
  hashes: Hex[];
}

const SHORTEST_PAUSE_MS = 30;
const LONGEST_POLL_MS = 1_000;
const LONGEST_RETRY_MS = 10_000;
/** An engine that was restarted has forgotten what was not mined. */
const REBROADCAST_MS = 3_000;

export class Submitter {
  readonly #options: Required<SubmitterOptions>;
  readonly #dependencies: SubmitterDependencies;
  readonly #slots: Turnstile;
  /** Nonces are given out one transaction at a time. */
  readonly #sending = new Turnstile(1);
  readonly #flights = new Set<Flight>();
  /** The nonce after the last one sent from here. */
  #next = 0;

  constructor(options: SubmitterOptions, dependencies: SubmitterDependencies) {
    this.#options = { tip: 0n, inFlight: 16, replaceAfterMs: 30_000, replacements: 6, ...options };
    this.#dependencies = dependencies;
    this.#slots = new Turnstile(this.#options.inFlight);
  }

  get address(): Hex {
    return this.#dependencies.signer.address as Hex;
  }

  /**
   * Sends a call and waits until it is mined, however long the chain cannot be reached. A reorganisation may still
   * take it back: the follower tells. After CANCELLED or TRANSACTION_STUCK it may still be mined.
   * @throws TRANSACTION_REVERTED with the contract's error, and the hash `0x` where it was not even sent;
   *   TRANSACTION_STUCK; CHAIN_REFUSED; CHAIN_WRONG; KEY_UNAVAILABLE; the signal's reason
   */
  async submit(request: TransactionRequest, signal?: AbortSignal): Promise<MinedTransaction> {
    return this.#slots.pass(async () => {
      for (;;) {
        const flight = await this.#sending.pass(() => this.#launch(request, signal), signal);
        try {
          const receipt = await this.#land(flight, signal);
          if (receipt) return await this.#result(flight, receipt, signal);
        } finally {
          this.#flights.delete(flight);
        }
        // Another process that has this account used the nonce: this transaction can never be mined, and goes anew.
        this.#dependencies.log.info({ nonce: flight.nonce }, 'nonce was used elsewhere, sending again');
      }
    }, signal);
  }

  /** Asks for gas, takes a nonce, signs, sends. */
  async #launch(request: TransactionRequest, signal: AbortSignal | undefined): Promise<Flight> {
    const { rpc } = this.#dependencies;
    let fees = await this.#patiently(() => currentFees(rpc, this.#options.tip, signal), signal);
    const gas = await this.#estimate(request, fees, signal);
    let nonce = await this.#freeNonce(signal);
    for (let attempt = 0; ; attempt++) {
      const flight = await this.#sign({ request, nonce, gas, fees, raw: '0x', hashes: [] });
      const refusal = await this.#broadcast(flight, signal);
      // An answer that got lost: the call was sent twice, and the first was mined.
      const mined = refusal && refusalOf(refusal) === 'nonce-used' && (await this.#look(flight, signal)).receipt;
      if (refusal === undefined || mined) {
        this.#next = Math.max(this.#next, nonce + 1);
        this.#flights.add(flight);
        return flight;
      }
      if (attempt >= this.#options.replacements) throw refusal;
      switch (refusalOf(refusal)) {
        case 'nonce-used':
        case 'replacement-underpriced':
          // Another process with this account was faster; its transaction is not ours to replace.
          nonce = Math.max(nonce + 1, await this.#freeNonce(signal));
          break;
        case 'nonce-ahead':
          await this.#pause(attempt, signal);
          nonce = await this.#freeNonce(signal);
          break;
        case 'underpriced': {
          const suggested = await this.#suggestedTip(signal);
          fees = raisedFees(fees, await currentFees(rpc, suggested, signal));
          if (fees.kind === 'dynamic' && fees.tip < suggested) fees = { ...fees, tip: suggested };
          break;
        }
        default:
          throw refusal;
      }
    }
  }

  /** Waits for the receipt, and sends again what got lost or stuck. @returns undefined where the nonce was taken */
  async #land(flight: Flight, signal: AbortSignal | undefined): Promise<RpcReceipt | undefined> {
    const { clock } = this.#dependencies;
    const { replaceAfterMs, replacements } = this.#options;
    let waited = 0;
    let sinceBroadcast = 0;
    let taken = 0;
    for (let attempts = 0; ;) {
      const { receipt, latest } = await this.#look(flight, signal);
      if (receipt) return receipt;
      // Receipts may show a moment after the count: only a nonce that stays used without one is another's.
      taken = latest > flight.nonce ? taken + 1 : 0;
      if (taken > 3) return undefined;
      const pause = Math.min(LONGEST_POLL_MS, Math.max(SHORTEST_PAUSE_MS, waited / 5));
      await clock.sleep(pause, signal);
      // Only time in which the engine answers counts: a chain that is down is no reason to pay more.
      waited += pause;
      sinceBroadcast += pause;
      if (waited >= replaceAfterMs) {
        const { nonce, hashes } = flight;
        if (attempts++ >= replacements) {
          throw new XinlianError('TRANSACTION_STUCK', { hash: hashes.at(-1) ?? '0x', nonce, attempts: hashes.length });
        }
        await this.#sending.pass(() => this.#fillGap(latest, signal), signal);
        await this.#replace(flight, signal);
        waited = sinceBroadcast = 0;
      } else if (sinceBroadcast >= REBROADCAST_MS) {
        await this.#broadcast(flight, signal);
        sinceBroadcast = 0;
      }
    }
  }

  async #look(flight: Flight, signal: AbortSignal | undefined): Promise<{ receipt?: RpcReceipt; latest: number }> {
    return this.#patiently(async () => {
      const [latest, ...receipts] = await Promise.all([
        this.#count('latest', signal),
        ...flight.hashes.map((hash) => this.#receipt(hash, signal)),
      ]);
      const receipt = receipts.find((found) => found?.blockHash);
      return { latest, ...(receipt && { receipt }) };
    }, signal);
  }

  async #receipt(hash: Hex, signal: AbortSignal | undefined): Promise<RpcReceipt | null> {
    try {
      return await this.#dependencies.rpc.request<RpcReceipt | null>('eth_getTransactionReceipt', [hash], signal);
    } catch (error) {
      // An engine that has just begun (geth) does not know yet whether it has one.
      if (XinlianError.is(error, 'CHAIN_REFUSED') && /indexing is in progress/i.test(error.details.message))
        return null;
      throw error;
    }
  }

  /** Sends the same call under the same nonce for more. */
  async #replace(flight: Flight, signal: AbortSignal | undefined): Promise<void> {
    const { rpc, log } = this.#dependencies;
    const market = await this.#patiently(() => currentFees(rpc, this.#options.tip, signal), signal);
    const raised = await this.#sign({ ...flight, fees: raisedFees(flight.fees, market) });
    log.info({ nonce: flight.nonce, replaced: flight.hashes.at(-1), by: raised.hashes.at(-1) }, 'transaction replaced');
    // Kept before it is sent: an answer that gets lost must not hide a hash that may be mined.
    Object.assign(flight, raised);
    const refusal = await this.#broadcast(flight, signal);
    const reason = refusal && refusalOf(refusal);
    if (refusal && (reason === undefined || reason === 'nonce-ahead')) throw refusal;
  }

  /**
   * Where the first nonce that is not mined is nobody's in flight here and not in the pool (given up, then forgotten
   * by a restarted engine), nothing after it can be mined: an empty transaction takes its place.
   */
  async #fillGap(latest: number, signal: AbortSignal | undefined): Promise<void> {
    const pending = await this.#patiently(() => this.#count('pending', signal), signal);
    if (pending > latest || [...this.#flights].some(({ nonce }) => nonce <= latest)) return;
    const { rpc, log } = this.#dependencies;
    const fees = await this.#patiently(() => currentFees(rpc, this.#options.tip, signal), signal);
    const request = { to: this.address, data: '0x' } as const;
    log.info({ nonce: latest }, 'filling a gap in the nonces');
    await this.#broadcast(
      await this.#sign({ request, nonce: latest, gas: 21_000n, fees, raw: '0x', hashes: [] }),
      signal,
    );
  }

  /** @returns the engine's refusal; undefined where it has the transaction */
  async #broadcast({ raw }: Flight, signal: AbortSignal | undefined): Promise<XinlianError | undefined> {
    const { rpc } = this.#dependencies;
    try {
      await this.#patiently(() => rpc.request('eth_sendRawTransaction', [raw], signal), signal);
      return undefined;
    } catch (error) {
      if (!XinlianError.is(error, 'CHAIN_REFUSED')) throw error;
      return refusalOf(error) === 'known' ? undefined : error;
    }
  }

  async #sign(flight: Flight): Promise<Flight> {
    const { signer } = this.#dependencies;
    const { request, nonce, gas, fees } = flight;
    const transaction = Transaction.from({
      chainId: this.#options.chainId,
      nonce,
      gasLimit: gas,
      data: request.data,
      ...(request.to !== undefined && { to: request.to }),
      ...(fees.kind === 'legacy'
        ? { type: 0, gasPrice: fees.gasPrice }
        : { type: 2, maxFeePerGas: fees.maxFee, maxPriorityFeePerGas: fees.tip }),
    });
    transaction.signature = Signature.from(await signer.sign(fromHex(transaction.unsignedHash)));
    if (transaction.from !== signer.address) {
      const reason = `signed as ${transaction.from ?? 'nobody'}`;
      throw new XinlianError('KEY_UNAVAILABLE', { key: signer.address, reason });
    }
    return { ...flight, raw: transaction.serialized as Hex, hashes: [...flight.hashes, transaction.hash as Hex] };
  }

  async #estimate(request: TransactionRequest, fees: Fees, signal: AbortSignal | undefined): Promise<bigint> {
    const { rpc, clock } = this.#dependencies;
    const call = { from: this.address, ...request, ...feeFields(fees) };
    for (;;) {
      // What is in flight may be what this call rests on, and not every engine counts the pool in.
      const waiting = this.#flights.size > 0;
      try {
        const gas = await this.#patiently(
          () => rpc.request<string>('eth_estimateGas', [call, 'pending'], signal),
          signal,
        );
        return (BigInt(gas) * 5n) / 4n;
      } catch (error) {
        const revert = revertOf(error);
        if (!revert) throw error;
        if (!waiting) throw new XinlianError('TRANSACTION_REVERTED', { hash: '0x', ...revert }, { cause: error });
        await clock.sleep(SHORTEST_PAUSE_MS, signal);
      }
    }
  }

  async #freeNonce(signal: AbortSignal | undefined): Promise<number> {
    const pending = await this.#patiently(() => this.#count('pending', signal), signal);
    // With nothing in flight the engine alone knows: what was given up may be gone from its pool.
    return this.#flights.size === 0 ? pending : Math.max(pending, this.#next);
  }

  async #count(tag: 'latest' | 'pending', signal: AbortSignal | undefined): Promise<number> {
    const count = await this.#dependencies.rpc.request('eth_getTransactionCount', [this.address, tag], signal);
    return quantity('transaction count', count);
  }

  async #suggestedTip(signal: AbortSignal | undefined): Promise<bigint> {
    try {
      return BigInt(await this.#dependencies.rpc.request<string>('eth_maxPriorityFeePerGas', [], signal));
    } catch (error) {
      // Engines of before London do not know the method.
      if (XinlianError.is(error, 'CHAIN_REFUSED')) return 1n;
      throw error;
    }
  }

  async #result(flight: Flight, receipt: RpcReceipt, signal: AbortSignal | undefined): Promise<MinedTransaction> {
    const { transactionHash, blockHash, contractAddress, logs } = receipt;
    const block = quantity('block number', receipt.blockNumber);
    if (receipt.status !== '0x1') {
      const revert = await this.#whyReverted(flight, block, signal);
      throw new XinlianError('TRANSACTION_REVERTED', { hash: transactionHash, ...revert });
    }
    return {
      transaction: transactionHash,
      block,
      blockHash,
      gasUsed: quantity('gas used', receipt.gasUsed),
      ...(contractAddress && { contract: contractAddress }),
      logs,
    };
  }

  /** A receipt does not say why: the same call on the state before the block, then after it, mostly does. */
  async #whyReverted(
    flight: Flight,
    block: number,
    signal: AbortSignal | undefined,
  ): Promise<{ error: string; arguments: string[] }> {
    const call = { from: this.address, gas: toQuantity(flight.gas), ...flight.request };
    for (const number of [block - 1, block]) {
      try {
        const { rpc } = this.#dependencies;
        await this.#patiently(() => rpc.request('eth_call', [call, toQuantity(number)], signal), signal);
      } catch (error) {
        const revert = revertOf(error);
        if (revert) return revert;
      }
    }
    return { error: 'unknown', arguments: [] };
  }

  /** Tries again, ever more slowly, while no engine can be reached. */
  async #patiently<T>(call: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    for (let failures = 0; ; failures++) {
      try {
        return await call();
      } catch (error) {
        signal?.throwIfAborted();
        if (!XinlianError.is(error, 'CHAIN_UNREACHABLE')) throw error;
        await this.#pause(failures, signal);
      }
    }
  }

  async #pause(failures: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock, random } = this.#dependencies;
    const longest = Math.min(LONGEST_RETRY_MS, 100 * 2 ** Math.min(failures, 10));
    await clock.sleep(longest / 2 + (random() * longest) / 2, signal);
  }
}

function revertOf(error: unknown): { error: string; arguments: string[] } | undefined {
  if (!XinlianError.is(error, 'CHAIN_REFUSED')) return undefined;
  const { data, message } = error.details;
  // Some engines wrap the revert data in an object.
  const bytes = typeof data === 'object' && data !== null && 'data' in data ? data.data : data;
  const revert = decodeRevert(bytes);
  if (revert) return revert;
  return /revert/i.test(message) ? { error: 'unknown', arguments: [message] } : undefined;
}
