import { expect } from 'chai';
import { concat, fromHex, utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { checkLength, decodeRequest, encodeHead, FrameDecoder } from '../../../node/net/frames.ts';

describe('frames', () => {
  it('have the bytes of the protocol', () => {
    const request = concat(encodeHead({ callId: 0x01020304, type: 'request', method: 'echo' }, 2), utf8('hi'));
    expect(request).to.deep.equal(fromHex('0x0000000c0102030400046563686f6869'));
    expect(encodeHead({ callId: 1, type: 'answer' }, 0)).to.deep.equal(fromHex('0x000000050000000101'));
    expect(encodeHead({ callId: 1, type: 'error' }, 3)).to.deep.equal(fromHex('0x000000080000000102'));
    expect(encodeHead({ callId: 0xffffffff, type: 'cancel' }, 0)).to.deep.equal(fromHex('0x00000005ffffffff03'));
  });

  it('give back the method and the argument', () => {
    const [frame] = [...new FrameDecoder(100).push(fromHex('0x0000000c0102030400046563686f6869'))];
    expect(frame).to.include({ callId: 0x01020304, type: 'request' });
    expect(decodeRequest(frame!.body)).to.deep.equal({ method: 'echo', argument: utf8('hi') });
  });

  it('may be as long as the limit and no longer', () => {
    const length = (n: number) =>
      concat(fromHex('0x000000'), Uint8Array.of(n), fromHex('0x0000000101'), new Uint8Array(n - 5));
    expect([...new FrameDecoder(20).push(length(20))]).to.have.length(1);
    expect(() => [...new FrameDecoder(20).push(length(21))])
      .to.throw(XinlianError)
      .with.property('code', 'TOO_LARGE');
    checkLength('answer', 15, 20);
    expect(() => checkLength('answer', 16, 20))
      .to.throw(XinlianError)
      .with.property('code', 'TOO_LARGE');
  });

  it('come out before the fault that follows them', () => {
    const good = encodeHead({ callId: 1, type: 'answer' }, 0);
    const frames = new FrameDecoder(100).push(concat(good, good, new Uint8Array(9)));
    expect(frames.next().value).to.include({ callId: 1 });
    expect(frames.next().value).to.include({ callId: 1 });
    expect(() => frames.next())
      .to.throw(XinlianError)
      .with.property('code', 'MALFORMED');
  });

  it('do not keep the chunk that they came in', () => {
    const chunk = concat(encodeHead({ callId: 1, type: 'answer' }, 2), utf8('hi'));
    const [frame] = [...new FrameDecoder(100).push(chunk)];
    chunk.fill(0);
    expect(frame!.body).to.deep.equal(utf8('hi'));
    expect(frame!.body.buffer.byteLength).to.equal(2);
  });
});
