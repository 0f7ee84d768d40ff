// Grants as an enterprise's client makes them: a key for each, its terms, and what it signs.
import { TypedDataEncoder, Wallet } from 'ethers';
import type { TypedDataField } from 'ethers';
import { Roles } from './contract-types.ts';
import type { CompactSignature, GrantTerms } from './contract-types.ts';
import { body, consortium, deployment, digest } from './consortium.ts';
import type { Body, Consortium } from './consortium.ts';
import { compact } from './signatures.ts';

/** A deadline that no test reaches, and an end of terms behind it. */
export const DEADLINE = 4_000_000_000;
export const FAR = 4_100_000_000;

export const bank = body(10, { roles: Roles.BANK });
export const regulator = body(11, { roles: Roles.REGULATOR });
export const identifier = body(12, { roles: Roles.IDENTIFIER });
export const otherBank = body(13, { roles: Roles.BANK });

const TYPES = {
  GrantRegistration: [
    { name: 'grant', type: 'bytes32' },
    { name: 'deadline', type: 'uint64' },
  ],
  GrantWithdrawal: [{ name: 'grant', type: 'bytes32' }],
  GrantConsumption: [
    { name: 'grant', type: 'bytes32' },
    { name: 'queryId', type: 'bytes32' },
    { name: 'deadline', type: 'uint64' },
  ],
} satisfies Record<string, TypedDataField[]>;

const TERMS: TypedDataField[] = [
  { name: 'artefact', type: 'bytes32' },
  { name: 'key', type: 'address' },
  { name: 'grantee', type: 'bytes32' },
  { name: 'validFrom', type: 'uint32' },
  { name: 'validTo', type: 'uint32' },
  { name: 'uses', type: 'uint16' },
];

export interface Domain {
  chainId?: bigint;
  verifyingContract?: string;
  salt?: string;
}

/** A grant with the key that speaks for it. */
export interface Grant {
  terms: GrantTerms;
  key: Wallet;
  hash: string;
}

export function hashOf(terms: GrantTerms): string {
  return TypedDataEncoder.hashStruct('GrantTerms', { GrantTerms: TERMS }, terms);
}

/** The grant of a name: to the bank, for three uses, unless told. The same one every time. */
export function grant(name: string, changes: Partial<GrantTerms> = {}): Grant {
  const key = new Wallet(digest(`grant key ${name}`));
  const artefact = digest(`artefact ${name}`);
  const terms = { artefact, key: key.address, grantee: bank.id, validFrom: 0, validTo: FAR, uses: 3, ...changes };
  return { terms, key, hash: hashOf(terms) };
}

/** A consortium with two banks, a regulator and a member that identifies enterprises. One vote decides. */
export async function grantConsortium(): Promise<Consortium> {
  const c = await consortium(2, 1);
  for (const { admission } of [bank, otherBank, regulator, identifier]) await c.vote('admit', [admission]);
  return c;
}

/** Signs in the domain of a consortium's registry. */
export class GrantSigner {
  readonly #domain: Required<Domain>;

  private constructor(domain: Required<Domain>) {
    this.#domain = domain;
  }

  static async create({ ethers, grants }: Consortium): Promise<GrantSigner> {
    const { chainId } = await ethers.provider.getNetwork();
    return new GrantSigner({ chainId, verifyingContract: await grants.getAddress(), salt: deployment });
  }

  registration({ hash, key }: Grant, deadline: number | bigint = DEADLINE, domain: Domain = {}): CompactSignature {
    return this.#sign(key, 'GrantRegistration', { grant: hash, deadline }, domain);
  }

  withdrawal({ hash, key }: Grant, domain: Domain = {}): CompactSignature {
    return this.#sign(key, 'GrantWithdrawal', { grant: hash }, domain);
  }

  consumption(
    { hash }: Grant,
    queryId: string,
    { wallet = bank.wallet, deadline = DEADLINE }: { wallet?: Body['wallet']; deadline?: number | bigint } = {},
    domain: Domain = {},
  ): CompactSignature {
    return this.#sign(wallet, 'GrantConsumption', { grant: hash, queryId, deadline }, domain);
  }

  #sign(key: Wallet, type: keyof typeof TYPES, message: Record<string, unknown>, domain: Domain): CompactSignature {
    const digest = TypedDataEncoder.hash(
      { name: 'Xinlian', version: '1', ...this.#domain, ...domain },
      { [type]: TYPES[type] },
      message,
    );
    return compact(key.signingKey.sign(digest));
  }
}
