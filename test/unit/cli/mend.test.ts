// A file with bad rows, the report of it, and the same file mended: through the reader and a whole agency, to its log.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as SheetJs from '@e965/xlsx';
import { expect } from 'chai';
import { csvLine } from '../../../gateway/cli/csv-line.ts';
import { publishFile, type FileSubmitter } from '../../../gateway/cli/publish-file.ts';
import type { Issue } from '../../../gateway/cli/report.ts';
import { openSource } from '../../../gateway/cli/source-file.ts';
import { Tally } from '../../../gateway/cli/tally.ts';
import { Package } from '../../../gateway/workbook/package.ts';
import { NO_LAYOUTS } from '../../../gateway/workbook/layout.ts';
import { concat } from '../../../node/core/bytes.ts';
import type { Counts } from '../../../node/core/messages/publish.ts';
import { sampleRows } from '../../../scripts/generate.ts';
import type { SampleRow } from '../../../scripts/samples/rows.ts';
import { openAgency, member, type Agency } from '../../helpers/agency.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { headings, xk } from '../../helpers/workbook/corpus/case.ts';
import { makeXlsx, zip } from '../../helpers/workbook/xlsx.ts';

const ROWS = 1_000;
const options = { rows: ROWS, seed: 3, item: 'xk' } as const;
const good = [...sampleRows(options)];
const bad = [...sampleRows({ ...options, bad: 5 })];
const names = xk.fields.map(({ name }) => name);
const tableOf = (rows: readonly SampleRow[]): string[][] => [
  headings(xk, names),
  ...rows.map((row) => names.map((name) => row[name] ?? '')),
];

interface Sheet {
  rows: string[][];
  /** `line column text` */
  comments: { line: number; column: number; text: string }[];
}

/** A report as another program reads it. */
async function readReport(path: string): Promise<Sheet> {
  const book = SheetJs.read(await readFile(path), { cellStyles: true });
  const sheet = book.Sheets[book.SheetNames[0]!]!;
  const rows: string[][] = SheetJs.utils.sheet_to_json(sheet, { header: 1, raw: false, defval: '' });
  const comments = Object.entries(sheet).flatMap(([name, cell]: [string, SheetJs.CellObject]) => {
    if (name.startsWith('!') || !cell.c) return [];
    const { r, c } = SheetJs.utils.decode_cell(name);
    return [{ line: r + 1, column: c, text: cell.c.map(({ t }) => t).join() }];
  });
  return { rows, comments };
}

