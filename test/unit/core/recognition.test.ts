import { readFile } from 'node:fs/promises';
import { expect } from 'chai';
import { recoverAddress } from 'ethers';
import { authorityTable } from '../../../scripts/authority-table.ts';
import { toHex, type Hex } from '../../../node/core/bytes.ts';
import {
  AUTHORITY,
  CASE_ACTIONS,
  CASE_STATES,
  OPEN_STATES,
  isOpenCase,
  type CaseAction,
  type CaseRole,
} from '../../../node/core/case-authority.ts';
import {
  agreementIdOf,
  caseIdOf,
  enrolmentDigest,
  parseAgreementId,
  parseCaseId,
  stepDigest,
  type AgreementTerms,
  type CaseTerms,
  type Enrolment,
} from '../../../node/core/recognition.ts';
import { xinlianDomain } from '../../../node/core/typed-data.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vectors from '../../vectors/recognition.json' with { type: 'json' };

const { chainId, verifyingContract, deployment } = vectors.domain;
const domain = xinlianDomain({
  chainId,
  verifyingContract: verifyingContract as Hex,
  deployment: deployment as Hex,
});

describe('recognition on the chain', () => {
  for (const { name, terms, id } of vectors.agreements) {
    it(`an agreement, ${name}: its id`, () => {
      expect(agreementIdOf(terms as AgreementTerms)).to.equal(id);
      expect(parseAgreementId(id)).to.equal(id);
    });
  }

  it('a case: its id, and what is signed for a step', () => {
    const { terms, id } = vectors.case;
    expect(caseIdOf(terms as CaseTerms)).to.equal(id);
    const { action, role, step, document, due, deadline, digest, signature, signer } = vectors.step;
    const signed = {
      action: action as CaseAction,
      role: role as CaseRole,
      step,
      document: document as Hex,
      due,
      deadline,
    };
    expect(stepDigest(domain, parseCaseId(id), signed)).to.equal(digest);
    expect(recoverAddress(digest, signature)).to.equal(signer);
  });

  it('an officer: what is signed to be enrolled', () => {
    const { member, officer, duties, until, digest, signature } = vectors.enrolment;
    expect(enrolmentDigest(domain, { member, officer, duties, until } as Enrolment)).to.equal(digest);
    expect(recoverAddress(digest, signature)).to.equal(officer);
  });

  it('refuses what is no terms and no id', () => {
    const [{ terms }] = vectors.agreements as [(typeof vectors.agreements)[0]];
    for (const call of [
      () => agreementIdOf({ ...terms, noticeDays: 65_536 } as AgreementTerms),
      () => caseIdOf({ ...vectors.case.terms, report: toHex(new Uint8Array(31)) } as CaseTerms),
      () => parseCaseId(vectors.case.id.toUpperCase()),
      () => parseAgreementId('0x'),
    ]) {
      expect(codeOf(call)).to.equal('MALFORMED');
    }
  });
});

describe('the table of authority', () => {
  it('leaves no state that is open without a way on', () => {
    for (const state of OPEN_STATES) {
      const moves = CASE_ACTIONS.filter((action) => AUTHORITY[action].from.includes(state) && AUTHORITY[action].to);
      expect(moves.length, state).to.be.greaterThan(2);
      expect(isOpenCase(state)).to.equal(true);
    }
  });

  it('lets nobody act on what is ended', () => {
    const ended = CASE_STATES.filter((state) =>
      CASE_ACTIONS.every((action) => !AUTHORITY[action].from.includes(state)),
    );
    expect(ended).to.deep.equal(['invalidated', 'expired', 'withdrawn', 'lapsed']);
    expect(ended.some(isOpenCase)).to.equal(false);
  });

  it('stands in the docs as it is', async () => {
    const text = await readFile(new URL('../../../docs/recognition.md', import.meta.url), 'utf8');
    expect(text).to.include(authorityTable());
  });
});
