// What runs beside a member's Besu: our node and gateway, Prometheus, Grafana, and the file that starts them.
import { stringify } from 'yaml';
import { finalityDepth } from '../../node/chain/finality.ts';
import type { ConsortiumContracts } from '../../node/chain/events.ts';
import { memberIdOf } from '../../node/core/ids.ts';
import { parseUscc } from '../../node/core/uscc.ts';
import { PORTS, type MemberDescription, type NetworkDescription } from './description.ts';

const BESU = 'hyperledger/besu:25.7.0';
const NODE = 'node:24-bookworm-slim';
const PROMETHEUS = 'prom/prometheus:v3.5.0';
const GRAFANA = 'grafana/grafana:12.1.0';

/** Settings of the member's node and, where it runs one, of its gateway. */
export function exchangeSettings(
  network: NetworkDescription,
  member: MemberDescription,
  contracts: ConsortiumContracts,
): { node: string; gateway: string } {
  const ports = network.ports ?? PORTS;
  const others = network.members.flatMap((other) => (other === member || other.rpc === undefined ? [] : [other.rpc]));
  const id = memberIdOf(parseUscc(member.uscc));
  const chain = {
    endpoints: [`http://besu:${ports.rpc}`, ...others],
    ...contracts,
    finality: { kind: 'depth', depth: finalityDepth({ kind: 'qbft' }) },
    blockSeconds: network.emptyBlockSeconds,
    tipWei: 0,
  };
  const keys = { kind: 'file', directory: '/secrets/keys', passphraseFile: '/secrets/passphrase' };
  const node = {
    data: '/data',
    members: [id],
    keys,
    chain,
    p2p: { listen: [`/ip4/0.0.0.0/tcp/${ports.node}`] },
    http: { host: '0.0.0.0', port: ports.nodeHttp },
  };
  const gateway = {
    member: id,
    keys,
    baseUrl: `http://${member.host}:${ports.gateway}`,
    chain,
    http: { host: '0.0.0.0', port: ports.gateway },
  };
  return { node: stringify(node), gateway: stringify(gateway) };
}

/** All of a member's services on its machine. */
export function compose(network: NetworkDescription, { gateway = false }: MemberDescription): string {
  const { peer, rpc, node, nodeHttp, gateway: gatewayPort } = network.ports ?? PORTS;
  const exchange = (main: string, settings: string, ports: string[], data: string[]) => ({
    image: NODE,
    command: ['node', `/opt/xinlian/${main}`, '--config', `/etc/xinlian/${settings}`],
    ports,
    volumes: [
      // The checked-out project, with its packages installed and its contracts compiled.
      '${XINLIAN_HOME:?where the project is}:/opt/xinlian:ro',
      `./${settings}:/etc/xinlian/${settings}:ro`,
      './secrets:/secrets:ro',
      ...data,
    ],
    depends_on: ['besu'],
    restart: 'unless-stopped',
    stop_grace_period: '30s',
  });
  return stringify({
    services: {
      besu: {
        image: BESU,
        // The key is readable by its owner alone.
        user: 'root',
        command: ['--config-file=/etc/besu.toml'],
        // JSON-RPC on this machine alone: whoever reaches it may vote validators in and out.
        ports: [`${peer}:${peer}`, `127.0.0.1:${rpc}:${rpc}`],
        volumes: [
          './besu.toml:/etc/besu.toml:ro',
          '../../genesis.json:/network/genesis.json:ro',
          '../../static-nodes.json:/network/static-nodes.json:ro',
          './permissions:/permissions',
          './secrets:/secrets:ro',
          'besu:/data',
        ],
        restart: 'unless-stopped',
      },
      node: exchange(
        'node/main.ts',
        'node.yaml',
        [`${node}:${node}`, `127.0.0.1:${nodeHttp}:${nodeHttp}`],
        ['node:/data'],
      ),
      ...(gateway && {
        gateway: exchange('gateway/main.ts', 'gateway.yaml', [`${gatewayPort}:${gatewayPort}`], []),
      }),
      prometheus: {
        image: PROMETHEUS,
        ports: ['127.0.0.1:9090:9090'],
        volumes: [
          './prometheus.yaml:/etc/prometheus/prometheus.yml:ro',
          './alerts.yaml:/etc/prometheus/alerts.yaml:ro',
          'prometheus:/prometheus',
        ],
        restart: 'unless-stopped',
      },
      grafana: {
        image: GRAFANA,
        ports: ['127.0.0.1:3000:3000'],
        volumes: [
          './grafana/datasource.yaml:/etc/grafana/provisioning/datasources/prometheus.yaml:ro',
          './grafana/dashboards.yaml:/etc/grafana/provisioning/dashboards/xinlian.yaml:ro',
          './grafana/xinlian.json:/var/lib/grafana/dashboards/xinlian.json:ro',
          'grafana:/var/lib/grafana',
        ],
        restart: 'unless-stopped',
      },
    },
    volumes: { besu: {}, node: {}, prometheus: {}, grafana: {} },
  });
}

