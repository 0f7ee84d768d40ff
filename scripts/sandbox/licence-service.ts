// The sandbox's service of electronic licences: a page with plain words and two buttons in place of a wallet. Whoever opens
// the page speaks for the enterprise: it is a mock, and settings of a production node refuse it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ed25519 } from '@noble/curves/ed25519.js';
import { toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { signLicenceEvidence } from '../../node/core/licence.ts';
import { textDigest } from '../../node/core/receipt.ts';

/** A session ends by itself. */
const SESSION_MS = 10 * 60_000;
const MOST_BODY = 64 * 1024;

interface Session {
  text: string;
  uscc: string;
  name: string;
  began: number;
  state: 'waiting' | 'confirmed' | 'refused';
}

export interface LicenceMock {
  url: string;
  /** Of the key that evidence is signed with, Ed25519, base64url. */
  key: string;
  stop(): Promise<void>;
}

/** @param port 0: any */
export async function startLicenceMock(port = 0, now: () => number = Date.now): Promise<LicenceMock> {
  const { secretKey, publicKey } = ed25519.keygen(new Uint8Array(32).fill(0x5a));
  const signer = { sign: (message: Uint8Array) => ed25519.sign(message, secretKey) };
  const sessions = new Map<string, Session>();
  let url = '';

  const outcome = async (id: string, session: Session): Promise<object> => {
    const { state, uscc, text, began } = session;
    if (state === 'waiting') return { state: now() - began > SESSION_MS ? 'expired' : state };
    if (state === 'refused') return { state };
    const said = { jti: id, iat: Math.floor(now() / 1000), sub: uscc, text: textDigest(text) };
    return { state, evidence: await signLicenceEvidence(said, signer) };
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, kind, id = ''] = (request.url ?? '').split('/');
    if (request.method === 'POST' && kind === 'sessions' && id === '') {
      const { text, uscc, name } = JSON.parse(await bodyOf(request)) as Omit<Session, 'began' | 'state'>;
      const session = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
      sessions.set(session, { text, uscc, name, began: now(), state: 'waiting' });
      return send(response, 200, JSON.stringify({ session, qr: `${url}/wallet/${session}` }));
    }
    const session = sessions.get(id);
    if (!session) return send(response, 404, '{}');
    if (kind === 'sessions') return send(response, 200, JSON.stringify(await outcome(id, session)));
    if (kind === 'wallet' && request.method === 'POST') {
      const decision = new URLSearchParams(await bodyOf(request)).get('decision');
      if (session.state === 'waiting') session.state = decision === 'confirm' ? 'confirmed' : 'refused';
    }
    return send(response, 200, page(session), 'text/html; charset=utf-8');
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => send(response, 400, JSON.stringify({ error: String(error) })));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, key: toBase64Url(publicKey), stop: () => close(server) };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > MOST_BODY) throw new RangeError(`at most ${MOST_BODY} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function send(response: ServerResponse, status: number, body: string, type = 'application/json'): void {
  response.writeHead(status, {
    'content-type': type,
    'content-security-policy': "default-src 'none'; form-action 'self'",
  });
  response.end(utf8(body));
}

function page({ text, name, state }: Session): string {
  const buttons =
    state === 'waiting'
      ? '<form method="post"><button name="decision" value="confirm">确认 Confirm</button> ' +
        '<button name="decision" value="refuse">拒绝 Refuse</button></form>'
      : `<p>${state === 'confirmed' ? '已确认 Confirmed' : '已拒绝 Refused'}</p>`;
  return (
    '<!doctype html><html lang="zh"><meta charset="utf-8"><title>模拟电子营业执照</title>' +
    `<h1>${escaped(name)}</h1><p>模拟电子营业执照,仅供沙箱。Mock of an electronic licence, for the sandbox alone.</p>` +
    `<pre>${escaped(text)}</pre>${buttons}</html>`
  );
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}
