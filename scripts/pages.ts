// Makes the pages of a gateway as HTML files: `node scripts/pages.ts [verify | authorise] [FILE]`, both without a name.
// Set-up runs it; the gateway serves them at /verify and /authorise.
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AUTHORISE_FILE, VERIFIER_FILE } from '../gateway/options.ts';
import { buildPage, PAGE_NAMES, type PageName } from '../gateway/page/build.ts';

const FILES: Record<PageName, string> = { verify: VERIFIER_FILE, authorise: AUTHORISE_FILE };

const [asked, file] = process.argv.slice(2);
const names = PAGE_NAMES.filter((name) => asked === undefined || name === asked);
if (names.length === 0) throw new RangeError(`wanted ${PAGE_NAMES.join(' or ')}, got ${asked}`);
for (const name of names) {
  const path = file ?? FILES[name];
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.tmp`, await buildPage(name));
  await rename(`${path}.tmp`, path);
}
