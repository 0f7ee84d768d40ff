import { expect } from 'chai';
import { Type } from 'typebox';
import { concat, utf8 } from '../../../node/core/bytes.ts';
import { codec, decodeParcel, encodeParcel } from '../../../node/core/messages/codec.ts';
import { openSubmission, chunkHeader } from '../../../node/core/messages/publish.ts';
import { recordRef } from '../../../node/core/messages/record.ts';
import { codeOf } from '../../helpers/code-of.ts';

describe('Messages', () => {
  const pair = codec('pair', Type.Object({ a: Type.Integer(), b: Type.String() }, { additionalProperties: false }));

  it('come back as they were encoded', () => {
    expect(pair.decode(pair.encode({ a: 1, b: '信' }))).to.deep.equal({ a: 1, b: '信' });
  });

  it('are refused in any other form', () => {
    const texts = ['', '{', 'null', '[]', '{"a":1}', '{"a":"1","b":"x"}', '{"a":1.5,"b":"x"}', '{"a":1,"b":"x","c":0}'];
    for (const text of texts)
      expect(
        codeOf(() => pair.decode(utf8(text))),
        text,
      ).to.equal('MALFORMED');
    expect(codeOf(() => pair.decode(concat(utf8('{"a":1,"b":"'), Uint8Array.of(0xff), utf8('"}'))))).to.equal(
      'MALFORMED',
    );
    expect(codeOf(() => pair.check(undefined))).to.equal('MALFORMED');
  });

  it('keep ids to their alphabets', () => {
    const open = { submission: 'file-0001', item: 'xk', dryRun: false };
    expect(openSubmission.check(open)).to.deep.equal(open);
    for (const submission of ['short', 'a'.repeat(65), 'file/0001', 'file\u00000001', '文件文件文件文件']) {
      expect(codeOf(() => openSubmission.check({ ...open, submission }))).to.equal('MALFORMED');
    }
    expect(codeOf(() => recordRef.check({ record: 'A'.repeat(21) }))).to.equal('MALFORMED');
    expect(codeOf(() => chunkHeader.check({ submission: 'file-0001', index: -1 }))).to.equal('MALFORMED');
  });

  describe('parcel', () => {
    it('carries a header and bytes', () => {
      for (const [header, body] of [
        ['{}', 'body'],
        ['', ''],
        ['h', ''],
      ] as const) {
        const parcel = decodeParcel(encodeParcel(utf8(header), utf8(body)));
        expect([parcel.header, parcel.body]).to.deep.equal([utf8(header), utf8(body)]);
      }
    });

    it('is read from within other bytes', () => {
      const bytes = concat(utf8('before'), encodeParcel(utf8('h'), utf8('b'))).subarray(6);
      expect(decodeParcel(bytes)).to.deep.equal({ header: utf8('h'), body: utf8('b') });
    });

    it('is refused where it is cut', () => {
      const whole = encodeParcel(utf8('header'), new Uint8Array());
      for (let length = 0; length < whole.length; length++) {
        expect(codeOf(() => decodeParcel(whole.subarray(0, length)))).to.equal('MALFORMED');
      }
      expect(codeOf(() => decodeParcel(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0)))).to.equal('MALFORMED');
    });
  });
});
