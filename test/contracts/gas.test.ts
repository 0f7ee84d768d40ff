import { globalOptions } from 'hardhat';
import { expect } from 'chai';
import { consortium } from './helpers/consortium.ts';
import { CheckpointMeter, dearestPair, rivals } from './helpers/checkpoint-gas.ts';
import { GrantMeter } from './helpers/grant-gas.ts';
import { grantConsortium } from './helpers/grants.ts';
import { recognitionGas } from './helpers/recognition-gas.ts';

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

describe('gas of a grant, at worst', () => {
  let meter: GrantMeter;

  before(async function () {
    if (globalOptions.coverage) this.skip();
    meter = await GrantMeter.create(await grantConsortium());
  });

  for (const [act, most] of [
    ['register', 57_000],
    ['withdraw', 53_000],
    ['consume', 38_000],
    ['consumeFor', 43_000],
    ['consumeLater', 60_000],
    ['consumeForLater', 65_000],
  ] as const) {
    it(`is at most ${most} to ${act}`, async () => {
      expect(await meter.single(act)).to.be.at.most(most);
    });
  }

  for (const [batch, most] of [
    ['registerBatch', 2_450_000],
    ['withdrawBatch', 2_200_000],
    ['consumeBatch', 2_800_000],
  ] as const) {
    it(`is at most ${most} for the largest ${batch}: less than a tenth of a block`, async () => {
      expect(await meter.batch(batch, 64)).to.be.at.most(most);
    });
  }
});

describe('gas of recognition, at worst', () => {
  it('is at most 70,000 a step', async function () {
    if (globalOptions.coverage) this.skip();
    for (const [act, gas] of Object.entries(await recognitionGas())) expect(gas, act).to.be.at.most(70_000);
  });
});
