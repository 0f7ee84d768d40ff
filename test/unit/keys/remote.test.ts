// What happens when the signer, or its client, is not what it should be.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { expect } from 'chai';
import { XinlianError } from '../../../node/core/errors.ts';
import { createRemoteProvider } from '../../../node/keys/remote-provider.ts';
import { close, listen, remoteKeys, TOKEN } from './provided-keys.ts';
import { codeOf, memberId } from './provider-suite.ts';

const MEMBER = `/v1/members/${memberId(1)}`;

describe('remote signer', () => {
  let remote: Awaited<ReturnType<typeof remoteKeys>>;

  before(async () => {
    remote = await remoteKeys();
  });

  after(async () => {
    await remote.provider.close();
    await remote.end();
  });

  async function send(path: string, init: RequestInit = {}): Promise<[number, string | undefined]> {
    const headers = { authorization: `Bearer ${TOKEN.reveal()}`, ...(init.headers as Record<string, string>) };
    const response = await fetch(remote.base + path, { ...init, headers });
    const body = (await response.json()) as { error?: { code: string } };
    return [response.status, body.error?.code];
  }

  const post = (path: string, body: BodyInit) => send(path, { method: 'POST', body });

  it('serves nobody without its token', async () => {
    for (const authorization of ['', 'Bearer', 'Bearer token-2', 'Basic token-1', 'Bearer token-1x']) {
      expect(await send(MEMBER, { headers: { authorization } })).to.deep.equal([401, 'UNAUTHENTICATED']);
    }
    expect(await send(MEMBER)).to.deep.equal([200, undefined]);
  });

  it('has the routes of its API and no others', async () => {
    const routes: [string, string][] = [
      ['GET', '/'],
      ['GET', '/v1/members/'],
      ['POST', MEMBER],
      ['GET', `${MEMBER}/keys/checkpoint/sign`],
      ['POST', `${MEMBER}/keys/checkpoint/export`],
      ['POST', `${MEMBER}/keys/vault/toString`],
      ['POST', `${MEMBER}/keys/__proto__/sign`],
      ['POST', `${MEMBER}/keys/checkpoint/sign/more`],
    ];
    for (const [method, path] of routes) expect((await send(path, { method }))[0], path).to.equal(404);
  });

  it('refuses input that it cannot read', async () => {
    const path = `${MEMBER}/keys/checkpoint/sign`;
    for (const body of ['', '{', 'null', '{}', '{"input":1}', '{"input":"a"}', '{"input":"+/=="}']) {
      expect(await post(path, body)).to.deep.equal([400, 'MALFORMED']);
    }
    expect(await post(`/v1/members/x/keys/checkpoint/sign`, '{"input":""}')).to.deep.equal([400, 'MALFORMED']);
    expect(await post(path, JSON.stringify({ input: 'A'.repeat(3_000_000) }))).to.deep.equal([413, 'TOO_LARGE']);
    expect(await post(path, '{"input":""}')).to.deep.equal([200, undefined]);
  });

  it('does not say where its keys are', async () => {
    const headers = { authorization: `Bearer ${TOKEN.reveal()}` };
    const response = await fetch(`${remote.base}/v1/members/${memberId(3)}`, { headers });
    expect(response.status).to.equal(503);
    expect(await response.text()).not.to.include('.json');
  });
});

describe('client of a remote signer', () => {
  const PUBLIC = {
    checkpoint: 'A'.repeat(43),
    client: 'A'.repeat(43),
    sealing: 'A'.repeat(44),
    transaction: `0x${'0'.repeat(40)}`,
    nodePeer: 'A'.repeat(43),
    gatewayPeer: 'A'.repeat(43),
  };

  async function against(listener: RequestListener, act: (base: string) => Promise<void>): Promise<void> {
    const server = createServer(listener);
    const base = await listen(server);
    try {
      await act(base);
    } finally {
      await close(server);
    }
  }

  const answering =
    (status: number, body: string): RequestListener =>
    (_, response) => {
      response.writeHead(status, { location: '/elsewhere' });
      response.end(body);
    };

  it('sends its token over https, or on loopback, or not at all', () => {
    const faulty = ['http://signer.example', 'ftp://localhost', 'signer', '', 'http://127.0.0.1.example:1'];
    for (const base of faulty) {
      expect(() => createRemoteProvider({ base, token: TOKEN }))
        .to.throw(XinlianError)
        .with.property('code', 'CONFIG_INVALID');
    }
    createRemoteProvider({ base: 'https://signer.example/keys/', token: TOKEN });
  });

  const answers: [string, number, string][] = [
    ['a redirect', 302, ''],
    ['no JSON', 200, '<html>'],
    ['another shape', 200, '[]'],
    ['keys of another length', 200, JSON.stringify({ ...PUBLIC, client: 'AAAA' })],
    ['no address', 200, JSON.stringify({ ...PUBLIC, transaction: '0x' })],
    ['a fault of its own', 500, '{"error":{"code":"INTERNAL","details":{"reference":"r"}}}'],
    ['a refusal of the token', 401, '{"error":{"code":"UNAUTHENTICATED","details":{"reason":"r"}}}'],
    ['an error of no shape', 400, '{"error":7}'],
  ];
  for (const [what, status, body] of answers) {
    it(`says KEY_UNAVAILABLE where the signer answers ${what}`, async () => {
      await against(answering(status, body), async (base) => {
        const provider = createRemoteProvider({ base, token: TOKEN });
        expect(await codeOf(() => provider.open(memberId(1)))).to.equal('KEY_UNAVAILABLE');
      });
    });
  }

  it('says KEY_UNAVAILABLE where an output has another length', async () => {
    const listener: RequestListener = (request, response) => {
      response.end(JSON.stringify(request.method === 'GET' ? PUBLIC : { output: 'AAAA' }));
    };
    await against(listener, async (base) => {
      const keys = await createRemoteProvider({ base, token: TOKEN }).open(memberId(1));
      expect(await codeOf(() => keys.checkpoint.sign(new Uint8Array(1)))).to.equal('KEY_UNAVAILABLE');
    });
  });

  it('does not wait for a signer that does not answer', async () => {
    await against(
      () => {},
      async (base) => {
        const provider = createRemoteProvider({ base, token: TOKEN, timeoutMs: 50 });
        expect(await codeOf(() => provider.open(memberId(1)))).to.equal('KEY_UNAVAILABLE');
      },
    );
  });

  it('ends its requests when it closes', async () => {
    const server = createServer(() => {});
    const base = await listen(server);
    const provider = createRemoteProvider({ base, token: TOKEN });
    const arrived = once(server, 'request');
    const code = codeOf(() => provider.open(memberId(1)));
    await arrived;
    await provider.close();
    expect(await code).to.equal('CLOSED');
    await close(server);
  });

  it('asks again after a failure', async () => {
    let up = false;
    const listener: RequestListener = (request, response) => {
      if (up) response.end(JSON.stringify(PUBLIC));
      else request.destroy();
    };
    await against(listener, async (base) => {
      const provider = createRemoteProvider({ base, token: TOKEN });
      expect(await codeOf(() => provider.open(memberId(1)))).to.equal('KEY_UNAVAILABLE');
      up = true;
      expect(await codeOf(() => provider.open(memberId(1)))).to.equal('none');
    });
  });
});
