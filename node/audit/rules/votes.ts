// Rules of the council: nothing happens to a member without as many approvals as the council decided.
import type { MemberId } from '../../core/ids.ts';
import type { Rule } from '../rule.ts';
import { executedBehind, following, isSeated, seats, type EventFacts } from './events.ts';

/** What a vote can bring about. */
const EFFECTS: ReadonlySet<EventFacts['event']['type']> = new Set([
  'MemberAdmitted',
  'MemberSuspended',
  'MemberResumed',
  'MemberRemoved',
  'RolesChanged',
  'ThresholdChanged',
  'TransactionKeyRotated',
]);

/** As the contract's `PROPOSAL_LIFETIME`: seconds for which a proposal is open. */
const PROPOSAL_SECONDS = 30 * 86_400;

export const voteRules: readonly Rule<EventFacts>[] = [
  {
    id: 'proposal-new',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '提案重复提出,或其期限不是规定期限',
    en: 'A proposal was made that was made before, or is open for another time than proposals are',
    check: ({ event, state, time }) => {
      if (event.type !== 'Proposed') return undefined;
      if (state.proposals.has(event.proposal)) return { wanted: 'a proposal that is new', got: 'one that is open' };
      const wanted = time + PROPOSAL_SECONDS;
      return event.expiresAt === wanted ? undefined : { wanted: `open until ${wanted}`, got: String(event.expiresAt) };
    },
  },
  {
    id: 'vote-not-council',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '非在任理事参与表决',
    en: 'A vote of a member that is not active in the council',
    check: ({ event, state }) => {
      const voter = event.type === 'Proposed' ? event.proposer : 'approver' in event ? event.approver : undefined;
      if (voter === undefined) return undefined;
      const member = state.members.get(voter)?.member;
      if (member && isSeated(member)) return undefined;
      const got = member ? `${member.status}, ${member.roles.join(' ')}` : 'no member';
      return { member: voter, wanted: 'active, council', got };
    },
  },
  {
    id: 'vote-unknown',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '对不存在、已执行或已过期的提案表决',
    en: 'A vote on a proposal that was never made, has run or has expired',
    check: ({ event, state, time }) => {
      if (event.type === 'Proposed' || !('proposal' in event)) return undefined;
      const proposal = state.proposals.get(event.proposal);
      if (proposal && time < proposal.expiresAt) return undefined;
      return { wanted: 'an open proposal', got: `proposal 0x${event.proposal.toString(16)}` };
    },
  },
  {
    id: 'vote-twice',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '同一成员对同一提案重复赞成,或撤回未作出的赞成',
    en: 'A member approved twice, or took back what it had not given',
    check: ({ event, state }) => {
      if (event.type !== 'Approved' && event.type !== 'ApprovalWithdrawn') return undefined;
      const approvers = state.proposals.get(event.proposal)?.approvers ?? [];
      const has = approvers.includes(event.approver);
      if (has === (event.type === 'ApprovalWithdrawn')) return undefined;
      return { member: event.approver, wanted: 'one approval a member', got: has ? 'a second' : 'none' };
    },
  },
  {
    id: 'vote-count',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '事件中的赞成数与重新计票不符',
    en: 'The approvals that an event tells are not those that were given',
    check: ({ event, state }) => {
      if (event.type !== 'Approved' && event.type !== 'ApprovalWithdrawn') return undefined;
      const approvers = new Set<MemberId>(state.proposals.get(event.proposal)?.approvers);
      if (event.type === 'Approved') approvers.add(event.approver);
      else approvers.delete(event.approver);
      const wanted = seats(state).filter((id) => approvers.has(id)).length;
      return wanted === event.approvals ? undefined : { wanted: String(wanted), got: String(event.approvals) };
    },
  },
  {
    id: 'vote-not-run',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '赞成数已达门槛而提案未执行',
    en: 'A proposal had the approvals that it needed and did not run',
    check: (facts) => {
      const { event, threshold } = facts;
      if (event.type !== 'Approved' || event.approvals < threshold) return undefined;
      const run = following(facts).some(({ type }) => type === 'Executed');
      return run ? undefined : { wanted: 'its execution in the same transaction', got: 'none' };
    },
  },
  {
    id: 'vote-too-few',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '提案未获足够赞成即执行',
    en: 'A proposal ran with fewer approvals than it needed',
    check: ({ event, transaction, threshold }) => {
      if (event.type !== 'Executed') return undefined;
      const last = transaction.findLast((other) => other.type === 'Approved' && other.proposal === event.proposal);
      const got = last?.type === 'Approved' ? last.approvals : 0;
      return got >= threshold ? undefined : { wanted: `at least ${threshold}`, got: String(got) };
    },
  },
  {
    id: 'vote-effect',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '提案已执行而没有相应变更,或一次执行有多项变更',
    en: 'A proposal ran and changed nothing, or more than the one thing that was voted on',
    check: ({ event, transaction }) => {
      if (event.type !== 'Executed') return undefined;
      const before = transaction.slice(0, transaction.indexOf(event));
      const since = before.slice(before.findLastIndex(({ type }) => type === 'Executed') + 1);
      const got = since.filter(({ type }) => EFFECTS.has(type)).length;
      return got === 1 ? undefined : { wanted: 'one change', got: String(got) };
    },
  },
  {
    id: 'act-without-vote',
    version: 1,
    severity: 'violation',
    evidence: 'chain',
    zh: '未经表决,或与所表决内容不同的成员变更',
    en: 'A change of members that was not voted on, or is not what was voted on',
    check: (facts) => {
      const { event, state, founding, call } = facts;
      if (founding || call === undefined) return undefined;
      const proposal = executedBehind(facts);
      // A member rotates its own account without a vote: `act-by-inactive` judges that.
      if (event.type === 'TransactionKeyRotated' && proposal === undefined) return undefined;
      const voted = proposal === undefined ? undefined : state.proposals.get(proposal)?.call;
      if (voted?.startsWith(call)) return undefined;
      return { wanted: 'an executed proposal of this change', got: voted === undefined ? 'none' : 'one of another' };
    },
  },
];
