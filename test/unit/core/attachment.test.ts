import { expect } from 'chai';
import {
  type AttachmentOffer,
  attachmentText,
  CHUNK_BYTES,
  chunkCount,
  chunkLength,
  hashChunks,
  MAX_ATTACHMENT_BYTES,
  openChunk,
  parseAttachment,
  parseLeaves,
  sealChunk,
  verifyChunk,
  verifyOffer,
} from '../../../node/core/attachment.ts';
import { concat, toBase64Url } from '../../../node/core/bytes.ts';
import { leafHash, nodeHash } from '../../../node/core/merkle.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { hashedFile } from '../../helpers/attachments.ts';
import { rejection } from '../../helpers/rejection.ts';

const root = new Uint8Array(32).fill(1);

describe('An attachment', () => {
  it('is named by the root of its chunks and its size', async () => {
    const { bytes, attachment, leaves, chunk } = await hashedFile(2 * CHUNK_BYTES + 5);
    const three = [0, 1, 2].map((i) => leafHash(chunk(i)));
    const wanted = nodeHash(nodeHash(three[0]!, three[1]!), three[2]!);
    expect(attachment).to.equal(`xa1.${toBase64Url(wanted)}.${bytes.length}`);
    expect(leaves).to.equal(toBase64Url(concat(...three)));
    expect(attachmentText(parseAttachment(attachment))).to.equal(attachment);
  });

  it('has one form of name', () => {
    const good = attachmentText({ size: 10, root });
    for (const wrong of [
      '',
      good.slice(1),
      `${good}0x`,
      good.replace('.10', '.010'),
      good.replace('.10', '.0'),
      ` ${good}`,
    ]) {
      expect(
        codeOf(() => parseAttachment(wrong)),
        wrong,
      ).to.equal('MALFORMED');
    }
    expect(codeOf(() => parseAttachment(attachmentText({ size: MAX_ATTACHMENT_BYTES + 1, root })))).to.equal(
      'TOO_LARGE',
    );
    expect(parseAttachment(attachmentText({ size: MAX_ATTACHMENT_BYTES, root })).size).to.equal(2 ** 30);
  });

  it('has chunks of a MiB, and a last one that may be shorter', () => {
    expect([1, CHUNK_BYTES, CHUNK_BYTES + 1].map(chunkCount)).to.deep.equal([1, 1, 2]);
    expect([0, 1].map((index) => chunkLength(CHUNK_BYTES + 1, index))).to.deep.equal([CHUNK_BYTES, 1]);
    for (const index of [-1, 2, 0.5, NaN]) {
      expect(codeOf(() => chunkLength(CHUNK_BYTES + 1, index))).to.equal('MALFORMED');
    }
  });

  it('is not empty', async () => {
    expect(await rejection(hashChunks([]))).to.have.property('code', 'MALFORMED');
  });

  it('takes leaf hashes that give its root, and no others', async () => {
    const { attachment, leaves } = await hashedFile(CHUNK_BYTES + 1);
    const other = await hashedFile(CHUNK_BYTES + 1, 2);
    const named = parseAttachment(attachment);
    expect(parseLeaves(named, leaves)).to.have.length(64);
    for (const wrong of [other.leaves, leaves.slice(0, 43), '']) {
      expect(codeOf(() => parseLeaves(named, wrong))).to.equal('MALFORMED');
    }
  });

  it('is verified chunk by chunk', async () => {
    const { attachment, leaves, chunk } = await hashedFile(CHUNK_BYTES + 7);
    const named = parseAttachment(attachment);
    const hashes = parseLeaves(named, leaves);
    verifyChunk(named, hashes, 0, chunk(0));
    verifyChunk(named, hashes, 1, chunk(1));
    const turned = chunk(1).slice();
    turned[3]! ^= 1;
    for (const [index, bytes] of [
      [1, turned],
      [1, chunk(1).subarray(1)],
      [0, chunk(1)],
      [1, chunk(0)],
    ] as const) {
      expect(codeOf(() => verifyChunk(named, hashes, index, bytes))).to.equal('PROOF_INVALID');
    }
  });

  it('is sealed chunk by chunk, each in its place', async () => {
    const key = new Uint8Array(32).fill(9);
    const { chunk } = await hashedFile(100);
    const sealed = await sealChunk(key, 3, chunk(0));
    expect(sealed).to.have.length(116);
    expect(await openChunk(key, 3, sealed)).to.deep.equal(chunk(0));
    expect(await rejection(openChunk(key, 4, sealed))).to.have.property('code', 'SIGNATURE_INVALID');
    expect(await rejection(openChunk(root, 3, sealed))).to.have.property('code', 'SIGNATURE_INVALID');
  });

  it('is offered for the record that names it, and no other', async () => {
    const { attachment, leaves } = await hashedFile(5);
    const other = await hashedFile(5, 2);
    const offer: AttachmentOffer = { attachment, leaves, handle: 'h', secret: toBase64Url(root), until: 1 };
    const wanted = { record: 'r', attachment };
    const claims = new Map([['CW_FJ', `${other.attachment} ${attachment}`]]);
    expect(verifyOffer(offer, wanted, claims).leaves).to.have.length(32);
    const offers: [AttachmentOffer, Map<string, string>][] = [
      [offer, new Map([['CW_FJ', other.attachment]])],
      [offer, new Map()],
      [{ ...offer, attachment: other.attachment, leaves: other.leaves }, claims],
    ];
    for (const [wrong, named] of offers)
      expect(codeOf(() => verifyOffer(wrong, wanted, named))).to.equal('PROOF_INVALID');
    expect(codeOf(() => verifyOffer({ ...offer, leaves: other.leaves }, wanted, claims))).to.equal('MALFORMED');
  });
});
