import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect } from 'chai';
import { freePort } from '../../../scripts/free-port.ts';

const LISTENERS = 20;
/** From here on Linux gives ports to connections that go out. */
const EPHEMERAL = 32_768;

describe('free ports', () => {
  it('are never given twice, and never one that a connection going out may take', async () => {
    const ports = await Promise.all(Array.from({ length: LISTENERS }, () => freePort(0)));
    expect(new Set(ports).size).to.equal(LISTENERS);
    for (const port of ports) expect(port).to.be.within(1_024, EPHEMERAL - 1);
  });

  it('are the wanted one where it is free, once', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect(await freePort(port)).to.not.equal(port);
    server.close();
    await once(server, 'close');
    expect(await freePort(port)).to.equal(port);
    expect(await freePort(port)).to.not.equal(port);
  });
});
