import { expect } from 'chai';
import { hashMessage, TypedDataEncoder, Wallet } from 'ethers';
import { sha256 } from '#sha256';
import { localAccount, newAccountSecret, recoverSigner } from '../../../node/core/account.ts';
import { fromBase64Url, fromHex, toHex, utf8 } from '../../../node/core/bytes.ts';
import { canonicalize } from '../../../node/core/canonical.ts';
import {
  consentDigest,
  encodeArtefact,
  GRANT_CONSENT_TYPES,
  grantDocument,
  parseArtefact,
  type GrantArtefact,
} from '../../../node/core/grant.ts';
import type { WantedGrant } from '../../../node/core/grant-request.ts';
import { grantHashOf, memberIdOf } from '../../../node/core/ids.ts';
import { consentTo, draftGrant, newQueryId, signRegistration, signWithdrawal } from '../../../node/core/make-grant.ts';
import {
  GRANT_REGISTRATION_TYPES,
  GRANT_WITHDRAWAL_TYPES,
  typedDataDigest,
  xinlianDomain,
} from '../../../node/core/typed-data.ts';
import { makeUscc } from '../../../node/core/uscc.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { company } from '../../helpers/rows.ts';

const NOW = 1_780_000_000;
const domain = xinlianDomain({
  chainId: 31337,
  verifyingContract: `0x${'e5'.repeat(20)}`,
  deployment: `0x${'d6'.repeat(32)}`,
});
const bank = makeUscc({ authority: '9', category: '1', region: '320904', body8: 'MA190404' });

const WANTED: WantedGrant = {
  subject: { uscc: company(1), name: '盐城某某科技有限公司' },
  grantee: { member: memberIdOf(bank), uscc: bank, name: '大丰示范农村商业银行' },
  items: [
    { item: 'tax-payment', months: 24 },
    { item: 'social-insurance', months: 12 },
  ],
  regions: ['320900'],
  purpose: 'pre-loan',
  matter: 'DK-2026-0001',
  uses: 1,
  from: NOW,
  to: NOW + 86_400,
  retentionDays: 365,
  automated: '',
  policy: 'cn-authorisation-2026',
};
const draft = draftGrant(WANTED, '客户端', () => '授权书');
const { artefact } = parseArtefact(draft.artefact);

const changed = (change: object): string => canonicalize({ ...artefact, ...change });
const refuse = (text: string, why: string) =>
  expect(
    codeOf(() => parseArtefact(text)),
    why,
  ).to.equal('MALFORMED');

