// The files of a Besu node of a QBFT network: genesis, peers, permissions, settings. As Besu 25 documents them.
import { computeAddress } from 'ethers/transaction';
import { fromHex, toHex, type Hex } from '../../node/core/bytes.ts';
import { encodeRlp } from '../../node/core/rlp.ts';
import { isValidator, PORTS, type MemberDescription, type NetworkDescription } from './description.ts';

/** Tells Besu that headers are those of a Byzantine-fault-tolerant consensus. */
const MIX_HASH = '0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365';
const GAS_LIMIT = '0x1c9c380';

/** extraData of block 0: RLP of [32 bytes of vanity, addresses of the validators, no vote, round 0, no seals]. */
export function qbftExtraData(validators: readonly string[]): Hex {
  const addresses = validators.map((address) => fromHex(address.toLowerCase() as Hex, 20));
  const none = new Uint8Array();
  return toHex(encodeRlp([new Uint8Array(32), addresses, [], none, []]));
}

/** Address that a node seals blocks with: that of its node key. EIP-55. */
export function validatorAddress({ nodeKey }: Pick<MemberDescription, 'nodeKey'>): string {
  return computeAddress(`0x04${nodeKey.slice(2)}`);
}

export function besuGenesis(network: NetworkDescription): object {
  const { chainId, blockSeconds, emptyBlockSeconds, members } = network;
  return {
    config: {
      chainId,
      berlinBlock: 0,
      londonBlock: 0,
      // Gas is counted, and costs nothing: accounts need no money.
      zeroBaseFee: true,
      qbft: {
        blockperiodseconds: blockSeconds,
        // Later releases call it emptyblockperiodseconds, and read this name too.
        xemptyblockperiodseconds: emptyBlockSeconds,
        epochlength: 30_000,
        // A round that brought no block: at least twice the time of one.
        requesttimeoutseconds: 2 * blockSeconds,
      },
    },
    nonce: '0x0',
    timestamp: '0x0',
    // Ascending, so that the order of the description makes no other chain.
    extraData: qbftExtraData(
      members
        .filter(isValidator)
        .map(validatorAddress)
        .map((address) => address.toLowerCase())
        .sort(),
    ),
    gasLimit: GAS_LIMIT,
    difficulty: '0x1',
    mixHash: MIX_HASH,
    coinbase: `0x${'00'.repeat(20)}`,
    alloc: {},
  };
}

export function enodes({ members, ports }: NetworkDescription): string[] {
  const { peer } = ports ?? PORTS;
  return members.map(({ nodeKey, host }) => `enode://${nodeKey.slice(2)}@${bracketed(host)}:${peer}`);
}

/** Which nodes may connect, and whose transactions are taken. Each member's node enforces its own copy. */
export function permissions(network: NetworkDescription, accounts: readonly string[]): string {
  return toml({ 'nodes-allowlist': enodes(network), 'accounts-allowlist': [...accounts] });
}

/** Settings of one member's node. Paths are those of `compose.yaml`. */
export function besuSettings(network: NetworkDescription, { host }: MemberDescription): string {
  const { peer, rpc } = network.ports ?? PORTS;
  const named = network.members.some((member) => !/^[0-9.]+$|:/.test(member.host));
  return toml({
    'data-path': '/data',
    'genesis-file': '/network/genesis.json',
    'node-private-key-file': '/secrets/node.key',
    'static-nodes-file': '/network/static-nodes.json',
    'permissions-nodes-config-file-enabled': true,
    'permissions-nodes-config-file': '/permissions/permissions.toml',
    'permissions-accounts-config-file-enabled': true,
    'permissions-accounts-config-file': '/permissions/permissions.toml',
    'discovery-enabled': false,
    'p2p-host': host,
    'p2p-port': peer,
    ...(named && { 'Xdns-enabled': true, 'Xdns-update-enabled': true }),
    'rpc-http-enabled': true,
    'rpc-http-host': '0.0.0.0',
    'rpc-http-port': rpc,
    'rpc-http-api': ['ETH', 'NET', 'WEB3', 'QBFT', 'PERM', 'ADMIN'],
    'host-allowlist': ['localhost', '127.0.0.1', 'besu'],
    'min-gas-price': 0,
    'sync-mode': 'FULL',
    'metrics-enabled': true,
    'metrics-host': '0.0.0.0',
    'metrics-port': 9_545,
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function toml(settings: Record<string, string | number | boolean | string[]>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
    .join('');
}
