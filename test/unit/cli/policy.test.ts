import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { run } from '../../../gateway/cli/program.ts';
import objection from '../../../node/policy/packs/objection.json' with { type: 'json' };

const PACKS = fileURLToPath(new URL('../../../node/policy/packs', import.meta.url));

async function xinlian(...args: string[]): Promise<{ code: number; out: string[]; said: string[] }> {
  const out: string[] = [];
  const said: string[] = [];
  const code = await run(args, {
    env: {},
    out: (text) => out.push(...text.split('\n')),
    say: (text) => said.push(...text.split('\n')),
    stderr: new PassThrough(),
    ask: undefined,
    prompt: undefined,
    fetch: () => Promise.reject(new Error('nothing is asked for over the network')),
    signal: new AbortController().signal,
  });
  return { code, out, said };
}

describe('xinlian policy', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'xinlian-policy-'))));
  after(() => rm(folder, { recursive: true }));

  it('shows what is in force on a date in a region', async () => {
    const shown = await xinlian('policy', 'show', '--date', '2026-03-31', '--region', '310115', '--json');
    const editions = shown.out.map((line) => (JSON.parse(line) as { edition: string }).edition);
    expect(editions).to.include.members(['cn-order-58', 'shanghai-2017', 'cn-424-2018']);
    expect(editions).to.not.include.members(['cn-order-36', 'jiangsu-2026']);
    const every = await xinlian('policy', 'show', '--all');
    expect(every.out.join('\n')).to.include('cn-order-36').and.include('jiangsu-2026');
  });

  it('marks each value that was not compared with its source', async () => {
    const { out } = await xinlian('policy', 'show', 'repair', '--date', '2026-06-01');
    expect(out.find((line) => line.includes('  accept:')))
      .to.include('3 working-days')
      .and.not.include('unverified');
    expect(out.find((line) => line.includes('  extension:'))).to.include('未核实 unverified');
    expect(out[0]).to.match(/cn-repair-36 .* of \d+ values 未核实 unverified/);
    expect((await xinlian('policy', 'show', 'cn-order-58')).out[0]).to.include('cn-order-58');
  });

  it('compares two editions', async () => {
    const { out } = await xinlian('policy', 'diff', 'cn-order-58', 'cn-order-36');
    expect(out.join('\n')).to.match(/grades\.general\.most\n\s+- 3 years.*\n\s+\+ 1 years/);
    expect((await xinlian('policy', 'diff', 'cn-order-58', 'cn-repair-36')).code).to.equal(1);
    expect((await xinlian('policy', 'diff', 'cn-order-58', 'none')).said[0]).to.include('NOT_FOUND');
  });

  it('checks packs: its own are good, and each fault is told', async () => {
    const own = await xinlian('policy', 'check', PACKS);
    expect(own.code, own.out.join('\n')).to.equal(0);
    const file = join(folder, 'own.json');
    await writeFile(file, JSON.stringify({ ...objection[0], edition: 'mine', jurisdiction: '110000' }));
    expect((await xinlian('policy', 'check', file)).out[0]).to.include('good: mine');
    const { mark: _, ...rest } = objection[0]!;
    await writeFile(file, JSON.stringify({ ...rest, edition: 'mine', jurisdiction: '110000' }));
    await writeFile(join(folder, 'torn.json'), '{');
    const bad = await xinlian('policy', 'check', folder);
    expect(bad.code).to.equal(1);
    expect(bad.out[0]).to.match(/own\.json: MALFORMED.*mark/);
    expect(bad.out[1]).to.include('torn.json');
  });

  it('refuses what is no date, and an edition that nobody knows', async () => {
    expect((await xinlian('policy', 'show', '--date', '2026-02-30')).said[0]).to.include('MALFORMED');
    expect((await xinlian('policy', 'show', 'colour')).said[0]).to.include('NOT_FOUND');
  });
});
