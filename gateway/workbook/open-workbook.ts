// A workbook of any kind, by what its bytes say it is.
import { malformed } from '../../node/core/errors.ts';
import type { SourceBlob } from './package.ts';
import type { Scratch } from './shared-strings.ts';
import type { Workbook } from './sheet.ts';
import { sniff, SNIFFED, type Sniffed } from './sniff.ts';
import { openWhole, type WholeParser } from './whole.ts';
import { openXlsx } from './xlsx.ts';

/** What a file is. Throws `MALFORMED` for what no source sends: a picture, a PDF, an archive. */
export async function kindOf(blob: SourceBlob): Promise<Sniffed> {
  const sniffed = sniff(new Uint8Array(await blob.slice(0, SNIFFED).arrayBuffer()));
  if (sniffed.refused !== undefined) {
    malformed('file', 'a workbook (.xlsx, .xls, .et), CSV or NDJSON', sniffed.refused);
  }
  return sniffed;
}

export interface WorkbookOptions {
  /** Space for the strings of a workbook. */
  scratch: () => Scratch;
  /** Of a page that does not say so itself. */
  encodingOfText: string;
  parseWhole: WholeParser;
}

/**
 * Opens a workbook; undefined for text.
 * @throws MALFORMED, TOO_LARGE
 */
export async function openWorkbook(
  blob: SourceBlob,
  { kind, encoding }: Sniffed,
  { scratch, encodingOfText, parseWhole }: WorkbookOptions,
): Promise<Workbook | undefined> {
  switch (kind) {
    case 'package':
      return openXlsx(blob, { scratch: scratch() });
    case 'compound':
    case 'markup':
      return openWhole(blob, kind, encoding ?? encodingOfText, parseWhole);
    case 'text':
      return undefined;
  }
}
