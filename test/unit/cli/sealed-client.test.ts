import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import { generateSecrets, localKeys } from '../../../node/keys/local-keys.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { encodeParcel } from '../../../node/core/messages/codec.ts';
import { openedSession, openSession, sessionCall } from '../../../node/core/messages/session.ts';
import { ApiError } from '../../../gateway/client/api-error.ts';
import type { Client } from '../../../gateway/client.ts';
import { SealedClient, type SealedClientOptions } from '../../../gateway/cli/sealed-client.ts';
import { SealedNode } from '../../helpers/gateway/sealed-node.ts';
import { KNOWN_RECORD } from '../../helpers/gateway/memory-node.ts';

const MEMBER = `0x${'a'.repeat(64)}` as MemberId;
const keys = localKeys(generateSecrets(new Uint8Array(32).fill(3)), () => {});
const others = localKeys(generateSecrets(new Uint8Array(32).fill(4)), () => {});
const status = { record: KNOWN_RECORD };

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
      async callSession({ params, body }) {
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
});
