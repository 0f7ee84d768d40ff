// What came for a hosted member, in one order: events of its subscriptions, and of white lists that it was sent. Each has the
// member's next cursor, goes to its webhooks in the batch that keeps it, and wakes who waits.
import type { MemberId } from '../core/ids.ts';
import type { EventsPage, EventsRequest, InboxEvent } from '../core/messages/subscription.ts';
import type { Clock, InboxStore, WriteBatch } from './ports.ts';
import { Waiting } from './waiting.ts';

interface Dependencies<B extends WriteBatch> {
  store: Pick<InboxStore<B>, 'lastCursor' | 'putEvent' | 'events'>;
  /** Told of every event in the batch that keeps it. MUST NOT throw. */
  arrived: (batch: B, member: MemberId, event: InboxEvent) => void;
  /** Told when such a batch is durable. */
  settled: () => void;
  clock: Clock;
}

export class Inbox<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;
  /** Cursor of the last event of a member. */
  readonly #heads = new Map<MemberId, number>();
  readonly #waiting = new Waiting();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Stages an event; `told` MUST follow when the batch is durable. */
  put(batch: B, member: MemberId, event: Omit<InboxEvent, 'cursor'>): void {
    const { store, arrived } = this.#needs;
    const cursor = (this.#heads.get(member) ?? store.lastCursor(member)) + 1;
    this.#heads.set(member, cursor);
    const kept = { cursor, ...event };
    store.putEvent(batch, member, kept);
    arrived(batch, member, kept);
  }

  told(member: MemberId): void {
    this.#waiting.wake(member);
    this.#needs.settled();
  }

  /** Events behind a cursor, in their order; waits for one where there is none. */
  async events(
    member: MemberId,
    { after, limit, waitMs, subscription }: EventsRequest,
    signal: AbortSignal,
  ): Promise<EventsPage> {
    const { store, clock } = this.#needs;
    const deadline = clock.now() + waitMs;
    for (let next = after; ;) {
      const coming = this.#waiting.next(member);
      try {
        const events: InboxEvent[] = [];
        let more = false;
        for await (const event of store.events(member, next)) {
          if (events.length === limit) {
            more = true;
            break;
          }
          next = event.cursor;
          if (subscription === undefined || event.subscription === subscription) events.push(event);
        }
        const left = deadline - clock.now();
        if (events.length > 0 || left <= 0) return { events, next, more };
        await coming.within(left, signal);
      } finally {
        coming.end();
      }
    }
  }
}
