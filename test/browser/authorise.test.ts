// The authorisation page in a real browser, from a real gateway: an enterprise signs with a wallet (EIP-1193) or a key file,
// and a provider answers the bank under what it signed.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Wallet, type TypedDataField } from 'ethers';
import type { Download, Page } from 'playwright-core';
import { newAgreement } from '#agreement';
import { toBase64Url } from '../../node/core/bytes.ts';
import { grantDocument, type GrantDocument } from '../../node/core/grant.ts';
import type { WantedGrant } from '../../node/core/grant-request.ts';
import { createKeyFile } from '../../node/keys/key-file.ts';
import { Secret } from '../../node/keys/secret.ts';
import { ENTERPRISE, player, Programs, taxRows } from '../../scripts/sandbox/programs.ts';
import type { Grantee } from '../../gateway/client/grantee.ts';
import { openBrowser, type TestBrowser } from '../helpers/browser/browser.ts';
import { startConsortium, until, type TestConsortium } from '../helpers/consortium.ts';
import { useTemporaryFolder } from '../helpers/temporary-folder.ts';

const DAY = 86_400;
const TAX = player('tax').id;
/** Of somebody. */
const SEAL = toBase64Url(newAgreement().publicKey);

/** What the page asks of the wallet, and what its holder says. */
class TestWallet {
  readonly wallet = Wallet.createRandom();
  readonly shown: string[] = [];
  refuses = false;

  async request({ method, params }: { method: string; params?: unknown[] }): Promise<unknown> {
    if (method === 'eth_requestAccounts') return [this.wallet.address];
    if (method !== 'eth_signTypedData_v4') throw new Error(`the wallet has no ${method}`);
    const [account, text] = params as [string, string];
    if (account.toLowerCase() !== this.wallet.address.toLowerCase()) throw new Error('another account');
    const { domain, types, message } = JSON.parse(text) as {
      domain: object;
      types: Record<string, TypedDataField[]>;
      message: Record<string, unknown>;
    };
    if (this.refuses) throw new Error('User rejected the request.');
    this.shown.push(Object.values(message).join('\n'));
    const { EIP712Domain: _, ...own } = types;
    return this.wallet.signTypedData(domain, own, message);
  }
}

