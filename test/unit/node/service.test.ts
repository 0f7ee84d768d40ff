import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';

const SERVICE = new URL('../../../node/service.ts', import.meta.url).href;

describe('a process of ours', () => {
  const folder = useTemporaryFolder();

  it('ends where its supervisor went away while it started', async () => {
    const [child, ended] = ['child.mjs', 'ended'].map((name) => join(folder(), name)) as [string, string];
    const log = '{ info() {}, fatal() {} }';
    await writeFile(
      child,
      `import { runService } from ${JSON.stringify(SERVICE)};
       import { once } from 'node:events';
       import { writeFileSync } from 'node:fs';
       process.send('starting');
       const service = {
         httpAddress: () => '',
         peerAddresses: () => [],
         stop: async () => writeFileSync(${JSON.stringify(ended)}, 'in good order'),
       };
       await runService(() => ({}), () => (${log}), async () => (await once(process, 'disconnect'), service));`,
    );
    const stdio = ['ignore', 'ignore', 'inherit', 'ipc'] as const;
    const running = spawn(process.execPath, [child], { stdio: [...stdio] });
    await once(running, 'message');
    const exit = once(running, 'exit');
    running.disconnect();
    expect(await exit).to.deep.equal([0, null]);
    expect(await readFile(ended, 'utf8')).to.equal('in good order');
  });
});
