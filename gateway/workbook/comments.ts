// Comments of a sheet (ECMA-376 part 1, 18.7), and the boxes that old and new spreadsheets show them in (VML, part 4).
import { columnLetters, parseCellName } from './sheet.ts';
import { readXml } from './xml.ts';

/** By whose hand ours are: those of an earlier report are known by it, and taken out. */
const AUTHOR = '信链 Xinlian';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';

interface Comment {
  column: number;
  line: number;
  author: string;
  text: string;
}

/** The comments that a sheet has, but for ours. Their text alone is kept. */
export function readComments(xml: string): Comment[] {
  const comments: Comment[] = [];
  const authors: string[] = [];
  let comment: Comment | undefined;
  let within = '';
  const reader = readXml({
    open: (name, attributes) => {
      within = name;
      if (name === 'author') authors.push('');
      if (name !== 'comment') return;
      const place = parseCellName(attributes['ref'] ?? '');
      comment = place && { ...place, author: authors[Number(attributes['authorId'] ?? 0)] ?? '', text: '' };
    },
    text: (text) => {
      if (within === 'author' && authors.length > 0) authors[authors.length - 1] += text;
      if (within === 't' && comment) comment.text += text;
    },
    close: (name) => {
      within = '';
      if (name !== 'comment') return;
      if (comment && comment.author !== AUTHOR) comments.push(comment);
      comment = undefined;
    },
  });
  reader.write(xml);
  reader.end();
  return comments;
}

/** Those of a sheet and ours together, at most one in a cell. */
export function mergeComments(
  own: readonly { line: number; column: number; text: string }[],
  others: readonly Comment[],
): Comment[] {
  const byCell = new Map(others.map((comment) => [`${comment.line} ${comment.column}`, comment]));
  for (const { line, column, text } of own) {
    const key = `${line} ${column}`;
    const other = byCell.get(key);
    byCell.set(key, { line, column, author: AUTHOR, text: other ? `${text}\n\n${other.author}: ${other.text}` : text });
  }
  return [...byCell.values()].toSorted((a, b) => a.line - b.line || a.column - b.column);
}

export function commentsXml(comments: readonly Comment[]): string {
  const authors = [...new Set(comments.map(({ author }) => author))];
  const list = comments.map(
    ({ column, line, author, text }) =>
      `<comment ref="${columnLetters(column)}${line}" authorId="${authors.indexOf(author)}"><text><r><rPr><sz val="9"/></rPr><t xml:space="preserve">${escapeXml(text)}</t></r></text></comment>`,
  );
  return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<comments xmlns="${MAIN}"><authors>${authors.map((author) => `<author>${escapeXml(author)}</author>`).join('')}</authors><commentList>${list.join('')}</commentList></comments>`;
}

/** @param before the drawing that the sheet has: what is no comment in it (buttons) is kept */
export function commentBoxes(comments: readonly Comment[], before: string | undefined): string {
  const boxes = comments.map(({ column, line }, i) => box(column, line - 1, i));
  const type = `<v:shapetype id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe"><v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>`;
  if (before !== undefined) {
    const kept = before.replaceAll(/<v:shape\s[\s\S]*?<\/v:shape>/g, (shape) =>
      /ObjectType=["']Note["']/.test(shape) ? '' : shape,
    );
    const own = (kept.includes('_x0000_t202') ? '' : type) + boxes.join('');
    return kept.replace(/<\/xml>\s*$/, `${own}</xml>`);
  }
  return `<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"><o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="1"/></o:shapelayout>${type}${boxes.join('')}</xml>`;
}

function box(column: number, row: number, i: number): string {
  return `<v:shape id="_x0000_s${90_000 + i}" type="#_x0000_t202" style="position:absolute;margin-left:60pt;margin-top:2pt;width:220pt;height:90pt;z-index:${i + 1};visibility:hidden" fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"/><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>${column + 1}, 15, ${row}, 2, ${column + 5}, 15, ${row + 6}, 4</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>${row}</x:Row><x:Column>${column}</x:Column></x:ClientData></v:shape>`;
}

export function escapeXml(text: string): string {
  return (
    text
      .toWellFormed()
      // oxlint-disable-next-line no-control-regex -- XML has no room for them
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}
