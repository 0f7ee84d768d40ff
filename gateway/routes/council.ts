// What the council is asked to decide: answered from the chain's view.
import { XinlianError } from '../../node/core/errors.ts';
import { textOf } from '../../node/core/messages/council.ts';
import { idText } from '../../node/exchange/council-desk.ts';
import type { ProposalView } from '../api/council.ts';
import { beijingTime } from '../beijing-time.ts';
import type { Council, CouncilProposal, Members } from '../ports.ts';
import type { Handlers } from './handler.ts';
import { pageOf } from './pages.ts';

export function councilRoutes({ council, members }: { council: Council; members: Members }) {
  function proposalView({ id, proposer, call, expiresAt, approvers }: CouncilProposal): ProposalView {
    return {
      proposal: idText(id),
      proposer,
      ...(call && { call: textOf(call) }),
      expires: beijingTime(expiresAt),
      approvers: approvers.filter((one) => {
        const member = members.get(one);
        return member?.status === 'active' && member.roles.includes('council');
      }),
      wanted: council.threshold(),
    };
  }

  return {
    listProposals({ query }) {
      const { items, next } = pageOf(council.proposals(), ({ id }) => idText(id), query);
      return { items: items.map(proposalView), ...(next && { next }) };
    },

    getProposal({ params }) {
      const found = [...council.proposals()].find(({ id }) => idText(id) === params.proposal);
      if (!found) throw new XinlianError('NOT_FOUND', { what: 'open proposal', id: params.proposal });
      return proposalView(found);
    },
  } satisfies Partial<Handlers>;
}
