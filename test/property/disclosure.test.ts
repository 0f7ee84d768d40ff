import { createHash, createHmac } from 'node:crypto';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { commitRecord, discloseRecord, openDisclosures, parsePayload } from '../../node/core/disclosure.ts';
import type { ClaimValue } from '../../node/core/disclosure.ts';
import { accepts, codeOf } from '../helpers/code-of.ts';

const value: fc.Arbitrary<ClaimValue> = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 40 }).filter((text) => text.isWellFormed()),
  fc.maxSafeInteger(),
  fc.boolean(),
  fc.constant(null),
);
const name = fc.string({ unit: 'grapheme' });
const record = fc
  .record({
    claims: fc.uniqueArray(fc.tuple(name, value), { selector: ([name]) => name, minLength: 1, maxLength: 40 }),
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  .map(({ claims, key }) => ({
    item: 'XK',
    edition: 'cn/2024',
    names: claims.map(([name]) => name),
    values: claims.map(([, value]) => value),
    key,
  }));

/** docs/protocol.md, section 2, as it is written. */
function reference({ item, edition, names, values, key }: Parameters<typeof commitRecord>[0]) {
  let salt: Uint8Array = Buffer.alloc(0);
  const disclosures = names.map((name, i) => {
    const label = Buffer.from('xinlian/salt/v1');
    salt = createHmac('sha256', key)
      .update(salt)
      .update(label)
      .update(Buffer.of(i + 1))
      .digest();
    const json = JSON.stringify([Buffer.from(salt).toString('base64url'), name, values[i]]);
    return Buffer.from(json).toString('base64url');
  });
  const _sd = disclosures.map((text) => createHash('sha256').update(text).digest('base64url'));
  return { disclosures, payload: JSON.stringify({ _sd, _sd_alg: 'sha-256', edition, item }) };
}

describe('record commitments, for any claims', () => {
  it('are those of the plain reference', () => {
    fc.assert(
      fc.property(record, (record) => {
        const wanted = reference(record);
        const { payload, commitment } = commitRecord(record);
        expect(payload).to.equal(wanted.payload);
        expect(Buffer.from(commitment).toString('hex')).to.equal(createHash('sha256').update(payload).digest('hex'));
        const positions = [...record.names.keys()];
        expect(discloseRecord({ ...record, positions })).to.deep.equal(wanted.disclosures);
      }),
    );
  });

  it('open to what was disclosed, and to nothing else', () => {
    fc.assert(
      fc.property(record, fc.infiniteStream(fc.boolean()), (record, chosen) => {
        const positions = [...record.names.keys()].filter(() => chosen.next().value);
        const { payload } = commitRecord(record);
        const disclosures = discloseRecord({ ...record, positions });
        const opened = openDisclosures({ payload, names: record.names, disclosures });
        expect([...opened.keys()]).to.deep.equal(positions);
        for (const [position, { name, value }] of opened) {
          expect(name).to.equal(record.names[position]);
          expect(Object.is(value, record.values[position]) || value === 0).to.equal(true);
        }
      }),
    );
  });

  it('are broken by any other character in a disclosure', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.constantFrom('A', 'z', '_', '='), (record, at, character) => {
        const { payload } = commitRecord(record);
        const [disclosure = ''] = discloseRecord({ ...record, positions: [0] });
        const i = at % disclosure.length;
        const changed = disclosure.slice(0, i) + character + disclosure.slice(i + 1);
        fc.pre(changed !== disclosure);
        const open = () => openDisclosures({ payload, names: record.names, disclosures: [changed] });
        expect(codeOf(open)).to.equal('PROOF_INVALID');
      }),
    );
  });

  it('are refused with a XinlianError only', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(fc.property(text, (text) => void accepts(() => parsePayload(text))));
    fc.assert(fc.property(fc.json(), (text) => void accepts(() => parsePayload(text))));
    fc.assert(
      fc.property(text, (text) => {
        const digest = createHash('sha256').update(text).digest('base64url');
        const payload = `{"_sd":["${digest}"],"_sd_alg":"sha-256","edition":"e","item":"i"}`;
        expect(accepts(() => openDisclosures({ payload, names: ['n'], disclosures: [text] }))).to.equal(false);
      }),
    );
  });
});
