import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { parseApart, type ApartLimits } from '../../../gateway/cli/parse-apart.ts';
import { rejection } from '../../helpers/rejection.ts';

/** Bytes of the fixture which, changed so, make the library loop until memory is full. */
const ENDLESS = [
  [6543, 42],
  [4211, 36],
  [7115, 70],
  [6850, 229],
  [6925, 199],
  [716, 156],
] as const;

describe('a workbook that is read whole, apart', () => {
  let bytes: Uint8Array;
  before(async () => {
    bytes = await readFile(new URL('../../helpers/workbook/fixtures/libreoffice.xls', import.meta.url));
  });

  const parse = (limits: ApartLimits, content: Uint8Array) =>
    parseApart(limits)({ kind: 'compound', bytes: content, encoding: 'utf-8' });
  const endless = (): Uint8Array => {
    const copy = Uint8Array.from(bytes);
    for (const [at, value] of ENDLESS) copy[at] = value;
    return copy;
  };

  it('comes back as data', async () => {
    const { sheets } = await parse({ memoryMb: 256, seconds: 60 }, bytes);
    expect(sheets.map(({ name, hidden }) => [name, hidden])).to.deep.equal([
      ['许可', false],
      ['旧', true],
    ]);
  });

  it('is refused where it is damaged', async () => {
    expect(await rejection(parse({ memoryMb: 256, seconds: 60 }, bytes.slice(0, 700)))).to.include({
      code: 'MALFORMED',
    });
  });

  it('is refused where it takes all the memory that there is', async () => {
    expect(await rejection(parse({ memoryMb: 64, seconds: 60 }, endless()))).to.include({ code: 'MALFORMED' });
  });

  it('is refused where it does not end in time', async () => {
    expect(await rejection(parse({ memoryMb: 1_536, seconds: 0.1 }, endless()))).to.include({ code: 'MALFORMED' });
  });
});
