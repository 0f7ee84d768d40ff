// Posts to receivers of webhooks, at addresses that this node may post to and no others: a name is resolved here, and the
// address that it came to is the one that is connected to.
import { lookup, type LookupAddress } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { malformed, XinlianError } from './core/errors.ts';
import type { Attempt } from './exchange/delivery.ts';
import type { WebhookSender } from './exchange/webhooks.ts';

export interface SenderOptions {
  /** Addresses, networks (CIDR) and names that may be posted to, and no others. Absent: every public address. */
  allow?: readonly string[];
  timeoutMs: number;
}

/** Special-purpose addresses (RFC 6890 and its registries): nobody's receiver is there. */
const NOT_PUBLIC: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  '3fff::/20',
];
/** Global unicast (RFC 4291, section 2.4): every other IPv6 address is special, those that hold an IPv4 address too. */
const GLOBAL_UNICAST = networks(['2000::/3']);
const LOOPBACK = networks(['127.0.0.0/8', '::1/128']);
const special = networks(NOT_PUBLIC);

/** Throws `CONFIG_INVALID` for an entry that is neither an address, nor a network, nor a name. */
export function createWebhookSender({ allow, timeoutMs }: SenderOptions): WebhookSender {
  const rule = ruleOf(allow);
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };

  const check = (text: string): URL => {
    const url = URL.canParse(text) ? new URL(text) : malformed('url', 'an address', text);
    const host = hostOf(url);
    if (url.username !== '' || url.password !== '' || url.hash !== '')
      malformed('url', 'neither a user, a password nor a fragment', text);
    const loopback = host === 'localhost' || (isIP(host) !== 0 && within(LOOPBACK, host));
    if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) refuse('https', text);
    if (isIP(host) !== 0 && !rule.address(host, host)) refuse('an address that this node may post to', host);
    if (isIP(host) === 0 && !rule.name(host)) refuse('a name that this node may post to', host);
    return url;
  };

  const resolve: LookupFunction = (name, options, done) => {
    lookup(name, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error) return done(error, '', 0);
      const allowed = addresses.filter(({ address }) => rule.address(name, address));
      const [first] = allowed;
      if (!first) return done(new Error(`${name} is at no address that this node may post to`), '', 0);
      if (options.all === true) return done(null, allowed);
      return done(null, first.address, first.family);
    });
  };

  return {
    check: (url) => void check(url),
    async post(text, headers, body, signal) {
      try {
        const url = check(text);
        const secure = url.protocol === 'https:';
        const within = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
        return await new Promise<Attempt>((settle, fail) => {
          const request = (secure ? https : http).request(
            url,
            {
              method: 'POST',
              headers: { ...headers, 'content-length': body.length, 'user-agent': 'xinlian-webhooks/1' },
              agent: secure ? agents.https : agents.http,
              lookup: resolve,
              signal: within,
            },
            (response) => {
              const retryAfterSeconds = patienceOf(response.headers['retry-after']);
              // What it says is not read: its status is all that counts.
              response.resume().once('error', fail);
              settle({
                status: response.statusCode ?? 0,
                ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
              });
            },
          );
          request.once('error', fail);
          request.end(body);
        });
      } catch (error) {
        return { fault: XinlianError.is(error) || error instanceof Error ? error.message : String(error) };
      }
    },
  };
}

interface Rule {
  name(host: string): boolean;
  /** @param host what was resolved to it, or itself */
  address(host: string, address: string): boolean;
}

function ruleOf(allow: readonly string[] | undefined): Rule {
  if (!allow) return { name: () => true, address: (_, address) => isPublic(address) };
  const names = new Set(allow.filter((entry) => isName(entry)).map((entry) => entry.toLowerCase()));
  const allowed = networks(allow.filter((entry) => !isName(entry)));
  return {
    // Where an address is allowed, a name may come to it.
    name: (host) => names.has(host) || allowed.rules.length > 0,
    address: (host, address) => names.has(host) || within(allowed, address),
  };
}

function isPublic(address: string): boolean {
  return !within(special, address) && (isIP(address) === 4 || within(GLOBAL_UNICAST, address));
}

function isName(entry: string): boolean {
  return isIP(entry.split('/')[0] ?? '') === 0;
}

function networks(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    try {
      if (prefix === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(prefix), family);
    } catch (cause) {
      const message = `wanted an address, a network or a name, got ${entry}`;
      throw new XinlianError('CONFIG_INVALID', { faults: [{ path: 'webhooks.allow', message }] }, { cause });
    }
  }
  return list;
}

function within(list: BlockList, address: string): boolean {
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

/** Without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname.toLowerCase();
}

/** Seconds of a Retry-After header (RFC 9110, section 10.2.3); a date is not asked for often enough to be read. */
function patienceOf(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,9}$/.test(header) ? Number(header) : undefined;
}

function refuse(wanted: string, got: string): never {
  throw new XinlianError('FORBIDDEN', { wanted, got });
}
