import { expect } from 'chai';
import { covers } from '../../../node/core/regions.ts';

describe('A granted region', () => {
  it('that is a county covers itself alone', () => {
    expect(['320904', '320900', '320000', '320903', '310904'].map((region) => covers('320904', region))).to.deep.equal([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('that is a city covers its counties and itself, and neither its province nor another city', () => {
    expect(['320900', '320904', '320000', '320100', '310900'].map((region) => covers('320900', region))).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('that is a province covers all in it, and no other', () => {
    expect(['320000', '320900', '320904', '310000', '330904'].map((region) => covers('320000', region))).to.deep.equal([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it('is never the whole country', () => {
    for (const region of ['110000', '310115', '320904', '659001']) expect(covers('000000', region)).to.equal(false);
  });
});
