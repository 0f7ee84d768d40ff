import { expect } from 'chai';
import * as fc from 'fast-check';
import { fromUtf8, utf8 } from '../../node/core/bytes.ts';
import { canonicalize } from '../../node/core/canonical.ts';
import { encodeArtefact, parseArtefact, type GrantArtefact } from '../../node/core/grant.ts';
import { grantHashOf, memberIdOf } from '../../node/core/ids.ts';
import { makeUscc } from '../../node/core/uscc.ts';
import { accepts } from '../helpers/code-of.ts';
import { company } from '../helpers/rows.ts';

const bank = makeUscc({ authority: '9', category: '1', region: '320904', body8: 'MA190404' });

const line = (maxLength: number, minLength = 1) =>
  fc
    .string({ unit: 'grapheme', minLength, maxLength })
    .filter((text) => text.length <= maxLength && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text));
const code = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,20}$/);
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const seconds = fc.nat(2 ** 31);

const artefact: fc.Arbitrary<GrantArtefact> = fc
  .record({
    type: fc.constant('xinlian/grant/v1' as const),
    suite: fc.constant('intl-1' as const),
    salt: bytes(32).map((salt) => Buffer.from(salt).toString('base64url')),
    subject: fc.record({ uscc: fc.nat(9_999).map(company), name: line(40) }),
    grantee: fc.record({ member: fc.constant(memberIdOf(bank)), uscc: fc.constant(bank), name: line(40) }),
    items: fc.uniqueArray(fc.record({ item: code, months: fc.integer({ min: 1, max: 240 }) }), {
      minLength: 1,
      maxLength: 8,
      selector: ({ item }) => item,
    }),
    regions: fc.array(fc.stringMatching(/^\d{6}$/), { minLength: 1, maxLength: 4 }),
    purpose: code,
    matter: line(64),
    uses: fc.nat(65_535),
    term: fc.tuple(seconds, fc.integer({ min: 1, max: 2 ** 30 })),
    retentionDays: fc.nat(36_500),
    onward: fc.constant(false as const),
    automated: line(60, 0),
    withdrawal: line(60),
    key: bytes(20).map((key): `0x${string}` => `0x${Buffer.from(key).toString('hex')}`),
    policy: code,
    text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }),
  })
  .map(({ term: [from, length], ...rest }) => Object.assign(rest, { from, to: from + length }));

describe('Grant artefacts, by property', () => {
  it('come back from their one text', () => {
    fc.assert(
      fc.property(artefact, (made) => {
        const text = encodeArtefact(made);
        expect(parseArtefact(text).artefact).to.deep.equal(made);
        expect(text).to.equal(canonicalize(made));
      }),
      { numRuns: 200 },
    );
  });

  it('are none, or another grant, with one byte changed anywhere', () => {
    fc.assert(
      fc.property(artefact, fc.nat(), fc.integer({ min: 1, max: 255 }), (made, at, bits) => {
        const text = encodeArtefact(made);
        const { hash, terms } = read(text);
        const spoilt = utf8(text);
        spoilt[at % spoilt.length]! ^= bits;
        let other: ReturnType<typeof read> | undefined;
        if (accepts(() => (other = read(fromUtf8(spoilt))))) {
          expect(other!.hash).to.not.equal(hash);
          expect(other!.terms.artefact).to.not.equal(terms.artefact);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are refused with our own error alone, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.json(), fc.string(), fc.jsonValue().map(canonicalize as (v: unknown) => string)),
        (text) => {
          expect(accepts(() => parseArtefact(text))).to.equal(false);
        },
      ),
      { numRuns: 300 },
    );
  });
});

function read(text: string) {
  const { terms } = parseArtefact(text);
  return { terms, hash: grantHashOf(terms) };
}
