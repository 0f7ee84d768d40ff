// The report for a clerk: the workbook that was sent, with the cells that are to be mended coloured and commented.
// Everything else in it stays as it is, and it streams as it was read.
import { ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import { malformed } from '../../node/core/errors.ts';
import { commentBoxes, commentsXml, mergeComments, readComments } from './comments.ts';
import { MarkedStyles, PLAIN_STYLES } from './marked-styles.ts';
import { markSheet } from './marked-sheet.ts';
import type { Mark, Marks } from './marks.ts';
import { Package, type Part, type SourceBlob } from './package.ts';
import { plainParts } from './plain-parts.ts';
import type { Workbook } from './sheet.ts';
import { findParts, parseRelations } from './xlsx.ts';

const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const RELATIONS = 'http://schemas.openxmlformats.org/package/2006/relationships';
const STYLES_PART = 'xl/styles.xml';

/** What a report is made of: parts by name, each as it is and not yet written. */
interface Source {
  sheets: { name: string; part: string }[];
  styles: string;
  names: string[];
  text(name: string): AsyncIterable<string>;
  /** undefined where there is no such part. */
  whole(name: string): Promise<string | undefined>;
  /** What is no text, or need not be looked at. */
  pieces(name: string): AsyncIterable<Uint8Array>;
  /** Of the file that was sent. */
  bytes: number;
}

const LARGE = 48 * 1024 * 1024;

/**
 * Writes a report of an XLSX workbook.
 * @throws as reading it does, and what `sink` throws
 */
export async function markXlsx(blob: SourceBlob, marks: Marks, sink: WritableStream<Uint8Array>): Promise<void> {
  const { source, sheets, styles } = await findParts(await Package.open(blob));
  const part = (name: string): Part => source.part(name) ?? malformed('workbook', `the part ${name}`, 'none');
  await write(
    {
      sheets: sheets.map(({ name, part }) => ({ name, part: part.name })),
      styles: styles?.name ?? STYLES_PART,
      names: [...source.parts()].map(({ name }) => name),
      text: (name) => source.text(part(name), false),
      whole: (name) => source.whole(name),
      pieces: (name) => source.bytes(part(name), false),
      bytes: blob.size,
    },
    marks,
    sink,
  );
}

/**
 * Writes a report of any other workbook, as XLSX.
 * @param bytes of the file that was sent
 * @param onCut told where a sheet has more rows than a spreadsheet takes: the report ends there
 */
export async function markPlain(
  workbook: Workbook,
  bytes: number,
  marks: Marks,
  sink: WritableStream<Uint8Array>,
  onCut: (sheet: string) => void,
): Promise<void> {
  const { sheets, styles, others } = plainParts(workbook, onCut);
  const texts = new Map(sheets.map(({ part, text }) => [part, text]));
  const text = (name: string): AsyncIterable<string> => texts.get(name)?.() ?? one(others.get(name) ?? '');
  await write(
    {
      sheets,
      styles,
      names: [...others.keys(), ...texts.keys()],
      text,
      whole: async (name) => others.get(name),
      pieces: (name) => encoded(text(name)),
      bytes,
    },
    marks,
    sink,
  );
}

async function write(source: Source, marks: Marks, sink: WritableStream<Uint8Array>): Promise<void> {
  const styles = new MarkedStyles((await source.whole(source.styles)) ?? PLAIN_STYLES);
  const changed = new Map<string, AsyncIterable<string>>([[source.styles, one(styles.xml)]]);
  const types = new Map<string, string>();
  for (const [i, { name, part }] of source.sheets.entries()) {
    const own = marks.of(name);
    const { parts, drawing } = await commentParts(source, part, own, i + 1);
    for (const [name, { text, type }] of parts) {
      changed.set(name, one(text));
      if (type !== undefined) types.set(name, type);
    }
    changed.set(part, markSheet(source.text(part), { marks: own, styles, drawing }));
  }
  const contentTypes = await source.whole('[Content_Types].xml');
  if (contentTypes !== undefined) changed.set('[Content_Types].xml', one(withTypes(contentTypes, types)));
  // The first part of a package is what tells programs that it is one.
  const names = new Set(['[Content_Types].xml', ...source.names, ...changed.keys()]);
  // Some programs want the size of a part before it. To know it, the part is held; large ones go without.
  const streamed = source.bytes > LARGE;
  const writer = new ZipWriter(sink, {
    useWebWorkers: false,
    level: 6,
    extendedTimestamp: false,
    dataDescriptor: streamed,
    bufferedWrite: !streamed,
  });
  for (const name of names) {
    const text = changed.get(name);
    await writer.add(name, toStream(text ? encoded(text) : source.pieces(name)));
  }
  await writer.close();
}

/** The parts that hold a sheet's comments and their boxes; none where nothing of it is marked, or ever was. */
async function commentParts(
  source: Source,
  sheet: string,
  marks: ReadonlyMap<number, ReadonlyMap<number, Mark>>,
  number: number,
): Promise<{ parts: Map<string, { text: string; type?: string }>; drawing: string | undefined }> {
  const parts = new Map<string, { text: string; type?: string }>();
  const cut = sheet.lastIndexOf('/') + 1;
  const folder = sheet.slice(0, cut);
  const relationsPart = `${folder}_rels/${sheet.slice(cut)}.rels`;
  const relationsText = await source.whole(relationsPart);
  const relations = parseRelations(relationsText ?? '', folder);
  const find = (kind: string): string | undefined =>
    [...relations.values()].find(({ type }) => type.endsWith(`/${kind}`))?.target;
  const commentsPart = find('comments');
  const boxesPart = find('vmlDrawing');
  const own = [...marks].flatMap(([line, cells]) => [...cells].map(([column, { text }]) => ({ line, column, text })));
  if (own.length === 0 && commentsPart === undefined) return { parts, drawing: undefined };
  const before = commentsPart === undefined ? undefined : await source.whole(commentsPart);
  const comments = mergeComments(own, before === undefined ? [] : readComments(before));
  const names = {
    comments: commentsPart ?? `xl/xinlianComments${number}.xml`,
    boxes: boxesPart ?? `xl/drawings/xinlianBoxes${number}.vml`,
  };
  parts.set(names.comments, { text: commentsXml(comments), type: 'comments' });
  parts.set(names.boxes, {
    text: commentBoxes(comments, boxesPart === undefined ? undefined : await source.whole(boxesPart)),
  });
  const added = [
    ...(commentsPart === undefined ? [relation('rIdXinlianComments', 'comments', names.comments)] : []),
    ...(boxesPart === undefined ? [relation('rIdXinlianBoxes', 'vmlDrawing', names.boxes)] : []),
  ];
  if (added.length > 0) {
    const text = relationsText ?? `<Relationships xmlns="${RELATIONS}"></Relationships>`;
    parts.set(relationsPart, { text: inserted(text, 'Relationships', added.join('')) });
  }
  return { parts, drawing: boxesPart === undefined ? 'rIdXinlianBoxes' : undefined };
}

function relation(id: string, type: string, part: string): string {
  return `<Relationship xmlns="${RELATIONS}" Id="${id}" Type="${OFFICE}/${type}" Target="/${part}"/>`;
}

/** Puts elements at the end of the document's own. */
function inserted(xml: string, root: string, elements: string): string {
  const empty = new RegExp(`<((?:[\\w.-]+:)?)${root}((?:\\s[^>]*?)?)/>\\s*$`);
  if (empty.test(xml))
    return xml.replace(empty, (_, prefix, rest) => `<${prefix}${root}${rest}>${elements}</${prefix}${root}>`);
  return xml.replace(new RegExp(`</(?:[\\w.-]+:)?${root}\\s*>\\s*$`), (end) => elements + end);
}

function withTypes(xml: string, types: ReadonlyMap<string, string>): string {
  const namespace = 'xmlns="http://schemas.openxmlformats.org/package/2006/content-types"';
  const vml = 'application/vnd.openxmlformats-officedocument.vmlDrawing';
  const added = [...types].flatMap(([part, type]) =>
    xml.includes(`"/${part}"`)
      ? []
      : [
          `<Override ${namespace} PartName="/${part}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${type}+xml"/>`,
        ],
  );
  if (types.size > 0 && !/Extension=["']vml["']/i.test(xml)) {
    added.unshift(`<Default ${namespace} Extension="vml" ContentType="${vml}"/>`);
  }
  return added.length === 0 ? xml : inserted(xml, 'Types', added.join(''));
}

async function* one(text: string): AsyncGenerator<string, void, void> {
  yield text;
}

async function* encoded(text: AsyncIterable<string>): AsyncGenerator<Uint8Array, void, void> {
  const encoder = new TextEncoder();
  for await (const piece of text) yield encoder.encode(piece);
}

function toStream(pieces: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = pieces[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await iterator.return?.();
    },
  });
}
