// A network of four validators in two parts: three go on there, and one seals a single block that will not stay.
import { expect } from 'chai';
import type { ValidatorNetwork } from '../../../scripts/validators/network.ts';
import type { Validator } from '../../../scripts/validators/validator.ts';

export interface SealedBlock {
  number: string;
  hash: string;
  transactions: { to: string | null }[];
}

/** Who sealed one of the last so many blocks may not seal the next: the one that is cut off rests before. */
const REST = 3;

export class Partition {
  readonly majority: Validator;
  /** Is cut off. */
  readonly minority: Validator;
  readonly #network: ValidatorNetwork;

  private constructor(network: ValidatorNetwork, majority: Validator, minority: Validator) {
    this.#network = network;
    this.majority = majority;
    this.minority = minority;
  }

  /** From now on the one seals nothing until it is told to. */
  static async cut(network: ValidatorNetwork, cutOff: number): Promise<Partition> {
    const minority = network.validator(cutOff);
    const others = network.validators.filter((validator) => validator !== minority);
    const partition = new Partition(network, others[0] as Validator, minority);
    const { majority } = partition;
    await minority.call('miner_stop');
    const rested = (await majority.head()) + REST;
    await network.until(async () => (await majority.head()) >= rested && (await minority.head()) >= rested);
    await network.partition(others, [minority]);
    return partition;
  }

  /** How many transactions to a contract wait at the one that is cut off. */
  async waiting(contract: string): Promise<number> {
    const { pending } = await this.minority.call<{
      pending: Record<string, Record<string, { to: string | null }>>;
    }>('txpool_content');
    return Object.values(pending)
      .flatMap((ofOne) => Object.values(ofOne))
      .filter(({ to }) => isTo(to, contract)).length;
  }

  /** Lets the one that is cut off seal the block that it may. */
  async fork(): Promise<SealedBlock> {
    const before = await this.minority.head();
    await this.minority.call('miner_start');
    await this.#network.until(async () => (await this.minority.head()) > before);
    return blockOf(this.minority, 'latest');
  }

  /** Joins both when the other side is longer, and waits until the fork is taken back. */
  async heal(forked: SealedBlock): Promise<void> {
    await this.#network.until(async () => (await this.majority.head()) > Number(forked.number) + REST);
    const other = await blockOf(this.majority, forked.number);
    expect(other.hash).to.not.equal(forked.hash);
    await this.#network.heal();
    await this.#network.until(async () => (await blockOf(this.minority, forked.number)).hash === other.hash);
  }
}

/** How many of a block's transactions are to a contract. */
export function sentTo({ transactions }: SealedBlock, contract: string): number {
  return transactions.filter(({ to }) => isTo(to, contract)).length;
}

function blockOf(validator: Validator, number: string): Promise<SealedBlock> {
  return validator.call<SealedBlock>('eth_getBlockByNumber', number, true);
}

function isTo(to: string | null, contract: string): boolean {
  return to?.toLowerCase() === contract.toLowerCase();
}
