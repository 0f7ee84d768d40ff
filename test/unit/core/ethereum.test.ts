import { expect } from 'chai';
import { encodeRlp, keccak256 } from 'ethers';
import { concat, fromHex, toHex } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import {
  decodeHeader,
  decodeReceipt,
  encodeHeader,
  encodeReceipt,
  type RpcBlock,
  type RpcReceipt,
} from '../../../node/core/ethereum.ts';
import { proveReceipt, verifyReceiptProof } from '../../../node/core/receipts-trie.ts';
import vectors from '../../vectors/ethereum-blocks.json' with { type: 'json' };

const malformed = (act: () => unknown) => {
  expect(act).to.throw(XinlianError).with.property('code', 'MALFORMED');
};

const last = vectors.blocks.at(-1)! as { block: RpcBlock; receipts: RpcReceipt[] };

describe('Blocks of real engines', () => {
  for (const { hardfork, ...vector } of vectors.blocks) {
    const { block, receipts } = vector as { block: RpcBlock; receipts: RpcReceipt[] };

    it(`has the block's hash under ${hardfork}`, () => {
      const header = decodeHeader(encodeHeader(block));
      expect(header).to.deep.equal({
        hash: block.hash,
        parentHash: block.parentHash,
        number: Number(block.number),
        timestamp: Number(block.timestamp),
        receiptsRoot: fromHex(block.receiptsRoot),
      });
    });

    if (receipts.length === 0) continue;
    it(`has the block's receipts root, and every receipt proved, under ${hardfork}`, () => {
      const encoded = receipts.map(encodeReceipt);
      for (const [index, receipt] of encoded.entries()) {
        const { root, proof } = proveReceipt(encoded, index);
        expect(toHex(root)).to.equal(block.receiptsRoot);
        expect(verifyReceiptProof({ root, index, proof })).to.deep.equal(receipt);
      }
    });

    it(`reads back every receipt under ${hardfork}`, () => {
      for (const receipt of receipts) {
        expect(decodeReceipt(encodeReceipt(receipt))).to.deep.equal({
          type: Number(receipt.type),
          succeeded: receipt.status === '0x1',
          cumulativeGasUsed: Number(receipt.cumulativeGasUsed),
          logs: receipt.logs.map(({ address, topics, data }) => ({
            address: address.toLowerCase(),
            topics,
            data: fromHex(data),
          })),
        });
      }
    });
  }
});

