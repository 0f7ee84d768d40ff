import { expect } from 'chai';
import { checkColumns, columnsOf, detectItem } from '../../../gateway/workbook/headings.ts';
import { builtInCatalogue as catalogue, type CatalogueItem } from '../../../node/policy/pack.ts';
import { codeOf } from '../../helpers/code-of.ts';

const licence = catalogue.item('xk');
const penalty = catalogue.item('cf');

const fieldsOf = (headings: readonly string[], item: CatalogueItem): (string | undefined)[] =>
  columnsOf(headings, item).map((column) => column?.field);

describe('columns of a file', () => {
  for (const item of [licence, penalty]) {
    it(`tell ${item.item} by the names, the headings, and either in any case and width`, () => {
      const names = item.fields.map(({ name }) => name);
      const headings = item.fields.map(({ zh }) => zh);
      expect(detectItem(names, catalogue).item).to.equal(item.item);
      expect(detectItem(headings.toReversed(), catalogue).item).to.equal(item.item);
      const wide = headings.map((heading) => ` ${heading.replace('(', '（').replace(')', '）')} `);
      expect(fieldsOf(wide, item)).to.deep.equal(names);
      expect(
        fieldsOf(
          names.map((name) => name.toLowerCase()),
          item,
        ),
      ).to.deep.equal(names);
    });
  }

  it('may have older names, and others that are no field', () => {
    expect(fieldsOf(['XK_FR_SFZH', 'SOURCE_ID', ''], licence)).to.deep.equal(['XK_FR_ZJHM', undefined, undefined]);
  });

  it('tell nothing where they fit no item, or only what items have in common', () => {
    expect(codeOf(() => detectItem(['a', 'b'], catalogue))).to.equal('MALFORMED');
    expect(codeOf(() => detectItem(['统一社会信用代码', '备注'], catalogue))).to.equal('MALFORMED');
  });

  it('are not asked where the item is given', () => {
    expect(detectItem(['a'], catalogue, 'cf')).to.equal(penalty);
    expect(codeOf(() => detectItem(['a'], catalogue, 'zz'))).to.equal('NOT_FOUND');
  });

  it('must have those that every row must have', () => {
    const required = licence.fields
      .filter(({ required }) => required === 'always')
      .map(({ name }) => ({ field: name }));
    expect(() => checkColumns(required, licence)).not.to.throw();
    for (const name of required) {
      const others = required.filter((other) => other !== name);
      expect(codeOf(() => checkColumns(others, licence))).to.equal('MALFORMED');
    }
  });
});
