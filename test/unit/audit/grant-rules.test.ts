// Each rule of grants on the chain by itself: events that break it, and the nearest ones that do not.
import { expect } from 'chai';
import { GrantLedger } from '../../../node/audit/grant-ledger.ts';
import { grantRules } from '../../../node/audit/rules/grants.ts';
import type { EventFacts } from '../../../node/audit/rules/events.ts';
import type { ChainEvent, ConsortiumContracts, EventBody } from '../../../node/chain/events.ts';
import { ConsortiumState } from '../../../node/chain/state.ts';
import { toHex, type Hex } from '../../../node/core/bytes.ts';
import { bodyOf, digest } from '../../helpers/consortium-on-anvil.ts';
import { grantOf } from '../../helpers/grants-on-anvil.ts';

const tested = new Set<string>();

const hash: Hex = `0x${'00'.repeat(32)}`;
const reason: Hex = toHex(digest('reason'));
const contracts: ConsortiumContracts = {
  chainId: 7,
  membership: `0x${'aa'.repeat(20)}`,
  logAnchor: `0x${'bb'.repeat(20)}`,
  grantRegistry: `0x${'cc'.repeat(20)}`,
  recognitionRegistry: `0x${'dd'.repeat(20)}`,
  deployment: hash,
  block: 1,
};
const bank = bodyOf(1, ['bank']);
const regulator = bodyOf(2, ['regulator']);
const identifier = bodyOf(3, ['identifier']);
const source = bodyOf(4, ['source']);

const TERM = { validFrom: 1_000, validTo: 2_000 };
const grant = grantOf('rule', bank.id, TERM);
const uncounted = grantOf('uncounted', bank.id, { ...TERM, uses: 0 });
const other = grantOf('other', source.id, TERM);
const [q1, q2, q3] = [1, 2, 3].map((n) => toHex(digest(`query ${n}`))) as [Hex, Hex, Hex];

const registered = ({ hash: id, terms }: typeof grant): EventBody => ({ type: 'GrantRegistered', grant: id, terms });
const consumed = (queryId: Hex, usesLeft: number, id = grant.hash): EventBody => ({ type: 'GrantConsumed', grant: id, queryId, usesLeft }); // prettier-ignore
const withdrawn: EventBody = { type: 'GrantWithdrawn', grant: grant.hash, reason: hash };
const withdrawnBy = (by = identifier.id): EventBody => ({ type: 'GrantWithdrawn', grant: grant.hash, by, reason });
const suspended = (by = regulator.id): EventBody => ({ type: 'GrantSuspended', grant: grant.hash, by, reason });
const resumed: EventBody = { type: 'GrantResumed', grant: grant.hash, by: regulator.id };
const failed = (index: number): EventBody => ({ type: 'GrantItemFailed', index, reason: '0x' });

function placed(body: EventBody, block = 9): ChainEvent {
  return { ...body, block, blockHash: hash, transaction: hash, logIndex: 0 };
}

interface Case {
  event: EventBody;
  /** Of grants, before this transaction, at time 1,500. */
  past?: EventBody[];
  /** Of this transaction, before it. */
  before?: EventBody[];
  time?: number;
  /** A body that was suspended. */
  idle?: typeof bank;
  revert?: [error: string, ...args: string[]];
}

function factsOf({ event, past = [], before = [], time = 1_500, idle, revert }: Case): EventFacts {
  const state = new ConsortiumState();
  const members: EventBody[] = [bank, regulator, identifier, source].map(({ id, admission }) => ({
    type: 'MemberAdmitted',
    member: id,
    admission,
  }));
  if (idle) members.push({ type: 'MemberSuspended', member: idle.id, reason });
  state.apply({ number: 1, hash, parent: hash, time: 50, events: members.map((body) => placed(body, 1)) });
  const grants = new GrantLedger();
  for (const body of past) if ('grant' in body) grants.apply({ ...placed(body, 5) } as never, 1_500);
  const own = placed(event);
  const transaction = [...before.map((body) => placed(body)), own];
  const told = revert && { error: `GrantRegistry${revert[0]}`, arguments: revert.slice(1) };
  return { event: own, state, grants, contracts, time, founding: false, transaction, threshold: 1, call: undefined, revert: told }; // prettier-ignore
}

const failure = (revert: Case['revert'], more: Partial<Case> = {}): Case => ({ event: failed(0), revert: revert!, ...more }); // prettier-ignore
const past = [registered(grant)];
const done = (id: string): [string, ...string[]] => [id, grant.hash];

