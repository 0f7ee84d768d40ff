import { expect } from 'chai';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { stringify } from 'yaml';
import { readNodeConfig, type NodeConfig } from '../../../node/config.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { readSettings } from '../../../node/settings.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';

const SECRET = 'hunter2-do-not-tell';

const config: NodeConfig = {
  data: '/var/lib/xinlian',
  members: [`0x${'c3'.repeat(32)}`],
  keys: { kind: 'file', directory: '/etc/xinlian/keys', passphraseFile: '/etc/xinlian/passphrase' },
  chain: {
    endpoints: ['http://127.0.0.1:8545'],
    chainId: 31337,
    membership: `0x${'a1'.repeat(20)}`,
    logAnchor: `0x${'a2'.repeat(20)}`,
    grantRegistry: `0x${'a3'.repeat(20)}`,
    recognitionRegistry: `0x${'a4'.repeat(20)}`,
    deployment: `0x${'dd'.repeat(32)}`,
    block: 0,
    finality: { kind: 'depth', depth: 1 },
  },
  p2p: { listen: ['/ip4/127.0.0.1/tcp/0'] },
  http: { host: '127.0.0.1', port: 8080 },
};

describe('Settings of a node', () => {
  const folder = useTemporaryFolder();

  async function read(settings: unknown, environment: Record<string, string> = {}): Promise<NodeConfig> {
    const file = join(folder(), 'node.yaml');
    await writeFile(file, typeof settings === 'string' ? settings : stringify(settings));
    return readNodeConfig(file, environment);
  }

  async function faults(settings: unknown, environment: Record<string, string> = {}) {
    try {
      await read(settings, environment);
    } catch (error) {
      if (!XinlianError.is(error, 'CONFIG_INVALID')) throw error;
      return error.details.faults;
    }
    throw new Error('the settings were taken');
  }
  const paths = async (...given: Parameters<typeof faults>) => (await faults(...given)).map(({ path }) => path);

  it('are read from a file', async () => {
    expect(await read(config)).to.deep.equal(config);
  });

  it('are read from the environment alone', () => {
    const environment = {
      XINLIAN_NODE_DATA: '/data',
      XINLIAN_NODE_MEMBERS: `["0x${'c3'.repeat(32)}"]`,
      XINLIAN_NODE_KEYS_KIND: 'remote',
      XINLIAN_NODE_KEYS_URL: 'http://signer',
      XINLIAN_NODE_KEYS_TOKEN_FILE: '123456',
      XINLIAN_NODE_CHAIN: JSON.stringify(config.chain),
      XINLIAN_NODE_P2P_LISTEN: '[/ip4/127.0.0.1/tcp/0]',
      XINLIAN_NODE_HTTP_HOST: '127.0.0.1',
      XINLIAN_NODE_HTTP_PORT: '0',
      PATH: '/bin',
    };
    const read = readNodeConfig(undefined, environment);
    expect(read.keys).to.deep.equal({ kind: 'remote', url: 'http://signer', tokenFile: '123456' });
    expect(read.http.port).to.equal(0);
  });

  it('are taken from the environment before the file', async () => {
    const read_ = await read(config, {
      XINLIAN_NODE_HTTP_PORT: '9090',
      XINLIAN_NODE_TIMING_SIGN_MS: '50',
      XINLIAN_NODE_TIMING_ANCHORMS: '70',
      XINLIAN_NODE_CHAIN_CHAIN_ID: '7',
    });
    expect(read_.http).to.deep.equal({ host: '127.0.0.1', port: 9090 });
    expect(read_.timing).to.deep.equal({ signMs: 50, anchorMs: 70 });
    expect(read_.chain.chainId).to.equal(7);
  });

  for (const text of ['123456', 'null', 'a: b', '# no comment', '[1', 'true', '"quoted"', ' spaces ']) {
    it(`take ${text} from the environment as it is, where a text is wanted`, async () => {
      expect((await read(config, { XINLIAN_NODE_DATA: text })).data).to.equal(text);
      const { keys } = await read(config, { XINLIAN_NODE_KEYS_DIRECTORY: text });
      expect(keys).to.include({ directory: text });
    });
  }

  it('tell every fault at once, however many there are', async () => {
    const bad = {
      data: 1,
      members: [],
      keys: config.keys,
      chain: {
        ...config.chain,
        endpoints: ['ftp://x'],
        chainId: 0,
        membership: '0x1',
        logAnchor: 2,
        grantRegistry: `0x${'zz'.repeat(20)}`,
        deployment: '',
        block: -1,
      },
      p2p: { listen: [] },
      http: { host: 5, port: 99_999 },
      timing: { signMs: 1, anchorMs: 'soon' },
    };
    expect(await paths(bad, { XINLIAN_NODE_NO_SUCH: '1' })).to.include.members([
      'XINLIAN_NODE_NO_SUCH',
      'data',
      'members',
      'chain.endpoints.0',
      'chain.chainId',
      'chain.membership',
      'chain.logAnchor',
      'chain.grantRegistry',
      'chain.deployment',
      'chain.block',
      'p2p.listen',
      'http.host',
      'http.port',
      'timing.signMs',
      'timing.anchorMs',
    ]);
  });

  it('may not have members that nothing knows', async () => {
    expect(await paths({ ...config, colour: 'red' })).to.deep.equal(['colour']);
    expect(await paths({ ...config, http: { ...config.http, ports: 1 } })).to.deep.equal(['http.ports']);
    expect(await paths(config, { XINLIAN_NODE_HTTP_PORTS: '1' })).to.deep.equal(['XINLIAN_NODE_HTTP_PORTS']);
  });

  it('tell the faults of the choice that was made, and no others', async () => {
    expect(await paths({ ...config, keys: { kind: 'remote', url: 'http://a', token: 1 } })).to.deep.equal([
      'keys',
      'keys.token',
    ]);
    const [fault, ...others] = await faults({ ...config, keys: { kind: 'tape' } });
    expect(fault).to.deep.equal({ path: 'keys.kind', message: 'must be one of file, remote, got tape' });
    expect(others).to.deep.equal([]);
    expect(await paths({ ...config, keys: {} })).to.deep.equal(['keys']);
    expect(await paths({ ...config, chain: { ...config.chain, finality: { kind: 'depth', depth: 0 } } })).to.deep.equal(
      ['chain.finality.depth'],
    );
    expect(await paths({ ...config, log: { level: 'loud' } })).to.deep.equal(['log.level']);
  });

  describe('that are secret', () => {
    const closed = { additionalProperties: false };
    const schema = Type.Object(
      {
        keys: Type.Union([
          Type.Object({ kind: Type.Literal('file'), passphrase: Type.String({ minLength: 1 }) }, closed),
          Type.Object({ kind: Type.Literal('remote'), token: Type.String(), url: Type.String() }, closed),
        ]),
        secrets: Type.Array(Type.String()),
      },
      closed,
    );

    async function refused(text: string, environment: Record<string, string> = {}): Promise<void> {
      const file = join(folder(), 'secret.yaml');
      await writeFile(file, text);
      try {
        readSettings(schema, { file, prefix: 'X', environment });
      } catch (error) {
        if (!XinlianError.is(error, 'CONFIG_INVALID')) throw error;
        expect(error.details.faults).to.not.have.length(0);
        expect(error.message).to.not.include(SECRET);
        return;
      }
      throw new Error('the settings were taken');
    }

    it('come from the environment as they are', () => {
      const environment = { X_KEYS_KIND: 'file', X_KEYS_PASSPHRASE: '# 1: 2', X_SECRETS: '[a]' };
      const read = readSettings(schema, { prefix: 'X', environment });
      expect(read).to.deep.equal({ keys: { kind: 'file', passphrase: '# 1: 2' }, secrets: ['a'] });
    });

    for (const keys of [
      { kind: 'file', passphrase: SECRET, colour: 'red' },
      { kind: 'remote', passphrase: SECRET },
      { kind: 'other', passphrase: SECRET },
      { kind: 'remote', url: 7, token: SECRET },
      { kind: 'file', passphrase: [SECRET] },
      [{ passphrase: SECRET }],
    ]) {
      it(`are not told where ${JSON.stringify(keys).replace(SECRET, '…')} is refused`, async () => {
        await refused(stringify({ keys, secrets: [] }));
        await refused(stringify({ keys, secrets: SECRET }));
        await refused(stringify({ keys }), { X_SECRETS: `[${SECRET}` });
      });
    }

    it('are not told where the file is no YAML', async () => {
      await refused(`data: /\nkeys: {passphrase: "${SECRET}\n  kind: [`);
      await refused(`passphrase: ${SECRET}: ${SECRET}\n\t- x`);
      await refused(`- ${SECRET}`);
    });
  });

  it('must be a file that is there, and a YAML mapping', async () => {
    expect(await paths('- a list')).to.include(join(folder(), 'node.yaml'));
    expect(await paths('a: [')).to.include(join(folder(), 'node.yaml'));
    const missing = join(folder(), 'missing.yaml');
    expect(() => readNodeConfig(missing, {}))
      .to.throw(XinlianError)
      .with.nested.property('details.faults[0].path', missing);
  });

  it('say which variable is no YAML, beside all other faults', async () => {
    const found = await paths({ ...config, data: 1 }, { XINLIAN_NODE_HTTP_PORT: '[1' });
    expect(found).to.include.members(['XINLIAN_NODE_HTTP_PORT', 'data']);
  });

  it('are taken from the environment where the file has nonsense in their place', async () => {
    const environment = { XINLIAN_NODE_HTTP_PORT: '1', XINLIAN_NODE_HTTP_HOST: 'h' };
    expect((await read({ ...config, http: 5 }, environment)).http).to.deep.equal({ host: 'h', port: 1 });
  });

  it('take a licence service that proves nothing in a sandbox alone', async () => {
    const licence = { adapter: 'mock', url: 'http://127.0.0.1:1', key: 'A'.repeat(43) } as const;
    for (const sandbox of [undefined, false]) {
      const error: unknown = await read({ ...config, licence, ...(sandbox !== undefined && { sandbox }) }).catch(
        (e: unknown) => e,
      );
      expect(XinlianError.is(error, 'CONFIG_INVALID') && error.details.faults[0]?.path).to.equal('licence.adapter');
    }
    expect(await read({ ...config, licence, sandbox: true })).to.deep.include({ licence });
  });
});
