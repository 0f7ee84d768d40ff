// Keys that a remote signer keeps; the API is in remote-api.ts.
import { fromBase64Url, toBase64Url, toHex } from '../core/bytes.ts';
import type { Hex } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { checkMember } from './file-provider.ts';
import type { PublicKeys } from './local-keys.ts';
import type { KeyProvider, MemberKeys } from './provider.ts';
import { OPERATIONS } from './remote-api.ts';
import type { OperationName } from './remote-api.ts';
import type { Secret } from './secret.ts';

const DEFAULT_TIMEOUT_MS = 5_000;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

export interface RemoteProviderOptions {
  /** Address before `/v1`: https, or http on loopback. */
  base: string;
  token: Secret;
  /** Of one operation. Default: 5,000 */
  timeoutMs?: number;
}

/**
 * Whatever keeps the signer from answering is `KEY_UNAVAILABLE`, with the reason.
 *
 * @throws XinlianError `CONFIG_INVALID` where the token would travel in clear
 */
export function createRemoteProvider({
  base,
  token,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: RemoteProviderOptions): KeyProvider {
  const root = checkBase(base);
  const opened = new Map<string, Promise<MemberKeys>>();
  const closing = new AbortController();

  const assertOpen = () => {
    if (closing.signal.aborted) throw new XinlianError('CLOSED', { what: 'key provider' });
  };

  const request = async (path: string, key: string, body?: object): Promise<Record<string, unknown>> => {
    assertOpen();
    const unavailable = (reason: string, cause?: unknown) =>
      new XinlianError('KEY_UNAVAILABLE', { key, reason }, { cause });
    const timeout = AbortSignal.timeout(timeoutMs);
    let status: number;
    let answer: unknown;
    try {
      const response = await fetch(`${root}/v1/members/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token.reveal()}`, 'content-type': 'application/json' },
        body: body === undefined ? null : JSON.stringify(body),
        redirect: 'error',
        signal: AbortSignal.any([timeout, closing.signal]),
      });
      ({ status } = response);
      answer = await response.json();
    } catch (cause) {
      assertOpen();
      throw unavailable(timeout.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(cause), cause);
    }
    if (status === 200 && isObject(answer)) return answer;
    throw refusalOf(status, answer, key);
  };

  const load = async (member: string): Promise<MemberKeys> =>
    remoteKeys(parsePublicKeys(await request(member, member), member), async (operation, input) => {
      const key = `${member}/${operation.split('/')[0]}`;
      const path = `${member}/keys/${operation}`;
      const { output } = await request(path, key, { input: toBase64Url(input) });
      return parseBytes(output, OPERATIONS[operation].outputLength, key);
    });

  return {
    async open(member) {
      assertOpen();
      checkMember(member);
      let keys = opened.get(member);
      if (keys === undefined) {
        keys = load(member);
        opened.set(member, keys);
        // A failure is not kept: the signer may come back.
        keys.catch(() => opened.delete(member));
      }
      return keys;
    },

    async close() {
      closing.abort();
      opened.clear();
    },
  };
}

type Run = (operation: OperationName, input: Uint8Array) => Promise<Uint8Array>;

const NO_INPUT = new Uint8Array(0);

function remoteKeys(publicKeys: PublicKeys, run: Run): MemberKeys {
  return {
    checkpoint: { publicKey: publicKeys.checkpoint, sign: (message) => run('checkpoint/sign', message) },
    client: { publicKey: publicKeys.client, sign: (message) => run('client/sign', message) },
    sealing: { publicKey: publicKeys.sealing, deriveBits: (peer) => run('sealing/derive', peer) },
    transaction: {
      address: publicKeys.transaction,
      sign: async (digest) => toHex(await run('transaction/sign', digest)),
    },
    nodePeer: { publicKey: publicKeys.nodePeer, exportSeed: () => run('nodePeer/export', NO_INPUT) },
    gatewayPeer: { publicKey: publicKeys.gatewayPeer, exportSeed: () => run('gatewayPeer/export', NO_INPUT) },
    vault: { wrap: (key) => run('vault/wrap', key), unwrap: (wrapped) => run('vault/unwrap', wrapped) },
  };
}

function checkBase(base: string): string {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  const safe = url?.protocol === 'https:' || (url?.protocol === 'http:' && LOOPBACK.has(url.hostname));
  if (!safe) {
    const message = `wanted https, or http on loopback; got ${JSON.stringify(base)}`;
    throw new XinlianError('CONFIG_INVALID', { faults: [{ path: 'base', message }] });
  }
  return base.replace(/\/+$/, '');
}

function parsePublicKeys(answer: Record<string, unknown>, key: string): PublicKeys {
  const { transaction } = answer;
  if (typeof transaction !== 'string' || !/^0x[0-9a-fA-F]{40}$/.test(transaction)) {
    throw new XinlianError('KEY_UNAVAILABLE', { key, reason: 'the signer gave no address' });
  }
  return {
    checkpoint: parseBytes(answer.checkpoint, 32, key),
    client: parseBytes(answer.client, 32, key),
    sealing: parseBytes(answer.sealing, 33, key),
    transaction: transaction as Hex,
    nodePeer: parseBytes(answer.nodePeer, 32, key),
    gatewayPeer: parseBytes(answer.gatewayPeer, 32, key),
  };
}

function parseBytes(value: unknown, length: number, key: string): Uint8Array {
  try {
    if (typeof value !== 'string') malformed('bytes', 'base64url', typeof value);
    return fromBase64Url(value, length);
  } catch (cause) {
    throw new XinlianError('KEY_UNAVAILABLE', { key, reason: `the signer gave no ${length} bytes` }, { cause });
  }
}

/** The input was at fault, or else the key cannot be had. */
function refusalOf(status: number, answer: unknown, key: string): XinlianError {
  const error = isObject(answer) && isObject(answer.error) ? answer.error : {};
  const details = isObject(error.details) ? error.details : {};
  if (status === 400 && error.code === 'MALFORMED') {
    const { what, wanted, got } = details;
    return new XinlianError('MALFORMED', { what: String(what), wanted: String(wanted), got: String(got) });
  }
  const reason = [details.reason, error.code].find((text) => typeof text === 'string') ?? 'no reason';
  return new XinlianError('KEY_UNAVAILABLE', { key, reason: `the signer answered ${status}: ${reason}` });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
