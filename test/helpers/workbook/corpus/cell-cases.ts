// What is in the cells.
import { company, licence, penalty, type Row } from '../../rows.ts';
import { makeXlsx, type CellSpec, type XlsxSpec } from '../xlsx.ts';
import { cells, cf, headings, licences, penalties, xk, type ExpectedRow, type UglyFile } from './case.ts';

type Item = typeof xk;

/** A sheet whose rows are those of the tests, each with cells of its own. */
const sheet = (item: Item, others: Record<string, CellSpec>[], more: Partial<XlsxSpec> = {}) => {
  const base = item === xk ? licence : penalty;
  const rows = others.map((other, i) => cells(base(i + 1), item, other));
  return makeXlsx({ sheets: [{ name: '表', rows: [headings(item), ...rows] }], ...more });
};
const at = (line: number, expected: Omit<ExpectedRow, 'at'>): ExpectedRow => ({ at: `表!${line}`, ...expected });
/** The rows of the tests, in order, each taken as it is. */
const asIs = (rows: Row[]): ExpectedRow[] => rows.map((row, i) => at(i + 2, { as: row }));

const wide = (text: string): string =>
  [...text].map((c) => (/[0-9A-Za-z]/.test(c) ? String.fromCodePoint((c.codePointAt(0) ?? 0) + 0xfee0) : c)).join('');

const APRIL_1 = 46_113; // 2026-04-01, counted from 1900
const ROUNDED = 913_209_041_000_000_000;

const DATES = [
  '2026-4-1',
  '2026/04/01',
  '2026.4.1',
  '20260401',
  '2026年4月1日',
  '2026年04月01号',
  '二〇二六年四月一日',
  '二○二六年四月一日',
  '２０２６年４月１日',
  '2026／4／1',
  '2026-04-01 00:00:00',
  '2026/4/1 9:30',
  '2026年4月1日 上午9时30分',
  '2026-03-31T16:00:00.000Z',
  '2026-04-01T08:00:00+08:00',
  '20260401093000',
  ' 2026 - 4 - 1 ',
  '2026。4。1',
  '2026\u20134\u20131',
  '2026年4月1日（星期三）',
  '2026\u200b-4-1\u00a0',
  '2026年4月\n1日',
];

