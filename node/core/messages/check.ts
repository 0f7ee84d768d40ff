// Whether a grant stands: the question and its answer, one by one, in batches, in jobs.
import { Type, type Static } from 'typebox';
import { REFUSALS } from '../query.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };

export const GrantHashText = Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'Grant: hash of its terms' });

export const GrantCheck = Type.Object(
  {
    grant: GrantHashText,
    artefact: Type.Optional(
      Type.String({
        maxLength: 65_536,
        description: 'RFC 8785 form of the artefact; with it, items, purpose and region are checked too',
      }),
    ),
    items: Type.Optional(Type.Array(Type.String(), { maxItems: 32 })),
    purpose: Type.Optional(Type.String()),
    region: Type.Optional(Type.String({ pattern: '^\\d{6}$', description: 'Of the provider, GB/T 2260' })),
  },
  closed,
);
export type GrantCheck = Static<typeof GrantCheck>;

export const CheckResult = Type.Object(
  {
    grant: GrantHashText,
    ok: Type.Boolean(),
    reason: Type.Optional(Type.Enum([...REFUSALS])),
    detail: Type.Optional(Type.String()),
  },
  closed,
);
export type CheckResult = Static<typeof CheckResult>;

export const grantCheck = codec('row', GrantCheck);
