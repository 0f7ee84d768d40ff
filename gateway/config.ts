// Settings of a gateway.
import { Type, type Static } from 'typebox';
import { ChainConfig, KeysConfig, LogConfig } from '../node/config.ts';
import { XinlianError } from '../node/core/errors.ts';
import { readSettings } from '../node/settings.ts';

const closed = { additionalProperties: false };
const positive = Type.Integer({ minimum: 1 });
const memberId = { pattern: '^0x[0-9a-f]{64}$' };
const rate = Type.Object({ requests: positive, windowSeconds: positive }, closed);

export const GatewayConfig = Type.Object(
  {
    member: Type.String({
      ...memberId,
      description: 'The member whose gateway it is; its key `gatewayPeer` names the peer',
    }),
    hosts: Type.Optional(
      Type.Array(Type.String(memberId), {
        uniqueItems: true,
        description:
          'Further members whose rows it takes in the clear: their `gatewayPeer` on the chain MUST be the same',
      }),
    ),
    keys: KeysConfig,
    baseUrl: Type.Optional(
      Type.String({
        pattern: '^https?://[^/?#]+(/[^?#]*[^/?#])?$',
        description: 'Where clients reach it, with no slash at the end. Default: http://, http.host and http.port',
      }),
    ),
    audiences: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), { description: 'Further names that assertions may be made out to' }),
    ),
    tokenKeyFile: Type.Optional(
      Type.String({
        description:
          'base64url of an Ed25519 seed: shared by gateways behind one balancer. Absent: a new one at each start',
      }),
    ),
    data: Type.Optional(
      Type.String({ description: 'Folder where it remembers the chain. Absent: it is read anew at each start' }),
    ),
    chain: ChainConfig,
    p2p: Type.Optional(
      Type.Object({ listen: Type.Array(Type.String(), { description: 'Multiaddrs; none: it only dials' }) }, closed),
    ),
    http: Type.Object({ host: Type.String(), port: Type.Integer({ minimum: 0, maximum: 65535 }) }, closed),
    trustProxy: Type.Optional(
      Type.Array(Type.String(), { description: 'Addresses or networks of proxies whose X-Forwarded-* are believed' }),
    ),
    corsOrigins: Type.Optional(
      Type.Array(Type.String(), {
        uniqueItems: true,
        description: 'Origins of pages that may call it from a browser (CORS): https://console.example. Default: none',
      }),
    ),
    limits: Type.Optional(
      Type.Object(
        {
          token: Type.Optional(rate),
          normal: Type.Optional(rate),
          bulk: Type.Optional(rate),
          maxStreams: Type.Optional(positive),
          maxConnections: Type.Optional(positive),
          nodeTimeoutMs: Type.Optional(positive),
          staleAfterSeconds: Type.Optional(positive),
          maxEventLoopDelayMs: Type.Optional(positive),
          maxHeapUsedBytes: Type.Optional(positive),
          maxRssBytes: Type.Optional(positive),
          drainMs: Type.Optional(positive),
        },
        closed,
      ),
    ),
    log: Type.Optional(LogConfig),
  },
  closed,
);
export type GatewayConfig = Static<typeof GatewayConfig>;

/** Throws `CONFIG_INVALID` with every fault at once. A variable `XINLIAN_GATEWAY_HTTP_PORT` sets `http.port`. */
export function readGatewayConfig(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): GatewayConfig {
  const source = { ...(file !== undefined && { file }), prefix: 'XINLIAN_GATEWAY', environment };
  const config = readSettings(GatewayConfig, source);
  checkOrigins(config);
  if (config.baseUrl === undefined && config.http.port === 0) {
    const message = 'wanted where http.port is 0: tokens and assertions name it';
    throw new XinlianError('CONFIG_INVALID', { faults: [{ path: 'baseUrl', message }] });
  }
  return config;
}

/** A browser sends scheme, host and port in one spelling, and that is what is compared. */
function checkOrigins({ corsOrigins = [] }: GatewayConfig): void {
  const faults = corsOrigins.flatMap((origin, i) => {
    const wanted =
      URL.canParse(origin) && /^https?:/.test(origin) ? new URL(origin).origin : 'https://host or http://host:port';
    return wanted === origin ? [] : [{ path: `corsOrigins.${i}`, message: `wanted ${wanted}, got ${origin}` }];
  });
  if (faults.length > 0) throw new XinlianError('CONFIG_INVALID', { faults });
}

export function baseUrlOf({ baseUrl, http }: GatewayConfig): string {
  return baseUrl ?? addressOf(http);
}

export function addressOf({ host, port }: GatewayConfig['http']): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
