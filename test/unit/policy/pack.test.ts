import { expect } from 'chai';
import { builtInCatalogue, createCatalogue, RECORD_CLAIMS } from '../../../node/policy/pack.ts';
import { chinaDate } from '../../../node/policy/date.ts';
import twinPublication from '../../../node/policy/packs/cn-twin-publication.json' with { type: 'json' };
import { codeOf } from '../../helpers/code-of.ts';

type Pack = typeof twinPublication;

interface Item {
  subject: string;
  naturalId: string;
  fields: { zh: string; type: string }[];
}

/** The built-in pack with a change to its first item. */
const changed = (change: (item: Item) => void): Pack => {
  const pack = structuredClone(twinPublication);
  change(pack.items[0]!);
  return pack;
};

describe('Policy packs', () => {
  it('are found by code and by short name', () => {
    expect(builtInCatalogue.item('xk')).to.equal(builtInCatalogue.item('administrative-licence'));
    const shorts = builtInCatalogue.items().map(({ short }) => short);
    expect(shorts.slice(0, 2)).to.deep.equal(['xk', 'cf']);
    expect(new Set(shorts).size).to.equal(shorts.length);
    expect(codeOf(() => builtInCatalogue.item('zz'))).to.equal('NOT_FOUND');
  });

  it('give the names of a record in the order of its commitment, none about a person', () => {
    const { item, edition, claims, fields } = builtInCatalogue.item('cf');
    expect(builtInCatalogue.names(item, edition)).to.equal(claims);
    expect(claims.slice(0, 5)).to.deep.equal([...RECORD_CLAIMS]);
    expect(new Set(claims).size).to.equal(claims.length);
    for (const field of fields) expect(claims.includes(field.name)).to.equal(!field.personal);
    expect(builtInCatalogue.names(item, 'another')).to.equal(undefined);
    expect(builtInCatalogue.names('cf', edition)).to.equal(undefined);
  });

  const contradictions: [string, Pack][] = [
    ['a subject that is no field', changed((item) => (item.subject = 'NONE'))],
    ['an id number that is no field', changed((item) => (item.naturalId = 'NONE'))],
    ['a field twice', changed((item) => item.fields.push(item.fields[0]!))],
    ['a heading of two fields', changed((item) => (item.fields[0]!.zh = item.fields[1]!.zh))],
    ['an unknown type', changed((item) => (item.fields[0]!.type = 'colour'))],
  ];
  for (const [name, pack] of contradictions) {
    it(`are refused with ${name}`, () => expect(codeOf(() => createCatalogue([pack]))).to.equal('MALFORMED'));
  }

  it('count days as China does', () => {
    expect(chinaDate(Date.UTC(2026, 5, 1, 15, 59, 59, 999))).to.equal('2026-06-01');
    expect(chinaDate(Date.UTC(2026, 5, 1, 16))).to.equal('2026-06-02');
  });
});
