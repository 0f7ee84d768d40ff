import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { fromHex, toHex } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { createFileProvider, keyFileOf } from '../../../node/keys/file-provider.ts';
import { createKeyFile, openKeyFile } from '../../../node/keys/key-file.ts';
import { generateSecrets, localKeys, publicKeysOf } from '../../../node/keys/local-keys.ts';
import { Secret } from '../../../node/keys/secret.ts';
import { PASSPHRASE, SCRYPT_N, temporaryDirectory } from './provided-keys.ts';
import { codeOf, memberId } from './provider-suite.ts';

describe('key file', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let path: string;
  const create = (options: { seed?: Uint8Array } = {}) =>
    createKeyFile(path, PASSPHRASE, { scryptN: SCRYPT_N, ...options });
  const open = (passphrase = PASSPHRASE) => openKeyFile(path, passphrase);

  async function reasonOf(act: () => Promise<unknown>): Promise<string> {
    try {
      await act();
    } catch (error) {
      if (XinlianError.is(error, 'KEY_UNAVAILABLE')) return error.details.reason;
      throw error;
    }
    return 'none';
  }

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'keys', 'member.json');
  });

  afterEach(() => directory.remove());

  it('opens to the keys whose public parts it gave', async () => {
    const publicKeys = await create();
    expect(publicKeysOf(localKeys(await open(), () => {}))).to.deep.equal(publicKeys);
  });

  it('is its owner’s alone, and all that is left behind', async () => {
    await create();
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(await readdir(join(directory.path, 'keys'))).to.deep.equal(['member.json']);
  });

  it('holds no secret in clear', async () => {
    await create();
    const text = await readFile(path, 'utf8');
    for (const secret of Object.values(await open())) {
      expect(text).not.to.include(Buffer.from(secret).toString('base64url'));
      expect(text).not.to.include(Buffer.from(secret).toString('hex'));
    }
  });

  it('is never written over, even by two at once', async () => {
    const [one, two] = await Promise.allSettled([create(), create()]);
    expect([one.status, two.status].sort()).to.deep.equal(['fulfilled', 'rejected']);
    const won = [one, two].find(({ status }) => status === 'fulfilled') as PromiseFulfilledResult<unknown>;
    expect(publicKeysOf(localKeys(await open(), () => {}))).to.deep.equal(won.value);
    expect(await codeOf(create)).to.equal('CONFLICT');
    expect(await readdir(join(directory.path, 'keys'))).to.deep.equal(['member.json']);
  });

  it('is random, unless a seed is given', async () => {
    expect(generateSecrets()).not.to.deep.equal(generateSecrets());
    const [one, two] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const publicKeys = await create({ seed: one });
    expect(publicKeysOf(localKeys(generateSecrets(one), () => {}))).to.deep.equal(publicKeys);
    expect(generateSecrets(one)).not.to.deep.equal(generateSecrets(two));
    const distinct = new Set(Object.values(generateSecrets(one)).map(toHex));
    expect(distinct.size).to.equal(7);
  });

  it('does not open to another passphrase', async () => {
    await create();
    expect(await codeOf(() => open(new Secret('wrong')))).to.equal('KEY_UNAVAILABLE');
  });

  it('takes a passphrase in any Unicode form of it', async () => {
    await createKeyFile(path, new Secret('caf\u00e9 \u{ff11}'), { scryptN: SCRYPT_N });
    expect(await codeOf(() => open(new Secret('cafe\u0301 1')))).to.equal('none');
  });

  it('wants a passphrase, and a cost within bounds', async () => {
    expect(await codeOf(() => createKeyFile(path, new Secret('')))).to.equal('MALFORMED');
    for (const scryptN of [0, 512, 1_000, 2 ** 21, Number.NaN]) {
      expect(await codeOf(() => createKeyFile(path, PASSPHRASE, { scryptN }))).to.equal('MALFORMED');
    }
  });

  it('is refused where others may read it, and says what was wanted', async () => {
    await create();
    for (const mode of [0o640, 0o604, 0o620, 0o601]) {
      await chmod(path, mode);
      expect(await reasonOf(open))
        .to.include('wanted mode 600')
        .and.to.include(mode.toString(8));
    }
    await chmod(path, 0o400);
    expect(await codeOf(open)).to.equal('none');
  });

  it('is refused where anything in it was changed', async () => {
    await create();
    const text = await readFile(path, 'utf8');
    const changes: [string, (file: Record<string, Record<string, unknown>>) => void][] = [
      ['a public key', (file) => (file.public!.client = file.public!.checkpoint)],
      ['the cost', (file) => (file.kdf!.N = SCRYPT_N * 2)],
      ['an absurd cost', (file) => (file.kdf!.N = 2 ** 30)],
      ['a salt', (file) => (file.kdf!.salt = 'AAAAAAAAAAAAAAAAAAAAAA')],
      ['a short nonce', (file) => (file.cipher!.nonce = 'AAAA')],
      ['another cipher', (file) => (file.cipher!.name = 'aes-128-gcm')],
      ['no sealed part', (file) => delete file.sealed],
      ['a short sealed part', (file) => Object.assign(file, { sealed: 'AAAA' })],
      ['another type', (file) => Object.assign(file, { type: 'xinlian/keys/v2' })],
    ];
    for (const [what, change] of changes) {
      const file = JSON.parse(text) as Record<string, Record<string, unknown>>;
      change(file);
      await writeFile(path, JSON.stringify(file));
      expect(await codeOf(open), what).to.equal('KEY_UNAVAILABLE');
    }
    for (const junk of ['', 'null', '[]', '{', 'x'.repeat(100_000)]) {
      await writeFile(path, junk);
      expect(await codeOf(open)).to.equal('KEY_UNAVAILABLE');
    }
    await writeFile(path, text);
    expect(await codeOf(open)).to.equal('none');
  });

  it('can be put right while the provider runs', async () => {
    path = keyFileOf(directory.path, memberId(1));
    const provider = createFileProvider({ directory: directory.path, passphrase: PASSPHRASE });
    expect(await codeOf(() => provider.open(memberId(1)))).to.equal('KEY_UNAVAILABLE');
    await create();
    expect(await codeOf(() => provider.open(memberId(1)))).to.equal('none');
    await provider.close();
  });
});

describe('vault', () => {
  it('wraps as in RFC 3394, section 4.6', async () => {
    const secrets = {
      ...generateSecrets(),
      vault: fromHex('0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'),
    };
    const { vault } = localKeys(secrets, () => {});
    const key = fromHex('0x00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f');
    const wrapped = '0x28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21';
    expect(toHex(await vault.wrap(key))).to.equal(wrapped);
    expect(await vault.unwrap(fromHex(wrapped))).to.deep.equal(key);
  });
});

describe('secret', () => {
  it('shows itself to nobody who does not ask', () => {
    const secret = new Secret('hunter2');
    const shown = [String(secret), '' + secret, JSON.stringify({ secret }), inspect({ secret }, { showHidden: true })];
    for (const text of shown) expect(text).to.include('[redacted]').and.not.to.include('hunter2');
    expect(secret.reveal()).to.equal('hunter2');
  });

  it('compares', () => {
    expect(new Secret('a').matches('a')).to.equal(true);
    expect(new Secret('a').matches('b')).to.equal(false);
    expect(new Secret('a').matches('')).to.equal(false);
  });
});
