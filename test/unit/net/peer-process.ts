// A peer in a process of its own, for the test that kills it. Arguments: seed byte, TCP port.
import { createHost } from '../../../node/net/libp2p.ts';

const [seedByte, port] = process.argv.slice(2).map(Number);
if (seedByte === undefined || port === undefined) throw new Error('wanted: seed byte, port');

const log = { debug: () => {}, warn: () => {}, error: () => {} };
const host = createHost(
  { privateKey: new Uint8Array(32).fill(seedByte), listen: [`/ip4/127.0.0.1/tcp/${port}`] },
  { admits: () => true, log },
);
host.handle('echo', async (argument) => argument);
host.handle('hang', async () => {
  process.send?.('hanging');
  return new Promise(() => {});
});
await host.start();
process.send?.(host.addresses());
process.once('disconnect', () => process.exit());
