import { expect } from 'chai';
import { utf8 } from '../../../node/core/bytes.ts';
import { canonicalize, DEEPEST_JSON, parseCanonical, parseCanonicalBytes } from '../../../node/core/canonical.ts';
import type { JsonValue } from '../../../node/core/canonical.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vectors from '../../vectors/canonical.json' with { type: 'json' };

describe('canonical JSON', () => {
  describe('canonicalize', () => {
    for (const [bits, text] of vectors.numbers as [string, string][]) {
      it(`writes the number of the bits ${bits} as ${text}`, () => {
        const view = new DataView(new ArrayBuffer(8));
        view.setBigUint64(0, BigInt(`0x${bits}`));
        expect(canonicalize(view.getFloat64(0))).to.equal(text);
      });
    }

    for (const { name, input, output } of vectors.samples) {
      it(`writes the sample "${name}" of RFC 8785`, () => {
        expect(canonicalize(JSON.parse(input) as JsonValue)).to.equal(output);
      });
    }

    it('orders members at every level, also where only an inner object is out of order', () => {
      expect(canonicalize({ a: [{ z: 1, y: 2 }], b: 3 })).to.equal('{"a":[{"y":2,"z":1}],"b":3}');
    });

    it('keeps a member called __proto__', () => {
      expect(canonicalize(JSON.parse('{"b":1,"__proto__":2}') as JsonValue)).to.equal('{"__proto__":2,"b":1}');
    });

    it('takes an object without a prototype', () => {
      const bare = Object.assign(Object.create(null) as Record<string, JsonValue>, { b: 1, a: 2 });
      expect(canonicalize(bare)).to.equal('{"a":2,"b":1}');
    });

    const cycle: unknown[] = [];
    cycle.push({ cycle });
    const refused: Record<string, unknown> = {
      NaN: Number.NaN,
      infinity: Number.POSITIVE_INFINITY,
      undefined,
      bigint: 1n,
      symbol: Symbol('s'),
      function: () => 1,
      'a member that is undefined': { a: undefined },
      'a toJSON method': { toJSON: () => 1 },
      'a lone surrogate': '\ud800',
      'a lone surrogate in a member name': { 'a\udfff': 1 },
      'a sparse array': [1, , 2], // oxlint-disable-line no-sparse-arrays
      'a cycle': cycle,
      'an instance of a class': new Map(),
      bytes: new Uint8Array(2),
    };
    for (const [what, value] of Object.entries(refused)) {
      it(`refuses ${what}`, () => {
        expect(codeOf(() => canonicalize(value as JsonValue))).to.equal('MALFORMED');
        expect(codeOf(() => canonicalize({ z: 1, a: [value as JsonValue] }))).to.equal('MALFORMED');
      });
    }

    it('takes the deepest nesting allowed, and none deeper', () => {
      const nested = (depth: number): JsonValue => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as JsonValue;
      expect(canonicalize(nested(DEEPEST_JSON))).to.have.length(2 * DEEPEST_JSON);
      expect(codeOf(() => canonicalize(nested(DEEPEST_JSON + 1)))).to.equal('MALFORMED');
      expect(codeOf(() => canonicalize(nested(200_000)))).to.equal('MALFORMED');
    });
  });

  describe('parseCanonical', () => {
    it('takes what canonicalize writes', () => {
      for (const { output } of vectors.samples) expect(canonicalize(parseCanonical(output))).to.equal(output);
    });

    const refused = [
      '',
      ' 1',
      '{"a":1,"a":1}',
      '{"b":1,"a":2}',
      '{"a": 1}',
      '-0',
      '1.0',
      '1e2',
      '1e400',
      '9007199254740993',
      '"\\/"',
      '"\\u0041"',
      '"\\ud800"',
      '\ufeff1',
      "{'a':1}",
      '[1,]',
      'undefined',
    ];
    for (const text of refused) {
      it(`refuses ${JSON.stringify(text)}`, () => expect(codeOf(() => parseCanonical(text))).to.equal('MALFORMED'));
    }
  });

  describe('parseCanonicalBytes', () => {
    it('takes UTF-8', () => {
      expect(parseCanonicalBytes(utf8('{"名":"信链"}'))).to.deep.equal({ 名: '信链' });
    });

    it('refuses a byte order mark and bytes that are not UTF-8', () => {
      expect(codeOf(() => parseCanonicalBytes(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)))).to.equal('MALFORMED');
      expect(codeOf(() => parseCanonicalBytes(Uint8Array.of(0x22, 0xff, 0x22)))).to.equal('MALFORMED');
    });
  });
});
