// What is read whole: asked for, and given back as data, so that it can be read on a thread of its own.
import { XinlianError } from '../../node/core/errors.ts';
import type { SourceBlob } from './package.ts';
import type { Merge, Sheet, SheetRow, Workbook } from './sheet.ts';

/** A full sheet of .xls, 65,536 rows, is about as large: one of 27 MB and 60,000 rows took 1.3 GB of memory to read. */
export const MAX_WHOLE = 32 * 1024 * 1024;
const ROWS_AT_ONCE = 256;

export interface WholeRequest {
  kind: 'compound' | 'markup';
  bytes: Uint8Array;
  /** Of a page. */
  encoding: string;
}

export interface WholeSheet {
  name: string;
  hidden: boolean;
  merges: Merge[];
  hiddenColumns: number[];
  rows: SheetRow[];
}

export interface WholeWorkbook {
  sheets: WholeSheet[];
  date1904: boolean;
  unread: ('macros' | 'external-links')[];
}

/** Reads it. It MUST end within a bound, whatever the bytes are: `MALFORMED`. */
export type WholeParser = (request: WholeRequest) => Promise<WholeWorkbook>;

/** Throws `TOO_LARGE`, and what `parse` throws. */
export async function openWhole(
  blob: SourceBlob,
  kind: WholeRequest['kind'],
  encoding: string,
  parse: WholeParser,
): Promise<Workbook> {
  if (blob.size > MAX_WHOLE) {
    const what = 'workbook that cannot be streamed (save it as .xlsx)';
    throw new XinlianError('TOO_LARGE', { what, limit: MAX_WHOLE, got: blob.size });
  }
  const { sheets, ...rest } = await parse({ kind, bytes: new Uint8Array(await blob.arrayBuffer()), encoding });
  return { ...rest, sheets: sheets.map(sheetOf) };
}

function sheetOf({ rows, ...sheet }: WholeSheet): Sheet {
  return Object.assign(sheet, {
    rows: async function* (): ReturnType<Sheet['rows']> {
      for (let at = 0; at < rows.length; at += ROWS_AT_ONCE) {
        // Each time anew: whoever reads them may fill in what is merged.
        const some = rows.slice(at, at + ROWS_AT_ONCE);
        yield { rows: some.map(({ line, cells, hidden }) => ({ line, cells: [...cells], hidden })), read: 0 };
      }
    },
  });
}
