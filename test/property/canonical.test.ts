import { expect } from 'chai';
import * as fc from 'fast-check';
import oracle from 'canonicalize';
import * as portable from '../../node/core/base64url.ts';
import * as native from '../../node/core/base64url.node.ts';
import { fromBase64, fromBase64Url, toBase64, toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { canonicalize, parseCanonical, parseCanonicalBytes, type JsonValue } from '../../node/core/canonical.ts';
import { accepts } from '../helpers/code-of.ts';

const json = fc.jsonValue({ stringUnit: 'binary' }) as fc.Arbitrary<JsonValue>;

describe('canonical JSON, for any value', () => {
  it('is what the npm package writes', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalize(value)).to.equal(oracle(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('comes back as the same value, and is read as canonical', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalize(value);
        const parsed = parseCanonical(text);
        expect(canonicalize(parsed)).to.equal(text);
        expect(parsed).to.deep.equal(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 500 },
    );
  });

  it('has one form: JSON.stringify output is taken only where it is that form', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(accepts(() => parseCanonical(text))).to.equal(text === oracle(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  it('refuses nothing but with a XinlianError', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void accepts(() => parseCanonical(text))));
    fc.assert(fc.property(fc.anything(), (value) => void accepts(() => canonicalize(value as JsonValue))));
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void accepts(() => parseCanonicalBytes(bytes))));
  });
});

for (const [name, coder] of Object.entries({
  portable,
  native,
})) {
  const { decodeBase64, decodeBase64Url, encodeBase64, encodeBase64Url, encodeChunks, encodeLines } = coder;
  describe(`base64url in bulk, ${name}`, () => {
    it('is what one at a time gives', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          expect(encodeBase64Url(bytes)).to.equal(toBase64Url(bytes));
        }),
      );
      fc.assert(
        fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 0, max: 9 }), (size, count) => {
          const bytes = Uint8Array.from({ length: size * count }, (_, i) => (i * 73) & 255);
          const one = (i: number) => toBase64Url(bytes.subarray(i * size, (i + 1) * size));
          expect(encodeChunks(bytes, size)).to.deep.equal(Array.from({ length: count }, (_, i) => one(i)));
        }),
      );
      const line = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\n'));
      fc.assert(
        fc.property(fc.array(line), (lines) => {
          expect(encodeLines(lines)).to.deep.equal(lines.map((text) => toBase64Url(utf8(text))));
        }),
      );
    });

    it('reads what it wrote', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
          expect(decodeBase64(encodeBase64(bytes))).to.deep.equal(bytes);
          expect(decodeBase64Url(encodeBase64Url(bytes))).to.deep.equal(bytes);
        }),
      );
    });
  });
}

describe('base64url', () => {
  it('has one form alone', () => {
    const near = fc.stringMatching(/^[A-Za-z0-9_+/=-]{0,12}$/);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }).map(toBase64Url), near, fc.string()), (text) => {
        const bytes = Buffer.from(text, 'base64url');
        const taken = accepts(() => fromBase64Url(text));
        expect(taken).to.equal(bytes.toString('base64url') === text);
        if (taken) expect(Buffer.from(fromBase64Url(text))).to.deep.equal(bytes);
        expect(accepts(() => fromBase64Url(text, 3))).to.equal(taken && bytes.length === 3);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('base64', () => {
  it('has one form alone', () => {
    const near = fc.stringMatching(/^[A-Za-z0-9+/]{0,8}={0,3}$/);
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 40 }).map(toBase64), near, fc.string()), (text) => {
        const bytes = Buffer.from(text, 'base64');
        const taken = accepts(() => fromBase64(text));
        expect(taken).to.equal(bytes.toString('base64') === text);
        if (taken) expect(Buffer.from(fromBase64(text))).to.deep.equal(bytes);
      }),
      { numRuns: 1_000 },
    );
  });
});
