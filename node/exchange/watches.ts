// Subscriptions at a provider: it queues what happens to an enterprise's records with the entry itself, makes events of it
// when the grantee's node asks, and judges the grant anew before each. One that ended tells so, and nothing more.
import { toHex, utf8, fromUtf8, fromBase64Url } from '../core/bytes.ts';
import type { GrantTerms } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import type { EventKind } from '../core/event-part.ts';
import { parseArtefact } from '../core/grant.ts';
import { grantHashOf, parseMemberId, type GrantHash, type MemberId } from '../core/ids.ts';
import type { PulledEvent, WatchOpened, WatchPull, WatchPulled } from '../core/messages/watch.ts';
import { PASSING_REFUSALS, type Refusal } from '../core/query.ts';
import { parseSubscription } from '../core/subscription.ts';
import type { GrantRules } from '../policy/grant-rules.ts';
import type { Decision } from './access-decision.ts';
import type { AnswerRecords } from './answer-records.ts';
import type { GroupCommit } from './group-commit.ts';
import { judgeGrant, judgingTime, type Withdrawals } from './judge-grant.ts';
import { KEPT_SECONDS, type Asked, type Provider, type ProvidingMember } from './provider.ts';
import type { RecordChange, RecordChanges } from './record-changes.ts';
import { Waiting } from './waiting.ts';
import type { AccessStore, Clock, GrantView, Log, WatchPlace, WatchStore, WriteBatch } from './ports.ts';

/** Changes that one event tells: with their proofs they take some 6 kB each. */
const MOST_CHANGES = 50;
/** Of one grantee at one provider. */
const MOST_WATCHES = 10_000;
/** Characters of sealed events in one answer: a frame between nodes takes 4 MiB. */
const MOST_PULLED = 2 << 20;
/** Terms end by the clock, which tells nobody. */
const SWEEP_MS = 1_000;
/** Every so many sweeps the whole grant is verified again, its certificate too. */
const VERIFY_EVERY = 30;

type Batch = WriteBatch & { readonly length: number };

interface Watch {
  readonly place: WatchPlace;
  readonly asked: Asked;
  readonly hash: GrantHash;
  readonly terms: GrantTerms;
  /** Log number and subject key: what changes are found by. */
  readonly subject: string;
  /** Number of the next event. */
  next: number;
  ended: boolean;
  /** Positions of changes that are still to be told. */
  readonly queued: Set<number>;
  /** Numbers of events that were made and not acknowledged. */
  readonly made: Set<number>;
  /** What is done with it is done one after the other. */
  turn: Promise<unknown>;
}

/** As it is kept, sealed. */
interface KeptWatch {
  asked: Asked;
  next: number;
  ended: boolean;
}

interface Dependencies<B extends Batch> {
  store: WatchStore<B>;
  /** Keeps the answer to who opens the same again. */
  answers: Pick<AccessStore<B>, 'answer' | 'putAnswer'>;
  commits: GroupCommit<B>;
  provider: Provider<B>;
  records: Pick<AnswerRecords<B>, 'collectChanges'>;
  rules: GrantRules;
  changes: RecordChanges<B>;
  /** A hosted member. Throws `OVERLOADED` while its log is not open. */
  member: (id: MemberId) => ProvidingMember<B>;
  /** Log and vault of a hosted member, whether or not the chain was read. */
  home: (id: MemberId) => Pick<ProvidingMember<B>, 'log' | 'vault'>;
  view: GrantView;
  withdrawals: Withdrawals & { listen(listener: (grant: GrantHash) => void): void };
  failClosedSeconds: number;
  clock: Clock;
  logger: Log;
}

export class Watches<B extends Batch> {
  readonly #needs: Dependencies<B>;
  readonly #watches = new Map<string, Watch>();
  /** By log number and subject: whom a change is for. */
  readonly #bySubject = new Map<string, Set<Watch>>();
  /** Pulls that wait, by provider and grantee. */
  readonly #waiting = new Waiting();
  readonly #opening = new Map<string, Promise<{ opened: WatchOpened; answer: string }>>();
  #sweeps = 0;
  #verifying: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;