const cases: [id: string, breaks: Case, holds: Case][] = [
  ['grant-id', { event: { ...registered(grant), grant: other.hash } as EventBody }, { event: registered(grant) }],
  ['grant-terms', { event: registered(grantOf('x', hash as never)) }, { event: registered(grant) }],
  ['grant-terms', { event: registered(grantOf('x', bank.id, { artefact: hash })) }, { event: registered(grant) }],
  ['grant-terms', { event: registered(grantOf('x', bank.id, { key: `0x${'00'.repeat(20)}` })) }, { event: registered(grant) }], // prettier-ignore
  ['grant-terms', { event: registered(grantOf('x', bank.id, { validFrom: 9, validTo: 9 })) }, { event: registered(grant) }], // prettier-ignore
  ['grant-registered-late', { event: registered(grant), time: 2_000 }, { event: registered(grant), time: 1_999 }],
  ['grant-registered-twice', { event: registered(grant), past }, { event: registered(grant), past: [suspended()] }],
  ['grant-after-withdrawal', { event: registered(grant), past: [withdrawn] }, { event: registered(grant) }],
  ['grant-after-withdrawal', { event: consumed(q1, 1), past: [...past, withdrawn] }, { event: consumed(q1, 1), past }],
  ['grant-after-withdrawal', { event: withdrawn, past: [withdrawnBy()] }, { event: withdrawn, past: [suspended()] }],
  ['grant-after-withdrawal', { event: suspended(), past: [...past, withdrawn] }, { event: suspended(), past }],
  ['grant-not-entitled', { event: withdrawnBy(regulator.id) }, { event: withdrawnBy() }],
  ['grant-not-entitled', { event: withdrawnBy(), idle: identifier }, { event: withdrawn, idle: identifier }],
  ['grant-not-entitled', { event: suspended(bank.id) }, { event: suspended() }],
  ['grant-not-entitled', { event: resumed, past: [suspended()], idle: regulator }, { event: resumed, past: [suspended()] }], // prettier-ignore
  ['grant-suspension', { event: suspended(), past: [suspended()] }, { event: suspended(), past: [suspended(), resumed] }], // prettier-ignore
  ['grant-suspension', { event: resumed }, { event: resumed, past: [suspended()] }],
  ['consumed-unregistered', { event: consumed(q1, 1), past: [suspended()] }, { event: consumed(q1, 1), past }],
  ['consumed-suspended', { event: consumed(q1, 1), past: [...past, suspended()] }, { event: consumed(q1, 1), past: [...past, suspended(), resumed] }], // prettier-ignore
  ['consumed-outside-term', { event: consumed(q1, 1), past, time: 999 }, { event: consumed(q1, 1), past, time: 1_000 }],
  ['consumed-outside-term', { event: consumed(q1, 1), past, time: 2_000 }, { event: consumed(q1, 1), past, time: 1_999 }], // prettier-ignore
  ['consumed-twice', { event: consumed(q1, 0), past: [...past, consumed(q1, 1)] }, { event: consumed(q2, 0), past: [...past, consumed(q1, 1)] }], // prettier-ignore
  ['consumed-beyond-count', { event: consumed(q3, 0), past: [...past, consumed(q1, 1), consumed(q2, 0)] }, { event: consumed(q2, 0), past: [...past, consumed(q1, 1)] }], // prettier-ignore
  ['consumed-beyond-count', { event: consumed(q1, 0, uncounted.hash), past: [registered(uncounted)] }, { event: consumed(q1, 1), past }], // prettier-ignore
  ['consumed-count', { event: consumed(q1, 2), past }, { event: consumed(q1, 1), past }],
  ['consumed-not-entitled', { event: consumed(q1, 1, other.hash), past: [registered(other)] }, { event: consumed(q1, 1), past }], // prettier-ignore
  ['consumed-not-entitled', { event: consumed(q1, 1), past, idle: bank }, { event: consumed(q1, 1), past, idle: source }], // prettier-ignore
  ['item-place', { event: failed(1) }, { event: failed(0) }],
  ['item-place', { event: failed(2), before: [registered(grant)] }, { event: failed(1), before: [registered(grant)] }],
  ['item-place', { event: failed(64), before: Array.from({ length: 64 }, () => failed(0)) }, { event: failed(63), before: Array.from({ length: 64 }, () => failed(0)) }], // prettier-ignore
  ['item-reason', failure(undefined), failure(['DeadlinePassed', '1499', '1500'])],
  ['item-reason', failure(['Unauthorized', grant.hash, '1']), failure(['DeadlinePassed', '1499', '1500'])],
  ['item-reason', failure(['DeadlinePassed', '1500', '1500']), failure(['DeadlinePassed', '1499', '1500'])],
  ['item-reason', failure(['DeadlinePassed', '1400', '1401']), failure(['DeadlinePassed', '1400', '1500'])],
  ['item-reason', failure(['IncompleteTerms', q1, bank.signer.address, bank.id]), failure(['IncompleteTerms', hash, bank.signer.address, bank.id])], // prettier-ignore
  ['item-reason', failure(['EmptyTerm', '8', '9']), failure(['EmptyTerm', '9', '9'])],
  ['item-reason', failure(['NotYetValid', grant.hash, '1500', '1500']), failure(['NotYetValid', grant.hash, '1501', '1500'])], // prettier-ignore
  ['item-reason', failure(['NotYetValid', grant.hash, '1501', '1500'], { past }), failure(['NotYetValid', grant.hash, '1000', '999'], { past, time: 999 })], // prettier-ignore
  ['item-reason', failure(['Ended', grant.hash, '1501', '1500']), failure(['Ended', grant.hash, '1500', '1500'])],
  ['item-reason', failure(['Ended', grant.hash, '1400', '1500'], { past }), failure(['Ended', grant.hash, '2000', '2000'], { past, time: 2_000 })], // prettier-ignore
  ['item-reason', failure(['AlreadyRegistered', grant.hash, '1500']), failure(['AlreadyRegistered', grant.hash, '1500'], { past })], // prettier-ignore
  ['item-reason', failure(['AlreadyRegistered', grant.hash, '1499'], { past }), failure(['AlreadyRegistered', grant.hash, '1500'], { past })], // prettier-ignore
  ['item-reason', failure(done('NotRegistered'), { past }), failure(done('NotRegistered'), { past: [suspended()] })],
  ['item-reason', failure(done('Withdrawn'), { past }), failure(done('Withdrawn'), { past: [withdrawn] })],
  ['item-reason', failure(done('Suspended'), { past: [suspended(), resumed] }), failure(done('Suspended'), { past: [suspended()] })], // prettier-ignore
  ['item-reason', failure(['InvalidSignature', '0xaa', '0xaa']), failure(['InvalidSignature', '0xaa', '0xab'])],
  ['item-reason', failure(done('Uncounted'), { past }), failure(['Uncounted', uncounted.hash], { past: [registered(uncounted)] })], // prettier-ignore
  ['item-reason', failure(['UsedUp', grant.hash, '2'], { past: [...past, consumed(q1, 1)] }), failure(['UsedUp', grant.hash, '2'], { past: [...past, consumed(q1, 1), consumed(q2, 0)] })], // prettier-ignore
  ['item-reason', failure(['AlreadyConsumed', grant.hash, q2], { past: [...past, consumed(q1, 1)] }), failure(['AlreadyConsumed', grant.hash, q1], { past: [...past, consumed(q1, 1)] })], // prettier-ignore
  ['item-reason', failure(['NotGrantee', grant.hash, bank.id, bank.signer.address], { past }), failure(['NotGrantee', grant.hash, bank.id, source.signer.address], { past })], // prettier-ignore
  ['item-reason', failure(['NotGrantee', grant.hash, source.id, source.signer.address], { past }), failure(['NotGrantee', grant.hash, bank.id, bank.signer.address], { past, idle: bank })], // prettier-ignore
];

