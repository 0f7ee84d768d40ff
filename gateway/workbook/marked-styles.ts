// The styles of a workbook, and for each a twin in the colour of what is rejected, and one in that of warnings.
import type { MarkKind } from './marks.ts';

/** Of no palette, so that marks of an earlier report are known again. */
const COLOURS: Readonly<Record<MarkKind, string>> = { rejected: 'FFFF9D9B', warning: 'FFFFE48D' };
const KINDS = ['rejected', 'warning'] as const;
/** Excel has room for 65,490 cell styles. Where twins of all do not fit, marked cells have one style of each colour. */
const MOST_STYLES = 16_000;
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';

export const PLAIN_STYLES = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<styleSheet xmlns="${MAIN}"><fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="1"><xf/></cellXfs></styleSheet>`;

export class MarkedStyles {
  readonly xml: string;
  /** For each cell style of the workbook, whether it is a mark. */
  readonly #marks: boolean[];

  /** @param xml of the workbook; one without the lists of fills and cell styles gets plain ones */
  constructor(xml: string) {
    const whole = listOf(xml, 'fills') && listOf(xml, 'cellXfs') ? xml : PLAIN_STYLES;
    const fills = elementsOf(whole, 'fills', 'fill');
    const styles = elementsOf(whole, 'cellXfs', 'xf');
    const own = fills.map((fill) => Object.values(COLOURS).some((colour) => fill.includes(`"${colour}"`)));
    this.#marks = styles.map((style) => own[Number(/\sfillId=["'](\d+)/.exec(style)?.[1] ?? 0)] === true);
    const twins =
      styles.length > MOST_STYLES
        ? KINDS.map((_, i) => filled('<xf/>', fills.length + i))
        : [
            ...KINDS.flatMap((_, i) => styles.map((style) => filled(style, fills.length + i))),
            ...styles.filter((_, i) => this.#marks[i]).map((style) => filled(style, 0)),
          ];
    this.xml = append(append(whole, 'fills', KINDS.map(fill)), 'cellXfs', twins);
  }

  /** The style of a cell that is marked, by its own. */
  marked(style: number, kind: MarkKind): number {
    const count = this.#marks.length;
    const place = KINDS.indexOf(kind);
    if (count > MOST_STYLES) return count + place;
    return count + place * count + (style < count ? style : 0);
  }

  /** The style of a cell that is not marked: a mark of an earlier report is taken off. */
  clean(style: number): number {
    const count = this.#marks.length;
    if (count > MOST_STYLES || this.#marks[style] !== true) return style;
    return 3 * count + this.#marks.slice(0, style).filter(Boolean).length;
  }
}

function listOf(xml: string, name: string): RegExpExecArray | null {
  return new RegExp(`<((?:[\\w.-]+:)?)${name}\\b[^>]*>([\\s\\S]*?)</\\1${name}\\s*>`).exec(xml);
}

function elementsOf(xml: string, list: string, name: string): string[] {
  const [, prefix = '', content = ''] = listOf(xml, list) ?? [];
  const element = new RegExp(`<${prefix}${name}\\b[^>]*?(?:/>|>[\\s\\S]*?</${prefix}${name}\\s*>)`, 'g');
  return content.match(element) ?? [];
}

/** Adds to a list, and leaves its count out, which nobody needs. */
function append(xml: string, list: string, elements: readonly string[]): string {
  const found = listOf(xml, list);
  if (!found) return xml;
  const [whole, prefix = '', content = ''] = found;
  const changed = `<${prefix}${list}>${content}${elements.join('')}</${prefix}${list}>`;
  return xml.slice(0, found.index) + changed + xml.slice(found.index + whole.length);
}

function fill(kind: MarkKind): string {
  return `<fill xmlns="${MAIN}"><patternFill patternType="solid"><fgColor rgb="${COLOURS[kind]}"/><bgColor indexed="64"/></patternFill></fill>`;
}

/** A style with another fill. */
function filled(style: string, fillId: number): string {
  return style
    .replace(/^<[^>]*>/, (tag) => tag.replaceAll(/\s(?:fillId|applyFill)=(["'])[^"']*\1/g, ''))
    .replace(/^<[\w.:-]+/, (name) => `${name} fillId="${fillId}" applyFill="1"`);
}
