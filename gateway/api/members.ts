import { Type, type Static } from 'typebox';
import { KEY_KINDS, ROLES } from '../../node/core/consortium.ts';
import { define } from './endpoint.ts';
import { closed, MemberIdText, PageQuery, pageOf } from './schemas.ts';

const KeyText = Type.String({ description: 'base64url' });
const [checkpoint, sealing, nodePeer, gatewayPeer, client] = KEY_KINDS;

/** One member per kind of key. */
function byKind<S extends typeof KeyText | ReturnType<typeof tenures>>(key: S) {
  const optional = Type.Optional(key);
  return {
    [checkpoint]: optional,
    [sealing]: optional,
    [nodePeer]: optional,
    [gatewayPeer]: optional,
    [client]: optional,
  };
}

function tenures() {
  const block = Type.Integer({ minimum: 0 });
  return Type.Array(Type.Object({ key: KeyText, since: block, until: Type.Optional(block) }, closed));
}

const properties = {
  id: MemberIdText,
  name: Type.String(),
  uscc: Type.String(),
  region: Type.String({ description: 'GB/T 2260 code' }),
  roles: Type.Array(Type.Enum([...ROLES])),
  status: Type.Enum(['active', 'suspended', 'removed']),
  account: Type.String({ description: 'Account that sends its transactions' }),
  keys: Type.Object(byKind(KeyText), {
    ...closed,
    description: 'Current keys; payloads are sealed to `sealing` (P-256)',
  }),
  endpoints: Type.Object(
    {
      log: Type.Optional(Type.String()),
      node: Type.Optional(Type.Array(Type.String())),
      gateway: Type.Optional(Type.String()),
    },
    closed,
  ),
  admitted: Type.Integer({ description: 'Block of its admission' }),
};

export const MemberView = Type.Object(properties, closed);
export type MemberView = Static<typeof MemberView>;

export const MemberDetail = Type.Object(
  {
    ...properties,
    history: Type.Object(byKind(tenures()), {
      ...closed,
      description: 'Every key that it ever had, with its tenure in blocks',
    }),
  },
  closed,
);
export type MemberDetail = Static<typeof MemberDetail>;

export const MemberPage = pageOf(MemberView);

export const Consortium = Type.Object(
  {
    chainId: Type.Integer(),
    deployment: Type.String({ description: 'Salt of the EIP-712 domains' }),
    grantRegistry: Type.String({ description: 'Contract of the EIP-712 domain of grants' }),
    membership: Type.String({ description: 'Contract of the EIP-712 domain of key rotations' }),
  },
  closed,
);

export const getConsortium = define({
  method: 'GET',
  path: '/v1/consortium',
  tag: 'Consortium',
  summary: 'Chain and contracts, as signatures name them',
  rate: 'normal',
  response: { kind: 'json', schema: Consortium },
  problems: [],
});

export const listMembers = define({
  method: 'GET',
  path: '/v1/members',
  tag: 'Consortium',
  summary: 'The members, as the chain has them',
  rate: 'normal',
  query: Type.Object(PageQuery, closed),
  response: { kind: 'json', schema: MemberPage },
  problems: ['CHAIN_STALE'],
});

export const getMember = define({
  method: 'GET',
  path: '/v1/members/{member}',
  tag: 'Consortium',
  summary: 'One member, with the tenure of its keys',
  rate: 'normal',
  params: Type.Object({ member: MemberIdText }, closed),
  response: { kind: 'json', schema: MemberDetail },
  problems: ['NOT_FOUND'],
});
