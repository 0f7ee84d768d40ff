import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import { csvLine } from '../../../gateway/cli/csv-line.ts';
import type { LineOutcome } from '../../../gateway/cli/publish-file.ts';
import type { Issue } from '../../../gateway/cli/report.ts';
import { sampleFile, sampleRows } from '../../../scripts/generate.ts';
import { encodeGb18030 } from '../../../scripts/samples/gb18030.ts';
import { startCliGateway, type CliGateway, type CliRun } from '../../helpers/gateway/cli-gateway.ts';

interface Summary {
  ok: boolean;
  submission: string;
  rows: number;
  published: number;
  rejected: number;
  faults: Issue[];
}

const summaryOf = ({ out, said }: CliRun): Summary => {
  const last = out.at(-1) ?? '';
  expect(last, said.join('\n')).to.match(/^\{/);
  return JSON.parse(last) as Summary;
};

/** Six chunks of 64 KiB. */
const LARGE = 600;
const large = [...sampleRows({ rows: LARGE, seed: 5, item: 'xk' })];
const largeText = [...sampleFile({ rows: LARGE, seed: 5, item: 'xk', format: 'csv' })].join('');
const lost = () => new XinlianError('UNREACHABLE', { peer: 'node', reason: 'the connection was lost' });

describe('xinlian publish', () => {
  let gateway: CliGateway;
  beforeEach(async () => {
    gateway = await startCliGateway();
  });
  afterEach(() => gateway.stop());

  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    const path = join(gateway.folder, name);
    await writeFile(path, content);
    return path;
  };
  const publish = (path: string, ...more: string[]): Promise<CliRun> =>
    gateway.xinlian('publish', path, '--json', '--no-wait', ...more);
  const taken = (): Record<string, string>[] =>
    [...gateway.node.inner.submissions.values()].flatMap(({ lines }) =>
      lines.map((line) => JSON.parse(line) as Record<string, string>),
    );

  it('sends every row of a CSV file, sealed, in the order of the file', async () => {
    const run = await publish(await write('a.csv', largeText));
    expect(run.code).to.equal(0);
    expect(summaryOf(run)).to.include({ ok: true, rows: LARGE, published: LARGE, rejected: 0 });
    expect(taken()).to.deep.equal(large);
  });

  it('reads GB 18030, headings in Chinese, shuffled and extra columns', async () => {
    const rows = [...sampleRows({ rows: 20, seed: 1, item: 'cf' })];
    const columns: [string, (row: Record<string, string>) => string][] = [
      ['备用', () => 'not sent'],
      ['处罚机关', (row) => row['CF_CFJG'] ?? ''],
      ['罚款金额（万元）', (row) => row['CF_NR_FK'] ?? ''],
      ...Object.keys(rows[0] ?? {})
        .filter((name) => name !== 'CF_CFJG' && name !== 'CF_NR_FK')
        .toReversed()
        .map((name): [string, (row: Record<string, string>) => string] => [name, (row) => row[name] ?? '']),
    ];
    const lines = [columns.map(([name]) => name), ...rows.map((row) => columns.map(([, cell]) => cell(row)))];
    const run = await publish(await write('gb.csv', encodeGb18030(lines.map(csvLine).join(''))));
    expect(run.code).to.equal(0);
    expect(run.said.join()).to.include('备用');
    const names = new Set(columns.map(([name]) => name));
    for (const [i, row] of taken().entries()) {
      const wanted = Object.entries(rows[i] ?? {}).filter(
        ([name]) => names.has(name) || name.startsWith('CF_CFJG') || name === 'CF_NR_FK',
      );
      expect(row).to.deep.equal(Object.fromEntries(wanted));
    }
  });

  it('sends NDJSON as it stands, empty lines left out', async () => {
    const text = [...sampleFile({ rows: 10, seed: 1, item: 'xk', format: 'ndjson' })].join('\n');
    const run = await publish(await write('a.ndjson', text));
    expect(summaryOf(run)).to.include({ rows: 10, published: 10 });
    expect(taken()).to.deep.equal([...sampleRows({ rows: 10, seed: 1, item: 'xk' })]);
  });

  it('tells broken rows with their line, sends the others, and ends with 2', async () => {
    const [header = '', ...rows] = largeText.trimEnd().split('\r\n');
    const note = csvLine(
      header
        .split(',')
        .map((name) => large[0]?.[name] ?? '')
        .toSpliced(-1, 1, 'two\nlines'),
    ).trimEnd();
    const lines = [
      header,
      note,
      rows[1] ?? '',
      `"${rows[2]}`,
      rows[3] ?? '',
      'too,short',
      (rows[4] ?? '').replace('盐城', 'bad'),
    ];
    const path = await write('b.csv', `${lines.slice(0, 6).join('\r\n')}\r\n${csvLine(bad(header, 5))}`);
    const report = join(gateway.folder, 'report.csv');
    const outcomes = join(gateway.folder, 'outcomes.ndjson');
    const run = await publish(path, '--report', report, '--outcomes', outcomes);
    expect(run.code).to.equal(2);
    const { faults, ...summary } = summaryOf(run);
    expect(summary).to.include({ ok: false, rows: 6, published: 3, rejected: 3 });
    expect(faults.map(({ line, row, code }) => [line, row, code])).to.deep.equal([
      [5, 3, 'quote'],
      [7, 5, 'cells'],
      [8, 6, 'required'],
    ]);
    expect((await readFile(report, 'utf8')).split('\r\n')).to.have.length(1 + 3 + 1);
    const told = (await readFile(outcomes, 'utf8')).trimEnd().split('\n');
    expect(told.map((line) => (JSON.parse(line) as LineOutcome).row)).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  const bad = (header: string, row: number): string[] =>
    header.split(',').map((name) => (name === 'BZ' ? 'bad' : (large[row]?.[name] ?? '')));

  it('rejects a row whose bytes are no text, and only that one', async () => {
    const rows = encodeGb18030([...sampleFile({ rows: 3, seed: 1, item: 'xk', format: 'csv' })].join(''));
    const at = rows.lastIndexOf(encodeGb18030('有限公司'));
    rows[at] = 0xff;
    const run = await publish(await write('c.csv', rows));
    const { faults, ...summary } = summaryOf(run);
    expect(summary).to.include({ rows: 3, published: 2, rejected: 1 });
    expect(faults.map(({ code }) => code)).to.deep.equal(['encoding']);
  });

  it('publishes nothing in a dry run', async () => {
    const run = await publish(await write('a.csv', largeText), '--dry-run');
    expect(run.code).to.equal(0);
    expect([...gateway.node.inner.submissions.values()].every(({ state }) => state.dryRun)).to.equal(true);
  });

  describe('when things fail on the way', () => {
    it('loses no row and sends none twice where calls and answers are lost', async () => {
      gateway.node.fault = (call) => (call % 5 === 2 ? lost() : undefined);
      gateway.node.loss = (call) => (call % 5 === 4 ? lost() : undefined);
      const run = await publish(await write('a.csv', largeText));
      expect(summaryOf(run)).to.include({ rows: LARGE, published: LARGE });
      expect(taken()).to.deep.equal(large);
    });

    it('opens another session where the node forgot it', async () => {
      gateway.node.fault = (call) => {
        // Not for ever: with three calls under way, a restart at each third can hit every one of them.
        if (call % 3 === 1 && call < 20) gateway.node.restart();
        return undefined;
      };
      const run = await publish(await write('a.csv', largeText));
      expect(summaryOf(run)).to.include({ rows: LARGE, published: LARGE });
      expect(taken()).to.deep.equal(large);
      expect(gateway.node.opened).to.be.greaterThan(1);
    });

    it('goes on where it was interrupted, and tells the outcome of every row', async () => {
      const path = await write('a.csv', largeText.replace('有限公司', 'bad公司'));
      const stop = new AbortController();
      gateway.node.inner.beforeChunk = async (index) => {
        if (index === 3) stop.abort();
      };
      const first = await gateway.xinlianWith({ signal: stop.signal }, 'publish', path, '--no-wait');
      expect(first.code).to.equal(1);
      gateway.node.inner.beforeChunk = async () => {};
      const before = gateway.node.inner.submissions.size;
      const run = await publish(path);
      expect(run.said.join()).to.include('goes on');
      expect(gateway.node.inner.submissions.size).to.equal(before);
      expect(summaryOf(run)).to.include({ rows: LARGE, published: LARGE - 1, rejected: 1 });
      expect(summaryOf(run).faults.map(({ line }) => line)).to.deep.equal([2]);
      expect(taken()).to.have.length(LARGE);
    });

    it('makes a submission of its own each time that a file was wholly sent', async () => {
      const path = await write('a.csv', largeText);
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) ids.push(summaryOf(await publish(path)).submission);
      expect(new Set(ids).size).to.equal(6);
      expect([...gateway.node.inner.submissions.values()].every(({ state }) => state.closed)).to.equal(true);
    });

    it('does not hide what the node refuses for good', async () => {
      gateway.node.inner.beforeChunk = async () => {
        throw new XinlianError('MEMBER_NOT_ENTITLED', { member: 'm', wanted: 'source', got: 'suspended' });
      };
      const run = await publish(await write('a.csv', largeText));
      expect(run.code).to.equal(1);
      expect(run.said.join()).to.match(/MEMBER_NOT_ENTITLED.*wanted source, got suspended/);
    });
  });

  describe('before anything is sent', () => {
    const refused = async (path: string, words: RegExp, ...more: string[]): Promise<void> => {
      const run = await publish(path, ...more);
      expect(run.code).to.equal(1);
      expect(run.said.join('\n')).to.match(words);
      expect(gateway.node.inner.submissions.size).to.equal(0);
    };

    it('refuses a file that fits no item', async () => {
      await refused(await write('x.csv', 'a,b\r\n1,2\r\n'), /--item xk/);
    });

    it('refuses a file without a column that every row must have, and names it', async () => {
      const [header = ''] = largeText.split('\r\n');
      await refused(await write('x.csv', `${header.replace('XK_NR,', '')}\r\n`), /XK_NR 许可内容/);
    });

    it('refuses an empty file, one that is not there, and a report that cannot be written', async () => {
      await refused(await write('x.csv', ''), /header|first row/);
      await refused(join(gateway.folder, 'none.csv'), /ENOENT/);
      await refused(await write('a.csv', largeText), /\.csv or \.json/, '--report', 'r.txt');
      await refused(await write('a.csv', largeText), /ENOENT/, '--report', join(gateway.folder, 'no', 'r.csv'));
    });

    it('refuses keys that do not open', async () => {
      const wrong = await write('wrong', 'another passphrase');
      await refused(await write('a.csv', largeText), /KEY_UNAVAILABLE/, '--passphrase-file', wrong);
    });
  });
});
