// Writes to the contracts in the name of one member.
import { fromHex, toHex, type Hex } from '../core/bytes.ts';
import { KEY_KINDS, roleBits, type KeyKind, type Role } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { parseLogId, type LogId, type MemberId } from '../core/ids.ts';
import { artifact, decodeLog, encodeAdmission, type ContractName } from './abi.ts';
import type { Admission, ChainEvent, ConsortiumContracts, EventOf, EventType } from './events.ts';
import type { MinedTransaction, Submitter } from './submitter.ts';

/** Where a write was mined. It is final only when the follower says so. */
export interface Written {
  transaction: Hex;
  block: number;
}

export interface Anchoring {
  log: LogId;
  /** Entries now. */
  size: number;
  /** Root hash now. */
  root: Uint8Array;
  /** Consistency proof from the last anchored size; empty for the first. */
  proof: readonly Uint8Array[];
}

/** A call that the council votes on. */
export type CouncilCall =
  | { call: 'admit'; admission: Admission }
  | { call: 'suspend' | 'remove'; member: MemberId; reason: Hex }
  | { call: 'resume'; member: MemberId }
  | { call: 'setRoles'; member: MemberId; roles: readonly Role[] }
  | { call: 'setThreshold'; threshold: number }
  | { call: 'resetTransactionKey'; member: MemberId; current: Hex };

export interface Proposed extends Written {
  proposal: bigint;
  /** Whether it ran at once: the threshold is 1. */
  executed: boolean;
}

/** Every method waits until the transaction is mined. @throws as `Submitter.submit` */
export class ChainWriter {
  readonly #contracts: ConsortiumContracts;
  readonly #submitter: Pick<Submitter, 'submit'>;

  constructor(contracts: ConsortiumContracts, submitter: Pick<Submitter, 'submit'>) {
    this.#contracts = contracts;
    this.#submitter = submitter;
  }

  /** Opens a log of this member. @param scope 32 bytes */
  async registerLog(scope: Hex, signal?: AbortSignal): Promise<Written & { log: LogId }> {
    const mined = await this.#send('LogAnchor', 'registerLog', [scope], signal);
    return { ...written(mined), log: this.#event(mined, 'LogRegistered').log };
  }

  /** Anchors a checkpoint. The head that is anchored already may be sent again: the chain does nothing. */
  async anchor({ log, size, root, proof }: Anchoring, signal?: AbortSignal): Promise<Written> {
    const args = [log, size, toHex(root), proof.map((hash) => toHex(hash))];
    return written(await this.#send('LogAnchor', 'anchor', args, signal));
  }

  /** Ends a log that was lost, and opens its successor. */
  async replaceLog(lost: LogId, signal?: AbortSignal): Promise<Written & { log: LogId }> {
    const mined = await this.#send('LogAnchor', 'replaceLog', [lost], signal);
    return { ...written(mined), log: parseLogId(this.#event(mined, 'LogClosed').successor) };
  }

  /** Proposes a call to the council, and approves it. */
  async propose(call: CouncilCall, signal?: AbortSignal): Promise<Proposed> {
    const mined = await this.#send('Membership', 'propose', [encodeCouncilCall(call)], signal);
    const { proposal } = this.#event(mined, 'Proposed');
    return { ...written(mined), proposal, executed: this.#events(mined).some(({ type }) => type === 'Executed') };
  }

  /** Approves a proposal. It runs where this approval was the last one wanted. */
  async approve(proposal: bigint, signal?: AbortSignal): Promise<Proposed> {
    const mined = await this.#send('Membership', 'approve', [proposal], signal);
    return { ...written(mined), proposal, executed: this.#events(mined).some(({ type }) => type === 'Executed') };
  }

  async withdrawApproval(proposal: bigint, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('Membership', 'withdrawApproval', [proposal], signal));
  }

  /** @param signature the new account's EIP-712 signature of KeyRotation(member, previous, current) */
  async rotateTransactionKey(current: Hex, signature: Hex, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('Membership', 'rotateTransactionKey', [current, signature], signal));
  }

  /** @param key empty: the member has no use for this kind any more */
  async rotateKey(kind: KeyKind, key: Uint8Array, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('Membership', 'rotateKey', [KEY_KINDS.indexOf(kind), toHex(key)], signal));
  }

  /** @param endpoints JSON, see `parseEndpoints` */
  async setEndpoints(endpoints: string, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('Membership', 'setEndpoints', [endpoints], signal));
  }

  async #send(
    contract: ContractName,
    method: string,
    args: unknown[],
    signal: AbortSignal | undefined,
  ): Promise<MinedTransaction> {
    const to = contract === 'Membership' ? this.#contracts.membership : this.#contracts.logAnchor;
    const data = artifact(contract).abi.encodeFunctionData(method, args) as Hex;
    return this.#submitter.submit({ to, data }, signal);
  }

  #events({ logs }: MinedTransaction): ChainEvent[] {
    return logs.flatMap((log) => decodeLog(this.#contracts, log) ?? []);
  }

  #event<T extends EventType>(mined: MinedTransaction, type: T): EventOf<T> {
    const found = this.#events(mined).find((event): event is EventOf<T> => event.type === type);
    if (found) return found;
    throw new XinlianError('CHAIN_WRONG', {
      what: `receipt of ${mined.transaction}`,
      wanted: type,
      got: 'no such event',
    });
  }
}

/** The ABI-encoded call that a proposal carries. @throws MALFORMED */
export function encodeCouncilCall(call: CouncilCall): Hex {
  const { abi } = artifact('Membership');
  return abi.encodeFunctionData(call.call, councilArguments(call)) as Hex;
}

function councilArguments(call: CouncilCall): unknown[] {
  switch (call.call) {
    case 'admit':
      return [encodeAdmission(call.admission)];
    case 'suspend':
    case 'remove':
      fromHex(call.reason, 32);
      return [call.member, call.reason];
    case 'resume':
      return [call.member];
    case 'setRoles':
      return [call.member, roleBits(call.roles)];
    case 'setThreshold':
      return [call.threshold];
    case 'resetTransactionKey':
      return [call.member, call.current];
  }
}

function written({ transaction, block }: MinedTransaction): Written {
  return { transaction, block };
}
