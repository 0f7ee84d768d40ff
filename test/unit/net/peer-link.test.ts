import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import { MemoryChannel } from '../../../node/net/memory-channel.ts';
import { PeerLink } from '../../../node/net/peer-link.ts';
import { Responder } from '../../../node/net/responder.ts';
import { InboundQuota } from '../../../node/net/inbound-quota.ts';
import type { Channel } from '../../../node/net/transport.ts';
import { codeOf, seed } from './host-suite.ts';

const log = { debug: () => {}, warn: () => {}, error: () => {} };
const NOTHING = new Uint8Array(0);

/** A link to a peer that is up or down, under a clock of its own. */
function linkToPeer() {
  const state = { up: true, now: 0, dials: 0, far: undefined as Channel | undefined, responder: undefined as unknown };
  const peer = { publicKey: seed(9), addresses: [] };
  const link = new PeerLink(
    { publicKey: peer.publicKey, maxFrame: 1_000, maxCalls: 8, maxWaiting: 8 },
    {
      log,
      now: () => state.now,
      open: async () => {
        state.dials++;
        if (!state.up) throw new XinlianError('UNREACHABLE', { peer: 'peer', reason: 'down' });
        const [near, far] = MemoryChannel.pair();
        state.far = far;
        state.responder = new Responder(far, {
          peer: seed(1),
          peerName: 'caller',
          maxFrame: 1_000,
          quota: new InboundQuota({ maxCalls: 8, maxBytes: 1_000 }),
          log,
          serve: async (_, argument) => argument,
          onClosed: () => {},
        });
        return near;
      },
    },
  );
  const call = () => codeOf(link.call(peer, 'echo', NOTHING, new AbortController().signal));
  return { state, link, call };
}

describe('link to a peer', () => {
  it('opens one channel for calls that come together, and keeps it', async () => {
    const { state, call } = linkToPeer();
    expect(await Promise.all([call(), call(), call()])).to.deep.equal(['none', 'none', 'none']);
    expect(await call()).to.equal('none');
    expect(state.dials).to.equal(1);
  });

  it('opens a lost channel again at once', async () => {
    const { state, call } = linkToPeer();
    await call();
    state.far?.close(new Error('lost'));
    await new Promise(setImmediate);
    expect(await call()).to.equal('none');
    expect(state.dials).to.equal(2);
  });

  it('after a failed dial, fails at once until the next is due, and waits longer each time', async () => {
    const { state, call } = linkToPeer();
    state.up = false;
    const dialsAt: number[] = [];
    for (state.now = 0; state.now < 8_000; state.now += 50) {
      const before = state.dials;
      expect(await call()).to.equal('UNREACHABLE');
      if (state.dials > before) dialsAt.push(state.now);
    }
    expect(dialsAt).to.deep.equal([0, 100, 300, 700, 1_500, 3_100, 5_100, 7_100]);
  });

  it('forgets failures once it was connected', async () => {
    const { state, call } = linkToPeer();
    state.up = false;
    await call();
    state.up = true;
    state.now = 100;
    expect(await call()).to.equal('none');
    state.up = false;
    state.far?.close(new Error('lost'));
    await new Promise(setImmediate);
    expect(await call()).to.equal('UNREACHABLE');
    state.up = true;
    state.now = 199;
    expect(await call()).to.equal('UNREACHABLE');
    state.now = 200;
    expect(await call()).to.equal('none');
  });

  it('dials at once where the peer was heard of', async () => {
    const { state, link, call } = linkToPeer();
    state.up = false;
    await call();
    state.up = true;
    expect(await call()).to.equal('UNREACHABLE');
    link.forgive();
    expect(await call()).to.equal('none');
  });

  it('is of no use once closed', async () => {
    const { link, call } = linkToPeer();
    await call();
    link.close(new XinlianError('CLOSED', { what: 'host' }));
    expect(await call()).to.equal('CLOSED');
  });
});
