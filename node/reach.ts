// Waits until the node has read the chain so far: one node is often a block behind what another has just shown.
import { systemClock } from './chain/clock.ts';
import type { Follower } from './chain/follower.ts';
import { nextChange } from './exchange/next-change.ts';

/** A block is read within moments; an answer does not wait longer for it. */
const REACH_MS = 2_000;

/** Resolves when the view has the block, or after moments without it. */
export async function reach(follower: Follower, block: number, signal: AbortSignal): Promise<void> {
  const { view } = follower;
  const deadline = systemClock.now() + REACH_MS;
  while ((view.head()?.number ?? -1) < block && systemClock.now() < deadline) {
    follower.poke();
    await nextChange(view, REACH_MS, signal);
  }
}
