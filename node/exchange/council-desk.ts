// A member's voice in the council: brings its proposals and votes to the chain, under its account.
import type { Hex } from '../core/bytes.ts';
import type { CouncilCall } from '../core/council.ts';
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import { callOf, type CouncilCallText, type CouncilOutcome, type CouncilVote } from '../core/messages/council.ts';

/** A proposal that can still be approved. */
export interface OpenProposal {
  id: bigint;
  proposer: MemberId;
  /** ABI-encoded call of Membership. */
  call: Hex;
  /** Seconds since 1970. */
  expiresAt: number;
  approvers: readonly MemberId[];
}

interface Voted {
  proposal: bigint;
  block: number;
  executed: boolean;
}

/** Every method resolves when a block has it. */
export interface CouncilWriter {
  propose(call: CouncilCall): Promise<Voted>;
  approve(proposal: bigint): Promise<Voted>;
  withdrawApproval(proposal: bigint): Promise<{ block: number }>;
}

interface Dependencies {
  view: { proposals(): OpenProposal[] };
  /** Reads the chain up to the head it has now. A voter may have been shown what this node has not read yet. */
  refresh(): Promise<void>;
  /** Of each hosted member. */
  writers: ReadonlyMap<MemberId, CouncilWriter>;
  /** Throws `MALFORMED`. */
  encode: (call: CouncilCall) => Hex;
}

/** Calls can be repeated without harm: what is so already is answered, and what is under way is joined. */
export class CouncilDesk {
  readonly #needs: Dependencies;
  /** By the member and what it does. */
  readonly #underWay = new Map<string, Promise<CouncilOutcome>>();

  constructor(dependencies: Dependencies) {
    this.#needs = dependencies;
  }

  /**
   * Proposes a call and approves it; where the same call is proposed already, approves that.
   * @throws MALFORMED; TRANSACTION_REVERTED with the contract's error; as `ChainWriter.propose`
   */
  propose(member: MemberId, text: CouncilCallText): Promise<CouncilOutcome> {
    const call = callOf(text);
    const encoded = this.#needs.encode(call);
    return this.#once(`${member} proposes ${encoded}`, async () => {
      const same = this.#needs.view.proposals().find((open) => open.call === encoded);
      if (same) return this.#approve(member, same);
      return outcomeOf(await this.#writer(member).propose(call));
    });
  }

  /**
   * @throws NOT_FOUND where no such proposal is open; CONFLICT where it says another call than the voter was shown;
   *   TRANSACTION_REVERTED with the contract's error, that of the call where this approval would run it
   */
  vote(member: MemberId, { proposal: id, vote, call }: CouncilVote): Promise<CouncilOutcome> {
    return this.#once(`${member} ${vote} ${id}`, async () => {
      const open = this.#open(BigInt(id)) ?? (await this.#needs.refresh(), this.#open(BigInt(id)));
      if (!open) throw new XinlianError('NOT_FOUND', { what: 'open proposal', id });
      if (vote === 'approve') {
        const shown = call && this.#needs.encode(callOf(call));
        if (shown !== open.call) {
          const got = shown === undefined ? 'none' : 'another: what you were shown is not what the chain has';
          throw new XinlianError('CONFLICT', { what: 'call of the proposal', wanted: 'that of the chain', got });
        }
        return this.#approve(member, open);
      }
      if (!open.approvers.includes(member)) return { proposal: id, executed: false };
      const { block } = await this.#writer(member).withdrawApproval(open.id);
      return { proposal: id, block, executed: false };
    });
  }

  #open(id: bigint): OpenProposal | undefined {
    return this.#needs.view.proposals().find((open) => open.id === id);
  }

  async #approve(member: MemberId, { id, approvers }: OpenProposal): Promise<CouncilOutcome> {
    if (approvers.includes(member)) return { proposal: idText(id), executed: false };
    return outcomeOf(await this.#writer(member).approve(id));
  }

  #writer(member: MemberId): CouncilWriter {
    const writer = this.#needs.writers.get(member);
    if (!writer) throw new XinlianError('MEMBER_UNKNOWN', { member });
    return writer;
  }

  #once(name: string, work: () => Promise<CouncilOutcome>): Promise<CouncilOutcome> {
    const known = this.#underWay.get(name);
    if (known) return known;
    const begun = work().finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, begun);
    return begun;
  }
}

/** 0x and 64 hex digits. */
export function idText(proposal: bigint): Hex {
  return `0x${proposal.toString(16).padStart(64, '0')}`;
}

function outcomeOf({ proposal, block, executed }: Voted): CouncilOutcome {
  return { proposal: idText(proposal), block, executed };
}
