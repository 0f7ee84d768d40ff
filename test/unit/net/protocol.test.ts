// What each end does with a peer that speaks RPC badly, or not at all.
import { expect } from 'chai';
import { concat, utf8 } from '../../../node/core/bytes.ts';
import { Caller } from '../../../node/net/caller.ts';
import { encodeHead, FrameDecoder } from '../../../node/net/frames.ts';
import type { Frame, FrameType } from '../../../node/net/frames.ts';
import type { CallContext } from '../../../node/net/host.ts';
import { InboundQuota } from '../../../node/net/inbound-quota.ts';
import { MemoryChannel } from '../../../node/net/memory-channel.ts';
import { Responder } from '../../../node/net/responder.ts';
import { codeOf, moment, seed } from './host-suite.ts';

const log = { debug: () => {}, warn: () => {}, error: () => {} };
const NOTHING = new Uint8Array(0);
const MAX_FRAME = 1_000_000;

/** The far end of a channel, driven by hand. */
class RawPeer {
  readonly frames: Frame[] = [];
  readonly channel: MemoryChannel;
  readonly closed: Promise<void>;
  /** What it talks to, kept alive. */
  responder: Responder | undefined;
  readonly #decoder = new FrameDecoder(MAX_FRAME);
  #wanted: { count: number; reached: () => void } | undefined;

