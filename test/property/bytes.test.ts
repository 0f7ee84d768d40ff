import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  compareBytes,
  concat,
  equalBytes,
  fromBase64,
  fromBase64Url,
  fromHex,
  fromUtf8,
  toBase64,
  toBase64Url,
  toHex,
  u64,
  utf8,
} from '../../node/core/bytes.ts';
import { accepts, codeOf } from '../helpers/code-of.ts';

const bytes = fc.uint8Array({ maxLength: 100 });
const buffer = (value: Uint8Array) => Buffer.from(value);

describe('Bytes, by property', () => {
  it('have the texts that Node gives them, and come back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toHex(value)).to.equal(`0x${buffer(value).toString('hex')}`);
        expect(toBase64(value)).to.equal(buffer(value).toString('base64'));
        expect(toBase64Url(value)).to.equal(buffer(value).toString('base64url'));
        expect(fromHex(toHex(value), value.length)).to.deep.equal(value);
        expect(fromBase64(toBase64(value), value.length)).to.deep.equal(value);
        expect(fromBase64Url(toBase64Url(value), value.length)).to.deep.equal(value);
      }),
    );
    const long = new Uint8Array(100_000).fill(7);
    expect(fromBase64Url(toBase64Url(long))).to.deep.equal(long);
  });

  it('have one text each: what is read is written the same', () => {
    const almost = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'AZaz09+/-_= \n') }),
      fc.tuple(bytes, fc.nat(), fc.constantFrom('=', 'B', ' ')).map(([value, at, change]) => {
        const text = toBase64(value);
        return text.slice(0, at % (text.length + 1)) + change + text.slice((at % (text.length + 1)) + 1);
      }),
    );
    fc.assert(
      fc.property(almost, (text) => {
        for (const [read, write] of [
          [fromBase64, toBase64],
          [fromBase64Url, toBase64Url],
        ] as const) {
          if (accepts(() => read(text))) expect(write(read(text))).to.equal(text);
        }
      }),
    );
  });

  it('are UTF-8 exactly where Node says so', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    fc.assert(
      fc.property(fc.oneof(bytes, fc.string().map(utf8)), (value) => {
        let wanted: string | undefined;
        try {
          wanted = strict.decode(value);
        } catch {
          wanted = undefined;
        }
        if (wanted === undefined) expect(codeOf(() => fromUtf8(value))).to.equal('MALFORMED');
        else expect(utf8(fromUtf8(value))).to.deep.equal(value);
      }),
    );
  });

  it('are compared and joined as Node does', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).to.equal(Buffer.compare(a, b));
        expect(equalBytes(a, b)).to.equal(buffer(a).equals(b));
        expect(equalBytes(a, a.slice())).to.equal(true);
        expect(buffer(concat(a, b, a)).equals(Buffer.concat([a, b, a]))).to.equal(true);
      }),
    );
  });

  it('of a number are big-endian', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(buffer(u64(value)).readBigUInt64BE()).to.equal(BigInt(value));
      }),
    );
  });

  it('of another length than wanted are refused', () => {
    for (const read of [() => fromHex('0x00', 2), () => fromBase64('AA==', 2), () => fromBase64Url('AA', 2)])
      expect(codeOf(read)).to.equal('MALFORMED');
    for (const text of ['', '0', '0x0', '0xg0', '00', '0X00'])
      expect(codeOf(() => fromHex(text))).to.equal('MALFORMED');
  });
});
