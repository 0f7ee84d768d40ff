// Registers grants on the chain in anyone's name: what counts is the grant key's signature. Those that come together go
// together. And stops them, in the member's own name, where its role lets it.
import { grantHashOf, type GrantHash } from '../core/ids.ts';
import type { Hex } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import {
  reasonBytes,
  termsOf,
  type GrantOutcome,
  type GrantRegistration,
  type GrantStopped,
} from '../core/messages/grant.ts';
import type { GrantStopper, GrantWriter } from './ports.ts';

type Writer = Pick<GrantWriter, 'registerGrants'> & GrantStopper;

export class GrantDesk {
  readonly #writer: Writer;

  constructor(writer: Writer) {
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

  /** Stops a grant, for a regulator, until it is resumed: from the first sight of the block on. */
  async suspend(grant: GrantHash, reason: string): Promise<GrantStopped> {
    const { block } = await this.#writer.suspendGrant(grant, reasonBytes(reason));
    return { grant, block };
  }

  async resume(grant: GrantHash): Promise<GrantStopped> {
    return { grant, block: (await this.#writer.resumeGrant(grant)).block };
  }

  /** Withdraws a grant whose key is lost, for the member that identified its enterprise. */
  async withdrawFor(grant: GrantHash, reason: string): Promise<GrantStopped> {
    const { block } = await this.#writer.withdrawGrantFor(grant, reasonBytes(reason));
    return { grant, block };
  }
}
