import { expect } from 'chai';
import * as fc from 'fast-check';
import { LineCutter } from '../../../gateway/publish/line-cutter.ts';
import { codeOf } from '../../helpers/code-of.ts';

const CHUNK = 32;
const LINE = 80;

/** Cuts a text that arrives in the given pieces. */
function cut(pieces: Buffer[]): string[] {
  const cutter = new LineCutter({ chunkBytes: CHUNK, maxLineBytes: LINE });
  const chunks = pieces.flatMap((piece) => [...cutter.push(piece)]);
  const last = cutter.end();
  if (last) chunks.push(last);
  return chunks.map(({ pieces: parts, length }) => {
    const whole = Buffer.concat(parts);
    expect(whole.length).to.equal(length);
    return whole.toString('latin1');
  });
}

/** The definition, read off the whole text at once; `undefined` where a line is too long. */
function slowCut(text: string): string[] | undefined {
  const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  if (whole.split('\n').some((line) => line.length + 1 > LINE)) return undefined;
  const chunks: string[] = [];
  for (let rest = whole; rest !== ''; rest = rest.slice(chunks.at(-1)!.length)) {
    const within = rest.length >= CHUNK ? rest.lastIndexOf('\n', CHUNK - 1) : rest.length - 1;
    chunks.push(rest.slice(0, (within >= 0 ? within : rest.indexOf('\n')) + 1));
  }
  return chunks;
}

const text = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom('a', 'bb', 'cccc') },
      { weight: 2, arbitrary: fc.constant('\n') },
      { weight: 1, arbitrary: fc.constant('x'.repeat(20)) },
    ),
    { maxLength: 120 },
  )
  .map((parts) => parts.join(''));

describe('Line cutter', () => {
  it('cuts by the content alone, however it arrives', () => {
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 40 }), (content, sizes) => {
        const pieces: Buffer[] = [];
        let rest = Buffer.from(content, 'latin1');
        for (const size of sizes) {
          pieces.push(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        pieces.push(rest);
        const wanted = slowCut(content);
        if (wanted) expect(cut(pieces)).to.deep.equal(wanted);
        else expect(codeOf(() => cut(pieces))).to.equal('TOO_LARGE');
      }),
      { numRuns: 2_000 },
    );
  });

  it('ends a last line that has no line feed', () => {
    expect(cut([Buffer.from('a\nb')])).to.deep.equal(['a\nb\n']);
  });

  it('gives nothing for nothing', () => {
    expect(cut([])).to.deep.equal([]);
    expect(cut([Buffer.alloc(0)])).to.deep.equal([]);
  });

  it('takes a line of the longest kind, and none that is longer', () => {
    expect(cut([Buffer.from(`${'x'.repeat(LINE - 1)}\n`)])).to.have.length(1);
    expect(codeOf(() => cut([Buffer.from(`${'x'.repeat(LINE)}\n`)]))).to.equal('TOO_LARGE');
    expect(codeOf(() => cut([Buffer.from('x'.repeat(LINE))]))).to.equal('TOO_LARGE');
  });

  it('says the limit before a line without end has filled the memory', () => {
    const cutter = new LineCutter({ chunkBytes: CHUNK, maxLineBytes: LINE });
    const piece = Buffer.alloc(16, 'x');
    let held = 0;
    const push = (): void => {
      for (; held < 10 * LINE; held += piece.length) Array.from(cutter.push(piece));
    };
    expect(codeOf(push)).to.equal('TOO_LARGE');
    expect(held).to.be.at.most(LINE + CHUNK);
  });
});
