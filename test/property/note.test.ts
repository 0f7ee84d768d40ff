import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { encodeCheckpoint, parseCheckpoint, parseOrigin } from '../../node/core/checkpoint.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { encodeVerifierKey, parseNote, parseVerifierKey, signNote, verifyNote } from '../../node/core/note.ts';

const line = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((text) => !/\p{Cc}|\p{Cs}/u.test(text));
const name = fc.stringMatching(/^[a-z0-9./-]{1,20}$/);
const seed = fc.uint8Array({ minLength: 32, maxLength: 32 });

function signer(name: string, seed: Uint8Array) {
  return { name, publicKey: ed25519.getPublicKey(seed), sign: (message: Uint8Array) => ed25519.sign(message, seed) };
}

/** Runs a decoder: a value, or undefined where it refused with its own error. */
function attempt<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (XinlianError.is(error)) return undefined;
    throw error;
  }
}

describe('Signed notes', () => {
  it('verify as they were signed, and with no character changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 5 }),
        name,
        seed,
        fc.nat(),
        async (lines, name, seed, at) => {
          const key = signer(name, seed);
          const text = `${lines.join('\n')}\n`;
          const note = await signNote(text, key);
          expect(verifyNote(note, [key]).text).to.equal(text);
          const characters = Array.from(note);
          const where = at % characters.length;
          characters[where] = characters[where] === 'A' ? 'B' : 'A';
          expect(attempt(() => verifyNote(characters.join(''), [key]))).to.equal(undefined);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('have verifier keys that come back as they went', () => {
    fc.assert(
      fc.property(name, seed, (name, publicKey) => {
        expect(parseVerifierKey(encodeVerifierKey({ name, publicKey }))).to.deep.equal({ name, publicKey });
      }),
    );
  });
});

describe('Decoders of notes and checkpoints', () => {
  const pieces = fc.array(
    fc.oneof(
      fc.constantFrom(
        '\n',
        '\n\n',
        '— ',
        ' ',
        '+',
        '0',
        '12',
        'a',
        'AAAA',
        'x08gow==',
        'xinlian/v1/',
        '/0x',
        '\ud800',
        '\u0085',
      ),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.base64String({ maxLength: 48 }),
    ),
    { maxLength: 12 },
  );

  it('refuse with their own error alone, and read what they can write', () => {
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join('');
        attempt(() => parseNote(text));
        attempt(() => parseVerifierKey(text));
        attempt(() => parseOrigin(text));
        const checkpoint = attempt(() => parseCheckpoint(text));
        if (checkpoint) expect(encodeCheckpoint(checkpoint)).to.equal(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('read every checkpoint that they write', () => {
    const word = fc.stringMatching(/^[^\n]{1,30}$/);
    const checkpoint = fc.record({
      origin: word,
      size: fc.maxSafeNat(),
      root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
      extensions: fc.array(word, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(checkpoint, (checkpoint) => {
        expect(parseCheckpoint(encodeCheckpoint(checkpoint))).to.deep.equal(checkpoint);
      }),
    );
  });
});
