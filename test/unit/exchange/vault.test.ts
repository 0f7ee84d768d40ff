import { expect } from 'chai';
import { fromHex, toHex, utf8 } from '../../../node/core/bytes.ts';
import type { SealedVersion } from '../../../node/exchange/ports.ts';
import { RecordVault } from '../../../node/exchange/vault.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { turnBit } from '../../helpers/bundle.ts';

const index = new Uint8Array(32).fill(1);
const epoch = (byte: number) => new Uint8Array(32).fill(byte);
const turned = (bytes: Uint8Array, at: number) => fromHex(turnBit(toHex(bytes), at));

describe('RecordVault', () => {
  const vault = new RecordVault({ index, epochs: new Map([[1, epoch(2)]]) });
  const claims = JSON.stringify(['甲', null, 1]);
  const personal = JSON.stringify({ XK_FRDB: '张三' });

  it('opens what it sealed', () => {
    const key = vault.newRecordKey();
    const sealed = vault.seal(key, claims, personal);
    expect(sealed.key).to.have.length(44);
    expect(vault.open(sealed)).to.deep.equal({
      key: Buffer.from(key),
      claims: ['甲', null, 1],
      personal: { XK_FRDB: '张三' },
    });
  });

  it('seals nothing about persons where there is nothing', () => {
    const sealed = vault.seal(vault.newRecordKey(), claims, '');
    expect(sealed).to.not.have.property('personal');
    expect(vault.open(sealed).personal).to.deep.equal({});
  });

  it('draws another key for every record', () => {
    const keys = Array.from({ length: 300 }, () => toHex(vault.newRecordKey()));
    expect(new Set(keys).size).to.equal(300);
    expect(keys).to.not.include(toHex(new Uint8Array(32)));
  });

  it('refuses every part that was changed, cut or exchanged', () => {
    const sealed = vault.seal(vault.newRecordKey(), claims, personal);
    const other = vault.seal(vault.newRecordKey(), claims, personal);
    const parts = ['key', 'claims', 'personal'] as const;
    const damaged: SealedVersion[] = parts.flatMap((part) => {
      const bytes = sealed[part]!;
      const changes = [turned(bytes, bytes.length - 1), turned(bytes, 4), bytes.subarray(0, 12), bytes.subarray(1)];
      return [...changes, other[part]!].map((change) => Object.assign({}, sealed, { [part]: change }));
    });
    damaged.push({ ...sealed, claims: sealed.personal!, personal: sealed.claims });
    for (const version of damaged)
      expect(codeOf(() => vault.open(version))).to.be.oneOf(['STORE_CORRUPT', 'KEY_UNAVAILABLE']);
    expect(codeOf(() => vault.open({ ...sealed, key: turned(sealed.key, 20) }))).to.equal('STORE_CORRUPT');
  });

  it('uses the newest epoch for what is new, and the old ones while they are there', () => {
    const old = vault.seal(vault.newRecordKey(), claims, '');
    const epochs = new Map([
      [1, epoch(2)],
      [2, epoch(3)],
    ]);
    const rotated = new RecordVault({ index, epochs });
    const fresh = rotated.seal(rotated.newRecordKey(), claims, '');
    expect([old.key[3], fresh.key[3]]).to.deep.equal([1, 2]);
    expect(rotated.open(old).claims).to.deep.equal(rotated.open(fresh).claims);
    expect(codeOf(() => vault.open(fresh))).to.equal('KEY_UNAVAILABLE');
    const erased = new RecordVault({ index, epochs: new Map([[2, epoch(3)]]) });
    expect(codeOf(() => erased.open(old))).to.equal('KEY_UNAVAILABLE');
    expect(codeOf(() => new RecordVault({ index, epochs: new Map() }))).to.equal('KEY_UNAVAILABLE');
  });

  it('makes digests that tell texts, labels and vaults apart', () => {
    const other = new RecordVault({ index: epoch(9), epochs: new Map([[1, epoch(2)]]) });
    const digests = [
      vault.digest('row', 'a'),
      vault.digest('row', 'b'),
      vault.digest('record-id', 'a'),
      other.digest('row', 'a'),
    ];
    expect(new Set(digests.map((digest) => toHex(digest))).size).to.equal(4);
    expect(vault.digest('row', 'a')).to.deep.equal(digests[0]);
    expect(digests[0]).to.have.length(32);
  });

  it('opens an answer at its own place alone', () => {
    const answer = utf8('{"index":0}');
    const sealed = vault.sealNote(answer, 'member/file/0');
    expect(Buffer.from(vault.openNote(sealed, 'member/file/0'))).to.deep.equal(Buffer.from(answer));
    expect(toHex(vault.sealNote(answer, 'member/file/0'))).to.not.equal(toHex(sealed));
    expect(codeOf(() => vault.openNote(sealed, 'member/file/1'))).to.equal('STORE_CORRUPT');
    expect(codeOf(() => vault.openNote(turned(sealed, 3), 'member/file/0'))).to.equal('STORE_CORRUPT');
    expect(codeOf(() => vault.openNote(sealed.subarray(0, 5), 'member/file/0'))).to.equal('STORE_CORRUPT');
  });
});
