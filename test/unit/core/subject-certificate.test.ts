import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { toBase64Url } from '../../../node/core/bytes.ts';
import type { JsonValue } from '../../../node/core/canonical.ts';
import { signJws } from '../../../node/core/jws.ts';
import {
  levelReaches,
  parseCertificate,
  signCertificate,
  verifyCertificate,
  type SubjectCertificate,
} from '../../../node/core/subject-certificate.ts';
import { newAgreement } from '#agreement';
import { codeOf } from '../../helpers/code-of.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company } from '../../helpers/rows.ts';

const { secretKey, publicKey } = ed25519.keygen();
const signer = { sign: (message: Uint8Array) => ed25519.sign(message, secretKey) };

const OWN: SubjectCertificate = {
  iss: `0x${'c1'.repeat(32)}`,
  jti: 'AAAAAAAAAAAAAAAAAAAAAA',
  iat: 1_780_000_000,
  exp: 1_790_000_000,
  sub: company(1),
  name: '盐城某某科技有限公司',
  capacity: 'legal-representative',
  level: 'A',
  key: `0x${'a1'.repeat(20)}`,
  seal: toBase64Url(newAgreement().publicKey),
};

const CUSTODIAN: SubjectCertificate = {
  ...OWN,
  capacity: 'custodian',
  level: 'C',
  grant: `0x${'91'.repeat(32)}`,
  evidence: { kind: 'sealed-paper', digest: toBase64Url(new Uint8Array(32)), officer: '张三' },
};

const signed = (payload: object, typ = 'xinlian-subject+jwt') => signJws(typ, payload as JsonValue, signer);

describe('Subject certificate', () => {
  it('is read as it was signed, and verified under its issuer’s key', async () => {
    for (const certificate of [OWN, CUSTODIAN]) {
      const read = parseCertificate(await signCertificate(certificate, signer));
      expect(read.certificate).to.deep.equal(certificate);
      await verifyCertificate(read.jws, publicKey, 'centre');
      const other = ed25519.keygen().publicKey;
      const wrong = await rejection(verifyCertificate(read.jws, other, 'centre'));
      expect(wrong).to.deep.include({
        code: 'SIGNATURE_INVALID',
        details: { what: 'xinlian-subject+jwt', key: 'centre' },
      });
    }
  });

  const wrong: Record<string, object> = {
    'a member more': { scope: 'all' },
    'an issuer that is none': { iss: 'centre' },
    'an id that is too short': { jti: 'AAAA' },
    'no end': { exp: undefined },
    'an end in words': { exp: '2027' },
    'a code that is none': { sub: '320922199001011230' },
    'a code in small letters': {
      sub: company(1)
        .toLowerCase()
        .replace(/\d{4}$/, 'abcd'),
    },
    'no name': { name: '' },
    'another capacity': { capacity: 'owner' },
    'another level': { level: 'D' },
    'a key in capitals': { key: `0x${'A1'.repeat(20)}` },
    'a key to seal to of another length': { seal: 'AAAA' },
    'a grant that is none': { grant: '0x00' },
    'evidence of another kind': { evidence: { ...CUSTODIAN.evidence, kind: 'telephone' } },
    'evidence with no digest': { evidence: { kind: 'e-seal' } },
    'evidence with more': { evidence: { ...CUSTODIAN.evidence, scan: 'bytes' } },
  };
  for (const [name, change] of Object.entries(wrong)) {
    it(`is refused with ${name}`, async () => {
      const { exp: _, ...endless } = OWN;
      const text = await signed('exp' in change && change.exp === undefined ? endless : { ...OWN, ...change });
      expect(codeOf(() => parseCertificate(text))).to.equal('MALFORMED');
    });
  }

  it('is refused with a point to seal to that is none', async () => {
    const point = newAgreement().publicKey.slice();
    point[0] = 5;
    for (const seal of [toBase64Url(point), toBase64Url(new Uint8Array(33).fill(0xff, 1).fill(2, 0, 1))]) {
      const text = await signed({ ...OWN, seal });
      expect(codeOf(() => parseCertificate(text))).to.equal('MALFORMED');
    }
  });

  it('is no other statement of its issuer', async () => {
    const text = await signed({ ...OWN }, 'xinlian-app+jwt');
    expect(codeOf(() => parseCertificate(text))).to.equal('MALFORMED');
  });

  it('has a level that reaches every lower one', () => {
    const reached = (['A', 'B', 'C'] as const).map((level) =>
      (['A', 'B', 'C'] as const).map((least) => levelReaches(level, least)),
    );
    expect(reached).to.deep.equal([
      [true, true, true],
      [false, true, true],
      [false, false, true],
    ]);
  });
});
