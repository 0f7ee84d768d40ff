// The grantee's side of subscriptions: its own node keeps them, pulls sealed events from each provider for as long as one
// is open, and keeps those under one cursor for its applications. It can read none of them.
import { toBase64Url, fromUtf8 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { parseArtefact } from '../core/grant.ts';
import { grantHashOf, parseMemberId, type MemberId } from '../core/ids.ts';
import { openJwe } from '../core/jwe.ts';
import type {
  InboxEvent,
  OpenedPart,
  OpenedSubscription,
  OpenSubscription,
  SubscriptionRef,
  SubscriptionsPage,
  SubscriptionsRequest,
  SubscriptionView,
} from '../core/messages/subscription.ts';
import type { PulledEvent, WatchOpened, WatchPull, WatchPulled } from '../core/messages/watch.ts';
import { parseJournal } from '../core/query.ts';
import type { GroupCommit } from './group-commit.ts';
import type { AskingMember, QueryJournal } from './journal.ts';
import { judgeGrant, type Withdrawals } from './judge-grant.ts';
import type { Inbox } from './inbox.ts';
import { pause } from './pause.ts';
import type { Clock, GrantView, InboxStore, KeptSubscription, Log, WriteBatch } from './ports.ts';

/** How long a provider may let a pull wait. */
const WAIT_MS = 25_000;
const DEADLINE_MS = 30_000;
/** Between two tries where a provider is away, doubled each time, and the longest. */
const RETRY_MS = 250;
const MOST_RETRY_MS = 30_000;
/** Events that run out are forgotten a few at a time. */
const FORGOTTEN_AT_ONCE = 32;
const DAY_SECONDS = 86_400;

type Batch = WriteBatch & { readonly length: number };

/** Calls to providers, wherever they are. Both throw what the provider threw, UNREACHABLE, TIMEOUT. */
export interface Providers {
  subscribe(
    provider: MemberId,
    sealed: string,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<{ opened: WatchOpened; answer: string }>;
  pull(provider: MemberId, pull: WatchPull, signal: AbortSignal): Promise<WatchPulled>;
}

interface Dependencies<B extends Batch> {
  store: InboxStore<B>;
  inbox: Pick<Inbox<B>, 'put' | 'told'>;
  commits: GroupCommit<B>;
  journal: Pick<QueryJournal<B>, 'take'>;
  providers: Providers;
  view: GrantView;
  withdrawals: Withdrawals;
  failClosedSeconds: number;
  /** Events are kept for so long. */
  keptDays: number;
  clock: Clock;
  random: () => number;
  logger: Log;
}

interface Row extends KeptSubscription {
  /** What the provider was told is durable here; undefined: nothing since the start. */
  acked: number | undefined;
}

interface Loop {
  readonly abort: AbortController;
  /** Ends the pull under way: there is something to say to the provider. */
  again: AbortController;
  done: Promise<void>;
}

export class Subscriptions<B extends Batch> {
  readonly #needs: Dependencies<B>;
  readonly #rows = new Map<string, Row>();
  /** By member and provider. */
  readonly #loops = new Map<string, Loop>();
  #running = false;

  private constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Reads those that are in the store. */
  static async open<B extends Batch>(dependencies: Dependencies<B>): Promise<Subscriptions<B>> {
    const subscriptions = new Subscriptions(dependencies);
    for await (const kept of dependencies.store.subscriptions())
      subscriptions.#rows.set(nameOf(kept), { ...kept, acked: undefined });
    return subscriptions;
  }

  start(): void {
    this.#running = true;
    for (const row of this.#rows.values()) this.#follow(row);
  }

  /** Gives up pulls under way: what they brought comes again. */
  async stop(): Promise<void> {
    this.#running = false;
    const loops = [...this.#loops.values()];
    for (const { abort } of loops) abort.abort(new XinlianError('CLOSED', { what: 'subscriptions' }));
    await Promise.all(loops.map(({ done }) => done));
  }

  /**
   * Logs the wish, and opens it at each provider. The same again changes nothing where it is open.
   * @throws as `QueryJournal.take`; MALFORMED where the journal is of another subscription
   */
  async subscribe(
    member: AskingMember<B>,
    { subscription: id, journal: sealed, parts, deadlineMs = DEADLINE_MS }: OpenSubscription,
    signal: AbortSignal,
  ): Promise<OpenedSubscription> {
    const { journal: desk } = this.#needs;
    const { query } = await desk.take(member, sealed, signal);
    if (query !== id)
      throw new XinlianError('MALFORMED', { what: 'subscription', wanted: `the journal’s, ${query}`, got: id });
    // It was verified by taking it.
    const { journal } = parseJournal(fromUtf8((await openJwe(sealed, member.sealing)).plaintext));
    if (!journal.grant)
      throw new XinlianError('MALFORMED', { what: 'journal', wanted: 'one under a grant', got: 'under a share basis' });
    const { artefact, terms } = parseArtefact(journal.grant.artefact);
    const wanted = {
      member: member.id,
      id,
      grant: grantHashOf(terms),
      terms,
      lane: toBase64Url(member.vault.subjectKey(artefact.subject.uscc)),
    };
    const options = { signal, timeoutMs: deadlineMs };
    const opened = await Promise.all(
      parts.map((part) =>
        this.#open({ ...wanted, provider: parseMemberId(part.provider) }, part.subscription, options),
      ),
    );
    return { subscription: id, parts: opened };
  }

  async #open(
    wanted: Pick<KeptSubscription, 'member' | 'id' | 'provider' | 'grant' | 'terms' | 'lane'>,
    sealed: string,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<OpenedPart> {
    const { store, commits, providers, clock } = this.#needs;
    const { provider } = wanted;
    try {
      const { opened, answer } = await providers.subscribe(provider, sealed, options);
      if (opened.state === 'refused')
        return { provider, outcome: 'refused', ...(opened.reason !== undefined && { reason: opened.reason }), answer };
      if (!this.#rows.has(nameOf(wanted))) {
        const time = Math.floor(clock.now() / 1000);
        const kept: KeptSubscription = { ...wanted, state: 'open', opened: time, last: 0 };
        const row: Row = { ...kept, acked: undefined };
        await commits.run((batch) => {
          store.putSubscription(batch, kept);
          this.#rows.set(nameOf(row), row);
        });
        this.#follow(row);
      }
      return { provider, outcome: 'open', answer };
    } catch (error) {
      if (options.signal.aborted || !XinlianError.is(error)) throw error;
      // What one provider fails with must not cost the others.
      return { provider, outcome: isAway(error) ? 'unreachable' : 'error', reason: error.code, detail: error.message };
    }
  }

  list(member: MemberId, { after = '', limit }: SubscriptionsRequest): SubscriptionsPage {
    const own = [...this.#rows.values()].filter((row) => row.member === member && pageKey(row) > after);
    own.sort((a, b) => (pageKey(a) < pageKey(b) ? -1 : 1));
    const page = own.slice(0, limit);
    const last = page.at(-1);
    return {
      subscriptions: page.map((row) => this.#viewOf(row)),
      ...(own.length > page.length && last && { next: pageKey(last) }),
    };
  }

  /** Ends a subscription. Its provider is told, however long that takes; nothing more of it is kept. Throws `NOT_FOUND`. */
  async close(member: MemberId, { subscription, provider }: SubscriptionRef): Promise<void> {
    const rows = [...this.#rows.values()].filter(
      (row) => row.member === member && row.id === subscription && (provider ?? row.provider) === row.provider,
    );
    if (rows.length === 0) throw new XinlianError('NOT_FOUND', { what: 'subscription', id: subscription });
    const { store, commits } = this.#needs;
    await commits.run((batch) => {
      for (const row of rows) {
        if (row.state === 'ended') this.#forget(batch, row);
        else {
          row.state = 'closing';
          store.putSubscription(batch, keptOf(row));
        }
      }
    });
    for (const row of rows) {
      this.#loops.get(loopOf(row))?.again.abort();
      this.#follow(row);
    }
  }

  #viewOf({ id, provider, grant, state, reason: ended, opened, last, terms }: Row): SubscriptionView {
    const { view, withdrawals, clock, failClosedSeconds } = this.#needs;
    const at = { nowSeconds: Math.floor(clock.now() / 1000), failClosedSeconds };
    const reason = ended ?? judgeGrant({ hash: grant, terms }, view, withdrawals, at).refusal;
    return { subscription: id, provider, grant, state, ...(reason !== undefined && { reason }), opened, last };
  }

  /** Pulls for as long as something is open there. */
  #follow(row: Row): void {
    const name = loopOf(row);
    if (!this.#running || row.state === 'ended' || this.#loops.has(name)) return;
    const loop: Loop = { abort: new AbortController(), again: new AbortController(), done: Promise.resolve() };
    this.#loops.set(name, loop);
    loop.done = this.#run(row.member, row.provider, loop);
  }

  async #run(member: MemberId, provider: MemberId, loop: Loop): Promise<void> {
    const { logger, random } = this.#needs;
    const { signal } = loop.abort;
    let failures = 0;
    for (;;) {
      const rows = [...this.#rows.values()].filter(
        (row) => row.member === member && row.provider === provider && row.state !== 'ended',
      );
      if (rows.length === 0 || signal.aborted) {
        this.#loops.delete(`${member}/${provider}`);
        return;
      }
      loop.again = new AbortController();
      try {
        await this.#pull(member, provider, rows, AbortSignal.any([signal, loop.again.signal]));
        failures = 0;
      } catch (error) {
        if (signal.aborted || loop.again.signal.aborted) continue;
        if (failures === 0) logger.warn({ err: error, provider }, 'pulling events failed; tried again');
        const wait = Math.min(MOST_RETRY_MS, RETRY_MS * 2 ** failures++);
        await pause(wait * (0.5 + random() / 2), AbortSignal.any([signal, loop.again.signal]));
      }
    }
  }

  async #pull(member: MemberId, provider: MemberId, rows: readonly Row[], signal: AbortSignal): Promise<void> {
    const told = rows.filter(({ state, acked, last }) => state === 'closing' || acked !== last);
    const acks = told.map(({ id, last, state }) => ({
      subscription: id,
      after: last,
      ...(state === 'closing' && { close: true as const }),
    }));
    const before = told.map((row) => ({ row, last: row.last, closing: row.state === 'closing' }));
    // What is closed is done when the answer is there: that must not wait for an event.
    const waitMs = told.some(({ state }) => state === 'closing') ? 0 : WAIT_MS;
    const pull = { member: provider, grantee: member, acks, waitMs };
    const { events, unknown } = await this.#needs.providers.pull(provider, pull, signal);
    await this.#take(member, provider, events, new Set(unknown), before);
  }

  async #take(
    member: MemberId,
    provider: MemberId,
    events: readonly PulledEvent[],
    unknown: ReadonlySet<string>,
    told: readonly { row: Row; last: number; closing: boolean }[],
  ): Promise<void> {
    const { store, commits, clock, logger, keptDays } = this.#needs;
    const time = Math.floor(clock.now() / 1000);
    const old = await store.eventsBefore(member, time - keptDays * DAY_SECONDS, FORGOTTEN_AT_ONCE);
    const touched = new Set<Row>();
    let came = false;
    if (events.length + told.length + old.length === 0) return;
    await commits.run((batch) => {
      store.forgetEvents(batch, member, old);
      for (const { subscription, ...event } of events) {
        const row = this.#rows.get(nameOf({ member, id: subscription, provider }));
        if (row?.state !== 'open' || event.number <= row.last) continue;
        if (event.number > row.last + 1)
          // Withheld since the grant ended, or lost with a backup that was restored: what there is still counts.
          logger.warn({ subscription, provider, after: row.last, got: event.number }, 'events are missing');
        this.#keep(batch, row, event, time);
        touched.add(row);
        came = true;
      }
      for (const { row, last, closing } of told) {
        row.acked = last;
        if (closing) this.#forget(batch, row);
        else if (unknown.has(row.id) && row.state === 'open') {
          this.#keep(batch, row, { number: row.last + 1, kind: 'ended', reason: 'NOT_FOUND' }, time);
          touched.add(row);
          came = true;
        }
      }
      for (const row of touched) store.putSubscription(batch, keptOf(row));
    });
    if (!came) return;
    this.#needs.inbox.told(member);
  }

  #keep(
    batch: B,
    row: Row,
    { number, kind, reason, sealed }: Pick<InboxEvent, 'number' | 'kind' | 'reason' | 'sealed'>,
    time: number,
  ): void {
    const { member, id: subscription, provider, grant, lane } = row;
    this.#needs.inbox.put(batch, member, {
      subscription,
      provider,
      grant,
      number,
      kind,
      ...(reason !== undefined && { reason }),
      time,
      lane,
      ...(sealed !== undefined && { sealed }),
    });
    row.last = number;
    if (kind !== 'ended') return;
    row.state = 'ended';
    if (reason !== undefined) row.reason = reason;
  }

  #forget(batch: B, row: Row): void {
    this.#needs.store.forgetSubscription(batch, row);
    this.#rows.delete(nameOf(row));
  }
}

/** As it goes to the store, which has nothing of what was acknowledged. */
function keptOf(row: Row): KeptSubscription {
  const { acked: _, ...kept } = row;
  return kept;
}

function nameOf({ member, id, provider }: Pick<KeptSubscription, 'member' | 'id' | 'provider'>): string {
  return `${member}/${id}/${provider}`;
}

function pageKey({ id, provider }: KeptSubscription): string {
  return `${id}${provider}`;
}

function loopOf({ member, provider }: KeptSubscription): string {
  return `${member}/${provider}`;
}

function isAway(error: XinlianError): boolean {
  return (['UNREACHABLE', 'TIMEOUT', 'CANCELLED', 'CLOSED', 'OVERLOADED'] as const).some((code) => error.code === code);
}
