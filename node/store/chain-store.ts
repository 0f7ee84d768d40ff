// The memory of the chain's follower.
import { concat, utf8 } from '../core/bytes.ts';
import { key, u64At } from './buckets.ts';
import type { Batch, Store } from './store.ts';

interface KeptBlock {
  number: number;
  bytes: Uint8Array;
}

const SNAPSHOT = utf8('snapshot');
const ORPHANED = utf8('chain-orphaned');

/** See `ChainStore` in the chain's ports. */
export class LevelChainStore {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async load(): Promise<{ snapshot?: KeptBlock; blocks: KeptBlock[]; orphaned?: Uint8Array }> {
    const snapshot = this.#store.get('chainSnapshot', SNAPSHOT);
    const orphaned = this.#store.get('meta', ORPHANED);
    const blocks: KeptBlock[] = [];
    for await (const [at, bytes] of this.#store.entries('chainBlock')) blocks.push({ number: u64At(at, 0), bytes });
    return {
      ...(snapshot && { snapshot: { number: u64At(snapshot, 0), bytes: snapshot.subarray(8) } }),
      blocks,
      ...(orphaned && { orphaned }),
    };
  }

  async write(change: { above?: number; blocks: KeptBlock[]; orphaned?: Uint8Array }): Promise<void> {
    const batch = this.#store.batch();
    if (change.above !== undefined) {
      await this.#forget(batch, change.above + 1, undefined);
      if (change.above < 0) batch.delete('chainSnapshot', SNAPSHOT);
    }
    for (const { number, bytes } of change.blocks) batch.put('chainBlock', key({ u64: number }), bytes);
    if (change.orphaned) batch.put('meta', ORPHANED, change.orphaned);
    await batch.commit();
  }

  async compact({ number, bytes }: KeptBlock): Promise<void> {
    const batch = this.#store.batch();
    await this.#forget(batch, 0, number + 1);
    batch.put('chainSnapshot', SNAPSHOT, concat(key({ u64: number }), bytes));
    await batch.commit();
  }

  async #forget(batch: Batch, from: number, to: number | undefined): Promise<void> {
    const range = { from: key({ u64: from }), ...(to !== undefined && { to: key({ u64: to }) }) };
    for await (const [at] of this.#store.entries('chainBlock', range)) batch.delete('chainBlock', at);
  }
}
