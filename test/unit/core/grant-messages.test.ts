import { expect } from 'chai';
import { toBase64Url } from '../../../node/core/bytes.ts';
import {
  grantOutcomes,
  grantRef,
  grantRegistrations,
  grantWithdrawal,
  termsOf,
} from '../../../node/core/messages/grant.ts';
import { historyPage, historyRequest } from '../../../node/core/messages/history.ts';
import { certificateRef, certification, issuedCertificate } from '../../../node/core/messages/identity.ts';
import { view, viewRequest } from '../../../node/core/messages/view.ts';
import type { Codec } from '../../../node/core/messages/codec.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { company } from '../../helpers/rows.ts';

const hash = (byte: string) => `0x${byte.repeat(32)}`;
const terms = {
  artefact: hash('a1'),
  key: `0x${'e5'.repeat(20)}`,
  grantee: hash('b1'),
  validFrom: 0,
  validTo: 2 ** 32 - 1,
  uses: 65_535,
};
const signature = `0x${'1b'.repeat(65)}`;
const registration = { terms, deadline: 1, signature };
const member = {
  id: hash('c1'),
  name: '中心',
  uscc: company(1),
  region: '320904',
  roles: ['source', 'identifier'],
  active: true,
  sealing: 'AAAA',
  checkpoint: [],
  logs: [{ log: hash('b2'), size: 1, root: 'AAAA' }],
};
const told = { contracts: { chainId: 1, grantRegistry: '0x', deployment: '0x' }, members: [member] };
const asked = { sub: company(1), name: '某公司', capacity: 'agent', level: 'A', key: terms.key, days: 30 };
const page = { provider: hash('c3'), log: hash('b2'), checkpoint: '', key: 'AAAA', receipts: [] };

/** A codec, a value that it takes, and changes that it does not. */
const rules: [string, Codec<unknown>, unknown, unknown[]][] = [
  [
    'registrations',
    grantRegistrations,
    Array.from({ length: 64 }, () => registration),
    [
      [],
      Array.from({ length: 65 }, () => registration),
      [{ ...registration, deadline: -1 }],
      [{ ...registration, signature: `0x${'1B'.repeat(65)}` }],
      [{ ...registration, signature: signature.slice(0, -2) }],
      [{ ...registration, key: 'secret' }],
      [{ ...registration, terms: { ...terms, uses: 65_536 } }],
      [{ ...registration, terms: { ...terms, validTo: 2 ** 32 } }],
      [{ ...registration, terms: { ...terms, validFrom: 0.5 } }],
      [{ ...registration, terms: { ...terms, grantee: 'bank' } }],
      [{ ...registration, terms: { ...terms, artefact: hash('A1') } }],
      [{ ...registration, terms: { ...terms, key: '0x00' } }],
      [{ ...registration, terms: { ...terms, subject: company(1) } }],
    ],
  ],
  [
    'a withdrawal',
    grantWithdrawal,
    { terms, signature },
    [{ terms }, { terms, signature, deadline: 1 }, { signature }, null],
  ],
  [
    'outcomes',
    grantOutcomes,
    [{ grant: hash('91'), ok: false, error: 'GrantRegistryWithdrawn', arguments: ['1'] }],
    [[{ grant: hash('91') }], [{ grant: '91', ok: true }], [{ grant: hash('91'), ok: 'yes' }], {}],
  ],
  ['the name of a grant', grantRef, { grant: hash('91') }, [{}, { grant: hash('9G') }, { grant: hash('91'), more: 1 }]],
  ['a question for a history', historyRequest, { after: 0 }, [{ after: -1 }, { after: 0.5 }, { before: 1 }]],
  [
    'a page of a history',
    historyPage,
    { ...page, next: 5 },
    [
      { ...page, receipts: [{ position: 0 }] },
      { ...page, receipts: undefined },
      { ...page, next: '5' },
    ],
  ],
  [
    'a certification',
    certification,
    asked,
    [
      { ...asked, days: 0 },
      { ...asked, days: 0.5 },
      { ...asked, capacity: 'owner' },
      { ...asked, level: 'D' },
      { ...asked, iss: hash('c1') },
      { ...asked, jti: 'A'.repeat(22) },
      { ...asked, seal: toBase64Url(new Uint8Array(32)) },
      { ...asked, evidence: { kind: 'e-seal', digest: 'short' } },
    ],
  ],
  ['a certificate that was given', issuedCertificate, { certificate: 'a.b.c', jti: 'A' }, [{ certificate: 'a.b.c' }]],
  [
    'the name of a certificate',
    certificateRef,
    { jti: 'A'.repeat(22) },
    [{ jti: 'A'.repeat(21) }, { jti: '../../../etc/passwd/aa' }],
  ],
  [
    'a question for the view',
    viewRequest,
    { members: [hash('c1')] },
    [{ members: ['all'] }, { members: Array.from({ length: 257 }, () => hash('c1')) }, { all: true }],
  ],
  [
    'the view',
    view,
    { ...told, head: { number: 1, time: 2 } },
    [
      { ...told, head: {} },
      { ...told, contracts: {} },
      { ...told, members: [{ ...member, roles: ['emperor'] }] },
      { ...told, members: [{ ...member, active: undefined }] },
      { ...told, members: [{ ...member, logs: [{ log: hash('b2'), size: 0, root: '' }] }] },
    ],
  ],
];

describe('Messages of grants', () => {
  for (const [name, codec, right, wrong] of rules) {
    it(`take ${name}, and nothing else for it`, () => {
      expect(codec.decode(codec.encode(right))).to.deep.equal(right);
      for (const value of wrong)
        expect(
          codeOf(() => codec.check(value)),
          JSON.stringify(value),
        ).to.equal('MALFORMED');
    });
  }

  it('show the chain its terms', () => {
    expect(termsOf(terms)).to.deep.equal(terms);
    expect(codeOf(() => termsOf({ ...terms, grantee: 'bank' }))).to.equal('MALFORMED');
  });
});