export const cellCases: UglyFile[] = [
  {
    what: 'every way to write a date',
    name: 'dates.xlsx',
    bytes: () =>
      sheet(
        xk,
        DATES.map((text) => ({ XK_JDRQ: text })),
      ),
    rows: asIs(licences(...DATES.map(() => ({})))),
  },
  {
    what: 'serial dates in cells of any format, from 1900',
    name: 'serials.xlsx',
    bytes: () =>
      sheet(xk, [
        { XK_JDRQ: { number: APRIL_1, format: 'yyyy/m/d' } },
        { XK_JDRQ: { number: APRIL_1, format: 'yyyy"年"m"月"d"日";@' } },
        { XK_JDRQ: { number: APRIL_1, format: '[$-804]aaaa;@' } },
        { XK_JDRQ: { number: APRIL_1 + 0.4, format: 'yyyy-mm-dd hh:mm' } },
        { XK_JDRQ: APRIL_1 },
        { XK_JDRQ: 20_260_401 },
        { XK_JDRQ: { iso: '2026-04-01T00:00:00' } },
        { XK_JDRQ: { number: '4.6113E4', format: 'm/d/yy' } },
      ]),
    rows: asIs(licences({}, {}, {}, {}, {}, {}, {}, {})),
  },
  {
    what: 'serial dates from 1904',
    name: 'mac.xlsx',
    bytes: () =>
      sheet(xk, [{ XK_JDRQ: { number: APRIL_1 - 1462, format: 'yyyy/m/d' } }, { XK_JDRQ: APRIL_1 - 1462 }], {
        date1904: true,
      }),
    rows: asIs(licences({}, {})),
  },
  {
    what: 'dates without end',
    name: 'open-ended.xlsx',
    bytes: () =>
      sheet(xk, [
        { XK_YXQZI: '长期' },
        { XK_YXQZI: ' 长期有效 ' },
        { XK_YXQZI: '2099/12/31' },
        { XK_YXQZI: { number: 73_050, format: 'yyyy/m/d' } },
        { XK_YXQZI: '永久' },
      ]),
    rows: asIs(licences(...Array.from({ length: 5 }, () => ({ XK_YXQZI: '2099-12-31' })))),
  },
  {
    what: 'dates that are impossible, or not yet',
    name: 'wrong-dates.xlsx',
    bytes: () =>
      sheet(xk, [
        { XK_JDRQ: '2026-02-30' },
        { XK_JDRQ: '2026年13月1日' },
        { XK_JDRQ: '2099-01-01' },
        { XK_JDRQ: '26.4.1' },
        { XK_JDRQ: '2026年4月' },
        { XK_JDRQ: 2026 },
        { XK_JDRQ: { number: 0.5, format: 'h:mm' } },
        { XK_JDRQ: '待定' },
        { XK_JDRQ: '/' },
        { XK_YXQZI: '2020-01-01' },
      ]),
    rows: [
      ...['date', 'date', 'future-date', 'date', 'date', 'date', 'date', 'date', 'required'].map((code, i) =>
        at(i + 2, { faults: [`XK_JDRQ: ${code}`] }),
      ),
      at(11, { faults: ['XK_YXQZI: order'] }),
    ],
  },
  {
    what: 'codes that the spreadsheet rounded',
    name: 'rounded.xlsx',
    bytes: () =>
      sheet(xk, [
        { XK_XDR_SHXYM: { number: '9.1320904100000102E+17' } },
        { XK_XDR_SHXYM: { number: ROUNDED, format: '0' } },
        { XK_XDR_SHXYM: '9.13E+17' },
        { XK_XDR_SHXYM: '913209041000000000' },
        { XK_XKBH: { number: '1.2345678901234567E+19' } },
        { XK_XKBH: 123_456_789_012_345 },
      ]),
    rows: [
      ...[2, 3, 4, 5].map((line) => at(line, { faults: ['XK_XDR_SHXYM: rounded'] })),
      at(6, { faults: ['XK_XKBH: rounded'] }),
      at(7, { as: licence(6, { XK_XKBH: '123456789012345' }) }),
    ],
  },
  {
    what: 'codes of full width, in small letters, with spaces and line breaks in them',
    name: 'codes.xlsx',
    bytes: () => {
      const code = company(1);
      const spaced = `${code.slice(0, 6)} ${code.slice(6)}`;
      return sheet(xk, [
        { XK_XDR_SHXYM: wide(code) },
        { XK_XDR_SHXYM: `\u200b${company(2)}\ufeff` },
        { XK_XDR_SHXYM: `${company(3).slice(0, 9)}\n${company(3).slice(9)}` },
        { XK_XDR_SHXYM: spaced, XK_WSH: '大市监许〔2026〕4号' },
        { XK_XKJGDM: String(licence(1)['XK_XKJGDM']).toLowerCase() },
      ]);
    },
    rows: [
      at(2, { as: licence(1) }),
      at(3, { as: licence(2) }),
      at(4, { as: licence(3) }),
      at(5, { as: licence(4, { XK_XDR_SHXYM: company(1) }), warnings: ['XK_XDR_MC: name'] }),
      at(6, { as: licence(5) }),
    ],
  },
  {
    what: 'codes whose check characters fail',
    name: 'check.xlsx',
    bytes: () =>
      sheet(xk, [
        { XK_XDR_SHXYM: '91350100M000100Y4Z' },
        { XK_XDR_SHXYM: '91110108592343242X' },
        { XK_XKJGDM: '11320904MB123456' },
        { XK_XDR_SHXYM: company(4).replace('9', 'I') },
      ]),
    rows: [
      at(2, { faults: ['XK_XDR_SHXYM: alphabet'] }),
      at(3, { faults: ['XK_XDR_SHXYM: check-character'] }),
      at(4, { faults: ['XK_XKJGDM: length'] }),
      at(5, { faults: ['XK_XDR_SHXYM: alphabet'] }),
    ],
  },
  {
    what: 'stray spaces, marks of no width, line breaks and full width in names and numbers',
    name: 'spaces.xlsx',
    bytes: () =>
      sheet(xk, [
        { XK_XDR_MC: '\u00a0盐城某某科技\n有限公司1\u3000' },
        { XK_WSH: '\u200e大市监许〔２０２６〕2号 ' },
        { XK_NR: '预包装食品销售\r\n散装食品销售' },
        { XK_XKWS: '_x000D_食品经营许可决定书' },
        { XK_XDR_LB: '法人及\u200b非法人组织' },
      ]),
    rows: [
      at(2, { as: licence(1) }),
      at(3, { as: licence(2) }),
      at(4, { as: licence(3, { XK_NR: '预包装食品销售\n散装食品销售' }) }),
      at(5, { as: licence(4) }),
      at(6, { as: licence(5) }),
    ],
  },
  {
    what: 'formulas: their values, and those that were never computed or failed',
    name: 'formulas.xlsx',
    bytes: () =>
      sheet(xk, [
        { XK_XDR_MC: { formula: 'VLOOKUP(C2,主体!A:B,2,0)', value: '盐城某某科技有限公司1', type: 'str' } },
        { XK_JDRQ: { formula: 'TODAY()', value: String(APRIL_1) } },
        { XK_XDR_MC: { formula: "=cmd|'/c calc'!A1" } },
        { XK_XKLB: { formula: 'VLOOKUP(1,A:B,2)', value: '#N/A', type: 'e' } },
        { XK_NR: { error: '#REF!' } },
        { XK_XKZS: { formula: 'IF(1,"","")', value: '', type: 'str' } },
        { XK_ZT: { formula: 'TRUE()', value: '1', type: 'b' } },
        { XK_NR: '=1+1' },
        { XK_JDRQ: '########' },
      ]),
    rows: [
      at(2, { as: licence(1) }),
      at(3, { as: licence(2) }),
      at(4, { faults: ['XK_XDR_MC: formula'] }),
      at(5, { faults: ['XK_XKLB: cell-error'] }),
      at(6, { faults: ['XK_NR: cell-error'] }),
      at(7, { as: licence(6, { XK_XKZS: '' }) }),
      at(8, { faults: ['XK_ZT: integer'] }),
      at(9, { as: licence(8, { XK_NR: '=1+1' }) }),
      at(10, { faults: ['XK_JDRQ: cell-error'] }),
    ],
  },
  {
    what: 'numbers whose format shows more than they are',
    name: 'formats.xlsx',
    bytes: () =>
      sheet(xk, [
        { XK_WSH: { number: 1, format: '"大市监许〔2026〕"0"号"' } },
        { XK_XKBH: { number: 42, format: '000000' } },
        { XK_XKBH: { number: 0.1 + 0.2 } },
        { XK_XKBH: { number: APRIL_1, format: 'yyyy-mm-dd' } },
        { XK_ZT: 1 },
      ]),
    rows: [
      at(2, { as: licence(1) }),
      at(3, { as: licence(2, { XK_XKBH: '000042' }) }),
      at(4, { as: licence(3, { XK_XKBH: '0.3' }) }),
      at(5, { as: licence(4, { XK_XKBH: '2026-04-01' }), warnings: ['XK_XKBH: became-date'] }),
      at(6, { as: licence(5) }),
    ],
  },
  {
    what: 'amounts with separators, signs and units, and words for amounts',
    name: 'amounts.xlsx',
    bytes: () =>
      sheet(cf, [
        { CF_NR_FK: 0.5 },
        { CF_NR_FK: '1,200.50' },
        { CF_NR_FK: '￥0.5' },
        { CF_NR_FK: '0.5万元' },
        { CF_NR_FK: '5000元' },
        { CF_NR_FK: '伍仟元整' },
        { CF_NR_FK: '若干' },
        { CF_NR_FK: '——' },
        { CF_NR_FK: '０．５' },
        { CF_NR_FK: '1.1234567' },
      ]),
    rows: [
      at(2, { as: penalty(1) }),
      at(3, { as: penalty(2, { CF_NR_FK: '1200.5' }), warnings: ['CF_NR_FK: unit'] }),
      at(4, { as: penalty(3) }),
      at(5, { as: penalty(4), warnings: ['CF_NR_FK: unit'] }),
      at(6, { faults: ['CF_NR_FK: unit'] }),
      at(7, { faults: ['CF_NR_FK: decimal'] }),
      at(8, { faults: ['CF_NR_FK: decimal'] }),
      at(9, { as: penalty(8, { CF_NR_FK: '' }) }),
      at(10, { as: penalty(9) }),
      at(11, { faults: ['CF_NR_FK: decimal'] }),
    ],
  },
  {
    what: 'fines in 元 where 万元 are wanted',
    name: 'units.xlsx',
    bytes: () =>
      sheet(cf, [
        { CF_NR_FK: 5000 },
        { CF_NR_FK: '5000', CF_NR: '罚款5,000.00元' },
        { CF_NR_FK: 200_000, CF_NR: '警告' },
        { CF_NR_FK: 2000, CF_NR: '罚款2000万元' },
        { CF_NR_FK: 12, CF_NR: '罚款十二万元' },
      ]),
    rows: [
      at(2, { as: penalty(1, { CF_NR_FK: '5000' }), warnings: ['CF_NR_FK: unit'] }),
      at(3, { as: penalty(2, { CF_NR_FK: '5000', CF_NR: '罚款5,000.00元' }), warnings: ['CF_NR_FK: unit'] }),
      at(4, { as: penalty(3, { CF_NR_FK: '200000', CF_NR: '警告' }), warnings: ['CF_NR_FK: unit'] }),
      at(5, { as: penalty(4, { CF_NR_FK: '2000', CF_NR: '罚款2000万元' }) }),
      at(6, { as: penalty(5, { CF_NR_FK: '12', CF_NR: '罚款十二万元' }) }),
    ],
  },
  {
    what: 'a heading in 元 above amounts in 万元',
    name: 'unit-heading.xlsx',
    bytes: () => {
      const head = headings(cf).map((text) => (text === '罚款金额(万元)' ? '罚款金额（元）' : text));
      return makeXlsx({
        sheets: [{ name: '表', rows: [head, ...penalties({}, { CF_NR_FK: '' }).map((row) => cells(row, cf))] }],
      });
    },
    rows: [at(2, { as: penalty(1), warnings: ['CF_NR_FK: unit'] }), at(3, { as: penalty(2, { CF_NR_FK: '' }) })],
  },
  {
    what: 'one code under two names',
    name: 'names.xlsx',
    bytes: () =>
      sheet(xk, [
        {},
        { XK_XDR_SHXYM: company(1), XK_XDR_MC: '盐城某某科技有限公司１ ' },
        { XK_XDR_SHXYM: company(1), XK_XDR_MC: '盐城另一科技有限公司' },
      ]),
    rows: [
      at(2, { as: licence(1) }),
      at(3, { as: licence(2, { XK_XDR_SHXYM: company(1), XK_XDR_MC: '盐城某某科技有限公司1' }) }),
      at(4, {
        as: licence(3, { XK_XDR_SHXYM: company(1), XK_XDR_MC: '盐城另一科技有限公司' }),
        warnings: ['XK_XDR_MC: name'],
      }),
    ],
  },
  {
    what: 'identity and phone numbers in sentences',
    name: 'personal.xlsx',
    bytes: () =>
      sheet(xk, [
        { XK_NR: '经营者张三，身份证11010519491231002X，电话13800138000' },
        { XK_NR: '电话１３８００１３８０００' },
        { XK_NR: '批号13800138000123，编号110105194912310021' },
      ]),
    rows: [
      at(2, {
        as: licence(1, { XK_NR: '经营者张三，身份证11010519491231002X，电话13800138000' }),
        warnings: ['XK_NR: personal-number'],
      }),
      at(3, { as: licence(2, { XK_NR: '电话１３８００１３８０００' }), warnings: ['XK_NR: personal-number'] }),
      at(4, { as: licence(3, { XK_NR: '批号13800138000123，编号110105194912310021' }) }),
    ],
  },
  {
    what: 'the same, masked as was asked for',
    name: 'masked.xlsx',
    mask: true,
    bytes: () =>
      sheet(xk, [
        { XK_NR: '经营者张三，身份证11010519491231002X，电话13800138000' },
        { XK_NR: '电话１３８００１３８０００' },
      ]),
    rows: [
      at(2, { as: licence(1, { XK_NR: '经营者张三，身份证1101************2X，电话138****8000' }) }),
      at(3, { as: licence(2, { XK_NR: '电话138****8000' }) }),
    ],
    remarks: ['masked 表 2'],
  },
  {
    what: 'natural persons among enterprises',
    name: 'persons.xlsx',
    bytes: () => sheet(xk, [{ XK_XDR_LB: '自然人' }, { XK_XDR_SHXYM: '11010519491231002X' }, {}]),
    rows: [
      at(2, { faults: ['XK_XDR_LB: natural-person'] }),
      at(3, { faults: ['XK_XDR_LB: natural-person'] }),
      at(4, { as: licence(3) }),
    ],
  },
];
