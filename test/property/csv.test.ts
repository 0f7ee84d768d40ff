// CSV as it is read, against csv-parse and against what was written.
import { parse } from 'csv-parse/sync';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { csvLine } from '../../gateway/cli/csv-line.ts';
import { CsvReader, type CsvRow } from '../../gateway/workbook/csv-reader.ts';
import type { SourceRow } from '../../gateway/workbook/source-row.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { Chunker } from '../../gateway/cli/chunks.ts';
import { bytesOf } from '../../gateway/client/rows.ts';
import { chunksOf } from '../../gateway/publish/submit.ts';
import { collect } from '../helpers/collect.ts';

const readPieces = (pieces: readonly string[]): CsvRow[] => {
  const reader = new CsvReader();
  return [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
};
const cellsOf = (rows: readonly CsvRow[]): string[][] => rows.flatMap((row) => ('fault' in row ? [] : [row.cells]));

const character = fc.constantFrom('a', '许', ',', '"', '\n', '\r', ' ', '\u{20000}');
const cell = fc.string({ unit: character, maxLength: 6 });
/** Rows of one width; the first cell keeps them from being empty. */
const table = fc
  .integer({ min: 1, max: 4 })
  .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 12 }))
  .map((rows) => rows.map((cells) => ['x', ...cells]));
const cut = (text: string, at: readonly number[]): string[] => {
  const places = [...new Set(at.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((place, i) => text.slice(place, places[i] ?? text.length));
};
const cuts = fc.array(fc.nat(), { maxLength: 8 });

describe('CSV, for any cells', () => {
  it('comes back as it was written, however it arrives', () => {
    fc.assert(
      fc.property(table, cuts, (rows, at) => {
        const text = rows.map(csvLine).join('');
        expect(cellsOf(readPieces(cut(text, at)))).to.deep.equal(rows);
      }),
      { numRuns: 500 },
    );
  });

  it('is read as csv-parse reads it, where that takes it', () => {
    const written = fc.array(fc.constantFrom('a', '"', ',', '\n', '\r\n', '""', '许'), { maxLength: 30 });
    let taken = 0;
    fc.assert(
      fc.property(written, (parts) => {
        const text = parts.join('');
        let wanted: string[][];
        try {
          // It takes a row end to be whichever comes first, unless told.
          const options = { record_delimiter: ['\r\n', '\n'], relax_column_count: false };
          wanted = parse(text, options);
        } catch {
          return;
        }
        const full = wanted.filter((cells) => cells.some((cell) => cell.trim() !== ''));
        if (wanted.length !== full.length) return; // rows of empty cells are none here
        taken++;
        expect(cellsOf(readPieces([text]))).to.deep.equal(full);
      }),
      { numRuns: 3_000 },
    );
    expect(taken).to.be.greaterThan(300);
  });

  it('loses no row to a broken one beside it, and gives every row its line', () => {
    const broken = fc.constantFrom('a"b,c', '"a"b,c', '"a,b', 'a,b"', 'a', 'a,b,c', '"a","b"c');
    const good = fc.constantFrom('1,2', '3,4', '"5",6');
    fc.assert(
      fc.property(fc.array(fc.oneof(broken, good), { maxLength: 12 }), cuts, (lines, at) => {
        const isGood = (line: string): boolean => /^"?\d"?,\d$/.test(line);
        // The reader may take lines between two stray quotes for one cell: then the count of cells betrays them, or not.
        fc.pre(lines.filter((line) => line === '"a,b' || line === 'a,b"').length <= 1);
        const text = ['h1,h2', ...lines].join('\n');
        const rows = readPieces(cut(text, at));
        const goodLines = rows.flatMap((row) => ('fault' in row ? [] : [row.line]));
        expect(goodLines).to.deep.equal([1, ...lines.flatMap((line, i) => (isGood(line) ? [i + 2] : []))]);
        expect(rows.map(({ line }) => line)).to.deep.equal(Array.from({ length: lines.length + 1 }, (_, i) => i + 1));
      }),
      { numRuns: 1_000 },
    );
  });

  it('depends on the text alone, not on how it arrives', () => {
    const ugly = fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a'), maxLength: 60 });
    fc.assert(
      fc.property(ugly, cuts, (text, at) => {
        expect(readPieces(cut(text, at))).to.deep.equal(readPieces([text]));
      }),
      { numRuns: 2_000 },
    );
  });
});

const textOf = ({ pieces }: { pieces: readonly Uint8Array[] }): string => Buffer.concat(pieces).toString();

describe('Chunks, for any rows', () => {
  const table = { item: builtInCatalogue.item('xk'), sheet: undefined, line: 1, headings: [], columns: [] };
  const good = fc.integer({ min: 2, max: 30_000 }).map((size) => ({ json: `{"${'x'.repeat(size)}":1}` }));
  const row = fc.oneof(
    { weight: 5, arbitrary: good },
    { weight: 1, arbitrary: fc.constant(0).map(() => ({ faults: [{ code: 'cells', wanted: '2', got: '1' }] })) },
  );

  it('hold every row once and in order, within their size', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 40 }), (parts) => {
        const rows = parts.map((part, i): SourceRow => ({ table, line: i + 2, ...part }));
        const chunker = new Chunker();
        const chunks = rows.flatMap((row) => [...chunker.add(row)]);
        const last = chunker.end();
        if (last) chunks.push(last);
        const text = chunks.map(textOf).join('');
        expect(text).to.equal(rows.map((row) => ('json' in row ? `${row.json}\n` : '')).join(''));
        const told = chunks.flatMap(({ rows }) => rows);
        expect(told.map(({ line, faults }) => [line, faults])).to.deep.equal(
          rows.map((row) => [row.line, 'faults' in row ? row.faults : undefined]),
        );
        for (const chunk of chunks) {
          const sent = chunk.rows.filter(({ faults }) => faults === undefined).length;
          expect(textOf(chunk).split('\n').length - 1).to.equal(sent);
          expect(textOf(chunk).length <= 65_536 || sent === 1).to.equal(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are those of the stream of its rows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(good, { maxLength: 20 }), async (rows) => {
        const chunker = new Chunker();
        const chunks = rows.flatMap(({ json }, line) => [...chunker.add({ table, line, json })]);
        const last = chunker.end();
        const stream = chunksOf(bytesOf(rows.map(({ json }) => `${json}\n`).join('')));
        expect([...chunks, ...(last ? [last] : [])].map(textOf)).to.deep.equal((await collect(stream)).map(textOf));
      }),
      { numRuns: 50 },
    );
  });
});
