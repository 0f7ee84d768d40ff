import { expect } from 'chai';
import { once } from 'node:events';
import { connect } from 'node:net';
import { utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { decodeBundle, tilePath } from '../../../node/core/tiles.ts';
import { readLogFile } from '../../../node/exchange/log-files.ts';
import { startHttp, type HttpServer } from '../../../node/http.ts';
import { openAgency, type Agency } from '../../helpers/agency.ts';
import { LOG, MEMBER } from '../../helpers/bundle.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { licence } from '../../helpers/rows.ts';

describe('HTTP of a node', () => {
  let agency: Agency;
  let server: HttpServer;
  let waits: string;
  let warning: string;
  let failures: unknown[];

  beforeEach(async () => {
    waits = '';
    warning = '';
    failures = [];
    agency = await openAgency(await memoryStore());
    await agency.open('file-0001', 'xk');
    await agency.send(
      'file-0001',
      0,
      Array.from({ length: 300 }, (_, i) => licence(i)),
    );
    await agency.checkpointer.sign();
    server = await startHttp(
      { host: '127.0.0.1', port: 0 },
      {
        unready: () => waits,
        warning: () => warning,
        info: () => ({ version: '1' }),
        metrics: async () => {
          if (waits === 'broken') throw new Error('the secret cause');
          return 'rows 1\n';
        },
        logFile: (_, path) => readLogFile(agency.log, agency.logs, path),
        witness: {
          addCheckpoint: async (member, body) => {
            if (member !== MEMBER) throw new XinlianError('MEMBER_UNKNOWN', { member });
            return { status: 409, type: 'text/x.tlog.size', body: `${body.length}\n` };
          },
          checkpoint: (member, log) => `${member} ${log}\n`,
          conflicts: async () => [],
        },
        failed: (error) => failures.push(error),
      },
    );
  });
  afterEach(() => server.stop());

  const get = (path: string, method = 'GET') => fetch(`${server.address()}${path}`, { method });

  it('tells health, info and metrics, and lets nobody keep them', async () => {
    for (const path of ['/healthz/live', '/healthz/ready', '/info', '/metrics']) {
      const response = await get(path);
      expect([response.status, response.headers.get('cache-control')], path).to.deep.equal([200, 'no-store']);
    }
    waits = 'the chain';
    const response = await get('/healthz/ready');
    expect(response.status).to.equal(503);
    expect(await response.json()).to.deep.equal({ ok: false, waits: 'the chain' });
    expect((await get('/healthz/live')).status).to.equal(200);
  });

  it('stays ready, and says what is wrong, where that keeps it from nothing', async () => {
    warning = 'the chain has had no new block for 12 s';
    const response = await get('/healthz/ready');
    expect(response.status).to.equal(200);
    expect(await response.json()).to.deep.equal({ ok: true, waits: '', warning });
  });

  it('serves its log as tlog-tiles has it', async () => {
    const checkpoint = await get(`/logs/${LOG}/checkpoint`);
    expect(checkpoint.headers.get('content-type')).to.equal('text/plain; charset=utf-8');
    expect(checkpoint.headers.get('cache-control')).to.equal('public, max-age=1');
    expect(await checkpoint.text()).to.equal(agency.logs.checkpoint(1, 301));

    const full = await get(`/logs/${LOG}/${tilePath({ level: 0, index: 0, width: 256 })}`);
    expect(full.headers.get('cache-control')).to.include('immutable');
    expect(full.headers.get('content-type')).to.equal('application/octet-stream');
    expect((await full.bytes()).length).to.equal(256 * 32);

    const partial = await get(`/logs/${LOG}/${tilePath({ level: 0, index: 1, width: 45 })}`);
    expect(partial.headers.get('cache-control')).to.not.include('immutable');
    expect((await partial.bytes()).length).to.equal(45 * 32);

    const entries = await get(`/logs/${LOG}/${tilePath({ level: 'entries', index: 1, width: 40 })}`);
    const found = decodeBundle(await entries.bytes());
    expect(found).to.have.length(40);
    expect(Buffer.from(found[3]!)).to.deep.equal(Buffer.from(agency.logs.entry(1, 259)!));
  });

  it('has nothing that no signed checkpoint covers', async () => {
    await agency.send(
      'file-0001',
      1,
      Array.from({ length: 250 }, (_, i) => licence(1_000 + i)),
    );
    for (const [level, index, width] of [
      [0, 1, 46],
      [0, 1, 256],
      [0, 2, 1],
      [1, 0, 2],
      [2, 0, 1],
      [63, 0, 1],
      ['entries', 1, 46],
    ] as const) {
      expect((await get(`/logs/${LOG}/${tilePath({ level, index, width })}`)).status).to.equal(404);
    }
    expect((await get(`/logs/${LOG}/${tilePath({ level: 0, index: 1, width: 45 })}`)).status).to.equal(200);
  });

  it('answers HEAD as GET, without the body', async () => {
    for (const path of ['/info', `/logs/${LOG}/tile/0/000`]) {
      const [get_, head] = [await get(path), await get(path, 'HEAD')];
      expect(head.status).to.equal(200);
      expect(head.headers.get('content-length')).to.equal(get_.headers.get('content-length'));
      expect(head.headers.get('content-length')).to.equal(String((await get_.bytes()).length));
      expect((await head.bytes()).length).to.equal(0);
    }
  });

  it('refuses other methods', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const response = await get('/info', method);
      expect([response.status, response.headers.get('allow')]).to.deep.equal([405, 'GET, HEAD']);
    }
  });

  describe('of a member as a witness', () => {
    const prefix = `/logs/witness/${MEMBER}`;
    const post = (path: string, body: string) => fetch(`${server.address()}${path}`, { method: 'POST', body });

    it('passes a checkpoint on, and the answer back', async () => {
      const response = await post(`${prefix}/add-checkpoint`, 'old 0\n');
      expect([response.status, response.headers.get('content-type')]).to.deep.equal([409, 'text/x.tlog.size']);
      expect(await response.text()).to.equal('6\n');
      expect((await post(`/logs/witness/${LOG}/add-checkpoint`, '')).status).to.equal(404);
      // No body without end is read.
      expect((await post(`${prefix}/add-checkpoint`, 'x'.repeat(64 * 1024))).status).to.equal(409);
      expect((await post(`${prefix}/add-checkpoint`, 'x'.repeat(64 * 1024 + 1))).status).to.equal(413);
      expect((await get('/healthz/live')).status).to.equal(200);
    });

    it('shows what it saw of a log, and is asked by POST alone', async () => {
      for (const [path, method, allow] of [
        [`${prefix}/add-checkpoint`, 'GET', 'POST'],
        [`${prefix}/${LOG}/checkpoint`, 'POST', 'GET, HEAD'],
      ] as const) {
        const response = await get(path, method);
        expect([response.status, response.headers.get('allow')]).to.deep.equal([405, allow]);
      }
      expect(await (await get(`${prefix}/${LOG}/checkpoint`)).text()).to.equal(`${MEMBER} ${LOG}\n`);
      expect(await (await get(`${prefix}/${LOG}/conflicts`)).json()).to.deep.equal({ conflicts: [] });
      for (const path of [LOG, `${LOG}/others`, 'checkpoint', 'add-checkpoint/']) {
        expect((await get(`${prefix}/${path}`)).status, path).to.equal(404);
      }
    });
  });

  for (const [path, status] of [
    ['/', 404],
    ['/nothing', 404],
    ['/info/', 404],
    ['/logs', 404],
    [`/logs/${LOG}`, 404],
    [`/logs/${LOG}/`, 404],
    [`/logs/${LOG.toUpperCase()}/checkpoint`, 404],
    [`/logs/${LOG}/tile/0/0`, 400],
    [`/logs/${LOG}/tile/64/000`, 400],
    [`/logs/${LOG}/tile/00/000`, 400],
    [`/logs/${LOG}/tile/0/x000/000`, 400],
    [`/logs/${LOG}/tile/0/000.p/256`, 400],
    [`/logs/${LOG}/tile/0/000.p/0`, 400],
    [`/logs/${LOG}/checkpoint/`, 400],
  ] as const) {
    it(`answers ${status} for ${path}`, async () => {
      const response = await get(path);
      expect(response.status).to.equal(status);
      expect(response.headers.get('content-type')).to.equal('application/problem+json');
    });
  }

  /** Sends a request line as it is, which `fetch` would mend. */
  async function raw(target: string): Promise<string> {
    const { port, hostname } = new URL(server.address());
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.end(utf8(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`));
    const chunks: Buffer[] = [];
    for await (const chunk of socket) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString().split('\r\n')[0]!;
  }

  for (const target of [
    `/logs/${LOG}/../../../../etc/passwd`,
    `/logs/${LOG}/%2e%2e/%2e%2e/etc/passwd`,
    `/logs/${LOG}/tile/0/..%2f..%2f..%2fetc%2fpasswd`,
    `/logs/${LOG}/tile/0/\\..\\..\\etc`,
    '//',
    '//etc/passwd',
    'http://[',
    '/%',
    '/logs/../info/../..',
  ]) {
    it(`answers ${target} as no file, and does not break`, async () => {
      expect(await raw(target)).to.match(/^HTTP\/1\.1 (400|404) /);
      expect(failures).to.deep.equal([]);
    });
  }

  it('says nothing of its own faults to the client, and all of them to its log', async () => {
    waits = 'broken';
    const response = await get('/metrics');
    expect(response.status).to.equal(500);
    expect(await response.text()).to.not.include('secret');
    expect(failures).to.have.length(1);
  });

  it('stops while a connection is open', async () => {
    const { port, hostname } = new URL(server.address());
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const closed = once(socket, 'close');
    await server.stop();
    await closed;
  });
});
