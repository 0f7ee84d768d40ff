// Registers grants on the chain in anyone's name: what counts is the grant key's signature. Those that come together go
// together.
import { grantHashOf } from '../core/ids.ts';
import type { Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { termsOf, type GrantOutcome, type GrantRegistration } from '../core/messages/grant.ts';
import type { GrantWriter } from './ports.ts';

export class GrantDesk {
  readonly #writer: Pick<GrantWriter, 'registerGrants'>;

  constructor(writer: Pick<GrantWriter, 'registerGrants'>) {
    this.#writer = writer;
  }

  /**
   * @returns in the order of the registrations, when a block has them
   * @throws as `ChainWriter`, where none of them got there
   */
  async register(registrations: readonly GrantRegistration[]): Promise<GrantOutcome[]> {
    const items = registrations.map(({ terms, deadline, signature }) => ({
      terms: termsOf(terms),
      deadline,
      signature: signature as Hex,
    }));
    const { block, items: outcomes } = await this.#writer.registerGrants(items);
    return items.map(({ terms }, i) => {
      const outcome = outcomes[i];
      if (!outcome)
        throw new XinlianError('CHAIN_WRONG', { what: 'batch', wanted: `${items.length} outcomes`, got: `${i}` });
      const grant = grantHashOf(terms);
      if (outcome.ok) return { grant, ok: true, block };
      return { grant, ok: false, error: outcome.error, arguments: outcome.arguments };
    });
  }
}
