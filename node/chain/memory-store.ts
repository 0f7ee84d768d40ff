// The follower's memory in the process's own: for tests, and for a node that reads the chain anew at every start.
import type { ChainStore, ChainWrite, StoredBlock } from './ports.ts';

export class MemoryChainStore implements ChainStore {
  #snapshot: StoredBlock | undefined;
  #blocks: StoredBlock[] = [];
  #orphaned: Uint8Array | undefined;

  load(): Promise<{ snapshot?: StoredBlock; blocks: StoredBlock[]; orphaned?: Uint8Array }> {
    return Promise.resolve({
      ...(this.#snapshot && { snapshot: this.#snapshot }),
      blocks: [...this.#blocks],
      ...(this.#orphaned && { orphaned: this.#orphaned }),
    });
  }

  write({ above, blocks, orphaned }: ChainWrite): Promise<void> {
    if (above !== undefined) this.#blocks = this.#blocks.filter(({ number }) => number <= above);
    if (above === -1) this.#snapshot = undefined;
    this.#blocks.push(...blocks);
    if (orphaned) this.#orphaned = orphaned;
    return Promise.resolve();
  }

  compact(snapshot: StoredBlock): Promise<void> {
    this.#snapshot = snapshot;
    this.#blocks = this.#blocks.filter(({ number }) => number > snapshot.number);
    return Promise.resolve();
  }
}
