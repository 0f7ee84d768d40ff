import { expect } from 'chai';
import { toHex, utf8, type Hex } from '../../../node/core/bytes.ts';
import type { GrantState, GrantTerms } from '../../../node/core/consortium.ts';
import { grantHashOf, parseMemberId } from '../../../node/core/ids.ts';
import type { ConsortiumContracts, EventBody, FollowedBlock } from '../../../node/chain/events.ts';
import { GRANT_KEPT_DAYS } from '../../../node/chain/grants.ts';
import { LiveState } from '../../../node/chain/live-state.ts';
import { decodeOrphaned, decodeState, encodeOrphaned, encodeState } from '../../../node/chain/stored.ts';
import { ChainView } from '../../../node/chain/view.ts';
import { codeOf } from '../../helpers/code-of.ts';

const DAY = 86_400;
const TODAY = 20_000;
const MEMBER = parseMemberId(`0x${'c3'.repeat(32)}`);
const REASON: Hex = `0x${'00'.repeat(32)}`;
const QUERY: Hex = `0x${'44'.repeat(32)}`;
const contracts = {
  membership: '0x',
  logAnchor: '0x',
  grantRegistry: '0x',
  recognitionRegistry: '0x',
  deployment: '0x',
} as const;
const CONTRACTS: ConsortiumContracts = { ...contracts, chainId: 1, block: 0 };

const terms: GrantTerms = {
  artefact: `0x${'55'.repeat(32)}`,
  key: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
  grantee: MEMBER,
  validFrom: 0,
  // The last second of a day.
  validTo: (TODAY + 1) * DAY - 1,
  uses: 2,
};
const grant = grantHashOf(terms);

const registered: EventBody = { type: 'GrantRegistered', grant, terms };
const withdrawn: EventBody = { type: 'GrantWithdrawn', grant, reason: REASON };
const suspended: EventBody = { type: 'GrantSuspended', grant, by: MEMBER, reason: REASON };
const resumed: EventBody = { type: 'GrantResumed', grant, by: MEMBER };
const consumed: EventBody = { type: 'GrantConsumed', grant, queryId: QUERY, usesLeft: 1 };

/** A block a second, so that time tells where a block stands; `days` later where one is said. */
function block(number: number, bodies: EventBody[] = [], days = 0): FollowedBlock {
  const place = { block: number, blockHash: '0x', transaction: '0x' } as const;
  const events = bodies.map((body, logIndex) => Object.assign({}, body, place, { logIndex }));
  return { number, hash: '0x', parent: '0x', time: (TODAY + days) * DAY + number, events };
}