describe('Grant artefact', () => {
  it('comes back as it was written, in its canonical form', () => {
    expect(encodeArtefact(artefact)).to.equal(draft.artefact);
    expect(parseArtefact(draft.artefact).artefact).to.deep.include({ ...WANTED, onward: false, text: '授权书' });
  });

  it('has the terms that the chain is shown: its hash, its grant key, its grantee, term and uses', () => {
    expect(draft.terms).to.deep.equal({
      artefact: toHex(sha256(utf8(draft.artefact))),
      key: new Wallet(toHex(draft.key)).address,
      grantee: memberIdOf(bank),
      validFrom: NOW,
      validTo: NOW + 86_400,
      uses: 1,
    });
    expect(draft.hash).to.equal(grantHashOf(draft.terms));
  });

  it('is read in its canonical form alone', () => {
    const text = draft.artefact;
    const reversed = JSON.stringify(Object.fromEntries(Object.entries(artefact).reverse()));
    for (const other of [
      ` ${text}`,
      `${text}\n`,
      text.replace('{', '{ '),
      text.replace('"uses":1', '"uses":1.0'),
      text.replace('"uses":1', '"uses":1,"uses":1'),
      text.replace('tax', '\\u0074ax'),
      `\ufeff${text}`,
      reversed,
      '',
      'null',
      `[${text}]`,
    ]) {
      refuse(other, other.slice(0, 40));
    }
  });

  const wrong: Record<string, object> = {
    'a member that is none of its': { wildcard: true },
    'a member of its subject that is none': { subject: { ...artefact.subject, phone: '1' } },
    'a member of an item that is none': { items: [{ item: 'tax-payment', months: 1, all: true }] },
    'another type': { type: 'xinlian/grant/v2' },
    'another suite': { suite: 'gm-1' },
    'a short salt': { salt: 'AAAA' },
    'stray bits in its salt': { salt: `${'A'.repeat(42)}B` },
    'a wildcard for an item': { items: [{ item: '*', months: 1 }] },
    'a wildcard in an item': { items: [{ item: 'tax-*', months: 1 }] },
    'an empty item': { items: [{ item: '', months: 1 }] },
    'no items': { items: [] },
    'an item twice': {
      items: [
        { item: 'tax-payment', months: 1 },
        { item: 'tax-payment', months: 2 },
      ],
    },
    'more items than it may': { items: Array.from({ length: 33 }, (_, i) => ({ item: `i${i}`, months: 1 })) },
    'no depth of history': { items: [{ item: 'tax-payment' }] },
    'no months': { items: [{ item: 'tax-payment', months: 0 }] },
    'more months than it may': { items: [{ item: 'tax-payment', months: 241 }] },
    'a half month': { items: [{ item: 'tax-payment', months: 0.5 }] },
    'no regions': { regions: [] },
    'a region that is none': { regions: ['32090'] },
    'a region in other digits': { regions: ['３２０９００'] },
    'two purposes': { purpose: 'pre-loan post-loan' },
    'a list of purposes': { purpose: ['pre-loan'] },
    'no purpose': { purpose: '' },
    'no matter': { matter: '' },
    'an empty term': { to: artefact.from },
    'a term that ends before it begins': { to: artefact.from - 1 },
    'a term beyond the chain’s numbers': { to: 2 ** 32 },
    'a negative beginning': { from: -1 },
    'a half second': { from: NOW + 0.5 },
    'more uses than the chain counts': { uses: 65_536 },
    'negative uses': { uses: -1 },
    'no retention': { retentionDays: undefined },
    'onward transfer': { onward: true },
    'a grant key in capitals': { key: artefact.key.toUpperCase().replace('0X', '0x') },
    'a grant key that is none': { key: `0x${'00'.repeat(19)}` },
    'a code with a wrong check digit': { subject: { ...artefact.subject, uscc: `${company(1).slice(0, 17)}0` } },
    'a person for its subject': { subject: { ...artefact.subject, uscc: '320922199001011230' } },
    'no code of its grantee': { grantee: { ...artefact.grantee, uscc: '' } },
    'the id of one bank and the code of another': { grantee: { ...artefact.grantee, uscc: company(9) } },
    'no words': { text: '' },
    'more words than anyone reads': { text: '字'.repeat(8_001) },
  };
  for (const [name, change] of Object.entries(wrong)) {
    it(`is refused with ${name}`, () => {
      const { retentionDays, ...rest } = artefact;
      if ('retentionDays' in change) refuse(canonicalize(rest), `${name}, ${retentionDays}`);
      else refuse(changed(change), name);
      expect(codeOf(() => encodeArtefact({ ...artefact, ...change }))).to.equal('MALFORMED');
    });
  }

  it('is refused with a line break, or a mark that turns the order, in what stands in a line of its text', () => {
    const marks = ['\n', '\r', '\t', '\u0000', '\u0085', '\u2028', '\u2029', '\u202e', '\u2066', '\u200b', '\u061c'];
    for (const mark of marks) {
      const spoilt = `a${mark}授权期:永久`;
      for (const part of [
        { matter: spoilt },
        { automated: spoilt },
        { withdrawal: spoilt },
        { subject: { ...artefact.subject, name: spoilt } },
        { grantee: { ...artefact.grantee, name: spoilt } },
      ]) {
        refuse(changed(part), JSON.stringify(part));
      }
    }
    const plain = { matter: '（2026）大银贷字第 1 号 №1', automated: '评分模型 v2：仅供参考。' };
    expect(parseArtefact(changed(plain)).artefact).to.deep.include(plain);
  });

  it('stands for one grant: another in any part has another hash', () => {
    const changes: Partial<GrantArtefact>[] = [
      { salt: 'A'.repeat(43) },
      { subject: { uscc: company(2), name: artefact.subject.name } },
      { subject: { ...artefact.subject, name: '另一' } },
      { items: artefact.items.slice(1) },
      { items: artefact.items.toReversed() },
      { regions: ['320904'] },
      { purpose: 'post-loan' },
      { matter: 'DK-2' },
      { uses: 2 },
      { from: NOW + 1 },
      { to: NOW + 2 },
      { retentionDays: 1 },
      { automated: '有' },
      { withdrawal: '窗口' },
      { key: `0x${'11'.repeat(20)}` },
      { policy: 'another' },
      { text: '别的' },
    ];
    const hashes = changes.map((change) =>
      grantHashOf(parseArtefact(encodeArtefact({ ...artefact, ...change })).terms),
    );
    expect(new Set([draft.hash, ...hashes]).size).to.equal(changes.length + 1);
  });
});

