// Writes to the contracts in the name of one member.
import { fromHex, toHex, type Hex } from '../core/bytes.ts';
import { KEY_KINDS, type GrantTerms, type KeyKind } from '../core/consortium.ts';
import type { CouncilCall } from '../core/council.ts';
import { XinlianError } from '../core/errors.ts';
import { encodeStep, type AgreementTerms, type CaseStep, type CaseTerms, type Enrolment } from '../core/recognition.ts';
import { parseLogId, type GrantHash, type LogId } from '../core/ids.ts';
import { addressOf, artifact, decodeLog, decodeRevert, type ContractName, type Revert } from './abi.ts';
import { encodeCouncilCall } from './council-calls.ts';
import type { ChainEvent, ConsortiumContracts, EventOf, EventType } from './events.ts';
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

export interface GrantRegistrationItem {
  terms: GrantTerms;
  /** Seconds since 1970, included. */
  deadline: number;
  /** By the grant key, of `GRANT_REGISTRATION_TYPES`. */
  signature: Hex;
}

export interface GrantWithdrawalItem {
  terms: GrantTerms;
  /** By the grant key, of `GRANT_WITHDRAWAL_TYPES`. */
  signature: Hex;
}

export interface GrantConsumptionItem {
  terms: GrantTerms;
  /** 32 bytes. */
  queryId: Hex;
  /** By the grantee's transaction key, of `GRANT_CONSUMPTION_TYPES`. Absent: this account is the grantee's. */
  signed?: { deadline: number; signature: Hex };
}

/** What became of each item of a batch, in its order: done, or refused for a reason of its own. */
export interface WrittenBatch extends Written {
  items: ({ ok: true } | ({ ok: false } & Revert))[];
}

/** The most items that `GrantRegistry` takes at once. */
export const GRANT_BATCH = 64;