describe('grants in the chain view', () => {
  let live: LiveState;
  beforeEach(() => (live = new LiveState()));

  const view = (): ChainView => new ChainView(CONTRACTS, live);
  const seen = (): GrantState | undefined => view().grant(grant);
  /** The note of what was taken back, as it is kept. */
  const kept = () => decodeOrphaned(encodeOrphaned(live.narrowings.orphaned)).grants;

  it('are not known before the chain tells of them', () => {
    live.extend([block(1)]);
    expect(seen()).to.equal(undefined);
    expect(view().consumption(grant, QUERY)).to.equal(undefined);
  });

  it('count as registered and consumed when that is final', () => {
    live.extend([block(1, [registered]), block(2, [consumed])]);
    const state = { hash: grant, terms, registered: 1, usesLeft: 1, withdrawn: false, suspended: false };
    expect(seen()).to.deep.equal({ ...state, registeredFinal: false });
    live.finalise(1);
    expect(seen()).to.deep.equal({ ...state, registeredFinal: true });
    expect(view().consumption(grant, QUERY)).to.deep.equal({ block: 2, final: false });
    live.finalise(2);
    expect(view().consumption(grant, QUERY)).to.deep.equal({ block: 2, final: true });
    expect(view().consumption(grant, REASON)).to.equal(undefined);
  });

  it('lose a registration and a use that a reorganisation took back', () => {
    live.extend([block(1, [registered]), block(2, [consumed])]);
    live.rollback(1);
    expect(seen()).to.include({ usesLeft: 2, registered: 1 });
    expect(view().consumption(grant, QUERY)).to.equal(undefined);
    live.rollback(0);
    expect(seen()).to.equal(undefined);
  });

  it('are withdrawn at first sight, for good, whatever becomes of the block', () => {
    live.extend([block(1, [registered])]);
    live.finalise(1);
    live.extend([block(2, [withdrawn])]);
    expect(seen()).to.include({ withdrawn: true });
    live.rollback(1);
    expect(seen()).to.include({ withdrawn: true, registeredFinal: true });
    live.extend([block(2), block(3)]);
    live.finalise(3);
    expect(seen()).to.include({ withdrawn: true });
    live = new LiveState(decodeState(encodeState(live.final)), { members: [], grants: kept(), recognition: [] });
    expect(seen()).to.include({ withdrawn: true });
  });

  it('are withdrawn by a block that was taken back also if they are registered later', () => {
    live.extend([block(1, [withdrawn])]);
    live.rollback(0);
    expect(seen()).to.deep.equal({
      hash: grant,
      registeredFinal: false,
      usesLeft: 0,
      withdrawn: true,
      suspended: false,
    });
    // Suspended and resumed in between, so that what the chain told of it is forgotten before it is registered.
    live.extend([block(1, [suspended]), block(2, [resumed])]);
    const later = { ...terms, validTo: (TODAY + 99) * DAY };
    live.extend([block(3, [], GRANT_KEPT_DAYS + 2), block(4, [{ type: 'GrantRegistered', grant, terms: later }], 50)]);
    live.finalise(4);
    expect(seen()).to.include({ withdrawn: true, registeredFinal: true });
  });

  it('are suspended at first sight, until a resumption is final', () => {
    live.extend([block(1, [registered, suspended])]);
    expect(seen()).to.include({ suspended: true });
    live.finalise(1);
    live.extend([block(2, [resumed])]);
    expect(seen()).to.include({ suspended: true });
    live.finalise(2);
    expect(seen()).to.include({ suspended: false });
    live.extend([block(3, [suspended]), block(4, [resumed])]);
    expect(seen()).to.include({ suspended: true });
    live.finalise(4);
    expect(seen()).to.include({ suspended: false });
  });

  it('stay suspended by a block that was taken back, until a final one above it decides', () => {
    live.extend([block(1, [registered]), block(2), block(3, [suspended])]);
    live.rollback(2);
    // A lower branch goes too: what decides must be above the highest.
    live.rollback(1);
    live.extend([block(2, [suspended, resumed])]);
    live.finalise(2);
    expect(seen()).to.include({ suspended: true });
    expect(kept()).to.deep.equal([{ grant, withdrawn: false, suspendedAbove: 2 }]);
    live.extend([block(3, [suspended])]);
    live.finalise(3);
    expect(seen()).to.include({ suspended: true });
    expect(kept()).to.deep.equal([]);
    live.extend([block(4, [resumed])]);
    live.finalise(4);
    expect(seen()).to.include({ suspended: false });
  });

  it('stay suspended above the highest of several reorganisations', () => {
    live.extend([block(1, [registered]), block(2), block(3), block(4, [suspended])]);
    live.rollback(3);
    live.extend([block(4, [suspended])]);
    live.rollback(1);
    live.extend([block(2, [suspended]), block(3, [resumed])]);
    live.finalise(3);
    expect(seen()).to.include({ suspended: true });
    live.extend([block(4, [suspended]), block(5, [resumed])]);
    live.finalise(5);
    expect(seen()).to.include({ suspended: false });
  });

  it('keep what they had lost when the whole chain is taken back', () => {
    live.extend([block(1, [registered, suspended]), block(2, [withdrawn])]);
    live.finalise(2);
    live.reset();
    expect(seen()).to.include({ withdrawn: true, suspended: true, registeredFinal: false });
    expect(kept()).to.deep.equal([{ grant, withdrawn: true, suspendedAbove: 2 }]);
    live.extend([block(1, [registered]), block(2, [withdrawn])]);
    live.finalise(2);
    expect(kept()).to.deep.equal([]);
    expect(seen()).to.include({ withdrawn: true });
  });

  it('contradict nobody: a use of a grant that is not registered shows that events are missing', () => {
    expect(codeOf(() => live.extend([block(1, [consumed])]))).to.equal('CHAIN_WRONG');
  });

  describe('are forgotten', () => {
    it('so many days after the day of their end, with the queries that used them', () => {
      live.extend([block(1, [registered, consumed]), block(2, [], GRANT_KEPT_DAYS)]);
      expect(seen()).to.include({ registered: 1 });
      expect(view().consumption(grant, QUERY)).to.include({ block: 1 });
      live.extend([block(3, [], GRANT_KEPT_DAYS + 1)]);
      expect(seen()).to.equal(undefined);
      expect(view().consumption(grant, QUERY)).to.equal(undefined);
      live.finalise(3);
      expect([live.head.grants.size, live.final.grants.size]).to.deep.equal([0, 0]);
    });

    it('with the note of what was taken back, once their end is final', () => {
      live.extend([block(1, [registered])]);
      live.finalise(1);
      live.extend([block(2, [withdrawn])]);
      live.rollback(1);
      live.extend([block(2, [], GRANT_KEPT_DAYS + 1)]);
      expect(seen()).to.include({ withdrawn: true });
      live.finalise(2);
      expect(kept()).to.deep.equal([]);
      expect(seen()).to.equal(undefined);
    });

    it('where they were withdrawn before they were registered: they never can be', () => {
      live.extend([block(1, [withdrawn]), block(2, [], GRANT_KEPT_DAYS)]);
      expect(seen()).to.include({ withdrawn: true });
      live.extend([block(3, [], GRANT_KEPT_DAYS + 1)]);
      expect(seen()).to.equal(undefined);
    });

    it('never while they are suspended and not registered, whatever was before', () => {
      live.extend([block(1, [suspended]), block(2, [resumed]), block(3, [suspended]), block(4, [], 1_000)]);
      expect(seen()).to.include({ suspended: true });
      const later = { ...terms, validTo: (TODAY + 2_000) * DAY };
      live.extend([block(5, [{ type: 'GrantRegistered', grant, terms: later }], 1_001)]);
      expect(seen()).to.include({ suspended: true, registered: 5 });
      live.extend([block(6, [], 2_000 + GRANT_KEPT_DAYS + 1)]);
      expect(seen()).to.equal(undefined);
    });

    it('and then old news of them does no harm', () => {
      live.extend([block(1, [registered, suspended]), block(2, [resumed], GRANT_KEPT_DAYS + 1)]);
      expect(seen()).to.equal(undefined);
      live.extend([block(3, [withdrawn], GRANT_KEPT_DAYS + 1)]);
      expect(seen()).to.include({ withdrawn: true, registeredFinal: false });
      live.extend([block(4, [], 2 * (GRANT_KEPT_DAYS + 1))]);
      expect(seen()).to.equal(undefined);
    });
  });

  describe('are kept', () => {
    it('beside a note of an earlier version, which had members alone', () => {
      const members = [{ member: MEMBER, aspect: 'standing', kept: [], above: 7 }];
      const old = utf8(JSON.stringify({ version: 1, value: members }));
      expect(decodeOrphaned(old)).to.deep.equal({ members, grants: [], recognition: [] });
      expect(codeOf(() => decodeState(old))).to.equal('STORE_CORRUPT');
    });

    it('in a form that is refused where it is broken', () => {
      live.extend([block(1, [registered])]);
      live.finalise(1);
      const text = Buffer.from(encodeState(live.final)).toString();
      expect(decodeState(utf8(text)).grants.get(grant)?.terms).to.deep.equal(terms);
      for (const broken of [
        text.slice(1),
        text.replace('"[', '"'),
        text.replace('"version":3', '"version":4'),
        'null',
      ]) {
        expect(codeOf(() => decodeState(utf8(broken)))).to.equal('STORE_CORRUPT');
      }
    });

    it('in a form that is quick to write and to read: a text each', () => {
      live.extend([block(1, [registered, consumed])]);
      expect(live.head.grants.lines()).to.deep.equal([
        JSON.stringify([
          grant,
          { usesLeft: 1, withdrawn: false, suspended: false, terms, registered: 1, due: TODAY + GRANT_KEPT_DAYS + 1 },
          [[QUERY, 1]],
        ]),
      ]);
      expect(toHex(encodeState(decodeState(encodeState(live.head))))).to.equal(toHex(encodeState(live.head)));
    });
  });
});
