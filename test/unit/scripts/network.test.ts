import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { SigningKey } from 'ethers/crypto';
import { parse, stringify } from 'yaml';
import { readGatewayConfig } from '../../../gateway/config.ts';
import { systemClock } from '../../../node/chain/clock.ts';
import { Follower } from '../../../node/chain/follower.ts';
import { MemoryChainStore } from '../../../node/chain/memory-store.ts';
import type { ConsortiumContracts } from '../../../node/chain/events.ts';
import { JsonRpc } from '../../../node/chain/rpc.ts';
import { readNodeConfig } from '../../../node/config.ts';
import { toHex } from '../../../node/core/bytes.ts';
import { createKeyFile } from '../../../node/keys/key-file.ts';
import { Secret } from '../../../node/keys/secret.ts';
import { qbftExtraData, validatorAddress } from '../../../scripts/network/besu.ts';
import { CAST } from '../../../scripts/sandbox/cast.ts';
import { startAnvil, TEST_CHAIN_ID } from '../../helpers/anvil.ts';
import { digest, silent } from '../../helpers/consortium-on-anvil.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';

const PASSPHRASE = 'test';

/** Examples of Besu's documentation: genesis files of "Configure QBFT consensus". */
const DOCUMENTED = {
  '0xf87aa00000000000000000000000000000000000000000000000000000000000000000f8549464a702e6263b7297a96638cac6ae65e6541f4169943923390ad55e90c237593b3b0e401f3b08a0318594aefdb9a738c9f433e5b6b212a6d62f6370c2f69294c7eeb9a4e00ce683cf93039b212648e01c6c6b78c080c0':
    [
      '0x64a702e6263b7297a96638cac6ae65e6541f4169',
      '0x3923390ad55e90c237593b3b0e401f3b08a03185',
      '0xAEFDB9A738C9F433E5B6B212A6D62F6370C2F692',
      '0xc7eeb9a4e00ce683cf93039b212648e01c6c6b78',
    ],
  '0xe5a00000000000000000000000000000000000000000000000000000000000000000c0c080c0': [],
};

