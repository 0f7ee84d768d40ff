// The way in that docs/integrate.md works out in curl and openssl, run as it stands there against real processes. Run within
// the suite of authorised exchange, on its cluster.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { player, type Made } from '../../scripts/sandbox/programs.ts';
import type { TestConsortium } from '../helpers/consortium.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));

interface World {
  consortium: TestConsortium;
  lasting: Made;
}

export function describeIntegration(world: () => World): void {
  it('is worked out in curl and openssl: a certified key, a token, a check', async () => {
    const { consortium, lasting } = world();
    const text = await readFile(join(ROOT, 'docs', 'integrate.md'), 'utf8');
    const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block);
    expect(blocks).to.have.length(3);
    const folder = await mkdtemp(join(tmpdir(), 'xinlian-integrate-'));
    try {
      // The command line is started from the project's folder, the files are made in another.
      const npm = `npm() { (cd ${ROOT}; args=("$@"); args=("\${args[@]/app.jwk/${folder}/app.jwk}"); command npm "\${args[@]}"); }`;
      const env = {
        ...process.env,
        GATEWAY: consortium.gatewayUrl('dafeng'),
        MEMBER: player('bank').id,
        GRANT: lasting.draft.hash,
        PROFILE: consortium.profile('bank'),
      };
      const script = ['set -euo pipefail', npm, ...blocks].join('\n');
      const { stdout } = await run('bash', ['-c', script], { cwd: folder, env });
      const { results } = JSON.parse(stdout) as { results: unknown };
      expect(results).to.deep.equal([{ grant: lasting.draft.hash, ok: true }]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
}
