// One run of anvil, mined by hand: what is dumped is then a whole block, never a state ahead of its block.
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../free-port.ts';
import { anvilBinary } from './anvil.ts';

export interface EngineOptions {
  chainId: number;
  mnemonic: string;
  accounts: number;
  /** Stands in the command line, so that a later run knows it again. */
  mark: string;
}

export interface Block {
  number: number;
  /** Seconds since 1970. */
  time: number;
}

/** Longer than any call takes: an engine that does not answer for this long is ended. */
const TIMEOUT_MS = 60_000;
const STARTING_MS = 20_000;

export class Engine {
  readonly #child: ChildProcess;
  readonly #url: string;
  /** Resolves when the process is gone. */
  readonly ended: Promise<void>;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#url = `http://127.0.0.1:${port}`;
    this.ended = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
  }

  /** @param state file to load @throws where anvil ends before it answers, as it does with a state that it cannot read */
  static async start({ chainId, mnemonic, accounts, mark }: EngineOptions, state?: string): Promise<Engine> {
    const port = await freePort(0);
    const options: Record<string, string | number> = {
      '--host': '127.0.0.1',
      '--port': port,
      '--hardfork': 'london',
      '--chain-id': chainId,
      '--mnemonic': mnemonic,
      '--accounts': accounts,
      '--balance': 1_000_000,
      '--base-fee': 0,
      '--gas-price': 0,
      '--cache-path': mark,
      ...(state !== undefined && { '--load-state': state }),
    };
    const flags = ['--no-mining', '--no-cors', '--disable-min-priority-fee', '--no-request-size-limit', '--quiet'];
    const args = [...flags, ...Object.entries(options).flat().map(String)];
    const child = spawn(anvilBinary(), args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const engine = new Engine(child, port);
    for (const deadline = Date.now() + STARTING_MS; Date.now() < deadline;) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      try {
        await engine.call('eth_chainId', []);
        return engine;
      } catch {
        await wait(20);
      }
    }
    const code = child.exitCode ?? child.signalCode ?? 'none';
    engine.kill();
    throw new Error(`anvil does not answer (exit code ${code})`);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** @returns the answer's text, whatever it is */
  async post(body: string): Promise<string> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return response.text();
  }

  async call<T>(method: string, params: unknown[]): Promise<T> {
    const text = await this.post(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }));
    const { result, error } = JSON.parse(text) as { result: T; error?: { message: string } };
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  }

  /** Mines a block, which costs nothing: without this, one full block makes gas dearer for good. */
  async mine(): Promise<void> {
    await this.call('anvil_setNextBlockBaseFeePerGas', ['0x0']);
    await this.call('evm_mine', []);
  }

  /** Whether transactions wait that the next block can take. */
  async hasWork(): Promise<boolean> {
    const { pending } = await this.call<{ pending: string }>('txpool_status', []);
    return Number(pending) > 0;
  }

  async head(): Promise<Block> {
    const block = await this.call<{ number: string; timestamp: string }>('eth_getBlockByNumber', ['latest', false]);
    return { number: Number(block.number), time: Number(block.timestamp) };
  }

  /** The whole chain, gzipped JSON. */
  async dump(): Promise<Uint8Array> {
    const hex = await this.call<string>('anvil_dumpState', []);
    return Buffer.from(hex.slice(2), 'hex');
  }
}