describe('Block header', () => {
  it('of QBFT is hashed without its round and seals', () => {
    const validators = ['0x' + '11'.repeat(20), '0x' + '22'.repeat(20)];
    const vanity = '0x' + '00'.repeat(32);
    const seals = ['0x' + '33'.repeat(65), '0x' + '44'.repeat(65)];
    const sealed = encodeRlp([vanity, validators, [], '0x02', seals]);
    const hashed = encodeRlp([vanity, validators, [], '0x', []]);
    const names = ['parentHash', 'sha3Uncles', 'miner', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom'];
    const { block } = vectors.blocks.find(({ hardfork }) => hardfork === 'london')! as { block: RpcBlock };
    const minimal = (value: string) => (BigInt(value) === 0n ? '0x' : `0x${value.slice(2).padStart(value.length % 2 ? value.length - 1 : value.length - 2, '0')}`); // prettier-ignore
    const fields = [
      ...names.map((name) => block[name as keyof RpcBlock]!),
      ...['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp'].map((n) => minimal(block[n as keyof RpcBlock]!)),
    ];
    const end = [block.mixHash, block.nonce, minimal(block.baseFeePerGas!)];
    const hash = keccak256(encodeRlp([...fields, hashed, ...end]));
    const header = encodeHeader({ ...block, extraData: sealed, hash });
    expect(decodeHeader(header).hash).to.equal(hash);
    malformed(() => encodeHeader({ ...block, extraData: encodeRlp([vanity, validators]), hash }));
  });

  it('is refused where a field does not belong to the hash', () => {
    malformed(() => encodeHeader({ ...last.block, gasUsed: '0x1' }));
    malformed(() => encodeHeader({ ...last.block, hash: last.block.parentHash }));
    malformed(() => encodeHeader({ ...last.block, requestsHash: null }));
  });

  it('is refused where a fork field is missing before another', () => {
    const { baseFeePerGas: _, ...block } = last.block;
    malformed(() => encodeHeader(block));
  });

  it('is refused where a field has another form', () => {
    malformed(() => encodeHeader({ ...last.block, parentHash: '0x00' }));
    malformed(() => encodeHeader({ ...last.block, number: '12' }));
    malformed(() => encodeHeader({ ...last.block, number: '0x' }));
    malformed(() => encodeHeader({ ...last.block, number: `0x${'f'.repeat(65)}` }));
    malformed(() => encodeHeader({ ...last.block, extraData: '0x0' }));
    malformed(() => encodeHeader({ ...last.block, miner: undefined } as unknown as RpcBlock));
  });

  it('is not read from other bytes', () => {
    const header = encodeHeader(last.block);
    malformed(() => decodeHeader(new Uint8Array()));
    malformed(() => decodeHeader(header.slice(0, -1)));
    malformed(() => decodeHeader(concat(header, Uint8Array.of(0))));
    malformed(() => decodeHeader(fromHex(encodeRlp(['0x01']))));
    malformed(() => decodeHeader(fromHex(encodeRlp('0x0102'))));
    malformed(() => decodeHeader(fromHex(encodeRlp(Array.from({ length: 15 }, () => [])))));
    malformed(() => decodeHeader(fromHex(encodeRlp(Array.from({ length: 15 }, () => '0x')))));
    malformed(() => decodeHeader(fromHex(encodeRlp(Array.from({ length: 33 }, () => '0x')))));
  });
});

describe('Receipt', () => {
  const receipt = last.receipts[1]!;

  it('from before Byzantium has a state root in place of a status', () => {
    const root = `0x${'ab'.repeat(32)}`;
    const { status: _, type: __, ...rest } = receipt;
    const decoded = decodeReceipt(encodeReceipt({ ...rest, root }));
    expect(decoded).to.include({ type: 0 }).and.not.have.property('succeeded');
  });

  it('is refused where a member has another form', () => {
    malformed(() => encodeReceipt({ ...receipt, type: '0x80' }));
    malformed(() => encodeReceipt({ ...receipt, type: '0x100' }));
    malformed(() => encodeReceipt({ ...receipt, status: null }));
    malformed(() => encodeReceipt({ ...receipt, logsBloom: '0x00' }));
    malformed(() => encodeReceipt({ ...receipt, logs: [{ address: '0x', topics: [], data: '0x' }] }));
  });

  it('is not read from other bytes', () => {
    const bloom = `0x${'00'.repeat(256)}`;
    const address = `0x${'11'.repeat(20)}`;
    const topic = `0x${'22'.repeat(32)}`;
    const wrong = [
      encodeRlp(['0x01', '0x05', bloom]),
      encodeRlp(['0x02', '0x05', bloom, []]),
      encodeRlp(['0x01', '0x00', bloom, []]),
      encodeRlp(['0x01', '0x05', '0x', []]),
      encodeRlp(['0x01', '0x05', bloom, '0x']),
      encodeRlp(['0x01', '0x05', bloom, [[address, []]]]),
      encodeRlp(['0x01', '0x05', bloom, [['0x11', [], '0x']]]),
      encodeRlp(['0x01', '0x05', bloom, [[address, ['0x22'], '0x']]]),
      encodeRlp(['0x01', '0x05', bloom, [[address, [topic, topic, topic, topic, topic], '0x']]]),
      '0x',
      '0x02',
      '0x80',
      `0x00${encodeRlp(['0x01', '0x05', bloom, []]).slice(2)}`,
    ];
    for (const bytes of wrong) malformed(() => decodeReceipt(fromHex(bytes)));
    expect(decodeReceipt(fromHex(encodeRlp(['0x01', '0x05', bloom, [[address, [topic], '0x']]]))).logs).to.have.length(
      1,
    );
  });
});
