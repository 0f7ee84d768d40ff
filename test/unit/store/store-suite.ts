// What every store does, whatever it is over.
import { expect } from 'chai';
import { utf8 } from '../../../node/core/bytes.ts';
import type { LogId, MemberId } from '../../../node/core/ids.ts';
import { parseGrantHash, parseLogId, parseMemberId, parseRecordId } from '../../../node/core/ids.ts';
import { LevelAccessStore, LevelRequestStore } from '../../../node/store/access-store.ts';
import { LevelCertificateStore } from '../../../node/store/certificate-store.ts';
import { LevelChainStore } from '../../../node/store/chain-store.ts';
import { LevelLogStore } from '../../../node/store/log-store.ts';
import { LevelRecordStore, LevelSubmissionStore } from '../../../node/store/record-store.ts';
import type { Batch, Range, Store } from '../../../node/store/store.ts';
import { collect } from '../../helpers/collect.ts';

const LOG: LogId = parseLogId(`0x${'b2'.repeat(32)}`);
const MEMBER: MemberId = parseMemberId(`0x${'c3'.repeat(32)}`);
const OTHER: MemberId = parseMemberId(`0x${'c4'.repeat(32)}`);
const bytes = (text: string) => utf8(text);
const text = (value: Uint8Array | undefined) => value && Buffer.from(value).toString();

