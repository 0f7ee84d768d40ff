// The description of a network of validators, as its members agree on it: one YAML file, with nothing secret in it.
import { dirname, resolve } from 'node:path';
import { Type, type Static } from 'typebox';
import { ROLES, type Role } from '../../node/core/consortium.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { parseUscc } from '../../node/core/uscc.ts';
import { readSettings } from '../../node/settings.ts';

const closed = { additionalProperties: false };
const port = (usual: number) => Type.Integer({ minimum: 1, maximum: 65_535, default: usual });

const MemberDescription = Type.Object(
  {
    key: Type.String({ pattern: '^[a-z][a-z0-9-]*$', description: 'Name of its folder' }),
    name: Type.String({ minLength: 1, description: 'Legal name' }),
    uscc: Type.String({ pattern: '^[0-9A-Z]{18}$' }),
    region: Type.String({ pattern: '^[0-9]{6}$', description: 'GB/T 2260' }),
    roles: Type.Array(Type.Unsafe<Role>(Type.Union(ROLES.map((role) => Type.Literal(role)))), {
      minItems: 1,
      uniqueItems: true,
    }),
    host: Type.String({ pattern: '^[0-9A-Za-z.:-]+$', description: 'Where the others reach it: address or DNS name' }),
    nodeKey: Type.String({
      pattern: '^0x[0-9a-f]{128}$',
      description: 'Public key of its Besu node: `network.ts key` prints it',
    }),
    keys: Type.String({ description: 'File of its public keys: what `xinlian keys new` printed' }),
    validator: Type.Optional(Type.Boolean({ description: 'Default: true' })),
    gateway: Type.Optional(Type.Boolean({ description: 'Whether it runs a gateway. Default: false' })),
    rpc: Type.Optional(
      Type.String({
        pattern: '^https?://',
        description: 'JSON-RPC that it opens to the other members, to compare with',
      }),
    ),
  },
  closed,
);
export type MemberDescription = Static<typeof MemberDescription>;

const NetworkDescription = Type.Object(
  {
    chainId: Type.Integer({ minimum: 1 }),
    threshold: Type.Integer({ minimum: 1, description: 'Approvals that a proposal of the council needs' }),
    blockSeconds: Type.Integer({ minimum: 1, description: 'Between blocks that have transactions' }),
    emptyBlockSeconds: Type.Integer({ minimum: 1, description: 'Between blocks that have none' }),
    members: Type.Array(MemberDescription, { minItems: 1 }),
    ports: Type.Optional(
      Type.Object(
        { peer: port(30_303), rpc: port(8_545), node: port(9_200), nodeHttp: port(9_300), gateway: port(8_080) },
        closed,
      ),
    ),
  },
  closed,
);
export type NetworkDescription = Static<typeof NetworkDescription>;

export const PORTS = { peer: 30_303, rpc: 8_545, node: 9_200, nodeHttp: 9_300, gateway: 8_080 } as const;

/** Reads and checks a description. Paths in it are taken from its folder. @throws CONFIG_INVALID with every fault */
export function readDescription(file: string): NetworkDescription {
  const description = readSettings(NetworkDescription, { file, prefix: 'XINLIAN_NETWORK', environment: {} });
  const { members, threshold, blockSeconds, emptyBlockSeconds } = description;
  const faults: { path: string; message: string }[] = [];
  const twice = (name: 'key' | 'uscc' | 'nodeKey'): void => {
    const values = members.map((member) => member[name]);
    const again = values.findIndex((value, i) => values.indexOf(value) !== i);
    if (again >= 0) faults.push({ path: `members.${again}.${name}`, message: 'is that of another member too' });
  };
  for (const name of ['key', 'uscc', 'nodeKey'] as const) twice(name);
  for (const [i, { uscc }] of members.entries()) {
    try {
      parseUscc(uscc);
    } catch {
      faults.push({ path: `members.${i}.uscc`, message: 'its check digits do not fit' });
    }
  }
  const council = members.filter(({ roles }) => roles.includes('council')).length;
  if (threshold > council)
    faults.push({ path: 'threshold', message: `must be at most ${council}, the council's seats` });
  if (emptyBlockSeconds < blockSeconds) {
    faults.push({ path: 'emptyBlockSeconds', message: `must be at least blockSeconds, ${blockSeconds}` });
  }
  if (!members.some(isValidator)) faults.push({ path: 'members', message: 'one at least must be a validator' });
  if (faults.length > 0) throw new XinlianError('CONFIG_INVALID', { faults });
  for (const member of members) member.keys = resolve(dirname(file), member.keys);
  return description;
}

export function isValidator({ validator }: MemberDescription): boolean {
  return validator ?? true;
}
