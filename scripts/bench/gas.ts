// What the contracts cost, in gas of whole transactions, on an in-process chain with hardfork london.
import { body, consortium } from '../../test/contracts/helpers/consortium.ts';
import type { Consortium } from '../../test/contracts/helpers/consortium.ts';
import { CheckpointMeter, dearestPair, rivals } from '../../test/contracts/helpers/checkpoint-gas.ts';
import { GRANT_ACTS, GrantMeter } from '../../test/contracts/helpers/grant-gas.ts';
import { grantConsortium } from '../../test/contracts/helpers/grants.ts';
import { recognitionGas } from '../../test/contracts/helpers/recognition-gas.ts';

/** Every pair of sizes up to 2^SMALL is measured, to see that the dearest is where `dearestPair` says. */
const SMALL = 5;
const MADE_UP_SIZES = 12;

export async function run(): Promise<Record<string, unknown>> {
  const c = await consortium(5, 3);
  const meter = await CheckpointMeter.create(c);
  await searchAll(meter);
  return {
    hardfork: 'london',
    checkpointMax2to20: await dearest(meter, 20),
    checkpointMax2to40: await dearest(meter, 40),
    checkpointFirst: await meter.first(1_000_000n),
    checkpointTypical: await meter.step(1_000_000n, 1_005_800n),
    ...(await governance(c)),
    ...(await grants()),
    ...(await recognition()),
  };
}

async function searchAll(meter: CheckpointMeter): Promise<void> {
  const [wantedM, wantedN] = dearestPair(SMALL);
  let most = { gas: 0, m: 0n, n: 0n };
  for (let n = 2n; n <= 2n ** BigInt(SMALL); n++) {
    for (let m = 1n; m < n; m++) {
      const gas = await meter.step(m, n);
      if (gas > most.gas) most = { gas, m, n };
    }
  }
  say(`of all pairs up to 2^${SMALL} leaves, ${most.m} to ${most.n} costs most: ${most.gas}`);
  if (most.m !== wantedM || most.n !== wantedN) throw new Error(`wanted ${wantedM} to ${wantedN} to cost most`);
}

async function dearest(meter: CheckpointMeter, k: number): Promise<number> {
  const most = await meter.step(...dearestPair(k));
  const others = rivals(k, MADE_UP_SIZES);
  for (const [m, n] of others) {
    const gas = await meter.step(m, n);
    if (gas > most) throw new Error(`wanted at most ${most} gas up to 2^${k} leaves, got ${gas} from ${m} to ${n}`);
  }
  say(`up to 2^${k} leaves: ${most}, and none of ${others.length} other pairs costs more`);
  return most;
}

/** `propose` and `approve` are those of an admission with all keys; `admit` is the approval that runs it. */
async function governance(c: Consortium): Promise<Record<string, number>> {
  const [first, second, third] = await Promise.all(c.bodies.map(({ wallet }) => c.as(wallet.address)));
  const proposed = await first!.propose(c.call('admit', [body(20).admission]));
  const proposal = await c.proposalOf(proposed);
  const approved = await second!.approve(proposal);
  const admitted = await third!.approve(proposal);
  const anchors = await c.anchorsAs(c.bodies[0]!.wallet.address);
  const registered = await anchors.registerLog(`0x${'5c'.repeat(32)}`);
  const costs: Record<string, number> = {};
  for (const [name, transaction] of Object.entries({
    registerLog: registered,
    propose: proposed,
    approve: approved,
    admit: admitted,
  })) {
    costs[name] = Number((await transaction.wait())!.gasUsed);
    say(`${name}: ${costs[name]}`);
  }
  return costs;
}

/** Each in the worst case, see `GrantMeter`: `grantRegister`, `grantWithdraw`, `grantConsume`, `grantConsumeForLater` … */
async function grants(): Promise<Record<string, number>> {
  const meter = await GrantMeter.create(await grantConsortium());
  const costs: Record<string, number> = {};
  for (const act of GRANT_ACTS) {
    const name = `grant${act.charAt(0).toUpperCase()}${act.slice(1)}`;
    costs[name] = await meter.single(act);
    say(`${name}: ${costs[name]}`);
  }
  return costs;
}

/** Each step with four eyes and every slot cold: `recognitionPropose`, `recognitionRequest` … */
async function recognition(): Promise<Record<string, number>> {
  const costs: Record<string, number> = {};
  for (const [act, gas] of Object.entries(await recognitionGas())) {
    const name = `recognition${act.replace(/(?:^|-)(.)/g, (_, letter: string) => letter.toUpperCase())}`;
    costs[name] = gas;
    say(`${name}: ${gas}`);
  }
  return costs;
}

function say(text: string): void {
  process.stderr.write(`[gas] ${text}\n`);
}
