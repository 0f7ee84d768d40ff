import { Type, type Static } from 'typebox';
import { CouncilCallText, ProposalIdText } from '../../node/core/messages/council.ts';
import { define } from './endpoint.ts';
import { closed, MemberIdText, PageQuery, pageOf, Time } from './schemas.ts';

export const ProposalView = Type.Object(
  {
    proposal: ProposalIdText,
    proposer: MemberIdText,
    call: Type.Optional({
      ...CouncilCallText,
      description: 'What runs when enough have approved; absent where it is no call that this version knows',
    }),
    expires: Time,
    approvers: Type.Array(MemberIdText, { description: 'Those in the council now, whose approvals count' }),
    wanted: Type.Integer({ description: 'Approvals that it needs' }),
  },
  closed,
);
export type ProposalView = Static<typeof ProposalView>;

export const listProposals = define({
  method: 'GET',
  path: '/v1/council/proposals',
  tag: 'Consortium',
  summary: 'What the council is asked to decide',
  description:
    'Proposals that can still be approved, as the chain has them. What ran or expired is no longer among them.',
  rate: 'normal',
  query: Type.Object(PageQuery, closed),
  response: { kind: 'json', schema: pageOf(ProposalView) },
  problems: [],
});

export const getProposal = define({
  method: 'GET',
  path: '/v1/council/proposals/{proposal}',
  tag: 'Consortium',
  summary: 'One proposal that can still be approved',
  rate: 'normal',
  params: Type.Object({ proposal: ProposalIdText }, closed),
  response: { kind: 'json', schema: ProposalView },
  problems: ['NOT_FOUND'],
});
