// A file of a source: what it is, and its rows.
import { openAsBlob } from 'node:fs';
import { open } from 'node:fs/promises';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { chinaDate } from '../../node/policy/date.ts';
import type { Layouts } from '../workbook/layout.ts';
import { readNdjson } from '../workbook/ndjson-rows.ts';
import { kindOf, openWorkbook } from '../workbook/open-workbook.ts';
import type { Workbook } from '../workbook/sheet.ts';
import { Remarks, type SourceRows } from '../workbook/source-row.ts';
import { readTables } from '../workbook/tables.ts';
import { textWorkbook } from '../workbook/text-sheet.ts';
import { inspectFile, textOf, type Encoding, type FileFacts } from './file-facts.ts';
import { parseApart } from './parse-apart.ts';
import { ScratchFile } from './scratch-file.ts';

export const FORMATS = ['csv', 'ndjson', 'workbook'] as const;
export type Format = (typeof FORMATS)[number];

export interface SourceOptions {
  /** Code of the item, where it is not to be told from the columns. */
  item?: string | undefined;
  /** Of a text file, where its ending does not tell. */
  format?: Format | undefined;
  encoding?: Encoding | undefined;
  /** Whether numbers of persons in free text are masked before a row is sent. */
  mask: boolean;
  layouts: Layouts;
  /** Milliseconds since 1970. */
  clock: { now(): number };
}

export interface SourceFile {
  path: string;
  format: Format;
  facts: FileFacts;
  /** Complete once the rows are read. */
  remarks: Remarks;
  /** Sheets of a workbook, or of a CSV file the one; undefined where rows are no cells. */
  workbook: Workbook | undefined;
  /** Whether it is an XLSX file, whatever its ending. */
  packaged: boolean;
  rows(): SourceRows;
  close(): Promise<void>;
}

/** Throws the system's errors, `MALFORMED`, `TOO_LARGE`. */
export async function openSource(path: string, options: SourceOptions): Promise<SourceFile> {
  const file = await open(path);
  const scratches: ScratchFile[] = [];
  const close = async (): Promise<void> => {
    for (const scratch of scratches) scratch.close();
    await file.close();
  };
  const scratch = (): ScratchFile => {
    const made = new ScratchFile();
    scratches.push(made);
    return made;
  };
  try {
    const blob = await openAsBlob(path);
    const sniffed = await kindOf(blob);
    const facts = await inspectFile(file, options.encoding ?? (sniffed.kind === 'text' ? sniffed.encoding : undefined));
    const opened = await openWorkbook(blob, sniffed, {
      scratch,
      encodingOfText: facts.encoding,
      parseWhole: parseApart(),
    });
    const format = opened ? 'workbook' : textFormat(path, options);
    const suspect = facts.suspect && opened === undefined;
    const { item, mask, layouts, clock } = options;
    const remarks = new Remarks();
    const catalogue = builtInCatalogue;
    if (format === 'ndjson') {
      const rows = () => readNdjson(textOf(file, facts), { catalogue, item, suspect, mask });
      return { path, format, facts, remarks, workbook: undefined, packaged: false, rows, close };
    }
    const workbook = opened ?? textWorkbook(() => textOf(file, facts));
    const wanted = item === undefined ? undefined : catalogue.item(item);
    const today = chinaDate(clock.now());
    const rows = () => readTables(workbook, { catalogue, wanted, suspect, mask, layouts, today }, remarks);
    return { path, format, facts, remarks, workbook, packaged: sniffed.kind === 'package', rows, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function textFormat(path: string, { format }: SourceOptions): 'csv' | 'ndjson' {
  if (format === 'csv' || format === 'ndjson') return format;
  return /\.(?:ndjson|jsonl)$/i.test(path) ? 'ndjson' : 'csv';
}
