// Webhooks of hosted members: every event that comes is posted to each, at least once. The events of one enterprise go in
// their order, and one that fails holds up those behind it and no others. What failed to the end is a dead letter.
import { fromBase64, fromUtf8, toBase64, toBase64Url, utf8 } from '../core/bytes.ts';
import { CLOUD_EVENT_TYPE, cloudEventOf } from '../core/cloud-event.ts';
import { XinlianError } from '../core/errors.ts';
import { INBOX_KINDS, type InboxKind } from '../core/event-part.ts';
import type { MemberId } from '../core/ids.ts';
import type { InboxEvent } from '../core/messages/subscription.ts';
import type {
  CreatedWebhook,
  CreateWebhook,
  DeadLetter,
  DeadLettersPage,
  DeadLettersRequest,
  Replayed,
  ReplayWebhook,
  RotateWebhook,
  WebhookList,
  WebhookView,
} from '../core/messages/webhook.ts';
import { OVERLAP_SECONDS } from '../core/messages/webhook.ts';
import { newWebhookKeys, publicKeyText, secretText, signWebhook, type WebhookKeys } from '../core/standard-webhooks.ts';
import { delayBefore, judgeAttempt, type Attempt, type RetrySchedule } from './delivery.ts';
import type { GroupCommit } from './group-commit.ts';
import type { Clock, Delivery, InboxStore, Log, WebhookStore, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

/** Attempts of one webhook at the same time: each of another enterprise. */
const MOST_AT_ONCE = 8;
/** Webhooks of one member. */
const MOST_WEBHOOKS = 32;
/** Events that wait for one webhook; with one more it is disabled, and goes on by a replay. */
const MOST_PENDING = 50_000;
/** Deliveries that a replay stages at once. */
const REPLAY_PIECE = 1_000;
/** The longest wait of a timer. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

type Batch = WriteBatch & { readonly length: number };

/** Posts to receivers. Never throws for what a receiver does. */
export interface WebhookSender {
  /** Throws `FORBIDDEN` for an address that this node does not post to. */
  check(url: string): void;
  post(url: string, headers: Record<string, string>, body: Uint8Array, signal: AbortSignal): Promise<Attempt>;
}

interface Dependencies<B extends Batch> {
  store: WebhookStore<B>;
  inbox: Pick<InboxStore<B>, 'event' | 'events'>;
  commits: GroupCommit<B>;
  /** Of a hosted member. */
  vaultOf: (member: MemberId) => RecordVault;
  sender: WebhookSender;
  schedule: RetrySchedule;
  /** Writes seconds since 1970 as RFC 3339, +08:00. */
  format: (seconds: number) => string;
  clock: Clock;
  random: () => number;
  logger: Log;
}

/** As it is kept, sealed. */
interface KeptWebhook {
  url: string;
  kinds: InboxKind[];
  state: 'active' | 'disabled';
  reason?: 'gone' | 'backlog';
  created: number;
  /** base64 */
  secret: string;
  /** base64 */
  seed: string;
  /** Keys that were rotated out, and until when they sign too, seconds since 1970. */
  before?: { secret: string; seed: string; until: number };
  /** Cursor up to which everything was delivered when it was disabled. */
  delivered?: number;
}

interface Webhook {
  readonly member: MemberId;
  readonly id: string;
  kept: KeptWebhook;
  keys: WebhookKeys;
  /** What waits, by enterprise, each in the order of cursors. */
  readonly lanes: Map<string, Delivery[]>;
  /** Cursors in all lanes. */
  readonly waiting: Set<number>;
  /** Lanes with an attempt under way. */
  readonly running: Map<string, Promise<void>>;
  timer: NodeJS.Timeout | undefined;
  /** Whether it is looked at again in a moment. */
  soon: boolean;
}

export class Webhooks<B extends Batch> {
  readonly #needs: Dependencies<B>;
  readonly #webhooks = new Map<string, Webhook>();
  /** What is on its way to the disk: it is not posted before it is there. */
  #staged: { webhook: Webhook; delivery: Delivery }[] = [];
  readonly #abort = new AbortController();
  #started = false;

  private constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Goes on with what is in the store. */
  static async open<B extends Batch>(dependencies: Dependencies<B>): Promise<Webhooks<B>> {
    const webhooks = new Webhooks(dependencies);
    const { store, vaultOf } = dependencies;
    for await (const { member, id, sealed } of store.webhooks()) {
      const kept = JSON.parse(fromUtf8(vaultOf(member).openNote(sealed, placeOf(member, id)))) as KeptWebhook;
      const webhook = webhooks.#remember(member, id, kept);
      for await (const delivery of store.deliveries(id)) add(webhook, delivery);
    }
    return webhooks;
  }

  start(): void {
    this.#started = true;
    for (const webhook of this.#webhooks.values()) this.#pump(webhook);
  }

  /** Cuts attempts under way: they come again. */
  async stop(): Promise<void> {
    this.#started = false;
    this.#abort.abort(new XinlianError('CLOSED', { what: 'webhooks' }));
    for (const { timer } of this.#webhooks.values()) clearTimeout(timer);
    const running = [...this.#webhooks.values()].flatMap((webhook) => Array.from(webhook.running.values()));
    await Promise.all(running);
  }

  /** Throws `FORBIDDEN` for an address that this node does not post to, `MALFORMED`, `OVERLOADED`. */
  async create(member: MemberId, { url, kinds = [...INBOX_KINDS] }: CreateWebhook): Promise<CreatedWebhook> {
    const { sender, clock } = this.#needs;
    sender.check(url);
    if (this.#of(member).length >= MOST_WEBHOOKS)
      throw new XinlianError('OVERLOADED', { what: 'webhooks of this member', retryAfterSeconds: 3600 });
    const keys = newWebhookKeys();
    const id = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    const created = Math.floor(clock.now() / 1000);
    const { secret, seed } = keys;
    const kept = { url, kinds, state: 'active' as const, created, secret: toBase64(secret), seed: toBase64(seed) };
    const webhook = await this.#needs.commits.run((batch) => {
      const webhook = this.#remember(member, id, kept);
      this.#put(batch, webhook);
      return webhook;
    });
    return { ...this.#viewOf(webhook), secret: secretText(keys) };
  }

  /**
   * Gives a webhook other keys. Those of before sign too for a while, so that no event is lost to a receiver that does not
   * know the new ones yet; a second rotation ends those of before the first. Throws `NOT_FOUND`.
   */
  async rotate(
    member: MemberId,
    { webhook: id, overlapSeconds = OVERLAP_SECONDS }: RotateWebhook,
  ): Promise<CreatedWebhook> {
    const webhook = this.#find(member, id);
    const keys = newWebhookKeys();
    const until = Math.floor(this.#needs.clock.now() / 1000) + overlapSeconds;
    await this.#needs.commits.run((batch) => {
      const { before: _, secret, seed, ...kept } = webhook.kept;
      const before = overlapSeconds > 0 ? { before: { secret, seed, until } } : {};
      webhook.kept = { ...kept, secret: toBase64(keys.secret), seed: toBase64(keys.seed), ...before };
      webhook.keys = keys;
      this.#put(batch, webhook);
    });
    return { ...this.#viewOf(webhook), secret: secretText(keys) };
  }

  list(member: MemberId): WebhookList {
    return { webhooks: this.#of(member).map((webhook) => this.#viewOf(webhook)) };
  }

  /** Throws `NOT_FOUND`. */
  async remove(member: MemberId, id: string): Promise<void> {
    const webhook = this.#find(member, id);
    const { store, commits } = this.#needs;
    // Nothing is begun any more; what is under way ends first.
    webhook.kept = { ...webhook.kept, state: 'disabled' };
    clearTimeout(webhook.timer);
    await Promise.all(webhook.running.values());
    const dead: number[] = [];
    for await (const { cursor } of store.deadLetters(id, 0)) dead.push(cursor);
    await commits.run((batch) => {
      this.#webhooks.delete(id);
      store.forgetDeliveries(batch, id, [...webhook.waiting]);
      store.forgetDeadLetters(batch, id, dead);
      store.forgetWebhook(batch, member, id);
      webhook.lanes.clear();
      webhook.waiting.clear();
    });
  }

  /** What was given up, the oldest first. Throws `NOT_FOUND`. */
  async deadLetters(member: MemberId, { webhook: id, after, limit }: DeadLettersRequest): Promise<DeadLettersPage> {
    this.#find(member, id);
    const deadLetters: DeadLetter[] = [];
    for await (const { lane: _, ...letter } of this.#needs.store.deadLetters(id, after)) {
      if (deadLetters.length === limit) return { deadLetters, next: deadLetters.at(-1)?.cursor ?? after };
      const event = this.#needs.inbox.event(member, letter.cursor);
      deadLetters.push({ ...letter, ...(event && { event }) });
    }
    return { deadLetters };
  }

  /** Queues again what is behind a cursor, or the dead letters; enables the webhook. Throws `NOT_FOUND`. */
  async replay(member: MemberId, { webhook: id, after }: ReplayWebhook): Promise<Replayed> {
    const webhook = this.#find(member, id);
    const { store, inbox, commits, clock } = this.#needs;
    const due = clock.now();
    // From here on what comes is queued as it comes: what is read below may be queued already, and is the same.
    await commits.run((batch) => {
      const { reason: _, delivered: _delivered, ...kept } = webhook.kept;
      webhook.kept = { ...kept, state: 'active' };
      this.#put(batch, webhook);
    });
    let queued = 0;
    let piece: Delivery[] = [];
    const stage = async (): Promise<void> => {
      const deliveries = piece;
      piece = [];
      await commits.run((batch) => {
        for (const delivery of deliveries) store.putDelivery(batch, id, delivery);
        if (after !== undefined) return;
        store.forgetDeadLetters(
          batch,
          id,
          deliveries.map(({ cursor }) => cursor),
        );
      });
      queued += deliveries.filter((delivery) => add(webhook, delivery)).length;
    };
    const events = after === undefined ? store.deadLetters(id, 0) : inbox.events(member, after);
    for await (const event of events) {
      if ('kind' in event && !webhook.kept.kinds.includes(event.kind)) continue;
      piece.push({ cursor: event.cursor, lane: event.lane, attempts: 0, due });
      if (piece.length === REPLAY_PIECE) await stage();
    }
    await stage();
    this.#pump(webhook);
    return { queued };
  }

  /** Stages an event for every webhook of its member, in the batch that keeps it. */
  arrived(batch: B, member: MemberId, { cursor, lane, kind }: InboxEvent): void {
    const { clock, schedule, random, store } = this.#needs;
    for (const webhook of this.#of(member)) {
      if (webhook.kept.state !== 'active' || !webhook.kept.kinds.includes(kind)) continue;
      const due = clock.now() + delayBefore(0, schedule, random());
      const delivery = { cursor, lane, attempts: 0, due };
      store.putDelivery(batch, webhook.id, delivery);
      this.#staged.push({ webhook, delivery });
      if (webhook.waiting.size >= MOST_PENDING) this.#disable(batch, webhook, 'backlog');
    }
  }

  /** Posts what was staged: told when it is durable. */
  settled(): void {
    const staged = this.#staged;
    this.#staged = [];
    for (const { webhook, delivery } of staged) {
      if (webhook.kept.state !== 'active') continue;
      add(webhook, delivery);
      this.#pumpSoon(webhook);
    }
  }

  #pumpSoon(webhook: Webhook): void {
    if (webhook.soon) return;
    webhook.soon = true;
    setImmediate(() => {
      webhook.soon = false;
      this.#pump(webhook);
    });
  }

  /** Begins what is due, and sets the timer for what is not. */
  #pump(webhook: Webhook): void {
    if (!this.#started || webhook.kept.state !== 'active') return;
    clearTimeout(webhook.timer);
    const now = this.#needs.clock.now();
    let next = Infinity;
    for (const [lane, [first]] of webhook.lanes) {
      // What ends one attempt begins the next.
      if (webhook.running.size === MOST_AT_ONCE) break;
      if (!first || webhook.running.has(lane)) continue;
      if (first.due > now) next = Math.min(next, first.due);
      else this.#begin(webhook, lane, first);
    }
    if (next < Infinity) webhook.timer = setTimeout(() => this.#pump(webhook), Math.min(next - now, LONGEST_TIMER_MS));
  }

  #begin(webhook: Webhook, lane: string, delivery: Delivery): void {
    const attempt = this.#attempt(webhook, delivery)
      .catch((error: unknown) => {
        if (!this.#abort.signal.aborted)
          this.#needs.logger.error({ err: error, webhook: webhook.id }, 'an event was not delivered');
      })
      .finally(() => {
        webhook.running.delete(lane);
        this.#pumpSoon(webhook);
      });
    webhook.running.set(lane, attempt);
  }

  async #attempt(webhook: Webhook, delivery: Delivery): Promise<void> {
    const { sender, schedule, random, commits, store, clock } = this.#needs;
    const { cursor, lane } = delivery;
    const attempts = delivery.attempts + 1;
    const attempt = await this.#post(webhook, cursor, sender);
    if (this.#abort.signal.aborted) return;
    const verdict = judgeAttempt(attempt, attempts, schedule, random());
    const isWaiting = (): boolean => webhook.lanes.get(lane)?.includes(delivery) === true;
    await commits.run((batch) => {
      // It was disabled meanwhile.
      if (!isWaiting()) return;
      if (verdict.outcome === 'gone') return this.#disable(batch, webhook, 'gone');
      if (verdict.outcome === 'retry') {
        delivery.attempts = attempts;
        delivery.due = clock.now() + verdict.delayMs;
        return store.putDelivery(batch, webhook.id, delivery);
      }
      store.forgetDeliveries(batch, webhook.id, [cursor]);
      if (verdict.outcome === 'delivered') return;
      store.putDeadLetter(batch, webhook.id, {
        cursor,
        lane,
        attempts,
        time: Math.floor(clock.now() / 1000),
        ...('status' in attempt ? { status: attempt.status } : { fault: attempt.fault }),
      });
    });
    // What is told of it is on the disk.
    if (isWaiting() && (verdict.outcome === 'delivered' || verdict.outcome === 'dead')) settle(webhook, delivery);
  }

  async #post(webhook: Webhook, cursor: number, sender: WebhookSender): Promise<Attempt> {
    const event = this.#needs.inbox.event(webhook.member, cursor);
    if (!event) return { fault: 'the event is kept no longer' };
    const message = cloudEventOf(event, this.#needs.format);
    const body = utf8(JSON.stringify(message));
    const timestamp = Math.floor(this.#needs.clock.now() / 1000);
    const old = this.#before(webhook.kept);
    const before = old && keysOf(old);
    const signed = signWebhook(message.id, timestamp, body, webhook.keys, before);
    const headers = { 'content-type': CLOUD_EVENT_TYPE, ...signed };
    return sender.post(webhook.kept.url, headers, body, this.#abort.signal);
  }

  #disable(batch: B, webhook: Webhook, reason: 'gone' | 'backlog'): void {
    const waiting = [...webhook.waiting];
    const first = waiting.reduce((least, cursor) => Math.min(least, cursor), Infinity);
    webhook.kept = { ...webhook.kept, state: 'disabled', reason, ...(first < Infinity && { delivered: first - 1 }) };
    this.#needs.store.forgetDeliveries(batch, webhook.id, waiting);
    webhook.lanes.clear();
    webhook.waiting.clear();
    this.#put(batch, webhook);
    this.#needs.logger.warn({ webhook: webhook.id, reason }, 'a webhook was disabled');
  }

  #put(batch: B, { member, id, kept }: Webhook): void {
    const sealed = this.#needs.vaultOf(member).sealNote(utf8(JSON.stringify(kept)), placeOf(member, id));
    this.#needs.store.putWebhook(batch, { member, id, sealed });
  }

  #remember(member: MemberId, id: string, kept: KeptWebhook): Webhook {
    const keys = keysOf(kept);
    const webhook: Webhook = {
      member,
      id,
      kept,
      keys,
      lanes: new Map(),
      waiting: new Set(),
      running: new Map(),
      timer: undefined,
      soon: false,
    };
    this.#webhooks.set(id, webhook);
    return webhook;
  }

  #viewOf({ id, kept, keys, waiting }: Webhook): WebhookView {
    const { url, kinds, state, reason, created, delivered } = kept;
    const until = this.#before(kept)?.until;
    return {
      webhook: id,
      url,
      kinds,
      state,
      ...(reason && { reason }),
      created,
      publicKey: publicKeyText(keys),
      ...(until !== undefined && { rotated: until }),
      pending: waiting.size,
      ...(delivered !== undefined && { delivered }),
    };
  }

  /** Keys that were rotated out and still sign. */
  #before({ before }: KeptWebhook): KeptWebhook['before'] {
    return before && this.#needs.clock.now() < before.until * 1000 ? before : undefined;
  }

  #of(member: MemberId): Webhook[] {
    return [...this.#webhooks.values()].filter((webhook) => webhook.member === member);
  }

  #find(member: MemberId, id: string): Webhook {
    const webhook = this.#webhooks.get(id);
    if (webhook?.member !== member) throw new XinlianError('NOT_FOUND', { what: 'webhook', id });
    return webhook;
  }
}

/** Into its lane, in the order of cursors. @returns whether it was not there */
function add({ lanes, waiting }: Webhook, delivery: Delivery): boolean {
  if (waiting.has(delivery.cursor)) return false;
  waiting.add(delivery.cursor);
  const lane = lanes.get(delivery.lane) ?? [];
  lanes.set(delivery.lane, lane);
  lane.splice(lane.findLastIndex(({ cursor }) => cursor < delivery.cursor) + 1, 0, delivery);
  return true;
}

/** Takes it out of its lane. */
function settle({ lanes, waiting }: Webhook, delivery: Delivery): void {
  const lane = lanes.get(delivery.lane) ?? [];
  lane.splice(lane.indexOf(delivery), 1);
  if (lane.length === 0) lanes.delete(delivery.lane);
  waiting.delete(delivery.cursor);
}

function keysOf({ secret, seed }: Pick<KeptWebhook, 'secret' | 'seed'>): WebhookKeys {
  return { secret: fromBase64(secret), seed: fromBase64(seed, 32) };
}

function placeOf(member: MemberId, id: string): string {
  return `webhook/${member}/${id}`;
}
