// Bars as inline SVG: no script, nothing from outside.
import { escapeHtml } from '../../html.ts';

export interface Bar {
  label: string;
  value: number;
  /** Of `value`, what is shown filled; all of it unless told. */
  filled?: number;
}

const ROW = 22;
const LABEL = 260;
const WIDTH = 720;
const FIGURE = 110;

/** A bar a row, with its figure. */
export function rowChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const scale = (WIDTH - LABEL - FIGURE) / most;
  const rows = bars.map(({ label, value, filled = value }, i) => {
    const y = i * ROW;
    return (
      `<text x="${LABEL - 8}" y="${y + 15}" text-anchor="end">${escapeHtml(label)}</text>` +
      `<rect class="all" x="${LABEL}" y="${y + 3}" width="${round(value * scale)}" height="${ROW - 6}"/>` +
      `<rect class="filled" x="${LABEL}" y="${y + 3}" width="${round(filled * scale)}" height="${ROW - 6}"/>` +
      `<text x="${LABEL + round(value * scale) + 6}" y="${y + 15}">${value.toLocaleString('en')}</text>`
    );
  });
  return svg(title, Math.max(1, bars.length) * ROW, rows.join(''));
}

const HEIGHT = 140;

/** A bar a column, the first and the last labelled. */
export function columnChart(title: string, bars: readonly Bar[]): string {
  const most = Math.max(1, ...bars.map(({ value }) => value));
  const width = WIDTH / Math.max(1, bars.length);
  const columns = bars.map(({ label, value }, i) => {
    const height = round((value / most) * (HEIGHT - 30));
    const x = round(i * width);
    return (
      `<rect class="filled" x="${x}" y="${HEIGHT - 20 - height}" width="${round(Math.max(1, width - 2))}" height="${height}">` +
      `<title>${escapeHtml(label)}: ${value.toLocaleString('en')}</title></rect>`
    );
  });
  const labels =
    `<text x="0" y="${HEIGHT - 4}">${escapeHtml(bars[0]?.label ?? '')}</text>` +
    `<text x="${WIDTH}" y="${HEIGHT - 4}" text-anchor="end">${escapeHtml(bars.at(-1)?.label ?? '')}</text>` +
    `<text x="0" y="11">${most.toLocaleString('en')}</text>`;
  return svg(title, HEIGHT, columns.join('') + labels);
}

function svg(title: string, height: number, content: string): string {
  return `<svg role="img" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}"><title>${escapeHtml(title)}</title>${content}</svg>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
