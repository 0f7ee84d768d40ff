// The whole scenario of `npm start -- --once`, on four validators, each agency's node at another one.
import { expect } from 'chai';
import { auditTwice } from '../../scripts/sandbox/audit.ts';
import { play } from '../../scripts/sandbox/play.ts';
import { sampleFiles } from '../../scripts/sandbox/scenario.ts';
import { startNetworkConsortium, type NetworkConsortium } from '../helpers/network/consortium-on-validators.ts';

const AGENCIES = ['regulator', 'dafeng', 'shanghai', 'tax'];

describe('the scenario on four validators', () => {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  let consortium: NetworkConsortium;
  before(async () => {
    consortium = await startNetworkConsortium({ players: [...AGENCIES, 'bank', 'auditor'] });
  });
  after(() => (consortium as NetworkConsortium | undefined)?.stop());

  it('goes as it does on the chain of the sandbox, and two auditors say the same of it', async () => {
    const { data } = consortium;
    const { ok, told } = await play(consortium, { data, files: await sampleFiles(data), say });
    expect(ok, said.join('\n')).to.equal(true);
    expect(told).to.include({
      published: 1_000,
      rejected: 0,
      final: 1_000,
      grants: 3,
      queries: 2,
      refusals: 2,
      objections: 1,
      repairs: 1,
      commitments: 1,
    });
    expect(told.recognition).to.include({ cases: 3, recognised: 2, refused: 1, returned: 1, invalidated: 1 });
    expect(told.checkpoints).to.be.at.least(1);
    expect(told.events).to.be.at.least(2);
    const audit = await auditTwice(data, say);
    expect(audit, said.join('\n')).to.include({ ok: true, anomalies: 0 });
  });
});
