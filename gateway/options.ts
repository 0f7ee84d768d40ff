// What can be set of a gateway's HTTP side. `config.ts` reads it from a file.
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Hex } from '../node/core/bytes.ts';
import type { MemberId } from '../node/core/ids.ts';
import type { TypedDataDomain } from '../node/core/typed-data.ts';
import type { RateClass } from './api/endpoint.ts';

export interface Rate {
  requests: number;
  windowSeconds: number;
}

export interface PressureLimits {
  maxEventLoopDelayMs: number;
  /** 0: no limit */
  maxHeapUsedBytes: number;
  /** 0: no limit */
  maxRssBytes: number;
}

export interface AppOptions {
  /** Where clients reach it, with no slash at the end: `https://gateway.example`. Issuer of its tokens. */
  baseUrl: string;
  /** What assertions may name as their audience, besides `baseUrl` and its token endpoint. */
  audiences: readonly string[];
  /** Members hosted by this gateway's own node: they alone may send rows in the clear. */
  ownMembers: readonly MemberId[];
  /** Ed25519 seed of the key that signs access tokens, 32 bytes. Gateways behind one balancer share it. */
  tokenKey: Uint8Array;
  /** EIP-712 domain of the GrantRegistry. */
  grantDomain: TypedDataDomain;
  /** Contract of the EIP-712 domain of key rotations. */
  membership: Hex;
  /** Older than this, the view of the chain is not good enough to be ready. */
  staleAfterSeconds: number;
  rates: Record<RateClass, Rate>;
  pressure: PressureLimits;
  /** Streams of rows of one member at the same time. */
  maxStreams: number;
  /** Sockets at the same time. */
  maxConnections: number;
  /** From a call to a node to its answer. */
  nodeTimeoutMs: number;
  /** Addresses or networks of proxies whose X-Forwarded-* are believed; none by default. */
  trustProxy: readonly string[];
  /** Origins of pages that may call it from a browser, as browsers send them; none by default. */
  corsOrigins: readonly string[];
  /** The verifier page, one HTML file. */
  verifierFile: string;
  /** The page on which enterprises authorise, one HTML file. */
  authoriseFile: string;
  logger: Logger;
}

/** Where set-up puts the pages. */
export const VERIFIER_FILE: string = fileURLToPath(new URL('../.cache/verify.html', import.meta.url));

export const AUTHORISE_FILE: string = fileURLToPath(new URL('../.cache/authorise.html', import.meta.url));

export const DEFAULTS = {
  audiences: [],
  staleAfterSeconds: 120,
  rates: {
    token: { requests: 60, windowSeconds: 60 },
    normal: { requests: 1_200, windowSeconds: 60 },
    bulk: { requests: 12_000, windowSeconds: 60 },
  },
  pressure: { maxEventLoopDelayMs: 1_000, maxHeapUsedBytes: 0, maxRssBytes: 0 },
  maxStreams: 8,
  maxConnections: 4_096,
  nodeTimeoutMs: 30_000,
  trustProxy: [],
  corsOrigins: [],
  verifierFile: VERIFIER_FILE,
  authoriseFile: AUTHORISE_FILE,
} as const satisfies Partial<AppOptions>;
