// The whole scenario of `npm start -- --once`, on four validators, each agency's node at another one.
import { expect } from 'chai';
import { authoriseAndQuery } from '../../scripts/sandbox/authorised.ts';
import { publishAndProve, sampleFiles } from '../../scripts/sandbox/scenario.ts';
import { startNetworkConsortium, type NetworkConsortium } from '../helpers/network/consortium-on-validators.ts';

const say = (): void => {};

describe('the scenario on four validators', () => {
  let consortium: NetworkConsortium;
  before(async () => {
    consortium = await startNetworkConsortium({ players: ['regulator', 'dafeng', 'shanghai', 'tax', 'bank'] });
  });
  after(() => (consortium as NetworkConsortium | undefined)?.stop());

  it('makes every record of the sample final, and proves one offline', async () => {
    const { data } = consortium;
    const outcome = await publishAndProve(consortium, { data, files: await sampleFiles(data), say });
    expect(outcome).to.include({ published: 1_000, rejected: 0, final: 1_000, proved: true });
    expect(outcome.checkpoints).to.be.at.least(1);
  });

  it('lets a bank read under a grant, once under one that is for once, and no more after the withdrawal', async () => {
    const { data } = consortium;
    expect(await authoriseAndQuery(consortium, { data, say })).to.deep.equal({
      grants: 3,
      queries: 2,
      refusals: 2,
      ok: true,
    });
  });
});
