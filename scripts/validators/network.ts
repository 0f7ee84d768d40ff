// A chain that several geth validators seal by turns (Clique, EIP-225), each a process of its own on this machine.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SigningKey } from 'ethers/crypto';
import { computeAddress, Transaction } from 'ethers/transaction';
import { finalityDepth } from '../../node/chain/finality.ts';
import { cliqueGenesis } from './clique-genesis.ts';
import { Validator } from './validator.ts';

export interface NetworkOptions {
  geth: string;
  /** A folder that is there. */
  data: string;
  /** Validators from block 0 on. */
  validators: number;
  /** Seconds between blocks; 0: a block whenever there is a transaction. */
  period: number;
}

const CHAIN_ID = 320_904;
const FUNDING = 10n ** 20n;
/** More than the processes take to start and meet. */
const START_SECONDS = 10;
const GAS_PRICE = 2_000_000_000n;

export class ValidatorNetwork {
  readonly chainId = CHAIN_ID;
  readonly period: number;
  readonly validators: Validator[];
  readonly #options: NetworkOptions;
  readonly #genesisFile: string;
  /** Has all the money: gas has a price on this engine, and no value. */
  readonly #funder: SigningKey;
  /** Which validators see each other. */
  #groups: Validator[][];

  private constructor(options: NetworkOptions, funder: SigningKey, validators: Validator[]) {
    this.#options = options;
    this.period = options.period;
    this.#genesisFile = genesisFileOf(options);
    this.#funder = funder;
    this.validators = validators;
    this.#groups = [[...validators]];
  }

  /** Starts all of them, and waits until they seal. What was started is ended where one fails. */
  static async start(options: NetworkOptions): Promise<ValidatorNetwork> {
    const validators: Validator[] = [];
    for (let i = 0; i < options.validators; i++) validators.push(await createValidator(options, i));
    const funder = new SigningKey(randomBytes(32));
    const genesis = cliqueGenesis({
      chainId: CHAIN_ID,
      period: options.period,
      signers: validators.map(({ address }) => address),
      // All wait for the first block before it is due: signers that begin at once, each with a block of its own that the
      // others are not ready to take, can wait for one another for ever (EIP-3436).
      time: Math.floor(Date.now() / 1_000) + (options.period > 0 ? START_SECONDS : 0),
      funded: computeAddress(funder.publicKey),
    });
    await writeFile(genesisFileOf(options), JSON.stringify(genesis, null, 2));
    const network = new ValidatorNetwork(options, funder, validators);
    try {
      await Promise.all(validators.map((validator) => validator.initialise(network.#genesisFile)));
      await Promise.all(validators.map((validator) => validator.start()));
      for (const validator of validators) await network.#meet(validator);
      for (const validator of validators) await validator.call('miner_start');
      if (options.period > 0) await network.until(async () => (await validators[0]?.head()) !== 0);
      return network;
    } catch (error) {
      await network.stop();
      throw error;
    }
  }

  validator(index: number): Validator {
    const found = this.validators[index];
    if (!found) throw new Error(`the network has no validator ${index}`);
    return found;
  }

  /** One more node, started and connected. It seals nothing before the others vote it in. */
  async join(): Promise<Validator> {
    const joining = await createValidator(this.#options, this.validators.length);
    this.validators.push(joining);
    this.#groups[0]?.push(joining);
    await joining.initialise(this.#genesisFile);
    await this.restart(joining);
    return joining;
  }

  /** Starts again what was killed or stopped. It seals when it has caught up. */
  async restart(validator: Validator): Promise<void> {
    await validator.start();
    await this.#meet(validator);
    const others = this.validators.filter((other) => other !== validator && other.running);
    const heads = await Promise.all(others.map((other) => other.head()));
    await this.until(async () => (await validator.head()) >= Math.max(...heads));
    await validator.call('miner_start');
  }

  /** Splits the network: from now on a node sees those of its own group alone. */
  async partition(...groups: Validator[][]): Promise<void> {
    this.#groups = groups;
    for (const one of groups.flat()) {
      for (const other of groups.flat()) {
        if (one === other || groups.some((group) => group.includes(one) && group.includes(other))) continue;
        await one.call('admin_removePeer', other.enode);
      }
    }
  }

  /** One network again. Engines take up to 35 seconds before they dial a peer anew. */
  async heal(): Promise<void> {
    this.#groups = [this.validators];
    for (const validator of this.validators) if (validator.running) await this.#meet(validator);
  }

  /** Sends each account 100 ether, and waits until it has them for good. */
  async fund(accounts: readonly string[]): Promise<void> {
    const validator = this.validators.find(({ running }) => running);
    if (!validator) throw new Error('no validator is running');
    const from = computeAddress(this.#funder.publicKey);
    const first = Number(await validator.call('eth_getTransactionCount', from, 'pending'));
    const sent: string[] = [];
    for (const [i, to] of accounts.entries()) {
      const { chainId } = this;
      const nonce = first + i;
      const fees = { type: 2, gasLimit: 21_000, maxFeePerGas: GAS_PRICE, maxPriorityFeePerGas: 1n };
      const transaction = Transaction.from({ ...fees, chainId, nonce, to, value: FUNDING });
      transaction.signature = this.#funder.sign(transaction.unsignedHash);
      sent.push(await validator.call<string>('eth_sendRawTransaction', transaction.serialized));
    }
    // At every one of them: the next transaction may go to any, and a block that one has may still lose to another.
    const running = this.validators.filter((one) => one.running);
    for (const one of running) {
      for (const hash of sent) {
        // An engine that has just begun refuses to tell what it has not indexed yet.
        const receipt = (): Promise<unknown> => one.call('eth_getTransactionReceipt', hash).catch(() => null);
        await this.until(async () => (await receipt()) !== null);
      }
    }
    if (this.period === 0) return;
    const deep = (await validator.head()) + finalityDepth({ kind: 'clique', signers: this.#options.validators }) - 1;
    await this.until(async () => (await Promise.all(running.map((one) => one.head()))).every((head) => head >= deep));
  }

  /** Asks until it is so. Throws after four minutes. */
  async until(check: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 240_000;
    while (!(await check())) {
      if (Date.now() > deadline) throw new Error('the validators did not come to it within four minutes');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(): Promise<void> {
    // Killed, not asked: what they know is of no use to anyone any more.
    await Promise.all(this.validators.map((validator) => validator.kill()));
  }

  async #meet(validator: Validator): Promise<void> {
    const group = this.#groups.find((members) => members.includes(validator)) ?? [];
    for (const other of group) {
      if (other === validator || !other.running) continue;
      // From both sides: a side that dialled the other a moment ago must wait before it does so again.
      await validator.call('admin_addPeer', other.enode);
      await other.call('admin_addPeer', validator.enode);
    }
  }
}

function genesisFileOf({ data }: NetworkOptions): string {
  return join(data, 'genesis.json');
}

async function createValidator({ geth, data }: NetworkOptions, index: number): Promise<Validator> {
  const name = `validator-${index}`;
  return Validator.create({ geth, folder: join(data, name), name, chainId: CHAIN_ID });
}
