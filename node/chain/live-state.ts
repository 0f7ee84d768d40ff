// The state at the head and the state that is final, with the blocks between them.
import type { ChainEvent, FollowedBlock } from './events.ts';
import { Narrowings, type Orphaned } from './narrowing.ts';
import { ConsortiumState } from './state.ts';

export class LiveState {
  #final: ConsortiumState;
  #head: ConsortiumState;
  #pending: FollowedBlock[] = [];
  readonly narrowings: Narrowings;

  constructor(final: ConsortiumState = new ConsortiumState(), orphaned?: Orphaned) {
    this.#final = final;
    this.#head = final.copy();
    this.narrowings = new Narrowings(orphaned);
  }

  get final(): ConsortiumState {
    return this.#final;
  }

  get head(): ConsortiumState {
    return this.#head;
  }

  /** Blocks that are not final, ascending. */
  get pending(): readonly FollowedBlock[] {
    return this.#pending;
  }

  /** @param blocks ascending, above the head */
  extend(blocks: readonly FollowedBlock[]): void {
    for (const block of blocks) this.#head.apply(block);
    this.#pending.push(...blocks);
    this.narrowings.update(this.#pending);
  }

  /** Blocks up to `number` are final. @returns their events */
  finalise(number: number): ChainEvent[] {
    const count = this.#pending.findLastIndex((block) => block.number <= number) + 1;
    if (count === 0) return [];
    const blocks = this.#pending.splice(0, count);
    for (const block of blocks) this.narrowings.grants.forget(this.#final.apply(block));
    const events = blocks.flatMap((block) => block.events);
    this.narrowings.finalise(events);
    this.narrowings.update(this.#pending);
    return events;
  }

  /** Takes back the blocks above `number`, which MUST NOT be below the final one. @returns the blocks taken back */
  rollback(number: number): FollowedBlock[] {
    const kept = this.#pending.findLastIndex((block) => block.number <= number) + 1;
    const undone = this.#pending.splice(kept);
    this.narrowings.orphan(undone, number);
    this.narrowings.update(this.#pending);
    this.#head = this.#final.copy();
    for (const block of this.#pending) this.#head.apply(block);
    return undone;
  }

  /** Takes everything back, final or not, but what narrows. */
  reset(): void {
    const above = this.#final.block?.number ?? -1;
    this.narrowings.orphan(this.#pending, above);
    this.narrowings.orphanState(this.#final, above);
    this.#final = new ConsortiumState();
    this.#head = new ConsortiumState();
    this.#pending = [];
    this.narrowings.update([]);
  }
}
