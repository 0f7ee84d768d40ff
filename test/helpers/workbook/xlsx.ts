// Workbooks for tests, part by part, so that they can be as odd as those of real programs. The same always gives the
// same bytes.
import { BlobReader, BlobWriter, TextReader, ZipWriter, type Reader } from '@zip.js/zip.js/lib/zip-core-native.js';
import { cellName } from '../../../gateway/workbook/sheet.ts';

/** Text (shared), a number, nothing, or anything else as it stands in the sheet. */
export type CellSpec =
  | string
  | number
  | undefined
  | { number: number | string; format?: string }
  | { inline: string }
  | { formula: string; value?: string; type?: 'str' | 'n' | 'b' | 'e' }
  | { error: string }
  | { iso: string }
  | { flag: boolean }
  | { runs: string[] };

export type RowSpec = CellSpec[] | { cells: CellSpec[]; hidden?: boolean; line?: number };

export interface SheetSpec {
  name: string;
  rows: RowSpec[];
  merges?: string[];
  hiddenColumns?: number[];
  state?: 'hidden' | 'veryHidden';
}

export interface XlsxSpec {
  sheets: SheetSpec[];
  date1904?: boolean;
  /** Prefix of every element, as some programs write it. */
  prefix?: string;
  /** Names of cells are left out, as some programs do. */
  nameless?: boolean;
  /** More parts, by name. */
  parts?: Record<string, string | Blob>;
  relations?: string;
}

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

export async function makeXlsx(spec: XlsxSpec): Promise<Uint8Array<ArrayBuffer>> {
  const strings = new Map<string, number>();
  const formats = new Map<string, number>();
  const sheets = spec.sheets.map((sheet) => sheetXml(sheet, spec, strings, formats));
  const names = spec.sheets.map((_, i) => `xl/worksheets/sheet${i + 1}.xml`);
  const overrides = names.map((name) => part(name, 'worksheet+xml')).join('');
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
  const parts: Record<string, string | Blob> = {
    '[Content_Types].xml': `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${part('xl/workbook.xml', 'sheet.main+xml')}${overrides}${part('xl/styles.xml', 'styles+xml')}${part('xl/sharedStrings.xml', 'sharedStrings+xml')}</Types>`,
    '_rels/.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${relation('rId1', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    'xl/workbook.xml': prefixed(
      spec,
      `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><workbookPr${spec.date1904 === true ? ' date1904="1"' : ''}/><sheets>${spec.sheets
        .map(
          ({ name, state }, i) =>
            `<sheet name="${escape(name)}" sheetId="${i + 1}"${state ? ` state="${state}"` : ''} r:id="rId${i + 1}"/>`,
        )
        .join('')}</sheets></workbook>`,
    ),
    'xl/_rels/workbook.xml.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${names
      .map((name, i) => relation(`rId${i + 1}`, 'worksheet', name.slice(3)))
      .join(
        '',
      )}${relation('rIdS', 'styles', 'styles.xml')}${relation('rIdT', 'sharedStrings', 'sharedStrings.xml')}${spec.relations ?? ''}</Relationships>`,
    ...Object.fromEntries(names.map((name, i) => [name, sheets[i] ?? ''])),
    'xl/styles.xml': stylesXml(formats),
    'xl/sharedStrings.xml': prefixed(
      spec,
      `<sst xmlns="${MAIN}">${[...strings.keys()].map((text) => `<si>${text.startsWith('<r>') ? text : t(text)}</si>`).join('')}</sst>`,
    ),
    ...spec.parts,
  };
  return zip(parts);
}

/** A ZIP of such parts. */
export async function zip(parts: Record<string, string | Blob>, password?: string): Promise<Uint8Array<ArrayBuffer>> {
  const writer = new ZipWriter(new BlobWriter(), {
    useWebWorkers: false,
    lastModDate: new Date(2026, 0, 1),
    extendedTimestamp: false,
    ...(password !== undefined && { password }),
  });
  for (const [name, content] of Object.entries(parts)) {
    const reader: Reader<unknown> = typeof content === 'string' ? new TextReader(content) : new BlobReader(content);
    await writer.add(name, reader);
  }
  return new Uint8Array(await (await writer.close()).arrayBuffer());
}

function part(name: string, type: string): string {
  return `<Override PartName="/${name}" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.${type}"/>`;
}

