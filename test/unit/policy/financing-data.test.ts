import { expect } from 'chai';
import { builtInCatalogue, RECORD_CLAIMS } from '../../../node/policy/pack.ts';
import financingData from '../../../node/policy/packs/cn-financing-data.json' with { type: 'json' };
import { createRowReader } from '../../../node/policy/row.ts';
import { taxRow } from '../../helpers/authorised.ts';
import { company, soleTrader } from '../../helpers/rows.ts';

const TODAY = '2026-06-01';
const read = createRowReader(builtInCatalogue.item('ns'));

const faultsOf = (change: Record<string, unknown>): string[] => {
  const result = read(taxRow(1, change), TODAY);
  return result.ok ? [] : result.faults.map(({ field, code }) => `${field}: ${code}`);
};

function claimsOf(change: Record<string, unknown> = {}): Record<string, unknown> {
  const result = read(taxRow(1, change), TODAY);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  const [, ...names] = builtInCatalogue.item('ns').claims;
  return Object.fromEntries(names.map((name, i) => [name, result.row.claims[i]]));
}

describe('The pack of financing data', () => {
  it('has items that are read under an authorisation alone, and are marked as unverified in every field', () => {
    for (const { item, short, class: disclosure, fields } of financingData.items) {
      expect(builtInCatalogue.item(short).item).to.equal(item);
      expect(disclosure).to.equal('authorised');
      for (const { name, unverified } of fields) expect(unverified, `${item}, ${name}`).to.equal(true);
    }
    expect(financingData.note).to.contain('unverified');
  });

  it('has no item or short name of another pack', () => {
    const all = builtInCatalogue.items().flatMap(({ item, short }) => [item, short]);
    expect(new Set(all).size).to.equal(all.length);
  });

  it('begins each record with the claims that all have', () => {
    for (const { item } of financingData.items) {
      const { claims, edition } = builtInCatalogue.item(item);
      expect(claims.slice(0, RECORD_CLAIMS.length)).to.deep.equal([...RECORD_CLAIMS]);
      expect(builtInCatalogue.names(item, edition)).to.equal(claims);
    }
  });

  it('takes a row of taxes: without an end where none is given', () => {
    expect(claimsOf()).to.include({
      subject: company(1),
      class: 'authorised',
      validFrom: '2026-01-01',
      validTo: null,
      NS_SJSE: '12.5',
    });
    expect(claimsOf({ NS_YXQ_Z: '2099/12/31' })['validTo']).to.equal(null);
    expect(claimsOf({ NS_YXQ_Z: '2026/07/01' })['validTo']).to.equal('2026-07-01');
  });

  it('refuses what is missing, of the future, or no number', () => {
    expect(faultsOf({ NS_SHXYM: '' })).to.deep.equal(['NS_SHXYM: required']);
    expect(faultsOf({ NS_BH: null })).to.deep.equal(['NS_BH: required']);
    expect(faultsOf({ NS_SSQ_Q: '2026-06-02' })).to.have.length(1);
    expect(faultsOf({ NS_SJSE: 'much' })).to.have.length(1);
    expect(faultsOf({ NS_SHXYM: `${company(1).slice(0, 17)}0` })).to.have.length.at.least(1);
  });

  it('is of enterprises and sole traders, and of no natural person', () => {
    const trader = { NS_SHXYM: soleTrader(1), NS_LB: '个体工商户' };
    expect(claimsOf(trader)['subject']).to.equal(soleTrader(1));
    expect(faultsOf({ NS_LB: '自然人' })).to.not.be.empty;
    expect(faultsOf({ NS_LB: '自然人', NS_SHXYM: '320922199001011230' })).to.not.be.empty;
  });
});
