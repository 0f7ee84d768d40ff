// Who sealed a chain of headers: the set of sealers that is followed from a block on that is trusted.
import type { Hex } from './bytes.ts';
import { beginClique, takeClique, type CliqueState } from './clique.ts';
import { beginQbft, takeQbft, type QbftState } from './qbft.ts';
import { readSealedHeader } from './sealed-header.ts';

/** Says that a block is of a consensus of the IBFT family. */
const QBFT_MIX_HASH = '0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365';
const NO_HASH = `0x${'00'.repeat(32)}`;
/** Vanity and seal. */
const CLIQUE_EXTRA = 32 + 65;

/** Who may seal the next header, and what was voted: plain data. */
export type SealState = CliqueState | QbftState;

/** Who seals a chain, from a block on that is trusted. */
export interface Consensus {
  kind: SealState['kind'];
  /** The block that is trusted: the next one is sealed by `sealers`. */
  block: number;
  sealers: readonly Hex[];
  /** Blocks after which votes begin anew; 30,000 unless told. */
  epoch?: number | undefined;
}

export function beginSeals({ kind, block, sealers, epoch }: Consensus): SealState {
  const options = epoch === undefined ? {} : { epoch };
  return kind === 'clique' ? beginClique(block, sealers, options) : beginQbft(block, sealers, options);
}

/** Whether a header may be one that its makers sealed: it has the form of Clique's or QBFT's. */
export function isSealed({
  extraData,
  difficulty,
  mixHash,
}: {
  extraData: string;
  difficulty: string;
  mixHash: string;
}): boolean {
  if (mixHash === QBFT_MIX_HASH) return true;
  const bytes = extraData.length / 2 - 1;
  const turns = difficulty === '0x1' || difficulty === '0x2';
  return turns && mixHash === NO_HASH && bytes >= CLIQUE_EXTRA && (bytes - CLIQUE_EXTRA) % 20 === 0;
}

/**
 * Headers, the first of them included, after which no fork can take it back. QBFT: its own seals say so. Clique: the
 * smaller side of a network that was split in two can have as many as take back twice what it may seal alone.
 */
export function headersForFinality({ kind, sealers: { length } }: Consensus): number {
  return kind === 'qbft' ? 1 : 2 * (length - Math.floor(length / 2) - 1) + 1;
}

/**
 * Takes the next header: whoever sealed it was entitled to, and what it votes is counted.
 * @param rlp of the header with all its seals
 * @returns with the state behind it, who sealed it
 * @throws PROOF_INVALID (link `seals`), MALFORMED, SIGNATURE_INVALID
 */
export function takeSealed(state: SealState, rlp: Uint8Array): { state: SealState; sealers: Hex[] } {
  const header = readSealedHeader(rlp);
  if (state.kind === 'clique') {
    const { state: next, signer } = takeClique(state, header);
    return { state: next, sealers: [signer] };
  }
  const { state: next, signers } = takeQbft(state, header);
  return { state: next, sealers: signers };
}
