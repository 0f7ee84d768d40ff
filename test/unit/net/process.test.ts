import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { ed25519 } from '@noble/curves/ed25519.js';
import { createHost } from '../../../node/net/libp2p.ts';
import type { Host } from '../../../node/net/host.ts';
import { codeOf, seed } from './host-suite.ts';

const CALLEE = 2;

describe('hosts in two processes', () => {
  let caller: Host;
  let child: ChildProcess | undefined;

  async function spawn(port: number): Promise<string[]> {
    child = fork(new URL('./peer-process.ts', import.meta.url), [String(CALLEE), String(port)]);
    const [addresses] = (await once(child, 'message')) as [string[]];
    return addresses;
  }

  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  beforeEach(async () => {
    const log = { debug: () => {}, warn: () => {}, error: () => {} };
    caller = createHost({ privateKey: seed(1), listen: [] }, { admits: () => true, log });
    await caller.start();
  });

  afterEach(async () => {
    await Promise.all([kill(), caller.stop()]);
  });

  it('fails a call when the peer is killed in the middle of it, and reaches the next process', async () => {
    const addresses = await spawn(0);
    const peer = { publicKey: ed25519.getPublicKey(seed(CALLEE)), addresses };
    const argument = new Uint8Array(1_000_000).fill(7);
    expect(Buffer.compare(await caller.call(peer, 'echo', argument), argument)).to.equal(0);
    const hanging = once(child!, 'message');
    const code = codeOf(caller.call(peer, 'hang', new Uint8Array(0)));
    await hanging;
    await kill();
    expect(await code).to.equal('UNREACHABLE');

    const port = Number(/\/tcp\/(\d+)/.exec(addresses[0]!)![1]);
    expect(await spawn(port)).to.deep.equal(addresses);
    expect(Buffer.compare(await caller.call(peer, 'echo', argument), argument)).to.equal(0);
  });
});
