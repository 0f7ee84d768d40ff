// A real browser, with nothing in its profile, that reaches loopback and nothing else.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext } from 'playwright-core';
import { findChromium } from '../../../scripts/chromium.ts';

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

export interface TestBrowser {
  context: BrowserContext;
  close(): Promise<void>;
}

export async function openBrowser(): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'xinlian-browser-'));
  const forget = (): Promise<void> => rm(profile, { recursive: true, force: true });
  try {
    const context = await chromium.launchPersistentContext(profile, { executablePath: findChromium(), args: FLAGS });
    const close = async (): Promise<void> => {
      await context.close();
      await forget();
    };
    return { context, close };
  } catch (error) {
    await forget();
    throw error;
  }
}
