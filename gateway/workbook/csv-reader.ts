// CSV (RFC 4180) as files really are. A row that its quotes or commas break is told and passed over; the next is read.
//
// A quote that is never closed swallows what follows it. So a row that does not come out right is given up at its first
// line end, and reading goes on with the line behind it: no other row is lost, and each is told with its true line.
import type { RowFault } from '../../node/core/messages/publish.ts';

/** Longest row, in UTF-16 code units. */
export const MAX_ROW_LENGTH = 1 << 20;

export type CsvRow =
  | {
      /** Physical line in the file where it starts, from 1. */
      line: number;
      cells: string[];
    }
  | {
      line: number;
      fault: RowFault;
      /** What was read of it: its cells, or its line in one. */
      cells?: string[];
    };

type Scan =
  | { kind: 'row'; cells: string[]; end: number; breaks: number }
  | { kind: 'stray'; at: number }
  /** It ends beyond what is held. */
  | { kind: 'more' };

export interface CsvOptions {
  /** Between cells; a comma by default. */
  separator?: Separator;
  /** Cells of a row, where the first row does not say it: rows before the first that fits are read as they are. */
  width?: number;
}

export const SEPARATORS = [',', '\t', ';'] as const;
export type Separator = (typeof SEPARATORS)[number];

/** Takes text piece by piece. The first row says how many cells the others must have, unless `width` does. */
export class CsvReader {
  readonly #separator: Separator;
  #text = '';
  #line = 1;
  #width: number;
  /** Whether a row of that width was seen. */
  #begun: boolean;
  /** Inside a row that is too long to be held: it is passed over. */
  #skipping = false;

  constructor({ separator = ',', width = 0 }: CsvOptions = {}) {
    this.#separator = separator;
    this.#width = width;
    this.#begun = width === 0;
  }

  /** @returns the rows that are complete by now; an empty line is none */
  push(text: string): CsvRow[] {
    this.#text += text;
    return this.#read(false);
  }

  /** The text has ended. */
  end(): CsvRow[] {
    return this.#read(true);
  }

  #read(ended: boolean): CsvRow[] {
    const rows: CsvRow[] = [];
    const text = this.#text;
    let at = 0;
    while (at < text.length) {
      const next = this.#skipping ? this.#skipLine(text, at, ended) : this.#readRow(text, at, ended, rows);
      if (next === undefined) break;
      at = next;
    }
    this.#text = text.slice(at);
    return rows;
  }

  /** @returns where the next row starts; undefined where more text is wanted first */
  #readRow(text: string, at: number, ended: boolean, rows: CsvRow[]): number | undefined {
    const line = this.#line;
    const scan = scanRow(text, at, ended, this.#separator);
    const reached = scan.kind === 'more' ? text.length : scan.kind === 'stray' ? scan.at : scan.end;
    if (reached - at > MAX_ROW_LENGTH) return this.#giveUp(text, at, ended, rows, TOO_LONG);
    if (scan.kind === 'more') return undefined;
    if (scan.kind === 'stray') {
      const first = lineEnd(text, at) ?? (ended ? text.length : undefined);
      if (first === undefined && text.length - at <= MAX_ROW_LENGTH) return undefined;
      if (first === undefined || first - at > MAX_ROW_LENGTH) return this.#giveUp(text, at, ended, rows, TOO_LONG);
      // What is shown is of this line: a quote that is told further down was opened here.
      const quote = scan.at < first ? scan.at : text.indexOf('"', at);
      const got = text.slice(quote, Math.min(quote + SHOWN, first)).trimEnd();
      return this.#giveUp(text, at, ended, rows, {
        code: 'quote',
        wanted: 'quotes in pairs, around a whole cell',
        got,
      });
    }
    const { cells, end, breaks } = scan;
    if (cells.every((cell) => cell.trim() === '')) {
      this.#line += breaks + 1;
      return end;
    }
    if (this.#width === 0) this.#width = cells.length;
    const fits = this.#fits(cells);
    this.#begun ||= fits;
    if (!fits && this.#begun) {
      const fault = {
        code: 'cells',
        wanted: `${this.#width} cells, as the first row has`,
        got: `${cells.length} cells`,
      };
      const second = breaks > 0 ? this.#standsAlone(text, lineEnd(text, at) ?? end, ended) : false;
      if (second === undefined) return undefined;
      if (second) return this.#giveUp(text, at, ended, rows, fault);
      rows.push({ line, fault, cells });
    } else {
      rows.push({ line, cells });
    }
    this.#line += breaks + 1;
    return end;
  }

  /** Two stray quotes make one cell of two rows. Where the second row stands well by itself, the first alone is wrong. */
  #standsAlone(text: string, at: number, ended: boolean): boolean | undefined {
    const scan = scanRow(text, at, ended, this.#separator);
    if (scan.kind === 'more') return text.length - at > MAX_ROW_LENGTH ? false : undefined;
    return scan.kind === 'row' && scan.end - at <= MAX_ROW_LENGTH && this.#fits(scan.cells);
  }

  /** Spreadsheets leave empty cells behind the last. */
  #fits(cells: readonly string[]): boolean {
    return cells.length >= this.#width && cells.slice(this.#width).every((cell) => cell === '');
  }

  /** Tells a fault, and goes on behind the next line end. */
  #giveUp(text: string, at: number, ended: boolean, rows: CsvRow[], fault: RowFault): number | undefined {
    const next = lineEnd(text, at);
    if (next !== undefined && mayGoOn(text, next, ended)) return undefined;
    rows.push({ line: this.#line, fault, ...(next !== undefined && { cells: [text.slice(at, next).trimEnd()] }) });
    this.#skipping = next === undefined;
    if (next !== undefined) this.#line += 1;
    return next ?? text.length;
  }

  #skipLine(text: string, at: number, ended: boolean): number | undefined {
    const next = lineEnd(text, at);
    if (next === undefined) return text.length;
    if (mayGoOn(text, next, ended)) return undefined;
    this.#skipping = false;
    this.#line += 1;
    return next;
  }
}

