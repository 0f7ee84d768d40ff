import { expect } from 'chai';
import { utf8 } from '../../../node/core/bytes.ts';
import { parseLogId, parseMemberId } from '../../../node/core/ids.ts';
import { inclusionProof, leafHash, rootHash, verifyInclusion } from '../../../node/core/merkle.ts';
import { AgencyLog } from '../../../node/exchange/agency-log.ts';
import { key } from '../../../node/store/buckets.ts';
import { LevelLogStore } from '../../../node/store/log-store.ts';
import type { Batch, Store } from '../../../node/store/store.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';

const ID = parseLogId(`0x${'b2'.repeat(32)}`);
const OWNER = parseMemberId(`0x${'c3'.repeat(32)}`);

function append(log: AgencyLog<Batch>, batch: Batch, count: number): void {
  for (let i = 0; i < count; i++) {
    const commitment = leafHash(utf8(String(log.size)));
    log.append(batch, { kind: 'publish', time: 1, item: 'i', edition: 'e', commitment });
  }
}

describe('AgencyLog', () => {
  let store: Store;
  let logs: LevelLogStore;
  let log: AgencyLog<Batch>;

  beforeEach(async () => {
    store = await memoryStore();
    logs = new LevelLogStore(store);
    log = AgencyLog.create(logs, { number: 1, id: ID, owner: OWNER, scope: `0x${'00'.repeat(32)}` });
  });

  async function commit(stage: (batch: Batch) => void): Promise<void> {
    const batch = store.batch();
    stage(batch);
    const settle = log.save(batch);
    await batch.commit();
    settle?.();
  }

  async function reload(): Promise<AgencyLog<Batch>> {
    const [state] = await logs.logs();
    return AgencyLog.load(logs, state!);
  }

  it('is read right while tiles that were filled since are on their way to the disk', async () => {
    await commit((batch) => append(log, batch, 200));
    const root = log.root();
    const batch = store.batch();
    const check = () => {
      expect(rootHash(200, log.reader(200))).to.deep.equal(root);
      const proof = inclusionProof(199, 200, log.reader(200));
      verifyInclusion({ index: 199, size: 200, leaf: leafHash(logs.entry(1, 199)!), proof, root });
    };
    append(log, batch, 400);
    check();
    const settle = log.save(batch);
    check();
    // Meanwhile more is staged for the next batch.
    const next = store.batch();
    append(log, next, 600);
    check();
    const sum = log.root();
    expect(rootHash(1200, log.reader(1200))).to.deep.equal(sum);
    await batch.commit();
    settle?.();
    check();
    expect(rootHash(1200, log.reader(1200))).to.deep.equal(sum);
  });

  it('tells a status while the status entry over it is on its way to the disk', async () => {
    const value = utf8('{"state":"annulled"}');
    await commit((batch) => {
      append(log, batch, 2);
      log.setStatus(batch, 1, value);
    });
    const batch = store.batch();
    log.appendStatus(batch, 2);
    expect(log.status(1)).to.deep.equal(value);
    const settle = log.save(batch);
    expect(log.status(1)).to.deep.equal(value);
    await batch.commit();
    settle?.();
    expect(log.status(1)).to.deep.equal(value);
    expect(log.status(0)).to.equal(undefined);
  });

  it('refuses a status entry over a tree that is not durable yet', async () => {
    const batch = store.batch();
    append(log, batch, 2);
    log.setStatus(batch, 0, utf8('{"state":"annulled"}'));
    log.appendStatus(batch, 2);
    log.setStatus(batch, 1, utf8('{"state":"annulled"}'));
    expect(() => log.appendStatus(batch, 2))
      .to.throw()
      .with.property('code', 'CONFLICT');
  });

  it('appends no second status entry behind one, also after a reload', async () => {
    await commit((batch) => {
      append(log, batch, 3);
      log.appendStatus(batch, 2);
      log.appendStatus(batch, 3);
    });
    expect(log.size).to.equal(4);
    const again = await reload();
    again.appendStatus(store.batch(), 4);
    expect(again.size).to.equal(4);
  });

  it('keeps a change of status over a reload until a status entry covers it', async () => {
    const value = utf8('{"state":"annulled"}');
    await commit((batch) => {
      append(log, batch, 3);
      log.setStatus(batch, 2, value);
    });
    log = await reload();
    expect(log.status(2)).to.deep.equal(value);
    await commit((batch) => log.appendStatus(batch, 2));
    expect(logs.status(1, 2)).to.deep.equal(value);
    expect((await logs.pendingStatus(1)).size).to.equal(0);
  });

  it('goes on over the third level of tiles', async () => {
    const count = 65_536 + 300;
    await commit((batch) => append(log, batch, count));
    const root = log.root();
    log = await reload();
    expect(log.tile(2, 0)).to.have.length(32);
    await commit((batch) => append(log, batch, 1));
    for (const index of [0, 65_535, 65_536, count - 1]) {
      const proof = inclusionProof(index, count, log.reader(count));
      verifyInclusion({ index, size: count, leaf: leafHash(logs.entry(1, index)!), proof, root });
    }
  });

  describe('with a store that was damaged', () => {
    beforeEach(() => commit((batch) => append(log, batch, 256 * 3 + 40)));

    const damages: [string, (batch: Batch) => Batch][] = [
      ['an entry of the open tile changed', (batch) => batch.put('entry', at(256 * 3 + 5), utf8('{}'))],
      ['an entry of the open tile missing', (batch) => batch.delete('entry', at(256 * 3 + 39))],
      ['a tile above changed', (batch) => batch.put('tile', tile(1, 0), new Uint8Array(96))],
      ['a tile above missing', (batch) => batch.delete('tile', tile(1, 0))],
      ['a tile above too short', (batch) => batch.put('tile', tile(1, 0), new Uint8Array(64))],
    ];
    const at = (position: number) => key({ u32: 1 }, { u64: position });
    const tile = (level: number, index: number) => key({ u32: 1 }, { u8: level }, { u64: index });

    for (const [name, damage] of damages) {
      it(`refuses ${name}`, async () => {
        await reload();
        await damage(store.batch()).commit();
        expect(await rejection(reload())).to.have.property('code', 'STORE_CORRUPT');
      });
    }

    it('refuses a frontier that does not fit its size', async () => {
      const [state] = await logs.logs();
      const shorter = { ...state!, frontier: state!.frontier.slice(1) };
      expect(await rejection(AgencyLog.load(logs, shorter))).to.have.property('code', 'STORE_CORRUPT');
      const changed = { ...state!, frontier: state!.frontier.with(0, new Uint8Array(32)) };
      expect(await rejection(AgencyLog.load(logs, changed))).to.have.property('code', 'STORE_CORRUPT');
    });
  });
});
