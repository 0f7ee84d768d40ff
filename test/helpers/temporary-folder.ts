import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Makes a folder before each test of the suite, and removes it behind it. @returns gives its path */
export function useTemporaryFolder(): () => string {
  let path = '';
  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'xinlian-'));
  });
  afterEach(() => rm(path, { recursive: true, force: true }));
  return () => path;
}
