// Rows that are prepared beside the node's thread are those that are prepared on it.
import { expect } from 'chai';
import { utf8 } from '../../../node/core/bytes.ts';
import type { XinlianError } from '../../../node/core/errors.ts';
import { RowPreparer, type PreparedRow, type PrepareRequest } from '../../../node/exchange/row-preparer.ts';
import { RecordVault } from '../../../node/exchange/vault.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { PreparePool } from '../../../node/workers/prepare-pool.ts';
import { packRows, unpackRows } from '../../../node/workers/prepared-rows.ts';
import { sampleRows } from '../../../scripts/generate.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { rejection } from '../../helpers/rejection.ts';

const codeOfRejection = async (promise: Promise<unknown>) => ((await rejection(promise)) as XinlianError).code;

const keys = { index: new Uint8Array(32).fill(1), epochs: new Map([[1, new Uint8Array(32).fill(2)]]) };
const vault = new RecordVault(keys);
const here = new RowPreparer(builtInCatalogue, vault);

const rows = [...sampleRows({ rows: 200, seed: 3, item: 'cf', bad: 8 })];
const body = utf8(rows.map((row) => `${JSON.stringify(row)}\n`).join('') + 'no JSON\n');
const request = (more: Partial<PrepareRequest> = {}): PrepareRequest => {
  return { agency: '12320904MB19040138', item: 'cf', today: '2026-11-22', seal: true, body, ...more };
};

/** What does not differ from run to run: every record has a key of its own. */
function plain(prepared: readonly PreparedRow[]): unknown[] {
  return prepared.map((each) => {
    if (!each.ok) return each;
    const { id, digest, made } = each.row;
    return { ...each, row: { id, digest: [...digest], opened: made && vault.open(made.sealed).claims } };
  });
}

describe('threads that prepare rows', () => {
  let pool: PreparePool;
  before(() => (pool = new PreparePool(new Map([[MEMBER, keys]]), 2)));
  after(() => pool.close());

  it('give what is given on this thread, in the order of the rows', async () => {
    expect(plain(await pool.prepare(MEMBER, request()))).to.deep.equal(plain(here.prepare(request())));
  });

  it('only judge in a dry run', async () => {
    const prepared = await pool.prepare(MEMBER, request({ seal: false }));
    expect(plain(prepared)).to.deep.equal(plain(here.prepare(request({ seal: false }))));
    expect(prepared.every((each) => !each.ok || each.row.made === undefined)).to.equal(true);
  });

  it('leave the caller its body, and answer many at once', async () => {
    const before = [...body];
    const all = await Promise.all(Array.from({ length: 8 }, () => pool.prepare(MEMBER, request())));
    expect([...body]).to.deep.equal(before);
    for (const prepared of all) expect(prepared).to.have.length(rows.length + 1);
  });

  it('tell the error of a request, and go on', async () => {
    expect(await codeOfRejection(pool.prepare(MEMBER, request({ item: 'none' })))).to.equal('NOT_FOUND');
    expect(await pool.prepare(MEMBER, request())).to.have.length(rows.length + 1);
  });

  it('end with what was asked of them', async () => {
    const other = new PreparePool(new Map([[MEMBER, keys]]), 1);
    const asked = codeOfRejection(other.prepare(MEMBER, request()));
    await other.close();
    expect(await asked).to.equal('CLOSED');
    expect(await codeOfRejection(other.prepare(MEMBER, request()))).to.equal('CLOSED');
  });
});

describe('the id of a record', () => {
  it('never begins with a hyphen', () => {
    const ids = here.prepare(request()).flatMap((each) => (each.ok ? each.row.id : []));
    expect(ids).to.have.length.above(150);
    for (const id of ids) expect(id).to.match(/^[A-Za-f][A-Za-z0-9_-]{21}$/);
  });
});

describe('prepared rows on their way between threads', () => {
  it('come back as they went', () => {
    for (const seal of [true, false]) {
      const prepared = here.prepare(request({ seal }));
      expect(plain(unpackRows(packRows(prepared)))).to.deep.equal(plain(prepared));
    }
    expect(unpackRows(packRows([]))).to.deep.equal([]);
  });
});
