// A development chain that outlives its engine: anvil keeps the chain in memory, this keeps it on disk.
//
// Mining and dumping take turns, so that every dump is of a whole block. A block is final when it is in a dump that
// survives a power cut; whatever kills the engine or this process costs at most the blocks after that.
import { once } from 'node:events';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Engine } from './engine.ts';
import { Generations } from './generations.ts';
import { Processes } from './processes.ts';
import { createProxy } from './proxy.ts';

export interface SupervisorOptions {
  /** Directory of the chain. */
  data: string;
  /** 0: any free one. */
  port: number;
  chainId: number;
  mnemonic: string;
  accounts: number;
  /** An empty block is mined when there was none for so long, so that the head's age means something. */
  heartbeatMs: number;
  /** Between two blocks, at least. */
  blockMs: number;
  log: (text: string) => void;
}

const SHORTEST_DUMP_GAP_MS = 250;
/** A dump grows with the chain: it gets at most a fifth of the time. */
const DUMP_GAP_FACTOR = 4;
const LONGEST_RESTART_MS = 5_000;
/** An engine that ran for so long was not started in vain. */
const STEADY_MS = 10_000;

export class ChainSupervisor {
  readonly #options: SupervisorOptions;
  readonly #generations: Generations;
  readonly #processes: Processes;
  readonly #mark: string;
  #server: Server | undefined;
  #engine: Engine | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #wake = Promise.withResolvers<void>();
  #stopping = false;
  #running: Promise<unknown> = Promise.resolve();
  #work = false;
  #dirty = true;
  #final = 0;
  #lastBlock = 0;
  #nextDump = 0;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#mark = resolve(options.data);
    this.#generations = new Generations(options.data);
    this.#processes = new Processes(options.data, this.#mark);
  }

  /** @returns where it listens, and the accounts that have money */
  async start(): Promise<{ url: string; chainId: number; block: number; accounts: string[] }> {
    await mkdir(this.#options.data, { recursive: true });
    await this.#processes.takeOver();
    const engine = await this.#startEngine();
    // The first block too: a chain that begins again with another one is another chain.
    await this.#dump(engine);
    this.#server = createProxy({
      forward: (body) => this.#forward(body),
      alone: (work) => this.#alone(work),
      transactionSent: () => {
        this.#work = true;
        this.#wake.resolve();
      },
      chainChanged: () => {
        this.#dirty = true;
        this.#wake.resolve();
      },
      final: () => this.#final,
    }).listen(this.#options.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#running = Promise.all([this.#watch(engine), this.#beat()]);
    const { port } = this.#server.address() as AddressInfo;
    const accounts = await engine.call<string[]>('eth_accounts', []);
    return { url: `http://127.0.0.1:${port}`, chainId: this.#options.chainId, block: this.#final, accounts };
  }

  /** Dumps a last time and ends the engine. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#wake.resolve();
    this.#server?.close();
    this.#server?.closeAllConnections();
    try {
      const engine = this.#engine;
      if (engine) await this.#alone(() => this.#dump(engine));
    } finally {
      this.#engine?.kill();
      await this.#running;
      await this.#processes.forget();
    }
  }

  /** From the newest dump that is whole and that the engine takes. */
  async #startEngine(): Promise<Engine> {
    const { data, chainId, mnemonic, accounts, log } = this.#options;
    const engineOptions = { chainId, mnemonic, accounts, mark: this.#mark };
    const numbers = await this.#generations.list();
    for (const number of numbers) {
      const state = await this.#generations.read(number);
      const file = join(data, 'loading.json');
      if (state) {
        await writeFile(file, state);
        try {
          return await this.#adopt(await persistently(() => Engine.start(engineOptions, file), log));
        } catch (error) {
          log(`the engine does not take dump ${number}: ${String(error)}`);
        } finally {
          await rm(file, { force: true });
        }
      } else {
        log(`dump ${number} is torn`);
      }
    }
    if (numbers.length > 0) {
      throw new Error(`none of the ${numbers.length} dumps in ${data} can be used; move it away for a new chain`);
    }
    return this.#adopt(await persistently(() => Engine.start(engineOptions), log));
  }

  async #adopt(engine: Engine): Promise<Engine> {
    await this.#processes.keep(engine.pid);
    this.#final = (await engine.head()).number;
    this.#engine = engine;
    this.#lastBlock = Date.now();
    this.#dirty = true;
    return engine;
  }

  /** Starts the engine again whenever it ends. */
  async #watch(first: Engine): Promise<void> {
    let engine = first;
    let pause = 0;
    for (;;) {
      const started = Date.now();
      await engine.ended;
      this.#engine = undefined;
      if (this.#stopping) return;
      pause = Date.now() - started > STEADY_MS ? 100 : Math.min(LONGEST_RESTART_MS, Math.max(100, pause * 2));
      this.#options.log(`the engine ended; starting it again in ${pause} ms from block ${this.#final}`);
      await wait(pause);
      try {
        engine = await this.#alone(() => this.#startEngine());
        // Asked to stop while it started: nobody else ends it.
        if (this.#stopping) engine.kill();
      } catch (error) {
        this.#options.log(String(error));
      }
    }
  }

  /** Mines what was sent, mines when nothing was, dumps what was mined. */
  async #beat(): Promise<void> {
    const { heartbeatMs, blockMs } = this.#options;
    while (!this.#stopping) {
      const now = Date.now();
      const engine = this.#engine;
      const mineAt = this.#lastBlock + (this.#work ? blockMs : heartbeatMs);
      const dumpAt = this.#dirty ? this.#nextDump : Number.POSITIVE_INFINITY;
      try {
        if (engine && now >= mineAt) await this.#alone(() => this.#mine(engine));
        else if (engine && now >= dumpAt) await this.#alone(() => this.#dump(engine));
        else await this.#idle(engine ? Math.min(mineAt, dumpAt) - now : 50);
      } catch (error) {
        if (this.#engine !== engine) continue;
        // It answers no more, or wrongly: only a new one helps.
        this.#options.log(`the engine fails: ${String(error)}`);
        engine?.kill();
        await engine?.ended;
      }
    }
  }

  async #idle(ms: number): Promise<void> {
    this.#wake = Promise.withResolvers();
    const end = new AbortController();
    try {
      await Promise.race([this.#wake.promise, wait(ms, undefined, { signal: end.signal }).catch(() => undefined)]);
    } finally {
      end.abort();
    }
  }

  async #mine(engine: Engine): Promise<void> {
    this.#work = false;
    await engine.mine();
    this.#lastBlock = Date.now();
    this.#dirty = true;
    // More than a block holds.
    if (await engine.hasWork()) this.#work = true;
  }

  async #dump(engine: Engine): Promise<void> {
    const started = Date.now();
    const { number } = await engine.head();
    await this.#generations.write(await engine.dump());
    this.#final = number;
    this.#dirty = false;
    const took = Date.now() - started;
    this.#nextDump = Date.now() + Math.max(SHORTEST_DUMP_GAP_MS, took * DUMP_GAP_FACTOR);
  }

  async #forward(body: string): Promise<string> {
    const engine = this.#engine;
    if (!engine) throw new Error('it is being started');
    return engine.post(body);
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

/** A start can fail by chance, as where another process takes the port: no reason to go back to an older dump. */
async function persistently<T>(work: () => Promise<T>, log: (text: string) => void): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === 3) throw error;
      log(`${String(error)}; trying again`);
    }
  }
}
