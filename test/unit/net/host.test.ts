import { createHost } from '../../../node/net/libp2p.ts';
import { createMemoryHost, MemoryHub } from '../../../node/net/memory.ts';
import { hostSuite } from './host-suite.ts';

hostSuite('host over libp2p', () => ({
  create: (privateKey, limits, dependencies) =>
    createHost({ privateKey, listen: ['/ip4/127.0.0.1/tcp/0'], ...limits }, dependencies),
}));

hostSuite('host in memory', () => {
  const hub = new MemoryHub();
  return {
    create: (privateKey, limits, dependencies) => createMemoryHost(hub, { privateKey, ...limits }, dependencies),
  };
});
