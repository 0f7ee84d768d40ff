// Reports over real nodes: 200 records of one enterprise at an agency with a node of its own, proved, verified, signed and
// logged by the centre's node. Beside it, what the records themselves cost to be read and answered, one by one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openReport } from '../../node/core/report.ts';
import type { ReportText } from '../../node/core/messages/report.ts';
import { sampleRows } from '../generate.ts';
import { startCluster } from '../sandbox/cluster.ts';
import { ENTERPRISE, liftRateLimits, player, Programs, type Program } from '../sandbox/programs.ts';

const RECORDS = 200;
const REPORTS = 10;

export async function run(): Promise<Record<string, unknown>> {
  liftRateLimits();
  const data = await mkdtemp(join(tmpdir(), 'xinlian-bench-'));
  const say = (text: string): void => console.error(text);
  const cluster = await startCluster({ data, say, players: ['dafeng', 'regulator'] });
  try {
    const programs = await Programs.open(cluster, data);
    await publish(await programs.program('regulator'));
    const centre = await programs.program('dafeng');
    let made = await compile(centre);
    for (; (await facts(centre, made)) < RECORDS; made = await compile(centre))
      await new Promise((resolve) => setTimeout(resolve, 200));
    const took: number[] = [];
    for (let i = 0; i < REPORTS; i++) {
      const began = performance.now();
      made = await compile(centre);
      took.push(performance.now() - began);
    }
    const singly = await searchOne(centre);
    took.sort((a, b) => a - b);
    const kilobytes = Math.round(made.text.length / 1024);
    await programs.close();
    return {
      records: RECORDS,
      p50Ms: ms(took[REPORTS / 2]),
      mostMs: ms(took.at(-1)),
      oneByOneMs: ms(singly),
      kilobytes,
    };
  } finally {
    await cluster.stop();
    await rm(data, { recursive: true, force: true });
  }
}

const ms = (value = 0): number => Math.round(value);

function compile({ sealed }: Program): Promise<ReportText> {
  return sealed.compileReport({ ...ENTERPRISE });
}

async function facts({ keys }: Program, { text }: ReportText): Promise<number> {
  const { chapters } = await openReport(text, () => [keys.checkpoint.publicKey]);
  return [...chapters.values()].flat().length;
}

async function publish({ sealed }: Program): Promise<void> {
  const about = {
    XK_XDR_MC: ENTERPRISE.name,
    XK_XDR_LB: '法人及非法人组织',
    XK_XDR_SHXYM: ENTERPRISE.uscc,
    XK_FRDB: '张三',
    XK_JDRQ: '2026-01-05',
    XK_YXQZ: '2026-01-05',
    XK_YXQZI: '2099-12-31',
  };
  let text = '';
  for (const row of sampleRows({ rows: RECORDS, seed: 1, item: 'xk', bytes: 470 }))
    text += `${JSON.stringify(Object.assign(row, about, { XK_WSH: `大市监许〔2026〕${text.length}号` }))}\n`;
  const bytes = new TextEncoder().encode(text);
  for await (const line of sealed.publish(bytes, { item: 'xk', submission: 'bench-report-0001' }))
    if (line.type === 'row') throw new Error(`a row was rejected: ${JSON.stringify(line)}`);
}

/** The same records by the public register: found, and then fetched with their proofs one after the other. */
async function searchOne({ client }: Program): Promise<number> {
  const began = performance.now();
  const { records } = await client.searchPublic({ query: { code: ENTERPRISE.uscc } });
  for (const { member, record } of records) await client.getPublicRecord({ params: { member, record } });
  const perRecord = (performance.now() - began) / records.length;
  if (records[0]?.member !== player('regulator').id) throw new Error('the records are not the regulator’s');
  return perRecord * RECORDS;
}
