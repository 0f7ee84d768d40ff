// A council that exists on paper: it counts approvals and runs calls as Membership does, for proposals alone.
import type { Hex } from '../../node/core/bytes.ts';
import type { CouncilCall } from '../../node/core/council.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { MemberId } from '../../node/core/ids.ts';
import { encodeCouncilCall } from '../../node/chain/council-calls.ts';
import type { CouncilWriter, OpenProposal } from '../../node/exchange/council-desk.ts';

export class PaperCouncil {
  readonly #threshold: number;
  #open: OpenProposal[] = [];
  #count = 0n;
  #block = 10;
  /** What ran, in order. */
  readonly ran: Hex[] = [];
  /** Transactions that were taken. */
  sent = 0;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** Proposals that others made and this node has not read yet. */
  readonly unread: { proposer: MemberId; call: Hex }[] = [];

  async refresh(): Promise<void> {
    for (const { proposer, call } of this.unread.splice(0)) this.put(proposer, call);
  }

  threshold(): number {
    return this.#threshold;
  }

  proposals(): OpenProposal[] {
    return [...this.#open];
  }

  /** Any bytes: others' programs may propose what ours would not. */
  put(proposer: MemberId, call: Hex): bigint {
    const id = ++this.#count;
    this.#open.push({ id, proposer, call, expiresAt: 1_900_000_000, approvers: [] });
    return id;
  }

  writer(member: MemberId): CouncilWriter {
    return {
      propose: async (call: CouncilCall) => this.#approve(this.put(member, encodeCouncilCall(call)), member),
      approve: async (proposal) => this.#approve(proposal, member),
      withdrawApproval: async (proposal) => {
        const open = this.#find(proposal);
        this.#replace({ ...open, approvers: open.approvers.filter((one) => one !== member) });
        return { block: this.#block };
      },
    };
  }

  #approve(proposal: bigint, member: MemberId): { proposal: bigint; block: number; executed: boolean } {
    const open = this.#find(proposal);
    if (open.approvers.includes(member)) {
      const error = 'MembershipAlreadyApproved';
      throw new XinlianError('TRANSACTION_REVERTED', { hash: '0x', error, arguments: [String(proposal), member] });
    }
    const approvers = [...open.approvers, member];
    const executed = approvers.length >= this.#threshold;
    this.#replace({ ...open, approvers });
    if (executed) {
      this.ran.push(open.call);
      this.#open = this.#open.filter(({ id }) => id !== proposal);
    }
    return { proposal, block: this.#block, executed };
  }

  #find(proposal: bigint): OpenProposal {
    const open = this.#open.find(({ id }) => id === proposal);
    if (open) return open;
    const error = 'MembershipUnknownProposal';
    throw new XinlianError('TRANSACTION_REVERTED', { hash: '0x', error, arguments: [String(proposal)] });
  }

  #replace(proposal: OpenProposal): void {
    this.sent++;
    this.#block++;
    this.#open = this.#open.map((open) => (open.id === proposal.id ? proposal : open));
  }
}
