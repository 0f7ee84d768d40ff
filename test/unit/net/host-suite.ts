// What every host does, whatever carries its calls.
import { once } from 'node:events';
import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import type { ErrorCode } from '../../../node/core/errors.ts';
import type { Host, HostDependencies, HostLimits, PeerAddress } from '../../../node/net/host.ts';

export interface HostFactory {
  /** A host that is not started, with the key of this seed. Hosts of one factory reach each other. */
  create(privateKey: Uint8Array, limits: HostLimits, dependencies: HostDependencies): Host;
}

/** An event that a test waits for. */
interface Moment {
  readonly happened: Promise<void>;
  happen: () => void;
}

export function moment(): Moment {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { happened: promise, happen: resolve };
}

export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | 'none'> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    if (XinlianError.is(error)) return error.code;
    throw error;
  }
}

export const seed = (byte: number) => new Uint8Array(32).fill(byte);
export const at = (host: Host): PeerAddress => ({ publicKey: host.publicKey, addresses: host.addresses() });

const NOTHING = new Uint8Array(0);

export function hostSuite(name: string, createFactory: () => HostFactory): void {
  describe(name, () => {
    let factory: HostFactory;
    let hosts: Host[];
    let logged: object[];
    let refused: Set<string>;

    /** `refused` holds "host refuses peer" as two seed bytes, such as "1 2". */
    function create(byte: number, limits: HostLimits = {}): Host {
      const keys = new Map<string, number>();
      for (const other of [1, 2, 3]) {
        keys.set(String(factory.create(seed(other), {}, silent()).publicKey), other);
      }
      const host = factory.create(seed(byte), limits, {
        admits: (key) => keys.has(String(key)) && !refused.has(`${byte} ${keys.get(String(key))}`),
        log: silent().log,
      });
      hosts.push(host);
      return host;
    }

    function silent(): HostDependencies {
      const keep = (fields: object) => void logged.push(fields);
      return { admits: () => true, log: { debug: () => {}, warn: keep, error: keep } };
    }

    async function pair(limits: { caller?: HostLimits; callee?: HostLimits } = {}): Promise<[Host, Host]> {
      const caller = create(1, limits.caller);
      const callee = create(2, limits.callee);
      callee.handle('echo', async (argument) => argument);
      await Promise.all([caller.start(), callee.start()]);
      return [caller, callee];
    }

    beforeEach(() => {
      factory = createFactory();
      hosts = [];
      logged = [];
      refused = new Set();
    });

    afterEach(async () => {
      await Promise.all(hosts.map((host) => host.stop()));
    });

    describe('calls', () => {
      it('brings the argument to the handler, the answer back, and names the caller', async () => {
        const [caller, callee] = await pair();
        let peer: Uint8Array | undefined;
        callee.handle('greet', async (argument, context) => {
          peer = context.peer;
          return utf8(`hello ${fromUtf8(argument)}`);
        });
        const answer = await caller.call(at(callee), 'greet', utf8('信链'));
        expect(fromUtf8(answer)).to.equal('hello 信链');
        expect(peer).to.deep.equal(caller.publicKey);
      });

      it('carries many calls at once, each with its own answer', async () => {
        const [caller, callee] = await pair();
        const texts = Array.from({ length: 500 }, (_, i) => `call ${i}`);
        const answers = await Promise.all(texts.map((text) => caller.call(at(callee), 'echo', utf8(text))));
        expect(answers.map(fromUtf8)).to.deep.equal(texts);
      });

      it('goes both ways at once', async () => {
        const [one, two] = await pair();
        one.handle('echo', async (argument) => argument);
        const answers = await Promise.all([one.call(at(two), 'echo', utf8('a')), two.call(at(one), 'echo', utf8('b'))]);
        expect(answers.map(fromUtf8)).to.deep.equal(['a', 'b']);
      });

      it('reaches a connected peer that has no address', async () => {
        const [caller, callee] = await pair();
        caller.handle('who', async () => utf8('caller'));
        callee.handle('back', async (_, { peer }) => callee.call({ publicKey: peer, addresses: [] }, 'who', NOTHING));
        expect(fromUtf8(await caller.call(at(callee), 'back', NOTHING))).to.equal('caller');
      });

      it('can call itself, with the same errors', async () => {
        const [, callee] = await pair();
        callee.handle('fault', async () => {
          throw new Error('hidden');
        });
        expect(await callee.call(at(callee), 'echo', utf8('x'))).to.deep.equal(utf8('x'));
        expect(await codeOf(callee.call(at(callee), 'fault', NOTHING))).to.equal('INTERNAL');
        expect(await codeOf(callee.call(at(callee), 'none', NOTHING))).to.equal('METHOD_UNKNOWN');
      });

      it('gives the handler bytes of its own', async () => {
        const [caller, callee] = await pair();
        callee.handle('spoil', async (argument) => argument.fill(0));
        const argument = utf8('keep');
        await caller.call(at(callee), 'spoil', argument);
        await callee.call(at(callee), 'spoil', argument);
        expect(fromUtf8(argument)).to.equal('keep');
      });
    });

    describe('size', () => {
      const maxFrame = 4 * 1024 * 1024;
      const largest = maxFrame - 5 - '.echo'.length;

      it('carries the largest argument and answer', async () => {
        const [caller, callee] = await pair();
        const argument = Uint8Array.from({ length: largest }, (_, i) => i * 31);
        const answer = await caller.call(at(callee), 'echo', argument);
        expect(Buffer.compare(answer, argument)).to.equal(0);
      });

      it('carries large calls at once both ways, mixed with small ones', async () => {
        const [caller, callee] = await pair();
        const sizes = [1_000_000, 3, 2_000_000, 0, 500_000, 70_000, 1];
        const answers = await Promise.all(
          sizes.map((size, i) => caller.call(at(callee), 'echo', new Uint8Array(size).fill(i))),
        );
        expect(answers.map((answer) => [answer.length, answer[0]])).to.deep.equal(
          sizes.map((size, i) => [size, size === 0 ? undefined : i]),
        );
      });

      it('refuses an argument over the limit before it sends it', async () => {
        const [caller, callee] = await pair();
        expect(await codeOf(caller.call(at(callee), 'echo', new Uint8Array(largest + 1)))).to.equal('TOO_LARGE');
        expect(await caller.call(at(callee), 'echo', NOTHING)).to.have.length(0);
      });

      it('answers TOO_LARGE where the answer is', async () => {
        const [caller, callee] = await pair();
        callee.handle('flood', async () => new Uint8Array(maxFrame - 4));
        expect(await codeOf(caller.call(at(callee), 'flood', NOTHING))).to.equal('TOO_LARGE');
      });

      it('closes the stream on a frame over its own limit', async () => {
        const [caller, callee] = await pair({ callee: { maxFrame: 1_000 } });
        expect(await codeOf(caller.call(at(callee), 'echo', new Uint8Array(2_000)))).to.equal('UNREACHABLE');
        const [strict, free] = [callee, caller];
        free.handle('flood', async () => new Uint8Array(2_000));
        expect(await codeOf(strict.call(at(free), 'flood', NOTHING))).to.equal('TOO_LARGE');
        expect(await caller.call(at(callee), 'echo', utf8('again'))).to.deep.equal(utf8('again'));
      });
    });

    describe('errors', () => {
      it('brings a XinlianError over with its code and details', async () => {
        const [caller, callee] = await pair();
        const details = { what: 'grant', id: '0x01' };
        callee.handle('find', async () => {
          throw new XinlianError('NOT_FOUND', details);
        });
        try {
          await caller.call(at(callee), 'find', NOTHING);
          expect.fail('it must throw');
        } catch (error) {
          expect(XinlianError.is(error, 'NOT_FOUND') && error.details).to.deep.equal(details);
        }
      });

      it('hides any other error behind a reference that is logged', async () => {
        const [caller, callee] = await pair();
        callee.handle('fault', async () => {
          throw new Error('database password is 1234');
        });
        try {
          await caller.call(at(callee), 'fault', NOTHING);
          expect.fail('it must throw');
        } catch (error) {
          if (!XinlianError.is(error, 'INTERNAL')) throw error;
          expect(error.message).not.to.include('1234');
          expect(logged.map((fields) => 'reference' in fields && fields.reference)).to.include(error.details.reference);
        }
      });

      it('survives error details that cannot be sent', async () => {
        const [caller, callee] = await pair();
        callee.handle('odd', async () => {
          throw new XinlianError('NOT_FOUND', { what: 'x', id: 1n as unknown as string });
        });
        expect(await codeOf(caller.call(at(callee), 'odd', NOTHING))).to.equal('INTERNAL');
      });

      it('says that a method is unknown', async () => {
        const [caller, callee] = await pair();
        expect(await codeOf(caller.call(at(callee), 'none', NOTHING))).to.equal('METHOD_UNKNOWN');
      });

      it('refuses bad and second names of methods', async () => {
        const [, callee] = await pair();
        const serve = async () => NOTHING;
        for (const bad of ['', 'a b', '方法', 'x'.repeat(256)]) {
          expect(() => callee.handle(bad, serve))
            .to.throw(XinlianError)
            .with.property('code', 'MALFORMED');
        }
        expect(() => callee.handle('echo', serve))
          .to.throw(XinlianError)
          .with.property('code', 'CONFLICT');
        callee.handle('x'.repeat(255), serve);
      });
    });

    describe('time and cancelling', () => {
      it('gives up after the timeout and aborts the handler', async () => {
        const [caller, callee] = await pair();
        const aborted = moment();
        await caller.call(at(callee), 'echo', NOTHING);
        callee.handle('hang', async (_, { signal }) => {
          await once(signal, 'abort');
          aborted.happen();
          return NOTHING;
        });
        expect(await codeOf(caller.call(at(callee), 'hang', NOTHING, { timeoutMs: 200 }))).to.equal('TIMEOUT');
        await aborted.happened;
        expect(await caller.call(at(callee), 'echo', NOTHING)).to.have.length(0);
      });

      it('cancels by signal and aborts the handler', async () => {
        const [caller, callee] = await pair();
        const [started, aborted] = [moment(), moment()];
        callee.handle('hang', async (_, { signal }) => {
          started.happen();
          await once(signal, 'abort');
          aborted.happen();
          return NOTHING;
        });
        const controller = new AbortController();
        const code = codeOf(caller.call(at(callee), 'hang', NOTHING, { signal: controller.signal }));
        await started.happened;
        controller.abort();
        expect(await code).to.equal('CANCELLED');
        await aborted.happened;
      });

      it('does not send a call that is cancelled already', async () => {
        const [caller, callee] = await pair();
        let served = 0;
        callee.handle('count', async () => {
          served++;
          return NOTHING;
        });
        const signal = AbortSignal.abort();
        expect(await codeOf(caller.call(at(callee), 'count', NOTHING, { signal }))).to.equal('CANCELLED');
        await caller.call(at(callee), 'echo', NOTHING);
        expect(served).to.equal(0);
      });
    });

    describe('admission', () => {
      it('does not call a peer that it does not admit', async () => {
        const [caller, callee] = await pair();
        refused.add('1 2');
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('PEER_NOT_ADMITTED');
      });

      it('refuses the connection of a peer that it does not admit', async () => {
        const [caller, callee] = await pair();
        refused.add('2 1');
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('UNREACHABLE');
      });

      it('refuses the next call on an open connection', async () => {
        const [caller, callee] = await pair();
        await caller.call(at(callee), 'echo', NOTHING);
        refused.add('2 1');
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('PEER_NOT_ADMITTED');
        refused.clear();
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('none');
      });

      it('closes its connections to a refused peer on a recheck, and no others', async () => {
        const [caller, callee] = await pair();
        const third = create(3);
        await third.start();
        const hanging = moment();
        const ends: Promise<unknown>[] = [];
        callee.handle('hang', async (_, { signal, peer }) => {
          if (String(peer) === String(third.publicKey)) return NOTHING;
          ends.push(once(signal, 'abort'));
          hanging.happen();
          return new Promise(() => {});
        });
        await third.call(at(callee), 'hang', NOTHING);
        const code = codeOf(caller.call(at(callee), 'hang', NOTHING));
        await hanging.happened;
        refused.add('2 1');
        await callee.recheck();
        expect(await code).to.equal('UNREACHABLE');
        await Promise.all(ends);
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('UNREACHABLE');
        expect(await codeOf(third.call(at(callee), 'echo', NOTHING))).to.equal('none');
      });

      it('fails its own calls to a peer that a recheck refuses', async () => {
        const [caller, callee] = await pair();
        const hanging = moment();
        callee.handle('hang', async () => {
          hanging.happen();
          return new Promise(() => {});
        });
        const code = codeOf(caller.call(at(callee), 'hang', NOTHING));
        await hanging.happened;
        refused.add('1 2');
        await caller.recheck();
        expect(await code).to.equal('PEER_NOT_ADMITTED');
        refused.clear();
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('none');
      });

      it('does not take another peer for the one that it named', async () => {
        const [caller, callee] = await pair();
        const third = create(3);
        const peer = { publicKey: third.publicKey, addresses: callee.addresses() };
        expect(await codeOf(caller.call(peer, 'echo', NOTHING))).to.equal('UNREACHABLE');
      });
    });

    describe('load', () => {
      it('answers OVERLOADED over the limit, and serves again after it', async () => {
        const [caller, callee] = await pair({ callee: { maxInboundCalls: 2 } });
        const release = moment();
        let served = 0;
        const full = moment();
        callee.handle('wait', async () => {
          if (++served === 2) full.happen();
          await release.happened;
          return NOTHING;
        });
        const waiting = [1, 2].map(() => caller.call(at(callee), 'wait', NOTHING));
        await full.happened;
        expect(await codeOf(caller.call(at(callee), 'wait', NOTHING))).to.equal('OVERLOADED');
        release.happen();
        await Promise.all(waiting);
        expect(await codeOf(caller.call(at(callee), 'wait', NOTHING))).to.equal('none');
      });

      it('counts the bytes of arguments too', async () => {
        const [caller, callee] = await pair({ callee: { maxInboundBytes: 1_000 } });
        const [started, release] = [moment(), moment()];
        callee.handle('wait', async () => {
          started.happen();
          await release.happened;
          return NOTHING;
        });
        const waiting = caller.call(at(callee), 'wait', new Uint8Array(600));
        await started.happened;
        expect(await codeOf(caller.call(at(callee), 'echo', new Uint8Array(600)))).to.equal('OVERLOADED');
        release.happen();
        await waiting;
        expect(await codeOf(caller.call(at(callee), 'echo', new Uint8Array(600)))).to.equal('none');
      });

      it('keeps calls over its own limit waiting in order, up to a number', async () => {
        const [caller, callee] = await pair({ caller: { maxOutboundCalls: 1, maxWaitingCalls: 2 } });
        const [started, release] = [moment(), moment()];
        const order: string[] = [];
        callee.handle('wait', async (argument) => {
          order.push(fromUtf8(argument));
          started.happen();
          await release.happened;
          return NOTHING;
        });
        const calls = ['a', 'b', 'c'].map((text) => caller.call(at(callee), 'wait', utf8(text)));
        expect(await codeOf(caller.call(at(callee), 'wait', utf8('d')))).to.equal('OVERLOADED');
        await started.happened;
        release.happen();
        await Promise.all(calls);
        expect(order).to.deep.equal(['a', 'b', 'c']);
      });

      it('serves more answers than a peer reads at a time', async () => {
        const [caller, callee] = await pair();
        const answer = new Uint8Array(200_000);
        callee.handle('flood', async () => answer);
        const answers = await Promise.all(Array.from({ length: 200 }, () => caller.call(at(callee), 'flood', NOTHING)));
        expect(answers.every(({ length }) => length === answer.length)).to.equal(true);
      });
    });

    describe('loss', () => {
      it('fails calls under way when the peer stops, and reaches it after its restart', async () => {
        const [caller, callee] = await pair();
        const hanging = moment();
        callee.handle('hang', async () => {
          hanging.happen();
          return new Promise(() => {});
        });
        const code = codeOf(caller.call(at(callee), 'hang', NOTHING));
        await hanging.happened;
        await callee.stop();
        expect(await code).to.equal('UNREACHABLE');
        await callee.start();
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('none');
      });

      it('says UNREACHABLE where nobody listens, and leaves other peers alone', async () => {
        const [caller, callee] = await pair();
        const third = create(3);
        await third.start();
        const gone = at(third);
        await third.stop();
        expect(await codeOf(caller.call(gone, 'echo', NOTHING))).to.equal('UNREACHABLE');
        expect(await codeOf(caller.call(gone, 'echo', NOTHING))).to.equal('UNREACHABLE');
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('none');
        await third.start();
        const back = third.call(at(caller), 'any', NOTHING);
        expect(await codeOf(back)).to.equal('METHOD_UNKNOWN');
        third.handle('echo', async (argument) => argument);
        expect(await codeOf(caller.call(at(third), 'echo', NOTHING))).to.equal('none');
      });

      it('says UNREACHABLE where a peer has no address', async () => {
        const [caller, callee] = await pair();
        const peer = { publicKey: callee.publicKey, addresses: [] };
        expect(await codeOf(caller.call(peer, 'echo', NOTHING))).to.equal('UNREACHABLE');
      });
    });

    describe('lifecycle', () => {
      it('starts twice and stops twice', async () => {
        const [caller, callee] = await pair();
        await Promise.all([callee.start(), callee.start()]);
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('none');
        await Promise.all([callee.stop(), callee.stop()]);
        await callee.stop();
        expect(callee.addresses()).to.deep.equal([]);
      });

      it('calls again after its restart', async () => {
        const [caller, callee] = await pair();
        await caller.call(at(callee), 'echo', NOTHING);
        await caller.stop();
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('CLOSED');
        await caller.start();
        expect(await codeOf(caller.call(at(callee), 'echo', NOTHING))).to.equal('none');
      });

      it('ends its calls with CLOSED, and aborts its handlers, when it stops', async () => {
        const [caller, callee] = await pair();
        const [hanging, aborted] = [moment(), moment()];
        callee.handle('hang', async (_, { signal }) => {
          hanging.happen();
          await once(signal, 'abort');
          aborted.happen();
          return NOTHING;
        });
        const code = codeOf(caller.call(at(callee), 'hang', NOTHING));
        await hanging.happened;
        await caller.stop();
        expect(await code).to.equal('CLOSED');
        await aborted.happened;
      });

      it('does not call before its start', async () => {
        const host = create(1);
        const peer = { publicKey: factory.create(seed(2), {}, silent()).publicKey, addresses: [] };
        expect(await codeOf(host.call(peer, 'echo', NOTHING))).to.equal('CLOSED');
      });

      it('wants a key of 32 bytes', () => {
        expect(() => factory.create(new Uint8Array(31), {}, silent()))
          .to.throw(XinlianError)
          .with.property('code', 'MALFORMED');
      });
    });
  });
}
