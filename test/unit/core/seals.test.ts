import { expect } from 'chai';
import { fromHex, toHex, type Hex } from '../../../node/core/bytes.ts';
import { cliqueSignersIn } from '../../../node/core/clique.ts';
import { decodeHeader, encodeSealedHeader, hashedForm } from '../../../node/core/ethereum.ts';
import { parseQbftExtra, qbftQuorum } from '../../../node/core/qbft.ts';
import { beginSeals, takeSealed, type SealState } from '../../../node/core/seals.ts';
import { readSealedHeader } from '../../../node/core/sealed-header.ts';
import {
  cliqueHeader,
  hashOfSealed,
  qbftHeader,
  sealers,
  type HeaderParts,
  type QbftParts,
} from '../../helpers/sealed-chain.ts';
import vectors from '../../vectors/clique.json' with { type: 'json' };

const ZERO: Hex = `0x${'00'.repeat(32)}`;
const ADD: Hex = `0x${'ff'.repeat(8)}`;
const addresses = (list: readonly { address: Hex }[]): Hex[] => list.map(({ address }) => address);

/** What breaks, as `what: got`. */
function fault(take: () => unknown): string {
  try {
    take();
    return 'none';
  } catch (error) {
    const { code, details } = error as { code: string; details: { reason?: string; link?: string } };
    return code === 'PROOF_INVALID' ? `${details.link}: ${details.reason}` : code;
  }
}

describe('seals of a real Clique network', () => {
  const blocks = vectors.blocks.map((block) => ({ logsBloom: `0x${'00'.repeat(256)}`, ...block }));
  const headers = blocks.map(encodeSealedHeader);
  const genesis = cliqueSignersIn(readSealedHeader(headers[0]!));

  it('are followed from its first block, through votes in and out, to the signers that the engine names', () => {
    let state: SealState = beginSeals({ kind: 'clique', block: 0, sealers: genesis });
    let most = 0;
    for (const [i, header] of headers.entries()) {
      expect(decodeHeader(header).hash).to.equal(blocks[i]!.hash);
      if (i === 0) continue;
      ({ state } = takeSealed(state, header));
      if (state.kind === 'clique') most = Math.max(most, state.signers.length);
    }
    expect(state.kind === 'clique' && state.signers).to.have.members(vectors.signers);
    expect(most).to.equal(5);
  });

  it('do not hold for a header of which any field was changed', () => {
    let state: SealState = beginSeals({ kind: 'clique', block: 0, sealers: genesis });
    for (const [i, block] of blocks.entries()) {
      if (i === 0) continue;
      if (i < 12) {
        for (const name of [
          'parentHash',
          'miner',
          'stateRoot',
          'receiptsRoot',
          'gasUsed',
          'timestamp',
          'nonce',
          'extraData',
          'difficulty',
        ] as const) {
          // prettier-ignore
          const value = block[name];
          const forged = encodeSealedHeader({
            ...block,
            [name]: `${value.slice(0, -1)}${value.endsWith('1') ? '2' : '1'}`,
          });
          expect(
            fault(() => takeSealed(state, forged)),
            name,
          ).to.not.equal('none');
        }
      }
      ({ state } = takeSealed(state, headers[i]!));
    }
  });
});

describe('Clique seals', () => {
  const all = sealers(5);
  const four = all.slice(0, 4);
  const begin = (signers = four, epoch = 30_000, block = 0): SealState => beginSeals({ kind: 'clique', block, sealers: addresses(signers), epoch }); // prettier-ignore
  const made = (
    number: number,
    by: number,
    change: Partial<HeaderParts> = {},
    named: readonly Hex[] = [],
    of = four,
  ): Uint8Array =>
    // prettier-ignore
    cliqueHeader({ parent: ZERO, number, difficulty: number % of.length === by ? 2 : 1, ...change }, of[by]!, named);

  it('are of a signer, of one that did not just seal, and of the right difficulty', () => {
    const { state } = takeSealed(begin(), made(1, 1));
    expect(fault(() => takeSealed(state, made(2, 2)))).to.equal('none');
    expect(fault(() => takeSealed(state, made(2, 3)))).to.equal('none');
    expect(fault(() => takeSealed(state, made(3, 3)))).to.match(/seals: block 3: block/);
    expect(fault(() => takeSealed(state, made(2, 1)))).to.match(/turn/);
    expect(fault(() => takeSealed(state, made(2, 2, { difficulty: 1 })))).to.match(/difficulty/);
    expect(fault(() => takeSealed(state, cliqueHeader({ parent: ZERO, number: 2 }, all[4]!)))).to.match(/seal$/);
    expect(fault(() => takeSealed(state, made(2, 2, { mixHash: new Uint8Array(32).fill(1) })))).to.match(/mix hash/);
    expect(fault(() => takeSealed(state, made(2, 2, { uncles: ZERO })))).to.match(/uncles/);
    expect(fault(() => takeSealed(state, made(2, 2, { nonce: '0x0000000000000001' })))).to.match(/nonce/);
    expect(fault(() => takeSealed(state, made(2, 2, {}, addresses(four))))).to.match(/signers/);
  });

  it('name the signers at an epoch, and end the votes', () => {
    const votes = { coinbase: all[4]!.address, nonce: ADD };
    let state = begin(four, 3);
    ({ state } = takeSealed(state, made(1, 1, votes)));
    ({ state } = takeSealed(state, made(2, 2, votes)));
    expect(state.kind === 'clique' && state.votes).to.have.length(2);
    expect(fault(() => takeSealed(state, made(3, 3, {}, addresses(all))))).to.match(/signers/);
    expect(fault(() => takeSealed(state, made(3, 3)))).to.match(/signers/);
    expect(fault(() => takeSealed(state, made(3, 3, votes, addresses(four))))).to.match(/vote/);
    ({ state } = takeSealed(state, made(3, 3, {}, addresses(four))));
    expect(state.kind === 'clique' && state.votes).to.deep.equal([]);
  });

  it('count votes of more than half, once each, until they are taken back', () => {
    const add = { coinbase: all[4]!.address, nonce: ADD };
    const drop = { coinbase: all[4]!.address };
    let state = begin();
    const take = (number: number, by: number, change: Partial<HeaderParts>): void => void ({ state } = takeSealed(state, made(number, by, change))); // prettier-ignore
    take(1, 1, add);
    take(2, 2, add);
    take(3, 3, {});
    take(4, 1, drop);
    take(5, 0, add);
    expect(state.kind === 'clique' && state.signers).to.deep.equal(addresses(four));
    take(6, 3, add);
    expect(state.kind === 'clique' && state.signers).to.deep.equal(addresses(all));
    expect(state.kind === 'clique' && state.votes).to.deep.equal([]);
  });
});

