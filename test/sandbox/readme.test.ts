// Every command of the two READMEs is run, as it stands there, against a sandbox that `npm start` brought up.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DATA = 'data/sandbox';

/** Lines of all `sh` blocks. */
async function commandsOf(file: string): Promise<string[]> {
  const text = await readFile(join(ROOT, file), 'utf8');
  return [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.trim().split('\n'));
}

/** This suite is part of `npm test`, and `.ci/run` runs the check: they are not run inside themselves. */
const RUN_ELSEWHERE = ['npm test', 'npm run check'];

describe('the READMEs', () => {
  let data: string;
  let sandbox: ChildProcess;

  before(async () => {
    data = await mkdtemp(join(tmpdir(), 'xinlian-readme-'));
    sandbox = shell(`npm start -- --data ${data}`, ['ignore', 'ignore', 'pipe']);
    for await (const line of createInterface({ input: sandbox.stderr as Readable })) {
      if (line.includes('where to look')) break;
    }
    // What it says from now on is read and dropped, so that it never waits for a reader.
    sandbox.stderr?.resume();
  });

  after(async () => {
    sandbox.kill('SIGTERM');
    // Not when npm ends but when the last process that it left does: they share this pipe.
    await once(sandbox, 'close');
    await rm(data, { recursive: true, force: true });
  });

  it('name the same commands in both languages', async () => {
    expect(await commandsOf('README.zh-CN.md')).to.deep.equal(await commandsOf('README.md'));
  });

  it('name commands that work', async () => {
    const commands = await commandsOf('README.md');
    expect(commands).to.include('npm start');
    expect(commands).to.include.members(RUN_ELSEWHERE);
    const left = commands.filter((command) => command !== 'npm start' && !RUN_ELSEWHERE.includes(command));
    expect(left).to.have.length.above(5);
    for (const command of left) {
      const child = shell(command.replaceAll(DATA, data), ['ignore', 'pipe', 'pipe']);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (text: Buffer) => (output += text.toString()));
      const [code] = (await once(child, 'close')) as [number];
      expect(code, `${command}\n${output}`).to.equal(0);
      expect(output, command).to.not.equal('');
    }
  });
});

function shell(command: string, stdio: ('ignore' | 'pipe')[]): ChildProcess {
  return spawn('sh', ['-c', `exec ${command}`], { cwd: ROOT, stdio });
}
