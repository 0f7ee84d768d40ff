// One geth process: a validator, or a node that only follows. Loopback only, no discovery, its own folder and keys.
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { encryptKeystoreJson } from 'ethers/wallet';
import { freePort } from '../free-port.ts';

const READY_WITHIN_MS = 60_000;
const STOP_WITHIN_MS = 20_000;
/** The key guards test money: the folder is as open as the process. */
const PASSWORD = 'test';

export interface ValidatorOptions {
  geth: string;
  /** Its folder, which is made. */
  folder: string;
  name: string;
  chainId: number;
}

export class Validator {
  readonly name: string;
  /** Account that signs blocks. EIP-55. */
  readonly address: string;
  /** JSON-RPC, with the administrative calls. */
  readonly url: string;
  readonly enode: string;
  readonly #command: string[];
  readonly #logFile: string;
  #process: ChildProcess | undefined;

  private constructor(options: {
    name: string;
    address: string;
    url: string;
    enode: string;
    command: string[];
    logFile: string;
  }) {
    this.name = options.name;
    this.address = options.address;
    this.url = options.url;
    this.enode = options.enode;
    this.#command = options.command;
    this.#logFile = options.logFile;
  }

  /** Makes its keys and chooses its ports; starts nothing. */
  static async create({ geth, folder, name, chainId }: ValidatorOptions): Promise<Validator> {
    await mkdir(join(folder, 'keystore'), { recursive: true, mode: 0o700 });
    await mkdir(join(folder, 'geth'), { recursive: true, mode: 0o700 });
    const account = new SigningKey(randomBytes(32));
    const address = computeAddress(account.publicKey);
    // Few rounds on purpose: a network of these is made in every test.
    const keystore = await encryptKeystoreJson({ address, privateKey: account.privateKey }, PASSWORD, {
      scrypt: { N: 1024 },
    });
    await writeFile(join(folder, 'keystore', `${address}.json`), keystore, { mode: 0o600 });
    await writeFile(join(folder, 'password'), PASSWORD, { mode: 0o600 });
    const peer = new SigningKey(randomBytes(32));
    await writeFile(join(folder, 'geth', 'nodekey'), peer.privateKey.slice(2), { mode: 0o600 });

    const [port, http, engine] = [await freePort(0), await freePort(0), await freePort(0)];
    const command = [
      [geth, '--datadir', folder, '--networkid', String(chainId), '--verbosity', '2', '--ipcdisable'],
      ['--nodiscover', '--nat', 'none', '--netrestrict', '127.0.0.0/8', '--port', String(port)],
      ['--http', '--http.addr', '127.0.0.1', '--http.port', String(http)],
      ['--http.api', 'eth,net,web3,admin,clique,txpool,miner', '--authrpc.port', String(engine)],
      // Every block's state goes to the disk: one that is killed goes on at its head, and never seals a number twice.
      ['--syncmode', 'full', '--gcmode', 'archive', '--cache', '64'],
      ['--unlock', address, '--password', join(folder, 'password'), '--allow-insecure-unlock'],
      ['--miner.etherbase', address, '--miner.gasprice', '1', '--txpool.pricelimit', '1'],
      // A console whose input ends with the process that started it: nothing is left behind, however that went.
      ['console'],
    ].flat();
    return new Validator({
      name,
      address,
      url: `http://127.0.0.1:${http}`,
      enode: `enode://${peer.publicKey.slice(4)}@127.0.0.1:${port}`,
      command,
      logFile: join(folder, 'geth.log'),
    });
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  get running(): boolean {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Writes the first block. Once, before the first start. */
  async initialise(genesisFile: string): Promise<void> {
    const [geth = '', , folder = ''] = this.#command;
    const child = spawn(geth, ['--datadir', folder, 'init', '--state.scheme', 'hash', genesisFile], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`geth init ended with ${code}:\n${said}`);
  }

  /** Resolves when it answers. It seals when it is told to (`miner_start`): before, it may follow peers that are ahead. */
  async start(): Promise<void> {
    if (this.running) throw new Error(`${this.name} is running`);
    const [geth = '', ...args] = this.#command;
    const child = spawn(geth, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    child.stderr.pipe(createWriteStream(this.#logFile, { flags: 'a' }));
    this.#process = child;
    const deadline = Date.now() + READY_WITHIN_MS;
    for (;;) {
      if (!this.running) throw new Error(`${this.name} ended; see ${this.#logFile}`);
      const answered = await this.call('eth_chainId').then(
        () => true,
        () => false,
      );
      if (answered) return;
      if (Date.now() > deadline) throw new Error(`${this.name} does not answer; see ${this.#logFile}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it in good order. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** Ends it like a power cut. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** One call, past every client of ours. */
  async call<T>(method: string, ...params: unknown[]): Promise<T> {
    const response = await fetch(this.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    const answer = (await response.json()) as { result?: T; error?: { message: string } };
    if (answer.error) throw new Error(`${this.name}: ${method}: ${answer.error.message}`);
    return answer.result as T;
  }

  /** Number of its head. */
  async head(): Promise<number> {
    return Number(await this.call('eth_blockNumber'));
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    if (!child || !this.running) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
    await gone;
    clearTimeout(kill);
  }
}
