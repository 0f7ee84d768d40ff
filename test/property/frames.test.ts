import { expect } from 'chai';
import * as fc from 'fast-check';
import { concat } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { decodeRequest, encodeHead, FRAME_TYPES, FrameDecoder } from '../../node/net/frames.ts';
import type { Frame } from '../../node/net/frames.ts';

const MAX_FRAME = 300;

const frame = fc
  .record({
    callId: fc.nat(0xffffffff),
    type: fc.constantFrom(...FRAME_TYPES),
    body: fc.uint8Array({ maxLength: MAX_FRAME - 5 }),
  })
  .map(({ callId, type, body }): Frame => ({ callId, type, body: type === 'cancel' ? new Uint8Array(0) : body }));

/** Frames with a fault in some of their bytes. */
const almostFrames = fc
  .tuple(fc.array(frame, { maxLength: 6 }), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }))
  .map(([frames, faults]) => {
    const bytes = encode(frames);
    if (bytes.length > 0) for (const [where, what] of faults) bytes[where % bytes.length] = what;
    return bytes;
  });

function encode(frames: Frame[]): Uint8Array {
  return concat(...frames.flatMap(({ callId, type, body }) => [encodeHead({ callId, type }, body.length), body]));
}

function cut(bytes: Uint8Array, lengths: number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let rest = bytes;
  for (const length of lengths) {
    chunks.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return [...chunks, rest];
}

interface Outcome {
  frames: Frame[];
  fault: string | undefined;
}

function decode(chunks: Uint8Array[]): Outcome {
  const decoder = new FrameDecoder(MAX_FRAME);
  const frames: Frame[] = [];
  try {
    for (const chunk of chunks) for (const each of decoder.push(chunk)) frames.push(each);
    return { frames, fault: undefined };
  } catch (error) {
    if (!XinlianError.is(error)) throw error;
    return { frames, fault: error.code };
  }
}

/** The protocol's words, over all bytes at once. */
function decodePlainly(bytes: Uint8Array): Outcome {
  const frames: Frame[] = [];
  let rest = Buffer.from(bytes);
  while (rest.length >= 9) {
    const length = rest.readUInt32BE(0);
    const type = FRAME_TYPES[rest[8]!];
    if (length > MAX_FRAME) return { frames, fault: 'TOO_LARGE' };
    if (length < 5 || type === undefined || (type === 'cancel' && length > 5)) return { frames, fault: 'MALFORMED' };
    if (rest.length < 4 + length) break;
    frames.push({ callId: rest.readUInt32BE(4), type, body: new Uint8Array(rest.subarray(9, 4 + length)) });
    rest = rest.subarray(4 + length);
  }
  return { frames, fault: undefined };
}

describe('Frame decoder', () => {
  it('gives back every frame, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 10 }), fc.array(fc.nat(200)), (frames, lengths) => {
        expect(decode(cut(encode(frames), lengths))).to.deep.equal({ frames, fault: undefined });
      }),
      { numRuns: 300 },
    );
  });

  it('does with any bytes what the protocol says', () => {
    const bytes = fc.oneof(almostFrames, fc.uint8Array({ maxLength: 100 }));
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(60)), (stream, lengths) => {
        expect(decode(cut(stream, lengths))).to.deep.equal(decodePlainly(stream));
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads any body of a request, or refuses it as MALFORMED', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (body) => {
        try {
          const { method, argument } = decodeRequest(body);
          const again = concat(encodeHead({ callId: 0, type: 'request', method }, argument.length), argument);
          expect(again.subarray(9)).to.deep.equal(body);
        } catch (error) {
          if (!XinlianError.is(error, 'MALFORMED')) throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
});
