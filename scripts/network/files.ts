// All files of a network, from its description: those that everyone has alike, and those of each member's machine.
import type { ConsortiumContracts } from '../../node/chain/events.ts';
import { besuGenesis, besuSettings, enodes, permissions } from './besu.ts';
import type { NetworkDescription } from './description.ts';
import { readPublicKeys } from './public-keys.ts';
import { alerts, compose, exchangeSettings, grafana, prometheus } from './services.ts';

/**
 * Path → text. The same description gives the same bytes to every member.
 * @param contracts once they are deployed: without them there are no settings of nodes and gateways yet
 * @throws MALFORMED a member's file of public keys
 */
export function networkFiles(network: NetworkDescription, contracts?: ConsortiumContracts): Map<string, string> {
  const accounts = network.members.map(({ keys }) => readPublicKeys(keys).transaction);
  const files = new Map<string, string>();
  files.set('genesis.json', `${JSON.stringify(besuGenesis(network), null, 2)}\n`);
  files.set('static-nodes.json', `${JSON.stringify(enodes(network), null, 2)}\n`);
  for (const member of network.members) {
    const add = (path: string, text: string): void => void files.set(`members/${member.key}/${path}`, text);
    add('besu.toml', besuSettings(network, member));
    // A copy each: Besu writes to it when it is told to allow another.
    add('permissions/permissions.toml', permissions(network, accounts));
    add('compose.yaml', compose(network, member));
    add('prometheus.yaml', prometheus(network, member));
    add('alerts.yaml', alerts());
    for (const [name, text] of Object.entries(grafana())) add(`grafana/${name}`, text);
    if (!contracts) continue;
    const { node, gateway } = exchangeSettings(network, member, contracts);
    add('node.yaml', node);
    if (member.gateway) add('gateway.yaml', gateway);
  }
  return files;
}
