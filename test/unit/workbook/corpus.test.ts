// Files as sources really send them, and what must come of each: read as the command line reads them, and judged as the
// node judges.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openSource } from '../../../gateway/cli/source-file.ts';
import { NO_LAYOUTS } from '../../../gateway/workbook/layout.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import type { RowFault } from '../../../node/core/messages/publish.ts';
import type { CatalogueItem } from '../../../node/policy/pack.ts';
import { createRowReader, type NormalRow } from '../../../node/policy/row.ts';
import { cellCases } from '../../helpers/workbook/corpus/cell-cases.ts';
import { cf, xk, type ExpectedRow, type UglyFile } from '../../helpers/workbook/corpus/case.ts';
import { layoutCases } from '../../helpers/workbook/corpus/layout-cases.ts';
import { refusedCases } from '../../helpers/workbook/corpus/refused-cases.ts';
import { textCases } from '../../helpers/workbook/corpus/text-cases.ts';
import { wholeCases } from '../../helpers/workbook/corpus/whole-cases.ts';
import type { Row } from '../../helpers/rows.ts';

const TODAY = '2026-06-01';
const CLOCK = { now: () => Date.UTC(2026, 5, 1) };
const readers = new Map([xk, cf].map((item) => [item, createRowReader(item)]));

const judge = (item: CatalogueItem, row: Row) => {
  const result = readers.get(item)!(row, TODAY);
  return result;
};
const told = (faults: readonly RowFault[]): string[] => faults.map(({ field, code }) => `${field}: ${code}`);

/** What a row says, for comparing. */
const sayingOf = ({ subject, document, claims, personal }: NormalRow) => ({ subject, document, claims, personal });

describe('ugly files', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xinlian-corpus-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const importFile = async ({ name, bytes, item, mask = false }: UglyFile) => {
    const path = join(folder, name);
    await writeFile(path, await bytes());
    const source = await openSource(path, { item, mask, layouts: NO_LAYOUTS, clock: CLOCK });
    try {
      const rows: (Omit<ExpectedRow, 'as'> & { row?: NormalRow })[] = [];
      for await (const piece of source.rows()) {
        for (const { table, line, warnings = [], ...row } of piece.rows) {
          const at = table.sheet === undefined ? line : `${table.sheet}!${line}`;
          const result = 'json' in row ? judge(table.item, JSON.parse(row.json) as Row) : row;
          const all = [...('faults' in result ? [] : result.row.warnings), ...warnings];
          if ('faults' in result) rows.push({ at, faults: told(result.faults) });
          else rows.push({ at, row: result.row, ...(all.length > 0 && { warnings: told(all) }) });
        }
      }
      const remarks = source.remarks.all().map(({ code, sheet = '', count }) => `${code} ${sheet} ${count}`);
      return { rows, remarks };
    } finally {
      await source.close();
    }
  };

  const expectedOf = ({ at, as, faults, warnings }: ExpectedRow) => {
    if (!as) return { at, faults };
    const result = judge('XK_WSH' in as ? xk : cf, as);
    if (!result.ok) throw new Error(`the row that is expected is none: ${JSON.stringify(result.faults)}`);
    return { at, saying: sayingOf(result.row), ...(warnings && { warnings }) };
  };

  for (const file of [...layoutCases, ...cellCases, ...textCases, ...wholeCases, ...refusedCases]) {
    it(`${file.refused ? 'refuses' : 'reads'} ${file.what} (${file.name})`, async () => {
      if (file.refused) {
        try {
          await importFile(file);
        } catch (error) {
          if (!XinlianError.is(error)) throw error;
          expect(JSON.stringify(error.details)).to.match(file.refused);
          return;
        }
        throw new Error('it was read');
      }
      const { rows, remarks } = await importFile(file);
      const came = rows.map(({ row, ...rest }) => (row ? Object.assign(rest, { saying: sayingOf(row) }) : rest));
      expect(came).to.deep.equal(file.rows?.map(expectedOf));
      expect(remarks).to.deep.equal(file.remarks ?? []);
    });
  }
});
