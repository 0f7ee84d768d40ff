import { expect } from 'chai';
import type { ConsortiumContracts, EventBody, FollowedBlock } from '../../../node/chain/events.ts';
import { LiveState } from '../../../node/chain/live-state.ts';
import { decodeOrphaned, decodeState, digestState, encodeOrphaned, encodeState } from '../../../node/chain/stored.ts';
import { ChainView } from '../../../node/chain/view.ts';
import { countsAsRecognised, isInForce, type CaseView } from '../../../node/core/case-view.ts';
import { agreementIdOf } from '../../../node/core/recognition.ts';
import { codeOf } from '../../helpers/code-of.ts';
import {
  DAY,
  NOW,
  agreement,
  caseId,
  countersigned,
  dismissed,
  ended,
  enrolled,
  host,
  hostOfficer,
  proposed,
  recognised,
  requested,
  standing,
  stepped,
} from '../../helpers/recognition-events.ts';

const CONTRACTS: ConsortiumContracts = {
  chainId: 1,
  membership: '0x',
  logAnchor: '0x',
  grantRegistry: '0x',
  recognitionRegistry: '0x',
  deployment: '0x',
  block: 0,
};

function block(number: number, bodies: readonly EventBody[] = []): FollowedBlock {
  const place = { block: number, blockHash: '0x', transaction: '0x' } as const;
  const events = bodies.map((body, logIndex) => Object.assign({}, body, place, { logIndex }));
  return { number, hash: '0x', parent: '0x', time: NOW + number, events };
}

describe('recognition in the chain view', () => {
  let live: LiveState;
  beforeEach(() => {
    live = new LiveState();
    live.extend([block(1, standing), block(2, recognised)]);
  });

  const view = () => new ChainView(CONTRACTS, live).recognition;
  const one = (): CaseView => view().case(caseId)!;
  const counts = (time = NOW): boolean => countsAsRecognised(one(), time);
  const inForce = (time = NOW + 10): boolean => isInForce(view().agreement(agreementIdOf(agreement))!, time);
  const isOfficer = (duty = 1, time = NOW + 10): boolean => view().isOfficer(host.id, hostOfficer, duty, time);
  /** What a restart leaves of it. */
  const restart = () => {
    const orphaned = decodeOrphaned(encodeOrphaned(live.narrowings.orphaned));
    const before = digestState(live.final);
    live = new LiveState(decodeState(encodeState(live.final)), orphaned);
    expect(digestState(live.final)).to.equal(before);
  };

  it('what widens counts when it is final', () => {
    expect([one().state, one().final, counts(), inForce(), isOfficer()]).to.deep.equal([
      'recognised',
      'none',
      false,
      false,
      false,
    ]);
    live.finalise(2);
    restart();
    expect([one().final, counts(), inForce(), isOfficer()]).to.deep.equal(['recognised', true, true, true]);
    expect(one().steps.map(({ action }) => action)).to.deep.equal(['request', 'complete', 'examine', 'recognise']);
    expect(counts(one().due)).to.equal(false);
    expect([isOfficer(4), isOfficer(1, NOW + 900 * DAY)]).to.deep.equal([false, false]);
    expect([inForce(agreement.validTo), inForce(-1)]).to.deep.equal([false, false]);
  });

  for (const action of ['invalidate', 'withdraw', 'expire'] as const) {
    it(`${action} counts at first sight, and through a reorganisation`, () => {
      live.finalise(2);
      live.extend([block(3, [stepped(action, 4)])]);
      expect([one().lost, counts()]).to.deep.equal([true, false]);
      live.rollback(2);
      expect([one().state, one().lost, counts()]).to.deep.equal(['recognised', true, false]);
      live.extend([block(3), block(4)]);
      live.finalise(4);
      restart();
      expect(counts()).to.equal(false);
      // What is signed for the state that the chain has says that it was not lost.
      live.extend([block(5, [stepped('mark-stale', 4, { due: one().due })])]);
      expect(one().lost).to.equal(true);
      live.finalise(5);
      expect([one().lost, one().stale]).to.deep.equal([false, true]);
    });
  }

  it('staleness counts at first sight, and until its end is final', () => {
    live.finalise(2);
    const { due } = one();
    live.extend([block(3, [stepped('mark-stale', 4, { due })])]);
    expect(one().stale).to.equal(true);
    live.rollback(2);
    expect(one().stale).to.equal(true);
    live.extend([block(4, [stepped('mark-stale', 4, { due })]), block(5, [stepped('clear-stale', 5, { due })])]);
    expect(one().stale).to.equal(true);
    live.finalise(5);
    expect([one().stale, counts()]).to.deep.equal([false, true]);
  });

  it('an end of the agreement, and of an officer’s tenure, count at first sight', () => {
    live.finalise(2);
    live.extend([block(3, [ended(NOW + 5), dismissed])]);
    expect([inForce(), inForce(NOW + 4), isOfficer()]).to.deep.equal([false, true, false]);
    live.rollback(2);
    restart();
    expect([inForce(), isOfficer()]).to.deep.equal([false, false]);
    live.extend([block(3, [ended(NOW + 50), enrolled()])]);
    live.finalise(3);
    expect([inForce(), inForce(NOW + 50), isOfficer()]).to.deep.equal([true, false, true]);
    live.reset();
    live.extend([block(1, standing), block(2, recognised)]);
    live.finalise(2);
    expect(inForce(NOW + 50)).to.equal(false);
  });

  it('a case is told step by step', () => {
    const two = [requested(), stepped('return', 1), stepped('supplement', 2), stepped('refuse', 3, { late: true })];
    live = new LiveState();
    live.extend([block(1, standing), block(2, two)]);
    const { state, roundsLeft, lateSteps, appealed, since, lost } = one();
    expect([state, roundsLeft, lateSteps, appealed, since, lost]).to.deep.equal([
      'refused',
      0,
      1,
      false,
      NOW + 2,
      true,
    ]);
    live.extend([block(3, [stepped('appeal', 4)]), block(4, [stepped('reschedule', 5)])]);
    expect([one().state, one().appealed, one().since]).to.deep.equal(['appealed', true, NOW + 3]);
    expect(Array.from(view().cases(), ({ id }) => id)).to.deep.equal([caseId]);
    expect(
      view()
        .agreements()
        .map(({ edition }) => edition),
    ).to.deep.equal([1]);
  });

  it('events that contradict each other are of a chain that is wrong', () => {
    for (const body of [countersigned(1, { noticeDays: 1 }), ended(1), requested(), stepped('complete', 1)]) {
      expect(codeOf(() => new LiveState().extend([block(1, [body])]))).to.equal('CHAIN_WRONG');
    }
    new LiveState().extend([block(1, [proposed()])]);
  });
});
