import { expect } from 'chai';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { utf8 } from '../../../node/core/bytes.ts';
import { openStore } from '../../../node/store/store.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';
import { storeSuite } from './store-suite.ts';

describe('LevelDB', () => {
  const folder = useTemporaryFolder();
  const path = () => join(folder(), 'a', 'b', 'db');

  storeSuite('LevelDB', () => openStore(path()));

  it('has what was committed after it was closed and opened again, and no more', async () => {
    const store = await openStore(path());
    await store.batch().put('entry', utf8('a'), utf8('1')).commit();
    store.batch().put('entry', utf8('b'), utf8('2'));
    await store.close();
    const again = await openStore(path());
    expect(again.get('entry', utf8('a'))).to.deep.equal(utf8('1'));
    expect(again.get('entry', utf8('b'))).to.equal(undefined);
    await again.close();
  });

  it('is open once', async () => {
    const store = await openStore(path());
    expect(await rejection(openStore(path()))).to.include({ code: 'STORE_LOCKED' });
    await store.close();
    await (await openStore(path())).close();
  });

  it('is not opened where its files are damaged', async () => {
    const store = await openStore(path());
    await store.batch().put('entry', utf8('a'), utf8('1')).commit();
    await store.close();
    for (const name of await readdir(path())) {
      if (name.startsWith('MANIFEST')) await writeFile(join(path(), name), 'no manifest');
    }
    expect(await rejection(openStore(path()))).to.have.property('code', 'STORE_CORRUPT');
  });
});

storeSuite('memory', memoryStore);
