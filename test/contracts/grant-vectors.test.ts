import { expect } from 'chai';
import vectors from '../vectors/grants.json' with { type: 'json' };
import { deployment } from './helpers/consortium.ts';
import { bank, grantConsortium } from './helpers/grants.ts';
import { compact } from './helpers/signatures.ts';

// The same vectors are replayed by the TypeScript twins. A signature that is taken proves its digest.
describe('GrantRegistry, by the vectors', () => {
  it('hashes terms, and takes what was signed for it', async () => {
    const c = await grantConsortium();
    const { chainId, verifyingContract, salt } = await c.grants.eip712Domain();
    const { domain, grants } = vectors;
    expect([Number(chainId), verifyingContract.toLowerCase(), salt]).to.deep.equal([
      domain.chainId,
      domain.verifyingContract,
      domain.deployment,
    ]);
    expect([salt, bank.wallet.address]).to.deep.equal([deployment, vectors.bank]);
    for (const { terms, hash, registration, withdrawal, consumption } of grants) {
      expect(await c.grants.grantHash(terms)).to.equal(hash);
      await c.grants.register({ terms, deadline: registration.deadline, signature: compact(registration.signature) });
      const { queryId, deadline, signature } = consumption;
      if (terms.uses > 0) await c.grants.consumeFor({ terms, queryId, deadline, signature: compact(signature) });
      await c.grants.withdraw({ terms, signature: compact(withdrawal.signature) });
      const { usesLeft, withdrawn } = await c.grants.stateOf(hash);
      expect([Number(usesLeft), withdrawn]).to.deep.equal([Math.max(0, terms.uses - 1), true]);
    }
  });
});