  private constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Goes on with those that are in the store; from here on nothing that is published is missed. */
  static async open<B extends Batch>(dependencies: Dependencies<B>): Promise<Watches<B>> {
    const { store, changes, commits, withdrawals } = dependencies;
    const watches = new Watches(dependencies);
    for await (const [place, sealed] of store.watches()) {
      const { log, vault } = dependencies.home(place.provider);
      const kept = JSON.parse(fromUtf8(vault.openNote(sealed, sealedPlace(place)))) as KeptWatch;
      const watch = watches.#remember(place, kept, { log, vault });
      for (const { position } of await store.changes(place, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER))
        watch.queued.add(position);
      for await (const { number } of store.events(place)) watch.made.add(number);
    }
    changes.listen((batch, change) => watches.#changed(batch, change));
    withdrawals.listen((grant) => watches.#withdrawn(grant));
    // A change can be told when a checkpoint over it is durable: that is behind some commit.
    commits.beforeCommit(() => () => queueMicrotask(() => watches.#wakeReady()));
    return watches;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS);
    this.#unsubscribe ??= this.#needs.view.subscribe(() => this.#sweep());
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unsubscribe?.();
    await this.#verifying;
    await Promise.allSettled([...this.#watches.values()].map(({ turn }) => turn));
  }

  /**
   * Opens a subscription, or refuses it: both are signed, sealed and leave a receipt. The same again gets the same answer.
   * @param sealed compact JWE of the signed subscription
   * @throws MALFORMED, SIGNATURE_INVALID, UNAUTHENTICATED; CONFLICT where the id was used for something else; OVERLOADED
   */
  async subscribe(
    member: ProvidingMember<B>,
    sealed: string,
    signal: AbortSignal,
  ): Promise<{ opened: WatchOpened; answer: string }> {
    const asked = await this.#needs.provider.read(member, sealed, parseSubscription);
    const place = { provider: member.id, grantee: parseMemberId(asked.query.iss), id: asked.query.jti };
    const name = nameOf(place);
    // One at a time: what the second is told depends on what became of the first.
    for (let before = this.#opening.get(name); before; before = this.#opening.get(name))
      await before.catch(() => undefined);
    const opening = this.#subscribe(member, asked, place, signal);
    this.#opening.set(name, opening);
    try {
      return await opening;
    } finally {
      this.#opening.delete(name);
    }
  }

  async #subscribe(
    member: ProvidingMember<B>,
    asked: Asked,
    place: WatchPlace,
    signal: AbortSignal,
  ): Promise<{ opened: WatchOpened; answer: string }> {
    const { answers, provider, commits, records, clock, view } = this.#needs;
    const { query, request } = asked;
    const kept = answers.answer(answerPlace(place));
    if (kept) {
      const known = this.#watches.get(nameOf(place));
      if (known?.asked.request !== request) throw taken(place);
      return { opened: { state: 'open' }, answer: kept.answer };
    }
    if (this.#watches.has(nameOf(place))) throw taken(place);
    const decision = this.#watchable(asked, await provider.decideInTime(member, query, signal));
    const { ground, refusal } = decision;
    if (refusal !== undefined) {
      const { jwe, opening } = await provider.sign(member, asked, decision, undefined, { event: part(0, 'ended') });
      await commits.run((batch) => provider.leaveReceipt(batch, member, opening));
      return { opened: { state: 'refused', reason: refusal }, answer: jwe };
    }
    this.#checkRoom(place);
    const time = Math.floor(clock.now() / 1000);
    const found = await records.collectChanges(member, ground, [], judgingTime(view, time));
    const { jwe, opening } = await provider.sign(member, asked, decision, found, { event: part(0, 'opened') });
    await commits.run((batch) => {
      // Known in the same turn as it is staged: an entry that is staged behind it is told, one before it is not.
      const watch = this.#remember(place, { asked, next: 1, ended: false }, member);
      this.#put(batch, member, watch);
      provider.leaveReceipt(batch, member, opening);
      answers.putAnswer(batch, answerPlace(place), fromBase64Url(request, 32), jwe, time + KEPT_SECONDS);
    });
    return { opened: { state: 'open' }, answer: jwe };
  }

  /** Events of a grantee's subscriptions; waits for one where there is none. What came before is forgotten first. */
  async pull(
    { id }: ProvidingMember<B>,
    { grantee, acks, waitMs }: WatchPull,
    signal: AbortSignal,
  ): Promise<WatchPulled> {
    const owner = parseMemberId(grantee);
    const unknown = await this.#acknowledge(id, owner, acks);
    const deadline = this.#needs.clock.now() + waitMs;
    for (;;) {
      const change = this.#waiting.next(`${id}/${owner}`);
      try {
        const events = await this.#collect(id, owner);
        const left = deadline - this.#needs.clock.now();
        if (events.length > 0 || unknown.length > 0 || left <= 0) return { events, unknown };
        await change.within(left, signal);
      } finally {
        change.end();
      }
    }
  }

  async #collect(provider: MemberId, grantee: MemberId): Promise<PulledEvent[]> {
    const events: PulledEvent[] = [];
    let size = 0;
    for (const watch of this.#watches.values()) {
      if (watch.place.provider !== provider || watch.place.grantee !== grantee) continue;
      if (watch.queued.size + watch.made.size === 0) continue;
      if (!(await this.#inTurn(watch, () => this.#advance(watch)))) continue;
      for await (const event of this.#needs.store.events(watch.place)) {
        if (size > 0 && size + event.sealed.length > MOST_PULLED) return events;
        // It may have ended while this was read: then that alone is told.
        if (!watch.made.has(event.number)) continue;
        size += event.sealed.length;
        const { kind, ...rest } = event;
        events.push({ subscription: watch.place.id, kind: kind as EventKind, ...rest });
      }
    }
    return events;
  }

  /** Judges a subscription, and makes events of what can be told. @returns whether what was made may be delivered */
  async #advance(watch: Watch): Promise<boolean> {
    const { provider, store, records, commits, clock, view } = this.#needs;
    const { place, asked, queued } = watch;
    const member = this.#needs.member(place.provider);
    for (;;) {
      if (watch.ended) return true;
      const decision = await provider.decide(member, asked.query);
      const { refusal, ground } = decision;
      if (refusal !== undefined && PASSING_REFUSALS.has(refusal)) return false;
      if (refusal !== undefined) {
        await this.#end(member, watch, decision);
        return true;
      }
      const below = member.log.shownSize - 1;
      const changes = firstUnder(queued, below) ? await store.changes(place, below, MOST_CHANGES) : [];
      if (changes.length === 0) return true;
      const now = judgingTime(view, Math.floor(clock.now() / 1000));
      const { changes: told, ...found } = await records.collectChanges(member, ground, changes, now);
      const event = { ...part(watch.next, 'changes'), changes: told };
      const made = told.length > 0 ? await provider.sign(member, asked, decision, found, { event }) : undefined;
      const positions = changes.map(({ position }) => position);
      await commits.run((batch) => {
        store.forgetChanges(batch, place, positions);
        for (const position of positions) queued.delete(position);
        if (made) this.#made(batch, member, watch, 'changes', made);
      });
    }
  }

  /** The last event: what waits is withheld, what was made and not acknowledged too. */
  async #end(member: ProvidingMember<B>, watch: Watch, decision: Decision): Promise<void> {
    const { provider, store, commits } = this.#needs;
    const { place, queued, made: unseen } = watch;
    const made = await provider.sign(member, watch.asked, decision, undefined, { event: part(watch.next, 'ended') });
    await commits.run((batch) => {
      store.forgetChanges(batch, place, [...queued]);
      store.forgetEvents(batch, place, [...unseen]);
      queued.clear();
      unseen.clear();
      watch.ended = true;
      this.#made(batch, member, watch, 'ended', { ...made, ...(decision.refusal && { reason: decision.refusal }) });
    });
    this.#waiting.wake(pullOf(place));
  }

  #made(
    batch: B,
    member: ProvidingMember<B>,
    watch: Watch,
    kind: EventKind,
    { jwe, opening, reason }: { jwe: string; opening: Parameters<Provider<B>['leaveReceipt']>[2]; reason?: Refusal },
  ): void {
    const number = watch.next++;
    watch.made.add(number);
    this.#needs.store.putEvent(batch, watch.place, { number, kind, ...(reason && { reason }), sealed: jwe });
    this.#needs.provider.leaveReceipt(batch, member, opening);
    this.#put(batch, member, watch);
  }

  /** @returns those that are not here (any more) */
  async #acknowledge(provider: MemberId, grantee: MemberId, acks: WatchPull['acks']): Promise<string[]> {
    const unknown: string[] = [];
    const known: { watch: Watch; numbers: number[]; whole: boolean }[] = [];
    for (const { subscription: id, after, close } of acks) {
      const watch = this.#watches.get(nameOf({ provider, grantee, id }));
      if (!watch) unknown.push(id);
      else {
        const numbers = [...watch.made].filter((number) => number <= after);
        const whole = close === true || (watch.ended && numbers.length === watch.made.size);
        if (whole || numbers.length > 0) known.push({ watch, numbers, whole });
      }
    }
    await Promise.all(
      known.map(({ watch, numbers, whole }) =>
        this.#inTurn(watch, () =>
          this.#needs.commits.run((batch) => {
            if (whole) this.#forget(batch, watch);
            else {
              this.#needs.store.forgetEvents(batch, watch.place, numbers);
              for (const number of numbers) watch.made.delete(number);
            }
          }),
        ),
      ),
    );
    return unknown;
  }

