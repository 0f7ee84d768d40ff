// Files that are refused whole, or of which something is passed over for safety.
import * as SheetJs from '@e965/xlsx';
import { licence } from '../../rows.ts';
import { makeXlsx, zip } from '../xlsx.ts';
import { headings, licences, plainTable, xk, type UglyFile } from './case.ts';

const rows = plainTable(xk, licences({}, {}));
const plain = (parts?: Record<string, string | Blob>, relations?: string) =>
  makeXlsx({
    sheets: [{ name: '许可', rows }],
    ...(parts && { parts }),
    ...(relations !== undefined && { relations }),
  });
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

function compound(streams: Record<string, Uint8Array>): Uint8Array {
  const container: unknown = SheetJs.CFB.utils.cfb_new();
  for (const [name, content] of Object.entries(streams)) SheetJs.CFB.utils.cfb_add(container, name, content);
  const bytes: Uint8Array = SheetJs.CFB.write(container, { type: 'array' });
  return Uint8Array.from(bytes);
}

/** A workbook whose stream says behind its first record that the rest is enciphered ([MS-XLS] 2.4.117). */
function encipheredXls(): Uint8Array {
  const book = SheetJs.utils.book_new();
  SheetJs.utils.book_append_sheet(book, SheetJs.utils.aoa_to_sheet([['a']]), 'a');
  const bytes: ArrayBuffer = SheetJs.write(book, { type: 'array', bookType: 'biff8' });
  const { content }: { content: Uint8Array } = SheetJs.CFB.find(
    SheetJs.CFB.read(new Uint8Array(bytes), { type: 'array' }),
    'Workbook',
  );
  const first = 4 + (content[2] ?? 0);
  const filePass = new Uint8Array(4 + 54);
  filePass.set([0x2f, 0, 54, 0, 1, 0, 1, 0, 1, 0]);
  return compound({ Workbook: Uint8Array.from([...content.slice(0, first), ...filePass, ...content.slice(first)]) });
}

const damagedSheet = async (): Promise<Uint8Array> => {
  const bytes = await plain();
  // Within the packed sheet: its checksum no longer fits.
  const at = Buffer.from(bytes).indexOf('xl/worksheets/sheet1.xml') + 200;
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return bytes;
};

export const refusedCases: UglyFile[] = [
  {
    what: 'a workbook with macros and links to other files, and runs nothing of it',
    name: 'macros.xlsm',
    bytes: () =>
      plain({
        'xl/vbaProject.bin': 'macros',
        'xl/externalLinks/externalLink1.xml': '<externalLink/>',
      }),
    rows: [
      { at: '许可!2', as: licence(1) },
      { at: '许可!3', as: licence(2) },
    ],
    remarks: ['macros  1', 'external-links  1'],
  },
  {
    what: 'entities that multiply, and fetches nothing that a document names',
    name: 'entities.xlsx',
    bytes: () =>
      plain({
        'xl/sharedStrings.xml': `<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a SYSTEM "file:///etc/hostname"><!ENTITY b "${'x'.repeat(99)}"><!ENTITY c "&b;&b;&b;">]><sst>${rows
          .flatMap((row) => row as string[])
          .map((value) => `<si><t>${value}&c;&a;</t></si>`)
          .join('')}</sst>`,
      }),
    refused: /columns/,
  },
  {
    what: 'a workbook with a password',
    name: 'secret.xlsx',
    bytes: () => compound({ EncryptedPackage: text('x'), EncryptionInfo: text('y') }),
    refused: /encrypted/,
  },
  { what: 'an .xls workbook with a password', name: 'secret.xls', bytes: encipheredXls, refused: /encrypted/ },
  {
    what: 'a ZIP with a password',
    name: 'zip.xlsx',
    bytes: () => zip({ '_rels/.rels': 'x' }, 'secret'),
    refused: /encrypted/,
  },
  {
    what: 'a file that was cut off',
    name: 'cut.xlsx',
    bytes: async () => (await plain()).slice(0, 3000),
    refused: /damaged/,
  },
  { what: 'a sheet that is damaged', name: 'damaged.xlsx', bytes: damagedSheet, refused: /damaged/ },
  {
    what: 'an .xls that was cut off',
    name: 'cut.xls',
    bytes: () => compound({ Workbook: text('\u0009\u0008') }).slice(0, 1200),
    refused: /damaged|compound|columns/,
  },
  {
    what: 'a sheet of noughts that unpacks to hundreds of megabytes',
    name: 'bomb.xlsx',
    bytes: () =>
      plain({ 'xl/worksheets/sheet1.xml': new Blob(Array.from({ length: 100 }, () => new Uint8Array(1 << 20))) }),
    refused: /sheet1/,
  },
  {
    what: 'a Word document',
    name: 'doc.xlsx',
    bytes: () =>
      zip({
        '_rels/.rels':
          '<Relationships><Relationship Id="a" Type="x/officeDocument" Target="word/document.xml"/></Relationships>',
        'word/document.xml': '<document/>',
      }),
    refused: /Word/,
  },
  { what: 'an OpenDocument file', name: 'a.ods', bytes: () => zip({ 'content.xml': '<x/>' }), refused: /OpenDocument/ },
  { what: 'a ZIP archive', name: 'a.zip', bytes: () => zip({ 'a.csv': 'a,b' }), refused: /unpack/ },
  { what: 'a PDF', name: 'a.xlsx', bytes: () => text('%PDF-1.7'), refused: /PDF/ },
  { what: 'a picture', name: 'a.xls', bytes: () => Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), refused: /picture/ },
  { what: 'an empty file', name: 'empty.xlsx', bytes: () => new Uint8Array(), refused: /nothing/ },
  {
    what: 'a workbook without a table',
    name: 'none.xlsx',
    bytes: () =>
      makeXlsx({
        sheets: [
          {
            name: 'S',
            rows: [
              ['姓名', '电话'],
              ['张三', '1'],
            ],
          },
        ],
      }),
    refused: /columns.*姓名/,
  },
  {
    what: 'a table without a column that every row must have',
    name: 'lacks.xlsx',
    bytes: () =>
      makeXlsx({ sheets: [{ name: 'S', rows: [headings(xk).filter((heading) => heading !== '许可内容')] }] }),
    refused: /XK_NR 许可内容/,
  },
];
