// What a reorganisation took back of a grant but which still binds: see `narrowing.ts`. While a block is in the chain the
// state at the head says itself what its grants lost.
import type { GrantHash } from '../core/ids.ts';
import type { ChainEvent, FollowedBlock } from './events.ts';
import type { GrantBook } from './grants.ts';

/** A grant that lost something in blocks that were taken back. */
export interface OrphanedGrant {
  grant: GrantHash;
  /** For good. */
  withdrawn: boolean;
  /** Until a final event of a block above this one confirms or ends it. */
  suspendedAbove?: number;
}

export class OrphanedGrants {
  readonly #orphaned: Map<GrantHash, OrphanedGrant>;

  constructor(orphaned: readonly OrphanedGrant[] = []) {
    this.#orphaned = new Map(orphaned.map((one) => [one.grant, one]));
  }

  list(): OrphanedGrant[] {
    return [...this.#orphaned.values()];
  }

  get(grant: GrantHash): OrphanedGrant | undefined {
    return this.#orphaned.get(grant);
  }

  /** Blocks above `above` were taken back. */
  orphan(blocks: readonly FollowedBlock[], above: number): void {
    for (const event of blocks.flatMap(({ events }) => events)) {
      if (event.type === 'GrantWithdrawn') this.#withdraw(event.grant);
      if (event.type === 'GrantSuspended') this.#suspend(event.grant, above);
    }
  }

  /** The whole chain was taken back: what any grant had lost by then stays lost. */
  orphanState(grants: GrantBook, above: number): void {
    for (const grant of grants.narrowed()) {
      const record = grants.get(grant);
      if (record?.withdrawn) this.#withdraw(grant);
      if (record?.suspended) this.#suspend(grant, above);
    }
  }

  /** These events became final: they decide. The final state has now what they confirm. */
  finalise(events: readonly ChainEvent[]): void {
    if (this.#orphaned.size === 0) return;
    for (const event of events) {
      if (event.type === 'GrantWithdrawn') this.#orphaned.delete(event.grant);
      if (event.type === 'GrantSuspended' || event.type === 'GrantResumed') this.#decide(event.grant, event.block);
    }
  }

  /** Their end is final and long past: the chain takes nothing more for them. */
  forget(grants: readonly GrantHash[]): void {
    for (const grant of grants) this.#orphaned.delete(grant);
  }

  #decide(grant: GrantHash, block: number): void {
    const orphaned = this.#orphaned.get(grant);
    if (orphaned?.suspendedAbove === undefined || block <= orphaned.suspendedAbove) return;
    if (orphaned.withdrawn) this.#orphaned.set(grant, { grant, withdrawn: true });
    else this.#orphaned.delete(grant);
  }

  #withdraw(grant: GrantHash): void {
    this.#orphaned.set(grant, { ...this.#orphaned.get(grant), grant, withdrawn: true });
  }

  #suspend(grant: GrantHash, above: number): void {
    const { withdrawn = false, suspendedAbove = above } = this.#orphaned.get(grant) ?? {};
    this.#orphaned.set(grant, { grant, withdrawn, suspendedAbove: Math.max(above, suspendedAbove) });
  }
}
