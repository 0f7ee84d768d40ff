// The store over memory: a real alternate of LevelDB, of the same family.
import { MemoryLevel } from 'memory-level';
import { storeOver, type Store } from '../../node/store/store.ts';

export async function memoryStore(): Promise<Store> {
  const database = new MemoryLevel<Uint8Array, Uint8Array>({
    keyEncoding: 'view',
    valueEncoding: 'view',
    storeEncoding: 'view',
  });
  await database.open();
  return storeOver(database);
}

/** A store whose writes wait, each, for what `gate` gives. */
export function gatedStore(store: Store, gate: () => Promise<void>): Store {
  return {
    ...store,
    batch: () => {
      const batch = store.batch();
      const commit = batch.commit.bind(batch);
      batch.commit = async () => {
        await gate();
        await commit();
      };
      return batch;
    },
  };
}
