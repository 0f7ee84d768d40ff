import { expect } from 'chai';
import * as byWebCrypto from '../../../node/core/aead.ts';
import * as byOpenSsl from '../../../node/core/aead.node.ts';
import { utf8 } from '../../../node/core/bytes.ts';
import { rejection } from '../../helpers/rejection.ts';

type Aead = typeof byWebCrypto | typeof byOpenSsl;

const ALTERNATES: [string, Aead][] = [
  ['WebCrypto', byWebCrypto],
  ['OpenSSL', byOpenSsl],
];
const key = new Uint8Array(32).fill(1);
const iv = new Uint8Array(12).fill(2);
const additional = utf8('additional');

function turned(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}

for (const [name, aead] of ALTERNATES) {
  describe(`AES-256-GCM by ${name}`, () => {
    it('seals as in test case 16 of the GCM specification (McGrew and Viega)', async () => {
      const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
      const sealed = await aead.encryptAesGcm(
        hex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308'),
        hex('cafebabefacedbaddecaf888'),
        hex('feedfacedeadbeeffeedfacedeadbeefabaddad2'),
        hex(
          'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
        ),
      );
      expect(Buffer.from(sealed).toString('hex')).to.equal(
        '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
      );
    });

    for (const [other, opener] of ALTERNATES) {
      it(`is opened by ${other}, whatever its length and wherever its bytes lie`, async () => {
        for (const length of [0, 1, 15, 16, 17, 5_000]) {
          const within = crypto.getRandomValues(new Uint8Array(length + 7));
          const plaintext = within.subarray(7);
          const sealed = await aead.encryptAesGcm(key, iv, additional, plaintext);
          expect(sealed.length).to.equal(length + 16);
          const moved = new Uint8Array(sealed.length + 3);
          moved.set(sealed, 3);
          const opened = await opener.decryptAesGcm(key, iv, additional, moved.subarray(3));
          expect(opened).to.deep.equal(plaintext.slice());
        }
      });
    }

    it('is not opened with another key, nonce, additional data, text or tag', async () => {
      const sealed = await aead.encryptAesGcm(key, iv, additional, utf8('text'));
      const open = async (key: Uint8Array, iv: Uint8Array, additional: Uint8Array, sealed: Uint8Array) =>
        aead.decryptAesGcm(key, iv, additional, sealed);
      const attempts = [
        open(turned(key, 31), iv, additional, sealed),
        open(key, turned(iv, 0), additional, sealed),
        open(key, iv, turned(additional, 0), sealed),
        open(key, iv, new Uint8Array(), sealed),
        ...Array.from(sealed, (_, at) => open(key, iv, additional, turned(sealed, at))),
      ];
      expect(await Promise.all(attempts)).to.deep.equal(attempts.map(() => undefined));
    });

    it('is not opened where it was cut: a shorter tag is none', async () => {
      const sealed = await aead.encryptAesGcm(key, iv, additional, utf8('text'));
      for (let length = 0; length < sealed.length; length++) {
        expect(await aead.decryptAesGcm(key, iv, additional, sealed.subarray(0, length))).to.equal(undefined);
      }
    });

    it('takes no key of another length', async () => {
      for (const length of [0, 16, 24, 31, 33]) {
        const wrong = new Uint8Array(length);
        const seal = async () => aead.encryptAesGcm(wrong, iv, additional, utf8('text'));
        const open = async () => aead.decryptAesGcm(wrong, iv, additional, new Uint8Array(32));
        expect(await rejection(seal()), `${length}`).to.have.property('code', 'MALFORMED');
        expect(await rejection(open()), `${length}`).to.have.property('code', 'MALFORMED');
      }
    });
  });
}
