// Settings of an agency node.
import { Type, type Static } from 'typebox';
import type { ConsortiumContracts } from './chain/events.ts';
import type { Hex } from './core/bytes.ts';
import { XinlianError } from './core/errors.ts';
import { readSettings } from './settings.ts';

const closed = { additionalProperties: false };
const address = Type.String({ pattern: '^0x[0-9a-fA-F]{40}$' });
const bytes32 = Type.String({ pattern: '^0x[0-9a-f]{64}$' });

const endpoints = Type.Array(Type.String({ pattern: '^https?://' }), {
  minItems: 1,
  description: 'JSON-RPC, the preferred first. With three, one that lies is found out and left',
});
const finality = Type.Union([
  Type.Object({ kind: Type.Literal('depth'), depth: Type.Integer({ minimum: 1 }) }, closed),
  Type.Object({ kind: Type.Literal('tag') }, closed),
]);
const contracts = {
  chainId: Type.Integer({ minimum: 1 }),
  membership: address,
  logAnchor: address,
  grantRegistry: address,
  recognitionRegistry: address,
  deployment: bytes32,
  block: Type.Integer({ minimum: 0, description: 'Block of the deployment' }),
};

/** Of one consortium: the same file for all its nodes and gateways. */
export const ChainConfig = Type.Object(
  {
    endpoints,
    ...contracts,
    finality,
    pollMs: Type.Optional(Type.Integer({ minimum: 10 })),
    blockSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'Between two blocks at most (on Besu: emptyblockperiodseconds); after three of them the alarm is given. Default: worked out from the blocks that come',
      }),
    ),
    tipWei: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  closed,
);
export type ChainConfig = Static<typeof ChainConfig>;

/** What an auditor is given of a consortium: its contracts, and perhaps where its chain is asked. */
export const AuditedChainConfig = Type.Object(
  {
    ...contracts,
    endpoints: Type.Optional(endpoints),
    finality: Type.Optional(finality),
    consensus: Type.Optional(
      Type.Object(
        {
          kind: Type.Enum(['clique', 'qbft']),
          block: Type.Integer({ minimum: 0, description: 'Trusted: the next one is sealed by these' }),
          sealers: Type.Array(Type.String({ pattern: '^0x[0-9a-fA-F]{40}$' }), { minItems: 1 }),
          epoch: Type.Optional(Type.Integer({ minimum: 1, description: 'Of the genesis; 30000 unless told' })),
        },
        { ...closed, description: 'Who seals the chain: then every seal is verified' },
      ),
    ),
  },
  closed,
);

/** The contracts that settings name. */
export function contractsOf(config: Static<typeof AuditedChainConfig>): ConsortiumContracts {
  const { chainId, block } = config;
  return {
    chainId,
    membership: config.membership as Hex,
    logAnchor: config.logAnchor as Hex,
    grantRegistry: config.grantRegistry as Hex,
    recognitionRegistry: config.recognitionRegistry as Hex,
    deployment: config.deployment as Hex,
    block,
  };
}

/** Where a member's keys are. Settings name the files of secrets and never hold one. */
export const KeysConfig = Type.Union([
  Type.Object(
    {
      kind: Type.Literal('file'),
      directory: Type.String(),
      passphraseFile: Type.String({ description: 'Text of the passphrase; a newline at its end does not count' }),
    },
    closed,
  ),
  Type.Object(
    {
      kind: Type.Literal('remote'),
      url: Type.String({ pattern: '^https?://' }),
      tokenFile: Type.String({ description: 'Bearer token of the signer' }),
    },
    closed,
  ),
]);
export type KeysConfig = Static<typeof KeysConfig>;

export const LogConfig = Type.Object(
  {
    level: Type.Optional(
      Type.Union(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((level) => Type.Literal(level))),
    ),
  },
  closed,
);

