// What cells mean, whoever sends them: in a workbook, in CSV, or over the API.
import { expect } from 'chai';
import * as fc from 'fast-check';
import { amountsIn } from '../../../node/policy/amounts.ts';
import { parseDate } from '../../../node/policy/date.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { maskPersonal, personalNumbers } from '../../../node/policy/personal-numbers.ts';
import { createRowReader } from '../../../node/policy/row.ts';
import { company, licence, penalty, type Row } from '../../helpers/rows.ts';

const TODAY = '2026-06-01';
const readXk = createRowReader(builtInCatalogue.item('xk'));
const readCf = createRowReader(builtInCatalogue.item('cf'));
const faults = (change: Row, read = readXk, base = licence): string[] => {
  const result = read(base(1, change), TODAY);
  return result.ok ? [] : result.faults.map(({ field, code }) => `${field}: ${code}`);
};
const warnings = (change: Row): string[] => {
  const result = readCf(penalty(1, change), TODAY);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.row.warnings.map(({ field, code }) => `${field}: ${code}`);
};

describe('dates', () => {
  it('are read in Chinese digits, through the whole calendar', () => {
    const digits = '〇一二三四五六七八九';
    const spoken = (value: number): string =>
      `${value < 10 ? '' : `${value < 20 ? '' : digits[Math.floor(value / 10)]}十`}${value % 10 === 0 ? '' : digits[value % 10]}`;
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date('2099-12-31'), noInvalidDate: true }), (date) => {
        const text = date.toISOString().slice(0, 10);
        const year = Array.from(text.slice(0, 4), (digit) => digits[Number(digit)]).join('');
        expect(parseDate(`${year}年${spoken(date.getUTCMonth() + 1)}月${spoken(date.getUTCDate())}日`)).to.equal(text);
      }),
    );
  });

  it('of an instant are those of China', () => {
    expect(parseDate('2026-03-31T15:59:59Z')).to.equal('2026-03-31');
    expect(parseDate('2026-03-31T16:00:00Z')).to.equal('2026-04-01');
    expect(parseDate('2026-04-01T00:30:00+09:00')).to.equal('2026-03-31');
  });

  for (const text of [
    '二〇二六年十三月一日',
    '二〇二六年二月三十日',
    '2026年4月1日25时',
    '2026-04-01T25:00:00Z',
    '二六年四月一日',
  ]) {
    it(`are none in ${text}`, () => expect(parseDate(text)).to.equal(undefined));
  }

  it('never throw for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0129年月日-/. T:Z+一十二〇时') }), (text) => {
        expect(parseDate(text) ?? '1900-01-01').to.match(/^\d{4}-\d\d-\d\d$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('codes', () => {
  it('that a spreadsheet rounded are told as such, whoever sends them', () => {
    for (const code of ['9.13209E+17', '913209041000000000', '9E+17']) {
      expect(faults({ XK_XDR_SHXYM: code })).to.deep.equal(['XK_XDR_SHXYM: rounded']);
    }
    expect(faults({ XK_WSH: '1.2E+15' })).to.deep.equal(['XK_WSH: rounded']);
    expect(faults({ XK_NR: '1.2E+15' })).to.deep.equal([]);
  });

  it('may have spaces and an apostrophe, and be in small letters', () => {
    const code = company(1);
    expect(faults({ XK_XDR_SHXYM: `' ${code.slice(0, 8)} ${code.slice(8).toLowerCase()}\u200b` })).to.deep.equal([]);
  });

  it('are not there where a mark says that there is nothing', () => {
    expect(faults({ XK_XDR_SHXYM: '/' })).to.deep.equal(['XK_XDR_SHXYM: required']);
    expect(faults({ CF_NR_FK: '——', CF_YXQ: '-' }, readCf, penalty)).to.deep.equal([]);
  });
});

describe('amounts', () => {
  for (const [text, amounts] of [
    ['罚款5,000.50元', [5000.5]],
    ['罚款人民币五千元整', [5000]],
    ['罚款壹拾贰万元，没收违法所得3.5万元', [120_000, 35_000]],
    ['罚款二万五千元', [25_000]],
    ['罚款１０００元', [1000]],
    ['没有罚款', []],
  ] as const) {
    it(`in ${text} are ${amounts.join(', ') || 'none'}`, () => expect(amountsIn(text)).to.deep.equal(amounts));
  }

  it('are doubted where the words say the same number of 元, or they are rare', () => {
    expect(warnings({ CF_NR_FK: '5000', CF_NR: '罚款5000元' })).to.deep.equal(['CF_NR_FK: unit']);
    expect(warnings({ CF_NR_FK: '999', CF_NR: '警告' })).to.deep.equal([]);
    expect(warnings({ CF_NR_FK: '1000', CF_NR: '警告' })).to.deep.equal(['CF_NR_FK: unit']);
    expect(warnings({ CF_NR_FK: '1000', CF_NR: '罚款一千万元' })).to.deep.equal([]);
    expect(warnings({ CF_NR_FK: '0', CF_NR: '罚款0元' })).to.deep.equal([]);
  });

  it('may name their own unit, and no other', () => {
    expect(warnings({ CF_NR_FK: '0.5 万元' })).to.deep.equal(['CF_NR_FK: unit']);
    expect(faults({ CF_NR_FK: '5000元' }, readCf, penalty)).to.deep.equal(['CF_NR_FK: unit']);
    expect(faults({ CF_NR_FK: '元' }, readCf, penalty)).to.deep.equal(['CF_NR_FK: decimal']);
  });
});

describe('numbers of persons in sentences', () => {
  for (const [text, masked] of [
    ['电话13800138000。', '电话138****8000。'],
    ['电话 138-0013-8000', '电话 138******8000'],
    ['身份证号11010519491231002x', '身份证号1101************2x'],
    ['电话１３８００１３８０００', '电话138****8000'],
  ] as const) {
    it(`are masked: ${text}`, () => {
      expect(maskPersonal(text)).to.equal(masked);
      expect(personalNumbers(masked)).to.deep.equal([]);
    });
  }

  for (const text of [company(1), '批号138001380001', 'JY13800138000', '110105194912310021', '第１２３４号', '']) {
    it(`are none in ${text === '' ? 'nothing' : text}`, () => {
      expect(personalNumbers(text)).to.deep.equal([]);
      expect(maskPersonal(text)).to.equal(text);
    });
  }
});
