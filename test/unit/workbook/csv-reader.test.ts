import { expect } from 'chai';
import { CsvReader, MAX_ROW_LENGTH, type CsvRow } from '../../../gateway/workbook/csv-reader.ts';

/** Rows as `line: cells` or `line! code`. */
const read = (...pieces: string[]): string[] => {
  const reader = new CsvReader();
  const rows = [...pieces.flatMap((piece) => reader.push(piece)), ...reader.end()];
  return rows.map(show);
};
const show = (row: CsvRow): string =>
  'fault' in row ? `${row.line}! ${row.fault.code}` : `${row.line}: ${row.cells.join('|')}`;

describe('CSV reader', () => {
  const cases: [what: string, text: string, rows: string[]][] = [
    ['line feeds', 'a,b\n1,2\n', ['1: a|b', '2: 1|2']],
    ['carriage returns and line feeds', 'a,b\r\n1,2\r\n', ['1: a|b', '2: 1|2']],
    ['carriage returns alone', 'a,b\r1,2\r', ['1: a|b', '2: 1|2']],
    ['no last line end', 'a,b\n1,2', ['1: a|b', '2: 1|2']],
    ['quoted cells', '"a","b"\n"1,5","say ""hi"""\n', ['1: a|b', '2: 1,5|say "hi"']],
    ['empty quoted cells at the end', 'a,b\n1,""', ['1: a|b', '2: 1|']],
    [
      'line ends in cells, with the lines of the rows',
      'a,b\n"1\r\n2\n3",x\n4,5',
      ['1: a|b', '2: 1\r\n2\n3|x', '5: 4|5'],
    ],
    ['empty lines and rows of empty cells', 'a,b\n\n \n,\n1,2\n', ['1: a|b', '5: 1|2']],
    ['empty cells behind the last', 'a,b\n1,2,,\n', ['1: a|b', '2: 1|2||']],
    ['a last empty cell', 'a,b\n1,', ['1: a|b', '2: 1|']],
    ['a row that is too short', 'a,b\n1\n2,3\n', ['1: a|b', '2! cells', '3: 2|3']],
    ['a row that is too long', 'a,b\n1,2,3\n4,5\n', ['1: a|b', '2! cells', '3: 4|5']],
    ['a short row over several lines', 'a,b,c\n"1\n2",3\n4,5,6\n', ['1: a|b|c', '2! cells', '4: 4|5|6']],
    ['a quote within a cell', 'a,b\n1"x,2\n3,4\n', ['1: a|b', '2! quote', '3: 3|4']],
    ['text behind a closing quote', 'a,b\n"1"x,2\n3,4\n', ['1: a|b', '2! quote', '3: 3|4']],
    ['a quote that is never closed', 'a,b\n"1,2\n3,4\n5,6\n', ['1: a|b', '2! quote', '3: 3|4', '4: 5|6']],
    [
      'a quote that a good row seems to close',
      'a,b\n"1,2\n3,"4,5"\n6,7\n',
      ['1: a|b', '2! quote', '3: 3|4,5', '4: 6|7'],
    ],
    [
      'two stray quotes that make one cell of two rows',
      'a,b\n1,"2\n3,4\n5,6"\n7,8\n',
      ['1: a|b', '2: 1|2\n3,4\n5,6', '5: 7|8'],
    ],
    [
      'a swallowed row that stands well by itself',
      'a,b,c\n1,2,"3\n"4","5",6\n7,8,9\n',
      ['1: a|b|c', '2! quote', '3: 4|5|6', '4: 7|8|9'],
    ],
  ];
  for (const [what, text, rows] of cases) {
    it(`reads ${what}`, () => {
      expect(read(text)).to.deep.equal(rows);
      expect(read(...text), 'one character at a time').to.deep.equal(rows);
    });
  }

  it('passes over a row that is too long to hold, and goes on', () => {
    const long = 'x'.repeat(MAX_ROW_LENGTH);
    expect(read('a,b\n1,', long, long, long, '\n3,4\n')).to.deep.equal(['1: a|b', '2! size', '3: 3|4']);
    expect(read(`a,b\n1,${long}\n3,4\n`)).to.deep.equal(['1: a|b', '2! size', '3: 3|4']);
  });

  it('gives up a quote that is not closed for too long, at the end of its line', () => {
    const rows = `3,4\n`.repeat(MAX_ROW_LENGTH / 4 + 1);
    const shown = read('a,b\n"1,2\n', rows);
    expect(shown.slice(0, 3)).to.deep.equal(['1: a|b', '2! size', '3: 3|4']);
    expect(shown).to.have.length(2 + MAX_ROW_LENGTH / 4 + 1);
  });
});
