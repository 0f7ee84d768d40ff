// A whole gateway over ports in memory.
import type { Recognition } from '../../../gateway/ports.ts';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { ChainHead, LogState } from '../../../node/core/consortium.ts';
import type { LogId, MemberId } from '../../../node/core/ids.ts';
import { buildApp } from '../../../gateway/app.ts';
import { createClient, type Client } from '../../../gateway/client.ts';
import { createLogger } from '../../../node/log.ts';
import { DEFAULTS, type AppOptions } from '../../../gateway/options.ts';
import { domain } from '../authorised.ts';
import { PaperGrants } from '../paper-grants.ts';
import { MemoryMembers, type TestMember } from './memory-members.ts';
import { MemoryNode } from './memory-node.ts';

export const BASE_URL = 'https://gateway.example';

export class TestClock {
  offsetMs = 0;

  now(): number {
    return Date.now() + this.offsetMs;
  }

  advance(seconds: number): void {
    this.offsetMs += seconds * 1000;
  }
}

export interface TestGateway {
  app: FastifyInstance;
  members: MemoryMembers;
  /** What the chain says of grants. */
  grants: PaperGrants;
  node: MemoryNode;
  clock: TestClock;
  logs: LogState[];
  head: ChainHead | undefined;
  /** A source that is hosted here. */
  source: TestMember;
  /** A bank that is not. */
  bank: TestMember;
  /** Everything that was logged. */
  logged(): string;
  /** Listens on a loopback port; http://… */
  listen(): Promise<string>;
  client(url: string, member?: TestMember): Client;
  /** A token for a member. */
  token(member: TestMember, scope?: string): Promise<string>;
}

export async function startTestGateway(
  options: Partial<AppOptions> = {},
  recognition: Recognition = { agreements: () => [], cases: () => [] },
): Promise<TestGateway> {
  const members = new MemoryMembers();
  const source = members.add('a', ['source']);
  const bank = members.add('b', ['bank']);
  const node = new MemoryNode();
  const clock = new TestClock();
  const written: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _encoding, done) {
      written.push(chunk.toString());
      done();
    },
  });
  const head = { number: 9, hash: '0x00' as const, time: Math.floor(Date.now() / 1000) };
  const grants = new PaperGrants(head.time);
  const gateway = {
    grants,
    members,
    node,
    clock,
    source,
    bank,
    head: head as ChainHead | undefined,
    logs: [testLog('d', source.member.id), testLog('e', source.member.id)],
    logged: () => written.join(''),
  };
  const app = await buildApp(
    {
      members,
      logs: { get: (id) => gateway.logs.find((log) => log.id === id), list: () => gateway.logs },
      grants,
      chain: { head: () => gateway.head, final: () => 8 },
      nodes: node,
      council: { threshold: () => 0, proposals: () => [] },
      recognition,
      verifier: { verify: (bundle) => ({ ok: false, pending: false, checks: [], trusted: [JSON.stringify(bundle)] }) },
      clock,
    },
    {
      ...DEFAULTS,
      baseUrl: BASE_URL,
      ownMembers: [source.member.id],
      grantDomain: domain,
      membership: `0x${'33'.repeat(20)}`,
      tokenKey: new Uint8Array(32).fill(7),
      logger: createLogger('gateway', 'info', destination),
      ...options,
    },
  );
  const client = (url: string, member?: TestMember): Client =>
    createClient({ baseUrl: url, audience: BASE_URL, ...(member && { credentials: member.credentials }) });
  return Object.assign(gateway, {
    app,
    client,
    listen: async () => {
      await app.listen({ host: '127.0.0.1', port: 0 });
      return `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    },
    token: (member: TestMember, scope?: string) => tokenOf(app, clock, member, scope),
  });
}

async function tokenOf(app: FastifyInstance, clock: TestClock, member: TestMember, scope?: string): Promise<string> {
  const iat = Math.floor(clock.now() / 1000);
  const response = await app.inject({
    method: 'POST',
    url: '/v1/oauth/token',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    payload: tokenForm(await assertion(member, { iat, exp: iat + 60 }), scope),
  });
  return response.json<{ access_token: string }>().access_token;
}

export function tokenForm(clientAssertion: string, scope?: string): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: clientAssertion,
    ...(scope !== undefined && { scope }),
  }).toString();
}

let serial = 0;

/** @param changes claims in place of the right ones; null leaves one out */
export async function assertion(
  { member, credentials }: TestMember,
  changes: Record<string, unknown> = {},
  header: object = { alg: 'EdDSA', typ: 'JWT' },
): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const claims: Record<string, unknown> = {
    iss: member.id,
    sub: member.id,
    aud: `${BASE_URL}/v1/oauth/token`,
    iat,
    exp: iat + 60,
    jti: `jti-${++serial}`,
    ...changes,
  };
  for (const [name, value] of Object.entries(claims)) if (value === null) delete claims[name];
  const signed = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = await credentials.sign(Buffer.from(signed));
  return `${signed}.${Buffer.from(signature).toString('base64url')}`;
}

function testLog(digit: string, owner: MemberId): LogState {
  return {
    id: `0x${digit.repeat(64)}` as LogId,
    owner,
    scope: `0x${'0'.repeat(64)}`,
    ordinal: 0,
    registered: 2,
    closed: false,
    head: { size: 12, root: new Uint8Array(32).fill(3), block: 7, blockHash: '0x07', transaction: '0x08' },
  };
}
