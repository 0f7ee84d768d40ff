import { expect } from 'chai';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { createWebhookSender } from '../../../node/webhook-sender.ts';

const open = createWebhookSender({ timeoutMs: 5_000 });
const listed = createWebhookSender({
  allow: ['127.0.0.1', '10.1.0.0/16', 'fd00::/8', 'hook.bank.example'],
  timeoutMs: 5_000,
});

function code(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!XinlianError.is(error)) throw error;
    return error.code;
  }
}

describe('A sender of webhooks', () => {
  it('posts to https at public addresses and names, unless it is told otherwise', () => {
    for (const url of ['https://bank.example/hook', 'https://8.8.8.8/', 'https://[2400:3200::1]:8443/a?b=c'])
      expect(
        code(() => open.check(url)),
        url,
      ).to.equal(undefined);
    for (const url of [
      'http://bank.example/',
      'http://127.0.0.1/',
      'https://127.0.0.1/',
      'https://[::1]/',
      'https://10.0.0.1/',
      'https://172.31.255.1/',
      'https://192.168.1.1/',
      'https://169.254.169.254/latest/meta-data',
      'https://100.64.0.1/',
      'https://0.0.0.0/',
      'https://2130706433/',
      'https://0x7f.1/',
      'https://[::ffff:127.0.0.1]/',
      'https://[64:ff9b::7f00:1]/',
      'https://[fe80::1]/',
      'https://[fd00::1]/',
      'https://[2002:7f00:1::]/',
      'ftp://bank.example/',
      'file:///etc/passwd',
    ])
      expect(
        code(() => open.check(url)),
        url,
      ).to.equal('FORBIDDEN');
    for (const url of ['bank.example', 'https://', 'https://user@bank.example/', 'https://bank.example/#a'])
      expect(
        code(() => open.check(url)),
        url,
      ).to.equal('MALFORMED');
  });

  it('posts to what is listed, and to nothing else', () => {
    for (const url of [
      'http://127.0.0.1:8080/',
      'https://10.1.2.3/',
      'https://[fd00::1]/',
      'https://HOOK.bank.example/',
    ])
      expect(
        code(() => listed.check(url)),
        url,
      ).to.equal(undefined);
    for (const url of ['https://8.8.8.8/', 'https://10.2.0.1/', 'http://10.1.2.3/', 'https://127.0.0.2/'])
      expect(
        code(() => listed.check(url)),
        url,
      ).to.equal('FORBIDDEN');
  });

  it('does not start with a list that is none', () => {
    for (const entry of ['10.0.0.0/99', '1.2.3.4/x'])
      expect(
        code(() => void createWebhookSender({ allow: [entry], timeoutMs: 1 })),
        entry,
      ).to.equal('CONFIG_INVALID');
  });

  describe('to a receiver', () => {
    let server: Server;
    let url: string;
    let requests: { request: IncomingMessage; body: string }[];
    let answer: { status: number; headers?: Record<string, string> } | 'cut' | 'silence';

    beforeEach(async () => {
      requests = [];
      answer = { status: 204 };
      server = createServer((request, response) => {
        let body = '';
        request.setEncoding('utf8').on('data', (text: string) => (body += text));
        request.on('end', () => {
          requests.push({ request, body });
          if (answer === 'cut') request.socket.destroy();
          else if (answer !== 'silence') response.writeHead(answer.status, answer.headers).end('x'.repeat(100_000));
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=1`;
    });
    afterEach(async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });

    const post = (to = url, sender = listed, signal = new AbortController().signal) =>
      sender.post(to, { 'webhook-id': 'a', 'content-type': 'application/json' }, utf8('{"信":1}'), signal);

    it('sends headers and body, and tells the status and how long to wait', async () => {
      expect(await post()).to.deep.equal({ status: 204 });
      const [{ request, body }] = requests as [(typeof requests)[0]];
      expect([request.method, request.url, body]).to.deep.equal(['POST', '/hook?a=1', '{"信":1}']);
      expect(request.headers).to.include({ 'webhook-id': 'a', 'content-type': 'application/json' });
      answer = { status: 503, headers: { 'retry-after': '7' } };
      expect(await post()).to.deep.equal({ status: 503, retryAfterSeconds: 7 });
      answer = { status: 503, headers: { 'retry-after': 'Tue, 24 Nov 2026 00:00:00 GMT' } };
      expect(await post()).to.deep.equal({ status: 503 });
    });

    it('follows no redirection', async () => {
      answer = { status: 307, headers: { location: url } };
      expect(await post()).to.deep.equal({ status: 307 });
      expect(requests).to.have.length(1);
    });

    it('tells what kept it from an answer, and never throws', async () => {
      answer = 'cut';
      expect(await post()).to.have.property('fault');
      answer = 'silence';
      const quick = createWebhookSender({ allow: ['127.0.0.1'], timeoutMs: 20 });
      expect(await post(url, quick)).to.have.property('fault');
      expect(await post(url, listed, AbortSignal.abort(new Error('stopping')))).to.have.property('fault');
    });

    it('does not connect where a name comes to an address that it may not post to', async () => {
      const { port } = server.address() as AddressInfo;
      const byName = createWebhookSender({ allow: ['10.1.0.0/16'], timeoutMs: 5_000 });
      expect(await post(`http://localhost:${port}/`, byName))
        .to.have.property('fault')
        .that.contains('no address that this node may post to');
      expect(requests).to.deep.equal([]);
      const allowed = createWebhookSender({ allow: ['127.0.0.0/8', '::1'], timeoutMs: 5_000 });
      expect(await post(`http://localhost:${port}/`, allowed)).to.deep.equal({ status: 204 });
    });
  });
});
