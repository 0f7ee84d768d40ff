// Which cells of a file are to be mended, and what is said of each.

export type MarkKind = 'rejected' | 'warning';

export interface Mark {
  kind: MarkKind;
  text: string;
}

/** Excel takes far more fills, and becomes unusable with far more comments. */
const MOST_CELLS = 20_000;

export class Marks {
  /** By sheet, row (from 1) and column (from 0). */
  readonly #sheets = new Map<string, Map<number, Map<number, Mark>>>();
  #cells = 0;
  /** Cells beyond what a workbook can show. */
  leftOut = 0;

  /** More than one of a cell are told together; what is rejected decides its colour. */
  add(sheet: string, line: number, column: number, { kind, text }: Mark): void {
    let rows = this.#sheets.get(sheet);
    if (!rows) this.#sheets.set(sheet, (rows = new Map()));
    let row = rows.get(line);
    if (!row) rows.set(line, (row = new Map()));
    const known = row.get(column);
    if (known) {
      known.text += `\n\n${text}`;
      if (kind === 'rejected') known.kind = kind;
    } else if (this.#cells < MOST_CELLS) {
      this.#cells++;
      row.set(column, { kind, text });
    } else {
      this.leftOut++;
    }
  }

  of(sheet: string): ReadonlyMap<number, ReadonlyMap<number, Mark>> {
    return this.#sheets.get(sheet) ?? new Map();
  }
}
