// A body's way into the council and out of it, over the desks of real members and a real chain.
import { expect } from 'chai';
import { encodeCouncilCall } from '../../../node/chain/council-calls.ts';
import type { Follower } from '../../../node/chain/follower.ts';
import { toHex } from '../../../node/core/bytes.ts';
import { textOf, type CouncilCallText } from '../../../node/core/messages/council.ts';
import { CouncilDesk } from '../../../node/exchange/council-desk.ts';
import { SelfDesk } from '../../../node/exchange/self-desk.ts';
import { bodyOf, fund, TestConsortium, until, type Body } from '../../helpers/consortium-on-anvil.ts';
import { rejection } from '../../helpers/rejection.ts';

const REASON = toHex(new Uint8Array(32).fill(9));

describe('The council on a real chain', () => {
  let consortium: TestConsortium;
  let follower: Follower;
  let desk: CouncilDesk;
  let self: SelfDesk;
  let first: Body;
  let second: Body;
  const newcomer = bodyOf(3, ['source']);

  before(async () => {
    consortium = await TestConsortium.start(2, 2);
    [first, second] = consortium.bodies as [Body, Body];
    follower = await consortium.follower();
    follower.start();
    const { view } = follower;
    const writers = new Map([first, second, newcomer].map((body) => [body.id, consortium.writer(body)]));
    const refresh = async (): Promise<void> => {
      const latest = await follower.latest();
      await until(follower, () => (view.head()?.number ?? -1) >= latest);
    };
    desk = new CouncilDesk({ view, refresh, writers, encode: encodeCouncilCall });
    self = new SelfDesk({ view, writers });
    await fund(consortium.anvil, newcomer.signer.address);
  });
  after(() => consortium.stop());

  /** Proposed by the first, approved by the second, and seen. */
  async function decide(call: CouncilCallText): Promise<void> {
    const { proposal } = await desk.propose(first.id, call);
    const id = BigInt(proposal);
    await until(follower, () => follower.view.proposals().some((open) => open.id === id));
    const { executed, block } = await desk.vote(second.id, { proposal, vote: 'approve', call });
    expect(executed).to.equal(true);
    await until(follower, () => follower.view.final() >= block!);
  }
  const status = () => follower.view.member(newcomer.id)?.status;

  it('admits, suspends, resumes, changes roles and account, and removes', async () => {
    await decide(textOf({ call: 'admit', admission: newcomer.admission }));
    expect(status()).to.equal('active');
    await decide({ call: 'suspend', member: newcomer.id, reason: REASON });
    expect(status()).to.equal('suspended');
    await decide({ call: 'resume', member: newcomer.id });
    await decide({ call: 'setRoles', member: newcomer.id, roles: ['bank'] });
    expect(follower.view.member(newcomer.id)).to.deep.include({ status: 'active', roles: ['bank'] });

    const { block } = await self.setEndpoints(newcomer.id, { node: ['/dns/new.example/tcp/9200'] });
    await until(follower, () => follower.view.final() >= block);
    expect(follower.view.member(newcomer.id)?.endpoints).to.deep.equal({ node: ['/dns/new.example/tcp/9200'] });

    await decide({ call: 'resetTransactionKey', member: newcomer.id, current: bodyOf(8).admission.transaction });
    expect(await rejection(self.setEndpoints(newcomer.id, { log: 'https://old.example/' }))).to.deep.include({
      code: 'TRANSACTION_REVERTED',
    });
    await decide({ call: 'remove', member: newcomer.id, reason: REASON });
    expect(status()).to.equal('removed');
  });

  it('closes a log that was lost, once, and names its successor', async () => {
    expect(() => self.replaceLog({ id: first.id, lost: undefined })).to.throw('CONFLICT');
    const { log: lost } = await consortium.writer(first).registerLog(toHex(new Uint8Array(32)));
    const [replaced, same] = await Promise.all([1, 2].map(() => self.replaceLog({ id: first.id, lost })));
    expect(same).to.deep.equal(replaced);
    await until(follower, () => follower.view.final() >= (replaced?.block ?? 0));
    expect(follower.view.log(lost)).to.deep.include({ closed: true, successor: replaced?.successor });
    expect(await self.replaceLog({ id: first.id, lost })).to.deep.equal({ lost, successor: replaced?.successor });
  });

  it('lets nothing run that would leave fewer in the council than a decision needs', async () => {
    const call: CouncilCallText = { call: 'remove', member: second.id, reason: REASON };
    const { proposal } = await desk.propose(first.id, call);
    await until(follower, () => follower.view.proposals().some((open) => open.id === BigInt(proposal)));
    const refused = await rejection(desk.vote(second.id, { proposal, vote: 'approve', call }));
    expect(refused).to.have.nested.property('details.error', 'MembershipQuorumBroken');
    expect(follower.view.proposals().some((open) => open.id === BigInt(proposal))).to.equal(true);
  });
});
