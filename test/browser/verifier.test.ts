// The verifier page in a real browser: what it says of proofs, and that it sends nothing anywhere.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { buildPage } from '../../gateway/page/build.ts';
import { trustedInChinese } from '../../gateway/verifier/words.ts';
import type { Bundle } from '../../node/core/bundle.ts';
import { checkpointOrigin } from '../../node/core/checkpoint.ts';
import { cosign, encodeCosignerKey, witnessName } from '../../node/core/cosignature.ts';
import { encodeVerifierKey, parseNote } from '../../node/core/note.ts';
import { verifyBundle } from '../../node/core/verify-bundle.ts';
import { tlogProofOf } from '../../node/core/verify-tlog-proof.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { openAgency, SIGNER } from '../helpers/agency.ts';
import { openBrowser, type TestBrowser } from '../helpers/browser/browser.ts';
import { CHAIN_ID, LOG, LOG_ANCHOR, MEMBER } from '../helpers/bundle.ts';
import { memoryStore } from '../helpers/memory-store.ts';
import { licence } from '../helpers/rows.ts';
import { useTemporaryFolder } from '../helpers/temporary-folder.ts';

const names = (item: string, edition: string) => builtInCatalogue.names(item, edition);
const origin = { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR };

describe('the verifier page', () => {
  const folder = useTemporaryFolder();
  let browser: TestBrowser;
  let page: Page;
  let bundle: Bundle;
  const requests: string[] = [];
  const complaints: string[] = [];

  before(async () => {
    const agency = await openAgency(await memoryStore());
    await agency.open('file-0001', 'xk');
    const { outcomes } = await agency.send('file-0001', 0, [licence(1), licence(2)]);
    await agency.settle();
    bundle = await agency.records.bundle(agency.reading, { record: outcomes[0]!.record! });
    browser = await openBrowser();
    page = await browser.context.newPage();
    page.on('request', (request) => requests.push(request.url()));
    page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
    page.on('console', (message) => complaints.push(message.text()));
  });
  after(() => (browser as TestBrowser | undefined)?.close());

  beforeEach(async () => {
    const file = join(folder(), 'verify.html');
    await writeFile(file, await buildPage('verify'));
    await page.goto(pathToFileURL(file).href);
  });

  async function verified(text: string): Promise<{ verdict: string; links: string[]; trusted: string[]; all: string }> {
    await page.fill('#text', text);
    await page.click('#verify');
    return {
      verdict: await page.innerText('#verdict'),
      links: await page.locator('#checks td:first-child').allInnerTexts(),
      trusted: await page.locator('#trusted li').allInnerTexts(),
      all: await page.innerText('#result'),
    };
  }

  it('checks every link of a bundle in the page, and says what had to be trusted, in both languages', async () => {
    const { verdict, links, trusted, all } = await verified(JSON.stringify(bundle));
    const { checks, anchor } = verifyBundle(bundle, { names });
    expect(verdict).to.include('已上链').and.to.include('anchored');
    expect(links.map((text) => text.split(' ').at(-1))).to.deep.equal(checks.map(({ link }) => link));
    expect(links.every((text) => text.startsWith('✓') && /\p{Script=Han}/u.test(text))).to.equal(true);
    expect(trusted).to.have.length(3);
    for (const sentence of trusted) expect(sentence).to.match(/^\p{Script=Han}.*\n+that /u);
    expect(all).to.include('行政许可决定文书名称 XK_XKWS').and.to.include(LOG);

    await page.click('summary');
    await page.fill('#block', anchor!.hash);
    expect((await verified(JSON.stringify(bundle))).verdict).to.include('您确认的区块');
    await page.fill('#block', `0x${'00'.repeat(32)}`);
    expect((await verified(JSON.stringify(bundle))).verdict).to.include('不成立');
  });

  it('takes a file, tells a pending bundle from one that was changed, and marks the broken link', async () => {
    const { anchor: _, ...pending } = bundle;
    const file = join(folder(), 'pending.json');
    await writeFile(file, JSON.stringify(pending));
    await page.setInputFiles('#file', file);
    await page.waitForSelector('#verdict');
    expect(await page.innerText('#verdict')).to.include('尚未上链');
    const { verdict, links } = await verified(JSON.stringify({ ...bundle, position: bundle.position + 1 }));
    expect(verdict).to.include('不成立');
    expect(links.at(-1)).to.equal('✗ 包含证明 inclusion');
    expect((await verified('<img src=x onerror=alert(1)>')).links).to.deep.equal(['✗ 格式 format']);
  });

  it('checks a tlog-proof under keys that its user brings', async () => {
    const secret = new Uint8Array(32).fill(5);
    const name = witnessName(origin, MEMBER);
    const witness = { name, publicKey: ed25519.getPublicKey(secret), sign: (m: Uint8Array) => ed25519.sign(m, secret) };
    const text = tlogProofOf(bundle, await cosign(parseNote(bundle.checkpoint).text, 1_780_000_000, witness));
    await page.click('summary');
    await page.fill('#keys', encodeVerifierKey({ name: checkpointOrigin({ ...origin, log: LOG }), publicKey: SIGNER }));
    await page.fill('#witnesses', encodeCosignerKey(witness));
    await page.fill('#quorum', '1');
    const { verdict, links, trusted, all } = await verified(text);
    expect(verdict).to.include('已签名的检查点');
    expect(links.at(-1)).to.equal('✓ 见证签名 cosignatures');
    expect(trusted.every((sentence) => /^\p{Script=Han}/u.test(sentence))).to.equal(true);
    expect(all).to.include(name);
    await page.fill('#quorum', '2');
    expect((await verified(text)).verdict).to.include('不成立');
  });

  it('has Chinese for everything that core may ask to be trusted', () => {
    const { anchor: _, ...pending } = bundle;
    for (const proof of [bundle, pending]) {
      for (const sentence of verifyBundle(proof, { names }).trusted) {
        expect(trustedInChinese(sentence), sentence).to.match(/\p{Script=Han}/u);
      }
    }
  });

  it('sends nothing, and could not', async () => {
    expect(requests.filter((url) => !url.startsWith('file:') && url !== 'data:,')).to.deep.equal([]);
    expect(complaints).to.deep.equal([]);
    for (const reach of [
      () => fetch('http://127.0.0.1:9/'),
      () => fetch('data:,x'),
      () => new Promise((_, reject) => (new WebSocket('ws://127.0.0.1:9/').onerror = reject)),
    ]) {
      const reached = await page.evaluate(reach).then(
        () => true,
        () => false,
      );
      expect(reached).to.equal(false);
    }
    expect(complaints.some((text) => text.includes('Content Security Policy'))).to.equal(true);
    expect(requests.filter((url) => url.includes('127.0.0.1'))).to.deep.equal([]);
  });
});
