import { expect } from 'chai';
import { RowPreparer } from '../../../node/exchange/row-preparer.ts';
import { RecordVault } from '../../../node/exchange/vault.ts';
import { builtInCatalogue, CATALOGUE_PACKS, createCatalogue, type Catalogue } from '../../../node/policy/pack.ts';
import { createRowReader } from '../../../node/policy/row.ts';
import { ndjson } from '../../helpers/agency.ts';
import { AGENCY, company } from '../../helpers/rows.ts';

const TODAY = '2026-06-01';

/** A row with a value in every field that is wanted. */
function rowOf(catalogue: Catalogue, item: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  const { fields, category } = catalogue.item(item);
  const row: Record<string, unknown> = {};
  for (const field of fields) {
    if (field.required === 'never') continue;
    if (field.type === 'uscc') row[field.name] = company(1);
    else if (field.type === 'date') row[field.name] = '2026-01-05';
    else if (field.type === 'decimal') row[field.name] = '1.5';
    else if (field.type === 'text') row[field.name] = field.values?.[0] ?? '示例';
  }
  return { ...row, [category]: '法人及非法人组织', ...change };
}

const read = (item: string, change: Record<string, unknown> = {}) =>
  createRowReader(builtInCatalogue.item(item))(rowOf(builtInCatalogue, item, change), TODAY);

describe('The basic catalogue', () => {
  const items = [
    'registration',
    'judgment-enforcement',
    'administrative-act',
    'irregular-operation-list',
    'serious-dishonesty-list',
    'contract-performance',
    'credit-commitment',
    'evaluation-result',
    'compliance',
    'honour',
    'voluntary-declaration',
    'government-integrity',
  ];

  it('has every item with a schema that takes a whole row', () => {
    for (const item of items) {
      const result = read(item);
      expect(result.ok, `${item}: ${JSON.stringify(result)}`).to.equal(true);
      expect(builtInCatalogue.item(item).fields.every(({ unverified }) => unverified === true)).to.equal(true);
    }
  });

  it('refuses an entry of the serious list without basis, notice or a way out', () => {
    for (const field of ['YZ_YJ', 'YZ_GZRQ', 'YZ_GZWH', 'YZ_YCTJ']) {
      const result = read('serious-dishonesty-list', { [field]: '' });
      expect(result.ok, field).to.equal(false);
    }
  });

  it('gives a grade only with its standard, its inputs and a way to object', () => {
    for (const field of ['PJ_BB', 'PJ_ZB', 'PJ_FY'])
      expect(read('evaluation-result', { [field]: '' }).ok).to.equal(false);
  });

  it('treats government bodies by the same rules as everyone', () => {
    const body = '11320100MB1886843H';
    expect(read('government-integrity', { ZW_SHXYM: body }).ok).to.equal(true);
    expect(builtInCatalogue.item('government-integrity').class).to.equal('public');
  });

  it('takes a local item as data alone: no code knows of it', () => {
    const local = {
      pack: 'dafeng-supplement',
      edition: 'dafeng-2026',
      jurisdiction: '320904',
      title: '大丰区公共信用信息补充目录',
      citation: '示例',
      effectiveFrom: '2026-01-01',
      effectiveTo: null,
      note: 'For a test.',
      items: [
        {
          item: 'farm-product-tracing',
          short: 'nc',
          zh: '农产品质量追溯',
          en: 'Tracing of farm products',
          class: 'public',
          subject: 'NC_SHXYM',
          category: 'NC_LB',
          document: 'NC_BH',
          validFrom: 'NC_RQ',
          validTo: 'NC_YXQ',
          fields: [
            { name: 'NC_MC', zh: '经营主体名称', type: 'text', max: 200, required: 'always', nameOf: 'NC_SHXYM' },
            { name: 'NC_LB', zh: '主体类别', type: 'text', max: 16, required: 'always' },
            { name: 'NC_SHXYM', zh: '统一社会信用代码', type: 'uscc', required: 'always' },
            { name: 'NC_BH', zh: '追溯编号', type: 'text', max: 64, required: 'always' },
            { name: 'NC_RQ', zh: '检测日期', type: 'date', required: 'always' },
            { name: 'NC_YXQ', zh: '有效期至', type: 'date', required: 'never' },
          ],
        },
      ],
    };
    const catalogue = createCatalogue([...CATALOGUE_PACKS, local]);
    const vault = new RecordVault({ index: new Uint8Array(32), epochs: new Map([[1, new Uint8Array(32)]]) });
    const request = { agency: AGENCY, item: 'nc', today: TODAY, seal: true };
    const rows = [rowOf(catalogue, 'nc'), rowOf(catalogue, 'nc', { NC_RQ: '' })];
    const made = new RowPreparer(catalogue, vault).prepare({ ...request, body: ndjson(rows) });
    expect(made.map(({ ok }) => ok)).to.deep.equal([true, false]);
    expect(catalogue.names('farm-product-tracing', 'dafeng-2026')).to.include('NC_BH');
  });
});
