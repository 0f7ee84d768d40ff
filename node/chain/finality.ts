// How deep a block must lie before no fork can take it back, by consensus.

/**
 * When a block is final. By depth: depth 1 is the head itself (a consensus with immediate finality). By tag: what the
 * engine calls `finalized`.
 */
export type Finality = { kind: 'depth'; depth: number } | { kind: 'tag' };

/** What seals the blocks. */
type Consensus = { kind: 'qbft' } | { kind: 'clique'; signers: number };

/**
 * Depth at which a block is final, the head itself being depth 1.
 *
 * QBFT: a block is there only after two thirds of the validators signed it; there are no forks. Clique (EIP-225): a
 * signer may seal one block of ⌊n/2⌋ + 1 running ones, so that the smaller side of a network that was split in two
 * seals at most m = n − ⌊n/2⌋ − 1 blocks. Those may all be in turn (difficulty 2) where the larger side's are out of
 * turn (difficulty 1), and of two chains that weigh the same geth takes the shorter: m blocks can take back 2m. Where
 * the split is even neither side goes on for long (EIP-3436).
 */
export function finalityDepth(consensus: Consensus): number {
  if (consensus.kind === 'qbft') return 1;
  const { signers } = consensus;
  return 2 * (signers - Math.floor(signers / 2) - 1) + 1;
}
