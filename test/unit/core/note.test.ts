import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { concat, fromBase64, fromHex, toBase64, utf8 } from '../../../node/core/bytes.ts';
import { XinlianError, type ErrorCode } from '../../../node/core/errors.ts';
import {
  encodeVerifierKey,
  parseNote,
  parseVerifierKey,
  signNote,
  verifyNote,
  type NoteSigner,
} from '../../../node/core/note.ts';
import vectors from '../../vectors/signed-note.json' with { type: 'json' };

const { text } = vectors;
const [peter, enoch] = vectors.keys as [(typeof vectors.keys)[0], (typeof vectors.keys)[0]];
const note = `${text}\n${peter.line}${enoch.line}`;
const verifier = (key: typeof peter) => parseVerifierKey(key.verifier);
const fails = (code: ErrorCode, act: () => unknown) => {
  expect(act).to.throw(XinlianError).with.property('code', code);
};

function signer({ name, seed }: { name: string; seed: string }): NoteSigner {
  const secret = fromHex(seed);
  const sign = (message: Uint8Array) => ed25519.sign(message, secret);
  return { name, publicKey: ed25519.getPublicKey(secret), sign };
}

async function refused(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.then(
    () => 'nothing thrown',
    (error: unknown) => error,
  );
  return XinlianError.is(error) ? error.code : error;
}