describe('the network kit', () => {
  const folder = useTemporaryFolder();

  function run(...args: string[]): { code: number | null; stdout: string; stderr: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/network.ts', ...args], {
      encoding: 'utf8',
    });
    return { code: status, stdout, stderr };
  }

  /** Members with keys of their own, and the description of their network. */
  async function describeNetwork(change: object = {}): Promise<string> {
    const members = [];
    for (const [i, { key, name, uscc, region, roles, gateway }] of CAST.slice(0, 4).entries()) {
      const home = join(folder(), 'home', key);
      mkdirSync(home, { recursive: true });
      const made = await createKeyFile(join(home, 'keys.json'), new Secret(PASSPHRASE), { scryptN: 1024 });
      writeFileSync(
        join(home, 'public.json'),
        JSON.stringify(made, (_, value: unknown) =>
          value instanceof Uint8Array ? Buffer.from(value).toString('base64url') : value,
        ),
      );
      const { privateKey, publicKey } = new SigningKey(randomBytes(32));
      writeFileSync(join(home, 'node.key'), privateKey);
      const nodeKey = `0x${publicKey.slice(4)}`;
      const host = `10.0.0.${i + 1}`;
      members.push({ key, name, uscc, region, roles, host, nodeKey, gateway, keys: `home/${key}/public.json` });
    }
    const file = join(folder(), 'network.yaml');
    const network = {
      chainId: TEST_CHAIN_ID,
      threshold: 2,
      blockSeconds: 2,
      emptyBlockSeconds: 60,
      members,
      ...change,
    };
    writeFileSync(file, stringify(network));
    return file;
  }

  const read = (path: string): string => readFileSync(join(folder(), 'out', path), 'utf8');

  for (const [extraData, validators] of Object.entries(DOCUMENTED)) {
    it(`writes extraData as Besu documents it, for ${validators.length} validators`, () => {
      expect(qbftExtraData(validators)).to.equal(extraData);
    });
  }

  it('writes a key that is its own alone, and never over another', () => {
    const file = join(folder(), 'secrets', 'node.key');
    const made = run('key', '--out', file);
    expect(made.code).to.equal(0);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    const key = new SigningKey(readFileSync(file, 'utf8'));
    expect(made.stdout.trim()).to.equal(`0x${key.publicKey.slice(4)}`);
    expect(run('key', '--out', file).code).to.equal(1);
    expect(new SigningKey(readFileSync(file, 'utf8')).publicKey).to.equal(key.publicKey);
  });

  it('writes the same chain for everyone, and no secret', async () => {
    const file = await describeNetwork();
    expect(run('write', file, '--to', join(folder(), 'out')).code).to.equal(0);
    const genesis = JSON.parse(read('genesis.json')) as {
      extraData: string;
      config: { zeroBaseFee: boolean; qbft: object };
    };
    const { members } = parse(readFileSync(file, 'utf8')) as { members: { nodeKey: string; key: string }[] };
    expect(genesis.extraData).to.equal(
      qbftExtraData(members.map((member) => validatorAddress(member).toLowerCase()).sort()),
    );
    expect(genesis.config.zeroBaseFee).to.equal(true);
    expect(genesis.config.qbft).to.include({ blockperiodseconds: 2, xemptyblockperiodseconds: 60 });
    const peers = JSON.parse(read('static-nodes.json')) as string[];
    expect(peers).to.have.length(4);
    for (const { key, nodeKey } of members) {
      const secret = readFileSync(join(folder(), 'home', key, 'node.key'), 'utf8').slice(2);
      const allowed = read(`members/${key}/permissions/permissions.toml`);
      expect(allowed).to.equal(read('members/dafeng/permissions/permissions.toml'));
      expect(allowed).to.include(`enode://${nodeKey.slice(2)}@10.0.0.`);
      const { transaction } = JSON.parse(readFileSync(join(folder(), 'home', key, 'public.json'), 'utf8')) as {
        transaction: string;
      };
      expect(allowed).to.include(transaction);
      for (const path of ['besu.toml', 'compose.yaml', 'prometheus.yaml', 'alerts.yaml', 'grafana/xinlian.json'])
        expect(read(`members/${key}/${path}`)).to.not.include(secret);
      const { services } = parse(read(`members/${key}/compose.yaml`)) as {
        services: Record<string, { ports?: string[]; volumes: string[] }>;
      };
      expect(services).to.include.keys('besu', 'node', 'prometheus', 'grafana');
      expect('gateway' in services).to.equal(key === 'dafeng' || key === 'shanghai');
      expect(services['besu']?.ports).to.include('127.0.0.1:8545:8545');
    }
  });

  it('tells every fault of a description, and writes nothing', async () => {
    const file = await describeNetwork({ threshold: 9, emptyBlockSeconds: 1, chainId: 0 });
    const { code, stderr } = run('write', file, '--to', join(folder(), 'out'));
    expect(code).to.equal(1);
    expect(stderr).to.match(/^chainId: /m);
    const valid = await describeNetworkAgain({ threshold: 9, emptyBlockSeconds: 1 });
    const faults = run('write', valid, '--to', join(folder(), 'out')).stderr;
    expect(faults).to.match(/^threshold: must be at most 3/m);
    expect(faults).to.match(/^emptyBlockSeconds: must be at least/m);

    async function describeNetworkAgain(change: object): Promise<string> {
      const known = parse(readFileSync(file, 'utf8')) as object;
      writeFileSync(file, stringify({ ...known, chainId: TEST_CHAIN_ID, ...change }));
      return file;
    }
  });

  it('deploys the contracts with the members as founders, and writes settings that nodes and gateways take', async () => {
    const file = await describeNetwork();
    const anvil = await startAnvil();
    try {
      const home = join(folder(), 'home', 'dafeng');
      writeFileSync(join(home, 'passphrase'), `${PASSPHRASE}\n`);
      const { transaction } = JSON.parse(readFileSync(join(home, 'public.json'), 'utf8')) as { transaction: string };
      // What `zeroBaseFee` does on Besu: gas costs nothing.
      await anvil.call('anvil_setBalance', transaction, '0xde0b6b3a7640000');
      const contractsFile = join(folder(), 'contracts.json');
      const [keys, passphrase] = [join(home, 'keys.json'), join(home, 'passphrase')];
      const options = [
        '--endpoint',
        anvil.url,
        '--out',
        contractsFile,
        '--keys',
        keys,
        '--passphrase-file',
        passphrase,
      ];
      const deployed = run('deploy', file, ...options);
      expect(deployed.code, deployed.stderr).to.equal(0);
      const contracts = JSON.parse(readFileSync(contractsFile, 'utf8')) as ConsortiumContracts;
      expect(run('write', file, '--to', join(folder(), 'out'), '--contracts', contractsFile).code).to.equal(0);

      const node = readNodeConfig(join(folder(), 'out', 'members', 'tax', 'node.yaml'), {});
      expect(node.chain).to.deep.include({ ...contracts, finality: { kind: 'depth', depth: 1 }, blockSeconds: 60 });
      expect(node.members).to.deep.equal([CAST.find(({ key }) => key === 'tax')?.id]);
      const gateway = readGatewayConfig(join(folder(), 'out', 'members', 'dafeng', 'gateway.yaml'), {});
      expect(gateway.member).to.equal(CAST[0]?.id);

      const rpc = new JsonRpc({ endpoints: [anvil.url], chainId: TEST_CHAIN_ID }, { clock: systemClock, log: silent });
      const follower = await Follower.open(
        { contracts, finality: { kind: 'depth', depth: 1 }, pollMs: 20 },
        { rpc, store: new MemoryChainStore(), clock: systemClock, log: silent },
      );
      follower.start();
      await follower.caughtUp();
      const members = follower.view.members();
      expect(members.map(({ name }) => name)).to.deep.equal(CAST.slice(0, 4).map(({ name }) => name));
      expect(members[0]?.endpoints.gateway).to.equal('http://10.0.0.1:8080');
      expect(members[3]?.endpoints).to.deep.equal({ node: ['/ip4/10.0.0.4/tcp/9200'] });
      expect(toHex(members[0]?.keys.checkpoint[0]?.key ?? digest('none'))).to.equal(
        toHex(
          Buffer.from(
            (JSON.parse(readFileSync(join(home, 'public.json'), 'utf8')) as { checkpoint: string }).checkpoint,
            'base64url',
          ),
        ),
      );
      await follower.stop();
      rpc.close();
    } finally {
      await anvil.kill();
    }
  });
});
