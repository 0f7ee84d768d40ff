// Every grant that the chain ever told of, with when: what the node's own book forgets, an audit has to judge.
import { fromUtf8, utf8, type Hex } from '../core/bytes.ts';
import type { GrantTerms } from '../core/consortium.ts';
import type { GrantHash, MemberId } from '../core/ids.ts';
import type { GrantEvent } from '../chain/events.ts';

/** A block, and its time in seconds since 1970. */
export interface Moment {
  block: number;
  time: number;
}

export interface Suspension {
  from: Moment;
  /** Absent while it lasts. */
  until?: Moment;
}

export interface GrantHistory {
  /** Of the first registration. */
  terms?: GrantTerms;
  registered?: Moment;
  withdrawn?: Moment & { by?: MemberId };
  suspensions: Suspension[];
  /** The first use by each query id. */
  uses: Map<Hex, Moment>;
}

export class GrantLedger {
  readonly #grants = new Map<GrantHash, GrantHistory>();

  get size(): number {
    return this.#grants.size;
  }

  get(grant: GrantHash): GrantHistory | undefined {
    return this.#grants.get(grant);
  }

  entries(): IterableIterator<[GrantHash, GrantHistory]> {
    return this.#grants.entries();
  }

  /** What contradicts the events before it changes nothing: its rule has told it. @param time of its block */
  apply(event: GrantEvent, time: number): void {
    const history = this.#grants.get(event.grant) ?? { suspensions: [], uses: new Map<Hex, Moment>() };
    this.#grants.set(event.grant, history);
    const at: Moment = { block: event.block, time };
    const suspension = openSuspension(history);
    switch (event.type) {
      case 'GrantRegistered':
        history.terms ??= event.terms;
        history.registered ??= at;
        return;
      case 'GrantWithdrawn':
        history.withdrawn ??= { ...at, ...(event.by !== undefined && { by: event.by }) };
        return;
      case 'GrantSuspended':
        if (!suspension) history.suspensions.push({ from: at });
        return;
      case 'GrantResumed':
        if (suspension) suspension.until = at;
        return;
      case 'GrantConsumed':
        if (!history.uses.has(event.queryId)) history.uses.set(event.queryId, at);
        return;
    }
  }

  /** JSON, UTF-8: the same for the same events. */
  encode(): Uint8Array {
    const grants = Array.from(this.#grants, ([grant, { uses, ...rest }]) => [grant, rest, [...uses]]);
    return utf8(JSON.stringify(grants));
  }

  /** @param bytes of `encode` */
  static decode(bytes: Uint8Array): GrantLedger {
    const ledger = new GrantLedger();
    const grants = JSON.parse(fromUtf8(bytes)) as [GrantHash, Omit<GrantHistory, 'uses'>, [Hex, Moment][]][];
    for (const [grant, rest, uses] of grants) ledger.#grants.set(grant, { ...rest, uses: new Map(uses) });
    return ledger;
  }
}

export function openSuspension({ suspensions }: GrantHistory): Suspension | undefined {
  const last = suspensions.at(-1);
  return last?.until === undefined ? last : undefined;
}

/** How many uses are left; undefined for a grant that is not registered, or uncounted. */
export function usesLeft({ terms, uses }: GrantHistory): number | undefined {
  return terms === undefined || terms.uses === 0 ? undefined : Math.max(0, terms.uses - uses.size);
}
