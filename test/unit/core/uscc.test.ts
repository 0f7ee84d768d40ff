import { expect } from 'chai';
import {
  inspectUscc,
  isSoleTrader,
  makeUscc,
  organisationCheckCharacter,
  parseUscc,
  usccCheckCharacter,
} from '../../../node/core/uscc.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vectors from '../../vectors/uscc.json' with { type: 'json' };

describe('USCC', () => {
  for (const code of vectors.valid) {
    it(`takes ${code}, both check characters`, () => {
      expect(inspectUscc(code)).to.include({ ok: true, uscc: code, innerCheck: true });
      expect(parseUscc(code)).to.equal(code);
      expect(usccCheckCharacter(code.slice(0, 17))).to.equal(code.at(17));
      expect(organisationCheckCharacter(code.slice(8, 16))).to.equal(code.at(16));
    });
  }

  for (const code of vectors.invalid) {
    it(`refuses ${code}, which is in circulation, for its last character`, () => {
      expect(inspectUscc(code)).to.include({ ok: false, position: 18, got: code.at(17) });
      expect(codeOf(() => parseUscc(code))).to.equal('MALFORMED');
    });
  }

  it('tells the check character that was wanted', () => {
    expect(inspectUscc('91350100M000100Y44')).to.include({ fault: 'check-character', wanted: '3', got: '4' });
  });

  it('says what is wrong: length, then the first character outside the alphabet', () => {
    expect(inspectUscc('9144030019220382')).to.include({ fault: 'length', wanted: '18 characters', got: '16' });
    expect(inspectUscc('91440300192203821O')).to.include({ fault: 'alphabet', got: 'O', position: 18 });
    expect(inspectUscc('91440300i92203821s')).to.include({ fault: 'alphabet', got: 'i', position: 9 });
    expect(inspectUscc(' 9144030019220382 ')).to.include({ fault: 'alphabet', got: ' ', position: 1 });
  });

  it('takes a code whose organisation code fails, and says so', () => {
    const first17 = '91440300192203820';
    expect(organisationCheckCharacter('19220382')).to.equal('1');
    expect(inspectUscc(first17 + usccCheckCharacter(first17))).to.include({ ok: true, innerCheck: false });
  });

  const categories: [string, string, string][] = [
    ['1', '1', 'public-body'],
    ['5', '2', 'social-organisation'],
    ['9', '1', 'enterprise'],
    ['9', '2', 'sole-trader'],
    ['9', '3', 'cooperative'],
    ['Y', '1', 'other'],
  ];
  for (const [authority, category, wanted] of categories) {
    it(`calls ${authority}${category} ${wanted}`, () => {
      const uscc = makeUscc({ authority, category, region: '320982', body8: 'MA1UQXYT' });
      expect(inspectUscc(uscc)).to.include({ ok: true, category: wanted, innerCheck: true });
      expect(isSoleTrader(uscc)).to.equal(wanted === 'sole-trader');
    });
  }

  it('never refuses a region', () => {
    for (const region of ['000000', '320991', '999999']) {
      expect(makeUscc({ authority: '9', category: '1', region, body8: '14223222' }).slice(2, 8)).to.equal(region);
    }
  });

  it('makes nothing of parts that are not of a code', () => {
    const parts = { authority: '9', category: '1', region: '320904', body8: '14223222' };
    expect(codeOf(() => makeUscc({ ...parts, body8: '1422322' }))).to.equal('MALFORMED');
    expect(codeOf(() => makeUscc({ ...parts, region: '32090O' }))).to.equal('MALFORMED');
    expect(codeOf(() => makeUscc({ ...parts, body8: '1422322I' }))).to.equal('MALFORMED');
    expect(codeOf(() => usccCheckCharacter('9'.repeat(16)))).to.equal('MALFORMED');
    expect(codeOf(() => organisationCheckCharacter('1422322-'))).to.equal('MALFORMED');
  });
});
