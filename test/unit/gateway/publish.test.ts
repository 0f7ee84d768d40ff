import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import { ApiError } from '../../../gateway/client/api-error.ts';
import type { Client } from '../../../gateway/client.ts';
import { collect } from '../../helpers/collect.ts';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';

const KIB = 1024;
const item = 'administrative-licence';

const rowsOf = (count: number, from = 0, width = 470): string =>
  Array.from({ length: count }, (_, i) => `${`{"n":${from + i}}`.padEnd(width - 1)}\n`).join('');

async function faultOf(lines: AsyncIterable<unknown>): Promise<ApiError> {
  try {
    await collect(lines);
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('POST /v1/records', () => {
  let gateway: TestGateway;
  let url: string;
  let client: Client;

  beforeEach(async () => {
    gateway = await startTestGateway();
    url = await gateway.listen();
    client = gateway.client(url, gateway.source);
  });
  afterEach(() => gateway.app.close());

  const taken = (): string[] => [...gateway.node.submissions.values()].flatMap(({ lines }) => lines);

  it('takes a stream of rows, in order, and answers every part of it', async () => {
    const rows = rowsOf(2_000);
    async function* pieces() {
      for (let at = 0; at < rows.length; at += 10_007) yield Buffer.from(rows.slice(at, at + 10_007));
    }
    const lines = await collect(client.publish(pieces(), { item }));
    expect(taken().join('\n')).to.equal(rows.slice(0, -1));
    const chunks = lines.filter((line) => line.type === 'chunk');
    expect(chunks.map(({ index }) => index)).to.deep.equal(chunks.map((_, i) => i));
    expect(chunks.reduce((sum, { published }) => sum + published, 0)).to.equal(2_000);
    expect(lines.at(-1)).to.deep.include({ type: 'summary', closed: true, next: chunks.length });
    expect(gateway.node.mostUnderWay).to.be.at.most(8);
  });

  it('names rejected rows, and all of them when asked', async () => {
    const rows = '{"a":1}\n{"bad":1}\n{"a":2}\n';
    const faults = await collect(client.publish(rows, { item }));
    expect(faults.map(({ type }) => type)).to.deep.equal(['row', 'chunk', 'summary']);
    expect(faults[0]).to.deep.include({ row: 2, outcome: 'rejected' });
    const all = await collect(client.publish(rows, { item, outcomes: 'all' }));
    expect(all.filter(({ type }) => type === 'row')).to.have.length(3);
  });

  it('takes an empty stream, a missing last line feed and a dry run', async () => {
    expect(await collect(client.publish('', { item }))).to.have.length(1);
    const [, summary] = await collect(client.publish('{"a":1}', { item, dryRun: true }));
    expect(summary).to.deep.include({ type: 'summary', dryRun: true });
    expect(taken()).to.deep.equal(['{"a":1}']);
  });

  it('gives the same answer to the same rows under the same key, and takes them once', async () => {
    const rows = rowsOf(600) + '{"bad":1}\n';
    const options = { item, idempotencyKey: 'file-1' };
    const first = await collect(client.publish(rows, options));
    async function* otherwise() {
      for (let at = 0; at < rows.length; at += 333) yield Buffer.from(rows.slice(at, at + 333));
    }
    expect(await collect(client.publish(otherwise(), options))).to.deep.equal(first);
    expect(taken()).to.have.length(601);
    expect(gateway.node.submissions.size).to.equal(1);
  });

  it('goes on where a broken stream stopped', async () => {
    const rows = rowsOf(1_500);
    const options = { item, idempotencyKey: 'file-2' };
    gateway.node.beforeChunk = async (index) => {
      if (index === 4) throw new XinlianError('UNREACHABLE', { peer: 'node', reason: 'cut' });
    };
    const fault = await faultOf(client.publish(rows, options));
    expect(fault).to.include({ code: 'UNREACHABLE', retryable: true });
    gateway.node.beforeChunk = async () => {};
    const lines = await collect(client.publish(rows, options));
    expect(lines.at(-1)).to.deep.include({ type: 'summary' });
    expect(taken().join('\n')).to.equal(rows.slice(0, -1));
  });

  it('keeps the submissions of two members, and of two requests without a key, apart', async () => {
    await collect(client.publish('{"a":1}\n', { item }));
    await collect(client.publish('{"a":1}\n', { item }));
    expect(gateway.node.submissions.size).to.equal(2);
  });

  it('refuses the same key for another item, and a second request at the same time', async () => {
    const options = { item, idempotencyKey: 'one' };
    await collect(client.publish('{"a":1}\n', options));
    expect(await faultOf(client.publish('{"a":1}\n', { ...options, item: 'other' }))).to.include({
      status: 422,
      code: 'IDEMPOTENCY_KEY_REUSED',
    });
    const held = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    gateway.node.beforeChunk = () => {
      started.resolve();
      return held.promise;
    };
    const first = collect(client.publish('{"a":1}\n', { item, idempotencyKey: 'two' }));
    await started.promise;
    expect(await faultOf(client.publish('{"a":1}\n', { item, idempotencyKey: 'two' }))).to.include({
      status: 409,
      code: 'IDEMPOTENCY_KEY_IN_FLIGHT',
    });
    held.resolve();
    expect(await first).to.have.length(2);
  });

  it('slows a sender whose node is slow, and holds little of its rows', async () => {
    const release = Promise.withResolvers<void>();
    gateway.node.beforeChunk = () => release.promise;
    gateway.node.keepLines = false;
    const piece = Buffer.from(rowsOf(140)); // a chunk or so
    const total = 800; // over 50 MB: far beyond what sockets hold
    let sent = 0;
    async function* pieces() {
      for (; sent < total; sent++) yield piece;
    }
    const answered = collect(client.publish(pieces(), { item }));
    while (gateway.node.mostUnderWay < 8) await turn();
    // The sender stands still once every buffer on the way is full.
    for (let before = -1; before !== sent;) {
      before = sent;
      for (let turns = 0; turns < 2_000; turns++) await turn();
    }
    expect(sent).to.be.lessThan(total / 2);
    expect(gateway.node.mostUnderWay).to.equal(8);
    release.resolve();
    expect((await answered).at(-1)).to.deep.include({ type: 'summary' });
    expect(sent).to.equal(total);
  });

  it('slows a sender that does not read its answers, and holds little of them', async () => {
    const token = await gateway.token(gateway.source);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const open = once(gateway.app.server, 'connection');
    socket.write(
      `POST /v1/records?item=${item}&outcomes=all HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
        'content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    await open;
    gateway.node.keepLines = false;
    // Short rows: their answers are far longer than they are.
    const rows = '{}\n'.repeat(20_000);
    const piece = `${rows.length.toString(16)}\r\n${rows}\r\n`;
    const total = 200;
    let sent = 0;
    while (sent < total && socket.writableLength < 8 * piece.length) {
      socket.write(piece);
      sent++;
      for (let turns = 0; turns < 200; turns++) await turn();
    }
    const [stored] = gateway.node.submissions.values();
    let before = -1;
    while (before !== stored!.state.counts.rows) {
      before = stored!.state.counts.rows;
      for (let turns = 0; turns < 2_000; turns++) await turn();
    }
    expect(stored!.state.counts.rows).to.be.lessThan((total * 20_000) / 2);
    socket.destroy();
  });

  it('tells a row over the limit with 413, the limit and the row’s problem', async () => {
    const fault = await faultOf(client.publish('x'.repeat(1024 * KIB), { item }));
    expect(fault).to.include({ status: 413, code: 'TOO_LARGE', retryable: false });
    expect(fault.problem).to.include({ limit: 1024 * KIB });
    const longest = `${'x'.repeat(1024 * KIB - 1)}\n`;
    expect((await collect(client.publish(longest, { item }))).at(-1)).to.deep.include({ type: 'summary' });
  });

  it('tells it in the last line once the answer has begun, and what came before is taken', async () => {
    const rows = `${rowsOf(2_000)}${'x'.repeat(1024 * KIB)}\n`;
    const seen: string[] = [];
    let fault: unknown;
    try {
      for await (const { type } of client.publish(rows, { item })) seen.push(type);
    } catch (error) {
      fault = error;
    }
    expect(fault).to.be.instanceOf(ApiError).and.to.include({ code: 'TOO_LARGE', status: 413 });
    expect(seen).to.include('chunk').and.not.to.include('summary');
    expect(taken().length).to.be.greaterThan(500);
  });

  it('lets go of everything when the client goes away', async () => {
    const started = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    gateway.node.beforeChunk = () => {
      started.resolve();
      return new Promise(() => {});
    };
    gateway.app.server.on('connection', (socket) => socket.once('close', () => ended.resolve()));
    const token = await gateway.token(gateway.source);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(
      `POST /v1/records?item=${item} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
        'idempotency-key: k\r\ncontent-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n',
    );
    const rows = rowsOf(300);
    socket.write(`${rows.length.toString(16)}\r\n${rows}\r\n`);
    await started.promise;
    socket.destroy();
    await ended.promise;
    while (gateway.node.chunksUnderWay > 0) await turn();
    gateway.node.beforeChunk = async () => {};
    // The place of the stream is free again: the same key is not refused as being under way.
    let lines: unknown[] | undefined;
    while (!lines) {
      lines = await collect(client.publish(rows, { item, idempotencyKey: 'k' })).catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'IDEMPOTENCY_KEY_IN_FLIGHT') return undefined;
        throw error;
      });
    }
    expect(lines.at(-1)).to.deep.include({ type: 'summary' });
    expect(taken()).to.have.length(300);
  });

  it('bounds the streams of one member', async () => {
    await gateway.app.close();
    gateway = await startTestGateway({ maxStreams: 1 });
    client = gateway.client(await gateway.listen(), gateway.source);
    const held = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    gateway.node.beforeChunk = () => {
      started.resolve();
      return held.promise;
    };
    const first = collect(client.publish('{"a":1}\n', { item }));
    await started.promise;
    const fault = await faultOf(client.publish('{"a":1}\n', { item }));
    expect(fault).to.include({ code: 'OVERLOADED', status: 503, retryAfter: 10 });
    held.resolve();
    await first;
  });

  it('is for members that are hosted here', async () => {
    gateway.bank.member.roles.push('source');
    const fault = await faultOf(gateway.client(url, gateway.bank).publish('{"a":1}\n', { item }));
    expect(fault).to.include({ status: 403, code: 'FORBIDDEN' });
    expect(fault.message).to.include('/v1/sessions');
    expect(gateway.node.calls).to.deep.equal([]);
  });

  it('answers a refusal to a client that is still sending, and keeps the connection', async () => {
    const token = await gateway.token(gateway.source);
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const rows = 'x'.repeat(3 * 1024 * KIB);
    socket.write(
      `POST /v1/records?item=${item} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\n` +
        `content-type: application/x-ndjson\r\ncontent-length: ${rows.length}\r\n\r\n${rows}` +
        'GET /healthz/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n',
    );
    let answer = '';
    socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
    await once(socket, 'close');
    expect(answer).to.match(/^HTTP\/1\.1 413 /);
    expect(answer).to.include('HTTP/1.1 200 OK');
  });

  it('counts rows and calls', async () => {
    await collect(client.publish('{"a":1}\n{"bad":1}\n', { item }));
    const metrics = await client.getMetrics();
    expect(metrics).to.match(/xinlian_rows_forwarded_total\{outcome="published"\} 1\n/);
    expect(metrics).to.match(/xinlian_rows_forwarded_total\{outcome="rejected"\} 1\n/);
    expect(metrics).to.match(/xinlian_node_calls_total\{method="call",outcome="ok"\} 3\n/);
    expect(metrics).to.match(
      /xinlian_http_request_duration_seconds_count\{method="POST",route="\/v1\/records",status="200"\} 1\n/,
    );
  });

  it('tells the state of a submission at its address', async () => {
    await collect(client.publish('{"a":1}\n', { item, idempotencyKey: 'x' }));
    const [id] = gateway.node.submissions.keys();
    expect(await client.getSubmission({ params: { submission: id! } })).to.deep.include({ closed: true, next: 1 });
  });

  it('writes no row into the log', async () => {
    await faultOf(client.publish(`{"secret":"Zq81"}\n${'Zq81'.repeat(300 * KIB)}`, { item }));
    expect(gateway.logged()).to.include('/v1/records').and.not.to.include('Zq81');
  });
});
