import { expect } from 'chai';
import { encodeAddCheckpoint, parseAddCheckpoint, parseKnownSize } from '../../../node/core/add-checkpoint.ts';
import { toBase64 } from '../../../node/core/bytes.ts';
import { codeOf } from '../../helpers/code-of.ts';

const hash = (byte: number) => new Uint8Array(32).fill(byte);
const line = toBase64(hash(1));

describe('add-checkpoint', () => {
  it('is written and read, with a proof and without one', () => {
    for (const request of [
      { oldSize: 0, proof: [], note: 'text\n\n— a b\n' },
      { oldSize: 20_852_014, proof: [hash(1), hash(2)], note: 'text\n\n— a b\n' },
    ]) {
      expect(parseAddCheckpoint(encodeAddCheckpoint(request))).to.deep.equal(request);
    }
    expect(encodeAddCheckpoint({ oldSize: 7, proof: [hash(1)], note: 'text\n' })).to.equal(`old 7\n${line}\n\ntext\n`);
  });

  const wrong: [string, string][] = [
    ['nothing', ''],
    ['no empty line', 'old 1\ntext\n'],
    ['no old size', `${line}\n\ntext\n`],
    ['a size with a zero before it', 'old 01\n\ntext\n'],
    ['a negative size', 'old -1\n\ntext\n'],
    ['a size beyond numbers', 'old 99999999999999999999\n\ntext\n'],
    ['two spaces', 'old  1\n\ntext\n'],
    ['a short hash', 'old 1\nAAAA\n\ntext\n'],
    ['a hash in another alphabet', `old 1\n${line.replaceAll('A', '-')}\n\ntext\n`],
    ['a proof of 64 lines', `old 1\n${`${line}\n`.repeat(64)}\ntext\n`],
    ['carriage returns', 'old 1\r\n\r\ntext\n'],
  ];
  for (const [what, body] of wrong)
    it(`with ${what} is refused`, () => expect(codeOf(() => parseAddCheckpoint(body))).to.equal('MALFORMED'));

  it('takes a proof of 63 lines', () => {
    expect(parseAddCheckpoint(`old 1\n${`${line}\n`.repeat(63)}\ntext\n`).proof).to.have.length(63);
  });

  it('is answered with a size, on a line', () => {
    expect(parseKnownSize('20852014\n')).to.equal(20_852_014);
    for (const body of ['', '1', '01\n', '1\n\n', 'one\n']) {
      expect(
        codeOf(() => parseKnownSize(body)),
        body,
      ).to.equal('MALFORMED');
    }
  });
});
