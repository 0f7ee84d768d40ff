import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { stringify } from 'yaml';
import { XinlianError } from '../../../node/core/errors.ts';
import { baseUrlOf, readGatewayConfig } from '../../../gateway/config.ts';

const good = {
  member: `0x${'a'.repeat(64)}`,
  keys: { kind: 'file', directory: '/keys', passphraseFile: '/secrets/passphrase' },
  chain: {
    endpoints: ['http://127.0.0.1:8545'],
    chainId: 1,
    membership: `0x${'1'.repeat(40)}`,
    logAnchor: `0x${'2'.repeat(40)}`,
    grantRegistry: `0x${'4'.repeat(40)}`,
    recognitionRegistry: `0x${'5'.repeat(40)}`,
    deployment: `0x${'3'.repeat(64)}`,
    block: 0,
    finality: { kind: 'depth', depth: 1 },
  },
  http: { host: '127.0.0.1', port: 8080 },
};

describe('Settings of a gateway', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'xinlian-config-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const read = (settings: object, environment: Record<string, string> = {}) => {
    const file = join(directory, 'gateway.yaml');
    writeFileSync(file, stringify(settings));
    return readGatewayConfig(file, environment);
  };
  const faultsOf = (...given: Parameters<typeof read>): string[] => {
    try {
      read(...given);
    } catch (error) {
      if (XinlianError.is(error, 'CONFIG_INVALID')) return error.details.faults.map(({ path }) => path);
      throw error;
    }
    return [];
  };

  it('come from a file, and from the environment above it', () => {
    expect(read(good).http.port).to.equal(8080);
    const { http, limits } = read(good, {
      XINLIAN_GATEWAY_HTTP_PORT: '9090',
      XINLIAN_GATEWAY_LIMITS_MAX_STREAMS: '3',
      OTHER: 'x',
    });
    expect([http.port, limits?.maxStreams]).to.deep.equal([9090, 3]);
  });

  it('tell every fault at once', () => {
    const bad = { ...good, member: 'me', http: { host: 'x', port: -1 }, trustProxy: 'all' };
    expect(faultsOf(bad, { XINLIAN_GATEWAY_COLOUR: 'red' })).to.include.members([
      'member',
      'http.port',
      'trustProxy',
      'XINLIAN_GATEWAY_COLOUR',
    ]);
  });

  it('name the gateway by its address, where they do not name it otherwise', () => {
    expect(baseUrlOf(read(good))).to.equal('http://127.0.0.1:8080');
    expect(baseUrlOf(read({ ...good, http: { host: '::1', port: 80 } }))).to.equal('http://[::1]:80');
    expect(baseUrlOf(read({ ...good, baseUrl: 'https://g.example/x' }))).to.equal('https://g.example/x');
    expect(faultsOf({ ...good, http: { host: 'x', port: 0 } })).to.deep.equal(['baseUrl']);
    for (const baseUrl of ['https://g.example/', 'ftp://g.example', 'https://g.example?x']) {
      expect(faultsOf({ ...good, baseUrl }), baseUrl).to.deep.equal(['baseUrl']);
    }
  });

  it('name origins of pages as browsers send them, and no other way', () => {
    const corsOrigins = ['https://console.example', 'http://127.0.0.1:8080', 'http://[::1]:8080'];
    expect(read({ ...good, corsOrigins }).corsOrigins).to.deep.equal(corsOrigins);
    const wrong = ['*', 'null', 'https://c.example/', 'https://C.example', 'https://c.example:443', 'ftp://c.example'];
    expect(faultsOf({ ...good, corsOrigins: wrong })).to.deep.equal(wrong.map((_, i) => `corsOrigins.${i}`));
  });
});
