// Brings events of white lists to the nodes of the banks, list by list in their order, until each is taken: what fails is
// tried again for as long as the node runs, and goes on where it was after a restart.
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import type { ListDelivery, ListEvent, ListTaken } from '../core/messages/white-list.ts';
import type { GroupCommit } from './group-commit.ts';
import { pause } from './pause.ts';
import type { Log, WhiteListStore, WriteBatch } from './ports.ts';

/** Between two tries where a bank's node is away, doubled each time, and the longest. */
const RETRY_MS = 250;
const MOST_RETRY_MS = 30_000;
/** Characters of sealed events in one call: a frame between nodes takes 4 MiB. */
const MOST_SENT = 2 << 20;

type Batch = WriteBatch & { readonly length: number };

interface Dependencies<B extends Batch> {
  store: WhiteListStore<B>;
  commits: GroupCommit<B>;
  /** Calls the bank's node, wherever it is. */
  deliver: (grantee: MemberId, delivery: ListDelivery, signal: AbortSignal) => Promise<ListTaken>;
  random: () => number;
  logger: Log;
}

export class ListPost<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** Events that are not taken yet, by list. */
  readonly #pending = new Map<string, number>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  #started = false;

  private constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Counts what is in the store. */
  static async open<B extends Batch>(members: Iterable<MemberId>, dependencies: Dependencies<B>): Promise<ListPost<B>> {
    const post = new ListPost(dependencies);
    const { store } = dependencies;
    for (const member of members)
      for await (const [list] of store.lists(member))
        for await (const _ of store.events(member, list)) post.#add(nameOf(member, list), 1);
    return post;
  }

  start(): void {
    this.#started = true;
  }

  async stop(): Promise<void> {
    this.#started = false;
    this.#stop.abort(new XinlianError('CLOSED', { what: 'white lists' }));
    await Promise.all(this.#running.values());
  }

  /** Stages an event, in the batch that makes it. */
  stage(batch: B, member: MemberId, list: string, event: ListEvent): void {
    this.#needs.store.putEvent(batch, member, list, event);
    this.#add(nameOf(member, list), 1);
  }

  pending(member: MemberId, list: string): number {
    return this.#pending.get(nameOf(member, list)) ?? 0;
  }

  /** Brings what is durable. */
  send(member: MemberId, list: string, grantee: MemberId): void {
    const name = nameOf(member, list);
    if (!this.#started || this.#running.has(name) || this.pending(member, list) === 0) return;
    const running = this.#run(member, list, grantee).finally(() => {
      this.#running.delete(name);
      // Something came while it was ending.
      if (!this.#stop.signal.aborted) this.send(member, list, grantee);
    });
    this.#running.set(name, running);
  }

  async #run(member: MemberId, list: string, grantee: MemberId): Promise<void> {
    const { logger, random } = this.#needs;
    const { signal } = this.#stop;
    for (let failures = 0; !signal.aborted && this.pending(member, list) > 0;) {
      try {
        await this.#bring(member, list, grantee, signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (failures === 0) logger.warn({ err: error, list, grantee }, 'bringing a white list failed; tried again');
        const wait = Math.min(MOST_RETRY_MS, RETRY_MS * 2 ** failures++);
        await pause(wait * (0.5 + random() / 2), signal);
      }
    }
  }

  async #bring(member: MemberId, list: string, grantee: MemberId, signal: AbortSignal): Promise<void> {
    const { store, commits, deliver } = this.#needs;
    const events: ListEvent[] = [];
    let size = 0;
    for await (const event of store.events(member, list)) {
      if (size > 0 && size + event.sealed.length > MOST_SENT) break;
      size += event.sealed.length;
      events.push(event);
    }
    // What is counted is in a batch that is not written yet.
    if (events.length === 0) return pause(RETRY_MS, signal);
    const { last } = await deliver(grantee, { provider: member, grantee, list, events }, signal);
    const taken = events.map(({ number }) => number).filter((number) => number <= last);
    if (taken.length === 0)
      throw new XinlianError('CONFLICT', {
        what: `white list ${list}`,
        wanted: `event ${events[0]?.number} taken`,
        got: `${last}`,
      });
    await commits.run((batch) => {
      store.forgetEvents(batch, member, list, taken);
      this.#add(nameOf(member, list), -taken.length);
    });
  }

  #add(name: string, count: number): void {
    this.#pending.set(name, (this.#pending.get(name) ?? 0) + count);
  }
}

function nameOf(member: MemberId, list: string): string {
  return `${member}/${list}`;
}