/** Characters of a fault. */
const SHOWN = 40;
const TOO_LONG: RowFault = { code: 'size', wanted: `a row of at most ${MAX_ROW_LENGTH} characters`, got: 'more' };
const LINE_END = /\r\n|\n|\r/g;
const CELL_END: Readonly<Record<Separator, RegExp>> = {
  ',': /[",\r\n]/g,
  '\t': /["\t\r\n]/g,
  ';': /[";\r\n]/g,
};

/** Index behind the next line end. */
function lineEnd(text: string, from: number): number | undefined {
  LINE_END.lastIndex = from;
  const found = LINE_END.exec(text);
  return found ? found.index + found[0].length : undefined;
}

/** Whether the line end before `end` may be the first half of one: a line feed can follow its carriage return. */
function mayGoOn(text: string, end: number, ended: boolean): boolean {
  return !ended && end === text.length && text.endsWith('\r');
}

function scanRow(text: string, start: number, ended: boolean, separator: Separator): Scan {
  const cellEnd = CELL_END[separator];
  const cells: string[] = [];
  let at = start;
  let breaks = 0;
  for (;;) {
    let end: number;
    if (text[at] === '"') {
      const close = closingQuote(text, at + 1);
      // A quote at the very end may be the first of two.
      if (close === undefined || (close + 1 === text.length && !ended)) {
        return ended && close === undefined ? { kind: 'stray', at } : { kind: 'more' };
      }
      const cell = text.slice(at + 1, close).replaceAll('""', '"');
      breaks += cell.match(LINE_END)?.length ?? 0;
      cells.push(cell);
      end = close + 1;
      if (end < text.length && !`${separator}\r\n`.includes(text.charAt(end))) return { kind: 'stray', at: close };
    } else {
      cellEnd.lastIndex = at;
      const found = cellEnd.exec(text);
      if (!found && !ended) return { kind: 'more' };
      end = found?.index ?? text.length;
      if (found?.[0] === '"') return { kind: 'stray', at: end };
      cells.push(text.slice(at, end));
    }
    if (text[end] === separator) {
      at = end + 1;
      continue;
    }
    const next = lineEnd(text, end) ?? text.length;
    return mayGoOn(text, next, ended) ? { kind: 'more' } : { kind: 'row', cells, end: next, breaks };
  }
}

/** How the cells of a text are parted: what fits most of its first rows. */
export function sniffCsv(text: string, ended: boolean): Required<CsvOptions> {
  const sniffed = SEPARATORS.map((separator) => widthOf(text, ended, separator));
  const { separator, width } = sniffed.reduce((best, other) =>
    other.width > 1 && (best.width <= 1 || other.width * other.share > best.width * best.share) ? other : best,
  );
  return { separator, width };
}

const SNIFFED_ROWS = 60;

type Sniffed = Required<CsvOptions> & { share: number };

/** The number of cells that fits most rows, and the share of rows that it fits; 0 where there are none. */
function widthOf(text: string, ended: boolean, separator: Separator): Sniffed {
  const rows: string[][] = [];
  for (let at = 0; at < text.length && rows.length < SNIFFED_ROWS;) {
    const scan = scanRow(text, at, ended, separator);
    if (scan.kind === 'more') break;
    if (scan.kind === 'row' && scan.cells.some((cell) => cell.trim() !== '')) rows.push(scan.cells);
    const next: number | undefined = scan.kind === 'row' ? scan.end : lineEnd(text, at);
    if (next === undefined) break;
    at = next;
  }
  const fitting = (width: number): number =>
    rows.filter((cells) => cells.length >= width && cells.slice(width).every((cell) => cell === '')).length;
  const widths = [...new Set(rows.map((cells) => cells.length))].toSorted((a, b) => b - a);
  const best = widths.reduce((best, width) => (fitting(width) > fitting(best) ? width : best), widths[0] ?? 0);
  return { separator, width: best, share: rows.length === 0 ? 0 : fitting(best) / rows.length };
}

function closingQuote(text: string, from: number): number | undefined {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at < 0 ? undefined : at;
}
