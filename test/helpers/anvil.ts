// A real engine for tests: anvil on a free port of the loopback, ended with the test.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { anvilBinary } from '../../scripts/chain/anvil.ts';
import { freePort } from '../../scripts/free-port.ts';

export interface Anvil {
  /** Address of its JSON-RPC. */
  url: string;
  port: number;
  /** One call, past every client of ours. */
  call<T>(method: string, ...params: unknown[]): Promise<T>;
  /** Stops answering, as a machine that is cut off. */
  pause(): void;
  resume(): void;
  /** Ends it like a power cut. */
  kill(): Promise<void>;
}

export const TEST_CHAIN_ID = 320_904;

/** @param args more options of anvil */
export async function startAnvil(args: string[] = []): Promise<Anvil> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(await freePort(0), args);
    } catch (error) {
      // Another process may have taken the port in between.
      if (attempt === 3) throw error;
    }
  }
}

async function startOn(chosen: number, args: string[]): Promise<Anvil> {
  const child = spawn(
    anvilBinary(),
    ['--port', String(chosen), '--hardfork', 'london', '--chain-id', String(TEST_CHAIN_ID), '--quiet', ...args],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  // A test that fails before it ends its anvil must not leave it behind.
  const end = (): void => void child.kill('SIGKILL');
  process.once('exit', end);
  const url = `http://127.0.0.1:${chosen}`;
  const call = async <T>(method: string, ...params: unknown[]): Promise<T> => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    const answer = (await response.json()) as { result?: T; error?: { message: string } };
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`);
    return answer.result as T;
  };
  await untilAnswering(child, () => call('eth_chainId'));
  return {
    url,
    port: chosen,
    call,
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    kill: async () => {
      process.removeListener('exit', end);
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

async function untilAnswering(child: ChildProcess, ask: () => Promise<unknown>): Promise<void> {
  for (;;) {
    const ended = child.exitCode ?? child.signalCode;
    if (ended !== null) throw new Error(`anvil ended with ${ended}`);
    try {
      await ask();
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
