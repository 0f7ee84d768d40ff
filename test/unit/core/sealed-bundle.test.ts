// Bundles whose block proves itself: by the seals of those who made it and the blocks behind it.
import { expect } from 'chai';
import { concat, fromHex, toHex, type Hex } from '../../../node/core/bytes.ts';
import { decodeHeader, hashedForm } from '../../../node/core/ethereum.ts';
import { headersForFinality, isSealed, type Consensus } from '../../../node/core/seals.ts';
import { verifyBundle, type Verification } from '../../../node/core/verify-bundle.ts';
import { completeBundle, type CompleteBundle } from '../../helpers/bundle.ts';
import { cliqueHeader, hashOfSealed, qbftHeader, sealers } from '../../helpers/sealed-chain.ts';
import vectors from '../../vectors/clique.json' with { type: 'json' };

describe('A bundle with sealed headers', () => {
  const four = sealers(4);
  const addresses = four.map(({ address }) => address);
  const clique: Consensus = { kind: 'clique', block: 8, sealers: addresses };
  let complete: CompleteBundle;
  let receiptsRoot: Uint8Array;
  before(async () => {
    complete = await completeBundle();
    ({ receiptsRoot } = decodeHeader(fromHex(complete.bundle.anchor!.header)));
  });

  /** Headers 9 … of a chain of which the first has the anchor. */
  function cliqueChain(count: number): Uint8Array[] {
    const headers: Uint8Array[] = [];
    let parent: Hex = `0x${'11'.repeat(32)}`;
    for (let number = 9; number < 9 + count; number++) {
      const parts = { parent, number, difficulty: 2, ...(number === 9 && { receiptsRoot }) };
      const header = cliqueHeader(parts, four[number % 4]!);
      headers.push(header);
      parent = hashOfSealed(header);
    }
    return headers;
  }

  function verify(headers: readonly Uint8Array[], consensus: Consensus | undefined): Verification {
    const { trustedBlock: _, ...context } = complete.context;
    const [first = new Uint8Array()] = headers;
    const anchor = {
      ...complete.bundle.anchor!,
      header: toHex(hashedForm(first)),
      seals: headers.map((rlp) => toHex(rlp)),
    };
    return verifyBundle({ ...complete.bundle, anchor }, { ...context, ...(consensus && { consensus }) });
  }

  it('trusts nobody for the block where there are as many as finality needs', () => {
    expect([1, 2, 3, 4, 5, 7].map((n) => headersForFinality({ ...clique, sealers: addresses.slice(0, 1).concat(Array<Hex>(n - 1).fill('0x00')) }))).to.deep.equal([1, 1, 3, 3, 5, 7]); // prettier-ignore
    const { ok, trusted, checks, anchor } = verify(cliqueChain(3), clique);
    expect({ ok, trusted }).to.deep.equal({ ok: true, trusted: [] });
    expect(checks.find(({ link }) => link === 'seals')?.detail).to.equal('3 headers, sealed by 3 of 4');
    expect(anchor?.confirmed).to.equal(true);
  });

  it('says how many more are wanted, and what it is trusted for without a set of sealers', () => {
    const few = verify(cliqueChain(2), clique);
    expect([few.ok, few.trusted.length, few.anchor?.confirmed]).to.deep.equal([true, 1, false]);
    expect(few.trusted[0]).to.contain('3 sealed headers prove it, and there are 2');
    const blind = verify(cliqueChain(3), undefined);
    expect(blind.checks.map(({ link }) => link)).to.not.include('seals');
    expect(blind.trusted.join()).to.contain('part of chain');
  });

  it('breaks where a header is another, of another chain, or of one who may not seal', () => {
    const [a, b, c] = cliqueChain(3) as [Uint8Array, Uint8Array, Uint8Array];
    const broken = (headers: readonly Uint8Array[], consensus = clique): string | undefined => {
      const { ok, checks } = verify(headers, consensus);
      return ok ? undefined : checks.at(-1)?.link;
    };
    expect(broken([a, b, c])).to.equal(undefined);
    expect(broken([a, c, b])).to.equal('seals');
    expect(broken([a, cliqueHeader({ parent: `0x${'22'.repeat(32)}`, number: 10, difficulty: 2 }, four[2]!)])).to.equal('seals'); // prettier-ignore
    expect(broken([a, b], { ...clique, sealers: addresses.slice(0, 2) })).to.equal('seals');
    expect(broken([a, b], { ...clique, block: 7 })).to.equal('seals');
    const { anchor } = complete.bundle;
    const swapped = verifyBundle({ ...complete.bundle, anchor: { ...anchor, seals: [toHex(a)] } }, { ...complete.context, consensus: clique }); // prettier-ignore
    expect(swapped.checks.at(-1)).to.include({ link: 'seals', ok: false });
  });

  it('needs one header of QBFT, whose hash is without the seals', () => {
    const parts = { parent: `0x${'11'.repeat(32)}`, number: 9, coinbase: addresses[0]!, receiptsRoot, validators: addresses, round: 2 } as const; // prettier-ignore
    const consensus: Consensus = { kind: 'qbft', block: 8, sealers: addresses };
    const { ok, trusted, checks } = verify([qbftHeader(parts, four.slice(1))], consensus);
    expect({ ok, trusted }).to.deep.equal({ ok: true, trusted: [] });
    expect(checks.find(({ link }) => link === 'seals')?.detail).to.equal('1 headers, sealed by 3 of 4');
    expect(verify([qbftHeader(parts, four.slice(2))], consensus).checks.at(-1)?.link).to.equal('seals');
  });

  it('tells sealed headers from others by their form', () => {
    expect(vectors.blocks.slice(1).every(isSealed)).to.equal(true);
    expect(isSealed({ extraData: '0x', difficulty: '0x0', mixHash: `0x${'00'.repeat(32)}` })).to.equal(false);
    expect(isSealed({ extraData: `0x${'00'.repeat(98)}`, difficulty: '0x1', mixHash: `0x${'00'.repeat(32)}` })).to.equal(false); // prettier-ignore
    const mixHash = toHex(concat(new TextEncoder().encode('ctical byzantine fault tolerance')));
    expect(isSealed({ extraData: '0xf8', difficulty: '0x1', mixHash })).to.equal(true);
  });
});