  constructor(channel: MemoryChannel) {
    this.channel = channel;
    const { happened, happen } = moment();
    this.closed = happened;
    channel.attach({
      data: (chunk) => {
        this.frames.push(...this.#decoder.push(chunk));
        if (this.#wanted !== undefined && this.frames.length >= this.#wanted.count) this.#wanted.reached();
      },
      closed: () => happen(),
    });
  }

  async received(count: number): Promise<Frame[]> {
    if (this.frames.length < count) {
      await new Promise<void>((reached) => {
        this.#wanted = { count, reached };
      });
    }
    return this.frames;
  }

  send(type: FrameType, callId: number, body: Uint8Array = NOTHING, method?: string): void {
    this.channel.send(concat(encodeHead({ callId, type, ...(method && { method }) }, body.length), body));
  }
}

function callerAndPeer(): { caller: Caller; peer: RawPeer; call: (signal?: AbortSignal) => Promise<Uint8Array> } {
  const [near, far] = MemoryChannel.pair();
  const caller = new Caller(near, { peer: '0x09', maxFrame: MAX_FRAME, log });
  const call = (signal = new AbortController().signal) => caller.call('m', utf8('x'), signal);
  return { caller, peer: new RawPeer(far), call };
}

function peerAndResponder(
  serve: (method: string, argument: Uint8Array, context: CallContext) => Promise<Uint8Array>,
): RawPeer {
  const [near, far] = MemoryChannel.pair();
  const quota = new InboundQuota({ maxCalls: 100, maxBytes: MAX_FRAME });
  const options = { peer: seed(1), peerName: '0x01', maxFrame: MAX_FRAME, quota, log, serve, onClosed: () => {} };
  const peer = new RawPeer(near);
  peer.responder = new Responder(far, options);
  return peer;
}

describe('caller, against its peer', () => {
  const bad: [string, (peer: RawPeer) => void, string][] = [
    ['a request', (peer) => peer.send('request', 1, NOTHING, 'm'), 'MALFORMED'],
    ['a cancel', (peer) => peer.send('cancel', 1), 'MALFORMED'],
    ['an unknown type', (peer) => peer.channel.send(Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 1, 4)), 'MALFORMED'],
    ['a frame with no room for its header', (peer) => peer.channel.send(new Uint8Array(9)), 'MALFORMED'],
    ['a frame that is too long', (peer) => peer.channel.send(new Uint8Array(9).fill(255)), 'TOO_LARGE'],
    ['an error that is not JSON', (peer) => peer.send('error', 1, utf8('no')), 'MALFORMED'],
    ['an error that is not UTF-8', (peer) => peer.send('error', 1, Uint8Array.of(0xff)), 'MALFORMED'],
    ['an error with no details', (peer) => peer.send('error', 1, utf8('{"code":"CLOSED"}')), 'MALFORMED'],
    ['an error with a bad code', (peer) => peer.send('error', 1, utf8('{"code":"x","details":{}}')), 'MALFORMED'],
  ];
  for (const [what, act, code] of bad) {
    it(`fails every call under way on ${what}, and closes the stream`, async () => {
      const { caller, peer, call } = callerAndPeer();
      const codes = [codeOf(call()), codeOf(call())];
      await peer.received(2);
      act(peer);
      expect(await Promise.all(codes)).to.deep.equal([code, code]);
      await peer.closed;
      expect(caller.closed).to.equal(true);
      expect(await codeOf(call())).to.equal(code);
    });
  }

  it('drops the answer to a call that it gave up', async () => {
    const { peer, call } = callerAndPeer();
    const controller = new AbortController();
    const given = call(controller.signal);
    await peer.received(1);
    controller.abort(new Error('given up'));
    expect(await given.catch((error: Error) => error.message)).to.equal('given up');
    const kept = call();
    const frames = await peer.received(3);
    expect(frames.map(({ type, callId }) => [type, callId])).to.deep.equal([
      ['request', 1],
      ['cancel', 1],
      ['request', 2],
    ]);
    peer.send('answer', 1, utf8('late'));
    peer.send('answer', 2, utf8('mine'));
    expect(await kept).to.deep.equal(utf8('mine'));
  });

  it('does not send a request that was given up while it waited', async () => {
    const { peer, call } = callerAndPeer();
    const controller = new AbortController();
    const given = codeOf(call(controller.signal).catch(() => {}));
    controller.abort(new Error('given up'));
    await given;
    const kept = call();
    const [first] = await peer.received(1);
    expect(first).to.include({ type: 'request', callId: 2 });
    peer.send('answer', 2);
    await kept;
  });
});

describe('responder, against its peer', () => {
  const bad: [string, (peer: RawPeer) => void][] = [
    ['an answer', (peer) => peer.send('answer', 1)],
    ['an error', (peer) => peer.send('error', 1, utf8('{"code":"CLOSED","details":{}}'))],
    ['a request with no method', (peer) => peer.send('request', 1, Uint8Array.of(0))],
    ['a request with no body', (peer) => peer.send('request', 1)],
    ['a method longer than its frame', (peer) => peer.send('request', 1, Uint8Array.of(9, 65))],
    ['a method that is not printable', (peer) => peer.send('request', 1, Uint8Array.of(1, 10))],
    ['a call id that is in use', (peer) => peer.send('request', 7, NOTHING, 'hang')],
    ['a cancel with a body', (peer) => peer.send('cancel', 7, utf8('x'))],
    ['a frame that is too long', (peer) => peer.channel.send(new Uint8Array(9).fill(255))],
  ];
  for (const [what, act] of bad) {
    it(`closes the stream and aborts its handlers on ${what}`, async () => {
      const [started, aborted] = [moment(), moment()];
      const peer = peerAndResponder(async (_method, _argument, { signal }) => {
        signal.addEventListener('abort', aborted.happen);
        started.happen();
        return new Promise(() => {});
      });
      peer.send('request', 7, NOTHING, 'hang');
      await started.happened;
      act(peer);
      await Promise.all([peer.closed, aborted.happened]);
    });
  }

  it('ignores a cancel of a call that it does not have', async () => {
    const peer = peerAndResponder(async (_, argument) => argument);
    peer.send('cancel', 1);
    peer.send('request', 1, utf8('x'), 'echo');
    const [answer] = await peer.received(1);
    expect(answer).to.deep.equal({ callId: 1, type: 'answer', body: utf8('x') });
  });

  it('sends no answer to a call that was cancelled', async () => {
    const started = moment();
    const peer = peerAndResponder(async (method, argument, { signal }) => {
      if (method === 'hang') {
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve);
          started.happen();
        });
      }
      return argument;
    });
    peer.send('request', 1, NOTHING, 'hang');
    await started.happened;
    peer.send('cancel', 1);
    peer.send('request', 2, NOTHING, 'echo');
    const frames = await peer.received(1);
    expect(frames.map(({ callId }) => callId)).to.deep.equal([2]);
  });

  it('stops reading a peer that does not read its answers, and goes on when it does', async () => {
    let served = 0;
    const peer = peerAndResponder(async () => {
      served++;
      return new Uint8Array(400_000);
    });
    peer.channel.pause();
    const calls = 50;
    for (let i = 0; i < calls; i++) {
      peer.send('request', i, NOTHING, 'flood');
      await new Promise(setImmediate);
    }
    expect(served).to.be.lessThan(10);
    peer.channel.resume();
    const answers = await peer.received(calls);
    expect(answers.map(({ callId }) => callId)).to.deep.equal(Array.from({ length: calls }, (_, i) => i));
  });
});
