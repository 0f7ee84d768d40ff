// Workbooks whose bytes are not as they should be: told, never anything else.
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { parseApart } from '../../gateway/cli/parse-apart.ts';
import { NO_LAYOUTS } from '../../gateway/workbook/layout.ts';
import { kindOf, openWorkbook } from '../../gateway/workbook/open-workbook.ts';
import { numberCell, numberFormat, serialText } from '../../gateway/workbook/number-format.ts';
import { MemoryScratch } from '../../gateway/workbook/shared-strings.ts';
import { Remarks } from '../../gateway/workbook/source-row.ts';
import { readTables } from '../../gateway/workbook/tables.ts';
import { XmlRewriter } from '../../gateway/workbook/xml-rewriter.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { builtInCatalogue as catalogue } from '../../node/policy/pack.ts';
import { licence } from '../helpers/rows.ts';
import { plainTable, xk } from '../helpers/workbook/corpus/case.ts';
import { makeXlsx } from '../helpers/workbook/xlsx.ts';

/** One damaged file in a few hundred is one that would not end. */
const parseWhole = parseApart({ memoryMb: 96, seconds: 20 });
const OPTIONS = { catalogue, wanted: undefined, suspect: false, mask: false, layouts: NO_LAYOUTS, today: '2026-06-01' };

/** How many rows are read; undefined where the file is refused. */
async function rowsOf(bytes: Uint8Array<ArrayBuffer>): Promise<number | undefined> {
  const blob = new Blob([bytes]);
  try {
    const scratch = () => new MemoryScratch();
    const workbook = await openWorkbook(blob, await kindOf(blob), { scratch, encodingOfText: 'utf-8', parseWhole });
    if (!workbook) return undefined;
    let rows = 0;
    for await (const piece of readTables(workbook, OPTIONS, new Remarks())) rows += piece.rows.length;
    return rows;
  } catch (error) {
    if (XinlianError.is(error)) return undefined;
    throw error;
  }
}

const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
const damaged = (bytes: Uint8Array, at: readonly (readonly [number, number])[]): Uint8Array<ArrayBuffer> => {
  const copy = Uint8Array.from(bytes);
  for (const [place, value] of at) copy[place % copy.length] = value;
  return copy;
};

describe('Workbooks, for any bytes', () => {
  it('XLSX is read, or refused', async () => {
    const rows = plainTable(
      xk,
      [1, 2, 3].map((i) => licence(i)),
    );
    const bytes = await makeXlsx({ sheets: [{ name: 'S', rows }] });
    expect(await rowsOf(bytes)).to.equal(3);
    await fc.assert(
      fc.asyncProperty(changes, async (at) => {
        expect((await rowsOf(damaged(bytes, at))) ?? 3).to.be.at.most(3);
      }),
      { numRuns: 200 },
    );
  });

  it('a compound file is read, or refused', async () => {
    const bytes = await readFile(new URL('../helpers/workbook/fixtures/libreoffice.xls', import.meta.url));
    expect(await rowsOf(Uint8Array.from(bytes))).to.equal(3);
    await fc.assert(
      fc.asyncProperty(changes, async (at) => {
        await rowsOf(damaged(bytes, at));
      }),
      { numRuns: 40 },
    );
  });

  it('XML goes through a rewriter as it was, however it arrives', () => {
    const name = fc.constantFrom('c', 'x:row', 'v');
    const { xml } = fc.letrec<{ xml: string }>((tie) => ({
      xml: fc.oneof(
        { depthSize: 'small' },
        fc.constantFrom('', 'text', '&lt;', ' ', '<!-- c -->', '<![CDATA[ < ]]>', '<v/>'),
        fc.tuple(name, tie('xml'), tie('xml')).map(([tag, a, b]) => `<${tag} r="A1" s='2'>${a}${b}</${tag}>`),
      ),
    }));
    fc.assert(
      fc.property(xml, fc.integer({ min: 1, max: 40 }), (content, size) => {
        const text = `<?xml version="1.0"?><w>${content}</w>`;
        const opened: string[] = [];
        const rewriter = new XmlRewriter({ open: (_name, _attributes, tag) => opened.push(tag), close: () => {} });
        let out = '';
        for (let at = 0; at < text.length; at += size) out += rewriter.push(text.slice(at, at + size));
        expect(out + rewriter.end()).to.equal(text);
        expect(opened).to.deep.equal(text.replaceAll(/<!--.*?-->|<!\[CDATA\[.*?\]\]>/g, '').match(/<[a-z][^>]*>/g));
      }),
    );
  });

  it('days are counted as the calendar has them, in both systems', () => {
    fc.assert(
      fc.property(fc.integer({ min: 61, max: 2_958_465 }), fc.integer({ min: 0, max: 86_399 }), (days, second) => {
        const date = new Date(Date.UTC(1899, 11, 30) + days * 86_400_000 + second * 1000);
        const [day = '', time = ''] = date.toISOString().slice(0, 19).split('T');
        const wanted = second === 0 ? day : `${day} ${time}`;
        const serial = days + second / 86_400;
        expect(serialText(serial, false)).to.equal(wanted);
        if (days > 1_462) expect(serialText(serial - 1_462, true)).to.equal(wanted);
        expect(numberCell(String(serial), numberFormat(14, undefined), false)).to.deep.equal({
          kind: 'date',
          text: wanted,
        });
      }),
    );
    expect(serialText(1, false)).to.equal('1900-01-01');
    expect(serialText(59, false)).to.equal('1900-02-28');
    expect(serialText(60, false)).to.equal(undefined);
    expect(serialText(0, true)).to.equal('1904-01-01');
  });
});
