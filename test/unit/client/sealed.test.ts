import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import { generateSecrets, localKeys } from '../../../node/keys/local-keys.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { encodeParcel } from '../../../node/core/messages/codec.ts';
import { openedSession, openSession, sessionCall } from '../../../node/core/messages/session.ts';
import { ApiError } from '../../../gateway/client/api-error.ts';
import type { Client } from '../../../gateway/client.ts';
import { SealedClient, type SealedClientOptions } from '../../../gateway/client/sealed.ts';
import type { Rows } from '../../../gateway/client/rows.ts';
import { collect } from '../../helpers/collect.ts';
import { SealedNode } from '../../helpers/gateway/sealed-node.ts';
import { KNOWN_RECORD } from '../../helpers/gateway/memory-node.ts';

const MEMBER = `0x${'a'.repeat(64)}` as MemberId;
const keys = localKeys(generateSecrets(new Uint8Array(32).fill(3)), () => {});
const others = localKeys(generateSecrets(new Uint8Array(32).fill(4)), () => {});
const status = { record: KNOWN_RECORD };
const encoder = new TextEncoder();

/** A gateway that does nothing but carry. `seen`: what it could read of calls and answers. */
function carry(node: SealedNode): { client: Pick<Client, 'openSession' | 'callSession'>; seen: Uint8Array[] } {
  const seen: Uint8Array[] = [];
  const asProblem = (error: unknown): never => {
    if (!XinlianError.is(error)) throw error;
    const retryable = error.code === 'UNREACHABLE';
    throw new ApiError({ status: retryable ? 502 : 404, code: error.code, message: error.message, retryable });
  };
  return {
    seen,
    client: {
      async openSession({ body }) {
        const opened = await node.call(MEMBER, 'session/open', openSession.encode(body), {}).catch(asProblem);
        return { session: openedSession.decode(opened).session, expires: '' };
      },
      async callSession({ params, body, signal }) {
        signal?.throwIfAborted();
        seen.push(body);
        const argument = encodeParcel(sessionCall.encode(params), body);
        const answer = await node.call(MEMBER, 'session/call', argument, {}).catch(asProblem);
        seen.push(answer);
        return answer;
      },
    },
  };
}

