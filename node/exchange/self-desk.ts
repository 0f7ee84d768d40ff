// What a member changes of itself on the chain, under its account.
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import type { MemberChanged, MemberEndpoints } from '../core/messages/member.ts';

/** Every method resolves when a block has it. */
export interface SelfWriter {
  setEndpoints(endpoints: string): Promise<{ block: number }>;
}

interface Dependencies {
  /** Of each hosted member. */
  writers: ReadonlyMap<MemberId, SelfWriter>;
}

/** Calls can be repeated without harm: the same change again changes nothing. */
export class SelfDesk {
  readonly #needs: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#needs = dependencies;
  }

  /** @throws as `ChainWriter.setEndpoints` */
  async setEndpoints(member: MemberId, endpoints: MemberEndpoints): Promise<MemberChanged> {
    const { block } = await this.#writer(member).setEndpoints(JSON.stringify(endpoints));
    return { block };
  }

  #writer(member: MemberId): SelfWriter {
    const writer = this.#needs.writers.get(member);
    if (!writer) throw new XinlianError('MEMBER_UNKNOWN', { member });
    return writer;
  }
}
