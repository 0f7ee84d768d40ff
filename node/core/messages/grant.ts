// Grants on the wire: terms as the chain is shown them, registrations, withdrawals, journals of queries.
import { Type, type Static } from 'typebox';
import { toHex, utf8, type Hex } from '../bytes.ts';
import type { GrantTerms } from '../consortium.ts';
import { parseMemberId } from '../ids.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const hash = '^0x[0-9a-f]{64}$';
const seconds = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: 'Seconds since 1970' });

export const GrantTermsText = Type.Object(
  {
    artefact: Type.String({ pattern: hash, description: 'SHA-256 of the artefact' }),
    key: Type.String({ pattern: '^0x[0-9a-fA-F]{40}$', description: 'Account of the grant key' }),
    grantee: Type.String({ pattern: hash, description: 'Member id' }),
    validFrom: seconds,
    validTo: seconds,
    uses: Type.Integer({ minimum: 0, maximum: 65_535, description: '0: uncounted' }),
  },
  { ...closed, description: 'What the chain is shown of a grant; its EIP-712 hash is the id of the grant' },
);
export type GrantTermsText = Static<typeof GrantTermsText>;

const Signature = Type.String({ pattern: '^0x[0-9a-f]{130}$', description: 'r, s and v, 65 bytes' });

export const GrantRegistration = Type.Object(
  {
    terms: GrantTermsText,
    deadline: Type.Integer({ minimum: 0, description: 'Not registered after this time, seconds since 1970' }),
    signature: { ...Signature, description: 'By the grant key: EIP-712 GrantRegistration' },
  },
  closed,
);
export type GrantRegistration = Static<typeof GrantRegistration>;

export const GrantWithdrawal = Type.Object(
  { terms: GrantTermsText, signature: { ...Signature, description: 'By the grant key: EIP-712 GrantWithdrawal' } },
  closed,
);
export type GrantWithdrawal = Static<typeof GrantWithdrawal>;

const QueryText = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: 'Query id, base64url' });

export const GrantConsumption = Type.Object(
  {
    terms: GrantTermsText,
    query: QueryText,
    deadline: Type.Integer({ minimum: 0, description: 'Not taken by the chain after this time, seconds since 1970' }),
    signature: { ...Signature, description: 'By the grantee’s transaction key: EIP-712 GrantConsumption' },
  },
  closed,
);
export type GrantConsumption = Static<typeof GrantConsumption>;

/** A consumption that a block has. */
export const GrantConsumed = Type.Object(
  {
    grant: Type.String({ pattern: hash }),
    query: QueryText,
    block: Type.Optional(
      Type.Integer({
        description: 'Block that took it; absent where another transaction was first and is not seen yet',
      }),
    ),
    final: Type.Boolean({ description: 'Whether that block is final: only then do providers answer' }),
  },
  closed,
);
export type GrantConsumed = Static<typeof GrantConsumed>;

/** What became of one of a batch. */
export const GrantOutcome = Type.Object(
  {
    grant: Type.String({ pattern: hash }),
    ok: Type.Boolean(),
    error: Type.Optional(Type.String({ description: 'Error of the contract' })),
    arguments: Type.Optional(Type.Array(Type.String())),
    block: Type.Optional(Type.Integer({ description: 'Block that took it; final a little later' })),
  },
  closed,
);
export type GrantOutcome = Static<typeof GrantOutcome>;

export const grantRegistrations = codec(
  'grant registrations',
  Type.Array(GrantRegistration, { minItems: 1, maxItems: 64 }),
);
export const grantOutcomes = codec('grant outcomes', Type.Array(GrantOutcome));
export const GrantRef = Type.Object({ grant: Type.String({ pattern: hash }) }, closed);

export const grantRef = codec('grant reference', GrantRef);
export const grantConsumption = codec('grant consumption', GrantConsumption);
export const grantConsumed = codec('consumed grant', GrantConsumed);
export const grantWithdrawal = codec('grant withdrawal', GrantWithdrawal);

/** Why a grant is suspended, or withdrawn for its enterprise: 32 bytes of ASCII on the chain, padded with zeros. */
export const ReasonCode = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' });

export const GrantStop = Type.Object({ grant: Type.String({ pattern: hash }), reason: ReasonCode }, closed);
export const grantStop = codec('stop of a grant', GrantStop);

/** The block that took it. */
export const GrantStopped = Type.Object({ grant: Type.String({ pattern: hash }), block: Type.Integer() }, closed);
export type GrantStopped = Static<typeof GrantStopped>;
export const grantStopped = codec('stopped grant', GrantStopped);

export function reasonBytes(reason: string): Hex {
  const bytes = new Uint8Array(32);
  bytes.set(utf8(reason));
  return toHex(bytes);
}

/** Throws `MALFORMED`. */
export function termsOf({ artefact, key, grantee, ...rest }: GrantTermsText): GrantTerms {
  return { ...rest, artefact: artefact as Hex, key: key as Hex, grantee: parseMemberId(grantee) };
}
