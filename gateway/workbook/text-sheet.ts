// A text file of cells as a workbook of one sheet.
import { malformed } from '../../node/core/errors.ts';
import { CsvReader, sniffCsv, type CsvRow } from './csv-reader.ts';
import type { SheetRow, Workbook } from './sheet.ts';

export type TextPieces = AsyncIterable<{ text: string; bytesRead: number }>;

/** From which the separator and the number of cells are told. */
const SNIFFED = 64 * 1024;

/** @param pieces gives the text from its start each time */
export function textWorkbook(pieces: () => TextPieces): Workbook {
  const sheet = {
    name: '',
    hidden: false,
    merges: [],
    hiddenColumns: [],
    rows: () => readRows(pieces()),
  };
  return { sheets: [sheet], date1904: false, unread: [] };
}

async function* readRows(pieces: TextPieces): AsyncGenerator<{ rows: SheetRow[]; read: number }, void, void> {
  let reader: CsvReader | undefined;
  let start = '';
  let read = 0;
  let rows = 0;
  const take = (found: CsvRow[]): SheetRow[] => {
    rows += found.length;
    return found.map(sheetRow);
  };
  for await (const { text, bytesRead } of pieces) {
    read = bytesRead;
    if (reader) {
      yield { rows: take(reader.push(text)), read };
      continue;
    }
    start += text;
    if (start.length < SNIFFED) continue;
    reader = new CsvReader(sniffCsv(start, false));
    yield { rows: take(reader.push(start)), read };
  }
  if (!reader) {
    reader = new CsvReader(sniffCsv(start, true));
    yield { rows: take(reader.push(start)), read };
  }
  yield { rows: take(reader.end()), read };
  if (rows === 0) malformed('file', 'a first row with the names of the columns', 'nothing');
}

/** ="0123": how programs keep a spreadsheet from making a number of text. No other formula is looked at. */
function unquoted(text: string): string {
  return /^="([^"]*)"$/.exec(text)?.[1] ?? text;
}

function sheetRow(row: CsvRow): SheetRow {
  const cells = (row.cells ?? []).map((text) =>
    text === '' ? undefined : { kind: 'text' as const, text: unquoted(text) },
  );
  return { line: row.line, cells, hidden: false, ...('fault' in row && { fault: row.fault }) };
}