describe('rules of grants on the chain', () => {
  for (const [id, breaks, holds] of cases) {
    it(`${id}: ${breaks.event.type} ${breaks.revert?.[0] ?? ''}`, () => {
      const rule = grantRules.find((one) => one.id === id)!;
      tested.add(id);
      expect(rule.check(factsOf(holds))).to.equal(undefined);
      expect(rule.check(factsOf(breaks))).to.include.keys('wanted', 'got');
    });
  }

  it('all hold for an honest life of a grant, and each is tested', () => {
    const life = [suspended(), resumed, registered(grant), consumed(q1, 1), consumed(q2, 0), withdrawn];
    for (const [i, event] of life.entries()) {
      for (const { id, check } of grantRules) expect(check(factsOf({ event, past: life.slice(0, i) })), id).to.equal(undefined); // prettier-ignore
    }
    expect([...tested].sort()).to.deep.equal(grantRules.map(({ id }) => id).sort());
  });

  it('a ledger comes back from its bytes', () => {
    const { grants } = factsOf({ event: withdrawn, past: [...past, suspended(), consumed(q1, 1), withdrawnBy()] });
    const again = GrantLedger.decode(grants.encode());
    expect(again).to.deep.equal(grants);
    expect(again.size).to.equal(1);
  });
});
