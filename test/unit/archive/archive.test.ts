import { cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { restoreArchive } from '../../../node/archive/restore.ts';
import { verifyArchive, type ArchiveFault } from '../../../node/archive/verify.ts';
import { toBase64Url } from '../../../node/core/bytes.ts';
import { exportLog } from '../../../node/log-export.ts';
import { openAgency, SIGNER, type Agency } from '../../helpers/agency.ts';
import { archive, servedLog } from '../../helpers/archive.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { licence } from '../../helpers/rows.ts';
import { signerOf } from '../../helpers/small-log.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';

async function filesUnder(directory: string): Promise<string[]> {
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  return found
    .filter((one) => one.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1))
    .sort();
}

describe('An archive', () => {
  const folder = useTemporaryFolder();
  let agency: Agency;
  let chunk: number;
  const place = () => join(folder(), 'archive');

  async function publish(count: number): Promise<void> {
    await agency.send(
      'file-0001',
      chunk,
      Array.from({ length: count }, (_, i) => licence(10_000 * chunk + i)),
    );
    chunk++;
    await agency.settle();
  }

  beforeEach(async () => {
    chunk = 0;
    agency = await openAgency(await memoryStore());
    await agency.open('file-0001', 'xk');
  });

  const places = async () => (await verifyArchive(place())).faults.map(({ volume, file }) => `${volume}/${file}`);

  it('is made volume by volume, each of what came since, and holds by itself', async () => {
    expect(await archive(agency, place())).to.equal(undefined);
    await publish(5);
    expect(await archive(agency, place(), 100)).to.equal(undefined);
    expect(await archive(agency, place())).to.deep.include({ number: 1, from: 0, to: 6, previous: null });
    expect(await archive(agency, place())).to.equal(undefined);
    await publish(1_100);
    const second = await archive(agency, place(), 100);
    expect(second).to.deep.include({ number: 2, from: 6, to: 1_107 });
    expect(second?.files.filter(({ path }) => path.startsWith('entries/'))).to.have.length(2);

    const { volumes, faults, member, origin } = await verifyArchive(place());
    expect(faults).to.deep.equal([]);
    expect({ member, origin }).to.deep.equal({ member: MEMBER, origin: second?.origin });
    expect(volumes.map(({ from, to, key }) => [from, to, key])).to.deep.equal([
      [0, 6, toBase64Url(SIGNER)],
      [6, 1_107, toBase64Url(SIGNER)],
    ]);
    expect(volumes[1]!.block.hash).to.match(/^0x/);

    // The same plain files as an export of the log that was never lost.
    await exportLog(servedLog(agency), join(folder(), 'exported'));
    const size = await restoreArchive(place(), await verifyArchive(place()), join(folder(), 'restored'));
    expect(size).to.equal(1_107);
    const files = await filesUnder(join(folder(), 'exported'));
    expect(await filesUnder(join(folder(), 'restored'))).to.deep.equal(files);
    for (const file of files) {
      const [a, b] = await Promise.all(['exported', 'restored'].map((name) => readFile(join(folder(), name, file))));
      expect(a!.equals(b!), file).to.equal(true);
    }
    // A later volume holds alone, but is not the whole log.
    await rm(join(place(), 'volume-000001'), { recursive: true });
    const rest = await verifyArchive(place());
    expect(rest.faults).to.deep.equal([]);
    const refused = await rejection(restoreArchive(place(), rest, join(folder(), 'part')));
    expect(refused).to.have.property('code', 'STORE_CORRUPT');
  });

  it('names the file of any byte that was changed', async () => {
    await publish(3);
    await archive(agency, place());
    await publish(2);
    await archive(agency, place());
    const files = await filesUnder(place());
    expect(files).to.have.length(16);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), fc.nat(), fc.integer({ min: 1, max: 255 }), async (file, at, by) => {
        const path = join(place(), file);
        const bytes = await readFile(path);
        const index = at % bytes.length;
        await writeFile(path, bytes.with(index, bytes[index]! ^ by));
        const found = await places();
        await writeFile(path, bytes);
        expect(found, `byte ${index} of ${file}`).to.deep.equal([file]);
      }),
      { numRuns: 60 },
    );
    expect(await places()).to.deep.equal([]);
  });

  it('names what is missing, too much, cut off, or in another place', async () => {
    await publish(3);
    await archive(agency, place());
    await publish(2);
    await archive(agency, place());
    await publish(2);
    await archive(agency, place());
    const kept = join(folder(), 'kept');
    await cp(place(), kept, { recursive: true });
    const after = async (change: (at: (path: string) => string) => Promise<unknown>): Promise<string[]> => {
      await change((path) => join(place(), path));
      const found = await places();
      await rm(place(), { recursive: true });
      await cp(kept, place(), { recursive: true });
      return found;
    };
    expect(await after((at) => rm(at('volume-000002/anchor.json')))).to.deep.equal(['volume-000002/anchor.json']);
    expect(await after((at) => writeFile(at('volume-000002/more'), ''))).to.deep.equal(['volume-000002/more']);
    const cut = await after(async (at) => {
      const path = at('volume-000001/entries/000000000000');
      await writeFile(path, (await readFile(path)).subarray(0, -1));
    });
    expect(cut).to.deep.equal(['volume-000001/entries/000000000000']);
    expect(await after((at) => rm(at('volume-000002'), { recursive: true }))).to.include('volume-000003/manifest.json');
    const swapped = await after(async (at) => {
      await rename(at('volume-000002'), at('x'));
      await rename(at('volume-000003'), at('volume-000002'));
      await rename(at('x'), at('volume-000003'));
    });
    expect(swapped).to.include.members(['volume-000002/manifest.json', 'volume-000003/manifest.json']);
    expect(await rejection(verifyArchive(join(folder(), 'nothing')))).to.have.property('code', 'NOT_FOUND');
  });

  it('is signed by a key of the log’s owner, and by one of those that are asked for', async () => {
    await publish(3);
    const stranger = signerOf('', new Uint8Array(32).fill(8));
    await archive(agency, place(), 1, { key: stranger });
    const faults = (found: ArchiveFault[]) => found.map(({ file }) => file);
    expect(faults((await verifyArchive(place())).faults)).to.deep.equal(['manifest.note']);
    await rm(place(), { recursive: true });
    await archive(agency, place());
    expect((await verifyArchive(place(), { keys: [toBase64Url(SIGNER)] })).faults).to.deep.equal([]);
    const other = toBase64Url(stranger.publicKey);
    expect(faults((await verifyArchive(place(), { keys: [other] })).faults)).to.deep.equal(['manifest.note']);
  });

  it('is not made of entries that do not give the anchored root, and leaves nothing half', async () => {
    await publish(3);
    const source = servedLog(agency);
    const lying = {
      name: 'a liar',
      read: async (path: string, most: number) => {
        const bytes = await source.read(path, most);
        return bytes?.with(10, bytes[10]! ^ 1);
      },
    };
    const refused = await rejection(archive(agency, place(), 1, { source: lying }));
    expect(refused).to.have.property('code').that.is.oneOf(['LOG_INCONSISTENT', 'MALFORMED']);
    await mkdir(place(), { recursive: true });
    expect(await archive(agency, place())).to.deep.include({ number: 1 });
    expect(await readdir(place())).to.deep.equal(['volume-000001']);
  });
});
