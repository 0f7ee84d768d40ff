// A body's way into the council and out of it, over the desks of real members and a real chain.
import { expect } from 'chai';
import { encodeCouncilCall } from '../../../node/chain/council-calls.ts';
import type { Follower } from '../../../node/chain/follower.ts';
import { fromHex, toBase64Url, toHex } from '../../../node/core/bytes.ts';
import { textOf, type CouncilCallText } from '../../../node/core/messages/council.ts';
import { KEY_ROTATION_TYPES, typedDataDigest, xinlianDomain } from '../../../node/core/typed-data.ts';
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
    const reached = (block: number): Promise<void> => until(follower, () => (view.head()?.number ?? -1) >= block);
    self = new SelfDesk({ view, reached, writers });
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

  it('replaces a member’s own keys, the account last, and each once', async () => {
    const { view } = follower;
    const next = bodyOf(9);
    const { contracts } = consortium;
    const domain = xinlianDomain({ ...contracts, verifyingContract: contracts.membership });
    const previous = second.admission.transaction;
    const current = next.admission.transaction;
    const digest = fromHex(typedDataDigest(domain, KEY_ROTATION_TYPES, { member: second.id, previous, current }), 32);
    const keys = Object.fromEntries(
      (['checkpoint', 'client', 'gatewayPeer', 'nodePeer'] as const).map((kind, i) => [
        kind,
        toBase64Url(new Uint8Array(32).fill(0x40 + i)),
      ]),
    );
    const wrong = { current, signature: await second.signer.sign(digest) };
    const held: boolean[] = [];
    const checkpointer = { hold: () => (held.push(true), () => void held.push(false)) };
    const member = { id: second.id, checkpointer };
    expect(await rejection(self.rotateKeys(member, { account: wrong }))).to.have.nested.property(
      'details.error',
      'MembershipInvalidSignature',
    );
    const rotation = { ...keys, account: { current, signature: await next.signer.sign(digest) } };
    const [rotated, again] = await Promise.all([
      self.rotateKeys(member, { checkpoint: keys['checkpoint']! }),
      self.rotateKeys(member, rotation),
    ]);
    expect(rotated.rotated).to.deep.equal(['checkpoint']);
    expect(again.rotated).to.deep.equal(['client', 'gatewayPeer', 'nodePeer', 'account']);
    await until(follower, () => view.final() >= again.block!);
    expect(view.member(second.id)?.transaction).to.equal(current);
    for (const kind of ['checkpoint', 'client', 'gatewayPeer', 'nodePeer'] as const)
      expect(toBase64Url(view.currentKey(second.id, kind)!)).to.equal(keys[kind]);
    expect(view.member(second.id)?.keys.checkpoint).to.have.length(2);
    expect(held[0]).to.equal(true);
    expect(await self.rotateKeys(member, rotation)).to.deep.equal({ rotated: [] });
    const refused = await rejection(
      self.rotateKeys(member, { checkpoint: toBase64Url(new Uint8Array(32).fill(0x50)) }),
    );
    expect(refused, 'the old account has no say').to.have.property('code', 'TRANSACTION_REVERTED');
    expect(held.at(-1), 'what did not come to it does not hold').to.equal(false);
  });
});
