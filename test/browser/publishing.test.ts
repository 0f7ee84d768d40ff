// A page publishes: sealed in the browser, over a real gateway of another body, to a real node.
import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import type { Page, Request } from 'playwright-core';
import { parse } from 'yaml';
import { toHex } from '../../node/core/bytes.ts';
import { openKeyFile } from '../../node/keys/key-file.ts';
import { localKeys } from '../../node/keys/local-keys.ts';
import { Secret } from '../../node/keys/secret.ts';
import type { SubmissionLine } from '../../gateway/publish/submit.ts';
import { sampleFile } from '../../scripts/generate.ts';
import { openBrowser, type TestBrowser } from '../helpers/browser/browser.ts';
import { servePage, type PageServer } from '../helpers/browser/page-server.ts';
import { nodeInfo, readLog, startConsortium, until, type TestConsortium } from '../helpers/consortium.ts';
import type { Login } from './page/member.ts';

const ROWS = 300;
const file = [...sampleFile({ rows: ROWS, seed: 21, item: 'xk', format: 'ndjson', bad: 1 })].join('');
const submission = 'from-a-browser';
const MODULES = ['test/browser/page/member.ts'];

/** What crossed the gateway, as it saw it. */
class Traffic {
  readonly #bodies: Promise<Buffer[]>[] = [];

  constructor(page: Page) {
    page.on('requestfinished', (request) => this.#bodies.push(bodiesOf(request)));
  }

  async text(): Promise<string> {
    return Buffer.concat((await Promise.all(this.#bodies)).flat()).toString('latin1');
  }
}

async function bodiesOf(request: Request): Promise<Buffer[]> {
  const answer = await (await request.response())?.body();
  return [request.postDataBuffer(), answer].flatMap((body) => body ?? []);
}

describe('a page that publishes', () => {
  let consortium: TestConsortium;
  let server: PageServer;
  let stranger: PageServer;
  let browser: TestBrowser;
  let login: Login;
  let page: Page;
  let traffic: Traffic;
  let lines: SubmissionLine[];

  before(async () => {
    const connect = () => [consortium.gatewayUrl('dafeng')];
    server = await servePage({ modules: MODULES, connect });
    stranger = await servePage({ modules: MODULES, connect });
    browser = await openBrowser();
    consortium = await startConsortium(['dafeng', 'regulator'], { corsOrigins: [server.origin] });
    login = await loginOf('regulator');
  });
  after(async () => {
    await (browser as TestBrowser | undefined)?.close();
    await Promise.all([server, stranger, consortium].map((part) => stopped(part)));
  });

  async function loginOf(player: string): Promise<Login> {
    const profile = parse(await readFile(consortium.profile(player), 'utf8')) as Record<string, string>;
    const { gateway = '', member = '', keys = '', passphraseFile = '' } = profile;
    const secrets = await openKeyFile(keys, new Secret(await readFile(passphraseFile, 'utf8')));
    const sealing = localKeys(secrets, () => {}).sealing.publicKey;
    return { gateway, member, client: toHex(secrets.client), sealing: toHex(sealing) };
  }

  async function open(origin: string): Promise<Page> {
    const opened = await browser.context.newPage();
    await opened.goto(origin);
    await opened.evaluate((given) => globalThis.logIn(given), login);
    return opened;
  }

  const publish = (rows: string): Promise<SubmissionLine[]> =>
    page.evaluate(([text, name]) => globalThis.application.publish(text, { item: 'xk', submission: name, outcomes: 'all' }), [rows, submission] as const); // prettier-ignore

  it('publishes every good row, and tells the fault of the bad one', async () => {
    page = await open(server.origin);
    traffic = new Traffic(page);
    lines = await publish(file);
    const rows = lines.filter((line) => line.type === 'row');
    expect(rows.map(({ row }) => row)).to.deep.equal(Array.from({ length: ROWS }, (_, i) => i + 1));
    const rejected = rows.filter(({ outcome }) => outcome === 'rejected');
    expect(rejected.map(({ faults }) => faults?.map(({ field }) => field))).to.deep.equal([['XK_XDR_SHXYM']]);
    expect(lines.at(-1)).to.deep.include({ type: 'summary', closed: true });
    expect(lines.at(-1)).to.have.nested.property('counts.published', ROWS - 1);
  });

  it('has shown the gateway neither rows nor outcomes', async () => {
    const seen = await traffic.text();
    expect(seen.length).to.be.greaterThan(file.length);
    expect(seen).to.include('access_token').and.include(login.member);
    for (const secret of ['XK_', 'published', 'rejected', 'submission/', '"record"', '"position"']) {
      expect(seen, secret).not.to.include(secret);
    }
  });

  it('has them durable at its node: every position that it was told is in the log', async () => {
    const positions = lines.flatMap((line) => (line.type === 'row' ? (line.position ?? []) : []));
    expect(new Set(positions).size).to.equal(ROWS - 1);
    const size = Math.max(...positions) + 1;
    await until(async () => ((await nodeInfo(consortium, 'regulator')).logs[0]?.signed ?? 0) >= size);
    const entries = await readLog(consortium, 'regulator');
    expect(positions.map((position) => entries[position]?.kind)).to.deep.equal(positions.map(() => 'publish'));
  });

  it('gets the same answers to the same rows again, and the node no row twice', async () => {
    expect(await publish(file)).to.deep.equal(lines);
    const entries = await readLog(consortium, 'regulator');
    expect(entries.filter(({ kind }) => kind === 'publish')).to.have.length(ROWS - 1);
  });

  it('does not pass other rows off as those of a submission', async () => {
    const [first = '', ...others] = file.split('\n');
    const error = await publish([...others, first].join('\n')).catch(String);
    expect(error).to.include('CONFLICT');
  });

  const prove = (record: string) => page.evaluate((id) => globalThis.application.prove(id), record);

  it('sees a record become final, and verifies its proof itself', async () => {
    const record = lines.map((line) => (line.type === 'row' ? line.record : undefined)).find((id) => id !== undefined)!;
    await until(async () => (await page.evaluate((id) => globalThis.application.status(id), record)).state === 'final');
    // The node keeps the proof of an anchor as soon as it has seen that it is final.
    let proof = await prove(record);
    await until(async () => !(proof = await prove(record)).pending);
    expect(proof.ok).to.equal(true);
    expect(proof.checks.map(({ ok }) => ok)).to.deep.equal(proof.checks.map(() => true));
    expect(proof.checks.map(({ link }) => link)).to.include.members(['disclosure', 'signature', 'receipt-proof']);
  });

  it('is stopped by the browser where the gateway does not know its origin', async () => {
    page = await open(stranger.origin);
    expect(await publish(file).catch(String)).to.include('ConnectionError');
  });
});

async function stopped(part: PageServer | TestConsortium | undefined): Promise<void> {
  if (part) await ('stop' in part ? part.stop() : part.close());
}
