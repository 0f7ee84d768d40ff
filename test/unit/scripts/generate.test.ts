import { expect } from 'chai';
import { inspectUscc } from '../../../node/core/uscc.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { createRowReader, type RowResult } from '../../../node/policy/row.ts';
import { sampleFile, sampleRows, type SampleOptions } from '../../../scripts/generate.ts';
import { encodeGb18030 } from '../../../scripts/samples/gb18030.ts';

const TODAY = '2026-01-01';

describe('the generator of sample files', () => {
  for (const item of ['xk', 'cf'] as const) {
    describe(item, () => {
      const read = createRowReader(builtInCatalogue.item(item));
      const results = (options: Omit<SampleOptions, 'item'>): RowResult[] =>
        [...sampleRows({ item, ...options })].map((row) => read(row, TODAY));

      it('makes rows that are taken without a warning, each of another document', () => {
        const rows = results({ rows: 2_000, seed: 3 });
        const taken = rows.flatMap((result) => (result.ok ? [result.row] : []));
        expect(taken).to.have.length(2_000);
        expect(taken.flatMap(({ warnings }) => warnings)).to.deep.equal([]);
        expect(new Set(taken.map(({ document }) => document)).size).to.equal(2_000);
        expect(taken.every(({ subject }) => inspectUscc(subject).ok)).to.equal(true);
        const soleTraders = taken.filter(({ subject }) => subject.startsWith('92')).length;
        expect(soleTraders / 2_000).to.be.within(0.03, 0.07);
      });

      it('gives the same rows for the same seed, and others for another', () => {
        const text = (seed: number) => [...sampleFile({ item, rows: 50, seed, format: 'ndjson' })].join('');
        expect(text(1)).to.equal(text(1));
        expect(text(1)).not.to.equal(text(2));
      });

      it('breaks as many rows as wanted, each in one way, and no others', () => {
        const rows = results({ rows: 100, seed: 1, bad: 8 });
        const faults = rows.flatMap((result) => (result.ok ? [] : [result.faults]));
        expect(faults.map(({ length }) => length)).to.deep.equal(Array.from({ length: 8 }, () => 1));
        const kinds = new Set(faults.map(([fault]) => `${fault!.field} ${fault!.code}`));
        expect(kinds.size).to.be.at.least(7);
      });

      it('has the same rows mended without `bad`', () => {
        const whole = [...sampleRows({ item, rows: 100, seed: 1 })];
        const broken = [...sampleRows({ item, rows: 100, seed: 1, bad: 5 })];
        expect(whole.filter((row, i) => JSON.stringify(row) !== JSON.stringify(broken[i]))).to.have.length(5);
      });
    });
  }

  it('makes licences of exactly 470 bytes', () => {
    const sizes = [...sampleRows({ item: 'xk', rows: 2_000, seed: 1, bytes: 470 })].map((row) =>
      Buffer.byteLength(JSON.stringify(row)),
    );
    expect(new Set(sizes)).to.deep.equal(new Set([470]));
  });

  it('writes GB 18030 that the platform reads back, in all its forms', () => {
    const text = 'a,"许可〔2024〕1号"\r\n€ñ㐀𠀀🙂é';
    const bytes = encodeGb18030(text);
    expect(new TextDecoder('gb18030', { fatal: true }).decode(bytes)).to.equal(text);
    expect(bytes.includes(Buffer.from('许'))).to.equal(false);
  });
});
