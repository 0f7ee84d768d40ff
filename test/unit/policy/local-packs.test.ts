import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { readPacks } from '../../../node/policy/local-packs.node.ts';
import { createCatalogue } from '../../../node/policy/pack.ts';

const EXAMPLE = fileURLToPath(new URL('../../../docs/packs', import.meta.url));

describe('Packs of a place', () => {
  let folder: string;
  beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'xinlian-packs-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('are none where no folder is named', () => {
    expect(readPacks(undefined)).to.deep.equal([]);
    expect(readPacks('')).to.deep.equal([]);
  });

  it('come from every file of the folder, in the order of their names', async () => {
    await writeFile(join(folder, 'b.json'), '{"edition": "b"}');
    await writeFile(join(folder, 'a.json'), '[{"edition": "a1"}, {"edition": "a2"}]');
    await writeFile(join(folder, 'notes.txt'), 'no pack');
    expect(readPacks(folder)).to.deep.equal([{ edition: 'a1' }, { edition: 'a2' }, { edition: 'b' }]);
  });

  it('that are no packs are refused with the name of their file', async () => {
    for (const text of ['{', '"text"', 'null', '{"kind": "report"}']) {
      await writeFile(join(folder, 'broken.json'), text);
      expect(() => readPacks(folder), text).to.throw('broken.json');
    }
    expect(() => readPacks(join(folder, 'nowhere'))).to.throw('nowhere');
  });

  it('have an example whose items are whole', () => {
    const catalogue = createCatalogue(readPacks(EXAMPLE));
    expect(catalogue.items().map(({ item }) => item)).to.deep.equal(['farm-product-tracing', 'warning-talk']);
  });
});
