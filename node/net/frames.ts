// Frames of the RPC stream, docs/protocol.md section 5: u32 length || u32 call id || u8 type || body.
import { fromUtf8, utf8 } from '../core/bytes.ts';
import { malformed, XinlianError } from '../core/errors.ts';

export const FRAME_TYPES = ['request', 'answer', 'error', 'cancel'] as const;
export type FrameType = (typeof FRAME_TYPES)[number];

export interface Frame {
  /** u32 */
  callId: number;
  type: FrameType;
  body: Uint8Array;
}

/** Length, call id and type. */
const HEADER_LENGTH = 9;
/** What the length field counts besides the body. */
const COUNTED_HEADER_LENGTH = 5;
/** Default limit of the length field, in bytes. */
export const MAX_FRAME = 4 * 1024 * 1024;

const METHOD = /^[\x21-\x7e]{1,255}$/;

export function checkMethod(method: string): void {
  if (!METHOD.test(method)) malformed('method', '1 to 255 printable ASCII characters, no space', method);
}

/**
 * Checks the body of a frame before it is sent.
 *
 * @param prefix bytes of the body that are not the user's
 * @throws XinlianError `TOO_LARGE`
 */
export function checkLength(what: string, length: number, maxFrame: number, prefix = 0): void {
  const limit = maxFrame - COUNTED_HEADER_LENGTH - prefix;
  if (length > limit) throw new XinlianError('TOO_LARGE', { what, limit, got: length });
}

/** The header of a frame, and before the argument of a request its method: what precedes a body that is not copied. */
export function encodeHead(
  frame: { callId: number; type: FrameType; method?: string },
  bodyLength: number,
): Uint8Array {
  const name = frame.method === undefined ? undefined : utf8(frame.method);
  const prefix = name === undefined ? 0 : 1 + name.length;
  const head = new Uint8Array(HEADER_LENGTH + prefix);
  const view = new DataView(head.buffer);
  view.setUint32(0, COUNTED_HEADER_LENGTH + prefix + bodyLength);
  view.setUint32(4, frame.callId);
  view.setUint8(8, FRAME_TYPES.indexOf(frame.type));
  if (name !== undefined) {
    view.setUint8(HEADER_LENGTH, name.length);
    head.set(name, HEADER_LENGTH + 1);
  }
  return head;
}

/** @throws XinlianError `MALFORMED` */
export function decodeRequest(body: Uint8Array): { method: string; argument: Uint8Array } {
  const length = body[0] ?? 0;
  if (length === 0 || body.length < 1 + length) {
    malformed('request', 'a method of 1 to 255 bytes', `length ${length} in ${body.length} bytes`);
  }
  const method = fromUtf8(body.subarray(1, 1 + length));
  checkMethod(method);
  return { method, argument: body.subarray(1 + length) };
}

/**
 * Cuts a stream of bytes into frames. It copies every body once, into memory of its own, so that a small frame does
 * not keep a large chunk alive. At most one frame is held, of at most `maxFrame` bytes.
 */
export class FrameDecoder {
  readonly #maxFrame: number;
  readonly #header = new Uint8Array(HEADER_LENGTH);
  #filled = 0;
  #frame: Frame | undefined;

  constructor(maxFrame: number) {
    this.#maxFrame = maxFrame;
  }

  /**
   * The frames that end in this chunk. The good ones come before the error.
   *
   * @throws XinlianError `TOO_LARGE`, `MALFORMED`; the decoder is of no use after that
   */
  *push(chunk: Uint8Array): Generator<Frame> {
    let offset = 0;
    while (offset < chunk.length) {
      const target = this.#frame?.body ?? this.#header;
      const taken = Math.min(target.length - this.#filled, chunk.length - offset);
      target.set(chunk.subarray(offset, offset + taken), this.#filled);
      this.#filled += taken;
      offset += taken;
      if (this.#filled < target.length) return;
      this.#filled = 0;
      this.#frame ??= this.#readHeader();
      if (target === this.#header && this.#frame.body.length > 0) continue;
      const frame = this.#frame;
      this.#frame = undefined;
      yield frame;
    }
  }

  #readHeader(): Frame {
    const view = new DataView(this.#header.buffer);
    const length = view.getUint32(0);
    const type = FRAME_TYPES[view.getUint8(8)];
    if (length > this.#maxFrame)
      throw new XinlianError('TOO_LARGE', { what: 'frame', limit: this.#maxFrame, got: length });
    if (length < COUNTED_HEADER_LENGTH) malformed('frame length', `at least ${COUNTED_HEADER_LENGTH}`, length);
    if (type === undefined) malformed('frame type', '0 to 3', view.getUint8(8));
    const bodyLength = length - COUNTED_HEADER_LENGTH;
    if (type === 'cancel' && bodyLength > 0) malformed('cancel frame', 'no body', `${bodyLength} bytes`);
    return { callId: view.getUint32(4), type, body: new Uint8Array(bodyLength) };
  }
}
