// What a client tells where a gateway is not reached, or is lost in the middle of an answer.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { ApiError } from '../../../gateway/client/api-error.ts';
import { ConnectionError } from '../../../gateway/client/connection-error.ts';
import { mayPass } from '../../../gateway/client/retry.ts';
import { createClient } from '../../../gateway/client.ts';
import { rejection } from '../../helpers/rejection.ts';

describe('a client whose gateway', () => {
  let server: Server;
  let baseUrl: string;
  beforeEach(async () => {
    server = createServer((request, response) => {
      // Half of an answer, then nothing.
      response.writeHead(request.url === '/v1/errors' ? 502 : 200, { 'content-length': 100 });
      response.write('{', () => response.destroy());
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => server.close());

  it('is not there says so, and may succeed later', async () => {
    server.close();
    await once(server, 'close');
    const error = await rejection(createClient({ baseUrl }).getLimits());
    expect(error).to.be.instanceOf(ConnectionError);
    expect(mayPass(error)).to.equal(true);
  });

  it('is not there tells no more in a browser, and may succeed later all the same', async () => {
    // A page learns nothing of why: no cause, and words of the browser's own.
    const inPage = async () => Promise.reject(new TypeError('Failed to fetch'));
    const error = await rejection(createClient({ baseUrl, fetch: inPage }).getLimits());
    expect(error).to.be.instanceOf(ConnectionError);
    expect(mayPass(error)).to.equal(true);
  });

  it('goes away in the middle of an answer, or of a refusal, is lost', async () => {
    const client = createClient({ baseUrl });
    for (const action of [client.getLimits(), client.getErrors(), client.getMetrics()]) {
      expect(await rejection(action)).to.be.instanceOf(ConnectionError);
    }
  });

  it('answers in a form that is none is no connection that failed', async () => {
    const wrong = async () => new Response('<html>', { status: 200 });
    const error = await rejection(createClient({ baseUrl, fetch: wrong }).getLimits());
    expect(error).to.be.instanceOf(SyntaxError);
    expect(mayPass(error)).to.equal(false);
    const refusing = async () => new Response('<html>', { status: 404 });
    expect(await rejection(createClient({ baseUrl, fetch: refusing }).getLimits())).to.be.instanceOf(ApiError);
  });

  it('is called no more once the caller has given up tells the caller’s own reason', async () => {
    const reason = new Error('enough');
    expect(await rejection(createClient({ baseUrl }).getLimits({ signal: AbortSignal.abort(reason) }))).to.equal(
      reason,
    );
  });
});