describe('sealed client', () => {
  let node: SealedNode;
  const clientOf = (options: Partial<SealedClientOptions> = {}) => {
    const { client, seen } = carry(node);
    const waits: number[] = [];
    const sealed = new SealedClient(
      { member: MEMBER, sealingKey: keys.sealing.publicKey, ...options },
      {
        client,
        signer: keys.client,
        clock: Date,
        wait: async (ms) => {
          waits.push(ms);
        },
      },
    );
    return { sealed, seen, waits };
  };
  const rejection = (action: Promise<unknown>): Promise<unknown> =>
    action.then(
      () => expect.fail('nothing was thrown'),
      (error: unknown) => error,
    );
  beforeEach(() => {
    node = new SealedNode(MEMBER, keys);
  });

  it('calls many at once in one session, and shows the gateway nothing', async () => {
    const { sealed, seen } = clientOf();
    const answers = await Promise.all(Array.from({ length: 20 }, () => sealed.recordStatus(status)));
    expect(answers.map(({ record }) => record)).to.deep.equal(Array.from({ length: 20 }, () => KNOWN_RECORD));
    expect(node.opened).to.equal(1);
    expect(seen.some((bytes) => Buffer.from(bytes).includes('record'))).to.equal(false);
  });

  it('throws what the node threw, with its details, and does not try again', async () => {
    const { sealed, waits } = clientOf();
    const error = await rejection(sealed.submissionState('unknown-one'));
    expect(XinlianError.is(error, 'NOT_FOUND') && error.details).to.deep.equal({
      what: 'submission',
      id: 'unknown-one',
    });
    expect(waits).to.deep.equal([]);
  });

  it('opens one other session where the node forgot it, whatever was under way', async () => {
    const { sealed } = clientOf();
    await sealed.recordStatus(status);
    node.restart();
    await Promise.all(Array.from({ length: 10 }, () => sealed.recordStatus(status)));
    expect(node.opened).to.equal(2);
  });

  it('tries again with growing waits, and gives up when its patience is over', async () => {
    const { sealed, waits } = clientOf({ patienceMs: 10_000 });
    node.fault = () => new XinlianError('UNREACHABLE', { peer: 'node', reason: 'gone' });
    const error = await rejection(sealed.recordStatus(status));
    expect(error).to.be.instanceOf(ApiError).and.to.include({ code: 'UNREACHABLE' });
    expect(waits.length).to.be.within(5, 8);
    expect(waits.every((wait, i) => i === 0 || wait > (waits[i - 1] ?? 0) * 0.9)).to.equal(true);
    expect(waits.reduce((sum, wait) => sum + wait)).to.be.at.most(10_000);
  });

  it('does not take an answer that another than its node made', async () => {
    // A gateway that gives its own sealing key could read all: so the key is given to the client, and is its own.
    const { sealed } = clientOf({ sealingKey: others.sealing.publicKey });
    expect(await rejection(sealed.recordStatus(status))).to.be.instanceOf(ApiError);
    const { client } = carry(node);
    const tampering = new SealedClient(
      { member: MEMBER, sealingKey: keys.sealing.publicKey },
      {
        client: {
          openSession: client.openSession,
          callSession: async (input) => {
            const answer = await client.callSession(input);
            answer[answer.length - 1]! ^= 1;
            return answer;
          },
        },
        signer: keys.client,
        clock: Date,
      },
    );
    const error = await rejection(tampering.recordStatus(status));
    expect(XinlianError.is(error, 'SIGNATURE_INVALID')).to.equal(true);
  });

  describe('that publishes', () => {
    const item = 'administrative-licence';
    /** Some six chunks. */
    const rows = Array.from({ length: 800 }, (_, n) => `${`{"n":${n}${n === 700 ? ',"bad":1' : ''}}`.padEnd(460)}\n`);
    const text = rows.join('');
    const taken = (): string[] => [...node.inner.submissions.values()].flatMap(({ lines }) => lines);

    const forms: [form: string, rows: () => Rows][] = [
      ['a text', () => text],
      ['bytes', () => encoder.encode(text)],
      ['a file', () => new Blob([text])],
      ['a stream', () => new Blob([text]).stream()],
      ['pieces', () => pieces()],
    ];
    async function* pieces(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < text.length; at += 10_007) yield encoder.encode(text.slice(at, at + 10_007));
    }
    for (const [form, given] of forms) {
      it(`takes ${form}, and shows the gateway neither rows nor faults`, async () => {
        const { sealed, seen } = clientOf();
        const lines = await collect(sealed.publish(given(), { item, submission: 'rows-of-today' }));
        expect(taken().join('\n')).to.equal(text.slice(0, -1));
        const chunks = lines.filter(({ type }) => type === 'chunk');
        expect(chunks).to.have.length(6);
        expect(lines.filter(({ type }) => type === 'row')).to.deep.equal([
          { type: 'row', row: 701, outcome: 'rejected', faults: [{ code: 'required', wanted: 'good', got: 'bad' }] },
        ]);
        expect(lines.at(-1)).to.deep.include({ type: 'summary', closed: true, next: 6 });
        expect(seen.some((bytes) => /"n":|rejected/.test(Buffer.from(bytes).toString('latin1')))).to.equal(false);
      });
    }

    it('tells every row where that is asked, and publishes none in a dry run', async () => {
      const { sealed } = clientOf();
      const options = { item, submission: 'a-dry-run', dryRun: true, outcomes: 'all' } as const;
      const lines = await collect(sealed.publish('{"a":1}\n{"a":2}', options));
      expect(lines.flatMap((line) => (line.type === 'row' ? [line.row] : []))).to.deep.equal([1, 2]);
      expect(lines.at(-1)).to.deep.include({ type: 'summary', dryRun: true });
    });

    it('has a few chunks under way, and reads no more rows than it can send', async () => {
      const held = Promise.withResolvers<void>();
      const full = Promise.withResolvers<void>();
      node.inner.beforeChunk = (index) => {
        if (index === 2) full.resolve();
        return held.promise;
      };
      let read = 0;
      async function* counted() {
        for await (const piece of pieces()) {
          read += piece.length;
          yield piece;
        }
      }
      const { sealed } = clientOf();
      const lines = collect(sealed.publish(counted(), { item, submission: 'slowly-read' }));
      await full.promise;
      for (let turns = 0; turns < 100; turns++) await turn();
      expect(node.inner.chunksUnderWay).to.equal(3);
      expect(read).to.be.lessThan(text.length);
      held.resolve();
      expect((await lines).at(-1)).to.deep.include({ type: 'summary' });
    });

    it('goes on where it was interrupted, with the same answers, and takes no row twice', async () => {
      const stop = new AbortController();
      node.inner.beforeChunk = async (index) => {
        if (index === 1) stop.abort(new Error('enough'));
      };
      const options = { item, submission: 'interrupted' };
      const { sealed } = clientOf();
      const error = await rejection(collect(sealed.publish(text, { ...options, signal: stop.signal })));
      expect(error).to.equal(stop.signal.reason);
      expect(taken().length).to.be.within(1, rows.length - 1);
      node.inner.beforeChunk = async () => {};
      const again = await collect(clientOf().sealed.publish(text, options));
      expect(taken()).to.have.length(rows.length);
      expect(await collect(clientOf().sealed.publish(text, options))).to.deep.equal(again);
      expect(node.inner.submissions.size).to.equal(1);
    });

    it('does not pass other rows off as those of a submission', async () => {
      const options = { item, submission: 'once-only' };
      await collect(clientOf().sealed.publish(text, options));
      const error = await rejection(collect(clientOf().sealed.publish(text.replace('"n":5', '"n":6'), options)));
      expect(XinlianError.is(error, 'CONFLICT')).to.equal(true);
      expect(taken()).to.have.length(rows.length);
    });

    it('sends a chunk again that overtook the one before it', async () => {
      const { client } = carry(node);
      const held = Promise.withResolvers<void>();
      let refused = 0;
      const shuffling: typeof client = {
        openSession: client.openSession,
        callSession: async (input) => {
          // The first call opens the submission; of the chunks, the first comes long after two others were refused.
          const chunk = input.params.n - 1;
          if (chunk === 0) await held.promise;
          const answer = await client.callSession(input);
          if (chunk > 0 && ++refused === 2) {
            for (let turns = 0; turns < 50; turns++) await turn();
            held.resolve();
          }
          return answer;
        },
      };
      const sealed = new SealedClient(
        { member: MEMBER, sealingKey: keys.sealing.publicKey },
        { client: shuffling, signer: keys.client, clock: Date },
      );
      const lines = await collect(sealed.publish(text, { item, submission: 'overtaken' }));
      expect(taken().join('\n')).to.equal(text.slice(0, -1));
      expect(lines.at(-1)).to.deep.include({ type: 'summary', next: 6 });
    });

    it('waits no longer than it is wanted to', async () => {
      const stop = new AbortController();
      node.fault = () => new XinlianError('UNREACHABLE', { peer: 'node', reason: 'gone' });
      const sealed = new SealedClient(
        { member: MEMBER, sealingKey: keys.sealing.publicKey, patienceMs: 3_600_000 },
        { client: carry(node).client, signer: keys.client, clock: Date, onRetry: () => stop.abort() },
      );
      const options = { item, submission: 'abandoned', signal: stop.signal };
      expect(await rejection(collect(sealed.publish(text, options)))).to.equal(stop.signal.reason);
    });
  });
});
