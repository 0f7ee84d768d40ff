import { expect } from 'chai';
import * as fc from 'fast-check';
import { canonicalize } from '../../node/core/canonical.ts';
import { toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { decodeEntry, encodeEntry, type Entry } from '../../node/core/entry.ts';
import { accepts } from '../helpers/code-of.ts';

const time = fc.maxSafeNat();
const ref = fc.nat({ max: 2 ** 40 - 1 });
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const code = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,63}$/);
const kind = <K extends Entry['kind']>(kind: K) => fc.constant(kind);
const record = { time, item: code, edition: code, commitment: hash };

const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ kind: kind('publish'), ...record }),
  fc.record({ kind: kind('supersede'), ...record, ref }),
  fc.record({ kind: kind('annul'), time, ref }),
  fc.record({
    kind: fc.constantFrom('objection', 'objection-closed', 'repair', 'repair-revoked', 'shield', 'shield-ended'),
    time,
    ref,
  }),
  fc.record({ kind: kind('step'), time, commitment: hash }),
  fc.record({ kind: kind('receipt'), time, commitment: hash }),
  fc.record({ kind: kind('query'), time, commitment: hash }),
  fc.record({ kind: kind('certificate'), time, commitment: hash }),
  fc.record({ kind: kind('status'), time, root: hash }),
);

describe('log entries, for any content', () => {
  it('are written in RFC 8785 form, and come back', () => {
    fc.assert(
      fc.property(entry, (entry) => {
        const bytes = encodeEntry(entry);
        const members = Object.entries(entry).map(([name, value]: [string, string | number | Uint8Array]) => [
          name,
          value instanceof Uint8Array ? toBase64Url(value) : value,
        ]);
        const json = { ...(Object.fromEntries(members) as Record<string, string>), suite: 'intl-1', v: 1 };
        expect(bytes).to.deep.equal(utf8(canonicalize(json)));
        expect(decodeEntry(bytes)).to.deep.equal(entry);
      }),
      { numRuns: 500 },
    );
  });

  it('have one form: whatever is read is written as the same bytes', () => {
    const changed = fc.tuple(entry, fc.nat(), fc.nat({ max: 255 })).map(([entry, at, byte]) => {
      const bytes = encodeEntry(entry);
      bytes[at % bytes.length] = byte;
      return bytes;
    });
    fc.assert(
      fc.property(changed, (bytes) => {
        if (accepts(() => decodeEntry(bytes))) expect(encodeEntry(decodeEntry(bytes))).to.deep.equal(bytes);
      }),
      { numRuns: 3000 },
    );
  });

  it('are refused with a XinlianError only', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void accepts(() => decodeEntry(bytes))));
    fc.assert(fc.property(fc.json(), (text) => void accepts(() => decodeEntry(utf8(text)))));
  });
});
