import { expect } from 'chai';
import { isResidentId } from '../../../node/policy/resident-id.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { createRowReader } from '../../../node/policy/row.ts';
import { makeUscc, usccCheckCharacter } from '../../../node/core/uscc.ts';
import { company, licence, penalty, soleTrader, type Row } from '../../helpers/rows.ts';

const TODAY = '2026-06-01';
const xk = builtInCatalogue.item('xk');
const cf = builtInCatalogue.item('cf');
const readXk = createRowReader(xk);
const readCf = createRowReader(cf);

/** Codes of the faults of a licence with a change, or of a penalty. */
const faultsOf = (change: Row, read = readXk, base = licence) => {
  const result = read(base(1, change), TODAY);
  return result.ok ? [] : result.faults.map(({ field, code }) => `${field}: ${code}`);
};
const penaltyFaults = (change: Row) => faultsOf(change, readCf, penalty);

/** The claims of a licence with a change, by name. */
function claimsOf(change: Row = {}, read = readXk, base = licence, item = xk): Record<string, unknown> {
  const result = read(base(1, change), TODAY);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return Object.fromEntries(item.claims.slice(1).map((name, i) => [name, result.row.claims[i]]));
}
const penaltyClaims = (change: Row) => claimsOf(change, readCf, penalty, cf);

const without = (row: Row, ...names: string[]): Row =>
  Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));