/** A step of a case with what was signed of it; absent signatures where the role has none, or nobody signs beside. */
export interface CaseAct {
  terms: CaseTerms;
  step: CaseStep;
  /** 65 bytes: r || s || v. */
  first?: Hex;
  second?: Hex;
}

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

  /** Registers at most `GRANT_BATCH` grants. @throws TOO_LARGE, too */
  async registerGrants(items: readonly GrantRegistrationItem[], signal?: AbortSignal): Promise<WrittenBatch> {
    return this.#batch('registerBatch', items.map(signed), signal);
  }

  /** Withdraws at most `GRANT_BATCH` grants. @throws TOO_LARGE, too */
  async withdrawGrants(items: readonly GrantWithdrawalItem[], signal?: AbortSignal): Promise<WrittenBatch> {
    return this.#batch('withdrawBatch', items.map(signed), signal);
  }

  /** Consumes for at most `GRANT_BATCH` queries. @throws TOO_LARGE, too */
  async consumeGrants(items: readonly GrantConsumptionItem[], signal?: AbortSignal): Promise<WrittenBatch> {
    const encoded = items.map(({ terms, queryId, signed: { deadline, signature } = OWN }) => ({
      terms,
      queryId,
      deadline,
      signature: compactSignature(signature),
    }));
    return this.#batch('consumeBatch', encoded, signal);
  }

  /** Withdraws a grant whose key is lost, registered or not: for members that identify enterprises. @param reason 32 bytes */
  async withdrawGrantFor(grant: GrantHash, reason: Hex, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('GrantRegistry', 'withdrawFor', [grant, reason], signal));
  }

  /** Suspends a grant, registered or not: for regulators. @param reason 32 bytes */
  async suspendGrant(grant: GrantHash, reason: Hex, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('GrantRegistry', 'suspend', [grant, reason], signal));
  }

  /** Ends a suspension: for regulators. */
  async resumeGrant(grant: GrantHash, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('GrantRegistry', 'resume', [grant], signal));
  }

  /** Proposes an agreement between two centres, of which this member is the first. */
  async proposeAgreement(terms: AgreementTerms, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('RecognitionRegistry', 'propose', [terms], signal));
  }

  /** Countersigns an agreement: this member is the second. */
  async countersignAgreement(terms: AgreementTerms, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('RecognitionRegistry', 'countersign', [terms], signal));
  }

  /** @param document SHA-256 of the notice, 32 bytes */
  async giveNotice(terms: AgreementTerms, document: Hex, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('RecognitionRegistry', 'giveNotice', [terms, document], signal));
  }

  /** Enrols an officer of this member. @param signature the officer's, of `enrolmentDigest`; 65 bytes */
  async enrolOfficer(
    { officer, duties, until }: Omit<Enrolment, 'member'>,
    signature: Hex,
    signal?: AbortSignal,
  ): Promise<Written> {
    const args = [officer, duties, until, compactSignature(signature)];
    return written(await this.#send('RecognitionRegistry', 'enrol', args, signal));
  }

  /** Ends the tenure of an officer of this member now. @param officer address */
  async dismissOfficer(officer: Hex, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('RecognitionRegistry', 'dismiss', [officer], signal));
  }

  /** Opens a case: this member is its home side. @param document SHA-256 of the request @param due seconds since 1970 */
  async requestCase(terms: CaseTerms, document: Hex, due: number, signal?: AbortSignal): Promise<Written> {
    return written(await this.#send('RecognitionRegistry', 'request', [terms, document, due], signal));
  }

  /** Carries a step of a case to the chain. */
  async actOnCase({ terms, step, first, second }: CaseAct, signal?: AbortSignal): Promise<Written> {
    const args = [terms, encodeStep(step), compactSignature(first), compactSignature(second)];
    return written(await this.#send('RecognitionRegistry', 'act', args, signal));
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

  async #batch(method: string, items: readonly object[], signal: AbortSignal | undefined): Promise<WrittenBatch> {
    const { length } = items;
    if (length > GRANT_BATCH) throw new XinlianError('TOO_LARGE', { what: 'batch', limit: GRANT_BATCH, got: length });
    const mined = await this.#send('GrantRegistry', method, [items], signal);
    const outcome: WrittenBatch = { ...written(mined), items: items.map(() => ({ ok: true })) };
    for (const event of this.#events(mined)) {
      if (event.type !== 'GrantItemFailed') continue;
      const revert = decodeRevert(event.reason) ?? { error: 'unknown', arguments: [event.reason] };
      outcome.items[event.index] = { ok: false, ...revert };
    }
    return outcome;
  }

  async #send(
    contract: ContractName,
    method: string,
    args: unknown[],
    signal: AbortSignal | undefined,
  ): Promise<MinedTransaction> {
    const to = addressOf(this.#contracts, contract);
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

/**
 * The form of EIP-2098: r, and s with the parity in the highest bit. Zeros where nobody signs.
 * @param signature 65 bytes r || s || v. With another v than 27 and 28, or an s that has no room for the parity, it is
 *   nobody's, and MUST NOT become somebody's: the contract is given what it refuses.
 */
function compactSignature(signature: Hex | undefined): { r: Hex; vs: Hex } {
  if (signature === undefined) return { r: NO_WORD, vs: NO_WORD };
  const bytes = fromHex(signature, 65);
  const vs = bytes.slice(32, 64);
  const [v = 0, high = 0] = [bytes[64], vs[0]];
  if ((v !== 27 && v !== 28) || high > 0x7f) return { r: ALL_ONES, vs: ALL_ONES };
  if (v === 28) vs[0] = high | 0x80;
  return { r: toHex(bytes.subarray(0, 32)), vs: toHex(vs) };
}

const NO_WORD: Hex = `0x${'0'.repeat(64)}`;
const ALL_ONES: Hex = `0x${'f'.repeat(64)}`;

/** Where the sender is the grantee. */
const OWN: { deadline: number; signature?: Hex } = { deadline: 0 };

function signed<T extends { signature: Hex }>(item: T): Omit<T, 'signature'> & { signature: { r: Hex; vs: Hex } } {
  return { ...item, signature: compactSignature(item.signature) };
}

function written({ transaction, block }: MinedTransaction): Written {
  return { transaction, block };
}
