import { expect } from 'chai';
import * as fc from 'fast-check';
import { toBase64Url } from '../../node/core/bytes.ts';
import type { InboxEvent } from '../../node/core/messages/subscription.ts';
import { delayBefore, judgeAttempt, type Attempt } from '../../node/exchange/delivery.ts';
import { Webhooks } from '../../node/exchange/webhooks.ts';
import { LevelInboxStore } from '../../node/store/inbox-store.ts';
import type { Batch, Store } from '../../node/store/store.ts';
import { LevelWebhookStore } from '../../node/store/webhook-store.ts';
import { openAgency, silent } from '../helpers/agency.ts';
import { MEMBER } from '../helpers/bundle.ts';
import { memoryStore } from '../helpers/memory-store.ts';
import { QUICK, Receiver } from '../helpers/watching-bank.ts';

const RUNS = 60;

/** What happens, one after the other: an event comes for an enterprise, or the node is cut off and starts again. */
type Step = { lane: number } | 'restart';
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ lane: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
);
const attempt: fc.Arbitrary<Attempt> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ status: fc.constantFrom(200, 202, 204) }) },
  { weight: 2, arbitrary: fc.record({ status: fc.constantFrom(301, 400, 404, 429, 500, 503) }) },
  { weight: 1, arbitrary: fc.constant({ fault: 'cut off' }) },
);

const isTaken = (one: Attempt): boolean => 'status' in one && one.status >= 200 && one.status < 300;

/** A webhook of one member over a store that outlives it. */
class Hook {
  readonly store: Store;
  readonly receiver: Receiver;
  webhooks!: Webhooks<Batch>;
  #cursor = 0;
  #commit!: (event: InboxEvent) => Promise<void>;

  constructor(store: Store, receiver: Receiver) {
    this.store = store;
    this.receiver = receiver;
  }

  async start(): Promise<void> {
    const { commits, clock, vault } = await openAgency(this.store);
    const inbox = new LevelInboxStore(this.store);
    this.webhooks = await Webhooks.open<Batch>({
      store: new LevelWebhookStore(this.store),
      inbox,
      commits,
      vaultOf: () => vault,
      sender: this.receiver,
      schedule: QUICK,
      format: String,
      clock,
      random: () => 0.5,
      logger: silent,
    });
    this.webhooks.start();
    this.#commit = async (event) => {
      await commits.run((batch) => {
        inbox.putEvent(batch, MEMBER, event);
        this.webhooks.arrived(batch, MEMBER, event);
      });
      this.webhooks.settled();
    };
  }

  async arrive(lane: number): Promise<void> {
    const cursor = ++this.#cursor;
    await this.#commit({
      cursor,
      subscription: toBase64Url(new Uint8Array(32).fill(lane)),
      provider: MEMBER,
      grant: `0x${'1'.repeat(64)}`,
      number: cursor,
      kind: 'changes',
      time: cursor,
      lane: String(lane),
      sealed: 'a.b.c.d.e',
    });
  }

  async quiet(): Promise<void> {
    while (this.webhooks.list(MEMBER).webhooks.some(({ pending }) => pending > 0))
      await new Promise((resolve) => setImmediate(resolve));
  }

  async dead(id: string): Promise<number[]> {
    const { deadLetters } = await this.webhooks.deadLetters(MEMBER, { webhook: id, after: 0, limit: 1_000 });
    return deadLetters.map(({ cursor }) => cursor);
  }
}

describe('Delivery to webhooks, by property', () => {
  it('loses nothing: each event is taken once at least, or is a dead letter; one enterprise’s in their order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 30 }),
        fc.array(attempt, { minLength: 1, maxLength: 40 }),
        async (steps, answers) => {
          const receiver = new Receiver();
          const hook = new Hook(await memoryStore(), receiver);
          /** By lane, what the receiver was shown and whether it took it. */
          const shown = new Map<string, { cursor: number; taken: boolean }[]>();
          const inFlight = new Map<string, number>();
          let n = 0;
          receiver.answer = async ({ body }) => {
            const lane = body['partitionkey'] ?? '';
            const before = inFlight.get(lane) ?? 0;
            inFlight.set(lane, before + 1);
            const answer = answers[n++ % answers.length]!;
            shown.set(lane, [...(shown.get(lane) ?? []), { cursor: Number(body['cursor']), taken: isTaken(answer) }]);
            await new Promise((resolve) => setImmediate(resolve));
            inFlight.set(lane, before);
            return answer;
          };
          await hook.start();
          const { webhook } = await hook.webhooks.create(MEMBER, { url: 'https://bank.example/' });
          const arrived: number[] = [];
          for (const one of steps) {
            if (one === 'restart') {
              await hook.webhooks.stop();
              await hook.start();
            } else {
              await hook.arrive(one.lane);
              arrived.push(arrived.length + 1);
            }
          }
          await hook.quiet();
          const dead = await hook.dead(webhook);
          const taken = [...shown.values()].flat().filter((one) => one.taken);
          expect([...new Set([...taken.map(({ cursor }) => cursor), ...dead])].sort((a, b) => a - b)).to.deep.equal(
            arrived,
          );
          for (const lane of shown.values()) {
            // One that is behind is not shown before those before it are settled: taken, or given up.
            const order = lane.map(({ cursor }) => cursor);
            expect(order).to.deep.equal([...order].sort((a, b) => a - b));
            for (const cursor of new Set(order)) {
              const own = lane.filter((one) => one.cursor === cursor);
              if (!own.some((one) => one.taken)) expect(dead).to.include(cursor);
            }
          }
          // What was given up is taken when it is asked for again.
          receiver.answer = () => ({ status: 200 });
          expect(await hook.webhooks.replay(MEMBER, { webhook })).to.deep.equal({ queued: dead.length });
          await hook.quiet();
          expect(await hook.dead(webhook)).to.deep.equal([]);
          await hook.webhooks.stop();
          await hook.store.close();
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('judges every attempt by the schedule: never before its delay, and never once more than it has delays', () => {
    const schedule = fc.record({
      delaysSeconds: fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1, maxLength: 12 }),
      jitter: fc.constantFrom(0, 0.2, 1),
      longestRetryAfterSeconds: fc.constant(600),
    });
    const answer = fc.record({
      status: fc.integer({ min: 200, max: 599 }),
      retryAfterSeconds: fc.integer({ min: 0, max: 10_000 }),
    });
    fc.assert(
      fc.property(
        schedule,
        answer,
        fc.nat(20),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (by, attempt, n, random) => {
          const attempts = n + 1;
          const verdict = judgeAttempt(attempt, attempts, by, random);
          const { status } = attempt;
          if (status < 300) expect(verdict.outcome).to.equal('delivered');
          else if (status === 410) expect(verdict.outcome).to.equal('gone');
          else if (attempts >= by.delaysSeconds.length) expect(verdict.outcome).to.equal('dead');
          else {
            const least = by.delaysSeconds[attempts]! * 1000 * (1 - by.jitter / 2);
            const asked = Math.min(attempt.retryAfterSeconds, 600) * 1000;
            expect(verdict).to.have.property('delayMs').that.is.at.least(Math.max(least, asked));
            expect(delayBefore(attempts, by, random)).to.be.at.most(
              by.delaysSeconds[attempts]! * 1000 * (1 + by.jitter / 2),
            );
          }
        },
      ),
    );
  });
});