export function storeSuite(name: string, open: () => Promise<Store>): void {
  describe(`Store over ${name}`, () => {
    let store: Store;

    beforeEach(async () => {
      store = await open();
    });
    afterEach(() => store.close());

    async function write(stage: (batch: Batch) => unknown): Promise<void> {
      const batch = store.batch();
      stage(batch);
      await batch.commit();
    }

    async function keysOf(range?: Range): Promise<(string | undefined)[]> {
      const keys: (string | undefined)[] = [];
      for await (const [at] of store.entries('entry', range)) keys.push(text(at));
      return keys;
    }

    describe('batches', () => {
      it('are all or nothing, and in order', async () => {
        const batch = store.batch().put('entry', bytes('a'), bytes('1'));
        batch.put('entry', bytes('a'), bytes('2')).put('entry', bytes('b'), bytes('3')).delete('entry', bytes('b'));
        expect(batch.length).to.equal(4);
        expect(store.get('entry', bytes('a'))).to.equal(undefined);
        await batch.commit();
        expect(text(store.get('entry', bytes('a')))).to.equal('2');
        expect(store.get('entry', bytes('b'))).to.equal(undefined);
      });

      it('keep buckets apart', async () => {
        await write((batch) => batch.put('entry', bytes('a'), bytes('1')).put('tile', bytes('a'), bytes('2')));
        await write((batch) => batch.delete('tile', bytes('a')));
        expect(text(store.get('entry', bytes('a')))).to.equal('1');
      });

      it('can be empty', () => write(() => {}));
    });

    describe('entries', () => {
      beforeEach(() =>
        write((batch) => {
          for (const name of ['c', 'a', 'b', 'd']) batch.put('entry', bytes(name), bytes(name));
          batch.put('log', bytes('z'), bytes('z')).put('tile', bytes('0'), bytes('0'));
        }),
      );

      it('come in order, of one bucket alone', async () => {
        expect(await keysOf()).to.deep.equal(['a', 'b', 'c', 'd']);
      });

      it('can be had from a key on, up to one, backwards, and a few', async () => {
        expect(await keysOf({ from: bytes('b') })).to.deep.equal(['b', 'c', 'd']);
        expect(await keysOf({ from: bytes('b'), to: bytes('d') })).to.deep.equal(['b', 'c']);
        expect(await keysOf({ reverse: true, limit: 2 })).to.deep.equal(['d', 'c']);
        expect(await keysOf({ to: bytes('c'), reverse: true, limit: 1 })).to.deep.equal(['b']);
        expect(await keysOf({ from: bytes('e') })).to.deep.equal([]);
      });

      it('are there after a bucket was rewritten', async () => {
        await store.compact('entry');
        expect(await keysOf()).to.deep.equal(['a', 'b', 'c', 'd']);
      });
    });

    describe('logs', () => {
      const state = {
        number: 7,
        id: LOG,
        owner: MEMBER,
        scope: `0x${'11'.repeat(32)}` as const,
        size: 3,
        frontier: [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)],
        statusRoot: new Uint8Array(32).fill(3),
        statusChanged: -1,
      };
      let logs: LevelLogStore;

      beforeEach(() => {
        logs = new LevelLogStore(store);
      });

      it('come back as they were put', async () => {
        const signed = { ...state, number: 8, signed: { size: 2, root: new Uint8Array(32).fill(4) } };
        await write((batch) => {
          logs.putLog(batch, signed);
          logs.putLog(batch, state);
        });
        expect(await logs.logs()).to.deep.equal([state, signed]);
      });

      it('keep entries, tiles and checkpoints of each log', async () => {
        await write((batch) => {
          for (let i = 0; i < 300; i++) logs.putEntry(batch, 7, i, bytes(`entry ${i}`));
          logs.putEntry(batch, 8, 0, bytes('of another log'));
          logs.putTile(batch, 7, 1, 2 ** 33, bytes('tile'));
          logs.putCheckpoint(batch, 7, 5, 'note — 签');
        });
        expect(text(logs.entry(7, 255))).to.equal('entry 255');
        expect(logs.entry(7, 300)).to.equal(undefined);
        const found: (string | undefined)[] = [];
        for await (const entry of logs.entries(7, 254, 258)) found.push(text(entry));
        expect(found).to.deep.equal(['entry 254', 'entry 255', 'entry 256', 'entry 257']);
        expect(text(logs.tile(7, 1, 2 ** 33))).to.equal('tile');
        expect(logs.tile(7, 0, 2 ** 33)).to.equal(undefined);
        expect(logs.checkpoint(7, 5)).to.equal('note — 签');
        expect(logs.checkpoint(8, 5)).to.equal(undefined);
      });

      it('find the last anchor proof of a log', async () => {
        const proof = (chainId: number) => ({
          chainId,
          logAnchor: '',
          header: '',
          receipt: '',
          receiptIndex: 0,
          logIndex: 0,
          proof: [],
        });
        expect(await logs.lastAnchorProof(7)).to.equal(undefined);
        await write((batch) => {
          for (const size of [300, 2, 256]) logs.putAnchorProof(batch, 7, size, proof(size));
          logs.putAnchorProof(batch, 8, 1_000, proof(1));
          logs.putAnchorProof(batch, 6, 1_000, proof(1));
        });
        expect(await logs.lastAnchorProof(7)).to.deep.equal({ size: 300, proof: proof(300) });
      });

      it('keep the status tree and the statuses as they were under every status entry', async () => {
        const put = (position: number, node: string | null, status: string | null) =>
          write((batch) => {
            logs.putStatusNode(batch, 7, 40, 9, node === null ? null : bytes(node), position);
            logs.putStatus(batch, 7, 9, status === null ? null : bytes(status), position);
          });
        await put(10, 'A', 'a');
        await put(20, null, null);
        await put(300, 'C', 'c');
        await write((batch) => logs.putStatusNode(batch, 7, 40, 10, bytes('other'), 400));
        const history = [9, 10, 11, 19, 20, 299, 300, 2 ** 40];
        const nodes = await Promise.all(history.map((at) => logs.statusNodeAt(7, 40, 9, at)));
        expect(nodes.map(text)).to.deep.equal([undefined, 'A', 'A', 'A', undefined, undefined, 'C', 'C']);
        const statuses = await Promise.all(history.map((at) => logs.statusAt(7, 9, at)));
        expect(statuses.map(text)).to.deep.equal([undefined, 'a', 'a', 'a', undefined, undefined, 'c', 'c']);
        expect(text(logs.statusNode(7, 40, 9))).to.equal('C');
        expect(text(logs.status(7, 9))).to.equal('c');
        expect(await logs.statusNodeAt(8, 40, 9, 300)).to.equal(undefined);
      });

      it('tell a status as it was, though it is replaced while they search', async () => {
        await write((batch) => logs.putStatus(batch, 7, 9, bytes('a'), 10));
        const search = logs.statusAt(7, 9, 10);
        await write((batch) => logs.putStatus(batch, 7, 9, bytes('b'), 20));
        expect(text(await search)).to.equal('a');
      });

      it('keep changes of status that no status entry covers', async () => {
        await write((batch) => {
          logs.putPendingStatus(batch, 7, 1, bytes('a'));
          logs.putPendingStatus(batch, 7, 2, null);
          logs.putPendingStatus(batch, 7, 256, bytes('c'));
          logs.putPendingStatus(batch, 8, 3, bytes('other'));
        });
        await write((batch) => logs.clearPendingStatus(batch, 7, [1]));
        const pending = [...(await logs.pendingStatus(7))].map(([at, value]) => [at, value && text(value)]);
        expect(pending).to.deep.equal([
          [2, null],
          [256, 'c'],
        ]);
      });
    });

    describe('records', () => {
      const id = parseRecordId('AAAAAAAAAAAAAAAAAAAAAA');

      it('come back as they were put, version by version', async () => {
        const records = new LevelRecordStore(store);
        const record = {
          log: 7,
          item: 'item',
          edition: 'edition',
          digest: new Uint8Array(32).fill(5),
          versions: [
            { position: 0, time: 1 },
            { position: 9, time: 2 },
          ],
        };
        const first = { key: bytes('key'), claims: bytes('claims') };
        const second = { key: bytes('key 2'), claims: bytes('claims 2'), personal: bytes('personal') };
        await write((batch) => {
          records.putRecord(batch, id, record);
          records.putVersion(batch, id, 1, first);
          records.putVersion(batch, id, 2, second);
        });
        expect(records.record(id)).to.deep.equal(record);
        expect(records.version(id, 1)).to.deep.equal(first);
        expect(records.version(id, 2)).to.deep.equal(second);
        expect(records.version(id, 3)).to.equal(undefined);
        expect(records.record(parseRecordId('BAAAAAAAAAAAAAAAAAAAAA'))).to.equal(undefined);
      });
    });

    describe('records of a subject', () => {
      const subject = (byte: number) => new Uint8Array(16).fill(byte);
      const ids = ['A', 'B', 'f'].map((first) => parseRecordId(`${first}${'_'.repeat(20)}w`));

      it('are found by subject and log, in the order of their ids', async () => {
        const records = new LevelRecordStore(store);
        await write((batch) => {
          for (const id of ids.toReversed()) records.putSubject(batch, 7, subject(5), id);
          records.putSubject(batch, 7, subject(4), parseRecordId('EAAAAAAAAAAAAAAAAAAAAA'));
          records.putSubject(batch, 7, subject(6), parseRecordId('EAAAAAAAAAAAAAAAAAAAAA'));
          records.putSubject(batch, 8, subject(5), parseRecordId('IAAAAAAAAAAAAAAAAAAAAA'));
          records.putSubject(batch, 7, subject(0xff), parseRecordId('MAAAAAAAAAAAAAAAAAAAAA'));
        });
        expect(await collect(records.bySubject(7, subject(5)))).to.deep.equal(ids);
        expect(await collect(records.bySubject(8, subject(5)))).to.deep.equal(['IAAAAAAAAAAAAAAAAAAAAA']);
        expect(await collect(records.bySubject(7, subject(0xff)))).to.deep.equal(['MAAAAAAAAAAAAAAAAAAAAA']);
        expect(await collect(records.bySubject(7, subject(7)))).to.deep.equal([]);
      });

      it('are there once, however often they are put', async () => {
        const records = new LevelRecordStore(store);
        for (let i = 0; i < 2; i++) await write((batch) => records.putSubject(batch, 7, subject(5), ids[0]!));
        expect(await collect(records.bySubject(7, subject(5)))).to.deep.equal([ids[0]]);
      });
    });

    describe('accesses', () => {
      const commitment = new Uint8Array(32).fill(9);
      const subject = new Uint8Array(16).fill(5);
      const query = Buffer.alloc(32, 3).toString('base64url');
      const place = { provider: MEMBER, grantee: OTHER, query, page: 0 };
      const request = new Uint8Array(32).fill(4);
      let accesses: LevelAccessStore;

      beforeEach(() => {
        accesses = new LevelAccessStore(store);
      });

      it('are found by their position and by what stands in the log', async () => {
        await write((batch) => accesses.putOpening(batch, 7, 2 ** 33, commitment, bytes('sealed')));
        expect(text(accesses.opening(7, 2 ** 33))).to.equal('sealed');
        expect(accesses.byCommitment(7, commitment)).to.equal(2 ** 33);
        expect([accesses.opening(7, 1), accesses.opening(8, 2 ** 33)]).to.deep.equal([undefined, undefined]);
        expect(accesses.byCommitment(8, commitment)).to.equal(undefined);
        expect(accesses.byCommitment(7, new Uint8Array(32))).to.equal(undefined);
      });

      it('are listed by subject, from a position on, a few at a time', async () => {
        await write((batch) => {
          for (const position of [300, 0, 2 ** 33, 256, 255]) accesses.putSubjectReceipt(batch, 7, subject, position);
          accesses.putSubjectReceipt(batch, 8, subject, 1);
          accesses.putSubjectReceipt(batch, 7, new Uint8Array(16).fill(6), 2);
          accesses.putSubjectReceipt(batch, 7, new Uint8Array(16).fill(4), 3);
        });
        const list = (after: number, limit: number) => collect(accesses.subjectReceipts(7, subject, after, limit));
        expect(await list(-1, 99)).to.deep.equal([0, 255, 256, 300, 2 ** 33]);
        expect(await list(0, 2)).to.deep.equal([255, 256]);
        expect(await list(256, 99)).to.deep.equal([300, 2 ** 33]);
        expect(await list(2 ** 33, 99)).to.deep.equal([]);
        expect(await list(Number.MAX_SAFE_INTEGER, 99)).to.deep.equal([]);
      });

      it('keep their answers for provider, grantee, query and page, until their time', async () => {
        const others = [
          { provider: OTHER },
          { grantee: MEMBER },
          { query: Buffer.alloc(32, 2).toString('base64url') },
          { page: 1 },
        ];
        await write((batch) => {
          accesses.putAnswer(batch, place, request, 'answer 信', 255);
          accesses.putAnswer(batch, { ...place, page: 2 }, request, 'later', 256);
        });
        expect(accesses.answer(place)).to.deep.equal({ request, answer: 'answer 信' });
        for (const other of others) expect(accesses.answer({ ...place, ...other })).to.equal(undefined);
        expect(await accesses.expiredAnswers(255, 9)).to.deep.equal([]);
        expect(await accesses.expiredAnswers(300, 1)).to.have.length(1);
        const expired = await accesses.expiredAnswers(256, 9);
        expect(expired).to.have.length(1);
        await write((batch) => accesses.forgetAnswers(batch, expired));
        expect(accesses.answer(place)).to.equal(undefined);
        expect(accesses.answer({ ...place, page: 2 })?.answer).to.equal('later');
        expect(await accesses.expiredAnswers(256, 9)).to.deep.equal([]);
        expect(await accesses.expiredAnswers(257, 9)).to.have.length(1);
      });

      it('keep withdrawals as they were put last, until they are forgotten', async () => {
        const [one, two] = [parseGrantHash(`0x${'91'.repeat(32)}`), parseGrantHash(`0x${'92'.repeat(32)}`)];
        const terms = {
          artefact: one,
          key: `0x${'e5'.repeat(20)}`,
          grantee: MEMBER,
          validFrom: 1,
          validTo: 2,
          uses: 0,
        };
        const pending = { terms, signature: `0x${'1b'.repeat(65)}` };
        await write((batch) => {
          accesses.putWithdrawal(batch, two, { validTo: 2 });
          accesses.putWithdrawal(batch, one, { validTo: 2, pending });
        });
        expect(await collect(accesses.withdrawals())).to.deep.equal([
          [one, { validTo: 2, pending }],
          [two, { validTo: 2 }],
        ]);
        await write((batch) => {
          accesses.putWithdrawal(batch, one, { validTo: 2 });
          accesses.forgetWithdrawal(batch, two);
        });
        expect(await collect(accesses.withdrawals())).to.deep.equal([[one, { validTo: 2 }]]);
      });
    });

    describe('requests for grants', () => {
      const subject = (byte: number) => new Uint8Array(16).fill(byte);
      const [ONE, TWO] = ['A'.repeat(22), `${'_'.repeat(21)}w`];

      it('come back as they were put last, for each member', async () => {
        const requests = new LevelRequestStore(store);
        await write((batch) => requests.putRequest(batch, MEMBER, ONE, bytes('waiting')));
        await write((batch) => requests.putRequest(batch, MEMBER, ONE, bytes('granted')));
        expect(text(requests.request(MEMBER, ONE))).to.equal('granted');
        expect(requests.request(OTHER, ONE)).to.equal(undefined);
        expect(requests.request(MEMBER, TWO)).to.equal(undefined);
      });

      it('are found by member and subject, the last id too', async () => {
        const requests = new LevelRequestStore(store);
        await write((batch) => {
          for (const id of [TWO, ONE]) requests.putSubjectRequest(batch, MEMBER, subject(5), id);
          requests.putSubjectRequest(batch, MEMBER, subject(6), ONE);
          requests.putSubjectRequest(batch, MEMBER, subject(4), TWO);
          requests.putSubjectRequest(batch, OTHER, subject(5), ONE);
        });
        expect(await collect(requests.requests(MEMBER, subject(5)))).to.deep.equal([ONE, TWO]);
        expect(await collect(requests.requests(OTHER, subject(5)))).to.deep.equal([ONE]);
        expect(await collect(requests.requests(OTHER, subject(6)))).to.deep.equal([]);
      });
    });

    describe('certificates', () => {
      const [ONE, TWO, THREE] = ['A'.repeat(22), `B${'A'.repeat(21)}`, `${'_'.repeat(21)}w`];

      it('come back as they were put last, for each member', async () => {
        const certificates = new LevelCertificateStore(store);
        const kept = { position: 2 ** 33, exp: 300, revoked: false };
        await write((batch) => certificates.putCertificate(batch, MEMBER, ONE, kept));
        expect(certificates.certificate(MEMBER, ONE)).to.deep.equal(kept);
        expect(certificates.certificate(OTHER, ONE)).to.equal(undefined);
        expect(await collect(certificates.revoked(MEMBER, 0))).to.deep.equal([]);
        await write((batch) => certificates.putCertificate(batch, MEMBER, ONE, { ...kept, revoked: true }));
        expect(certificates.certificate(MEMBER, ONE)?.revoked).to.equal(true);
        expect(await collect(certificates.revoked(MEMBER, 0))).to.deep.equal([ONE]);
      });

      it('that were taken back are listed until they end, those of each member', async () => {
        const certificates = new LevelCertificateStore(store);
        await write((batch) => {
          const put = (member: MemberId, jti: string, exp: number) =>
            certificates.putCertificate(batch, member, jti, { position: 0, exp, revoked: true });
          put(MEMBER, THREE, 256);
          put(MEMBER, ONE, 2 ** 33);
          put(MEMBER, TWO, 255);
          put(OTHER, TWO, 1_000);
        });
        const list = (now: number) => collect(certificates.revoked(MEMBER, now));
        expect(await list(254)).to.deep.equal([TWO, THREE, ONE]);
        expect(await list(255)).to.deep.equal([THREE, ONE]);
        expect(await list(256)).to.deep.equal([ONE]);
        expect(await list(2 ** 33)).to.deep.equal([]);
        expect(await collect(certificates.revoked(OTHER, 0))).to.deep.equal([TWO]);
      });

      it('have the last list of each issuer', async () => {
        const certificates = new LevelCertificateStore(store);
        await write((batch) => certificates.putRevocationList(batch, MEMBER, 'first'));
        await write((batch) => certificates.putRevocationList(batch, MEMBER, 'second'));
        expect(certificates.revocationList(MEMBER)).to.equal('second');
        expect(certificates.revocationList(OTHER)).to.equal(undefined);
      });
    });

    describe('submissions', () => {
      const state = {
        submission: 'file-0001',
        item: 'item',
        dryRun: false,
        next: 2,
        closed: false,
        counts: { rows: 1, published: 1, corrected: 0, unchanged: 0, rejected: 0 },
      };

      it('come back as they were put, for each member', async () => {
        const submissions = new LevelSubmissionStore(store);
        await write((batch) => {
          submissions.putSubmission(batch, MEMBER, state);
          submissions.putChunk(batch, MEMBER, 'file-0001', 1, bytes('answer'));
        });
        expect(submissions.submission(MEMBER, 'file-0001')).to.deep.equal(state);
        expect(submissions.submission(OTHER, 'file-0001')).to.equal(undefined);
        expect(text(submissions.chunk(MEMBER, 'file-0001', 1))).to.equal('answer');
        expect(submissions.chunk(MEMBER, 'file-0001', 0)).to.equal(undefined);
      });

      it('are found by the time when they were closed, and forgotten', async () => {
        const submissions = new LevelSubmissionStore(store);
        const closed = [
          { member: OTHER, submission: 'file-0009', time: 255, chunks: 1 },
          { member: MEMBER, submission: 'file-0001', time: 256, chunks: 2 },
          { member: MEMBER, submission: 'file-0002', time: 2 ** 41, chunks: 0 },
        ];
        await write((batch) => {
          for (const one of closed) submissions.putClosed(batch, one);
          for (const index of [0, 1]) submissions.putChunk(batch, MEMBER, 'file-0001', index, bytes('answer'));
          submissions.putChunk(batch, MEMBER, 'file-0002', 0, bytes('kept'));
        });
        expect(await submissions.closedBefore(2 ** 42, 2)).to.deep.equal(closed.slice(0, 2));
        expect(await submissions.closedBefore(256, 9)).to.deep.equal(closed.slice(0, 1));
        await write((batch) => submissions.forgetChunks(batch, closed[1]!));
        expect(await submissions.closedBefore(2 ** 42, 9)).to.deep.equal([closed[0], closed[2]]);
        expect(submissions.chunk(MEMBER, 'file-0001', 1)).to.equal(undefined);
        expect(text(submissions.chunk(MEMBER, 'file-0002', 0))).to.equal('kept');
      });
    });

    describe('the chain', () => {
      const block = (number: number, content = `block ${number}`) => ({ number, bytes: bytes(content) });
      const plain = (blocks: readonly { number: number; bytes: Uint8Array }[]) =>
        blocks.map(({ number, bytes }) => [number, text(bytes)]);

      it('is loaded as it was written, rolled back and compacted', async () => {
        const chain = new LevelChainStore(store);
        expect(await chain.load()).to.deep.equal({ blocks: [] });
        await chain.write({ blocks: [254, 255, 256, 257].map((number) => block(number)) });
        await chain.write({ above: 255, blocks: [block(256, 'another')], orphaned: bytes('orphaned') });
        const loaded = await chain.load();
        expect(plain(loaded.blocks)).to.deep.equal([
          [254, 'block 254'],
          [255, 'block 255'],
          [256, 'another'],
        ]);
        expect(text(loaded.orphaned)).to.equal('orphaned');

        await chain.compact(block(255, 'snapshot'));
        const compacted = await chain.load();
        expect(plain([compacted.snapshot!])).to.deep.equal([[255, 'snapshot']]);
        expect(plain(compacted.blocks)).to.deep.equal([[256, 'another']]);

        await chain.write({ above: -1, blocks: [] });
        expect(await chain.load()).to.not.have.property('snapshot');
      });
    });
  });
}