describe('the authorisation page', () => {
  const folder = useTemporaryFolder();
  const wallet = new TestWallet();
  let browser: TestBrowser;
  let consortium: TestConsortium;
  let programs: Programs;
  let bank: Grantee;
  let page: Page;
  const complaints: string[] = [];
  const calls = new Set<string>();

  before(async () => {
    browser = await openBrowser();
    consortium = await startConsortium(['dafeng', 'tax', 'bank']);
    programs = await Programs.open(consortium, consortium.data);
    bank = await programs.bank();
    const { sealed } = await programs.program('tax');
    const given = { item: 'tax-payment', submission: 'for-a-page' };
    for await (const _ of sealed.publish(taxRows(2, player('tax')), given));
    await browser.context.exposeFunction('askWallet', (call: { method: string; params?: unknown[] }) =>
      wallet.request(call).then(
        (value) => ({ value }),
        (error: Error) => ({ error: error.message }),
      ),
    );
    // As an extension does it: announced by EIP-6963, failing by a plain object with a code.
    await browser.context.addInitScript(() => {
      type Ask = (call: unknown) => Promise<{ value?: unknown; error?: string }>;
      const provider = {
        async request(call: unknown) {
          const { value, error } = await (globalThis as unknown as { askWallet: Ask }).askWallet(call);
          if (error !== undefined) throw { code: 4001, message: error };
          return value;
        },
      };
      const announce = () => {
        const detail = { info: { uuid: '1', name: 'Test wallet', icon: 'data:,', rdns: 'test' }, provider };
        window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail }));
      };
      window.addEventListener('eip6963:requestProvider', announce);
    });
  });
  after(async () => {
    await (programs as Programs | undefined)?.close();
    await (browser as TestBrowser | undefined)?.close();
    await (consortium as TestConsortium | undefined)?.stop();
  });

  beforeEach(async () => {
    page = await browser.context.newPage();
    page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
    page.on('request', (request) => calls.add(new URL(request.url()).origin));
    await page.goto(`${consortium.gatewayUrl('dafeng')}/authorise`);
  });
  afterEach(() => page.close());

  function wanted(matter: string): WantedGrant {
    const { id: member, uscc, name } = player('bank');
    const from = Math.floor(Date.now() / 1000) - 60;
    const terms = { purpose: 'pre-loan', matter, uses: 0, from, to: from + 30 * DAY, retentionDays: 365 };
    const items = [
      { item: 'tax-payment', months: 60 },
      { item: 'social-insurance', months: 12 },
    ];
    const grantee = { member, uscc, name };
    const more = { regions: ['320900'], automated: '', policy: 'cn-authorisation-2026' };
    return { subject: ENTERPRISE, grantee, items, ...terms, ...more };
  }

  async function certify(transaction: string, seal: string): Promise<string> {
    const { sealed } = await programs.program('dafeng');
    const { certificate } = await sealed.certify({
      sub: ENTERPRISE.uscc,
      name: ENTERPRISE.name,
      capacity: 'legal-representative',
      level: 'A',
      key: transaction.toLowerCase(),
      seal,
      days: 30,
    });
    const file = join(folder(), 'certificate.jws');
    await writeFile(file, `${certificate}\n`);
    return file;
  }

  async function said(kind: 'good' | 'bad'): Promise<string> {
    return page.locator(`#outcome .${kind}`).innerText({ timeout: 60_000 });
  }

  /** Clicks, and keeps what the page gives to be saved. */
  async function saving(selector: string, files: number): Promise<Map<string, string>> {
    const downloads: Download[] = [];
    const keep = (download: Download) => downloads.push(download);
    page.on('download', keep);
    await page.click(selector);
    await said('good');
    await until(async () => downloads.length === files);
    page.off('download', keep);
    const saved = await Promise.all(
      downloads.map(async (one) => [one.suggestedFilename(), await readFile(await one.path(), 'utf8')] as const),
    );
    return new Map(saved);
  }

  async function answered(grant: GrantDocument): Promise<{ level: string | undefined; records: number }> {
    let told = { level: undefined as string | undefined, records: 0 };
    await until(async () => {
      const [one] = (await bank.ask({ grant, providers: [TAX] })).providers;
      if (!one || !('answer' in one) || one.answer.body.outcome !== 'answered') return false;
      told = { level: one.answer.receipt.level, records: one.answer.body.records.length };
      return true;
    });
    return told;
  }

  it('has a wallet certified, shows it what a bank asks, narrows and grants that: a provider answers at level A', async () => {
    const centre = player('dafeng').id;
    const asked = await bank.request(centre, wanted('DK-PAGE'));
    const other = await bank.request(centre, wanted('DK-NO'));
    const became = ({ id, reply }: typeof asked) => bank.requestState(centre, id, newAgreement(reply));
    await page.click('text=Connect Test wallet');
    await page.waitForSelector(`#account:has-text("${wallet.wallet.address.toLowerCase()}")`);
    await page.click('summary');
    const files = await saving('#public', 1);
    const { transaction, sealing } = JSON.parse(files.get('public.json')!) as Record<string, string>;
    await page.setInputFiles('#certificate', await certify(transaction!, sealing!));

    await page.click('#requests');
    const card = page.locator('article', { hasText: 'DK-PAGE' });
    expect(await card.innerText())
      .to.include('纳税信息 Tax payments')
      .and.include('贷前');
    await card.locator('input[name="social-insurance"]').fill('0');
    await card.locator('input[name="tax-payment"]').fill('61');
    expect(await said('bad')).to.include('tax-payment:61');
    await card.locator('input[name="tax-payment"]').fill('36');
    expect(await card.locator('pre').innerText())
      .to.include('最近36个月')
      .and.not.include('社会保险');

    wallet.refuses = true;
    await card.locator('.grant').click();
    expect(await said('bad')).to.include('User rejected');
    wallet.refuses = false;
    const saved = await saving('article:has-text("DK-PAGE") .grant', 2);
    expect([...saved.keys()].some((name) => name.endsWith('.json.key'))).to.equal(true);
    // The wallet showed the words themselves.
    expect(wallet.shown.some((text) => text.includes('纳税信息(最近36个月)') && text.includes('撤回方式'))).to.equal(
      true,
    );

    const { state, document } = await became(asked);
    expect(state.state).to.equal('granted');
    expect(await answered(document!)).to.deep.equal({ level: 'A', records: 2 });

    await page.locator('article .reason').fill('不需要');
    await page.click('article .refuse');
    expect(await said('good')).to.include('Refused');
    expect((await became(other)).state).to.include({ state: 'refused', reason: '不需要' });
  });

  it('signs a draft by a key file, and withdraws it', async () => {
    const file = join(folder(), 'keys.json');
    const { transaction, sealing } = await createKeyFile(file, new Secret('corréct'), { scryptN: 1_024 });
    const certificate = await certify(transaction, toBase64Url(sealing));
    const draft = join(folder(), 'draft.json');
    await writeFile(draft, JSON.stringify(wanted('DK-DRAFT')));
    await page.setInputFiles('#keys', file);
    await page.fill('#passphrase', 'wrong');
    await page.click('#open');
    expect(await said('bad')).to.include('passphrase');
    await page.fill('#passphrase', 'corréct');
    await page.click('#open');
    await page.waitForSelector(`#account:has-text("${transaction.toLowerCase()}")`);
    await page.setInputFiles('#certificate', certificate);
    await page.setInputFiles('#draft', draft);
    const saved = await saving('article .grant', 2);
    const name = [...saved.keys()].find((one) => one.endsWith('.json'));
    const document = grantDocument.decode(new TextEncoder().encode(saved.get(name!)));
    expect(await answered(document)).to.deep.equal({ level: 'A', records: 2 });

    const key = join(folder(), 'grant.key');
    await writeFile(key, saved.get(`${name}.key`)!);
    await page.setInputFiles('#withdrawn', key);
    await page.click('#withdraw');
    expect(await said('good')).to.include('Withdrawn');
    const [after] = (await bank.ask({ grant: document, providers: [TAX] })).providers;
    expect(after).to.have.nested.property('answer.body.reason', 'GRANT_WITHDRAWN');
  });

  it('signs nothing under the certificate of another account, nor a grant of another enterprise', async () => {
    await page.click('text=Connect Test wallet');
    await page.waitForSelector('#account:has-text("0x")');
    const draft = join(folder(), 'draft.json');
    await writeFile(draft, JSON.stringify(wanted('DK-OTHER')));
    const before = wallet.shown.length;
    await page.setInputFiles('#certificate', await certify(Wallet.createRandom().address, SEAL));
    await page.setInputFiles('#draft', draft);
    await page.click('article .grant');
    expect(await said('bad')).to.include('which the certificate names');
    await page.setInputFiles('#certificate', await certify(wallet.wallet.address, SEAL));
    const { uscc, name } = player('tax');
    await writeFile(draft, JSON.stringify({ ...wanted('DK-FOREIGN'), subject: { uscc, name } }));
    await page.setInputFiles('#draft', []);
    await page.setInputFiles('#draft', draft);
    await page.locator('article', { hasText: 'DK-FOREIGN' }).locator('.grant').click();
    expect(await said('bad')).to.include(uscc);
    expect(wallet.shown).to.have.length(before);
  });

  it('calls its gateway alone, and complains of nothing', () => {
    expect([...calls].filter((origin) => origin !== 'null')).to.deep.equal([consortium.gatewayUrl('dafeng')]);
    expect(complaints).to.deep.equal([]);
  });
});