describe('A row', () => {
  it('becomes the claims of a record, one for each name', () => {
    const result = readXk(licence(1), TODAY);
    if (!result.ok) throw new Error('refused');
    expect(result.row.claims).to.have.length(xk.claims.length - 1);
    expect(result.row.subject).to.equal(company(1));
    expect(result.row.document).to.equal('大市监许〔2026〕1号');
    expect(result.row.warnings).to.deep.equal([]);
    expect(claimsOf()).to.include({
      subject: company(1),
      class: 'public',
      validFrom: '2026-04-01',
      validTo: '2031-03-31',
      XK_ZT: 1,
      XK_XDR_GSZC: null,
      BZ: null,
    });
  });

  it('keeps what is about persons apart from its claims', () => {
    const result = readXk(licence(1), TODAY);
    if (!result.ok) throw new Error('refused');
    expect(result.row.personal).to.deep.equal({
      XK_FRDB: '张三1',
      XK_FR_ZJLX: '身份证',
      XK_FR_ZJHM: '320922199001011230',
    });
    expect(JSON.stringify(result.row.claims)).to.not.match(/张三|320922199001011230/);
    expect(xk.claims).to.not.include('XK_FRDB');
  });

  describe('headings', () => {
    it('may be those of the standard, in Chinese, older, and with spaces around', () => {
      const row = without(licence(1), 'XK_XDR_MC', 'XK_FR_ZJHM', 'XK_WSH');
      const result = readXk({ ...row, 行政相对人名称: '某公司', XK_FR_SFZH: '1', ' XK_WSH ': '9号' }, TODAY);
      if (!result.ok) throw new Error(JSON.stringify(result.faults));
      expect(result.row.document).to.equal('9号');
      expect(result.row.claims).to.include('某公司');
      expect(result.row.personal).to.include({ XK_FR_ZJHM: '1' });
    });

    it('may not give a field two values', () => {
      expect(faultsOf({ 行政许可决定文书号: '另一号' })).to.deep.equal(['XK_WSH: twice']);
      expect(faultsOf({ 行政许可决定文书号: '大市监许〔2026〕1号' })).to.deep.equal([]);
      expect(faultsOf({ 行政许可决定文书号: '' })).to.deep.equal([]);
    });

    it('that are unknown are told, unless they are empty', () => {
      const result = readXk(licence(1, { X1: 'a', X2: '', X3: null, ['y'.repeat(500)]: 1 }), TODAY);
      if (!result.ok) throw new Error('refused');
      expect(result.row.warnings.map(({ code, got }) => [code, got])).to.deep.equal([
        ['unknown-column', 'X1'],
        ['unknown-column', 'y'.repeat(80)],
      ]);
    });
  });

  describe('text', () => {
    it('is wanted where the standard wants it', () => {
      expect(faultsOf({ XK_NR: '' })).to.deep.equal(['XK_NR: required']);
      expect(faultsOf({ XK_NR: '　 ' })).to.deep.equal(['XK_NR: required']);
      expect(faultsOf({ XK_FRDB: null })).to.deep.equal(['XK_FRDB: required']);
      const empty = readXk({}, TODAY);
      expect(empty.ok).to.equal(false);
      const required = xk.fields.filter((field) => field.required !== 'never').map(({ name }) => name);
      expect(!empty.ok && empty.faults.map(({ field }) => field)).to.deep.equal(required);
    });

    it('is measured in characters, not in units of UTF-16', () => {
      expect(faultsOf({ XK_XKWS: '𠮷'.repeat(64) })).to.deep.equal([]);
      expect(faultsOf({ XK_XKWS: '𠮷'.repeat(65) })).to.deep.equal(['XK_XKWS: length']);
      expect(faultsOf({ XK_XKWS: '字'.repeat(65) })).to.deep.equal(['XK_XKWS: length']);
    });

    it('must be Unicode, and a value of the list where there is one', () => {
      expect(faultsOf({ XK_NR: 'a\ud800b' })).to.deep.equal(['XK_NR: encoding']);
      expect(faultsOf({ XK_XDR_LB: '其他' })).to.deep.equal(['XK_XDR_LB: value']);
    });

    it('may come as a number or a boolean, but not as what JSON rounds or nests', () => {
      expect(claimsOf({ BZ: 12.5 })).to.include({ BZ: '12.5' });
      expect(claimsOf({ BZ: true })).to.include({ BZ: 'true' });
      for (const value of [{}, [], ['a'], 1e21, JSON.parse('12345678901234567890')]) {
        expect(faultsOf({ BZ: value })).to.deep.equal(['BZ: type']);
      }
    });
  });

  describe('codes', () => {
    const warningsOf = (change: Row) => {
      const result = readXk(licence(1, change), TODAY);
      return (result.ok ? result.row.warnings : result.warnings).map(({ field, code }) => `${field}: ${code}`);
    };

    it('must have 18 characters of the alphabet and the right last one', () => {
      const code = company(1);
      const last = code.endsWith('0') ? '1' : '0';
      expect(faultsOf({ XK_XDR_SHXYM: code.slice(1) })).to.deep.equal(['XK_XDR_SHXYM: length']);
      expect(faultsOf({ XK_XDR_SHXYM: `I${code.slice(1)}` })).to.deep.equal(['XK_XDR_SHXYM: alphabet']);
      expect(faultsOf({ XK_XDR_SHXYM: code.slice(0, 17) + last })).to.deep.equal(['XK_XDR_SHXYM: check-character']);
    });

    it('with a wrong organisation code in them are taken, with a warning', () => {
      const code = company(1);
      const first17 = `${code.slice(0, 16)}${code[16] === '0' ? '1' : '0'}`;
      const legacy = first17 + usccCheckCharacter(first17);
      expect(warningsOf({ XK_XDR_SHXYM: legacy })).to.deep.equal(['XK_XDR_SHXYM: organisation-check']);
    });

    it('of any region are taken', () => {
      for (const region of ['320982', '320991', '000000', '999999']) {
        const code = makeUscc({ authority: '9', category: '1', region, body8: '10000001' });
        expect(faultsOf({ XK_XDR_SHXYM: code })).to.deep.equal([]);
      }
    });

    it('may be written as wide as Chinese characters', () => {
      const wide = [...company(1)]
        .map((character) => String.fromCodePoint(character.codePointAt(0)! + 0xfee0))
        .join('');
      expect(claimsOf({ XK_XDR_SHXYM: wide })).to.include({ subject: company(1), XK_XDR_SHXYM: company(1) });
      expect(claimsOf({ XK_ZT: '２', XK_JDRQ: '２０２６／０４／０１' })).to.include({
        XK_ZT: 2,
        XK_JDRQ: '2026-04-01',
      });
      expect(claimsOf({ XK_NR: 'ＡＢ' })).to.include({ XK_NR: 'ＡＢ' });
    });
  });

  describe('dates', () => {
    for (const text of [
      '2026/04/01',
      '2026-04-01',
      '2026.4.1',
      '2026-4-1',
      '20260401',
      '2026年4月1日',
      '2026年04月01日',
      '2026-04-01 09:30',
      '2026-04-01T09:30:00',
      '2026/4/1 9:30:00.000',
    ]) {
      it(`may be written as ${text}`, () => expect(claimsOf({ XK_JDRQ: text })).to.include({ XK_JDRQ: '2026-04-01' }));
    }

    it('may be a number', () => expect(claimsOf({ XK_JDRQ: 20260401 })).to.include({ XK_JDRQ: '2026-04-01' }));

    for (const text of [
      '2026/02/29',
      '2025-02-29',
      '1900-02-29',
      '2026-04-31',
      '2026-13-01',
      '2026-00-10',
      '2026-01-00',
      '1899-12-31',
      '2026-04/01',
      '26-04-01',
      '2026年4月',
      '01/04/2026',
      '2026-04-01 25:00',
      '2026-04-01 09:60',
      '2026-04-01x',
      '45383',
      '昨天',
    ]) {
      it(`may not be ${text}`, () => expect(faultsOf({ XK_JDRQ: text })).to.deep.equal(['XK_JDRQ: date']));
    }

    it('know leap years', () => {
      expect(claimsOf({ XK_JDRQ: '2024-02-29' })).to.include({ XK_JDRQ: '2024-02-29' });
      expect(claimsOf({ XK_JDRQ: '2000-02-29' })).to.include({ XK_JDRQ: '2000-02-29' });
    });

    it('of decisions are not in the future', () => {
      expect(faultsOf({ XK_JDRQ: TODAY })).to.deep.equal([]);
      expect(faultsOf({ XK_JDRQ: '2026-06-02' })).to.deep.equal(['XK_JDRQ: future-date']);
    });

    it('without end are 长期, or 2099/12/31, and stand as null in validTo', () => {
      for (const text of ['长期', '2099/12/31']) {
        expect(claimsOf({ XK_YXQZI: text })).to.include({ XK_YXQZI: '2099-12-31', validTo: null });
      }
      expect(faultsOf({ XK_YXQZ: '长期' })).to.deep.equal(['XK_YXQZ: date']);
    });

    it('run forwards', () => {
      expect(faultsOf({ XK_YXQZI: '2026-03-31' })).to.deep.equal(['XK_YXQZI: order']);
      expect(faultsOf({ XK_YXQZI: '2026-04-01' })).to.deep.equal([]);
    });
  });

  describe('decimals', () => {
    for (const [text, decimal] of [
      ['0.5', '0.5'],
      [0.5, '0.5'],
      ['1,000.50', '1000.5'],
      ['1，000．50', '1000.5'],
      ['007', '7'],
      ['+3.', '3'],
      ['-0.00', '0'],
      ['-1.10', '-1.1'],
      ['123456789012.123456', '123456789012.123456'],
      ['0.1234560', '0.123456'],
      [0, '0'],
    ] as const) {
      it(`${text} is ${decimal}`, () => expect(penaltyClaims({ CF_NR_FK: text })).to.include({ CF_NR_FK: decimal }));
    }

    for (const text of ['1.1234567', '1234567890123', '1e3', '12,34', '.5', '五千', '0x10', '1 000', '--1', 'NaN']) {
      it(`${text} is none`, () => expect(penaltyFaults({ CF_NR_FK: text })).to.deep.equal(['CF_NR_FK: decimal']));
    }
  });

  describe('integers', () => {
    it('are whole, in one form, and of the list', () => {
      expect(claimsOf({ XK_ZT: '2' })).to.include({ XK_ZT: 2 });
      expect(faultsOf({ XK_ZT: '1.0' })).to.deep.equal(['XK_ZT: integer']);
      expect(faultsOf({ XK_ZT: '01' })).to.deep.equal(['XK_ZT: integer']);
      expect(faultsOf({ XK_ZT: '有效' })).to.deep.equal(['XK_ZT: integer']);
      expect(faultsOf({ XK_ZT: 3 })).to.deep.equal(['XK_ZT: value']);
    });
  });

  describe('of a sole trader', () => {
    const trader: Row = {
      XK_XDR_LB: '个体工商户',
      XK_XDR_SHXYM: soleTrader(1),
      XK_FRDB: '',
      XK_XDR_ZJHM: '110105194912310021',
    };

    it('is taken, without a representative, its personal fields apart', () => {
      const result = readXk(licence(1, trader), TODAY);
      if (!result.ok) throw new Error(JSON.stringify(result.faults));
      expect(result.row.personal).to.include({ XK_XDR_ZJHM: '110105194912310021' });
      expect(JSON.stringify(result.row.claims)).to.not.include('110105194912310021');
    });

    it('is one by its code, whatever the row says', () => {
      const result = readXk(licence(1, { ...trader, XK_XDR_LB: '法人及非法人组织' }), TODAY);
      if (!result.ok) throw new Error(JSON.stringify(result.faults));
      expect(result.row.warnings.map(({ code }) => code)).to.deep.equal(['category']);
    });
  });

  describe('of a natural person', () => {
    const PERSON = '王小明的名字';
    const ID = '11010519491231002X';
    const rows: [string, Row][] = [
      ['says so', licence(1, { XK_XDR_LB: '自然人', XK_XDR_MC: PERSON, XK_JDRQ: PERSON })],
      [
        'says so under another heading',
        without(licence(1, { 行政相对人类别: '自然人', XK_XDR_MC: PERSON }), 'XK_XDR_LB'),
      ],
      ['says so beside another category', licence(1, { 行政相对人类别: '自然人', XK_XDR_MC: PERSON, XK_ZT: PERSON })],
      ['has an id number and no code', licence(1, { XK_XDR_SHXYM: '', XK_XDR_LB: '', XK_XDR_ZJHM: ID, XK_ZT: PERSON })],
      ['has its id number for a code', licence(1, { XK_XDR_SHXYM: ID, XK_XDR_LB: PERSON })],
      ['has it in small letters', licence(1, { XK_XDR_SHXYM: ID.toLowerCase(), XK_XDR_LB: PERSON })],
    ];

    for (const [name, row] of rows) {
      it(`is turned away where it ${name}, and nothing of it is sent back`, () => {
        const result = readXk(row, TODAY);
        expect(result).to.deep.include({ ok: false, warnings: [] });
        expect(!result.ok && result.faults.map(({ code }) => code)).to.deep.equal(['natural-person']);
        expect(JSON.stringify(result)).to.not.include(PERSON);
        expect(JSON.stringify(result).toUpperCase()).to.not.include(ID);
      });
    }

    it('is told by an id number that checks, and no code of a body is taken for one', () => {
      expect(isResidentId(ID)).to.equal(true);
      expect(isResidentId('110105194912310021')).to.equal(false);
      expect(isResidentId('910105194912310023')).to.equal(false);
      expect(isResidentId('11010519491331002X')).to.equal(false);
      expect(isResidentId(company(1))).to.equal(false);
    });
  });

  it('tells nothing of a personal field that fails', () => {
    const result = readXk(licence(1, { XK_FRDB: '张'.repeat(60), XK_FR_ZJHM: 'x\ud800' }), TODAY);
    expect(!result.ok && result.faults.map(({ code, got }) => [code, got])).to.deep.equal([
      ['length', '[personal]'],
      ['encoding', '[personal]'],
    ]);
  });
});
