import { expect } from 'chai';
import { AbiCoder, keccak256 } from 'ethers';
import type { Hex } from '../../../node/core/bytes.ts';
import {
  logIdOf,
  memberIdOf,
  parseGrantHash,
  parseLogId,
  parseMemberId,
  parseRecordId,
} from '../../../node/core/ids.ts';
import { parseCatalogueCode, type LogIdParts } from '../../../node/core/ids.ts';
import { parseUscc } from '../../../node/core/uscc.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vectors from '../../vectors/ids.json' with { type: 'json' };

const parts = (log: (typeof vectors.logs)[number]): LogIdParts => ({
  chainId: BigInt(log.chainId),
  logAnchor: log.logAnchor as Hex,
  deployment: log.deployment as Hex,
  owner: parseMemberId(log.owner),
  scope: log.scope as Hex,
  ordinal: BigInt(log.ordinal),
});

describe('ids', () => {
  for (const { uscc, id } of vectors.members) {
    it(`makes the member id of ${uscc}`, () => {
      expect(memberIdOf(parseUscc(uscc))).to.equal(id);
      expect(parseMemberId(id)).to.equal(id);
    });
  }

  for (const log of vectors.logs) {
    it(`makes the log id ${log.id.slice(0, 10)}…`, () => {
      expect(logIdOf(parts(log))).to.equal(log.id);
      expect(parseLogId(log.id)).to.equal(log.id);
    });
  }

  it('makes the same log id of numbers and of an address in EIP-55 form', () => {
    const [log] = vectors.logs;
    const logAnchor = '0x5FbDB2315678afecb367f032d93F642f64180aa3';
    expect(logIdOf({ ...parts(log!), chainId: 31337, ordinal: 0, logAnchor })).to.equal(log!.id);
  });

  it('hashes what the ABI encodes', () => {
    const { chainId, logAnchor, deployment, owner, scope } = parts(vectors.logs[0]!);
    const types = ['uint256', 'address', 'bytes32', 'bytes32', 'bytes32', 'uint64'];
    for (const ordinal of [0, 1, 255, 256, 2 ** 53 - 1]) {
      const encoded = AbiCoder.defaultAbiCoder().encode(types, [chainId, logAnchor, deployment, owner, scope, ordinal]);
      expect(logIdOf({ chainId, logAnchor, deployment, owner, scope, ordinal })).to.equal(keccak256(encoded));
    }
  });

  const wrong: Partial<LogIdParts>[] = [
    { chainId: -1 },
    { chainId: 1.5 },
    { chainId: 2 ** 53 },
    { chainId: 2n ** 256n },
    { ordinal: 2n ** 64n },
    { ordinal: Number.NaN },
    { logAnchor: '0x00' },
    { deployment: '0x00' },
    { scope: '0xzz' },
  ];
  for (const part of wrong) {
    const [[name, value]] = Object.entries(part) as [[string, unknown]];
    it(`refuses a log id of ${name} ${String(value)}`, () => {
      expect(codeOf(() => logIdOf({ ...parts(vectors.logs[0]!), ...part }))).to.equal('MALFORMED');
    });
  }

  const hash = `0x${'ab'.repeat(32)}`;
  for (const text of ['', hash.toUpperCase(), hash.slice(2), `${hash}00`, hash.slice(0, -2), ` ${hash}`, `${hash}\n`]) {
    it(`refuses ${JSON.stringify(text.slice(0, 12))}… of ${text.length} characters as an id`, () => {
      expect(codeOf(() => parseMemberId(text))).to.equal('MALFORMED');
      expect(codeOf(() => parseLogId(text))).to.equal('MALFORMED');
      expect(codeOf(() => parseGrantHash(text))).to.equal('MALFORMED');
    });
  }

  it('takes a record id in its one form', () => {
    expect(parseRecordId('AAECAwQFBgcICQoLDA0ODw')).to.equal('AAECAwQFBgcICQoLDA0ODw');
    for (const text of [
      '',
      'AAECAwQFBgcICQoLDA0ODx',
      'AAECAwQFBgcICQoLDA0OD',
      'AAECAwQFBgcICQoLDA0ODw==',
      'AAECAwQFBgcICQoLDA0/Dw',
    ]) {
      expect(
        codeOf(() => parseRecordId(text)),
        text,
      ).to.equal('MALFORMED');
    }
  });

  it('takes catalogue codes that can stand in a log in clear', () => {
    for (const text of ['XK', 'cn/2024', 'js:2025.02@a+b-c_d', 'A'.repeat(64)]) {
      expect(parseCatalogueCode('item', text)).to.equal(text);
    }
    for (const text of ['', ' XK', 'X K', '许可', '-XK', 'X"K', 'A'.repeat(65), 1, null, undefined]) {
      expect(codeOf(() => parseCatalogueCode('item', text))).to.equal('MALFORMED');
    }
  });
});
