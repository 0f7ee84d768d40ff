import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { concat, fromBase64, fromHex, toBase64, toHex } from '../../../node/core/bytes.ts';
import { parseCheckpoint, parseOrigin } from '../../../node/core/checkpoint.ts';
import {
  cosign,
  cosignaturesOf,
  encodeCosignerKey,
  parseCosignerKey,
  witnessName,
} from '../../../node/core/cosignature.ts';
import { XinlianError, type ErrorCode } from '../../../node/core/errors.ts';
import { parseMemberId } from '../../../node/core/ids.ts';
import { parseVerifierKey, signNote, verifyNote, type NoteSigner } from '../../../node/core/note.ts';
import vectors from '../../vectors/cosignature.json' with { type: 'json' };

const { text, cosignatures } = vectors;
const TIME = 1_795_561_504;
const secret = new Uint8Array(32).fill(3);
const log: NoteSigner = {
  name: parseCheckpoint(text).origin,
  publicKey: ed25519.getPublicKey(secret),
  sign: (message) => ed25519.sign(message, secret),
};

function witness({ name, seed }: { name: string; seed: string }): NoteSigner {
  const secret = fromHex(seed);
  return { name, publicKey: ed25519.getPublicKey(secret), sign: (message) => ed25519.sign(message, secret) };
}

const fails = (code: ErrorCode, act: () => unknown) => {
  expect(act).to.throw(XinlianError).with.property('code', code);
};

describe('Cosignature', () => {
  const signers = cosignatures.map(witness);
  const [first, second] = signers as [NoteSigner, NoteSigner];
  const whole = async (): Promise<string> =>
    (await signNote(text, log)) + cosignatures.map(({ line }) => line).join('');

  for (const { name, verifier, line, ...rest } of cosignatures) {
    it(`of ${name} is the one that another implementation makes`, async () => {
      const signer = witness({ name, ...rest });
      expect(encodeCosignerKey(signer)).to.equal(verifier);
      expect(toHex(parseCosignerKey(verifier).publicKey)).to.equal(toHex(signer.publicKey));
      const [found] = cosignaturesOf(`${text}\n${line}`, [signer]);
      expect(found).to.deep.equal({ cosigner: signer, time: TIME });
      expect(await cosign(text, TIME, signer)).to.equal(line);
    });
  }

  it('adds lines to a note that a reader of notes still verifies', async () => {
    const note = await whole();
    expect(verifyNote(note, [log]).text).to.equal(text);
    expect(cosignaturesOf(note, signers).map(({ cosigner }) => cosigner.name)).to.deep.equal(
      signers.map(({ name }) => name),
    );
    expect(cosignaturesOf(note, [second]).map(({ time }) => time)).to.deep.equal([TIME]);
  });

  it('counts each witness once, and nobody who is not asked for', async () => {
    const note = (await whole()) + cosignatures[0]!.line;
    expect(cosignaturesOf(note, [first])).to.have.length(1);
    expect(cosignaturesOf(note, [{ ...first, name: 'another' }])).to.deep.equal([]);
    expect(cosignaturesOf(note, [])).to.deep.equal([]);
  });

  it('does not hold for another text or another time', async () => {
    const line = await cosign(text, 5, first);
    fails('SIGNATURE_INVALID', () => cosignaturesOf(`${text.replace('20852163', '20852164')}\n${line}`, [first]));
    const other = await cosign(text, 6, first);
    const bytes = (text: string) => fromBase64(text.trim().split(' ')[2]!);
    const mixed = toBase64(concat(bytes(other).subarray(0, 12), bytes(line).subarray(12)));
    fails('SIGNATURE_INVALID', () => cosignaturesOf(`${text}\n— ${first.name} ${mixed}\n`, [first]));
    const short = toBase64(bytes(line).subarray(0, 60));
    fails('SIGNATURE_INVALID', () => cosignaturesOf(`${text}\n— ${first.name} ${short}\n`, [first]));
  });

  it('is for checkpoints alone, at a time that is one', async () => {
    for (const [what, time] of [
      ['no checkpoint\n', 5],
      [text, -1],
      [text, 2 ** 60],
    ] as const) {
      const [result] = await Promise.allSettled([cosign(what, time, first)]);
      expect(result).to.have.nested.property('reason.code', 'MALFORMED');
    }
  });

  it('is of no plain key, and a plain signature is no cosignature', async () => {
    fails('MALFORMED', () => parseVerifierKey(cosignatures[0]!.verifier));
    const plain = await signNote(text, first);
    expect(cosignaturesOf(plain, [first])).to.deep.equal([]);
    fails('SIGNATURE_INVALID', () => verifyNote(`${text}\n${cosignatures[0]!.line}`, [first]));
  });

  it('of a member is under a name that no log has', () => {
    const member = parseMemberId(`0x${'1f'.repeat(32)}`);
    const name = witnessName({ chainId: 2600, logAnchor: `0x${'AB'.repeat(20)}` }, member);
    expect(name).to.equal(`xinlian/v1/2600/0x${'ab'.repeat(20)}/witness/${member}`);
    fails('MALFORMED', () => parseOrigin(name));
  });
});
