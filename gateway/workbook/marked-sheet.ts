// A sheet on its way into a report: the same, but for the style of the cells that are marked, and where its comments are.
import type { Mark } from './marks.ts';
import type { MarkedStyles } from './marked-styles.ts';
import { cellName, parseCellName } from './sheet.ts';
import { XmlRewriter, type RewriteEvents } from './xml-rewriter.ts';

/** What stands behind the reference to old drawings (ECMA-376 part 1, 18.3.1.99). */
const BEHIND_DRAWING = new Set([
  'legacyDrawingHF',
  'drawingHF',
  'picture',
  'oleObjects',
  'controls',
  'webPublishItems',
  'tableParts',
  'extLst',
]);
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';

export interface SheetMarks {
  marks: ReadonlyMap<number, ReadonlyMap<number, Mark>>;
  styles: MarkedStyles;
  /** Id of the relation to the drawing of the comments; undefined where there are none, or the sheet has it already. */
  drawing: string | undefined;
}

export async function* markSheet(text: AsyncIterable<string>, options: SheetMarks): AsyncGenerator<string, void, void> {
  const rewriter = new XmlRewriter(new SheetMarker(options));
  for await (const piece of text) {
    const out = rewriter.push(piece);
    if (out !== '') yield out;
  }
  yield rewriter.end();
}

class SheetMarker implements RewriteEvents {
  readonly #options: SheetMarks;
  /** Of the elements' names, with its colon. */
  #prefix = '';
  #depth = 0;
  #drawn: boolean;
  #line = 0;
  #column = -1;
  /** Marks of the row that are still to come, by column. */
  #waiting: [column: number, mark: Mark][] = [];

  constructor(options: SheetMarks) {
    this.#options = options;
    this.#drawn = options.drawing === undefined;
  }

  open(name: string, attributes: Readonly<Record<string, string>>, tag: string, rewriter: XmlRewriter): void {
    if (this.#depth === 0) this.#prefix = /^<([\w.-]+:)?/.exec(tag)?.[1] ?? '';
    if (this.#depth === 1 && BEHIND_DRAWING.has(name)) this.#draw(rewriter);
    this.#depth++;
    if (name === 'row') this.#openRow(attributes, tag, rewriter);
    else if (name === 'c') this.#openCell(attributes, tag, rewriter);
  }

  close(name: string, rewriter: XmlRewriter): void {
    this.#depth--;
    if (name === 'row' && this.#waiting.length > 0) {
      rewriter.insert(this.#cellsBefore(Number.POSITIVE_INFINITY));
    }
    if (this.#depth === 0) this.#draw(rewriter);
  }

  #openRow({ r }: Readonly<Record<string, string>>, tag: string, rewriter: XmlRewriter): void {
    this.#line = r === undefined ? this.#line + 1 : Number(r);
    this.#column = -1;
    const marks = this.#options.marks.get(this.#line);
    this.#waiting = marks ? [...marks].toSorted(([a], [b]) => a - b) : [];
    if (this.#waiting.length === 0 || !tag.endsWith('/>')) return;
    const cells = this.#cellsBefore(Number.POSITIVE_INFINITY);
    rewriter.replace(`${tag.slice(0, -2)}>${cells}</${this.#prefix}row>`);
  }

  #openCell({ r, s }: Readonly<Record<string, string>>, tag: string, rewriter: XmlRewriter): void {
    this.#column = (r === undefined ? undefined : parseCellName(r)?.column) ?? this.#column + 1;
    const { styles } = this.#options;
    const before = this.#cellsBefore(this.#column);
    if (before !== '') rewriter.insert(before);
    const mark = this.#waiting[0]?.[0] === this.#column ? this.#waiting.shift()?.[1] : undefined;
    const style = Number(s ?? 0);
    const wanted = mark ? styles.marked(style, mark.kind) : styles.clean(style);
    if (wanted === style) return;
    const bare = tag.replace(/\ss=(["'])[^"']*\1/, '');
    rewriter.replace(bare.replace(/^<[\w.:-]+/, (name) => `${name} s="${wanted}"`));
  }

  /** Cells that are marked, and not there: in such a place nothing was written. */
  #cellsBefore(column: number): string {
    let cells = '';
    for (let [next] = this.#waiting; next && next[0] < column; [next] = this.#waiting) {
      this.#waiting.shift();
      const style = this.#options.styles.marked(0, next[1].kind);
      cells += `<${this.#prefix}c r="${cellName(next[0], this.#line)}" s="${style}"/>`;
    }
    return cells;
  }

  #draw(rewriter: XmlRewriter): void {
    if (this.#drawn) return;
    this.#drawn = true;
    rewriter.insert(`<${this.#prefix}legacyDrawing xmlns:r="${OFFICE}" r:id="${this.#options.drawing}"/>`);
  }
}