describe('QBFT seals', () => {
  const all = sealers(5);
  const four = all.slice(0, 4);
  const base: QbftParts = { parent: ZERO, number: 8, coinbase: four[0]!.address, validators: addresses(four) };
  const begin = (validators = four, epoch = 30_000, block = 7): SealState => beginSeals({ kind: 'qbft', block, sealers: addresses(validators), epoch }); // prettier-ignore

  it('are read from the form that Besu documents', () => {
    // Extra data of Besu's own test of its codec: two validators, a vote for the first, a round, two seals.
    const seal = (r: string, s: string): string => `b841${r.padStart(64, '0')}${s.padStart(64, '0')}00`;
    const text = `0xf8f0a00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20ea94${'1'.padStart(40, '0')}94${'2'.padStart(40, '0')}d794${'1'.padStart(40, '0')}81ff83fedcbaf886${seal('1', 'a')}${seal('a', '1')}`; // prettier-ignore
    const extra = parseQbftExtra(fromHex(text));
    expect(extra.validators).to.deep.equal([1, 2].map((n) => `0x${String(n).padStart(40, '0')}`));
    expect(extra.vote).to.deep.equal({ target: extra.validators[0], add: true });
    expect([extra.round, extra.seals.length, toHex(extra.seals[1]!).slice(2, 66)]).to.deep.equal([0xfedcba, 2, 'a'.padStart(64, '0')]); // prettier-ignore
    expect([1, 2, 3, 4, 5, 6, 7].map(qbftQuorum)).to.deep.equal([1, 2, 2, 3, 4, 4, 5]);
  });

  it('are of two thirds of the validators, each once, over header and round', () => {
    expect(fault(() => takeSealed(begin(), qbftHeader(base, four)))).to.equal('none');
    expect(fault(() => takeSealed(begin(), qbftHeader({ ...base, round: 3 }, four.slice(1))))).to.equal('none');
    expect(fault(() => takeSealed(begin(), qbftHeader(base, four.slice(2))))).to.match(/seals$/);
    expect(fault(() => takeSealed(begin(), qbftHeader(base, [...four.slice(2), four[2]!])))).to.match(/seals$/);
    expect(fault(() => takeSealed(begin(), qbftHeader(base, all.slice(1))))).to.match(/seal$/);
    expect(fault(() => takeSealed(begin(), qbftHeader({ ...base, coinbase: all[4]!.address }, four)))).to.match(
      /proposer/,
    );
    expect(fault(() => takeSealed(begin(all), qbftHeader(base, four)))).to.match(/validators/);
    expect(fault(() => takeSealed(begin(), qbftHeader({ ...base, number: 9 }, four)))).to.match(/block/);
    const header = qbftHeader(base, four);
    const other = Uint8Array.from(header);
    other[40]! ^= 1;
    expect(fault(() => takeSealed(begin(), other))).to.not.equal('none');
    const rounds = [0, 1].map((round) => hashOfSealed(qbftHeader({ ...base, round }, four)));
    expect(rounds[0]).to.equal(rounds[1]);
    expect(decodeHeader(hashedForm(header)).hash).to.equal(rounds[0]);
  });

  it('follow votes: in by more than half, out by more than half, anew at an epoch', () => {
    const target = all[4]!.address;
    let state = begin();
    const take = (number: number, by: number, vote?: QbftParts['vote']): void => {
      const { validators } = state as Extract<SealState, { kind: 'qbft' }>;
      const of = all.filter(({ address }) => validators.includes(address));
      const parts = { ...base, number, coinbase: all[by]!.address, validators, ...(vote && { vote }) };
      ({ state } = takeSealed(state, qbftHeader(parts, of)));
    };
    const now = (): Hex[] => (state.kind === 'qbft' ? state.validators : []);
    take(8, 0, { target, add: true });
    take(9, 0, { target, add: true });
    take(10, 1, { target, add: true });
    expect(now()).to.have.length(4);
    take(11, 2, { target, add: true });
    expect(now()).to.deep.equal(addresses(all));
    for (const [i, by] of [0, 1, 4].entries()) take(12 + i, by, { target: all[3]!.address, add: false });
    expect(now()).to.deep.equal(addresses([...all.slice(0, 3), all[4]!]));
    state = begin(four, 10);
    take(8, 0, { target, add: true });
    take(9, 1, { target, add: true });
    take(10, 2, { target, add: true });
    take(11, 3, { target, add: true });
    expect(now()).to.have.length(4);
  });
});
