import { expect } from 'chai';
import { finalityDepth } from '../../../node/chain/finality.ts';

/** By length of a chain, the least and the greatest total difficulty that its sealers can give it. */
type Weights = Map<number, { least: number; most: number }>;

/**
 * Every chain that the signers of one side can seal behind a block, by Clique's two rules (EIP-225): a signer seals one
 * block of ⌊n/2⌋ + 1 running ones; difficulty is 2 in turn (block number mod n), else 1.
 * @param recent signers of the ⌊n/2⌋ blocks before, the oldest first; the next block has number 0
 */
function chains(n: number, side: readonly number[], recent: readonly number[], longest: number): Weights {
  const weights: Weights = new Map();
  const extend = (number: number, recents: readonly number[], weight: number): void => {
    const known = weights.get(number) ?? { least: weight, most: weight };
    weights.set(number, { least: Math.min(known.least, weight), most: Math.max(known.most, weight) });
    if (number === longest) return;
    for (const signer of side) {
      if (recents.includes(signer)) continue;
      extend(number + 1, [...recents, signer].slice(1), weight + (number % n === signer ? 2 : 1));
    }
  };
  extend(0, recent, 0);
  return weights;
}

function* arrangements(n: number, length: number, taken: readonly number[] = []): Generator<readonly number[]> {
  if (taken.length === length) yield taken;
  else for (let i = 0; i < n; i++) if (!taken.includes(i)) yield* arrangements(n, length, [...taken, i]);
}

/** The most blocks that any split of the network in two can take back, found by trying all of them. */
function mostTakenBack(n: number): number {
  const longest = n + 2;
  const signers = Array.from({ length: n }, (_, i) => i);
  let most = 0;
  for (const recent of arrangements(n, Math.floor(n / 2))) {
    for (let split = 0; split < 2 ** n; split++) {
      const sides = [signers.filter((i) => split & (1 << i)), signers.filter((i) => !(split & (1 << i)))];
      const [ours, theirs] = sides.map((side) => chains(n, side, recent, longest)) as [Weights, Weights];
      for (const [length, { least }] of ours) {
        // Of two that weigh the same, geth may take the other one where that is no longer.
        const lost = [...theirs].some(
          ([other, { most }]) => other > 0 && (most > least || (most === least && other <= length)),
        );
        if (lost) most = Math.max(most, length);
      }
    }
  }
  return most;
}

describe('finality depth', () => {
  it('is the head itself where there are no forks', () => {
    expect(finalityDepth({ kind: 'qbft' })).to.equal(1);
  });

  for (const signers of [1, 2, 3, 4, 5, 6]) {
    it(`is one more than any split of ${signers} Clique signers takes back`, () => {
      expect(finalityDepth({ kind: 'clique', signers })).to.equal(mostTakenBack(signers) + 1);
    });
  }
});
