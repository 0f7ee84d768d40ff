// Office Open XML workbooks (ECMA-376; .xlsx, .xlsm, and what WPS saves so): every part is streamed, none is held whole
// but lists. Formulas are not evaluated, macros and links to other files are not read.
import { malformed } from '../../node/core/errors.ts';
import { GENERAL, numberFormat, type NumberFormat } from './number-format.ts';
import { Package, type Part, type SourceBlob } from './package.ts';
import { SharedStrings, type Scratch } from './shared-strings.ts';
import type { Merge, Workbook } from './sheet.ts';
import { readSheet, type SheetSource } from './xlsx-sheet.ts';
import { surveySheet } from './xlsx-survey.ts';
import { attribute, isTrue, readXml } from './xml.ts';

export interface XlsxOptions {
  /** Space for the strings of the workbook. */
  scratch: Scratch;
}

/** Where the parts of a workbook are. */
export interface XlsxParts {
  source: Package;
  workbook: string;
  date1904: boolean;
  sheets: { name: string; hidden: boolean; part: Part }[];
  strings: Part | undefined;
  styles: Part | undefined;
}

/**
 * Looks through the whole file first, so that a damaged one is told before its first row.
 * @throws MALFORMED for what is no such workbook, is damaged or encrypted; TOO_LARGE
 */
export async function openXlsx(blob: SourceBlob, { scratch }: XlsxOptions): Promise<Workbook> {
  const { source, date1904, sheets, strings: stringsPart, styles } = await findParts(await Package.open(blob));
  const strings = new SharedStrings(scratch);
  if (stringsPart) await strings.read(source, stringsPart);
  const formats = styles ? await readFormats(source, styles) : [];
  const merges: Merge[][] = [];
  for (const { part } of sheets) merges.push(await surveySheet(source, part));
  return {
    sheets: sheets.map(({ name, hidden, part }, i) => {
      const hiddenColumns: number[] = [];
      const sheet: SheetSource = { source, part, strings, formats, date1904, hiddenColumns };
      return { name, hidden, merges: merges[i] ?? [], hiddenColumns, rows: () => readSheet(sheet) };
    }),
    date1904,
    unread: [
      ...(source.has(/vbaproject\.bin$/) ? (['macros'] as const) : []),
      ...(source.has(/externallinks\//) ? (['external-links'] as const) : []),
    ],
  };
}

/** Throws `MALFORMED` where it is another kind of package. */
export async function findParts(source: Package): Promise<XlsxParts> {
  const root = await readRelations(source, '_rels/.rels', '');
  const workbook = [...root.values()].find(({ type }) => type.endsWith('/officeDocument'))?.target;
  if (workbook === undefined || !source.part(workbook)) refuse(source);
  if (/\.bin$/i.test(workbook)) {
    malformed('workbook', 'XLSX: save it again as an .xlsx file', 'an Excel binary workbook (.xlsb)');
  }
  const folder = workbook.slice(0, workbook.lastIndexOf('/') + 1);
  const relations = await readRelations(source, `${folder}_rels/${workbook.slice(folder.length)}.rels`, folder);
  const target = (kind: string): Part | undefined => {
    const found = [...relations.values()].find(({ type }) => type.endsWith(`/${kind}`));
    return found && source.part(found.target);
  };
  let date1904 = false;
  let known = false;
  const sheets: XlsxParts['sheets'] = [];
  await source.read(workbook, {
    open: (name, attributes) => {
      if (name === 'workbook') known = true;
      if (name === 'workbookPr') date1904 = isTrue(attributes['date1904']);
      if (name !== 'sheet') return;
      const relation = relations.get(attribute(attributes, 'id') ?? '');
      const part = relation?.type.endsWith('/worksheet') ? source.part(relation.target) : undefined;
      // Charts and dialogs are sheets too, without cells.
      if (!part) return;
      const { name: title = '', state = 'visible' } = attributes;
      sheets.push({ name: title, hidden: state !== 'visible', part });
    },
  });
  if (!known) refuse(source);
  return { source, workbook, date1904, sheets, strings: target('sharedStrings'), styles: target('styles') };
}

function refuse(source: Package): never {
  if (source.part('word/document.xml')) malformed('file', 'a workbook', 'a Word document');
  if (source.part('ppt/presentation.xml')) malformed('file', 'a workbook', 'a PowerPoint presentation');
  if (source.part('content.xml')) {
    malformed('workbook', 'XLSX: save it again as an .xlsx file', 'an OpenDocument file (.ods)');
  }
  return malformed('file', 'a workbook (.xlsx, .xls, .et), CSV or NDJSON', 'a ZIP archive: unpack it first');
}

async function readRelations(source: Package, name: string, folder: string): Promise<Relations> {
  return parseRelations((await source.whole(name)) ?? '', folder);
}

/** By their id; targets are names of parts. */
type Relations = Map<string, { type: string; target: string }>;

/** The relations of a part that lies in `folder`. */
export function parseRelations(xml: string, folder: string): Relations {
  const relations: Relations = new Map();
  const reader = readXml({
    open: (element, { Id: id, Type: type = '', Target: target = '', TargetMode: mode }) => {
      if (element !== 'Relationship' || id === undefined || mode === 'External') return;
      relations.set(id, { type, target: resolvePart(folder, target) });
    },
  });
  reader.write(xml);
  reader.end();
  return relations;
}

function resolvePart(folder: string, target: string): string {
  if (target.startsWith('/')) return target.slice(1);
  const steps: string[] = [];
  for (const step of `${folder}${target}`.split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '.' && step !== '') steps.push(step);
  }
  return steps.join('/');
}

/** The number format of each cell style (`s` of a cell). */
async function readFormats(source: Package, { name }: Part): Promise<NumberFormat[]> {
  const codes = new Map<number, string>();
  const ids: number[] = [];
  let within = false;
  await source.read(name, {
    open: (element, attributes) => {
      if (element === 'numFmt') codes.set(Number(attributes['numFmtId']), attributes['formatCode'] ?? '');
      else if (element === 'cellXfs') within = true;
      else if (element === 'xf' && within) ids.push(Number(attributes['numFmtId'] ?? 0));
    },
    close: (element) => {
      if (element === 'cellXfs') within = false;
    },
  });
  return ids.map((id) => (id === 0 ? GENERAL : numberFormat(id, codes.get(id))));
}
