import { globalOptions } from 'hardhat';
import { expect } from 'chai';
import { consortium } from './helpers/consortium.ts';
import { CheckpointMeter, dearestPair, rivals } from './helpers/checkpoint-gas.ts';

describe('gas of a checkpoint', () => {
  let meter: CheckpointMeter;

  before(async function () {
    // Coverage puts instructions of its own between those that are measured.
    if (globalOptions.coverage) this.skip();
    meter = await CheckpointMeter.create(await consortium());
  });

  for (const [k, most] of [
    [20, 75_000],
    [40, 105_000],
  ] as const) {
    it(`is at most ${most} up to 2^${k} leaves`, async () => {
      expect(await meter.step(...dearestPair(k))).to.be.at.most(most);
    });
  }

  it('is highest where it is said to be', async () => {
    for (const k of [2, 3, 4]) {
      const dearest = await meter.step(...dearestPair(k));
      for (let n = 2n; n <= 2n ** BigInt(k); n++) {
        for (let m = 1n; m < n; m++) expect(await meter.step(m, n), `${m} to ${n}`).to.be.at.most(dearest);
      }
    }
    for (const k of [20, 40]) {
      const dearest = await meter.step(...dearestPair(k));
      for (const [m, n] of rivals(k, 4)) expect(await meter.step(m, n), `${m} to ${n}`).to.be.at.most(dearest);
    }
  });
});
