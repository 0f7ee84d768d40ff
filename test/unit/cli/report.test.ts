import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect } from 'chai';
import { describeIssue, issuesOf, ReportFile, type Issue } from '../../../gateway/cli/report.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { codeOf } from '../../helpers/code-of.ts';

const table = {
  item: builtInCatalogue.item('xk'),
  sheet: undefined,
  line: 1,
  headings: [],
  columns: [],
};
const fault = { field: 'XK_WSH', code: 'required', wanted: 'a value', got: 'nothing' };
const warning = { field: 'XK_XKJGDM', code: 'organisation-check', wanted: 'another, "X"', got: '=1+1' };

describe('report of a file', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xinlian-report-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const issues = issuesOf({ table, row: 3, line: 5, outcome: 'rejected', faults: [fault], warnings: [warning] });
  const write = async (name: string, all: readonly Issue[]): Promise<string> => {
    const path = join(folder, name);
    const report = new ReportFile(path);
    for (const issue of all) report.add(issue);
    report.close();
    return readFile(path, 'utf8');
  };

  it('names line, column and heading, what was wanted and what came', () => {
    expect(issues.map(({ kind, heading }) => [kind, heading])).to.deep.equal([
      ['rejected', '行政许可决定文书号'],
      ['warning', '许可机关统一社会信用代码'],
    ]);
    expect(describeIssue(issues[0]!)).to.equal(
      'line 5, XK_WSH 行政许可决定文书号: required: wanted a value, got nothing',
    );
  });

  it('is CSV that Excel reads as UTF-8, and runs nothing of', async () => {
    const text = await write('r.csv', issues);
    expect(text.startsWith('\uFEFF')).to.equal(true);
    const rows: string[][] = parse(text, { bom: true });
    expect(rows).to.have.length(3);
    expect(rows[2]?.slice(-2)).to.deep.equal(['another, "X"', "'=1+1"]);
  });

  it('is JSON where the name ends so, with or without faults', async () => {
    expect(JSON.parse(await write('r.json', issues))).to.deep.equal(issues);
    expect(JSON.parse(await write('r.json', []))).to.deep.equal([]);
  });

  it('is of no other kind', () => {
    expect(codeOf(() => new ReportFile(join(folder, 'r.txt')))).to.equal('MALFORMED');
  });
});
