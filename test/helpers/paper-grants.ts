// A registry of grants on paper: blocks come when the test says so, what widens counts when final.
import {
  currentKey,
  type ChainHead,
  type GrantState,
  type GrantTerms,
  type KeyKind,
  type Member,
  type Role,
} from '../../node/core/consortium.ts';
import type { Hex } from '../../node/core/bytes.ts';
import { grantHashOf, type GrantHash, type MemberId } from '../../node/core/ids.ts';
import type { GrantStopper, GrantView, GrantWriter, WrittenItems } from '../../node/exchange/ports.ts';

interface Kept {
  terms?: GrantTerms;
  registered?: number;
  usesLeft: number;
  withdrawn: boolean;
  suspended: boolean;
  uses: Map<Hex, number>;
}

export class PaperGrants implements GrantView, GrantWriter, GrantStopper {
  readonly members = new Map<MemberId, Member>();
  readonly suspended = new Set<MemberId>();
  readonly #grants = new Map<GrantHash, Kept>();
  readonly #listeners = new Set<() => void>();
  #block = 1;
  #final = 1;
  /** Seconds since 1970 of the head. */
  time: number;
  /** Whether blocks become final by themselves. */
  finalAtOnce = true;

  constructor(time: number) {
    this.time = time;
  }

  head(): ChainHead {
    return { number: this.#block, hash: '0x00', time: this.time };
  }

  member(id: MemberId): Member | undefined {
    return this.members.get(id);
  }

  isEntitledNow(id: MemberId, roles: readonly Role[] = []): boolean {
    const member = this.members.get(id);
    return member !== undefined && !this.suspended.has(id) && roles.every((role) => member.roles.includes(role));
  }

  currentKey(id: MemberId, kind: KeyKind): Uint8Array | undefined {
    const member = this.members.get(id);
    return member && currentKey(member, kind);
  }

  grant(hash: GrantHash): GrantState | undefined {
    const kept = this.#grants.get(hash);
    if (!kept) return undefined;
    const { terms, registered, usesLeft, withdrawn, suspended } = kept;
    return {
      hash,
      ...(terms && { terms }),
      ...(registered !== undefined && { registered }),
      registeredFinal: registered !== undefined && registered <= this.#final,
      usesLeft,
      withdrawn,
      suspended,
    };
  }

  consumption(hash: GrantHash, query: Hex): { block: number; final: boolean } | undefined {
    const block = this.#grants.get(hash)?.uses.get(query);
    return block === undefined ? undefined : { block, final: block <= this.#final };
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async registerGrants(items: readonly { terms: GrantTerms }[]): Promise<WrittenItems> {
    const block = this.#mine();
    return this.#each(items, ({ terms }) => {
      const kept = this.#kept(grantHashOf(terms));
      if (kept.withdrawn) return 'GrantRegistryWithdrawn';
      if (kept.terms) return 'GrantRegistryAlreadyRegistered';
      Object.assign(kept, { terms, registered: block, usesLeft: terms.uses });
      return undefined;
    });
  }

  async withdrawGrants(items: readonly { terms: GrantTerms }[]): Promise<WrittenItems> {
    this.#mine();
    return this.#each(items, ({ terms }) => {
      const kept = this.#kept(grantHashOf(terms));
      if (kept.withdrawn) return 'GrantRegistryWithdrawn';
      kept.withdrawn = true;
      return undefined;
    });
  }

  async consumeGrants(items: readonly { terms: GrantTerms; queryId: Hex }[]): Promise<WrittenItems> {
    const block = this.#mine();
    return this.#each(items, ({ terms, queryId }) => {
      const kept = this.#kept(grantHashOf(terms));
      if (!kept.terms) return 'GrantRegistryNotRegistered';
      if (kept.withdrawn) return 'GrantRegistryWithdrawn';
      if (kept.uses.has(queryId)) return 'GrantRegistryAlreadyConsumed';
      if (kept.usesLeft === 0) return 'GrantRegistryUsedUp';
      kept.usesLeft--;
      kept.uses.set(queryId, block);
      return undefined;
    });
  }

  async suspendGrant(grant: GrantHash): Promise<{ block: number }> {
    this.suspend(grant, true);
    return { block: this.#block };
  }

  async resumeGrant(grant: GrantHash): Promise<{ block: number }> {
    this.suspend(grant, false);
    return { block: this.#block };
  }

  async withdrawGrantFor(grant: GrantHash): Promise<{ block: number }> {
    this.#kept(grant).withdrawn = true;
    return { block: this.#mine() };
  }

  suspend(grant: GrantHash, suspended: boolean): void {
    this.#kept(grant).suspended = suspended;
    this.#mine();
  }

  /** Everything so far is final. */
  finalise(): void {
    this.#final = this.#block;
    for (const listener of this.#listeners) listener();
  }

  #kept(hash: GrantHash): Kept {
    const kept = this.#grants.get(hash) ?? { usesLeft: 0, withdrawn: false, suspended: false, uses: new Map() };
    this.#grants.set(hash, kept);
    return kept;
  }

  #mine(): number {
    this.#block++;
    if (this.finalAtOnce) this.#final = this.#block;
    queueMicrotask(() => {
      for (const listener of this.#listeners) listener();
    });
    return this.#block;
  }

  #each<T>(items: readonly T[], act: (item: T) => string | undefined): WrittenItems {
    const outcomes = items.map((item) => {
      const error = act(item);
      return error === undefined ? { ok: true as const } : { ok: false as const, error, arguments: [] };
    });
    return { block: this.#block, items: outcomes };
  }
}
