// The protocol in a browser: its own unit tests and their vectors, in a page.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import { openBrowser, type TestBrowser } from '../helpers/browser/browser.ts';
import { servePage, type PageServer } from '../helpers/browser/page-server.ts';
import type { PageResults } from './page/run.ts';

const UNIT = 'test/unit/core';

const sourceOf = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../unit/core/${name}`, import.meta.url)), 'utf8');

/** Those that compare with something of Node's cannot run here; what they test is run by others. */
const tests = readdirSync(fileURLToPath(new URL(`../../${UNIT}`, import.meta.url))).filter(
  (name) => name.endsWith('.test.ts') && !/ from '(?:node:.*|.*\.node\.ts)';$/m.test(sourceOf(name)),
);

describe('core in a browser', () => {
  let browser: TestBrowser;
  let server: PageServer;
  let page: Page;
  let results: PageResults;
  const complaints: string[] = [];

  before(async () => {
    const setUp = ['mocha.ts', 'hkdf.ts'].map((name) => `test/browser/page/${name}`);
    const units = tests.map((name) => `${UNIT}/${name}`);
    server = await servePage({
      modules: [...setUp, ...units, 'test/browser/page/run.ts'],
      scripts: ['node_modules/mocha/mocha.js'],
    });
    browser = await openBrowser();
    page = await browser.context.newPage();
    page.on('pageerror', (error) => complaints.push(error.stack ?? error.message));
    page.on('console', (message) => complaints.push(message.text()));
    await page.goto(server.origin);
    expect(complaints).to.deep.equal([]);
    results = await page.evaluate(() => globalThis.results);
  });
  after(async () => {
    await (browser as TestBrowser | undefined)?.close();
    await (server as PageServer | undefined)?.close();
  });

  it('passes its unit tests', () => {
    expect(results.failed.join('\n')).to.equal('');
    for (const name of tests) {
      for (const [, title] of sourceOf(name).matchAll(/^describe\('(.+?)',/gm)) {
        expect(
          results.passed.some((passed) => passed.startsWith(`${title} `)),
          title,
        ).to.equal(true);
      }
    }
  });

  it('replays the vectors', () => {
    const names = ['canonical', 'hkdf', 'merkle', 'disclosure', 'sd-jwt', 'signed-note', 'ethereum-blocks'];
    expect(server.inputs).to.include.members(names.map((name) => `test/vectors/${name}.json`));
    const cases = (text: string): number => results.passed.filter((title) => title.includes(text)).length;
    expect(cases('HKDF-Expand as a page has it gives the output of RFC 5869')).to.equal(3);
  });

  it('is made of the browser’s halves, and needs no code that is made of text', () => {
    const halves = ['sha256', 'hkdf', 'base64url'].map((name) => `node/core/${name}.ts`);
    expect(server.inputs).to.include.members(halves);
    expect(server.inputs.filter((path) => path.endsWith('.node.ts'))).to.deep.equal([]);
    expect(complaints).to.deep.equal([]);
  });
});
