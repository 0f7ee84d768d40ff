// What a member says of itself on the chain.
import { Type, type Static } from 'typebox';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };

export const MemberEndpoints = Type.Object(
  {
    log: Type.Optional(
      Type.String({ pattern: '^https?://', maxLength: 500, description: 'Base address of its public log' }),
    ),
    node: Type.Optional(
      Type.Array(Type.String({ pattern: '^/', maxLength: 500 }), {
        minItems: 1,
        maxItems: 8,
        description: 'libp2p multiaddrs of its node',
      }),
    ),
    gateway: Type.Optional(
      Type.String({ pattern: '^https?://', maxLength: 500, description: 'Base address of its gateway' }),
    ),
  },
  closed,
);
export type MemberEndpoints = Static<typeof MemberEndpoints>;

/** A change that a block has. */
export const MemberChanged = Type.Object(
  { block: Type.Integer({ description: 'Block that took it; final a little later' }) },
  closed,
);
export type MemberChanged = Static<typeof MemberChanged>;

/** A log that is closed on the chain, and what goes on in its place. */
export const LogReplaced = Type.Object(
  {
    lost: Type.String({ description: 'Log id' }),
    successor: Type.String({ description: 'Log id' }),
    block: Type.Optional(Type.Integer({ description: 'Block that took it; absent where it was so already' })),
  },
  closed,
);
export type LogReplaced = Static<typeof LogReplaced>;

export const logReplaced = codec('replaced log', LogReplaced);
export const memberEndpoints = codec('endpoints', MemberEndpoints);
export const memberChanged = codec('change of a member', MemberChanged);
