// An exported log, read by tools that know nothing of this project. Wants Go: `npm test -- third-party`.
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { fromBase64Url } from '../../node/core/bytes.ts';
import { checkpointOrigin } from '../../node/core/checkpoint.ts';
import { cosign, encodeCosignerKey, witnessName } from '../../node/core/cosignature.ts';
import { exportLog } from '../../node/log-export.ts';
import { directorySource } from '../../node/log-sources.ts';
import { encodeVerifierKey, parseNote } from '../../node/core/note.ts';
import { tlogProofOf } from '../../node/core/verify-tlog-proof.ts';
import { CHAIN_ID, CHECKPOINT_KEY, completeBundle, LOG, LOG_ANCHOR, MEMBER } from '../helpers/bundle.ts';
import { digest } from '../helpers/consortium-on-anvil.ts';
import { noteOf } from '../helpers/history.ts';
import { honestHistory, LAST_SECRET, type HonestHistory } from '../helpers/honest-history.ts';
import { writeMirror } from '../helpers/log-mirror.ts';
import { signerOf } from '../helpers/small-log.ts';
import { useTemporaryFolder } from '../helpers/temporary-folder.ts';

const MODULE = fileURLToPath(new URL('tlog', import.meta.url));
const TOOL = fileURLToPath(new URL('../../.cache/third-party/tlog', import.meta.url));
const run = promisify(execFile);

describe('a log, to tools of others', function () {
  // The first time, Go fetches its modules.
  this.timeout(300_000);
  const folder = useTemporaryFolder();
  let honest: HonestHistory;
  let key: string;

  before(async () => {
    await run('go', ['build', '-o', TOOL, '.'], { cwd: MODULE, env: { ...process.env, GOFLAGS: '-mod=readonly' } });
    honest = await honestHistory();
    const name = parseNote(noteOf(honest.history, honest.long.log)).signatures[0]!.name;
    key = encodeVerifierKey({ name, publicKey: ed25519.getPublicKey(LAST_SECRET) });
  });

  async function exported(): Promise<string> {
    const { log } = honest.long;
    await writeMirror(join(folder(), 'served'), honest.history);
    const copy = join(folder(), 'copy');
    await exportLog(directorySource(join(folder(), 'served', log)), copy);
    return copy;
  }

  it('has a checkpoint whose signature holds, and entries and proofs under its root', async () => {
    const { stdout } = await run(TOOL, [await exported(), key, '300']);
    expect(JSON.parse(stdout)).to.deep.equal({
      origin: parseNote(noteOf(honest.history, honest.long.log)).text.split('\n')[0],
      size: 804,
      entries: 804,
      kinds: { publish: 799, supersede: 2, annul: 1, status: 2 },
      proof: 10,
    });
  });

  it('is refused by them where an entry, a tile or the signature is another', async () => {
    const spoiled: [file: string, said: RegExp, at: number][] = [
      ['tile/entries/001', /mismatch/, 500],
      ['tile/0/001', /mismatch|inconsistent|tile/, 40],
      ['checkpoint', /signature|malformed/, -5],
    ];
    for (const [file, said, at] of spoiled) {
      const copy = await exported();
      const bytes = await readFile(join(copy, file));
      const index = (at + bytes.length) % bytes.length;
      await writeFile(join(copy, file), bytes.with(index, bytes[index] === 65 ? 66 : 65));
      const [result] = await Promise.allSettled([run(TOOL, [copy, key, '300'])]);
      expect(result.status, file).to.equal('rejected');
      if (result.status === 'rejected') expect((result.reason as { stderr: string }).stderr, file).to.match(said);
      // The next export would keep full tiles.
      await writeFile(join(copy, file), bytes);
    }
  });

  describe('a tlog-proof of a record', () => {
    const origin = { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR };
    const logName = checkpointOrigin({ ...origin, log: LOG });
    const logKey = encodeVerifierKey({ name: logName, publicKey: CHECKPOINT_KEY });
    const witness = signerOf(witnessName(origin, MEMBER), digest('a witness'));

    async function check(proof: string, entry: Uint8Array, cosigner = encodeCosignerKey(witness)): Promise<string> {
      const [file, leaf] = ['proof', 'entry'].map((name) => join(folder(), name)) as [string, string];
      await writeFile(file, proof);
      await writeFile(leaf, entry);
      return run(TOOL, ['proof', file, leaf, logKey, cosigner]).then(
        () => 'holds',
        (error: { stderr: string }) => error.stderr,
      );
    }

    it('holds, cosignature included, and is refused for another entry, key or text', async () => {
      const { bundle } = await completeBundle();
      const line = await cosign(parseNote(bundle.checkpoint).text, 1_780_000_000, witness);
      const entry = fromBase64Url(bundle.entry);
      expect(await check(tlogProofOf(bundle, line), entry)).to.equal('holds');
      expect(await check(tlogProofOf(bundle), entry)).to.match(/threshold|signature|verif/i);
      expect(await check(tlogProofOf({ ...bundle, position: 6 }, line), entry)).to.match(/inclusion proof/);
      expect(await check(tlogProofOf(bundle, line), entry.with(0, 1))).to.match(/inclusion proof/);
      const other = encodeCosignerKey({ ...witness, publicKey: CHECKPOINT_KEY });
      expect(await check(tlogProofOf(bundle, line), entry, other)).to.not.equal('holds');
    });
  });

  it('is signed by no other key', async () => {
    const name = parseNote(noteOf(honest.history, honest.long.log)).signatures[0]!.name;
    const other = encodeVerifierKey({ name, publicKey: ed25519.getPublicKey(digest('nobody')) });
    const [result] = await Promise.allSettled([run(TOOL, [await exported(), other, '300'])]);
    expect(result.status).to.equal('rejected');
  });
});