describe('a file that is mended and sent again', () => {
  let folder: string;
  let agency: Agency;
  let submitter: FileSubmitter;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xinlian-mend-'));
    agency = await openAgency(await memoryStore());
    const { submissions, publishing } = agency;
    submitter = {
      openSubmission: (request) => submissions.open(member.id, request),
      submissionState: async (submission) => submissions.state(member.id, submission),
      sendChunk: (submission, index, pieces) =>
        submissions.chunk(publishing, member.id, { submission, index }, concat(...pieces)),
      closeSubmission: (submission) => submissions.close(member.id, submission),
    };
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const publish = async (name: string, bytes: Uint8Array | string): Promise<{ counts: Counts; report: string }> => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    const report = `${path}-report.xlsx`;
    const source = await openSource(path, { mask: false, layouts: NO_LAYOUTS, clock: agency.clock });
    const tally = new Tally({ report }, source);
    try {
      const [published] = await publishFile(
        source.rows(),
        { member: member.id, digest: source.facts.digest, reading: () => '', dryRun: false },
        { submitter, events: { opened: () => {}, taken: (outcomes) => tally.take(outcomes) } },
      );
      expect(await tally.finish()).to.deep.equal([]);
      return { counts: published!.counts, report };
    } finally {
      tally.close();
      await source.close();
    }
  };

  const xls = (rows: string[][]): Uint8Array => {
    const book = SheetJs.utils.book_new();
    SheetJs.utils.book_append_sheet(book, SheetJs.utils.aoa_to_sheet(rows), '许可');
    const bytes: ArrayBuffer = SheetJs.write(book, { type: 'array', bookType: 'biff8' });
    return new Uint8Array(bytes);
  };
  const kinds: [kind: string, make: (rows: string[][]) => Promise<Uint8Array> | Uint8Array | string][] = [
    ['xlsx', (rows) => makeXlsx({ sheets: [{ name: '许可', rows: [['公示表'], ...rows] }] })],
    ['xls', (rows) => xls([['公示表'], ...rows])],
    ['csv', (rows) => rows.map(csvLine).join('')],
  ];

  for (const [kind, make] of kinds) {
    it(`of ${ROWS} rows with 5 bad ones (.${kind}) publishes 995, and then exactly those five and one more`, async () => {
      const first = await publish(`first.${kind}`, await make(tableOf(bad)));
      expect(first.counts).to.include({ rows: ROWS, published: 995, rejected: 5 });
      const { rows, comments } = await readReport(first.report);
      const issues = JSON.parse(await readFile(first.report.replace(/\.xlsx$/, '.json'), 'utf8')) as Issue[];
      expect(comments.length).to.equal(issues.length).and.to.be.at.least(5);

      // What a clerk does: mends what is marked, and adds a row in the middle.
      const title = kind === 'csv' ? 0 : 1;
      for (const { line, column, text } of comments) {
        expect(text).to.match(/已退回 rejected/);
        rows[line - 1]![column] = good[line - 2 - title]![names[column]!] ?? '';
      }
      const more = [...sampleRows({ ...options, rows: ROWS + 1 })].at(-1)!;
      const inserted = rows.toSpliced(
        500,
        0,
        names.map((name) => more[name] ?? ''),
      );
      const second = await publish(`second.${kind}`, await make(inserted.slice(title)));
      expect(second.counts).to.include({ rows: ROWS + 1, published: 6, unchanged: 995, corrected: 0, rejected: 0 });
      expect((await readReport(second.report)).comments).to.deep.equal([]);
    });
  }

  it('has its workbook as it was but for the marks, and takes the marks of an earlier report off', async () => {
    const pages = tableOf(bad.slice(0, 300));
    const comments = `<comments xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><authors><author>王五</author></authors><commentList><comment ref="A1" authorId="0"><text><t>题目</t></text></comment></commentList></comments>`;
    const path = 'xl/worksheets/_rels/sheet1.xml.rels';
    const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
    const first = await publish(
      'first.xlsx',
      await makeXlsx({
        sheets: [
          { name: '许可', rows: pages, merges: ['A400:B400'], hiddenColumns: [3] },
          { name: '附', rows: [['x']] },
        ],
        parts: {
          'xl/comments1.xml': comments,
          [path]: `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="${office}/comments" Target="../comments1.xml"/></Relationships>`,
          'xl/media/image1.png': new Blob([Uint8Array.of(1, 2, 3)]),
        },
      }),
    );
    const report = await readReport(first.report);
    expect(report.rows).to.deep.equal(pages);
    const ours = report.comments.filter(({ text }) => text.includes('已退回'));
    expect(report.comments.filter(({ text }) => text.includes('题目'))).to.have.length(1);
    expect(ours).to.have.length(first.counts.rejected);
    const book = SheetJs.read(await readFile(first.report), { bookFiles: true, cellStyles: true });
    expect(book.SheetNames).to.deep.equal(['许可', '附']);
    expect(book.Sheets['许可']!['!merges']).to.have.length(1);
    expect((book as { keys?: string[] }).keys).to.include('xl/media/image1.png');

    // The report itself, sent as it is: the same rows are bad, and marked once.
    const again = await publish('again.xlsx', await readFile(first.report));
    expect(again.counts).to.include({ unchanged: 300 - ours.length, rejected: ours.length });
    expect((await readReport(again.report)).comments.map(({ line, column }) => [line, column])).to.deep.equal(
      report.comments.map(({ line, column }) => [line, column]),
    );

    // Mended in place: no mark is left, neither colour nor comment, but that of another.
    const mended = await mend(first.report, ours);
    const last = await publish('last.xlsx', mended);
    expect(last.counts).to.include({ unchanged: 300 - ours.length, published: ours.length, rejected: 0 });
    const clean = await readReport(last.report);
    expect(clean.comments.map(({ text }) => text)).to.deep.equal(
      report.comments.filter((c) => !ours.includes(c)).map(({ text }) => text),
    );
    expect(await colours(first.report)).to.have.length(ours.length);
    expect(await colours(last.report)).to.deep.equal([]);
  });

  /** Puts the right values into the marked cells, and leaves all else of the file, its marks too. */
  async function mend(report: string, marked: Sheet['comments']): Promise<Uint8Array> {
    const source = await Package.open(new Blob([await readFile(report)]));
    const parts: Record<string, string | Blob> = {};
    for (const part of source.parts()) {
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      for await (const piece of source.bytes(part, true)) pieces.push(Uint8Array.from(piece));
      parts[part.name] = new Blob(pieces);
    }
    let sheet = (await source.whole('xl/worksheets/sheet1.xml')) ?? '';
    for (const { line, column } of marked) {
      const cell = SheetJs.utils.encode_cell({ r: line - 1, c: column });
      const value = good[line - 2]![names[column]!] ?? '';
      sheet = sheet.replace(
        new RegExp(`<c ([^>]*\\br="${cell}"[^>]*?)(?:/>|>.*?</c>)`),
        (_, attributes: string) =>
          `<c ${attributes.replace(/\st="\w+"/, '')} t="inlineStr"><is><t>${value}</t></is></c>`,
      );
    }
    return zip({ ...parts, 'xl/worksheets/sheet1.xml': sheet });
  }

  /** Cells of the first sheet that have a colour. */
  async function colours(path: string): Promise<string[]> {
    const book = SheetJs.read(await readFile(path), { cellStyles: true });
    const sheet = book.Sheets[book.SheetNames[0]!]!;
    return Object.entries(sheet).flatMap(([name, cell]: [string, { s?: { fgColor?: { rgb?: string } } }]) =>
      !name.startsWith('!') && cell.s?.fgColor?.rgb !== undefined ? [name] : [],
    );
  }
});