function sheetXml(
  { rows, merges = [], hiddenColumns = [] }: SheetSpec,
  spec: XlsxSpec,
  strings: Map<string, number>,
  formats: Map<string, number>,
): string {
  const cols = hiddenColumns.map((column) => `<col min="${column + 1}" max="${column + 1}" width="9" hidden="1"/>`);
  let line = 0;
  const data = rows.map((row) => {
    const { cells, hidden = false, line: own = line + 1 } = Array.isArray(row) ? { cells: row } : row;
    line = own;
    const xml = cells.map((cell, i) =>
      cellXml(cell, spec.nameless === true ? '' : cellName(i, line), strings, formats),
    );
    return `<row r="${line}"${hidden ? ' hidden="1"' : ''}>${xml.join('')}</row>`;
  });
  const merged = merges.map((range) => `<mergeCell ref="${range}"/>`).join('');
  return prefixed(
    spec,
    `<worksheet xmlns="${MAIN}">${cols.length > 0 ? `<cols>${cols.join('')}</cols>` : ''}<sheetData>${data.join('')}</sheetData>${merged === '' ? '' : `<mergeCells count="${merges.length}">${merged}</mergeCells>`}</worksheet>`,
  );
}

function cellXml(cell: CellSpec, name: string, strings: Map<string, number>, formats: Map<string, number>): string {
  const at = name === '' ? '' : ` r="${name}"`;
  const shared = (text: string): string => {
    if (!strings.has(text)) strings.set(text, strings.size);
    return `<c${at} t="s"><v>${strings.get(text)}</v></c>`;
  };
  if (cell === undefined) return name === '' ? '<c/>' : '';
  if (typeof cell === 'string') return shared(cell);
  if (typeof cell === 'number') return `<c${at}><v>${cell}</v></c>`;
  if ('number' in cell) {
    const { number, format } = cell;
    if (format !== undefined && !formats.has(format)) formats.set(format, formats.size + 1);
    return `<c${at}${format === undefined ? '' : ` s="${formats.get(format)}"`}><v>${number}</v></c>`;
  }
  if ('inline' in cell) return `<c${at} t="inlineStr"><is>${t(cell.inline)}</is></c>`;
  if ('error' in cell) return `<c${at} t="e"><v>${cell.error}</v></c>`;
  if ('iso' in cell) return `<c${at} t="d"><v>${cell.iso}</v></c>`;
  if ('flag' in cell) return `<c${at} t="b"><v>${cell.flag ? 1 : 0}</v></c>`;
  if ('runs' in cell) {
    const runs = cell.runs.map((run) => `<r><rPr><b/></rPr>${t(run)}</r>`).join('');
    return shared(`${runs}<rPh sb="0" eb="1">${t('xinxi')}</rPh>`);
  }
  const { formula, value, type } = cell;
  return `<c${at}${type ? ` t="${type}"` : ''}><f>${escape(formula)}</f>${value === undefined ? '' : `<v>${escape(value)}</v>`}</c>`;
}

function stylesXml(formats: ReadonlyMap<string, number>): string {
  const codes = [...formats].map(([code, i]) => `<numFmt numFmtId="${163 + i}" formatCode="${escape(code)}"/>`);
  const xfs = [0, ...[...formats.values()].map((i) => 163 + i)].map(
    (id) =>
      `<xf numFmtId="${id}" fontId="0" fillId="0" borderId="0" xfId="0"${id > 0 ? ' applyNumberFormat="1"' : ''}/>`,
  );
  return `${HEAD}<styleSheet xmlns="${MAIN}">${codes.length > 0 ? `<numFmts count="${codes.length}">${codes.join('')}</numFmts>` : ''}<fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills><borders count="1"><border/></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="${xfs.length}">${xfs.join('')}</cellXfs></styleSheet>`;
}

function t(text: string): string {
  return `<t xml:space="preserve">${escape(text)}</t>`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** Every element under a prefix, as Microsoft's own SDK may write them. */
function prefixed({ prefix }: XlsxSpec, xml: string): string {
  if (prefix === undefined) return HEAD + xml;
  const named = xml.replaceAll(/<(\/?)([a-zA-Z])/g, `<$1${prefix}:$2`).replaceAll(' xmlns="', ` xmlns:${prefix}="`);
  return HEAD + named;
}