describe('Verifier key', () => {
  for (const key of vectors.keys) {
    it(`of ${key.name} is read and written`, () => {
      const parsed = parseVerifierKey(key.verifier);
      expect(parsed.name).to.equal(key.name);
      expect(parsed.publicKey).to.deep.equal(ed25519.getPublicKey(fromHex(key.seed)));
      expect(encodeVerifierKey(parsed)).to.equal(key.verifier);
    });
  }

  const wrong: [string, string][] = [
    ['nothing', ''],
    ['no hash', 'PeterNeumann+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['another hash', peter.verifier.replace('c74f20a3', 'c74f20a4')],
    ['a hash in upper case', peter.verifier.replace('c74f20a3', 'C74F20A3')],
    ['another name', peter.verifier.replace('Peter', 'Petra')],
    ['a name with a space', peter.verifier.replace('Peter', 'Peter ')],
    ['another algorithm', `x+00000000+${toBase64(concat(Uint8Array.of(2), new Uint8Array(32)))}`],
    ['a short key', `x+00000000+${toBase64(concat(Uint8Array.of(1), new Uint8Array(31)))}`],
  ];
  for (const [what, text] of wrong)
    it(`with ${what} is refused`, () => fails('MALFORMED', () => parseVerifierKey(text)));
});

describe('Signed note', () => {
  it('is made as the known ones', async () => {
    for (const key of vectors.keys) expect(await signNote(text, signer(key))).to.equal(`${text}\n${key.line}`);
  });

  it('is verified by any known key, and says by which', () => {
    for (const known of [[peter], [enoch], [peter, enoch]]) {
      const { text: read, by } = verifyNote(note, known.map(verifier));
      expect(read).to.equal(text);
      expect(by.map(({ name }) => name)).to.deep.equal(known.map(({ name }) => name));
    }
  });

  it('keeps blank lines in its text', async () => {
    const text = 'a\n\nb\n\n';
    const signed = await signNote(text, signer(peter));
    expect(verifyNote(signed, [verifier(peter)]).text).to.equal(text);
  });

  it('is refused when no known key signed it', () => {
    fails('SIGNATURE_INVALID', () => verifyNote(`${text}\n${enoch.line}`, [verifier(peter)]));
    fails('SIGNATURE_INVALID', () => verifyNote(note, []));
  });

  it('is refused when one known key signed badly, another well', () => {
    const changed = note.replace('— PeterNeumann x08go/Z', '— PeterNeumann x08go/Y');
    fails('SIGNATURE_INVALID', () => verifyNote(changed, [verifier(peter), verifier(enoch)]));
    expect(verifyNote(changed, [verifier(enoch)]).by).to.have.length(1);
  });

  it('is refused when a known key id carries another length', () => {
    const [, bytes] = /(\S+)\n$/.exec(peter.line)!;
    const longer = toBase64(concat(fromBase64(bytes!), Uint8Array.of(0)));
    fails('SIGNATURE_INVALID', () => verifyNote(`${text}\n— PeterNeumann ${longer}\n`, [verifier(peter)]));
  });

  it('is refused when its text is another', () => {
    fails('SIGNATURE_INVALID', () => verifyNote(note.replace('answer', 'Answer'), [verifier(peter)]));
  });

  it('is not verified by a key of small order', () => {
    // The neutral point signs everything where cofactors are let through.
    const neutral = concat(Uint8Array.of(1), new Uint8Array(31));
    const key = { name: 'neutral', publicKey: neutral };
    const id = fromHex(`0x${encodeVerifierKey(key).split('+')[1]!}`);
    const forged = toBase64(concat(id, neutral, new Uint8Array(32)));
    fails('SIGNATURE_INVALID', () => verifyNote(`${text}\n— neutral ${forged}\n`, [key]));
  });

  it('accepts 16 signatures of unknown keys beside the known one', () => {
    const others = Array.from({ length: 16 }, (_, i) => `— witness${i} ${toBase64(new Uint8Array(3_300))}\n`);
    expect(verifyNote(`${text}\n${others.join('')}${peter.line}`, [verifier(peter)]).by).to.have.length(1);
  });

  it('has limits', () => {
    fails('TOO_LARGE', () => parseNote(`${text}\n${peter.line.repeat(101)}`));
    fails('TOO_LARGE', () => parseNote(`${'x'.repeat(1_000_000)}\n\n${peter.line}`));
  });

  const [, mark, name, base64] = /^(\S+) (\S+) (\S+)\n$/.exec(peter.line)!;
  const wrong: [string, string][] = [
    ['nothing', ''],
    ['no blank line', `${text}${peter.line}`],
    ['no signature', `${text}\n`],
    ['no newline at its end', note.slice(0, -1)],
    ['text after the signatures', `${note}x\n`],
    ['a hyphen for the dash', `${text}\n- ${name} ${base64}\n`],
    ['two spaces', `${text}\n${mark} ${name}  ${base64}\n`],
    ['a space at the end of a line', `${text}\n${mark} ${name} ${base64} \n`],
    ['no name', `${text}\n${mark}  ${base64}\n`],
    ['a plus sign in a name', `${text}\n${mark} a+b ${base64}\n`],
    ['a Unicode space in a name', `${text}\n${mark} a\u3000b ${base64}\n`],
    ['no padding', `${text}\n${mark} ${name} ${base64!.replace('=', '')}\n`],
    ['other base64 for the same bytes', `${text}\n${mark} ${name} ${base64!.replace('M=', 'N=')}\n`],
    ['a key id alone', `${text}\n${mark} ${name} x08gow==\n`],
    ['a carriage return', note.replace('\n', '\r\n')],
    ['a tab', note.replace(' ', '\t')],
    ['a zero byte', note.replace(' ', '\0')],
    ['a lone surrogate', note.replace('you', '\ud800')],
  ];
  for (const [what, text] of wrong) it(`with ${what} is refused`, () => fails('MALFORMED', () => parseNote(text)));

  it('is not made of what is no text, or with what is no signature', async () => {
    const good = signer(peter);
    expect(await refused(signNote('no newline', good))).to.equal('MALFORMED');
    expect(await refused(signNote('a\tb\n', good))).to.equal('MALFORMED');
    expect(await refused(signNote('a\n', { ...good, name: 'a b' }))).to.equal('MALFORMED');
    expect(await refused(signNote('a\n', { ...good, sign: () => utf8('short') }))).to.equal('MALFORMED');
  });
});
