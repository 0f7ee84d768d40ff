// The first block of a Clique network (EIP-225) for geth.

export interface CliqueOptions {
  chainId: number;
  /** Seconds between blocks. */
  period: number;
  /** Accounts that seal, in any order. */
  signers: readonly string[];
  /** Account that has all the money. */
  funded: string;
  /** Of block 0, seconds since 1970: the next is due a period later. */
  time: number;
}

const FORKS = [
  'homestead',
  'eip150',
  'eip155',
  'eip158',
  'byzantium',
  'constantinople',
  'petersburg',
  'istanbul',
  'berlin',
  'london',
];
const VANITY = '00'.repeat(32);
const NO_SEAL = '00'.repeat(65);

export function cliqueGenesis({ chainId, period, signers, funded, time }: CliqueOptions): object {
  // Ascending: the order in which they take turns.
  const bare = signers.map((address) => address.slice(2).toLowerCase()).sort();
  return {
    config: {
      chainId,
      ...Object.fromEntries(FORKS.map((fork) => [`${fork}Block`, 0])),
      clique: { period, epoch: 30_000 },
    },
    timestamp: `0x${time.toString(16)}`,
    difficulty: '0x1',
    gasLimit: '0x1c9c380',
    baseFeePerGas: '0x1',
    extraData: `0x${VANITY}${bare.join('')}${NO_SEAL}`,
    alloc: { [funded.slice(2)]: { balance: `0x${(10n ** 30n).toString(16)}` } },
  };
}
