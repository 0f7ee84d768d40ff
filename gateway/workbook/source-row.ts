// Rows as they are sent, and where in the file they stand.
import type { RowFault } from '../../node/core/messages/publish.ts';
import type { CatalogueItem } from '../../node/policy/pack.ts';
import type { Column } from './headings.ts';

/** A table of a file: rows of one item under one heading. */
export interface Table {
  item: CatalogueItem;
  /** Name of its sheet; undefined in a text file. */
  sheet: string | undefined;
  /** Line of its (last) heading row; 0 where rows name their columns themselves. */
  line: number;
  headings: readonly string[];
  /** By column from 0; undefined for one that is no field: its cells are not sent. */
  columns: readonly (Column | undefined)[];
}

/** A row as it is sent, or what keeps it from being sent. */
export type SourceRow = {
  table: Table;
  /** Line in the sheet, or the physical line of a text file where it starts, from 1. */
  line: number;
} & (
  | {
      json: string;
      /** What only the file shows: added to those of the node. */
      warnings?: RowFault[];
    }
  | { faults: RowFault[]; warnings?: RowFault[] }
);

/** Rows as they are read, with how many bytes of the file were read for them so far. */
export type SourceRows = AsyncIterable<{ rows: SourceRow[]; bytesRead: number }>;

/** What of a file was left out or read in a way that its sender should know of. */
export interface Remark {
  code:
    | 'hidden-sheet'
    | 'no-table'
    | 'hidden-rows'
    | 'hidden-columns'
    | 'left-out'
    | 'repeated-heading'
    | 'merged'
    | 'masked'
    | 'ignored-columns'
    | 'macros'
    | 'external-links';
  sheet?: string;
  /** How many, and the first of them. */
  count?: number;
  lines?: number[];
  /** Headings, or the first words of rows. */
  texts?: string[];
}

const MOST_SHOWN = 8;

/** Gathers remarks: one for each code and sheet. */
export class Remarks {
  readonly #all = new Map<string, Remark>();

  all(): Remark[] {
    return [...this.#all.values()];
  }

  add(code: Remark['code'], sheet: string | undefined, at: { line?: number; text?: string } = {}): void {
    const key = `${code} ${sheet ?? ''}`;
    let remark = this.#all.get(key);
    if (!remark) this.#all.set(key, (remark = { code, ...(sheet !== undefined && { sheet }) }));
    remark.count = (remark.count ?? 0) + 1;
    if (at.line !== undefined && (remark.lines?.length ?? 0) < MOST_SHOWN) (remark.lines ??= []).push(at.line);
    if (at.text !== undefined && (remark.texts?.length ?? 0) < MOST_SHOWN) (remark.texts ??= []).push(at.text);
  }
}
