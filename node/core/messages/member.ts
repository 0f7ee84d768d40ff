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

/** Keys that a member replaces by itself, in the order in which the chain is told: the account that tells it is the last. */
export const ROTATED_KEYS = ['checkpoint', 'client', 'gatewayPeer', 'nodePeer', 'account'] as const;
export type RotatedKey = (typeof ROTATED_KEYS)[number];

const ed25519Key = Type.Optional(
  Type.String({ pattern: '^[A-Za-z0-9_-]{43}$', description: 'Ed25519 public key, base64url' }),
);

/** New keys of a member; those that are absent stay. */
export const KeyRotation = Type.Object(
  {
    checkpoint: ed25519Key,
    client: ed25519Key,
    gatewayPeer: ed25519Key,
    nodePeer: ed25519Key,
    account: Type.Optional(
      Type.Object(
        {
          current: Type.String({ pattern: '^0x[0-9a-fA-F]{40}$', description: 'The new account' }),
          signature: Type.String({
            pattern: '^0x[0-9a-fA-F]{130}$',
            description: 'By the new account, of EIP-712 KeyRotation(member, previous, current)',
          }),
        },
        closed,
      ),
    ),
  },
  closed,
);
export type KeyRotation = Static<typeof KeyRotation>;

/** What was changed on the chain; what was so already is not named. */
export const KeysRotated = Type.Object(
  {
    rotated: Type.Array(Type.Enum([...ROTATED_KEYS])),
    block: Type.Optional(Type.Integer({ description: 'Block that took the last one' })),
  },
  closed,
);
export type KeysRotated = Static<typeof KeysRotated>;

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
export const keyRotation = codec('rotation of keys', KeyRotation);
export const keysRotated = codec('rotated keys', KeysRotated);
export const memberChanged = codec('change of a member', MemberChanged);
