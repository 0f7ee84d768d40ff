// The protocol in a browser: its own unit tests and their vectors, in a page.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { openBrowser, type TestBrowser } from '../helpers/browser/browser.ts';
import { runsInBrowser, servePage, type PageServer } from '../helpers/browser/page-server.ts';
import type { PageResults } from './page/run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(`${ROOT}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`);

/** All of it: where any of it needs Node, there is no page. */
const core = filesIn('node/core', '.ts').filter((path) => !path.endsWith('.node.ts'));

describe('core in a browser', () => {
  let browser: TestBrowser;
  let server: PageServer;
  let results: PageResults;
  const tests: string[] = [];
  const complaints: string[] = [];

  before(async () => {
    // Some compare it with something of Node's: what does not is run here.
    for (const test of filesIn('test/unit/core', '.test.ts')) if (await runsInBrowser(test)) tests.push(test);
    const ofPage = (name: string): string => `test/browser/page/${name}`;
    server = await servePage({
      modules: [ofPage('mocha.ts'), ofPage('hkdf.ts'), ...core, ...tests, ofPage('run.ts')],
      scripts: ['node_modules/mocha/mocha.js'],
    });
    browser = await openBrowser();
    const page = await browser.context.newPage();
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
    for (const test of tests) {
      for (const [, title] of readFileSync(`${ROOT}${test}`, 'utf8').matchAll(/^describe\('(.+?)',/gm)) {
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
    expect(tests).to.have.length.above(10);
    expect(server.inputs.filter((path) => path.endsWith('.node.ts'))).to.deep.equal([]);
    expect(complaints).to.deep.equal([]);
  });
});
