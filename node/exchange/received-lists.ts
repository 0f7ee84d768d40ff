// White lists that hosted banks were sent: every event lies among the member's others, and what was told last of each
// enterprise stays for as long as the list does. The node opens none of it.
import type { Role } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { parseMemberId, type MemberId } from '../core/ids.ts';
import type {
  ListDelivery,
  ListEntriesPage,
  ListEntriesRequest,
  ListTaken,
  ReceivedEntry,
  ReceivedList,
} from '../core/messages/white-list.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Inbox } from './inbox.ts';
import type { Clock, GrantView, Log, WhiteListStore, WriteBatch } from './ports.ts';
import { Turns } from './turns.ts';

/** Of one provider at one bank. */
const MOST_LISTS = 64;
const PROVIDER: readonly Role[] = ['source'];

type Batch = WriteBatch & { readonly length: number };

interface Dependencies<B extends Batch> {
  store: WhiteListStore<B>;
  commits: GroupCommit<B>;
  inbox: Pick<Inbox<B>, 'put' | 'told'>;
  view: Pick<GrantView, 'isEntitledNow'>;
  clock: Clock;
  logger: Log;
}

export class ReceivedLists<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** What comes of one list goes one after the other. */
  readonly #turns = new Turns();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * Takes events; those that came before change nothing.
   * @returns when they are durable
   * @throws MEMBER_NOT_ENTITLED where either side is not active in its role; OVERLOADED for too many lists
   */
  async take(member: MemberId, delivery: ListDelivery): Promise<ListTaken> {
    const provider = parseMemberId(delivery.provider);
    const { view } = this.#needs;
    for (const [id, roles] of [
      [provider, PROVIDER],
      [member, ['bank']],
    ] as const)
      // prettier-ignore
      if (!view.isEntitledNow(id, roles))
        throw new XinlianError('MEMBER_NOT_ENTITLED', { member: id, wanted: `active, ${roles.join()}`, got: 'another' });
    return this.#turns.run(`${member}/${provider}/${delivery.list}`, () => this.#take(member, delivery));
  }

  async lists(member: MemberId): Promise<{ lists: ReceivedList[] }> {
    const lists: ReceivedList[] = [];
    for await (const list of this.#needs.store.receivedLists(member)) lists.push(list);
    return { lists };
  }

  /** Throws `NOT_FOUND`. */
  async entries(member: MemberId, { provider, list, after, limit }: ListEntriesRequest): Promise<ListEntriesPage> {
    const { store } = this.#needs;
    const place = { provider, list };
    if (!store.received(member, place)) throw new XinlianError('NOT_FOUND', { what: 'white list', id: list });
    const entries: ReceivedEntry[] = [];
    for await (const entry of store.entries(member, place, after)) {
      if (entries.length === limit) return { entries, next: entries.at(-1)?.lane ?? entry.lane };
      entries.push(entry);
    }
    return { entries };
  }

  async #take(member: MemberId, { provider, list, events }: ListDelivery): Promise<ListTaken> {
    const { store, commits, inbox, clock, logger } = this.#needs;
    const place = { provider, list };
    const known = store.received(member, place);
    if (!known && (await this.#count(member, provider)) >= MOST_LISTS)
      throw new XinlianError('OVERLOADED', { what: `white lists of ${provider}`, retryAfterSeconds: 3600 });
    const time = Math.floor(clock.now() / 1000);
    const next = { ...place, edition: 1, listed: 0, last: 0, ...known, updated: time };
    const fresh = events.filter(({ number }) => number > next.last);
    const [first] = fresh;
    if (!first) return { last: next.last };
    if (first.number > next.last + 1)
      logger.warn({ ...place, after: next.last, got: first.number }, 'events of a white list are missing');
    const latest = new Map<string, ReceivedEntry>();
    for (const event of fresh) {
      const before = latest.get(event.lane) ?? store.entry(member, place, event.lane);
      next.listed += Number(event.kind === 'listed') - Number(before?.kind === 'listed');
      next.last = event.number;
      next.edition = event.edition;
      latest.set(event.lane, { ...event, time });
    }
    await commits.run((batch) => {
      for (const { row, edition, ...event } of fresh)
        inbox.put(batch, member, { subscription: row, provider, time, ...event, list: { id: list, edition } });
      for (const entry of latest.values()) store.putEntry(batch, member, place, entry);
      store.putReceived(batch, member, next);
    });
    inbox.told(member);
    return { last: next.last };
  }

  async #count(member: MemberId, provider: string): Promise<number> {
    let count = 0;
    for await (const list of this.#needs.store.receivedLists(member)) if (list.provider === provider) count++;
    return count;
  }
}
