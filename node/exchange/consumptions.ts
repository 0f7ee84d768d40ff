// Consumptions on their way to the chain: a member's own, and those that another signed and has carried (EIP-712
// GrantConsumption), so that its program never builds a transaction. Those that come together go together.
import { recoverSigner } from '../core/account.ts';
import { fromBase64Url, toHex, type Hex } from '../core/bytes.ts';
import type { GrantTerms } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { grantHashOf, parseMemberId, type GrantHash } from '../core/ids.ts';
import { termsOf, type GrantConsumed, type GrantConsumption } from '../core/messages/grant.ts';
import type { Refusal } from '../core/query.ts';
import { GRANT_CONSUMPTION_TYPES, typedDataDigest, type TypedDataDomain } from '../core/typed-data.ts';
import type { Clock, GrantView, GrantWriter, ItemOutcome } from './ports.ts';

/** Consumptions of this long go to the chain together. */
const GATHER_MS = 20;
/** As many as the contract takes at once, with room to spare. */
const MOST_TOGETHER = 32;

/** One consumption: without `signed` the grantee is the writer's own member. */
export interface ConsumptionItem {
  terms: GrantTerms;
  /** 32 bytes. */
  queryId: Hex;
  signed?: { deadline: number; signature: Hex };
}

/** Whose account carries it. */
export interface ConsumingMember {
  id: string;
  writer: Pick<GrantWriter, 'consumeGrants'>;
}

interface Waiting {
  item: ConsumptionItem;
  /** Number of the block that took it; undefined where another transaction was first. */
  taken: PromiseWithResolvers<number | undefined>;
}

interface Dependencies {
  view: Pick<GrantView, 'consumption' | 'member'>;
  /** EIP-712 domain of the GrantRegistry. */
  domain: TypedDataDomain;
  clock: Clock;
}

export class Consumptions {
  readonly #needs: Dependencies;
  /** Those that gather, by the member whose account carries them. */
  readonly #gathering = new Map<string, Waiting[]>();

  constructor(dependencies: Dependencies) {
    this.#needs = dependencies;
  }

  /**
   * Carries what another grantee signed. The same query id again changes nothing, whoever brought it the first time.
   * @throws SIGNATURE_INVALID where it is not by the grantee's transaction key, before any gas is spent on it;
   *   MEMBER_UNKNOWN; GRANT_REFUSED for what the chain refused
   */
  async relay(by: ConsumingMember, consumption: GrantConsumption): Promise<GrantConsumed> {
    const { view, clock } = this.#needs;
    const { terms, queryId, grant } = this.#verify(consumption);
    const known = view.consumption(grant, queryId);
    if (known) return { grant, query: consumption.query, ...known };
    const { deadline, signature } = consumption;
    if (deadline < clock.now() / 1000)
      throw new XinlianError('MALFORMED', { what: 'deadline', wanted: 'a time to come', got: String(deadline) });
    const block = await this.consume(by, { terms, queryId, signed: { deadline, signature: signature as Hex } });
    const seen = view.consumption(grant, queryId);
    const at = seen?.block ?? block;
    return { grant, query: consumption.query, ...(at !== undefined && { block: at }), final: seen?.final ?? false };
  }

  /**
   * Resolves when a block has it, by this transaction or by another before.
   * @returns the block of this one
   * @throws GRANT_REFUSED, TRANSACTION_REVERTED; as `GrantWriter.consumeGrants`, where none of them got there
   */
  consume(by: ConsumingMember, item: ConsumptionItem): Promise<number | undefined> {
    const taken = Promise.withResolvers<number | undefined>();
    const gathering = this.#gathering.get(by.id);
    if (gathering && gathering.length < MOST_TOGETHER) gathering.push({ item, taken });
    else {
      const fresh = [{ item, taken }];
      this.#gathering.set(by.id, fresh);
      setTimeout(() => {
        if (this.#gathering.get(by.id) === fresh) this.#gathering.delete(by.id);
        void send(by.writer, fresh);
      }, GATHER_MS);
    }
    return taken.promise;
  }

  #verify({ terms: text, query, deadline, signature }: GrantConsumption) {
    const { view, domain } = this.#needs;
    const terms = termsOf(text);
    const grant = grantHashOf(terms);
    const queryId = toHex(fromBase64Url(query, 32));
    const grantee = view.member(parseMemberId(terms.grantee));
    if (!grantee) throw new XinlianError('MEMBER_UNKNOWN', { member: terms.grantee });
    const digest = typedDataDigest(domain, GRANT_CONSUMPTION_TYPES, { grant, queryId, deadline });
    if (recoverSigner(digest, signature, 'consumption') !== grantee.transaction.toLowerCase())
      throw new XinlianError('SIGNATURE_INVALID', { what: 'consumption', key: grantee.transaction });
    return { terms, queryId, grant };
  }
}

async function send(writer: ConsumingMember['writer'], waiting: readonly Waiting[]): Promise<void> {
  try {
    const { block, items: outcomes } = await writer.consumeGrants(waiting.map(({ item }) => item));
    for (const [i, { item, taken }] of waiting.entries()) {
      const outcome = outcomes[i];
      if (outcome?.ok === true) taken.resolve(block);
      // Consumed by this query already: it was sent again, or carried by another.
      else if (outcome?.error === 'GrantRegistryAlreadyConsumed') taken.resolve(undefined);
      else taken.reject(refusedByChain(grantHashOf(item.terms), outcome));
    }
  } catch (error) {
    for (const { taken } of waiting) taken.reject(error);
  }
}

/** What the errors of GrantRegistry mean to who asked. */
const CHAIN_REFUSALS: Readonly<Record<string, Refusal>> = {
  GrantRegistryNotRegistered: 'GRANT_UNKNOWN',
  GrantRegistryWithdrawn: 'GRANT_WITHDRAWN',
  GrantRegistrySuspended: 'GRANT_SUSPENDED',
  GrantRegistryNotYetValid: 'GRANT_NOT_YET_VALID',
  GrantRegistryEnded: 'GRANT_EXPIRED',
  GrantRegistryUsedUp: 'GRANT_EXHAUSTED',
  GrantRegistryNotGrantee: 'GRANTEE_NOT_ENTITLED',
};

function refusedByChain(grant: GrantHash, outcome: ItemOutcome | undefined): XinlianError {
  const { error, arguments: args } = outcome?.ok === false ? outcome : { error: 'unknown', arguments: [] };
  const reason = CHAIN_REFUSALS[error];
  if (reason === undefined) return new XinlianError('TRANSACTION_REVERTED', { hash: '', error, arguments: args });
  return new XinlianError('GRANT_REFUSED', { grant, reason, detail: 'the chain did not let this query consume it' });
}
