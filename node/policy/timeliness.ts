// Whether a record was published in time 双公示时限: so many working days behind its decision, by the pack in force that day.
import { chinaDate } from './date.ts';
import { isDate } from './days.ts';
import type { Policies, RulePack } from './rules.ts';

export interface Lateness {
  /** Last day on which it was in time, YYYY-MM-DD. */
  due: string;
  /** Day on which it was published. */
  on: string;
  decided: string;
}

export class Timeliness {
  readonly #policies: Policies;

  constructor(policies: Policies) {
    this.#policies = policies;
  }

  /** Editions that it judges by: deadlines, and calendars. */
  get editions(): string[] {
    return this.#policies.list().flatMap(({ kind, edition }) => (kind === 'timeliness' || kind === 'calendar' ? [edition] : [])); // prettier-ignore
  }

  /** Claims that may say on which day a record of an item was decided; none where no pack sets a deadline. */
  decidedIn(item: string): string[] {
    const rules = this.#policies.list().filter((pack): pack is RulePack<'timeliness'> => pack.kind === 'timeliness');
    return [...new Set(rules.flatMap(({ items }) => items.flatMap((own) => (own.item === item ? [own.decided] : []))))];
  }

  /**
   * @param claims what is shown of it, by name
   * @param time when it was published, and `since` from when on it could be: seconds since 1970. What was due before
   * that was published elsewhere or not at all, and this log cannot tell.
   * @returns undefined for what came in time, and for what cannot be judged: no deadline on that day, or a calendar that
   * does not know the holidays yet
   */
  lateness({ item, region, claims, time, since }: PublishedIn): Lateness | undefined {
    for (const name of this.decidedIn(item)) {
      const decided = claims.get(name);
      if (typeof decided !== 'string' || !isDate(decided)) continue;
      const pack = this.#policies.find('timeliness', region, decided);
      const rule = pack?.items.find((own) => own.item === item && own.decided === name);
      if (!rule || !this.#policies.find('calendar', region, decided)) continue;
      const { date: due, provisional } = this.#policies.deadline(region, decided, rule.within);
      const on = chinaDate(time * 1_000);
      if (!provisional && due >= chinaDate(since * 1_000) && on > due) return { due, on, decided };
    }
    return undefined;
  }
}

export interface PublishedIn {
  item: string;
  /** GB/T 2260 code. */
  region: string;
  claims: ReadonlyMap<string, unknown>;
  time: number;
  since: number;
}
