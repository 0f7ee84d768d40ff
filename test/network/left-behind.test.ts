// Whoever started validators is killed: they end with it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { until } from '../helpers/consortium.ts';
import { useTemporaryFolder } from '../helpers/temporary-folder.ts';

const STARTER = fileURLToPath(new URL('../helpers/network/run-validators.ts', import.meta.url));

describe('validators whose starter is killed', () => {
  const folder = useTemporaryFolder();

  it('leave no process behind', async () => {
    const starter = spawn(process.execPath, [STARTER, folder()], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface({ input: starter.stdout }), 'line')) as [string];
    const pids = JSON.parse(line) as number[];
    expect(pids).to.have.length(2);
    expect(pids.every(runs)).to.equal(true);
    starter.kill('SIGKILL');
    await until(async () => !pids.some(runs));
  });
});

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
