import { expect } from 'chai';
import { SharedWork } from '../../../node/exchange/shared-work.ts';
import { rejection } from '../../helpers/rejection.ts';

const never = () => new AbortController().signal;
const left = new Error('left');

describe('Work that several wait for', () => {
  it('is done once for those that come meanwhile, and anew for who comes later', async () => {
    const shared = new SharedWork<number>();
    const { promise, resolve } = Promise.withResolvers<number>();
    let begun = 0;
    const work = () => {
      begun++;
      return promise;
    };
    const both = [shared.run('a', 'digest', never(), work), shared.run('a', 'digest', never(), work)];
    expect([shared.digestOf('a'), shared.digestOf('b')]).to.deep.equal(['digest', undefined]);
    const other = shared.run('b', 'digest', never(), async () => 2);
    resolve(1);
    expect(await Promise.all([...both, other])).to.deep.equal([1, 1, 2]);
    expect([begun, shared.digestOf('a')]).to.deep.equal([1, undefined]);
    await shared.run('a', 'digest', never(), work);
    expect(begun).to.equal(2);
  });

  it('goes on for who still waits, though who began it has left', async () => {
    const shared = new SharedWork<number>();
    const { promise, resolve } = Promise.withResolvers<number>();
    const first = new AbortController();
    let ended = false;
    const work = (signal: AbortSignal) => {
      signal.addEventListener('abort', () => (ended = true));
      return promise;
    };
    const one = shared.run('a', '', first.signal, work);
    const two = shared.run('a', '', never(), work);
    first.abort(left);
    expect(await rejection(one)).to.equal(left);
    expect(ended).to.equal(false);
    resolve(7);
    expect(await two).to.equal(7);
  });

  it('is told to end when nobody waits any more, and its own end then hurts nobody', async () => {
    const shared = new SharedWork<number>();
    const controllers = [new AbortController(), new AbortController()];
    let reason: unknown;
    const work = (signal: AbortSignal) =>
      new Promise<number>((_, reject) => {
        signal.addEventListener('abort', () => {
          reason = signal.reason;
          reject(new Error('ended'));
        });
      });
    const waits = controllers.map(({ signal }) => shared.run('a', '', signal, work));
    for (const controller of controllers) controller.abort(left);
    expect(await Promise.all(waits.map(rejection))).to.deep.equal([left, left]);
    expect(reason).to.equal(left);
    expect(shared.digestOf('a')).to.equal(undefined);
  });

  it('fails for all that wait, and is forgotten', async () => {
    const shared = new SharedWork<number>();
    const fault = new Error('fault');
    const work = async (): Promise<number> => {
      throw fault;
    };
    const waits = [shared.run('a', '', never(), work), shared.run('a', '', never(), work)];
    expect(await Promise.all(waits.map(rejection))).to.deep.equal([fault, fault]);
    expect(await shared.run('a', '', never(), async () => 1)).to.equal(1);
  });

  it('is not begun for who has left already', async () => {
    const shared = new SharedWork<number>();
    let begun = 0;
    const attempt = shared.run('a', '', AbortSignal.abort(left), async () => ++begun);
    expect(await rejection(attempt)).to.equal(left);
    expect(begun).to.equal(0);
  });
});
