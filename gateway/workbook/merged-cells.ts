import type { Cell, Merge, SheetRow } from './sheet.ts';

/** Gives cells that are merged downwards the value of the first. Rows must come in order. */
export class MergedCells {
  readonly #waiting: Merge[];
  #open: { merge: Merge; cell: Cell }[] = [];

  constructor(merges: readonly Merge[]) {
    this.#waiting = merges.filter(({ top, bottom }) => bottom > top).toSorted((a, b) => b.top - a.top);
  }

  /** Only what begins behind this line is filled: headings are merged too. */
  skipTo(line: number): void {
    while ((this.#waiting.at(-1)?.top ?? Number.POSITIVE_INFINITY) <= line) this.#waiting.pop();
    this.#open = [];
  }

  /** @returns whether a cell was filled */
  fill({ line, cells }: SheetRow): boolean {
    let filled = false;
    if (this.#open.length > 0) {
      this.#open = this.#open.filter(({ merge }) => merge.bottom >= line);
      for (const { merge, cell } of this.#open) {
        if (cells[merge.left]) continue;
        cells[merge.left] = cell;
        filled = true;
      }
    }
    for (let merge = this.#waiting.at(-1); merge && merge.top <= line; merge = this.#waiting.at(-1)) {
      this.#waiting.pop();
      const cell = cells[merge.left];
      if (merge.top === line && cell) this.#open.push({ merge, cell });
    }
    return filled;
  }
}