export function prometheus(network: NetworkDescription, { gateway = false }: MemberDescription): string {
  const ports = network.ports ?? PORTS;
  const job = (name: string, target: string) => ({ job_name: name, static_configs: [{ targets: [target] }] });
  return stringify({
    global: { scrape_interval: '5s', evaluation_interval: '5s' },
    rule_files: ['alerts.yaml'],
    scrape_configs: [
      job('besu', 'besu:9545'),
      job('node', `node:${ports.nodeHttp}`),
      ...(gateway ? [job('gateway', `gateway:${ports.gateway}`)] : []),
    ],
  });
}

export function alerts(): string {
  const alert = (name: string, expr: string, wait: string, summary: string) => ({
    alert: name,
    expr,
    for: wait,
    annotations: { summary },
  });
  return stringify({
    groups: [
      {
        name: 'xinlian',
        rules: [
          alert('ChainStalled', 'xinlian_chain_stalled == 1', '0s', 'No new block for longer than the chain may take'),
          alert('EndpointsDisagree', 'xinlian_chain_disputed == 1', '0s', 'Nothing becomes final: endpoints disagree'),
          alert(
            'EndpointContradicted',
            'xinlian_chain_endpoints{state="contradicted"} > 0',
            '0s',
            'An endpoint says of the chain what the others contradict',
          ),
          alert('Down', 'up == 0', '30s', 'A process does not answer'),
        ],
      },
    ],
  });
}

/** Path in the folder `grafana` → text. */
export function grafana(): Record<string, string> {
  const panel = (id: number, title: string, expr: string, legendFormat: string) => ({
    id,
    title,
    type: 'timeseries',
    datasource: { type: 'prometheus', uid: 'prometheus' },
    gridPos: { h: 8, w: 12, x: ((id - 1) % 2) * 12, y: Math.floor((id - 1) / 2) * 8 },
    targets: [{ refId: 'A', expr, legendFormat }],
  });
  const dashboard = {
    uid: 'xinlian',
    title: 'Xinlian 信链',
    schemaVersion: 39,
    refresh: '5s',
    time: { from: 'now-1h', to: 'now' },
    panels: [
      panel(1, 'Entries of the log', 'xinlian_log_entries', '{{state}}'),
      panel(2, 'Rows a second', 'rate(xinlian_rows_total[1m])', '{{outcome}}'),
      panel(3, 'Age of the newest block, seconds', 'xinlian_chain_head_age_seconds', '{{job}}'),
      panel(4, 'Chain stalls or is disputed', 'xinlian_chain_stalled or xinlian_chain_disputed', '{{__name__}}'),
      panel(5, 'Endpoints', 'xinlian_chain_endpoints', '{{state}}'),
      panel(6, 'Memory, bytes', 'process_resident_memory_bytes', '{{job}}'),
    ],
  };
  const source = {
    name: 'Prometheus',
    uid: 'prometheus',
    type: 'prometheus',
    url: 'http://prometheus:9090',
    access: 'proxy',
  };
  const provider = { name: 'xinlian', type: 'file', options: { path: '/var/lib/grafana/dashboards' } };
  return {
    'datasource.yaml': stringify({ apiVersion: 1, datasources: [{ ...source, isDefault: true }] }),
    'dashboards.yaml': stringify({ apiVersion: 1, providers: [provider] }),
    'xinlian.json': JSON.stringify(dashboard, null, 2),
  };
}