describe('Making a grant', () => {
  it('draws salt and key anew, so that two grants for the same have nothing in common on the chain', () => {
    const again = draftGrant(WANTED, '客户端', () => '授权书');
    expect(again.hash).to.not.equal(draft.hash);
    expect(again.terms.key).to.not.equal(draft.terms.key);
    expect(parseArtefact(again.artefact).artefact.salt).to.not.equal(artefact.salt);
  });

  it('has its words written of what it will say', () => {
    let described: unknown;
    const { text, artefact: written } = draftGrant(WANTED, '窗口', (core) => {
      described = core;
      return `words of ${core.key}`;
    });
    const { text: read, ...core } = parseArtefact(written).artefact;
    expect([described, read]).to.deep.equal([core, text]);
  });

  it('is refused for what cannot be granted', () => {
    const make = (change: Partial<WantedGrant>) => () => draftGrant({ ...WANTED, ...change }, '窗口', () => 'a');
    expect(codeOf(make({ to: NOW }))).to.equal('MALFORMED');
    expect(codeOf(make({ items: [{ item: '*', months: 1 }] }))).to.equal('MALFORMED');
    expect(codeOf(() => draftGrant(WANTED, '', () => 'a'))).to.equal('MALFORMED');
    expect(codeOf(() => draftGrant(WANTED, '窗口', () => ''))).to.equal('MALFORMED');
  });

  it('can be with a key that is there already', () => {
    const key = newAccountSecret();
    expect(draftGrant(WANTED, '窗口', () => 'a', key).terms.key).to.equal(localAccount(key).address);
  });

  it('draws a query id that text and chain have alike', () => {
    const { id, hex } = newQueryId();
    expect(toHex(fromBase64Url(id))).to.equal(hex);
    expect(fromHex(hex)).to.have.length(32);
    expect(newQueryId().id).to.not.equal(id);
  });
});

describe('Consent', () => {
  const wallet = new Wallet(toHex(newAccountSecret()));
  const read = parseArtefact(draft.artefact);
  const values = { text: '授权书', artefact: draft.terms.artefact };

  it('is of the digest that ethers makes, so that any wallet shows its words', async () => {
    const digest = consentDigest(domain, read);
    expect(digest).to.equal(TypedDataEncoder.hash(domain, GRANT_CONSENT_TYPES, values));
    const signature = await wallet.signTypedData(domain, GRANT_CONSENT_TYPES, values);
    expect(recoverSigner(digest, signature, 'consent')).to.equal(wallet.address.toLowerCase());
    const ours = await consentTo(draft, localAccount(fromHex(wallet.privateKey)), 'certificate', domain);
    expect(ours).to.deep.equal({ artefact: draft.artefact, consent: signature, certificate: 'certificate' });
  });

  it('is no signature of a plain message', async () => {
    const digest = consentDigest(domain, read);
    const signature = await wallet.signMessage(fromHex(digest));
    expect(recoverSigner(digest, signature, 'consent')).to.not.equal(wallet.address.toLowerCase());
    expect(hashMessage(fromHex(digest))).to.not.equal(digest);
  });

  it('is another for other words, another artefact, another consortium', () => {
    const digests = [
      consentDigest(domain, read),
      consentDigest(domain, { ...read, artefact: { ...read.artefact, text: '授权书 ' } }),
      consentDigest(domain, { ...read, terms: { ...read.terms, artefact: `0x${'00'.repeat(32)}` } }),
      consentDigest({ ...domain, chainId: 1 }, read),
      consentDigest({ ...domain, salt: `0x${'d7'.repeat(32)}` }, read),
      consentDigest({ ...domain, verifyingContract: `0x${'e6'.repeat(20)}` }, read),
    ];
    expect(new Set(digests).size).to.equal(digests.length);
  });
});

describe('Registration and withdrawal', () => {
  const { key, hash, terms } = draft;
  const holder = new Wallet(toHex(key)).address.toLowerCase();

  it('are signed by the grant key, for that grant', async () => {
    const { deadline, signature, terms: registered } = await signRegistration(draft, domain, NOW);
    expect([registered, deadline]).to.deep.equal([terms, NOW + 3_600]);
    const digest = typedDataDigest(domain, GRANT_REGISTRATION_TYPES, { grant: hash, deadline });
    expect(digest).to.equal(TypedDataEncoder.hash(domain, GRANT_REGISTRATION_TYPES, { grant: hash, deadline }));
    expect(recoverSigner(digest, signature, 'registration')).to.equal(holder);

    const withdrawal = await signWithdrawal(draft, domain);
    expect(withdrawal.terms).to.deep.equal(terms);
    const ended = typedDataDigest(domain, GRANT_WITHDRAWAL_TYPES, { grant: hash });
    expect(recoverSigner(ended, withdrawal.signature, 'withdrawal')).to.equal(holder);
    // Neither is the other.
    expect(recoverSigner(ended, signature, 'withdrawal')).to.not.equal(holder);
    expect(recoverSigner(digest, withdrawal.signature, 'registration')).to.not.equal(holder);
  });
});

describe('Grant document', () => {
  const document = { artefact: draft.artefact, consent: `0x${'1b'.repeat(65)}`, certificate: 'a.b.c' };

  it('has artefact, consent and certificate, and no more', () => {
    expect(grantDocument.check(document)).to.deep.equal(document);
    for (const change of [
      { consent: undefined },
      { consent: document.consent.slice(2) },
      { consent: document.consent.toUpperCase() },
      { consent: `${document.consent}00` },
      { certificate: 'a'.repeat(8_193) },
      { artefact: 'a'.repeat(65_537) },
      { key: 'secret' },
    ]) {
      expect(codeOf(() => grantDocument.check({ ...document, ...change }))).to.equal('MALFORMED');
    }
  });
});
