// What recognition costs: gas of whole transactions in the worst case, with four eyes and every slot cold.
import type { ContractTransactionResponse } from 'ethers';
import { CASE_ACTIONS, type CaseAction, type CaseState } from '../../../node/core/case-authority.ts';
import { agreementIdOf, type AgreementTerms } from '../../../node/core/recognition.ts';
import { walletOf } from './consortium.ts';
import { FAR, Recognition, dafeng, shanghai } from './recognition.ts';

/** The state in which each action is measured: the one in which it asks most. */
const FROM: Record<CaseAction, CaseState> = {
  request: 'none',
  complete: 'requested',
  examine: 'complete',
  return: 'examining',
  supplement: 'returned',
  recognise: 'examining',
  refuse: 'appealed',
  appeal: 'refused',
  invalidate: 'recognised',
  'mark-stale': 'examining',
  'clear-stale': 'examining',
  withdraw: 'examining',
  expire: 'recognised',
  lapse: 'returned',
  reschedule: 'examining',
};

/** Gas of each step, by name. */
export async function recognitionGas(): Promise<Record<string, number>> {
  const sides = await Recognition.create();
  const gas: Record<string, number> = {};
  const first = await sides.terms();
  gas['propose'] = await gasOf((await sides.as(dafeng)).propose(first));
  gas['countersign'] = await gasOf((await sides.as(shanghai)).countersign(first));
  const second = await sides.terms({ previous: agreementIdOf(first) });
  await (await sides.as(dafeng)).propose(second);
  gas['replace'] = await gasOf((await sides.as(shanghai)).countersign(second));
  gas['enrol'] = await gasOf(sides.enrol(dafeng, walletOf('a new officer'), 3, FAR));
  for (const action of CASE_ACTIONS) gas[action] = await stepGas(sides, second, action);
  gas['notice'] = await gasOf((await sides.as(dafeng)).giveNotice(second, agreementIdOf(second)));
  return gas;
}

async function stepGas(sides: Recognition, agreement: AgreementTerms, action: CaseAction): Promise<number> {
  const one = await sides.caseOf(agreement, `gas of ${action}`).to(FROM[action]);
  if (action === 'clear-stale') await one.act({ action: 'mark-stale' });
  if (action === 'expire' || action === 'lapse') {
    await sides.c.networkHelpers.time.increaseTo(Number((await one.record()).due) + 1);
  }
  return gasOf(one.act({ action }));
}

async function gasOf(transaction: Promise<ContractTransactionResponse>): Promise<number> {
  return Number((await (await transaction).wait())!.gasUsed);
}
