// Makes a page of this gateway: one HTML file that holds all it needs, and whose policy lets it load nothing else.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { VERSION } from '../../node/version.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface PageSource {
  /** Its script, a path from the root of the project. */
  script: string;
  title: string;
  /** Whether it may call the gateway that it came from. */
  calls: boolean;
}

const PAGES = {
  verify: { script: 'gateway/verifier/page.ts', title: '信链证明核验 Xinlian verifier', calls: false },
  authorise: { script: 'gateway/authorise/page.ts', title: '信链企业授权 Xinlian authorisation', calls: true },
} as const satisfies Record<string, PageSource>;

export type PageName = keyof typeof PAGES;
export const PAGE_NAMES = Object.keys(PAGES) as PageName[];

export async function buildPage(name: PageName): Promise<string> {
  const { script: entry, title, calls } = PAGES[name];
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2024',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
  });
  // An end tag within a string would end the element.
  const script = (outputFiles[0]?.text ?? '').replaceAll('</script', '<\\/script').trimEnd();
  const style = (await readFile(new URL('page.css', import.meta.url), 'utf8')).trimEnd();
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(script)}'`,
    `style-src '${hashOf(style)}'`,
    'img-src data:',
    ...(calls ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="generator" content="Xinlian ${VERSION}">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}</style></head><body><noscript>本页需要 JavaScript。This page needs JavaScript.</noscript>
<script>${script}</script></body></html>
`;
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
