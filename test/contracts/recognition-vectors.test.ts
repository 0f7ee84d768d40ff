import { Signature } from 'ethers';
import { expect } from 'chai';
import { CASE_ACTIONS, CASE_ROLES, type CaseAction, type CaseRole } from '../../node/core/case-authority.ts';
import vectors from '../vectors/recognition.json' with { type: 'json' };
import { Recognition, dafeng, shanghai } from './helpers/recognition.ts';
import { NONE } from './helpers/signatures.ts';

// The same vectors are replayed by the TypeScript twins. A signature that is taken proves its digest.
describe('RecognitionRegistry, by the vectors', () => {
  it('hashes terms, and takes what was signed for it', async () => {
    const sides = await Recognition.create();
    const { recognition } = sides.c;
    const { chainId, verifyingContract, salt } = await recognition.eip712Domain();
    const { domain, agreements, enrolment, step } = vectors;
    expect([Number(chainId), verifyingContract.toLowerCase(), salt]).to.deep.equal([
      domain.chainId,
      domain.verifyingContract,
      domain.deployment,
    ]);
    for (const { terms, id } of agreements) expect(await recognition.agreementId(terms)).to.equal(id);
    expect(await recognition.caseId(vectors.case.terms)).to.equal(vectors.case.id);

    const { officer, duties, until } = enrolment;
    const { r, yParityAndS } = Signature.from(enrolment.signature);
    await (await sides.as(dafeng)).enrol(officer, duties, until, { r, vs: yParityAndS });

    const [{ terms }] = agreements as [(typeof agreements)[0]];
    await (await sides.as(dafeng)).propose(terms);
    await (await sides.as(shanghai)).countersign(terms);
    const due = (await sides.now()) + 10 * 86_400;
    await (await sides.as(dafeng)).request(vectors.case.terms, step.document, due);
    const { action, role, step: number, document, deadline } = step;
    const signed = Signature.from(step.signature);
    const encoded = {
      action: CASE_ACTIONS.indexOf(action as CaseAction),
      role: CASE_ROLES.indexOf(role as CaseRole),
      step: number,
      document,
      due: step.due,
      deadline,
    };
    await recognition.act(vectors.case.terms, encoded, { r: signed.r, vs: signed.yParityAndS }, NONE);
    expect((await recognition.caseOf(vectors.case.id)).step).to.equal(2n);
  });
});
