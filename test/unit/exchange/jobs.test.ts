import { createHash } from 'node:crypto';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { newAgreement } from '#agreement';
import { fromUtf8, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { signJob, MAX_JOB_ROWS, type JobManifest, type JobState } from '../../../node/core/job.ts';
import { newQueryId } from '../../../node/core/make-grant.ts';
import type { QueryResult, QueryRow } from '../../../node/core/query.ts';
import type { RanQuery } from '../../../node/exchange/query-runner.ts';
import { openJwe, sealJwe } from '../../../node/core/jwe.ts';
import { p256Jwk } from '../../../node/core/jwk.ts';
import { Jobs, RESULT_BLOCK, type JobMember } from '../../../node/exchange/jobs.ts';
import { LevelJobStore } from '../../../node/store/job-store.ts';
import type { Batch } from '../../../node/store/store.ts';
import { Exchange, type Body } from '../../helpers/authorised.ts';
import { rejection } from '../../helpers/rejection.ts';
import { silent } from '../../helpers/agency.ts';

const UNKNOWN = `0x${'9'.repeat(64)}`;

describe('Batch jobs', () => {
  let exchange: Exchange;
  let jobs: Jobs<Batch>;
  let member: JobMember;
  let grant: string;
  const reply = newAgreement();
  const sealing = newAgreement();

  /** What becomes of a query. */
  let ran: (row: QueryRow, signal: AbortSignal) => Promise<RanQuery> = async () => ({ consumed: false, parts: [] });

  beforeEach(async () => {
    exchange = await Exchange.open();
    member = { id: exchange.bank.id, vault: exchange.agency.vault, sealing };
    grant = (await exchange.grant()).draft.hash;
    jobs = await open();
  });
  afterEach(() => jobs.stop());

  async function open(): Promise<Jobs<Batch>> {
    const opened = await Jobs.open<Batch>({
      store: new LevelJobStore(exchange.agency.store),
      commits: exchange.agency.commits,
      view: exchange.grants,
      withdrawals: { isWithdrawn: (hash) => exchange.withdrawn.has(hash) },
      failClosedSeconds: 120,
      member: () => member,
      queries: { run: (_, row, signal) => ran(row, signal) },
      clock: Object.assign(exchange.agency.clock, { sleep: () => new Promise<void>((wake) => setImmediate(wake)) }),
      logger: silent,
    });
    opened.start();
    return opened;
  }

  async function signed(change: Partial<JobManifest> = {}, by: Body = exchange.bank): Promise<string> {
    const now = exchange.now();
    const manifest: JobManifest = {
      iss: exchange.bank.id,
      aud: exchange.bank.id,
      jti: toBase64Url(crypto.getRandomValues(new Uint8Array(16))),
      iat: now,
      exp: now + 300,
      kind: 'checks',
      format: 'ndjson',
      reply: p256Jwk(reply.publicKey),
      ...change,
    };
    return signJob(manifest, by.signer);
  }

  const create = async (change: Partial<JobManifest> = {}): Promise<string> =>
    (await jobs.create(member, await signed(change))).job;
  const take = (job: string, index: number, text: string, last = true): Promise<JobState> =>
    jobs.take(member, { member: member.id, job, index, last }, utf8(text));

  async function ended(job: string): Promise<JobState> {
    for (;;) {
      const state = jobs.state(member, job);
      if (state.ended !== undefined) return state;
      await new Promise((turn) => setImmediate(turn));
    }
  }

  /** The result file: as it is kept, and opened. */
  async function result(job: string, at = { from: 0, length: 1 << 30 }): Promise<{ file: Uint8Array; text: string }> {
    const file = jobs.read(member, job, at.from, at.length);
    const lines = fromUtf8(file).split('\n').slice(0, -1);
    const parts = await Promise.all(lines.map((line) => openJwe(line, reply)));
    return { file, text: parts.map(({ plaintext }) => fromUtf8(plaintext)).join('') };
  }

  const rowsOf = (text: string): { row: number; outcome: string; reason?: string; detail?: string }[] =>
    text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));

  it('judge every row by itself: a bad one costs no other', async () => {
    const job = await create();
    const ok = JSON.stringify({ grant });
    await take(
      job,
      0,
      [ok, '{"grant":"0x1"}', 'no JSON', '', `{"grant":"${UNKNOWN}"}`, '{"grant":1,"x":2}'].join('\n') + '\n',
      false,
    );
    await take(job, 1, `${ok}\n{"grant":"${grant}","more":1}`);
    const state = await ended(job);
    expect(state).to.deep.include({ state: 'done', rows: 7, ok: 2, refused: 1, bad: 4, chunks: 2 });
    const { file, text } = await result(job);
    expect(rowsOf(text).map(({ row, outcome, reason }) => [row, outcome, reason])).to.deep.equal([
      [1, 'ok', undefined],
      [2, 'bad', undefined],
      [3, 'bad', undefined],
      [4, 'refused', 'GRANT_UNKNOWN'],
      [5, 'bad', undefined],
      [6, 'ok', undefined],
      [7, 'bad', undefined],
    ]);
    expect(file.length).to.equal(state.resultBytes);
    expect(createHash('sha256').update(file).digest('base64')).to.equal(state.sha256);
    expect(fromUtf8(file)).to.not.contain(grant);
  });

  describe('of queries', () => {
    const provider = `0x${'c'.repeat(64)}`;
    const rowOf = (): QueryRow => ({ query: newQueryId().id, journal: 'j', parts: [{ provider, query: 'q' }] });
    const text = (rows: readonly QueryRow[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const answered = { consumed: true, parts: [{ provider, outcome: 'answer' as const, answer: 'a..b' }] };
    const resultsOf = (lines: string): QueryResult[] => lines.split('\n').slice(0, -1).map((line) => JSON.parse(line) as QueryResult); // prettier-ignore

    it('run each row, in order however long each takes; one that fails costs no other', async () => {
      const rows = Array.from({ length: 40 }, rowOf);
      const away = { provider, outcome: 'unreachable' as const, reason: 'UNREACHABLE', detail: 'cut off' };
      ran = async ({ query }) => {
        const i = rows.findIndex((row) => row.query === query);
        for (let turns = (i * 7) % 5; turns > 0; turns--) await new Promise((turn) => setImmediate(turn));
        if (i === 3) return { reason: 'GRANT_EXHAUSTED', detail: 'used up' };
        return i === 5 ? { consumed: false, parts: [away] } : answered;
      };
      const job = await create({ kind: 'queries' });
      await take(job, 0, text(rows.slice(0, 20)), false);
      await take(job, 1, `no query\n${text(rows.slice(20))}`);
      const state = await ended(job);
      expect(state).to.deep.include({ kind: 'queries', state: 'done', rows: 41, ok: 38, refused: 2, bad: 1 });
      const results = resultsOf((await result(job)).text);
      expect(results.map(({ row }) => row)).to.deep.equal(Array.from({ length: 41 }, (_, i) => i + 1));
      expect(results.map(({ query }) => query)).to.deep.equal([...rows.slice(0, 20), undefined, ...rows.slice(20)].map((row) => row?.query)); // prettier-ignore
      expect(results[0]).to.deep.include({ outcome: 'ok', ...answered });
      expect(results[3]).to.deep.include({ outcome: 'refused', reason: 'GRANT_EXHAUSTED' });
      expect(results[5]).to.deep.include({ outcome: 'refused', parts: [away] });
      expect(results[20]).to.include({ outcome: 'bad' });
    });

    it('are asked anew as they were where a chunk was cut off, and never a chunk that was whole', async () => {
      const rows = Array.from({ length: 6 }, rowOf);
      const asked: string[] = [];
      const cut = Promise.withResolvers<void>();
      ran = (row, signal) => {
        asked.push(row.query);
        if (rows.indexOf(rows.find(({ query }) => query === row.query)!) < 3) return Promise.resolve(answered);
        cut.resolve();
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      };
      const job = await create({ kind: 'queries' });
      await take(job, 0, text(rows.slice(0, 3)), false);
      await take(job, 1, text(rows.slice(3)));
      await cut.promise;
      await jobs.stop();
      expect(jobs.state(member, job)).to.include({ state: 'running', rows: 3 });
      ran = async (row) => {
        asked.push(row.query);
        return answered;
      };
      jobs = await open();
      expect(await ended(job)).to.include({ state: 'done', rows: 6, ok: 6 });
      expect(resultsOf((await result(job)).text)).to.have.length(6);
      expect(asked.filter((query) => rows.slice(0, 3).some((row) => row.query === query))).to.have.length(3);
    });

    it('are in NDJSON alone', async () => {
      expect(await rejection(create({ kind: 'queries', format: 'csv' }))).to.have.property('code', 'MALFORMED');
    });
  });

  it('are listed to their member, in pages', async () => {
    const made = new Set([await create(), await create(), await create()]);
    const first = await jobs.list(member.id, { limit: 2 });
    const second = await jobs.list(member.id, { limit: 2, after: first.next! });
    expect([first.jobs.length, second.jobs.length, second.next]).to.deep.equal([2, 1, undefined]);
    expect(new Set([...first.jobs, ...second.jobs].map(({ job }) => job))).to.deep.equal(made);
    expect(await jobs.list(exchange.otherBank.id, { limit: 2 })).to.deep.equal({ jobs: [] });
  });

  it('take CSV, and give CSV', async () => {
    const job = await create({ format: 'csv' });
    const csv = [
      'region,grant,items,purpose',
      `320904,${grant},tax-payment social-insurance,"pre-loan"`,
      `,${UNKNOWN},,`,
      'a,b',
      `320904,"${grant}`,
    ];
    await take(job, 0, `\uFEFF${csv.slice(0, 2).join('\r\n')}\r\n`, false);
    await take(job, 1, `${csv.slice(2).join('\r\n')}\r\n`);
    expect(await ended(job)).to.include({ rows: 4, ok: 1, refused: 1, bad: 2 });
    const { text } = await result(job);
    const [head, ...lines] = text.split('\n');
    expect(head).to.equal('row,outcome,grant,reason,detail,block');
    expect(lines.slice(0, 2).map((line) => line.split(',').slice(0, 4).join(','))).to.deep.equal([
      `1,ok,${grant},`,
      `2,refused,${UNKNOWN},GRANT_UNKNOWN`,
    ]);
    expect(lines[2]).to.match(/^3,bad,,,/);
  });

  it('tell every row of a CSV file whose headings are not known', async () => {
    const job = await create({ format: 'csv' });
    await take(job, 0, `=1+1,items\n${grant},x\n${grant},y\n`);
    expect(await ended(job)).to.include({ rows: 2, bad: 2 });
    expect((await result(job)).text).to.include('headings: wanted of grant');
  });

  it('take rows that are sealed to the node', async () => {
    const job = await create();
    const sealed = await sealJwe(
      utf8(`{"grant":"${grant}"}\n{"grant":"${UNKNOWN}"}\n`),
      sealing.publicKey,
      'text/plain',
    );
    const other = await sealJwe(utf8('{}'), newAgreement().publicKey, 'text/plain');
    await take(job, 0, `{"sealed":"${sealed}"}\n{"sealed":"${other}"}\n{"sealed":1}\n`);
    expect(await ended(job)).to.include({ rows: 4, ok: 1, refused: 1, bad: 2 });
  });

  it('go on where they were after the process was killed, and give each row once', async () => {
    const whole = Array.from({ length: 40 }, (_, i) => `{"grant":"${i % 3 === 0 ? grant : UNKNOWN}"}\n`);
    const job = await create();
    for (let i = 0; i < 20; i++) await take(job, i, whole.slice(i * 2, i * 2 + 2).join(''), false);
    // A killed process writes nothing more; the store has what was durable.
    await jobs.stop();
    expect(jobs.state(member, job).rows).to.be.at.most(40);
    jobs = await open();
    await take(job, 20, '');
    const state = await ended(job);
    expect(state).to.include({ rows: 40, ok: 14, refused: 26 });
    expect(rowsOf((await result(job)).text).map(({ row }) => row)).to.deep.equal(
      Array.from({ length: 40 }, (_, i) => i + 1),
    );
  });

  it('keep rows at rest only until they are judged, and sealed', async () => {
    const job = await create();
    const secret = 'SECRET-PURPOSE';
    await take(job, 0, `{"grant":"${grant}","purpose":"${secret}"}\n`);
    await ended(job);
    const store = new LevelJobStore(exchange.agency.store);
    expect(store.chunk(member.id, job, 0)!.sealed).to.have.length(0);
    for (const bucket of ['job', 'jobChunk', 'jobResult'] as const)
      for await (const [, value] of exchange.agency.store.entries(bucket))
        expect(Buffer.from(value).toString('latin1')).to.not.contain(secret);
  });

  it('wait for a chain that is stale, instead of refusing every row', async () => {
    exchange.grants.time -= 10_000;
    const job = await create();
    await take(job, 0, `{"grant":"${grant}"}\n`);
    for (let i = 0; i < 20; i++) await new Promise((turn) => setImmediate(turn));
    expect(jobs.state(member, job)).to.include({ state: 'running', rows: 0 });
    exchange.grants.time += 10_000;
    expect(await ended(job)).to.include({ state: 'done', ok: 1 });
  });

  it('end when they are cancelled, with what was judged by then', async () => {
    const job = await create();
    await take(job, 0, `{"grant":"${grant}"}\n`, false);
    const cancelled = await jobs.cancel(member, job);
    expect(cancelled.state).to.equal('cancelled');
    expect(await jobs.cancel(member, job)).to.deep.equal(cancelled);
    expect(await rejection(take(job, 1, 'x\n'))).to.include({ code: 'CONFLICT' });
    expect((await result(job)).file).to.have.length(cancelled.resultBytes);
  });

  it('are the asker’s own, signed by it, once under an id', async () => {
    const refusals: [Promise<string>, string][] = [
      [signed({}, exchange.otherBank), 'SIGNATURE_INVALID'],
      [signed({ iss: exchange.otherBank.id, aud: exchange.otherBank.id }), 'UNAUTHENTICATED'],
      [signed({ aud: exchange.otherBank.id }), 'UNAUTHENTICATED'],
      [signed({ iat: exchange.now() - 2_000, exp: exchange.now() - 1_000 }), 'UNAUTHENTICATED'],
      [signed({ exp: exchange.now() + 10_000 }), 'UNAUTHENTICATED'],
    ];
    for (const [text, code] of refusals) expect(await rejection(jobs.create(member, await text))).to.include({ code });
    const text = await signed();
    const first = await jobs.create(member, text);
    expect(await jobs.create(member, text)).to.deep.equal(first);
    expect(await rejection(jobs.create(member, await signed({ jti: first.job, format: 'csv' })))).to.include({
      code: 'CONFLICT',
    });
    exchange.grants.suspended.add(exchange.bank.id);
    expect(await rejection(jobs.create(member, await signed()))).to.include({ code: 'MEMBER_NOT_ENTITLED' });
    expect(await rejection(Promise.resolve().then(() => jobs.state(member, 'AAAAAAAAAAAAAAAAAAAAAA')))).to.include({
      code: 'NOT_FOUND',
    });
  });

  it('take rows once and in order, and not too many', async () => {
    const job = await create();
    const first = await take(job, 0, '{}\n', false);
    expect(await take(job, 0, '{}\n', false)).to.include({ received: first.received, chunks: 1 });
    expect(await rejection(take(job, 0, '{ }\n', false))).to.include({ code: 'CONFLICT' });
    expect(await rejection(take(job, 0, '{}\n', true))).to.include({ code: 'CONFLICT' });
    expect(await rejection(take(job, 2, '{}\n'))).to.include({ code: 'CONFLICT' });
    expect(await rejection(take(job, 1, '{}\n'.repeat(MAX_JOB_ROWS)))).to.include({ code: 'TOO_LARGE' });
    await take(job, 1, '');
    expect(await rejection(take(job, 2, '{}\n'))).to.include({ code: 'CONFLICT' });
    for (let i = 0; i < 8; i++) await create();
    expect(await rejection(create())).to.include({ code: 'OVERLOADED' });
  });

  it('give any part of a result file of many blocks', async () => {
    const job = await create();
    const line = `{"grant":"${UNKNOWN}","purpose":"x"}\n`;
    for (let i = 0; i < 4; i++) await take(job, i, line.repeat(600), i === 3);
    const { resultBytes } = await ended(job);
    expect(resultBytes).to.be.greaterThan(3 * RESULT_BLOCK);
    const whole = jobs.read(member, job, 0, resultBytes);
    await fc.assert(
      fc.asyncProperty(fc.nat(resultBytes + 10), fc.nat(2 * RESULT_BLOCK), async (from, length) => {
        expect(jobs.read(member, job, from, length)).to.deep.equal(whole.subarray(from, from + length));
      }),
      { numRuns: 30 },
    );
    expect(rowsOf((await result(job)).text)).to.have.length(2_400);
  });

  it('are forgotten a week after they ended', async () => {
    const job = await create();
    await take(job, 0, '{}\n');
    const { keptUntil = 0 } = await ended(job);
    expect(keptUntil - exchange.now()).to.be.within(7 * 86_400 - 5, 7 * 86_400 + 5);
    await jobs.stop();
    exchange.agency.clock.milliseconds = (keptUntil + 1) * 1000;
    jobs = await open();
    const known = (): boolean => {
      try {
        return jobs.state(member, job).job === job;
      } catch (error) {
        expect(error).to.include({ code: 'NOT_FOUND' });
        return false;
      }
    };
    while (known()) await new Promise((turn) => setImmediate(turn));
    for (const bucket of ['job', 'jobChunk', 'jobResult'] as const)
      for await (const _ of exchange.agency.store.entries(bucket)) throw new Error(`${bucket} is not empty`);
  });
});
