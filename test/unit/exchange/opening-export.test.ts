import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openingsPage, recordOpeningsPage } from '../../../node/core/messages/opening.ts';
import { openingFiles, recordFiles } from '../../../node/opening-files.ts';
import { openingCommitment } from '../../../node/core/receipt.ts';
import { commitmentOf, openDisclosures, parsePayload } from '../../../node/core/disclosure.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { LevelAccessStore } from '../../../node/store/access-store.ts';
import { openAgency, openingsOf } from '../../helpers/agency.ts';
import { LOG } from '../../helpers/bundle.ts';
import { collect } from '../../helpers/collect.ts';
import { Exchange } from '../../helpers/authorised.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { licence, penalty } from '../../helpers/rows.ts';

describe('The openings of a log', () => {
  it('come by the page, each of a line in it', async () => {
    const exchange = await Exchange.open();
    const { document } = await exchange.grant();
    for (let i = 0; i < 205; i++) await exchange.ask(document, i % 50 === 0 ? { purpose: 'other' } : {});
    await exchange.agency.checkpointer.sign();
    const openings = openingsOf(exchange.store, exchange.agency);
    const first = openingsPage.decode(openingsPage.encode(await openings.page(exchange.member, {})));
    expect([first.log, first.size, first.openings.length]).to.deep.equal([LOG, exchange.agency.log.size, 200]);
    const second = await openings.page(exchange.member, { after: first.next! });
    expect([second.openings.length, second.next]).to.deep.equal([5, undefined]);
    for (const { position, opening } of [...first.openings, ...second.openings]) {
      const entry = decodeEntry(exchange.agency.logs.entry(1, position)!);
      expect(entry.kind === 'receipt' && entry.commitment).to.deep.equal(openingCommitment(opening));
    }
  });
});

describe('The records of a log', () => {
  it('come by the page, opened as far as the day of the decision, each of a line in it', async () => {
    const store = await memoryStore();
    const agency = await openAgency(store);
    await agency.open('file-0001', 'xk');
    await agency.send(
      'file-0001',
      0,
      Array.from({ length: 203 }, (_, i) => licence(i)),
    );
    // A correction is no publication: the first version is what was published in time or not.
    await agency.open('file-0002', 'xk');
    await agency.send('file-0002', 0, [licence(0, { XK_NR: '其他', XK_JDRQ: '2026-04-02' })]);
    await agency.open('file-0003', 'cf');
    await agency.send('file-0003', 0, [penalty(1)]);
    await agency.checkpointer.sign();
    const openings = openingsOf(new LevelAccessStore(store), agency);
    const first = recordOpeningsPage.decode(recordOpeningsPage.encode(await openings.records(agency, {})));
    expect([first.log, first.size, first.openings.length]).to.deep.equal([LOG, agency.log.size, 200]);
    const second = await openings.records(agency, { after: first.next! });
    expect([second.openings.length, second.next]).to.deep.equal([4, undefined]);
    const shown = new Set<unknown>();
    for (const { position, opening } of [...first.openings, ...second.openings]) {
      const entry = decodeEntry(agency.logs.entry(1, position)!);
      expect(entry.kind === 'publish' && entry.commitment).to.deep.equal(commitmentOf(opening.payload));
      const { item, edition } = parsePayload(opening.payload);
      const names = builtInCatalogue.names(item, edition)!;
      for (const claim of openDisclosures({ ...opening, names }).values()) shown.add(claim.name).add(claim.value);
    }
    expect([...shown]).to.have.members(['XK_JDRQ', 'CF_JDRQ', '2026-04-01', '2026-05-06']);
  });
});

describe('Files of openings', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'xinlian-openings-'));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const head = (size: number, log = LOG): string => JSON.stringify({ type: 'xinlian/openings/v1', log, size });
  const line = (position: number): string => JSON.stringify({ position, opening: { type: 'x' } });
  async function fileOf(name: string, ...lines: string[]): Promise<string> {
    const file = join(folder, name);
    await writeFile(file, lines.map((text) => `${text}\n`).join(''));
    return file;
  }

  it('give their logs, and the openings of each', async () => {
    const source = openingFiles([await fileOf('good', head(9), line(2), line(5))]);
    expect([...(await source.logs())]).to.deep.equal([[LOG, 9]]);
    const read = await collect(source.openings(LOG));
    expect(read.map(({ position }) => position)).to.deep.equal([2, 5]);
    expect(await collect(source.openings(`0x${'11'.repeat(32)}` as typeof LOG))).to.deep.equal([]);
  });

  it('are refused where they are none', async () => {
    const reading = async (...lines: string[]): Promise<unknown> => {
      const source = openingFiles([await fileOf('bad', ...lines)]);
      await source.logs();
      return collect(source.openings(LOG));
    };
    for (const lines of [
      [],
      ['{}'],
      [head(3, '0x1' as never)],
      [head(3), 'x'],
      [head(3), '{"position":-1}'],
      [head(9), line(5), line(5)],
    ])
      // prettier-ignore
      expect(await rejection(reading(...lines)), lines.join()).to.have.property('code', 'MALFORMED');
    const records = recordFiles([await fileOf('records', head(9).replace('openings', 'record-openings'), line(5), line(2))]); // prettier-ignore
    expect([...(await records.logs())]).to.deep.equal([[LOG, 9]]);
    expect((await collect(records.openings(LOG))).map(({ position }) => position)).to.deep.equal([5, 2]);
    expect(await rejection(recordFiles([await fileOf('other', head(9))]).logs())).to.have.property('code', 'MALFORMED');
    const twice = openingFiles([await fileOf('one', head(1)), await fileOf('two', head(1))]);
    expect(await rejection(twice.logs())).to.have.property('code', 'MALFORMED');
    expect(await rejection(openingFiles([join(folder, 'none')]).logs())).to.have.property('code', 'NOT_FOUND');
  });
});
