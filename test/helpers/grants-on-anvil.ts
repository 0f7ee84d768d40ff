// Grants as an enterprise's client makes them, for a consortium on a real engine.
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { fromHex, toHex, type Hex } from '../../node/core/bytes.ts';
import type { GrantTerms } from '../../node/core/consortium.ts';
import { grantHashOf, type GrantHash, type MemberId } from '../../node/core/ids.ts';
import {
  GRANT_CONSUMPTION_TYPES,
  GRANT_REGISTRATION_TYPES,
  GRANT_WITHDRAWAL_TYPES,
  typedDataDigest,
  xinlianDomain,
  type TypedDataTypes,
} from '../../node/core/typed-data.ts';
import type { ConsortiumContracts } from '../../node/chain/events.ts';
import type { AccountSigner } from '../../node/chain/ports.ts';
import type { GrantConsumptionItem, GrantRegistrationItem, GrantWithdrawalItem } from '../../node/chain/writer.ts';
import { digest } from './consortium-on-anvil.ts';

/** In the year 2096: no test reaches it. */
const FAR = 4_000_000_000;

export interface TestGrant {
  terms: GrantTerms;
  hash: GrantHash;
  key: AccountSigner;
}

/** The grant of a name, for two uses unless told: the same one every time. */
export function grantOf(name: string, grantee: MemberId, changes: Partial<GrantTerms> = {}): TestGrant {
  const key = new SigningKey(digest(`grant key ${name}`));
  const address = computeAddress(key.publicKey) as Hex;
  const artefact = toHex(digest(`artefact ${name}`));
  const terms = { artefact, key: address, grantee, validFrom: 0, validTo: FAR, uses: 2, ...changes };
  return { terms, hash: grantHashOf(terms), key: { address, sign: (bytes) => key.sign(bytes).serialized } };
}

/** What the holders of keys give to whoever carries it to the chain. */
export class GrantSigner {
  readonly #domain: ReturnType<typeof xinlianDomain>;

  constructor({ chainId, grantRegistry, deployment }: ConsortiumContracts) {
    this.#domain = xinlianDomain({ chainId, verifyingContract: grantRegistry, deployment });
  }

  async registration({ terms, hash, key }: TestGrant): Promise<GrantRegistrationItem> {
    const signature = await this.#sign(key, GRANT_REGISTRATION_TYPES, { grant: hash, deadline: FAR });
    return { terms, deadline: FAR, signature };
  }

  async withdrawal({ terms, hash, key }: TestGrant): Promise<GrantWithdrawalItem> {
    return { terms, signature: await this.#sign(key, GRANT_WITHDRAWAL_TYPES, { grant: hash }) };
  }

  async consumption({ terms, hash }: TestGrant, queryId: Hex, bank: AccountSigner): Promise<GrantConsumptionItem> {
    const message = { grant: hash, queryId, deadline: FAR };
    const signature = await this.#sign(bank, GRANT_CONSUMPTION_TYPES, message);
    return { terms, queryId, signed: { deadline: FAR, signature } };
  }

  async #sign(key: AccountSigner, types: TypedDataTypes, message: Record<string, unknown>): Promise<Hex> {
    return (await key.sign(fromHex(typedDataDigest(this.#domain, types, message)))) as Hex;
  }
}
