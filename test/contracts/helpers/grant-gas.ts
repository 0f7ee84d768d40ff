// What grants cost: gas of whole transactions in the worst case. No byte of the calldata is zero that need not be, every
// slot is cold, and what can be written for the first time is: a grant to withdraw was never heard of before.
import { Wallet } from 'ethers';
import type { ContractTransactionResponse } from 'ethers';
import type { GrantRegistryContract } from './contract-types.ts';
import { digest } from './consortium.ts';
import type { Consortium } from './consortium.ts';
import { GrantSigner, bank, hashOf } from './grants.ts';
import type { Grant } from './grants.ts';

const NO_ZEROS = { validFrom: 0x01010101, validTo: 0xffffffff, uses: 0xffff };
const DEADLINE = 0xffff_ffff_ffff_ffffn;

/** The `Later` ones: of a grant that another query has consumed before. */
export const GRANT_ACTS = ['register', 'withdraw', 'consume', 'consumeFor', 'consumeLater', 'consumeForLater'] as const;
export type GrantAct = (typeof GRANT_ACTS)[number];

/** In a batch of `items`; 1 is the single form. */
export type GrantBatchAct = 'registerBatch' | 'withdrawBatch' | 'consumeBatch';

export class GrantMeter {
  readonly #bank: GrantRegistryContract;
  readonly #anyone: GrantRegistryContract;
  readonly #sign: GrantSigner;
  #made = 0;

  private constructor(bank: GrantRegistryContract, anyone: GrantRegistryContract, sign: GrantSigner) {
    this.#bank = bank;
    this.#anyone = anyone;
    this.#sign = sign;
  }

  /** @param c a `grantConsortium` */
  static async create(c: Consortium): Promise<GrantMeter> {
    return new GrantMeter(await c.grantsAs(bank.wallet.address), c.grants, await GrantSigner.create(c));
  }

  async single(act: GrantAct): Promise<number> {
    const grant = this.#grant();
    const queryId = this.#queryId(grant);
    if (act.startsWith('consume')) await this.#register(grant);
    if (act.endsWith('Later')) await this.#bank.consume(grant.terms, digest(`before ${queryId}`));
    switch (act) {
      case 'register':
        return gasOf(await this.#register(grant));
      case 'withdraw':
        return gasOf(await this.#anyone.withdraw({ terms: grant.terms, signature: this.#sign.withdrawal(grant) }));
      case 'consume':
      case 'consumeLater':
        return gasOf(await this.#bank.consume(grant.terms, queryId));
      case 'consumeFor':
      case 'consumeForLater': {
        const signature = this.#sign.consumption(grant, queryId, { deadline: DEADLINE });
        return gasOf(await this.#anyone.consumeFor({ terms: grant.terms, queryId, deadline: DEADLINE, signature }));
      }
    }
  }

  /** All of them good, each of a grant of its own, the consumptions signed. */
  async batch(act: GrantBatchAct, items: number): Promise<number> {
    const grants = Array.from({ length: items }, () => this.#grant());
    const deadline = DEADLINE;
    switch (act) {
      case 'registerBatch': {
        const signed = grants.map((grant) => this.#sign.registration(grant, deadline));
        const batch = grants.map(({ terms }, i) => ({ terms, deadline, signature: signed[i]! }));
        return gasOf(await this.#anyone.registerBatch(batch));
      }
      case 'withdrawBatch': {
        const batch = grants.map((grant) => ({ terms: grant.terms, signature: this.#sign.withdrawal(grant) }));
        return gasOf(await this.#anyone.withdrawBatch(batch));
      }
      case 'consumeBatch': {
        for (const grant of grants) await this.#register(grant);
        const batch = grants.map((grant) => {
          const queryId = this.#queryId(grant);
          const signature = this.#sign.consumption(grant, queryId, { deadline });
          return { terms: grant.terms, queryId, deadline, signature };
        });
        return gasOf(await this.#anyone.consumeBatch(batch));
      }
    }
  }

  #register(grant: Grant): Promise<ContractTransactionResponse> {
    return this.#anyone.register({
      terms: grant.terms,
      deadline: DEADLINE,
      signature: this.#sign.registration(grant, DEADLINE),
    });
  }

  /** A grant of which neither terms nor signatures have a zero byte. */
  #grant(): Grant {
    for (;;) {
      const name = `${this.#made++}`;
      const key = new Wallet(digest(`key ${name}`));
      const terms = { artefact: digest(`artefact ${name}`), key: key.address, grantee: bank.id, ...NO_ZEROS };
      const grant = { terms, key, hash: hashOf(terms) };
      const signed = [this.#sign.registration(grant, DEADLINE), this.#sign.withdrawal(grant)];
      const shown = [terms.artefact, terms.key, ...signed.flatMap(({ r, vs }) => [r, vs])];
      if (!shown.some(hasZeroByte)) return grant;
    }
  }

  #queryId(grant: Grant): string {
    for (let n = 0; ; n++) {
      const queryId = digest(`query ${grant.hash} ${n}`);
      const signature = this.#sign.consumption(grant, queryId, { deadline: DEADLINE });
      if (![queryId, signature.r, signature.vs].some(hasZeroByte)) return queryId;
    }
  }
}

async function gasOf(transaction: ContractTransactionResponse): Promise<number> {
  return Number((await transaction.wait())!.gasUsed);
}

function hasZeroByte(hex: string): boolean {
  return /^0x(?:..)*?00/.test(hex);
}
