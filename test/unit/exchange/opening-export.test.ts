import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openingsPage } from '../../../node/core/messages/opening.ts';
import { openingFiles } from '../../../node/opening-files.ts';
import { OpeningExport } from '../../../node/exchange/opening-export.ts';
import { openingCommitment } from '../../../node/core/receipt.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { LOG } from '../../helpers/bundle.ts';
import { collect } from '../../helpers/collect.ts';
import { Exchange } from '../../helpers/authorised.ts';
import { rejection } from '../../helpers/rejection.ts';

describe('The openings of a log', () => {
  it('come by the page, each of a line in it', async () => {
    const exchange = await Exchange.open();
    const { document } = await exchange.grant();
    for (let i = 0; i < 205; i++) await exchange.ask(document, i % 50 === 0 ? { purpose: 'other' } : {});
    await exchange.agency.checkpointer.sign();
    const openings = new OpeningExport(exchange.store);
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
    const twice = openingFiles([await fileOf('one', head(1)), await fileOf('two', head(1))]);
    expect(await rejection(twice.logs())).to.have.property('code', 'MALFORMED');
    expect(await rejection(openingFiles([join(folder, 'none')]).logs())).to.have.property('code', 'NOT_FOUND');
  });
});
