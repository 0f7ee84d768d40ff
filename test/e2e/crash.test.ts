// Processes die, and nothing that was acknowledged is lost or doubled.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { toBase64Url } from '../../node/core/bytes.ts';
import type { Counts, RowOutcome } from '../../node/core/messages/publish.ts';
import { sampleFile } from '../../scripts/generate.ts';
import {
  lastJson,
  nodeInfo,
  readLog,
  startConsortium,
  until,
  xinlian,
  type TestConsortium,
} from '../helpers/consortium.ts';

const KILLS = 20;
const ROWS = 6_000;

describe('a node that is killed', () => {
  let consortium: TestConsortium;
  before(async () => {
    consortium = await startConsortium(['dafeng', 'regulator']);
  });
  after(() => (consortium as TestConsortium | undefined)?.stop());

  it(`has every acknowledged record in its log, once, after ${KILLS} kill −9 during publishing`, async () => {
    const file = join(consortium.data, 'rows.csv');
    await writeFile(file, [...sampleFile({ rows: ROWS, seed: 11, item: 'cf', format: 'csv' })].join(''));
    const list = join(consortium.data, 'outcomes.ndjson');
    const node = consortium.nodes.get('regulator');
    let killed = 0;
    // Killed at random moments: while it starts, while it writes, while it signs.
    const killer = (async () => {
      while (killed < KILLS) {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 700));
        const { pid } = node ?? {};
        if (pid === undefined || !kill(pid)) continue;
        killed++;
        await until(async () => node?.pid !== pid);
        if (killed % 3 === 0) await until(async () => (await nodeInfo(consortium, 'regulator')).logs.length > 0);
      }
    })();
    // The file is sent again and again, until one sending ran to its end behind the last kill.
    let result = await publish(file, list);
    while (killed < KILLS) result = await publish(file, list);
    await killer;
    result = await publish(file, list);
    expect(result.code, result.stderr).to.equal(0);
    const counts = lastJson(result) as Counts;
    expect(counts).to.include({ rows: ROWS, rejected: 0 });

    const outcomes = (await readFile(list, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as RowOutcome);
    const size = Math.max(...outcomes.map(({ position }) => position ?? 0)) + 1;
    await until(async () => ((await nodeInfo(consortium, 'regulator')).logs[0]?.signed ?? 0) >= size);
    const entries = await readLog(consortium, 'regulator');
    const published = entries.filter((entry) => entry.kind === 'publish');
    expect(published).to.have.length(ROWS);
    expect(new Set(published.map(({ commitment }) => toBase64Url(commitment))).size).to.equal(ROWS);
    expect(new Set(outcomes.map(({ position }) => position)).size).to.equal(ROWS);
    for (const { position } of outcomes) expect(entries[position ?? -1]?.kind).to.equal('publish');
  });

  it('closes a log that was lost on the chain when it is told to, and goes on with its successor', async () => {
    const node = consortium.nodes.get('regulator');
    const file = join(consortium.data, 'again.csv');
    const list = join(consortium.data, 'again.ndjson');
    await writeFile(file, [...sampleFile({ rows: 100, seed: 12, item: 'cf', format: 'csv' })].join(''));
    await publish(file, list);
    await until(async () => ((await nodeInfo(consortium, 'regulator')).logs[0]?.final ?? 0) > 0);
    const lost = (await nodeInfo(consortium, 'regulator')).logs[0]?.log;
    await node?.stop();
    await rm(join(consortium.data, 'nodes', 'regulator'), { recursive: true });
    await node?.start();
    const waiting = async () => (await fetch(`${consortium.nodeUrl('regulator')}/healthz/ready`)).text();
    await until(async () => (await waiting()).includes(`entries of log ${lost}`));

    const told = ['member', 'replace-log', '--yes', '--profile', consortium.profile('regulator')];
    const { code, stdout, stderr } = await xinlian(...told);
    expect(code, stderr).to.equal(0);
    await until(async () => (await nodeInfo(consortium, 'regulator')).logs[0]?.log === stdout.trim());
    expect(lastJson(await publish(file, list))).to.include({ published: 100 });
    await until(async () => ((await nodeInfo(consortium, 'regulator')).logs[0]?.final ?? 0) >= 100);
    const logs = (await xinlian('logs', '--json', '--profile', consortium.profile('regulator'))).stdout;
    const views = logs.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>); // prettier-ignore
    expect(views.find(({ log }) => log === lost)).to.include({ closed: true, successor: stdout.trim() });
  });

  async function publish(file: string, list: string) {
    return xinlian(
      'publish',
      file,
      '--json',
      '--no-wait',
      '--outcomes',
      list,
      '--profile',
      consortium.profile('regulator'),
    );
  }
});

describe('a chain that is down for 30 seconds', () => {
  let consortium: TestConsortium;
  before(async () => {
    consortium = await startConsortium(['dafeng', 'regulator']);
  });
  after(() => (consortium as TestConsortium | undefined)?.stop());

  it('blocks no publisher and loses nothing', async () => {
    await consortium.chain.stop();
    const down = Date.now();
    let sent = 0;
    for (let seed = 100; Date.now() - down < 30_000; seed++) {
      const file = join(consortium.data, `rows-${seed}.csv`);
      await writeFile(file, [...sampleFile({ rows: 300, seed, item: 'xk', format: 'csv' })].join(''));
      const result = await xinlian(
        'publish',
        file,
        '--json',
        '--no-wait',
        '--profile',
        consortium.profile('regulator'),
      );
      expect(result.code, result.stderr).to.equal(0);
      expect(lastJson(result)).to.include({ published: 300 });
      sent += 300;
    }
    expect(sent, 'one file after the other, none of them held up').to.be.at.least(5 * 300);
    const log = (await nodeInfo(consortium, 'regulator')).logs[0];
    expect(log?.size).to.be.at.least(sent);
    expect(log?.anchored).to.equal(0);
    await consortium.chain.start();
    await until(async () => ((await nodeInfo(consortium, 'regulator')).logs[0]?.final ?? 0) >= sent);
    const published = (await readLog(consortium, 'regulator')).filter(({ kind }) => kind === 'publish');
    expect(published).to.have.length(sent);
  });
});

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already.
    return false;
  }
}
