// The whole scenario of `npm start -- --once`, on four validators, each agency's node at another one.
import { expect } from 'chai';
import { publishAndProve, sampleFiles } from '../../scripts/sandbox/scenario.ts';
import { startNetworkConsortium, type NetworkConsortium } from '../helpers/network/consortium-on-validators.ts';

describe('publishing on four validators', () => {
  let consortium: NetworkConsortium;
  before(async () => {
    consortium = await startNetworkConsortium({ players: ['regulator', 'dafeng', 'shanghai', 'tax'] });
  });
  after(() => (consortium as NetworkConsortium | undefined)?.stop());

  it('makes every record of the sample final, and proves one offline', async () => {
    const { data } = consortium;
    const outcome = await publishAndProve(consortium, { data, files: await sampleFiles(data), say: () => {} });
    expect(outcome).to.include({ published: 1_000, rejected: 0, final: 1_000, proved: true });
    expect(outcome.checkpoints).to.be.at.least(1);
  });
});
