import { expect } from 'chai';
import {
  AUTHORITY,
  CASE_ACTIONS,
  CASE_ROLES,
  CASE_STATES,
  CLOCKS,
  SECONDS,
  type CaseAction,
} from '../../node/core/case-authority.ts';
import { Recognition, encode } from './helpers/recognition.ts';
import type { Case } from './helpers/recognition.ts';

/** What an action that is allowed in a state still waits for, where the case is fresh. */
const CONDITION: Partial<Record<CaseAction, string>> = {
  'clear-stale': 'RecognitionStaleness',
  expire: 'RecognitionNotYet',
  lapse: 'RecognitionNotYet',
};

describe('RecognitionRegistry: the table of authority', () => {
  let sides: Recognition;
  const cases: Case[] = [];

  before(async () => {
    sides = await Recognition.create();
    const agreement = await sides.agree(await sides.terms());
    // States that take time to reach come first, so that nothing is late in the others.
    const inOrder = [...CASE_STATES].sort((a, b) => Number(isSlow(b)) - Number(isSlow(a)));
    for (const state of inOrder) cases[CASE_STATES.indexOf(state)] = await sides.caseOf(agreement, state).to(state);
  });

  const isSlow = (state: string): boolean => state === 'expired' || state === 'lapsed';

  for (const action of CASE_ACTIONS) {
    it(`${action}: is the same in the contract`, async () => {
      const { from, by, to = 'none', second, clock, answers } = AUTHORITY[action];
      const bits = (all: readonly string[], some: readonly string[]): bigint =>
        some.reduce((set, one) => set | (1n << BigInt(all.indexOf(one))), 0n);
      const got = await sides.c.recognition.authorityOf(CASE_ACTIONS.indexOf(action));
      expect([got.states, got.roles, got.to, got.second, got.clock, got.answers]).to.deep.equal([
        bits(CASE_STATES, from),
        bits(CASE_ROLES, by),
        BigInt(CASE_STATES.indexOf(to)),
        BigInt(SECONDS.indexOf(second)),
        BigInt(CLOCKS.indexOf(clock)),
        answers,
      ]);
    });

    for (const state of CASE_STATES) {
      it(`${action} in ${state}: for whom the table says, and for nobody else`, async () => {
        const one = cases[CASE_STATES.indexOf(state)]!;
        const { from, by } = AUTHORITY[action];
        for (const role of CASE_ROLES) {
          const step = await one.step({ action, role });
          const contract = await one.contract(role);
          const signatures = one.sign(step);
          const call =
            action === 'request' && role === 'home-node'
              ? contract.request.staticCall(one.terms, step.document, step.due)
              : contract.act.staticCall(one.terms, encode(step), ...signatures);
          // There is no step to a case that is not there: it is requested.
          const wanted =
            !from.includes(state) || (state === 'none' && role !== 'home-node')
              ? 'RecognitionWrongState'
              : !by.includes(role)
                ? 'RecognitionWrongRole'
                : CONDITION[action];
          if (wanted === undefined) await call;
          else await expect(call, role).to.be.revertedWithCustomError(contract, wanted);
        }
      });
    }
  }
});
