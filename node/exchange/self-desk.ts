// What a member changes of itself on the chain, under its account.
import { XinlianError } from '../core/errors.ts';
import type { LogId, MemberId } from '../core/ids.ts';
import type { LogReplaced, MemberChanged, MemberEndpoints } from '../core/messages/member.ts';
import type { ChainView } from './ports.ts';

/** Every method resolves when a block has it. */
export interface SelfWriter {
  setEndpoints(endpoints: string): Promise<{ block: number }>;
  replaceLog(lost: LogId): Promise<{ block: number; log: LogId }>;
}

/** A member whose log may be lost. */
export interface LosingMember {
  id: MemberId;
  /** The log on the chain that cannot go on from what is here. */
  lost: LogId | undefined;
}

interface Dependencies {
  view: Pick<ChainView, 'log'>;
  /** Of each hosted member. */
  writers: ReadonlyMap<MemberId, SelfWriter>;
}

/** Calls can be repeated without harm: the same change again changes nothing. */
export class SelfDesk {
  readonly #needs: Dependencies;
  /** Under way, by the log. */
  readonly #replacing = new Map<LogId, Promise<LogReplaced>>();

  constructor(dependencies: Dependencies) {
    this.#needs = dependencies;
  }

  /** @throws as `ChainWriter.setEndpoints` */
  async setEndpoints(member: MemberId, endpoints: MemberEndpoints): Promise<MemberChanged> {
    const { block } = await this.#writer(member).setEndpoints(JSON.stringify(endpoints));
    return { block };
  }

  /**
   * Closes the member's log on the chain and opens its successor: for a log that was lost, and no other.
   * @throws CONFLICT where nothing is lost; as `ChainWriter.replaceLog`
   */
  replaceLog({ id, lost }: LosingMember): Promise<LogReplaced> {
    if (lost === undefined) {
      const got = 'one that goes on from what is here, or one that the chain was not asked about yet';
      throw new XinlianError('CONFLICT', { what: 'log', wanted: 'one that is lost', got });
    }
    const known = this.#replacing.get(lost);
    if (known) return known;
    const begun = this.#replace(id, lost).finally(() => this.#replacing.delete(lost));
    this.#replacing.set(lost, begun);
    return begun;
  }

  async #replace(member: MemberId, lost: LogId): Promise<LogReplaced> {
    const before = this.#needs.view.log(lost)?.successor;
    if (before !== undefined) return { lost, successor: before };
    const { log: successor, block } = await this.#writer(member).replaceLog(lost);
    return { lost, successor, block };
  }

  #writer(member: MemberId): SelfWriter {
    const writer = this.#needs.writers.get(member);
    if (!writer) throw new XinlianError('MEMBER_UNKNOWN', { member });
    return writer;
  }
}
