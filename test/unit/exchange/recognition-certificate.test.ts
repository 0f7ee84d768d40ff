import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { fromUtf8, toHex } from '../../../node/core/bytes.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { caseRef, openedQuestion, openedRecognitions } from '../../../node/core/messages/recognition.ts';
import { REPORT_CHAPTERS, type OpenedReport } from '../../../node/core/report.ts';
import {
  signRecognitionCertificate,
  verifyRecognitionCertificate,
  type RecognitionCertificate,
} from '../../../node/core/recognition-certificate.ts';
import { agreedContent } from '../../helpers/agreed.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { Centre, DAY, PaperRecognition, signerOf } from '../../helpers/paper-recognition.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company } from '../../helpers/rows.ts';

const DAFENG = toHex(digest('dafeng')) as MemberId;
const SHANGHAI = toHex(digest('shanghai')) as MemberId;
const signal = new AbortController().signal;

describe('A certificate of recognition', () => {
  let chain: PaperRecognition;
  let dafeng: Centre;
  let shanghai: Centre;
  let id: string;
  let live: boolean;

  beforeEach(async () => {
    chain = new PaperRecognition();
    [dafeng, shanghai] = await Centre.pair(chain, [DAFENG, SHANGHAI]);
    const until = chain.time + 900 * DAY;
    for (const [name, duties] of [
      ['handler', 1],
      ['decider', 2],
    ] as const)
      // prettier-ignore
      await shanghai.office.enrol(signerOf(name), duties, until);
    const terms = { validFrom: 0, validTo: until, noticeDays: 30, officialLeastDays: 1, officialMostDays: 60, applicantLeastDays: 1, applicantMostDays: 60, validityDays: 90, supplementRounds: 1, fourEyes: true }; // prettier-ignore
    const agreement = await dafeng.office.propose(SHANGHAI, terms, { number: '1', text: '协议', content: agreedContent([DAFENG, SHANGHAI]) }); // prettier-ignore
    await shanghai.fetch();
    await shanghai.office.countersign(agreement);
    const request = { number: '2', text: '申请', request: { purpose: 'licensing', grants: [] } };
    const applicant = signerOf('applicant').address;
    id = await dafeng.office.request(agreement, { report: { number: '3', text: '报告' }, request, applicant, due: chain.time + 10 * DAY }); // prettier-ignore
    await shanghai.fetch();
    live = true;
    const report: OpenedReport = {
      head: { iss: DAFENG, number: '2026060109300000000017', standard: 'cn-report-v2.0', iat: chain.time, sub: { uscc: company(1), name: '某某公司' }, sources: [], unreached: [], grants: [] }, // prettier-ignore
      chapters: new Map(REPORT_CHAPTERS.map((chapter) => [chapter, []])),
    };
    shanghai.testing = {
      run: async () => ({ time: chain.time, passed: live, points: [{ point: 'live', passed: live, evidence: {} }, { point: 'measures', passed: true, evidence: { opened: ['A01'] } }] }), // prettier-ignore
      open: async () => ({ report, fault: undefined, entry: undefined, digest: toHex(digest('report')) }),
    };
    for (const action of ['complete', 'examine', 'recognise'] as const) {
      const decides = action === 'recognise' && { second: signerOf('handler') };
      const signer = signerOf(decides ? 'decider' : 'handler');
      await shanghai.office.act({ case: id, action, paper: { number: '4', text: '理由' }, due: chain.time + 20 * DAY, signer, ...decides }); // prettier-ignore
    }
  });

  const certify = async (by = shanghai): Promise<string> =>
    fromUtf8(await by.desk.answer(by.id, 'recognition/certificate', caseRef.encode({ case: id }), signal));
  const keysOf = (member: string) => (member === SHANGHAI ? [digest('old key'), shanghai.key.publicKey] : []);
  const opened = async (uscc: string) =>
    openedRecognitions.decode(
      await shanghai.desk.answer(SHANGHAI, 'recognition/opened', openedQuestion.encode({ uscc }), signal),
    ).recognitions;
  const resigned = async (change: (made: RecognitionCertificate) => RecognitionCertificate): Promise<string> => {
    const { certificate } = await verifyRecognitionCertificate(await certify(), keysOf);
    const signer = { sign: (message: Uint8Array) => ed25519.sign(message, shanghai.key.secretKey) };
    return signRecognitionCertificate(change(structuredClone(certificate)), signer);
  };

  it('shows offline who decided what, under which agreement, until when', async () => {
    const { certificate, officers, until, trusted } = await verifyRecognitionCertificate(await certify(), keysOf);
    expect(certificate).to.include({ iss: SHANGHAI, case: id, purpose: 'licensing' });
    expect(certificate.benefits.map(({ code }) => code)).to.deep.equal(['fast-track']);
    expect(officers).to.deep.equal([signerOf('decider').address, signerOf('handler').address]);
    expect(until).to.equal(chain.time + 20 * DAY);
    expect(trusted.join()).to.include('officers').and.include('block').and.include('ended');
  });

  it('is refused where anything in it is another’s', async () => {
    const attempt = async (text: string) => (await rejection(verifyRecognitionCertificate(text, keysOf))) as { code: string }; // prettier-ignore
    expect(await attempt(await resigned((made) => ({ ...made, case: toHex(digest('other')) })))).to.include({ code: 'CONFLICT' }); // prettier-ignore
    expect(await attempt(await resigned((made) => ({ ...made, agreement: { ...made.agreement, validityDays: 1 } })))).to.include({ code: 'CONFLICT' }); // prettier-ignore
    expect(await attempt(await resigned((made) => ({ ...made, terms: { ...made.terms, host: DAFENG } })))).to.include({ code: 'CONFLICT' }); // prettier-ignore
    const { second: _, ...alone } = (await verifyRecognitionCertificate(await certify(), keysOf)).certificate.decision;
    expect(await attempt(await resigned((made) => ({ ...made, decision: alone })))).to.include({ code: 'MALFORMED' });
    const longer = await resigned((made) => {
      made.decision.step.due += DAY;
      return made;
    });
    // Another step than the officers signed gives other signers.
    expect((await verifyRecognitionCertificate(longer, keysOf)).officers).to.not.include(signerOf('decider').address);
    expect(await rejection(verifyRecognitionCertificate(await certify(), () => []))).to.include({ code: 'MEMBER_UNKNOWN' }); // prettier-ignore
    expect(await rejection(verifyRecognitionCertificate(await certify(), () => [digest('another')]))).to.include({ code: 'SIGNATURE_INVALID' }); // prettier-ignore
  });

  it('is given by the host, of a recognition that stands', async () => {
    expect(await rejection(certify(dafeng))).to.include({ code: 'FORBIDDEN' });
    await dafeng.office.act({ case: id, action: 'mark-stale', paper: { number: '5', text: '已修复' } });
    expect(await rejection(certify())).to.include({ code: 'CONFLICT' });
    expect((await opened(company(1)))[0]).to.deep.include({ stale: true, benefits: [] });
  });

  it('goes with what a service desk opens by the code of an enterprise, looked at anew', async () => {
    expect(await opened(company(1))).to.deep.equal([
      { case: id, until: chain.time + 20 * DAY, report: '2026060109300000000017', purpose: 'licensing', stale: false, benefits: agreedContent([]).benefits, measures: ['A01'] }, // prettier-ignore
    ]);
    expect(await opened(company(2))).to.deep.equal([]);
    live = false;
    expect((await opened(company(1)))[0]).to.deep.include({ stale: true, benefits: [] });
    chain.time += 21 * DAY;
    expect(await opened(company(1))).to.deep.equal([]);
    expect(await rejection(certify())).to.include({ code: 'CONFLICT' });
  });
});
