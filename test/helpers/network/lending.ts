// A bank that reads tax records of an enterprise under its grants, over real processes.
import { expect } from 'chai';
import type { Grantee, QueryOutcome } from '../../../gateway/client/grantee.ts';
import { player, Programs, taxRows, type Identified, type Made } from '../../../scripts/sandbox/programs.ts';
import { until } from '../consortium.ts';
import type { NetworkConsortium } from './consortium-on-validators.ts';

const ROWS = 5;

export interface Lending {
  programs: Programs;
  enterprise: Identified;
  bank: Grantee;
  /** A grant, registered and final. */
  granted: (change?: Parameters<Programs['consented']>[1]) => Promise<Made>;
  /** Of each provider: `answered`, the reason of a refusal, or what kept it from answering. */
  asked: (grant: Made, providers: readonly string[]) => Promise<string[]>;
}

/** The players publish what the bank may then read: it has read from each when this resolves. */
export async function startLending(consortium: NetworkConsortium, sources: readonly string[]): Promise<Lending> {
  const programs = await Programs.open(consortium, consortium.data);
  for (const key of sources) {
    const { sealed } = await programs.program(key);
    const rows = taxRows(ROWS, player(key));
    for await (const line of sealed.publish(rows, { item: 'tax-payment', submission: `network-${key}-0001` }))
      expect(line.type).to.not.equal('row');
  }
  const bank = await programs.bank();
  const enterprise = await programs.identified();
  const granted: Lending['granted'] = async (change) => {
    const made = await programs.consented(enterprise, change);
    await programs.register([made]);
    return made;
  };
  const asked: Lending['asked'] = async ({ document }, providers) =>
    outcomesOf(await bank.ask({ grant: document, providers }));
  const first = await granted();
  const providers = sources.map((key) => player(key).id);
  await until(async () => (await asked(first, providers)).every((one) => one === 'answered'));
  return { programs, enterprise, bank, granted, asked };
}

export function outcomesOf({ providers }: QueryOutcome): string[] {
  return providers.map((one) => ('answer' in one ? (one.answer.body.reason ?? 'answered') : one.outcome));
}