  #forget(batch: B, watch: Watch): void {
    this.#needs.store.forgetWatch(batch, watch.place, [...watch.queued], [...watch.made]);
    watch.ended = true;
    watch.queued.clear();
    watch.made.clear();
    this.#watches.delete(nameOf(watch.place));
    const ofSubject = this.#bySubject.get(watch.subject);
    if (ofSubject?.delete(watch) === true && ofSubject.size === 0) this.#bySubject.delete(watch.subject);
  }

  #changed(batch: B, { log, subject, ...change }: RecordChange): void {
    const watches = this.#bySubject.get(subjectName(log, subject));
    if (!watches) return;
    for (const watch of watches) {
      if (watch.ended || !watch.asked.query.items.includes(change.item)) continue;
      this.#needs.store.putChange(batch, watch.place, change);
      watch.queued.add(change.position);
    }
  }

  #withdrawn(grant: GrantHash): void {
    for (const watch of this.#watches.values()) if (watch.hash === grant) this.#endSoon(watch);
  }

  #sweep(): void {
    const { view, withdrawals, clock, failClosedSeconds } = this.#needs;
    const at = { nowSeconds: Math.floor(clock.now() / 1000), failClosedSeconds };
    for (const watch of this.#watches.values()) {
      if (watch.ended) continue;
      const { refusal } = judgeGrant({ hash: watch.hash, terms: watch.terms }, view, withdrawals, at);
      if (refusal !== undefined && !PASSING_REFUSALS.has(refusal)) this.#endSoon(watch);
    }
    if (++this.#sweeps % VERIFY_EVERY === 0)
      this.#verifying ??= this.#verifyAll().finally(() => (this.#verifying = undefined));
  }

  /** What the chain does not tell: a certificate that was taken back, or ended. */
  async #verifyAll(): Promise<void> {
    for (const watch of this.#watches.values()) await this.#advanceSafely(watch);
  }

  #endSoon(watch: Watch): void {
    void this.#advanceSafely(watch);
  }

  async #advanceSafely(watch: Watch): Promise<void> {
    try {
      await this.#inTurn(watch, () => this.#advance(watch));
    } catch (error) {
      // The next sweep, or the next pull, comes to it again.
      this.#needs.logger.warn({ err: error, subscription: watch.place.id }, 'judging a subscription failed');
    }
  }

  #inTurn<T>(watch: Watch, work: () => Promise<T>): Promise<T> {
    const done = watch.turn.then(work, work);
    watch.turn = done.catch(() => undefined);
    return done;
  }

  #watchable({ query }: Asked, decision: Decision): Decision {
    const { ground, refusal } = decision;
    if (refusal !== undefined) return decision;
    // Under a share basis there is no such edition: nothing is watched under it.
    if (ground.policy !== undefined && this.#needs.rules.mayWatch(ground.policy, query.purpose)) return decision;
    return { refusal: 'PURPOSE_MISMATCH', detail: `nothing is watched for the purpose ${query.purpose}`, ground };
  }

  #checkRoom({ provider, grantee }: WatchPlace): void {
    let count = 0;
    for (const { place } of this.#watches.values())
      if (place.provider === provider && place.grantee === grantee) count++;
    if (count >= MOST_WATCHES)
      throw new XinlianError('OVERLOADED', { what: 'subscriptions of this member', retryAfterSeconds: 3600 });
  }

  #remember(
    place: WatchPlace,
    { asked, next, ended }: KeptWatch,
    { log, vault }: Pick<ProvidingMember<B>, 'log' | 'vault'>,
  ): Watch {
    const { artefact, terms } = parseArtefact(asked.query.grant?.artefact ?? '');
    const watch: Watch = {
      place,
      asked,
      hash: grantHashOf(terms),
      terms,
      subject: subjectName(log.state.number, vault.subjectKey(artefact.subject.uscc)),
      next,
      ended,
      queued: new Set(),
      made: new Set(),
      turn: Promise.resolve(),
    };
    this.#watches.set(nameOf(place), watch);
    const ofSubject = this.#bySubject.get(watch.subject) ?? new Set();
    this.#bySubject.set(watch.subject, ofSubject.add(watch));
    return watch;
  }

  #put(batch: B, { vault }: ProvidingMember<B>, { place, asked, next, ended }: Watch): void {
    const kept: KeptWatch = { asked, next, ended };
    this.#needs.store.putWatch(batch, place, vault.sealNote(utf8(JSON.stringify(kept)), sealedPlace(place)));
  }

  #wakeReady(): void {
    for (const { place, queued, ended } of this.#watches.values()) {
      if (ended || queued.size === 0 || !this.#waiting.has(pullOf(place))) continue;
      if (firstUnder(queued, this.#needs.member(place.provider).log.shownSize - 1)) this.#waiting.wake(pullOf(place));
    }
  }
}

/** Who asks for the events of a subscription. */
function pullOf({ provider, grantee }: WatchPlace): string {
  return `${provider}/${grantee}`;
}

function firstUnder(positions: ReadonlySet<number>, below: number): boolean {
  // In the order of the log: the first is the lowest.
  const [first] = positions;
  return first !== undefined && first < below;
}

function part(number: number, kind: EventKind): { number: number; kind: EventKind; changes: [] } {
  return { number, kind, changes: [] };
}

function subjectName(log: number, subject: Uint8Array): string {
  return `${log}/${toHex(subject)}`;
}

function nameOf({ provider, grantee, id }: WatchPlace): string {
  return `${provider}/${grantee}/${id}`;
}

function sealedPlace(place: WatchPlace): string {
  return `watch/${nameOf(place)}`;
}

/** Its id is that of no query. */
function answerPlace({ provider, grantee, id }: WatchPlace) {
  return { provider, grantee, query: id, page: 0 };
}

function taken({ id }: WatchPlace): XinlianError {
  return new XinlianError('CONFLICT', {
    what: `subscription ${id}`,
    wanted: 'an id that was not used',
    got: 'another',
  });
}
