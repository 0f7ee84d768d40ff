import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { ed25519 } from '@noble/curves/ed25519.js';
import { p256 } from '@noble/curves/nist.js';
import { toHex, utf8, type Hex } from '../../../node/core/bytes.ts';
import { parseMemberId } from '../../../node/core/ids.ts';
import { sessionCall } from '../../../node/core/messages/session.ts';
import { createSession, SealedChannel, SESSION_SECONDS } from '../../../node/core/session.ts';
import { Sessions } from '../../../node/exchange/sessions.ts';
import { PaperClock } from '../../helpers/agency.ts';
import { MEMBER, OTHER_MEMBER } from '../../helpers/bundle.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { rejection } from '../../helpers/rejection.ts';

const clientSecret = new Uint8Array(32).fill(3);
const sealing = p256.keygen();
const signer = { sign: (message: Uint8Array) => ed25519.sign(message, clientSecret) };

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

describe('Sessions', () => {
  let clock: PaperClock;
  let sessions: Sessions;

  const restart = () =>
    new Sessions({
      clock,
      home: (id) =>
        id === MEMBER
          ? {
              member: MEMBER,
              sealing: {
                deriveBits: (peer) => p256.getSharedSecret(sealing.secretKey, peer, true).subarray(1),
              },
              clientKey: (client) => (client === MEMBER ? ed25519.getPublicKey(clientSecret) : undefined),
            }
          : undefined,
    });

  beforeEach(() => {
    clock = new PaperClock();
    sessions = restart();
  });

  const now = () => Math.floor(clock.now() / 1000);
  const manifest = (change: { client?: Hex; home?: Hex; nowSeconds?: number } = {}, by = signer) =>
    createSession({ client: MEMBER, home: MEMBER, nowSeconds: now(), sealingKey: sealing.publicKey, ...change }, by);

  /** A client with an open session. */
  async function connect() {
    const { manifest: own, sealed } = await manifest();
    const { session } = await sessions.open({ member: MEMBER, manifest: sealed });
    const channel = new SealedChannel(own, session, 'client');
    return { own, sealed, session, channel };
  }

  const echo = async (client: string, home: string, call: Uint8Array) =>
    utf8(`${client === home ? 'own' : 'foreign'} ${Buffer.from(call).toString()}`);

  it('carries calls and answers that only the two ends read', async () => {
    const { channel, session } = await connect();
    for (const n of [0, 1, 2]) {
      const sealed = await channel.seal(n, utf8(`call ${n}`));
      const answer = await sessions.call({ session, n }, sealed, echo);
      expect(Buffer.from(await channel.open(n, answer)).toString()).to.equal(`own call ${n}`);
      expect(Buffer.concat([sealed, answer]).includes('call')).to.equal(false);
    }
  });

  it('keeps nothing of a call that was answered', async () => {
    const { channel, session } = await connect();
    const carried: WeakRef<Uint8Array>[] = [];
    for (let n = 0; n < 20; n++) {
      const sealed = await channel.seal(n, new Uint8Array(1 << 20));
      await sessions.call({ session, n }, sealed, async (_client, _home, call) => {
        carried.push(new WeakRef(call));
        return utf8('taken');
      });
    }
    // A turn of the event loop ends what a WeakRef was asked for in.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(carried.filter((call) => call.deref() !== undefined).length).to.be.at.most(2);
  });

  it('answers a number once', async () => {
    const { channel, session } = await connect();
    const sealed = await channel.seal(0, utf8('a'));
    await sessions.call({ session, n: 0 }, sealed, echo);
    expect(await rejection(sessions.call({ session, n: 0 }, sealed, echo))).to.have.property('code', 'CONFLICT');
    const twice = await channel.seal(1, utf8('b'));
    const both = await Promise.allSettled([1, 2].map(() => sessions.call({ session, n: 1 }, twice, echo)));
    expect(both.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected']);
  });

  it('refuses a call under another number than its own, and one that was changed', async () => {
    const { channel, session } = await connect();
    const sealed = await channel.seal(5, utf8('a'));
    expect(await rejection(sessions.call({ session, n: 6 }, sealed, echo))).to.have.property(
      'code',
      'SIGNATURE_INVALID',
    );
    const changed = sealed.map((byte, i) => (i === 0 ? byte ^ 1 : byte));
    expect(await rejection(sessions.call({ session, n: 5 }, changed, echo))).to.have.property(
      'code',
      'SIGNATURE_INVALID',
    );
    // Neither has used the number up.
    await sessions.call({ session, n: 5 }, sealed, echo);
  });

  it('refuses numbers that would give a nonce a second time', async () => {
    const { channel, session } = await connect();
    const sealed = await channel.seal(0, utf8('a'));
    for (const n of [2 ** 64, 2 ** 53, -1, 0.5, NaN]) {
      expect(await rejection(sessions.call({ session, n }, sealed, echo)), String(n)).to.have.property(
        'code',
        'MALFORMED',
      );
      expect(codeOf(() => sessionCall.check({ session, n }))).to.equal('MALFORMED');
    }
  });

  it('lets calls overtake one another, within the window', async () => {
    const { channel, session } = await connect();
    const call = async (n: number) => sessions.call({ session, n }, await channel.seal(n, utf8('a')), echo);
    for (const n of [3, 0, 2, 1_026, 5]) await call(n);
    expect(await rejection(call(2))).to.have.property('code', 'CONFLICT');
    expect(await rejection(call(1))).to.have.property('code', 'CONFLICT');
    expect(await rejection(call(1_026))).to.have.property('code', 'CONFLICT');
    await call(1_025);
  });

  it('answers calls in the order in which they came', async () => {
    const { channel, session } = await connect();
    const sealed = await Promise.all(
      Array.from({ length: 40 }, (_, n) => channel.seal(n, new Uint8Array(n % 2 === 0 ? 200_000 : 10))),
    );
    const order: number[] = [];
    const calls = sealed.map((bytes, n) =>
      sessions.call({ session, n }, bytes, async () => {
        order.push(n);
        return new Uint8Array();
      }),
    );
    await Promise.all(calls);
    expect(order).to.deep.equal(sealed.map((_, n) => n));
  });

  it('ends when it expires', async () => {
    const { channel, session } = await connect();
    clock.milliseconds += SESSION_SECONDS * 1000;
    const sealed = await channel.seal(0, utf8('a'));
    expect(await rejection(sessions.call({ session, n: 0 }, sealed, echo))).to.have.property('code', 'NOT_FOUND');
  });

  it('is the same session where its manifest comes again', async () => {
    const { sealed, session, channel } = await connect();
    const call = await channel.seal(0, utf8('a'));
    await sessions.call({ session, n: 0 }, call, echo);
    expect((await sessions.open({ member: MEMBER, manifest: sealed })).session).to.equal(session);
    expect(await rejection(sessions.call({ session, n: 0 }, call, echo))).to.have.property('code', 'CONFLICT');
  });

  it('is forgotten by a restart, and nothing of it can be played again', async () => {
    const { sealed, session, channel } = await connect();
    const call = await channel.seal(0, utf8('a'));
    await sessions.call({ session, n: 0 }, call, echo);
    sessions = restart();
    expect(await rejection(sessions.call({ session, n: 0 }, call, echo))).to.have.property('code', 'NOT_FOUND');
    const again = await sessions.open({ member: MEMBER, manifest: sealed });
    expect(again.session).to.not.equal(session);
    const replayed = sessions.call({ session: again.session, n: 0 }, call, echo);
    expect(await rejection(replayed)).to.have.property('code', 'SIGNATURE_INVALID');
  });

  describe('is not opened', () => {
    const refuse = async (code: string, sealed: string, member: string = MEMBER) =>
      expect(await rejection(sessions.open({ member, manifest: sealed }))).to.have.property('code', code);

    it('for a member that is not hosted', async () =>
      refuse('MEMBER_UNKNOWN', (await manifest()).sealed, OTHER_MEMBER));

    it('by a member that has no client key here', async () =>
      refuse('UNAUTHENTICATED', (await manifest({ client: OTHER_MEMBER })).sealed));

    it('with a signature of another', async () => {
      const other = new Uint8Array(32).fill(4);
      const by = { sign: (message: Uint8Array) => ed25519.sign(message, other) };
      await refuse('SIGNATURE_INVALID', (await manifest({}, by)).sealed);
    });

    it('with a manifest for another home', async () =>
      refuse('UNAUTHENTICATED', (await manifest({ home: parseMemberId(OTHER_MEMBER) })).sealed));

    it('before its time or behind it', async () => {
      await refuse('UNAUTHENTICATED', (await manifest({ nowSeconds: now() - SESSION_SECONDS })).sealed);
      await refuse('UNAUTHENTICATED', (await manifest({ nowSeconds: now() + 61 })).sealed);
      await sessions.open({ member: MEMBER, manifest: (await manifest({ nowSeconds: now() + 60 })).sealed });
    });

    it('by garbage', async () => {
      for (const garbage of ['', 'a.b.c.d.e', '....', toHex(new Uint8Array(50))]) await refuse('MALFORMED', garbage);
      const { sealed } = await manifest();
      const parts = sealed.split('.');
      await refuse('SIGNATURE_INVALID', parts.with(3, `AAAA${parts[3]!.slice(4)}`).join('.'));
    });
  });
});
