import { expect } from 'chai';
import { encodeCouncilCall } from '../../../node/chain/council-calls.ts';
import { toHex } from '../../../node/core/bytes.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { callOf, type CouncilCallText } from '../../../node/core/messages/council.ts';
import { CouncilDesk, idText } from '../../../node/exchange/council-desk.ts';
import { PaperCouncil } from '../../helpers/paper-council.ts';
import { rejection } from '../../helpers/rejection.ts';

const [A, B, C] = ['a', 'b', 'c'].map((digit) => `0x${digit.repeat(64)}` as MemberId) as [MemberId, MemberId, MemberId];
const SUSPEND: CouncilCallText = { call: 'suspend', member: C, reason: toHex(new Uint8Array(32).fill(1)) };

describe('The desk of the council', () => {
  let council: PaperCouncil;
  let desk: CouncilDesk;

  beforeEach(() => {
    council = new PaperCouncil(2);
    const writers = new Map([A, B].map((member) => [member, council.writer(member)]));
    desk = new CouncilDesk({ view: council, refresh: () => council.refresh(), writers, encode: encodeCouncilCall });
  });

  it('proposes, and runs with the last approval that is wanted', async () => {
    const { proposal, executed, block } = await desk.propose(A, SUSPEND);
    expect(executed).to.equal(false);
    expect(block).to.be.a('number');
    const last = await desk.vote(B, { proposal, vote: 'approve', call: SUSPEND });
    expect(last).to.include({ proposal, executed: true });
    expect(council.ran).to.deep.equal([encodeCouncilCall(callOf(SUSPEND))]);
  });

  it('sends nothing twice: not while it is under way, and not after', async () => {
    const [first, same] = await Promise.all([desk.propose(A, SUSPEND), desk.propose(A, SUSPEND)]);
    expect(same).to.deep.equal(first);
    const again = await desk.propose(A, SUSPEND);
    expect(again).to.deep.equal({ proposal: first.proposal, executed: false });
    const vote = { proposal: first.proposal, vote: 'approve' as const, call: SUSPEND };
    expect(await desk.vote(A, vote)).to.deep.equal({ proposal: first.proposal, executed: false });
    expect(council.sent).to.equal(1);
  });

  it('approves what another proposed already, in place of a second proposal', async () => {
    const { proposal } = await desk.propose(A, SUSPEND);
    expect(await desk.propose(B, SUSPEND)).to.include({ proposal, executed: true });
  });

  it('looks at the chain anew before it says that there is no such proposal', async () => {
    council.unread.push({ proposer: A, call: encodeCouncilCall(callOf(SUSPEND)) });
    const vote = { proposal: idText(1n), vote: 'approve' as const, call: SUSPEND };
    expect(await desk.vote(B, vote)).to.include({ proposal: idText(1n), executed: false });
    expect(await rejection(desk.vote(B, { ...vote, proposal: idText(2n) }))).to.have.property('code', 'NOT_FOUND');
  });

  it('takes an approval back, once', async () => {
    const { proposal } = await desk.propose(A, SUSPEND);
    expect(await desk.vote(A, { proposal, vote: 'withdraw' })).to.include({ proposal, executed: false });
    expect(council.proposals()[0]?.approvers).to.deep.equal([]);
    expect(await desk.vote(A, { proposal, vote: 'withdraw' })).not.to.have.property('block');
  });

  it('approves nothing that the voter was not shown', async () => {
    const { proposal } = await desk.propose(A, SUSPEND);
    const shown: CouncilCallText = { call: 'resume', member: C };
    expect(await rejection(desk.vote(B, { proposal, vote: 'approve', call: shown }))).to.have.property(
      'code',
      'CONFLICT',
    );
    expect(await rejection(desk.vote(B, { proposal, vote: 'approve' }))).to.have.property('code', 'CONFLICT');
    const odd = idText(council.put(A, '0x1234'));
    expect(await rejection(desk.vote(B, { proposal: odd, vote: 'approve', call: SUSPEND }))).to.have.property(
      'code',
      'CONFLICT',
    );
    expect(council.ran).to.deep.equal([]);
  });

  it('says where no such proposal is open, and whose account it has not', async () => {
    const proposal = `0x${'7'.repeat(64)}`;
    expect(await rejection(desk.vote(A, { proposal, vote: 'withdraw' }))).to.have.property('code', 'NOT_FOUND');
    expect(await rejection(desk.propose(C, SUSPEND))).to.have.property('code', 'MEMBER_UNKNOWN');
  });
});
