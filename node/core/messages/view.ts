// What a member's own node says of the chain: its applications trust it, and no gateway, for keys and checkpoints.
import { Type, type Static } from 'typebox';
import { ROLES } from '../consortium.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });

export const ViewRequest = Type.Object(
  { members: Type.Optional(Type.Array(memberId, { maxItems: 256, description: 'Absent: all' })) },
  closed,
);

export const ViewedMember = Type.Object(
  {
    id: memberId,
    name: Type.String(),
    uscc: Type.String(),
    region: Type.String(),
    roles: Type.Array(Type.Enum([...ROLES])),
    active: Type.Boolean({ description: 'Whether it may act now' }),
    sealing: Type.Optional(Type.String({ description: 'P-256 point, base64url: what is for it is sealed to this' })),
    checkpoint: Type.Array(Type.String(), { description: 'Every checkpoint key that it has or had, base64url' }),
    logs: Type.Array(
      Type.Object(
        { log: Type.String(), size: Type.Integer({ minimum: 1 }), root: Type.String({ description: 'base64' }) },
        closed,
      ),
      { description: 'Its logs, as the chain last anchored them' },
    ),
  },
  closed,
);
export type ViewedMember = Static<typeof ViewedMember>;

export const View = Type.Object(
  {
    head: Type.Optional(Type.Object({ number: Type.Integer(), time: Type.Integer() }, closed)),
    contracts: Type.Object(
      { chainId: Type.Integer(), grantRegistry: Type.String(), deployment: Type.String() },
      { ...closed, description: 'What the EIP-712 domain of grants is made of' },
    ),
    members: Type.Array(ViewedMember),
  },
  closed,
);
export type View = Static<typeof View>;

export const viewRequest = codec('view request', ViewRequest);
export const view = codec('view', View);
