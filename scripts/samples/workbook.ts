// A large XLSX workbook as spreadsheets write them: every text once, in a list of its own, and cells that refer to it.
import { createReadStream, createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { TextReader, ZipWriter } from '@zip.js/zip.js/lib/zip-core-native.js';
import { escapeXml } from '../../gateway/workbook/comments.ts';
import { PLAIN_STYLES } from '../../gateway/workbook/marked-styles.ts';
import { columnLetters } from '../../gateway/workbook/sheet.ts';
import { utf8 } from '../../node/core/bytes.ts';
import type { CatalogueItem } from '../../node/policy/pack.ts';
import type { SampleRow } from './rows.ts';

const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const OFFICE = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006/relationships';
/** Texts that are looked for among those before them: the same again gets the same number. */
const MOST_KNOWN = 100_000;

/** @param scratch a file for the texts until they are packed */
export async function writeSharedWorkbook(
  item: CatalogueItem,
  rows: () => Iterable<SampleRow>,
  { scratch, sink }: { scratch: string; sink: WritableStream<Uint8Array> },
): Promise<void> {
  const strings = createWriteStream(scratch);
  const known = new Map<string, number>();
  let count = 0;
  let held = `<sst xmlns="${MAIN}">`;
  const numberOf = (text: string): number => {
    const number = known.get(text);
    if (number !== undefined) return number;
    if (known.size < MOST_KNOWN) known.set(text, count);
    held += `<si><t>${escapeXml(text)}</t></si>`;
    return count++;
  };
  const columns = item.fields.map(({ name, zh }, i) => ({ name, zh, letters: columnLetters(i) }));
  const rowXml = (line: number, cells: readonly (string | undefined)[]): string => {
    const xml = cells.map((text, i) =>
      text === undefined ? '' : `<c r="${columns[i]?.letters}${line}" t="s"><v>${numberOf(text)}</v></c>`,
    );
    return `<row r="${line}">${xml.join('')}</row>`;
  };
  async function* sheet(): AsyncGenerator<Uint8Array> {
    yield utf8(`<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="${MAIN}"><sheetData>`);
    let line = 1;
    let text = rowXml(
      line,
      columns.map(({ zh }) => zh),
    );
    for (const row of rows()) {
      line++;
      text += rowXml(
        line,
        columns.map(({ name }) => row[name]),
      );
      if (text.length < 256 * 1024) continue;
      yield utf8(text);
      text = '';
      if (!strings.write(held)) await once(strings, 'drain');
      held = '';
    }
    yield utf8(`${text}</sheetData></worksheet>`);
    strings.end(`${held}</sst>`);
    await once(strings, 'finish');
  }
  const writer = new ZipWriter(sink, { useWebWorkers: false, level: 6, extendedTimestamp: false });
  const relation = (id: string, type: string, target: string) =>
    `<Relationship Id="${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
  const parts: [name: string, xml: string][] = [
    [
      '[Content_Types].xml',
      '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/></Types>',
    ],
    [
      '_rels/.rels',
      `<Relationships xmlns="${PACKAGE}">${relation('a', 'officeDocument', 'xl/workbook.xml')}</Relationships>`,
    ],
    [
      'xl/workbook.xml',
      `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}"><sheets><sheet name="Sheet1" sheetId="1" r:id="a"/></sheets></workbook>`,
    ],
    [
      'xl/_rels/workbook.xml.rels',
      `<Relationships xmlns="${PACKAGE}">${relation('a', 'worksheet', 'worksheets/sheet1.xml')}${relation('b', 'styles', 'styles.xml')}${relation('c', 'sharedStrings', 'sharedStrings.xml')}</Relationships>`,
    ],
    ['xl/styles.xml', PLAIN_STYLES],
  ];
  for (const [name, xml] of parts) await writer.add(name, new TextReader(xml));
  await writer.add('xl/worksheets/sheet1.xml', Readable.toWeb(Readable.from(sheet())) as ReadableStream<Uint8Array>);
  await writer.add('xl/sharedStrings.xml', Readable.toWeb(createReadStream(scratch)) as ReadableStream<Uint8Array>);
  await writer.close();
}
