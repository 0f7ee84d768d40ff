import { expect } from 'chai';
import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import {
  openingCommitment,
  queryNote,
  receipt,
  textDigest,
  type QueryNote,
  type Receipt,
} from '../../../node/core/receipt.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { company } from '../../helpers/rows.ts';

const text32 = (byte: number) => toBase64Url(new Uint8Array(32).fill(byte));
const hex32 = (byte: string) => `0x${byte.repeat(32)}`;
const shared = {
  salt: text32(1),
  grantee: hex32('b1'),
  grant: hex32('91'),
  query: text32(2),
  subject: company(1),
  purpose: 'pre-loan',
  items: ['tax-payment'],
  time: 1_780_000_000,
};
const RECEIPT: Receipt = {
  type: 'xinlian/receipt/v1',
  ...shared,
  provider: hex32('c3'),
  request: text32(3),
  outcome: 'answered',
  records: [1, 7],
  answer: text32(4),
  level: 'A',
  head: { number: 5, time: 1_780_000_000 },
};
const NOTE: QueryNote = {
  type: 'xinlian/query-note/v1',
  ...shared,
  requests: [{ provider: hex32('c3'), request: text32(3) }],
};

const sha256 = (text: string) => createHash('sha256').update(text).digest('base64url');

describe('Opening of a receipt', () => {
  it('is committed to by the SHA-256 of its RFC 8785 form', () => {
    for (const opening of [RECEIPT, NOTE]) {
      expect(toBase64Url(openingCommitment(opening))).to.equal(sha256(canonicalize(opening)!));
      const reversed = Object.fromEntries(Object.entries(opening).reverse()) as Receipt;
      expect(openingCommitment(reversed)).to.deep.equal(openingCommitment(opening));
    }
  });

  it('is committed to in every part', () => {
    const changes: [keyof Receipt, unknown][] = [
      ['salt', text32(9)],
      ['grantee', hex32('b2')],
      ['grant', hex32('92')],
      ['query', text32(9)],
      ['subject', company(2)],
      ['purpose', 'post-loan'],
      ['items', []],
      ['time', 1],
      ['provider', hex32('c4')],
      ['request', text32(9)],
      ['outcome', 'refused'],
      ['reason', 'GRANT_WITHDRAWN'],
      ['records', [7, 1]],
      ['answer', text32(9)],
      ['level', 'B'],
      ['head', { number: 6, time: 1_780_000_000 }],
    ];
    const digests = changes.map(([part, value]) => toBase64Url(openingCommitment({ ...RECEIPT, [part]: value })));
    digests.push(toBase64Url(openingCommitment(RECEIPT)), toBase64Url(openingCommitment(NOTE)));
    expect(new Set(digests).size).to.equal(changes.length + 2);
  });

  it('comes back as it was written, and is refused in any other form', () => {
    expect(receipt.decode(receipt.encode(RECEIPT))).to.deep.equal(RECEIPT);
    expect(queryNote.decode(queryNote.encode(NOTE))).to.deep.equal(NOTE);
    for (const change of [
      { type: NOTE.type },
      { salt: 'short' },
      { records: [-1] },
      { records: [0.5] },
      { outcome: 'unknown' },
      { head: { number: 5 } },
      { head: { ...RECEIPT.head, hash: '0x' } },
      { requests: [] },
    ]) {
      expect(
        codeOf(() => receipt.check({ ...RECEIPT, ...change })),
        JSON.stringify(change),
      ).to.equal('MALFORMED');
    }
    expect(codeOf(() => queryNote.check({ ...NOTE, outcome: 'answered' }))).to.equal('MALFORMED');
    expect(codeOf(() => queryNote.check(RECEIPT))).to.equal('MALFORMED');
  });

  it('is of a text by its UTF-8 form', () => {
    for (const text of ['', 'a', '信链', '𠮷']) expect(textDigest(text)).to.equal(sha256(text));
    expect(textDigest('é')).to.not.equal(textDigest('e\u0301'));
    expect(utf8('信')).to.have.length(3);
  });
});
