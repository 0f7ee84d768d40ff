import { expect } from 'chai';
import * as fc from 'fast-check';
import type { JsonValue } from '../../node/core/canonical.ts';
import { parseDate } from '../../node/policy/date.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { createRowReader } from '../../node/policy/row.ts';
import { openAgency, ndjson } from '../helpers/agency.ts';
import { memoryStore } from '../helpers/memory-store.ts';
import { licence, type Row } from '../helpers/rows.ts';

const xk = builtInCatalogue.item('xk');
const names = xk.fields.flatMap(({ name, zh, aliases = [] }) => [name, zh, ...aliases]);

/** What may stand in a cell: anything of JSON, and what is nearly right. */
const cell = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('自然人', '长期', '2026-04-01', '1', 1, '', null, '１２', '\ud800', '__proto__', 1e300, -0),
);
const row = fc
  .tuple(fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), cell, { maxKeys: 6 }), fc.nat(9), fc.boolean())
  .map(([change, i, whole]): Row => (whole ? licence(i, change) : change));

describe('Rows, by property', () => {
  it('gives every JSON value an outcome, and stays able to write', async () => {
    const agency = await openAgency(await memoryStore());
    await agency.open('file-0001', 'xk');
    let index = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.jsonValue(), row), { maxLength: 6 }), async (rows) => {
        const { outcomes, counts } = await agency.send('file-0001', index++, rows);
        expect(outcomes).to.have.length(rows.length);
        expect(counts.published + counts.corrected + counts.unchanged + counts.rejected).to.equal(rows.length);
        for (const { outcome, faults, position } of outcomes) {
          expect((faults ?? []).length > 0).to.equal(outcome === 'rejected');
          expect(position === undefined).to.equal(outcome === 'rejected');
        }
        expect(agency.commits.failed).to.equal(false);
      }),
      { numRuns: 150 },
    );
  });

  it('never throws for any bytes of a chunk', async () => {
    const agency = await openAgency(await memoryStore());
    await agency.open('file-0001', 'xk', true);
    let index = 0;
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.array(row, { maxLength: 3 }).map(ndjson));
    await fc.assert(
      fc.asyncProperty(bytes, async (body) => {
        const { outcomes } = await agency.sendBytes('file-0001', index++, body);
        expect(outcomes.length).to.be.at.most(body.filter((byte) => byte === 10).length + 1);
      }),
      { numRuns: 150 },
    );
  });

  it('reads what it wrote to the same claims: normal forms are stable', () => {
    const read = createRowReader(xk);
    fc.assert(
      fc.property(row, (change) => {
        const first = read(licence(1, change), '2026-06-01');
        if (!first.ok) return;
        const { claims, personal } = first.row;
        const values = Object.fromEntries(xk.claims.slice(1).map((name, i): [string, JsonValue] => [name, claims[i]!]));
        const again = read({ ...values, ...personal }, '2026-06-01');
        expect(again.ok && [again.row.claims, again.row.personal]).to.deep.equal([claims, personal]);
      }),
    );
  });

  it('takes exactly the dates of the calendar', () => {
    const two = (value: number) => String(value).padStart(2, '0');
    fc.assert(
      fc.property(fc.integer({ min: 1800, max: 2400 }), fc.nat(14), fc.nat(33), (year, month, day) => {
        const date = new Date(Date.UTC(year, month - 1, day));
        const real = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
        const text = `${year}-${two(month)}-${two(day)}`;
        const wanted = real && year >= 1900 ? text : undefined;
        for (const form of [
          text,
          `${year}/${month}/${day}`,
          `${year}${two(month)}${two(day)}`,
          `${year}年${month}月${day}日`,
        ])
          expect(parseDate(form)).to.equal(wanted);
      }),
    );
  });
});
