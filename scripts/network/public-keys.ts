// What a member gave out of its keys: the line that `xinlian keys new` printed, in a file.
import { readFileSync } from 'node:fs';
import { getAddress } from 'ethers/address';
import { fromBase64Url, type Hex } from '../../node/core/bytes.ts';
import { malformed } from '../../node/core/errors.ts';
import type { Admission } from '../../node/core/council.ts';
import { PORTS, type MemberDescription, type NetworkDescription } from './description.ts';

/** @throws MALFORMED where the file is another */
export function readPublicKeys(file: string): Pick<Admission, 'transaction' | 'keys'> {
  let given: Record<string, unknown>;
  try {
    given = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch {
    return malformed(`public keys in ${file}`, 'the line that `xinlian keys new` printed', 'no such file, or no JSON');
  }
  const text = (name: string): string => {
    const value = given[name];
    return typeof value === 'string' ? value : malformed(`${name} in ${file}`, 'a public key', value);
  };
  const key = (name: string, length: number): Uint8Array => fromBase64Url(text(name), length);
  return {
    transaction: getAddress(text('transaction')) as Hex,
    keys: {
      checkpoint: key('checkpoint', 32),
      sealing: key('sealing', 33),
      nodePeer: key('nodePeer', 32),
      gatewayPeer: key('gatewayPeer', 32),
      client: key('client', 32),
    },
  };
}

/** What the council is asked to admit. @throws MALFORMED */
export function admissionOf(network: NetworkDescription, member: MemberDescription): Admission {
  const { name, uscc, region, roles, host, gateway = false } = member;
  const ports = network.ports ?? PORTS;
  const { transaction, keys } = readPublicKeys(member.keys);
  const kind = host.includes(':') ? 'ip6' : /^[0-9.]+$/.test(host) ? 'ip4' : 'dns';
  const endpoints = {
    node: [`/${kind}/${host}/tcp/${ports.node}`],
    ...(gateway && { gateway: `http://${host}:${ports.gateway}` }),
  };
  return {
    name,
    uscc,
    region,
    roles,
    transaction,
    keys: { ...keys, gatewayPeer: gateway ? keys.gatewayPeer : new Uint8Array() },
    endpoints: JSON.stringify(endpoints),
  };
}
