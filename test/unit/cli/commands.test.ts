import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openKeyFile } from '../../../node/keys/key-file.ts';
import { Secret } from '../../../node/keys/secret.ts';
import { completeBundle } from '../../helpers/bundle.ts';
import { startCliGateway, type CliGateway } from '../../helpers/gateway/cli-gateway.ts';
import { KNOWN_RECORD } from '../../helpers/gateway/memory-node.ts';

describe('xinlian', () => {
  let gateway: CliGateway;
  before(async () => {
    gateway = await startCliGateway();
  });
  after(() => gateway.stop());

  it('shows help and its version with 0, and a usage error with 1', async () => {
    expect((await gateway.xinlian('--help')).code).to.equal(0);
    expect((await gateway.xinlian('--version')).out).to.deep.equal(['0.1.0']);
    for (const args of [['publish'], ['no-such-command'], ['members', '--no-such-flag']]) {
      const run = await gateway.xinlian(...args);
      expect(run.code, args.join()).to.equal(1);
      expect(run.out).to.deep.equal([]);
    }
  });

  it('has help in both languages for every command', async () => {
    for (const command of ['publish', 'record', 'receipt', 'bundle', 'verify', 'members', 'logs', 'keys', 'errors']) {
      const run = await gateway.xinlian(command, '--help');
      expect(run.code).to.equal(0);
      expect(run.out.join('\n')).to.match(/\p{Script=Han}/u);
    }
  });

  it('record: says what it waits for', async () => {
    const run = await gateway.xinlian('record', KNOWN_RECORD);
    expect(run.code, run.said.join()).to.equal(0);
    expect(run.out.join('\n')).to.include('waits for the next anchor');
    const json = await gateway.xinlian('record', KNOWN_RECORD, '--json');
    expect(JSON.parse(json.out.at(-1) ?? '')).to.include({ record: KNOWN_RECORD, state: 'logged' });
  });

  it('record: names the code of what is refused, once', async () => {
    const run = await gateway.xinlian('record', `${'C'.repeat(21)}A`);
    expect(run).to.deep.include({ code: 1, out: [] });
    expect(run.said[0]).to.match(/^xinlian: NOT_FOUND/);
    expect(run.said.join('\n')).not.to.include('    at ');
    expect((await gateway.xinlian('record', 'x')).said[0]).to.match(/MALFORMED.*wanted/);
  });

  it('bundle and receipt: write what was asked to be shown', async () => {
    const out = join(gateway.folder, 'bundle.json');
    await gateway.xinlian('bundle', KNOWN_RECORD, '--claims', 'agency, subject', '--out', out);
    expect(JSON.parse(await readFile(out, 'utf8'))).to.deep.include({ disclosures: ['agency', 'subject'] });
    const receipt = await gateway.xinlian('receipt', KNOWN_RECORD);
    expect(JSON.parse(receipt.out.join(''))).to.deep.include({ disclosures: [] });
  });

  it('verify: names the link that breaks, and asks nobody', async () => {
    const file = join(gateway.folder, 'b.json');
    const offline = {
      fetch: (): Promise<Response> => {
        throw new Error('asked');
      },
    };
    await writeFile(file, JSON.stringify((await completeBundle()).bundle));
    const run = await gateway.xinlianWith(offline, 'verify', file);
    expect(run.code).to.equal(1);
    expect(run.out.at(-1)).to.match(/BROKEN at disclosure/); // no edition has this item
    await writeFile(file, '{');
    const json = await gateway.xinlianWith(offline, 'verify', file, '--json');
    expect(json.code).to.equal(1);
    expect(JSON.parse(json.out.join(''))).to.deep.include({ ok: false });
  });

  it('members: lists them; with --json a line each', async () => {
    const run = await gateway.xinlian('members', '--json');
    expect(run.out.map((line) => (JSON.parse(line) as { status: string }).status)).to.deep.equal(['active']);
    expect((await gateway.xinlian('logs')).code).to.equal(0);
  });

  it('errors: lists every code', async () => {
    const run = await gateway.xinlian('errors', '--json');
    expect(run.out.map((line) => (JSON.parse(line) as { code: string }).code)).to.include.members([
      'MALFORMED',
      'CLOSED',
    ]);
  });

  describe('keys new', () => {
    it('makes a file that opens to the passphrase, and prints public parts only', async () => {
      const out = join(gateway.folder, 'new.json');
      const run = await gateway.xinlianWith(
        { env: { XINLIAN_PASSPHRASE: 'of the new keys' } },
        'keys',
        'new',
        '--out',
        out,
      );
      expect(run.code, run.said.join()).to.equal(0);
      const printed = JSON.parse(run.out.join('')) as Record<string, string>;
      const secrets = await openKeyFile(out, new Secret('of the new keys'));
      expect(Object.keys(printed)).to.include.members(['checkpoint', 'client', 'sealing', 'transaction']);
      for (const secret of Object.values(secrets)) {
        expect(run.out.join('')).not.to.include(Buffer.from(secret).toString('base64url'));
      }
      expect((await stat(out)).mode & 0o077).to.equal(0);
    });

    it('asks twice at a terminal, and wants the same twice', async () => {
      const typed = ['one', 'other'];
      const ask = async (): Promise<string> => typed.shift() ?? '';
      const out = join(gateway.folder, 'typed.json');
      const run = await gateway.xinlianWith({ env: {}, ask }, 'keys', 'new', '--out', out);
      expect(run.code).to.equal(1);
      expect(run.said.join()).to.include('the same twice');
    });

    it('says so where nobody can be asked', async () => {
      const run = await gateway.xinlianWith({ env: {} }, 'keys', 'new', '--out', join(gateway.folder, 'no.json'));
      expect(run.said.join()).to.match(/--passphrase-file, XINLIAN_PASSPHRASE/);
    });
  });

  describe('settings', () => {
    const record = ['record', KNOWN_RECORD];

    it('come from the environment where no profile is named', async () => {
      const env = {
        XINLIAN_GATEWAY: 'http://gateway.test',
        XINLIAN_HOME_MEMBER: `0x${'a'.repeat(64)}`,
        XINLIAN_KEYS: join(gateway.folder, 'keys.json'),
        XINLIAN_PASSPHRASE: 'a passphrase of the tests',
      };
      expect((await gateway.xinlianWith({ env }, ...record)).code).to.equal(0);
    });

    it('of a profile that is named by a flag go above the environment, and flags above all', async () => {
      const env = { XINLIAN_GATEWAY: 'http://elsewhere.test', XINLIAN_PASSPHRASE: 'wrong' };
      const run = await gateway.xinlianWith({ env }, ...record, '--profile', gateway.profile);
      expect(run.code, run.said.join()).to.equal(0);
      const flag = await gateway.xinlianWith(
        { env },
        ...record,
        '--profile',
        gateway.profile,
        '--home',
        '914403001922038216',
      );
      expect(flag.code).to.equal(1);
    });

    it('that are missing or wrong are named', async () => {
      expect((await gateway.xinlianWith({ env: {} }, ...record)).said[0]).to.match(/--gateway/);
      const env = { XINLIAN_GATEWAY: 'http://gateway.test' };
      expect((await gateway.xinlianWith({ env }, ...record)).said[0]).to.match(/--home/);
      const file = join(gateway.folder, 'bad.yaml');
      await writeFile(file, 'gateway: ftp://x\nunknown: 1\n');
      const run = await gateway.xinlianWith({ env: {} }, ...record, '--profile', file);
      expect(run.said.join('\n'))
        .to.match(/CONFIG_INVALID/)
        .and.match(/gateway: /)
        .and.match(/unknown/);
    });
  });
});
