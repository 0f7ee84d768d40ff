// Settings of the sandbox's processes, as files that an operator could have written.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { keyFileOf } from '../../node/keys/file-provider.ts';
import { CAST, type Player } from './cast.ts';
import { keysDirectory, passphraseFile, type ChainSource, type Consortium } from './consortium.ts';

export const nodeConfigFile = (data: string, { key }: Player): string => join(data, 'config', `node-${key}.yaml`);
export const gatewayConfigFile = (data: string, { key }: Player): string => join(data, 'config', `gateway-${key}.yaml`);
/** What an auditor is given: the contracts, and where the chain is. */
export const auditFile = (data: string): string => join(data, 'config', 'audit.yaml');
/** Settings of the CLI in a member's name. */
export const profileFile = (data: string, { key }: Player): string => join(data, 'profiles', `${key}.yaml`);

export async function writeConfigs(
  data: string,
  { contracts, ports }: Consortium,
  source: ChainSource & { corsOrigins: readonly string[]; licence: { url: string; key: string } },
): Promise<void> {
  const {
    corsOrigins,
    settings,
    tipWei,
    licence: { url, key },
  } = source;
  const licence = { url, key };
  await mkdir(join(data, 'config'), { recursive: true });
  await mkdir(join(data, 'profiles'), { recursive: true });
  const audited = { endpoints: source.endpointsOf('auditor'), ...contracts, finality: settings.finality };
  await writeFile(auditFile(data), stringify(audited));
  const keys = { kind: 'file', directory: keysDirectory(data), passphraseFile: passphraseFile(data) };
  const firstGateway = CAST.find(({ gateway }) => gateway);
  for (const player of CAST) {
    const own = ports.players[player.key];
    if (!own) throw new Error(`the data folder has no ports for ${player.key}`);
    const chain = { endpoints: source.endpointsOf(player.key), ...contracts, ...settings, pollMs: 250, tipWei };
    const node = {
      data: join(data, 'nodes', player.key),
      members: [player.id],
      keys,
      chain,
      p2p: { listen: [`/ip4/127.0.0.1/tcp/${own.p2p}`] },
      http: { host: '127.0.0.1', port: own.http },
      timing: { signMs: 500, anchorMs: 1_000 },
      // Everything here is on this machine.
      webhooks: { allow: ['127.0.0.1'], delaysSeconds: [0, 0.5, 1, 2, 4, 8, 16, 32] },
      ...(player.roles.includes('identifier') && { sandbox: true, licence: { adapter: 'mock', ...licence } }),
    };
    await writeFile(nodeConfigFile(data, player), stringify(node));
    if (own.gateway !== undefined) {
      const gateway = {
        member: player.id,
        keys,
        chain,
        p2p: { listen: [`/ip4/127.0.0.1/tcp/${own.gatewayP2p}`] },
        http: { host: '127.0.0.1', port: own.gateway },
        corsOrigins,
      };
      await writeFile(gatewayConfigFile(data, player), stringify(gateway));
    }
    // A member without a gateway of its own goes through another's, which can read nothing of it.
    const nearest = own.gateway ?? ports.players[firstGateway?.key ?? '']?.gateway;
    const profile = {
      gateway: `http://127.0.0.1:${nearest}`,
      member: player.id,
      keys: keyFileOf(keysDirectory(data), player.id),
      passphraseFile: passphraseFile(data),
    };
    await writeFile(profileFile(data, player), stringify(profile));
  }
}
