// The sandbox itself is killed: what it started ends, and the next one goes on where it was.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { NodeInfo } from '../../node/core/messages/node.ts';
import { until } from '../helpers/consortium.ts';

const SANDBOX = fileURLToPath(new URL('../../scripts/sandbox.ts', import.meta.url));

describe('a sandbox that is killed', () => {
  let data: string;
  let running: ChildProcess | undefined;

  before(async () => (data = await mkdtemp(join(tmpdir(), 'xinlian-killed-'))));
  after(async () => {
    if (running?.kill('SIGTERM')) await once(running, 'close');
    await rm(data, { recursive: true, force: true });
  });

  /** A sandbox that is up, in the midst of what it shows, with so many entries final. */
  async function startUntil(final: number): Promise<ChildProcess> {
    const child = spawn(process.execPath, [SANDBOX, '--data', data], { stdio: ['ignore', 'ignore', 'pipe'] });
    running = child;
    let said = '';
    child.stderr.on('data', (text: Buffer) => (said += text.toString()));
    await until(async () => {
      expect(child.exitCode, said).to.equal(null);
      return (await finalSize()) >= final;
    });
    return child;
  }

  async function finalSize(): Promise<number> {
    const ports = JSON.parse(await readFile(join(data, 'ports.json'), 'utf8')) as {
      players: { regulator: { http: number } };
    };
    const response = await fetch(`http://127.0.0.1:${ports.players.regulator.http}/info`);
    return ((await response.json()) as NodeInfo).logs[0]?.final ?? 0;
  }

  it('leaves no process behind, and goes on where it was', async () => {
    const first = await startUntil(1_000);
    const before = await finalSize();
    first.kill('SIGKILL');
    await once(first, 'exit');
    await startUntil(before);
  });
});
