import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { toBase64Url, toHex } from '../../../node/core/bytes.ts';
import {
  issuerOf,
  makeReport,
  openReport,
  presentReport,
  REPORT_CHAPTERS,
  reportDigest,
  reportNumber,
  type ReportChapter,
  type ReportHead,
  type ReportLine,
} from '../../../node/core/report.ts';
import { encodeDisclosure, parseSdJwt, serializeSdJwt } from '../../../node/core/sd-jwt.ts';
import { builtInReportStandard, ReportStandard } from '../../../node/policy/report-standard.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { rejection } from '../../helpers/rejection.ts';

const secret = digest('centre');
const signer = { sign: (message: Uint8Array) => ed25519.sign(message, secret) };
const key = ed25519.getPublicKey(secret);
const keyOf = () => [key];
const salts = REPORT_CHAPTERS.map((chapter) => toBase64Url(digest(chapter)));
const head: ReportHead = {
  iss: toHex(digest('dafeng')),
  number: reportNumber('20260601093000', 17),
  standard: builtInReportStandard.edition,
  iat: 1_780_000_000,
  sub: { uscc: '91310000132260250X', name: '某某公司' },
  sources: [],
  unreached: [],
  grants: [],
};

function line(position: number): ReportLine {
  return {
    source: toHex(digest('regulator')),
    item: 'administrative-penalty',
    edition: 'cn-424-2018',
    log: toHex(digest('log')),
    position,
    commitment: toBase64Url(digest(`record ${position}`)),
    access: 'public',
    status: 'live',
    time: 1_779_000_000,
    claims: { subject: head.sub.uscc, CF_NR_FK: '1.500000', CF_WSH: `盐市监罚〔2026〕${position}号`, BZ: null },
  };
}

const chapters = (lines: ReportLine[]) => new Map<ReportChapter, ReportLine[]>([['administration', lines]]);
const make = (lines = [line(1), line(2)]): Promise<string> => makeReport(head, chapters(lines), salts, signer);

describe('a credit report', () => {
  it('has ten chapters, a number of 22 characters, and what was put in it', async () => {
    const text = await make();
    const opened = await openReport(text, keyOf);
    expect(opened.head).to.deep.equal(head);
    expect(opened.head.number).to.have.length(22);
    expect([...opened.chapters.keys()]).to.deep.equal([...REPORT_CHAPTERS]);
    expect(opened.chapters.get('administration')).to.deep.equal([line(1), line(2)]);
    expect(opened.chapters.get('honours')).to.deep.equal([]);
  });

  it('shows any chapter alone, under the same signature and digest', async () => {
    const text = await make();
    for (const chapter of REPORT_CHAPTERS) {
      const shown = presentReport(text, [chapter]);
      expect(reportDigest(shown)).to.equal(reportDigest(text));
      expect([...(await openReport(shown, keyOf)).chapters.keys()]).to.deep.equal([chapter]);
      if (chapter !== 'administration') expect(Buffer.from(shown, 'base64url').toString()).to.not.include('盐市监');
    }
    expect((await openReport(presentReport(text, []), keyOf)).chapters.size).to.equal(0);
    expect(codeOf(() => presentReport(presentReport(text, []), ['honours']))).to.equal('NOT_FOUND');
  });

  it('is refused where anything of it is another’s', async () => {
    const text = await make();
    const { jwt, disclosures } = parseSdJwt(text);
    const other = encodeDisclosure(salts[1] ?? '', 'administration', { lines: [] });
    const changed = serializeSdJwt(jwt, [other]);
    expect(await rejection(openReport(changed, keyOf))).to.include({ code: 'PROOF_INVALID' });
    expect(await rejection(openReport(text, () => []))).to.include({ code: 'MEMBER_UNKNOWN' });
    const wrong = ed25519.getPublicKey(digest('another'));
    expect(await rejection(openReport(text, () => [wrong]))).to.include({ code: 'SIGNATURE_INVALID' });
    // A key that was rotated since still verifies what it signed.
    expect((await openReport(text, () => [key, wrong])).head.number).to.equal(head.number);
    expect(issuerOf(text)).to.equal(head.iss);
    const twice = serializeSdJwt(jwt, [...disclosures, disclosures[0] ?? '']);
    expect(await rejection(openReport(twice, keyOf))).to.include({ code: 'PROOF_INVALID' });
  });

  it('is not made of what is no fact', async () => {
    const scored = { ...line(1), score: 90 } as ReportLine;
    expect(await rejection(make([scored]))).to.include({ code: 'MALFORMED' });
    expect(await rejection(make([{ ...line(1), status: 'annulled' } as never]))).to.include({ code: 'MALFORMED' });
    const same = salts.map(() => salts[0] ?? '');
    expect(await rejection(makeReport(head, chapters([]), same, signer))).to.include({ code: 'MALFORMED' });
    expect(await rejection(makeReport({ ...head, number: '1' }, chapters([]), salts, signer))).to.include({ code: 'MALFORMED' }); // prettier-ignore
    expect(codeOf(() => reportNumber('2026', 1))).to.equal('MALFORMED');
  });

  it('is ordered by the standard: what no chapter names stands under other', () => {
    expect(builtInReportStandard.chapterOf('administrative-penalty')).to.equal('administration');
    expect(builtInReportStandard.chapterOf('tax-payment')).to.equal('other');
    expect(builtInReportStandard.chapters.map(({ chapter }) => chapter)).to.deep.equal([...REPORT_CHAPTERS]);
    expect(codeOf(() => new ReportStandard({}))).to.equal('MALFORMED');
  });
});
