import { expect } from 'chai';
import { AbiCoder, ZeroHash, keccak256 } from 'ethers';
import { Roles, Status } from './helpers/contract-types.ts';
import { body, consortium, deployment, digest, memberId, stranger } from './helpers/consortium.ts';
import type { Consortium } from './helpers/consortium.ts';

const reason = digest('reason');

describe('Membership: votes', () => {
  let c: Consortium;
  let members: string[];
  let accounts: string[];
  const newcomer = body(10, { roles: Roles.BANK });

  beforeEach(async () => {
    c = await consortium(4, 3);
    members = c.bodies.map(({ id }) => id);
    accounts = c.bodies.map(({ wallet }) => wallet.address);
  });

  async function propose(name: string, args: unknown[], from = accounts[0]!): Promise<bigint> {
    return c.proposalOf(await (await c.as(from)).propose(c.call(name, args)));
  }

  describe('at deployment', () => {
    it('admits the founders and sets threshold and nonce, with the events of votes', async () => {
      const receipt = await c.membership.deploymentTransaction()!.wait();
      const events = receipt!.logs.map((log) => c.membership.interface.parseLog(log)!);
      expect(events.map(({ name }) => name)).to.deep.equal([
        ...members.map(() => 'MemberAdmitted'),
        'ThresholdChanged',
      ]);
      expect(await c.membership.threshold()).to.equal(3n);
      expect(await c.membership.activeCouncil()).to.equal(4n);
      expect(await c.membership.deployment()).to.equal(deployment);
      expect(members[0]).to.equal(memberId(c.bodies[0]!.admission.uscc));
    });

    for (const threshold of [0, 3]) {
      it(`refuses threshold ${threshold} for a council of 2`, async () => {
        await expect(
          c.ethers.deployContract('Membership', [deployment, [body(0).admission, body(1).admission], threshold]),
        )
          .to.be.revertedWithCustomError(c.membership, 'MembershipQuorumBroken')
          .withArgs(2, threshold);
      });
    }

    it('refuses to be nobody’s', async () => {
      await expect(c.ethers.deployContract('Membership', [deployment, [], 1]))
        .to.be.revertedWithCustomError(c.membership, 'MembershipQuorumBroken')
        .withArgs(0, 1);
    });

    it('refuses a founder twice', async () => {
      await expect(
        c.ethers.deployContract('Membership', [
          deployment,
          [body(0).admission, { ...body(1).admission, uscc: body(0).admission.uscc }],
          1,
        ]),
      )
        .to.be.revertedWithCustomError(c.membership, 'MembershipAlreadyAdmitted')
        .withArgs(members[0]);
    });
  });

  describe('propose', () => {
    it('names the proposal by its content and approves it for the proposer', async () => {
      const call = c.call('suspend', [members[3], reason]);
      const ordinalAndHash = AbiCoder.defaultAbiCoder().encode(['uint64', 'bytes32'], [1, keccak256(call)]);
      const proposal = BigInt(keccak256(ordinalAndHash));
      const transaction = await (await c.as(accounts[0]!)).propose(call);
      const expiresAt = BigInt((await transaction.getBlock())!.timestamp) + (await c.membership.PROPOSAL_LIFETIME());
      await expect(transaction)
        .to.emit(c.membership, 'Proposed')
        .withArgs(proposal, members[0], call, expiresAt)
        .and.to.emit(c.membership, 'Approved')
        .withArgs(proposal, members[0], 1);
      const state = await c.membership.proposalState(proposal);
      expect([state.open, state.approvals, state.expiresAt, state.callHash]).to.deep.equal([
        true,
        1n,
        expiresAt,
        keccak256(call),
      ]);
      expect(await c.membership.hasApproved(proposal, members[0]!)).to.equal(true);
      expect(await c.membership.hasApproved(proposal, members[1]!)).to.equal(false);
    });

    it('gives the same call another id the second time', async () => {
      expect(await propose('resume', [members[3]])).to.not.equal(await propose('resume', [members[3]]));
    });

    it('runs the call at once where the threshold is 1', async () => {
      await c.vote('setThreshold', [1]);
      const proposal = await propose('suspend', [members[3], reason]);
      expect((await c.membership.standing(members[3]!)).status).to.equal(Status.Suspended);
      expect((await c.membership.proposalState(proposal)).open).to.equal(false);
    });

    it('refuses calls that are not by vote', async () => {
      const member = await c.as(accounts[0]!);
      const nested = c.membership.interface.encodeFunctionData('propose', ['0x']);
      await expect(member.propose(nested))
        .to.be.revertedWithCustomError(c.membership, 'MembershipUnknownCall')
        .withArgs(nested.slice(0, 10));
      await expect(member.propose('0x'))
        .to.be.revertedWithCustomError(c.membership, 'MembershipUnknownCall')
        .withArgs('0x00000000');
      await expect(member.propose('0x1234'))
        .to.be.revertedWithCustomError(c.membership, 'MembershipUnknownCall')
        .withArgs('0x12340000');
    });

    it('refuses everyone who is not active in the council', async () => {
      await c.vote('admit', [newcomer.admission]);
      await c.vote('suspend', [members[3], reason]);
      await c.vote('resetTransactionKey', [members[2], stranger(2)]);
      const call = c.call('resume', [members[3]]);
      for (const account of [stranger(1), newcomer.wallet.address, accounts[3]!, accounts[2]!]) {
        await expect((await c.as(account)).propose(call))
          .to.be.revertedWithCustomError(c.membership, 'MembershipNotCouncil')
          .withArgs(account);
      }
    });
  });

  describe('approve', () => {
    it('runs the call with the approval that reaches the threshold', async () => {
      const proposal = await propose('suspend', [members[3], reason]);
      await (await c.as(accounts[1]!)).approve(proposal);
      expect((await c.membership.standing(members[3]!)).status).to.equal(Status.Active);
      await expect((await c.as(accounts[2]!)).approve(proposal))
        .to.emit(c.membership, 'Approved')
        .withArgs(proposal, members[2], 3)
        .and.to.emit(c.membership, 'MemberSuspended')
        .withArgs(members[3], reason)
        .and.to.emit(c.membership, 'Executed')
        .withArgs(proposal);
    });

    it('does not count the approval of a member suspended since, and counts it again once resumed', async () => {
      const proposal = await propose('setThreshold', [2], accounts[3]);
      await (await c.as(accounts[0]!)).approve(proposal);
      await c.vote('suspend', [members[3], reason]);
      expect((await c.membership.proposalState(proposal)).approvals).to.equal(1n);
      await expect((await c.as(accounts[1]!)).approve(proposal))
        .to.emit(c.membership, 'Approved')
        .withArgs(proposal, members[1], 2);
      expect((await c.membership.proposalState(proposal)).open).to.equal(true);
      await c.vote('resume', [members[3]]);
      expect((await c.membership.proposalState(proposal)).approvals).to.equal(3n);
      await (await c.as(accounts[2]!)).approve(proposal);
      expect(await c.membership.threshold()).to.equal(2n);
    });

    it('refuses a second approval of one member, also after its key was rotated', async () => {
      const proposal = await propose('setThreshold', [2]);
      const refused = async (account: string) =>
        expect((await c.as(account)).approve(proposal))
          .to.be.revertedWithCustomError(c.membership, 'MembershipAlreadyApproved')
          .withArgs(proposal, members[0]);
      await refused(accounts[0]!);
      await c.vote('resetTransactionKey', [members[0], stranger(7)]);
      await refused(stranger(7));
    });

    it('refuses whoever is not in the council', async () => {
      const proposal = await propose('setThreshold', [2]);
      await expect((await c.as(stranger(1))).approve(proposal))
        .to.be.revertedWithCustomError(c.membership, 'MembershipNotCouncil')
        .withArgs(stranger(1));
    });

    it('gives the error of the call back, and takes no approval', async () => {
      const proposal = await propose('resume', [members[3]]);
      await (await c.as(accounts[1]!)).approve(proposal);
      await expect((await c.as(accounts[2]!)).approve(proposal))
        .to.be.revertedWithCustomError(c.membership, 'MembershipWrongStatus')
        .withArgs(members[3], Status.Active);
      const { open, approvals } = await c.membership.proposalState(proposal);
      expect([open, approvals]).to.deep.equal([true, 2n]);
    });

    it('refuses a call whose arguments cannot be decoded', async () => {
      await c.vote('setThreshold', [1]);
      const call = c.call('resume', [members[3]]).slice(0, 20);
      await expect((await c.as(accounts[0]!)).propose(call)).to.be.revertedWithCustomError(c.membership, 'FailedCall');
    });
  });

  describe('withdrawApproval', () => {
    it('takes an approval back, which can be given again', async () => {
      const proposal = await propose('setThreshold', [2]);
      await (await c.as(accounts[1]!)).approve(proposal);
      await expect((await c.as(accounts[0]!)).withdrawApproval(proposal))
        .to.emit(c.membership, 'ApprovalWithdrawn')
        .withArgs(proposal, members[0], 1);
      expect(await c.membership.hasApproved(proposal, members[0]!)).to.equal(false);
      await (await c.as(accounts[0]!)).approve(proposal);
      expect((await c.membership.proposalState(proposal)).approvals).to.equal(2n);
    });

    it('refuses whoever has not approved, and whoever is not in the council', async () => {
      const proposal = await propose('setThreshold', [2]);
      await expect((await c.as(accounts[1]!)).withdrawApproval(proposal))
        .to.be.revertedWithCustomError(c.membership, 'MembershipNotApproved')
        .withArgs(proposal, members[1]);
      await expect((await c.as(stranger(1))).withdrawApproval(proposal))
        .to.be.revertedWithCustomError(c.membership, 'MembershipNotCouncil')
        .withArgs(stranger(1));
    });
  });

  describe('a proposal that is no longer open', () => {
    for (const action of ['approve', 'withdrawApproval'] as const) {
      it(`refuses ${action} where it is unknown`, async () => {
        await expect((await c.as(accounts[0]!))[action](5))
          .to.be.revertedWithCustomError(c.membership, 'MembershipUnknownProposal')
          .withArgs(5);
      });

      it(`refuses ${action} once it has run`, async () => {
        const proposal = await c.proposalOf(await (await c.as(accounts[0]!)).propose(c.call('setThreshold', [2])));
        await (await c.as(accounts[1]!)).approve(proposal);
        await (await c.as(accounts[2]!)).approve(proposal);
        await expect((await c.as(accounts[3]!))[action](proposal))
          .to.be.revertedWithCustomError(c.membership, 'MembershipProposalClosed')
          .withArgs(proposal);
      });

      it(`refuses ${action} from the time of expiry on`, async () => {
        const proposal = await propose('setThreshold', [2]);
        const { expiresAt } = await c.membership.proposalState(proposal);
        await c.networkHelpers.time.setNextBlockTimestamp(expiresAt);
        await expect((await c.as(accounts[0]!))[action](proposal))
          .to.be.revertedWithCustomError(c.membership, 'MembershipProposalExpired')
          .withArgs(proposal, expiresAt);
      });
    }

    it('can be approved a second before it expires', async () => {
      const proposal = await propose('setThreshold', [2]);
      const { expiresAt } = await c.membership.proposalState(proposal);
      await c.account(accounts[1]!);
      await c.networkHelpers.time.setNextBlockTimestamp(expiresAt - 1n);
      await (await c.as(accounts[1]!)).approve(proposal);
      expect((await c.membership.proposalState(proposal)).approvals).to.equal(2n);
      await c.networkHelpers.time.increaseTo(expiresAt);
      expect((await c.membership.proposalState(proposal)).open).to.equal(false);
    });

    it('has no state where it is unknown', async () => {
      await expect(c.membership.proposalState(5))
        .to.be.revertedWithCustomError(c.membership, 'MembershipUnknownProposal')
        .withArgs(5);
    });
  });

  describe('what is by vote', () => {
    const calls: [name: string, args: unknown[]][] = [
      ['admit', [newcomer.admission]],
      ['suspend', [ZeroHash, reason]],
      ['resume', [ZeroHash]],
      ['remove', [ZeroHash, reason]],
      ['setRoles', [ZeroHash, 1]],
      ['setThreshold', [1]],
      ['resetTransactionKey', [ZeroHash, stranger(1)]],
    ];
    for (const [name, args] of calls) {
      it(`refuses ${name} from a member of the council`, async () => {
        const signer = await c.account(accounts[0]!);
        await expect(signer.sendTransaction({ to: c.membership, data: c.call(name, args) }))
          .to.be.revertedWithCustomError(c.membership, 'MembershipOnlyByVote')
          .withArgs(accounts[0]);
      });
    }
  });

  describe('the quorum', () => {
    beforeEach(async () => {
      await c.vote('remove', [members[3], reason]);
    });

    it('is not broken by suspending, removing or taking the seat of one too many', async () => {
      for (const [name, args] of [
        ['suspend', [members[2], reason]],
        ['remove', [members[2], reason]],
        ['setRoles', [members[2], Roles.SOURCE]],
      ] as const) {
        await expect(c.vote(name, [...args]))
          .to.be.revertedWithCustomError(c.membership, 'MembershipQuorumBroken')
          .withArgs(2, 3);
      }
      expect(await c.membership.activeCouncil()).to.equal(3n);
    });

    for (const threshold of [0, 4]) {
      it(`is not broken by a threshold of ${threshold} for 3`, async () => {
        await expect(c.vote('setThreshold', [threshold]))
          .to.be.revertedWithCustomError(c.membership, 'MembershipQuorumBroken')
          .withArgs(3, threshold);
      });
    }

    it('has nothing to do with members without a seat, nor with the same roles again', async () => {
      await c.vote('admit', [newcomer.admission]);
      await c.vote('suspend', [newcomer.id, reason]);
      await c.vote('remove', [newcomer.id, reason]);
      await c.vote('setRoles', [members[0], Roles.ALL]);
      expect(await c.membership.activeCouncil()).to.equal(3n);
    });

    it('lets a seat go where enough remain, in any order of leaving', async () => {
      await c.vote('setThreshold', [1]);
      await c.vote('setRoles', [members[0], Roles.SOURCE]);
      await c.vote('suspend', [members[2], reason], [c.bodies[1]!]);
      expect(await c.membership.activeCouncil()).to.equal(1n);
      await c.vote('resume', [members[2]], [c.bodies[1]!]);
      await c.vote('setRoles', [members[0], Roles.COUNCIL], [c.bodies[2]!]);
      expect(await c.membership.activeCouncil()).to.equal(3n);
    });
  });
});

describe('Membership: a full council', () => {
  it('takes no further seat, by admission, resumption or new roles', async () => {
    const c = await consortium(64, 1);
    expect(await c.membership.activeCouncil()).to.equal(await c.membership.MAX_COUNCIL());
    const [first, second] = c.bodies;
    const full = async (name: string, args: unknown[]) =>
      expect(c.vote(name, args)).to.be.revertedWithCustomError(c.membership, 'MembershipCouncilFull').withArgs(64);
    await full('admit', [body(64).admission]);
    const bank = body(65, { roles: Roles.BANK });
    await c.vote('admit', [bank.admission]);
    await full('setRoles', [bank.id, Roles.COUNCIL]);
    await c.vote('suspend', [second!.id, reason]);
    await c.vote('setRoles', [bank.id, Roles.COUNCIL]);
    await full('resume', [second!.id]);
    await c.vote('setRoles', [first!.id, Roles.SOURCE]);
    await c.vote('resume', [second!.id], [c.bodies[2]!]);
    expect(await c.membership.activeCouncil()).to.equal(64n);
  });
});
