import { join } from 'node:path';
import { expect } from 'chai';
import { restoreLog } from '../../../node/log-restore.ts';
import { directorySource } from '../../../node/log-sources.ts';
import { exportLog } from '../../../node/log-export.ts';
import { LevelLogStore } from '../../../node/store/log-store.ts';
import type { Store } from '../../../node/store/store.ts';
import { openAgency, SIGNER, type Agency } from '../../helpers/agency.ts';
import { servedLog } from '../../helpers/archive.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { licence } from '../../helpers/rows.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';

describe('A lost log', () => {
  const folder = useTemporaryFolder();
  let agency: Agency;
  let chunk: number;

  async function publish(rows: readonly unknown[], on = agency): Promise<void> {
    await on.send('file-0001', chunk++, rows);
    await on.settle();
  }

  beforeEach(async () => {
    chunk = 0;
    agency = await openAgency(await memoryStore());
    await agency.open('file-0001', 'xk');
    await publish(Array.from({ length: 300 }, (_, i) => licence(i)));
    // Corrections, so that the status tree is not empty.
    await publish([3, 299].map((n) => Object.assign(licence(n), { BZ: '更正' })));
    await exportLog(servedLog(agency), folder());
  });

  const restored = { owner: MEMBER, number: 1, scope: `0x${'00'.repeat(32)}`, keys: [SIGNER] } as const;

  async function restore(): Promise<Store> {
    const store = await memoryStore();
    expect(await restoreLog(directorySource(folder()), new LevelLogStore(store), restored)).to.equal(304);
    return store;
  }

  it('is rebuilt from its files to the last node of its status tree, and goes on', async () => {
    const store = await restore();
    const before = agency;
    agency = await openAgency(store, { chain: before.chain, clock: before.clock });
    for (const part of ['size', 'statusRoot', 'statusChanged', 'frontier', 'signed'] as const) {
      expect(agency.log.state[part], part).to.deep.equal(before.log.state[part]);
    }
    expect(agency.logs.checkpoint(1, 304)).to.equal(before.logs.checkpoint(1, 304));
    for (const position of [3, 299, 5]) {
      expect(agency.log.status(position)).to.deep.equal(before.log.status(position));
      const [a, b] = await Promise.all(
        [before, agency].map(({ records, reading }) => records.entryProof(reading, position)),
      );
      expect({ ...b, anchor: undefined }).to.deep.equal({ ...a, anchor: undefined });
    }
    chunk = 0;
    await agency.open('file-0001', 'xk');
    await publish([licence(5_000)]);
    expect(agency.chain.log(agency.log.state.id)?.final?.size).to.equal(306);
  });

  it('is taken from its owner’s checkpoint alone, and once', async () => {
    const store = await restore();
    const again = restoreLog(directorySource(folder()), new LevelLogStore(store), { ...restored, number: 2 });
    expect(await rejection(again)).to.have.property('code', 'CONFLICT');
    const source = directorySource(folder());
    const stranger = restoreLog(source, new LevelLogStore(await memoryStore()), {
      ...restored,
      keys: [new Uint8Array(32).fill(1)],
    });
    expect(await rejection(stranger)).to.have.property('code', 'SIGNATURE_INVALID');
  });

  it('has no checkpoint, and so cannot go on, where its entries are others', async () => {
    const good = directorySource(join(folder()));
    const source = {
      name: 'a liar',
      read: async (path: string, most: number) => {
        const bytes = await good.read(path, most);
        const text = Buffer.from(bytes ?? []).toString('latin1');
        return path === 'tile/entries/000'
          ? Buffer.from(text.replace('"kind":"publish"', '"kind":"publisH"'), 'latin1')
          : bytes;
      },
    };
    const logs = new LevelLogStore(await memoryStore());
    expect(await rejection(restoreLog(source, logs, restored))).to.have.property('code', 'MALFORMED');
    expect((await logs.logs()).every(({ signed }) => signed === undefined)).to.equal(true);
  });
});
