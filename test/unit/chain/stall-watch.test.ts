import { expect } from 'chai';
import type { ChainChange } from '../../../node/chain/events.ts';
import { StallWatch, type StallWatchOptions } from '../../../node/chain/stall-watch.ts';
import type { ChainListener } from '../../../node/chain/view.ts';
import { silent } from '../../helpers/consortium-on-anvil.ts';

/** Time that passes when it is told to. */
class ManualClock {
  #now = 0;
  readonly #sleeping = new Set<{ until: number; wake: () => void }>();

  now(): number {
    return this.#now;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.#now + ms, wake: resolve };
      this.#sleeping.add(sleeper);
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
  }

  async pass(seconds: number): Promise<void> {
    for (let step = 0; step < seconds * 100; step++) {
      this.#now += 10;
      for (const sleeper of this.#sleeping) {
        if (sleeper.until > this.#now) continue;
        this.#sleeping.delete(sleeper);
        sleeper.wake();
      }
      // Whoever was woken goes on first.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

describe('stall watch', () => {
  let clock: ManualClock;
  let watch: StallWatch;
  let told: string[];
  let listener: ChainListener;

  function begin(options: StallWatchOptions): void {
    clock = new ManualClock();
    told = [];
    const note = (_: object, message: string): void => void told.push(`${clock.now() / 1000} s: ${message}`);
    const view = {
      head: () => undefined,
      subscribe: (given: ChainListener) => {
        listener = given;
        return () => undefined;
      },
    };
    watch = new StallWatch(options, { view, clock, log: { ...silent, info: note, error: note } });
    watch.start();
  }
  afterEach(() => watch.stop());

  let number = 0;
  /** A block of this moment. */
  function block(): void {
    const head = { number: ++number, hash: '0x' as const, time: Math.floor(clock.now() / 1000) };
    listener({ head, final: 0, events: [], undone: [], finalised: [] } satisfies ChainChange);
  }

  it('tells within three block times, once, and when it goes on', async () => {
    begin({ blockSeconds: 2 });
    for (let i = 0; i < 5; i++) {
      await clock.pass(2);
      block();
    }
    await clock.pass(4.9);
    expect(told).to.deep.equal([]);
    expect(watch.stall()).to.equal(undefined);
    await clock.pass(1.1);
    expect(told).to.have.length(1);
    expect(told[0]).to.match(/^15\.?\d* s: ALARM: the chain stalls$/);
    expect(watch.stall()?.seconds).to.be.closeTo(6, 0.1);
    await clock.pass(20);
    expect(told).to.have.length(1);
    block();
    expect(told[1]).to.match(/^36\.?\d* s: the chain goes on$/);
    expect(watch.stall()).to.equal(undefined);
  });

  it('works the block time out from the blocks that come, and not from a stall', async () => {
    begin({});
    expect(watch.blockSeconds()).to.equal(15);
    for (let i = 0; i < 10; i++) {
      await clock.pass(3);
      block();
    }
    expect(watch.blockSeconds()).to.equal(3);
    await clock.pass(30);
    expect(told).to.have.length(1);
    block();
    expect(watch.blockSeconds()).to.equal(3);
  });

  it('takes a chain that never answered for one that stalls', async () => {
    begin({ blockSeconds: 1 });
    await clock.pass(3);
    expect(told).to.have.length(1);
  });

  it('is not reassured by a head that goes back', async () => {
    begin({ blockSeconds: 1 });
    await clock.pass(1);
    block();
    block();
    await clock.pass(2);
    number -= 2;
    listener({ head: { number, hash: '0x', time: 0 }, final: 0, events: [], undone: [], finalised: [] });
    await clock.pass(1);
    expect(told).to.have.length(1);
  });
});
