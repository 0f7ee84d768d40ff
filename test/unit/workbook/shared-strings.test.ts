import { expect } from 'chai';
import { ScratchFile } from '../../../gateway/cli/scratch-file.ts';
import { Package } from '../../../gateway/workbook/package.ts';
import { MemoryScratch, SharedStrings, type Scratch } from '../../../gateway/workbook/shared-strings.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { zip } from '../../helpers/workbook/xlsx.ts';

const COUNT = 70_000;
const text = (i: number): string => `第${i}号文书 <&> ${'x'.repeat(i % 50)}`;
const escaped = (i: number): string => text(i).replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const kinds: [string, () => { scratch: Scratch; close: () => void }][] = [
  ['in memory', () => ({ scratch: new MemoryScratch(), close: () => {} })],
  [
    'in a file',
    () => {
      const scratch = new ScratchFile();
      return { scratch, close: () => scratch.close() };
    },
  ],
];

for (const [kind, open] of kinds) {
  describe(`shared strings ${kind}`, () => {
    let strings: SharedStrings;
    let close: () => void;
    before(async () => {
      const xml = Array.from({ length: COUNT }, (_, i) => `<si><t>${escaped(i)}</t></si>`).join('');
      const source = await Package.open(new Blob([await zip({ s: `<sst>${xml}</sst>` })]));
      const opened = open();
      close = opened.close;
      strings = new SharedStrings(opened.scratch);
      await strings.read(source, source.part('s')!);
    });
    after(() => close());

    it('are given in any order, more of them than are held', () => {
      for (let n = 0; n < COUNT; n += 7) {
        const i = (n * 7919) % COUNT;
        expect(strings.get(i)).to.equal(text(i));
      }
      for (const i of [0, 63, 64, COUNT - 1, 0]) expect(strings.get(i)).to.equal(text(i));
    });

    it('are refused where there is none', () => {
      for (const index of [COUNT, -1, 0.5, Number.NaN]) expect(codeOf(() => strings.get(index))).to.equal('MALFORMED');
    });
  });
}
