// Grants as their events tell them. There may be hundreds of thousands: the maps share what they have in common with
// their copies, and what ended long ago is forgotten.
import { List, Map as SharedMap } from 'immutable';
import type { Hex } from '../core/bytes.ts';
import type { GrantTerms } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import type { GrantHash } from '../core/ids.ts';
import type { EventOf, GrantEvent } from './events.ts';

const DAY_SECONDS = 86_400;

/**
 * Whole days of block time for which a grant is known after the day of its end. A provider needs none: the artefact says
 * by itself that it ended. The days are for a bank that asks again about a query of the last hours, with a week of public
 * holidays in between. An audit reads the chain.
 */
export const GRANT_KEPT_DAYS = 10;

export interface GrantRecord {
  /** Of the registration. */
  terms?: GrantTerms;
  /** Block of the registration. */
  registered?: number;
  usesLeft: number;
  withdrawn: boolean;
  suspended: boolean;
  /** Block of the last resumption. */
  resumed?: number;
  /** The query ids that consumed it, each with its block. */
  consumed: SharedMap<Hex, number>;
  /** On this day (of block time since 1970) it is forgotten. Absent while nothing ends it. */
  due?: number;
}

const UNKNOWN: GrantRecord = { usesLeft: 0, withdrawn: false, suspended: false, consumed: SharedMap() };

/** All grants that are not forgotten. */
export class GrantBook {
  #grants: SharedMap<GrantHash, GrantRecord> = SharedMap();
  /** What may have to be forgotten on each day. */
  #due: SharedMap<number, List<GrantHash>> = SharedMap();
  #firstDue = Infinity;

  get size(): number {
    return this.#grants.size;
  }

  get(hash: GrantHash): GrantRecord | undefined {
    return this.#grants.get(hash);
  }

  /** What was lost for as long as nothing decides otherwise: withdrawn or suspended grants. */
  narrowed(): GrantHash[] {
    return [...this.#grants.filter(({ withdrawn, suspended }) => withdrawn || suspended).keys()];
  }

  copy(): GrantBook {
    const copy = new GrantBook();
    copy.#grants = this.#grants;
    copy.#due = this.#due;
    copy.#firstDue = this.#firstDue;
    return copy;
  }

  /**
   * Forgets what is due at a block's time. MUST be called before the block's events are applied, and for that block
   * alone: so blocks without events may be left out, and the result is the same.
   * @param time seconds since 1970
   * @returns those of them that can never be used again: all but the ones that were never registered nor withdrawn
   */
  forget(time: number): GrantHash[] {
    const today = dayOf(time);
    if (today < this.#firstDue) return [];
    const days = [...this.#due.keys()].filter((day) => day <= today);
    const forgotten = days.flatMap((day) =>
      [...(this.#due.get(day) ?? [])].filter((hash) => this.#grants.get(hash)?.due === day),
    );
    const ended = forgotten.filter((hash) => {
      const record = this.#grants.get(hash);
      return record?.registered !== undefined || record?.withdrawn;
    });
    this.#grants = this.#grants.deleteAll(forgotten);
    this.#due = this.#due.deleteAll(days);
    this.#firstDue = Math.min(...this.#due.keys());
    return ended;
  }

  /** @param time of the block, seconds since 1970. @throws CHAIN_WRONG where events contradict each other */
  apply(event: GrantEvent, time: number): void {
    const record = this.#grants.get(event.grant) ?? UNKNOWN;
    switch (event.type) {
      case 'GrantRegistered': {
        const { terms, block } = event;
        const due = dayOf(terms.validTo) + GRANT_KEPT_DAYS + 1;
        return this.#keep(event.grant, { ...record, terms, registered: block, usesLeft: terms.uses, due });
      }
      case 'GrantWithdrawn':
        return this.#keep(event.grant, { ...this.#passing(record, time), withdrawn: true });
      case 'GrantSuspended':
        return this.#suspend(event.grant, record);
      case 'GrantResumed':
        // An old grant that is forgotten may still be resumed: there is nothing to say of it.
        if (record === UNKNOWN) return;
        return this.#keep(event.grant, { ...this.#passing(record, time), suspended: false, resumed: event.block });
      case 'GrantConsumed':
        return this.#consume(event, record);
    }
  }

  /** JSON of each grant: ready texts, since there are too many for a `JSON.stringify` that looks at every value. */
  lines(): string[] {
    return Array.from(this.#grants.entries(), ([hash, { consumed, ...record }]) =>
      JSON.stringify([hash, record, [...consumed.sortBy((_, queryId) => queryId)]]),
    );
  }

  /** @param lines of `lines` */
  static fromLines(lines: readonly string[]): GrantBook {
    const book = new GrantBook();
    book.#grants = SharedMap(
      lines.map((line): [GrantHash, GrantRecord] => {
        const [hash, record, consumed] = JSON.parse(line) as [GrantHash, GrantRecord, [Hex, number][]];
        return [hash, { ...record, consumed: SharedMap(consumed) }];
      }),
    );
    const due = Map.groupBy(book.#grants.keys(), (hash) => book.#grants.get(hash)?.due);
    due.delete(undefined);
    book.#due = SharedMap(Array.from(due as Map<number, GrantHash[]>, ([day, hashes]) => [day, List(hashes)]));
    book.#firstDue = Math.min(...book.#due.keys());
    return book;
  }

  /**
   * One that is not registered has no end of its own. Once withdrawn it can never be used, and once resumed it is as if
   * it had never been heard of: it is forgotten some days later.
   */
  #passing(record: GrantRecord, time: number): GrantRecord {
    return record.registered === undefined ? { ...record, due: dayOf(time) + GRANT_KEPT_DAYS + 1 } : record;
  }

  /** One that is suspended before it is registered MUST be known until it is: it stays suspended. */
  #suspend(hash: GrantHash, { due, ...record }: GrantRecord): void {
    const ends = record.registered !== undefined && due !== undefined;
    this.#keep(hash, { ...record, suspended: true, ...(ends && { due }) });
  }

  #consume({ grant, queryId, usesLeft, block }: EventOf<'GrantConsumed'>, record: GrantRecord): void {
    if (record.registered === undefined) {
      throw new XinlianError('CHAIN_WRONG', { what: 'event', wanted: 'of a registered grant', got: grant });
    }
    this.#keep(grant, { ...record, usesLeft, consumed: record.consumed.set(queryId, block) });
  }

  #keep(hash: GrantHash, record: GrantRecord): void {
    const { due } = record;
    if (due !== undefined && due !== this.#grants.get(hash)?.due) {
      this.#due = this.#due.update(due, List<GrantHash>(), (hashes) => hashes.push(hash));
      this.#firstDue = Math.min(this.#firstDue, due);
    }
    this.#grants = this.#grants.set(hash, record);
  }
}

function dayOf(time: number): number {
  return Math.floor(time / DAY_SECONDS);
}