export const NodeConfig = Type.Object(
  {
    data: Type.String({ description: 'Folder of the database' }),
    members: Type.Array(bytes32, {
      minItems: 1,
      uniqueItems: true,
      description: 'Ids of the members that it hosts; the first names the peer',
    }),
    keys: KeysConfig,
    chain: ChainConfig,
    p2p: Type.Object({ listen: Type.Array(Type.String(), { minItems: 1, description: 'Multiaddrs' }) }, closed),
    http: Type.Object({ host: Type.String(), port: Type.Integer({ minimum: 0, maximum: 65535 }) }, closed),
    threads: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 64, description: 'That prepare rows; default: one less than the cores' }),
    ),
    timing: Type.Optional(
      Type.Object(
        {
          signMs: Type.Optional(Type.Integer({ minimum: 10 })),
          anchorMs: Type.Optional(Type.Integer({ minimum: 10 })),
        },
        closed,
      ),
    ),
    witnesses: Type.Optional(
      Type.Object(
        {
          members: Type.Optional(
            Type.Union([Type.Literal('all'), Type.Array(bytes32, { uniqueItems: true })], {
              description:
                'Members that are asked to cosign checkpoints, where the chain names their log address; default: all',
            }),
          ),
          others: Type.Optional(
            Type.Array(
              Type.Object(
                {
                  url: Type.String({ pattern: '^https?://', description: 'Submission prefix of C2SP tlog-witness' }),
                  key: Type.String({ description: 'Verifier key of C2SP tlog-cosignature: name+hash+key' }),
                },
                closed,
              ),
              { description: 'Witnesses that are no members' },
            ),
          ),
        },
        closed,
      ),
    ),
    access: Type.Optional(
      Type.Object(
        {
          failClosedSeconds: Type.Optional(
            Type.Integer({ minimum: 1, description: 'Reads under grants close when the head is older; default 120' }),
          ),
          finalityWaitMs: Type.Optional(
            Type.Integer({ minimum: 0, description: 'How long a query waits for finality here; default 10,000' }),
          ),
          revocationsRefreshMs: Type.Optional(Type.Integer({ minimum: 100, description: 'Default 30,000' })),
          revocationsMaxAgeSeconds: Type.Optional(
            Type.Integer({ minimum: 1, description: 'A revocation list is believed for so long; default 86,400' }),
          ),
        },
        closed,
      ),
    ),
    events: Type.Optional(
      Type.Object(
        { keptDays: Type.Optional(Type.Integer({ minimum: 1, description: 'Events of subscriptions; default 90' })) },
        closed,
      ),
    ),
    webhooks: Type.Optional(
      Type.Object(
        {
          allow: Type.Optional(
            Type.Array(Type.String(), {
              description: 'Addresses, networks and names that may be posted to; default: every public address',
            }),
          ),
          timeoutMs: Type.Optional(Type.Integer({ minimum: 100, maximum: 60_000, description: 'Default 20,000' })),
          delaysSeconds: Type.Optional(
            Type.Array(Type.Number({ minimum: 0 }), {
              minItems: 1,
              description: 'Before each attempt; default: node/policy/webhook-schedule.json',
            }),
          ),
        },
        closed,
      ),
    ),
    licence: Type.Optional(
      Type.Object(
        {
          adapter: Type.Literal('mock', { description: 'A stand-in that proves nothing: for a sandbox alone' }),
          url: Type.String({ pattern: '^https?://' }),
          key: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$', description: 'That evidence is signed with, Ed25519' }),
        },
        { ...closed, description: 'Service of electronic licences, for a member that identifies enterprises' },
      ),
    ),
    sandbox: Type.Optional(
      Type.Boolean({ description: 'Whether this is one: what proves nothing is refused elsewhere' }),
    ),
    log: Type.Optional(LogConfig),
  },
  closed,
);
export type NodeConfig = Static<typeof NodeConfig>;

/** Throws `CONFIG_INVALID` with every fault at once. */
export function readNodeConfig(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): NodeConfig {
  const config = readSettings(NodeConfig, { ...(file !== undefined && { file }), prefix: 'XINLIAN_NODE', environment });
  if (config.licence?.adapter === 'mock' && config.sandbox !== true) {
    const message = 'mock proves nothing: it is taken where `sandbox: true` says that this is one';
    throw new XinlianError('CONFIG_INVALID', { faults: [{ path: 'licence.adapter', message }] });
  }
  return config;
}
