// Any workbook as the parts of an XLSX file, sheet by sheet as its rows are read: texts as texts, so that a spreadsheet
// changes nothing of them.
import { escapeXml } from './comments.ts';
import { PLAIN_STYLES } from './marked-styles.ts';
import { cellName, columnLetters, type Cell, type Sheet, type SheetRow, type Workbook } from './sheet.ts';
import { MAX_ROWS } from './xlsx-sheet.ts';

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const SPREADSHEET = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/** Name that a sheet without one gets. */
export const ONLY_SHEET = 'Sheet1';

export interface PlainParts {
  sheets: { name: string; part: string; text: () => AsyncIterable<string> }[];
  styles: string;
  /** Whatever is no sheet. */
  others: Map<string, string>;
}

/** `onCut`: where a sheet has more rows than a spreadsheet takes. */
export function plainParts({ sheets }: Workbook, onCut: (sheet: string) => void): PlainParts {
  const named = sheets.map((sheet, i) => ({
    sheet,
    name: sheet.name === '' ? ONLY_SHEET : sheet.name,
    part: `xl/worksheets/sheet${i + 1}.xml`,
  }));
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
  const type = (part: string, kind: string) =>
    `<Override PartName="/${part}" ContentType="${SPREADSHEET}.${kind}+xml"/>`;
  const others = new Map([
    [
      '[Content_Types].xml',
      `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>${type('xl/workbook.xml', 'sheet.main')}${type('xl/styles.xml', 'styles')}${named.map(({ part }) => type(part, 'worksheet')).join('')}</Types>`,
    ],
    [
      '_rels/.rels',
      `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${relation('rId1', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    ],
    [
      'xl/workbook.xml',
      `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets>${named
        .map(
          ({ name, sheet }, i) =>
            `<sheet name="${escapeXml(name)}" sheetId="${i + 1}"${sheet.hidden ? ' state="hidden"' : ''} r:id="rId${i + 1}"/>`,
        )
        .join('')}</sheets></workbook>`,
    ],
    [
      'xl/_rels/workbook.xml.rels',
      `${HEAD}<Relationships xmlns="${PACKAGE}/relationships">${named
        .map(({ part }, i) => relation(`rId${i + 1}`, 'worksheet', part.slice(3)))
        .join('')}${relation('rIdStyles', 'styles', 'styles.xml')}</Relationships>`,
    ],
    ['xl/styles.xml', PLAIN_STYLES],
  ]);
  return {
    sheets: named.map(({ name, part, sheet }) => ({ name, part, text: () => sheetText(sheet, () => onCut(name)) })),
    styles: 'xl/styles.xml',
    others,
  };
}

async function* sheetText(sheet: Sheet, onCut: () => void): AsyncGenerator<string, void, void> {
  yield `${HEAD}<worksheet xmlns="${MAIN}">${columnsOf(sheet)}<sheetData>`;
  let cut = false;
  for await (const { rows } of sheet.rows()) {
    if (rows.some(({ line }) => line > MAX_ROWS)) cut = true;
    yield rows.flatMap((row) => (row.line > MAX_ROWS ? [] : [rowXml(row)])).join('');
  }
  if (cut) onCut();
  const merges = sheet.merges.map(
    ({ top, left, bottom, right }) =>
      `<mergeCell ref="${columnLetters(left)}${top}:${columnLetters(right)}${bottom}"/>`,
  );
  yield `</sheetData>${merges.length > 0 ? `<mergeCells>${merges.join('')}</mergeCells>` : ''}</worksheet>`;
}

function columnsOf({ hiddenColumns }: Sheet): string {
  if (hiddenColumns.length === 0) return '';
  const columns = hiddenColumns.toSorted((a, b) => a - b);
  return `<cols>${columns.map((column) => `<col min="${column + 1}" max="${column + 1}" width="9" hidden="1"/>`).join('')}</cols>`;
}

function rowXml({ line, cells, hidden }: SheetRow): string {
  const xml = cells.map((cell, column) => (cell ? cellXml(cell, cellName(column, line)) : ''));
  return `<row r="${line}"${hidden ? ' hidden="1"' : ''}>${xml.join('')}</row>`;
}

function cellXml({ kind, text }: Cell, name: string): string {
  if (kind === 'uncomputed') return '';
  // A number that was rounded stays as it is told: as text it can be mended.
  if (kind === 'number' && !text.includes('E')) return `<c r="${name}"><v>${text}</v></c>`;
  return `<c r="${name}" t="inlineStr"><is><t xml:space="preserve">${escapeXml(text)}</t></is></c>`;
}
