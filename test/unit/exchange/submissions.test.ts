import { expect } from 'chai';
import { concat, utf8 } from '../../../node/core/bytes.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { parseRecordId } from '../../../node/core/ids.ts';
import type { RowOutcome } from '../../../node/core/messages/publish.ts';
import { MAX_CHUNK_BYTES } from '../../../node/exchange/submissions.ts';
import { BUCKETS, type Bucket } from '../../../node/store/buckets.ts';
import { ndjson, openAgency, type Agency } from '../../helpers/agency.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company, licence, penalty, soleTrader } from '../../helpers/rows.ts';

const FILE = 'file-0001';

const outcomesOf = (outcomes: readonly RowOutcome[]) => outcomes.map(({ outcome }) => outcome);

async function contents(agency: Agency, buckets: readonly Bucket[]): Promise<string[]> {
  const found: string[] = [];
  for (const bucket of buckets) {
    for await (const [key, value] of agency.store.entries(bucket)) {
      found.push(`${bucket} ${Buffer.from(key).toString('hex')} ${Buffer.from(value).toString('hex')}`);
    }
  }
  return found;
}

const entryOf = (agency: Agency, position: number) => decodeEntry(agency.logs.entry(1, position)!);

describe('Submissions', () => {
  let agency: Agency;

  beforeEach(async () => {
    agency = await openAgency(await memoryStore());
    await agency.open(FILE, 'xk');
  });

  describe('rows', () => {
    it('publishes a new row, skips an identical one, and supersedes by a changed one', async () => {
      const first = await agency.send(FILE, 0, [licence(1)]);
      const [published] = first.outcomes;
      expect(published).to.include({ row: 1, outcome: 'published', version: 1, position: 0 });
      expect(entryOf(agency, 0)).to.include({ kind: 'publish', item: 'administrative-licence' });

      const second = await agency.send(FILE, 1, [licence(1)]);
      expect(second.outcomes).to.deep.equal([{ ...published, row: 2, outcome: 'unchanged' }]);
      expect(agency.log.size).to.equal(1);

      const third = await agency.send(FILE, 2, [licence(1, { XK_NR: '散装食品销售' })]);
      expect(third.outcomes[0]).to.include({ row: 3, outcome: 'corrected', version: 2, position: 1 });
      expect(third.outcomes[0]!.record).to.equal(published!.record);
      expect(entryOf(agency, 1)).to.include({ kind: 'supersede', ref: 0 });
      expect(Buffer.from(agency.log.status(0)!).toString()).to.equal('{"by":1,"state":"superseded"}');
      expect(agency.log.status(1)).to.equal(undefined);
      expect(agency.counted()).to.equal(1);
    });

    it('takes a row back to what it said before as one more correction', async () => {
      await agency.send(FILE, 0, [licence(1), licence(1, { XK_NR: '乙' }), licence(1)]);
      expect(entryOf(agency, 2)).to.include({ kind: 'supersede', ref: 1 });
      expect(agency.log.size).to.equal(3);
    });

    it('tells records apart by document and by subject', async () => {
      const rows = [licence(1), licence(1, { XK_WSH: '另一号' }), licence(1, { XK_XDR_SHXYM: company(2) })];
      const { outcomes } = await agency.send(FILE, 0, rows);
      expect(outcomesOf(outcomes)).to.deep.equal(['published', 'published', 'published']);
      expect(new Set(outcomes.map(({ record }) => record)).size).to.equal(3);
    });

    it('counts a change of personal fields as a correction', async () => {
      const { outcomes } = await agency.send(FILE, 0, [licence(1), licence(1, { XK_FRDB: '王五' })]);
      expect(outcomesOf(outcomes)).to.deep.equal(['published', 'corrected']);
    });

    it('takes the same row twice in one chunk once', async () => {
      const { outcomes, counts } = await agency.send(FILE, 0, [licence(1), licence(1)]);
      expect(outcomesOf(outcomes)).to.deep.equal(['published', 'unchanged']);
      expect(counts).to.deep.equal({ rows: 2, published: 1, corrected: 0, unchanged: 1, rejected: 0 });
    });

    it('takes the same row of two chunks that are under way at once only once', async () => {
      const chunks = [agency.send(FILE, 0, [licence(1)]), agency.send(FILE, 1, [licence(1)])];
      const [first, second] = await Promise.all(chunks);
      expect(first!.outcomes[0]!.outcome).to.equal('published');
      expect(second!.outcomes[0]!.outcome).to.equal('unchanged');
    });

    it('goes on with good rows whatever the bad ones are', async () => {
      const bad = concat(utf8('{"half":\n'), utf8('[1]\n7\n\n'), Uint8Array.of(0x22, 0xff, 0x22, 10));
      const body = concat(ndjson([licence(1)]), bad, ndjson([licence(2, { XK_JDRQ: '2026/02/30' }), licence(3)]));
      const { outcomes } = await agency.sendBytes(FILE, 0, body);
      expect(outcomesOf(outcomes)).to.deep.equal([
        'published',
        'rejected',
        'rejected',
        'rejected',
        'rejected',
        'rejected',
        'published',
      ]);
      expect(outcomes.map(({ row }) => row)).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
      expect(outcomes.slice(1, 6).map(({ faults }) => faults?.[0]?.code)).to.deep.equal([
        'json',
        'json',
        'json',
        'json',
        'date',
      ]);
      expect(agency.log.size).to.equal(2);
    });

    it('takes a line with a replacement character that its sender wrote', async () => {
      const body = concat(utf8('\uFEFF'), ndjson([licence(1, { XK_NR: 'a\uFFFDb' })]), Uint8Array.of(0xff, 10));
      expect(outcomesOf((await agency.sendBytes(FILE, 0, body)).outcomes)).to.deep.equal(['published', 'rejected']);
    });

    it('takes a byte order mark, and lines that end as on Windows', async () => {
      const body = utf8(`\uFEFF${JSON.stringify(licence(1))}\r\n\r\n${JSON.stringify(licence(2))}`);
      expect(outcomesOf((await agency.sendBytes(FILE, 0, body)).outcomes)).to.deep.equal(['published', 'published']);
    });

    it('turns natural persons away, and takes sole traders', async () => {
      const trader = { XK_XDR_LB: '个体工商户', XK_XDR_SHXYM: soleTrader(1), XK_FRDB: null, XK_XDR_ZJHM: '320922' };
      const rows = [licence(1, { XK_XDR_LB: '自然人' }), licence(2, trader)];
      const { outcomes } = await agency.send(FILE, 0, rows);
      expect(outcomesOf(outcomes)).to.deep.equal(['rejected', 'published']);
      expect(outcomes[0]!.faults).to.have.length(1);
      expect(outcomes[0]!.faults![0]!.code).to.equal('natural-person');
    });

    it('tells an unknown column once a chunk', async () => {
      const rows = [licence(1, { extra: 'x' }), licence(2, { extra: 'y', other: 1 }), licence(3, { extra: 'z' })];
      const { outcomes } = await agency.send(FILE, 0, rows);
      expect(outcomes.map(({ warnings }) => warnings?.map(({ got }) => got))).to.deep.equal([
        ['extra'],
        ['other'],
        undefined,
      ]);
      const again = await agency.send(FILE, 1, [licence(4, { extra: 'x' })]);
      expect(again.outcomes[0]!.warnings).to.have.length(1);
    });

    it('answers a chunk of nothing but bad rows within a frame', async () => {
      const body = utf8('{}\n'.repeat(20_000));
      const result = await agency.sendBytes(FILE, 0, body);
      expect(result.counts.rejected).to.equal(20_000);
      expect(result.outcomes.every(({ faults }) => faults!.length > 0)).to.equal(true);
      expect(JSON.stringify(result).length).to.be.below(4 * 2 ** 20);
    });

    it('stands a line that is nested as deep as a chunk allows', async () => {
      const depth = 400_000;
      const { outcomes } = await agency.sendBytes(FILE, 0, utf8(`${'['.repeat(depth)}${']'.repeat(depth)}`));
      expect(outcomesOf(outcomes)).to.deep.equal(['rejected']);
      expect(agency.commits.failed).to.equal(false);
    });
  });

  describe('chunks', () => {
    it('answers a chunk that comes again as before, and changes nothing', async () => {
      const sent = [licence(1), licence(2, { XK_ZT: 3 })];
      const first = await agency.send(FILE, 0, sent);
      const before = await contents(agency, Object.keys(BUCKETS) as Bucket[]);
      expect(await agency.send(FILE, 0, sent)).to.deep.equal(first);
      expect(await agency.sendBytes(FILE, 0, new Uint8Array())).to.deep.equal(first);
      expect(await rejection(agency.send(FILE, 0, [licence(9)]))).to.have.property('code', 'CONFLICT');
      expect(await contents(agency, Object.keys(BUCKETS) as Bucket[])).to.deep.equal(before);
    });

    it('gives a chunk that comes again while it is under way the same answer', async () => {
      const answers = await Promise.all([agency.send(FILE, 0, [licence(1)]), agency.send(FILE, 0, [licence(1)])]);
      expect(answers[0]).to.deep.equal(answers[1]);
      expect(agency.log.size).to.equal(1);
    });

    it('refuses another chunk in the place of one that is under way', async () => {
      const first = agency.send(FILE, 0, [licence(1)]);
      const other = rejection(agency.send(FILE, 0, [licence(2)]));
      expect((await first).counts.published).to.equal(1);
      expect(await other).to.have.property('code', 'CONFLICT');
    });

    it('refuses one that is not the next, or comes behind the end', async () => {
      expect(await rejection(agency.send(FILE, 1, [licence(1)]))).to.have.property('code', 'CONFLICT');
      await agency.send(FILE, 0, [licence(1)]);
      expect(await rejection(agency.send(FILE, 2, [licence(1)]))).to.have.property('code', 'CONFLICT');
      await agency.submissions.close(MEMBER, FILE);
      expect(await rejection(agency.send(FILE, 1, [licence(2)]))).to.have.property('code', 'CONFLICT');
    });

    it('refuses a chunk that is too large, in bytes or in rows, and one of no submission', async () => {
      const large = new Uint8Array(MAX_CHUNK_BYTES + 1).fill(10);
      expect(await rejection(agency.sendBytes(FILE, 0, large))).to.have.property('code', 'TOO_LARGE');
      const many = utf8('1\n'.repeat(2 ** 15 + 1));
      expect(await rejection(agency.sendBytes(FILE, 0, many))).to.have.property('code', 'TOO_LARGE');
      expect(await rejection(agency.send('file-0002', 0, []))).to.have.property('code', 'NOT_FOUND');
      await agency.send(FILE, 0, [licence(1)]);
    });

    it('adds up over chunks, and goes on after a restart', async () => {
      await agency.send(FILE, 0, [licence(1), licence(2)]);
      agency = await openAgency(agency.store);
      const { outcomes } = await agency.send(FILE, 1, [licence(2), licence(3, { XK_ZT: 9 })]);
      expect(outcomes.map(({ row }) => row)).to.deep.equal([3, 4]);
      expect(agency.submissions.state(MEMBER, FILE)).to.deep.include({
        next: 2,
        closed: false,
        counts: { rows: 4, published: 2, corrected: 0, unchanged: 1, rejected: 1 },
      });
    });
  });

  describe('opening and closing', () => {
    it('goes on with a submission that is open, and refuses another use of its id', async () => {
      await agency.send(FILE, 0, [licence(1)]);
      expect(await agency.open(FILE, 'administrative-licence')).to.include({ next: 1, closed: false });
      expect(await rejection(agency.open(FILE, 'cf'))).to.have.property('code', 'CONFLICT');
      expect(await rejection(agency.open(FILE, 'xk', true))).to.have.property('code', 'CONFLICT');
      expect(await rejection(agency.open('file-0003', 'no-such-item'))).to.have.property('code', 'NOT_FOUND');
    });

    it('says that a submission is open only when it is durable', async () => {
      await Promise.all([agency.open('file-0004', 'xk'), agency.open('file-0004', 'xk').then(isStored)]);
      async function isStored(): Promise<void> {
        const again = await openAgency(agency.store);
        expect(again.submissions.state(MEMBER, 'file-0004').next).to.equal(0);
      }
    });

    it('closes once, behind what is under way', async () => {
      const [, closed, again] = await Promise.all([
        agency.send(FILE, 0, [licence(1)]),
        agency.submissions.close(MEMBER, FILE),
        agency.submissions.close(MEMBER, FILE),
      ]);
      expect(closed).to.deep.include({ next: 1, closed: true });
      expect(again).to.deep.equal(closed);
      expect(await agency.open(FILE, 'xk')).to.deep.equal(closed);
      expect(await contents(agency, ['closedSubmission'])).to.have.length(1);
    });

    it('keeps the answers of a closed submission for a week, and refuses a repetition after that', async () => {
      const first = await agency.send(FILE, 0, [licence(1)]);
      await agency.submissions.close(MEMBER, FILE);
      agency.clock.milliseconds += 6 * 24 * 3_600_000;
      await agency.open('file-0005', 'xk');
      await agency.submissions.close(MEMBER, 'file-0005');
      expect(await agency.send(FILE, 0, [licence(1)])).to.deep.equal(first);
      agency.clock.milliseconds += 2 * 24 * 3_600_000;
      await agency.open('file-0006', 'xk');
      await agency.submissions.close(MEMBER, 'file-0006');
      expect(await rejection(agency.send(FILE, 0, [licence(1)]))).to.have.property('code', 'CONFLICT');
      expect(await contents(agency, ['chunk'])).to.have.length(0);
      expect(await agency.open(FILE, 'xk')).to.include({ closed: true });
    });
  });

  describe('dry run', () => {
    const RECORDS: Bucket[] = ['log', 'entry', 'tile', 'statusPending', 'record', 'vault', 'recordKey', 'personal'];

    it('says what would be, and changes nothing but its own submission', async () => {
      await agency.send(FILE, 0, [licence(1)]);
      const before = await contents(agency, RECORDS);
      await agency.open('dry-00001', 'xk', true);
      const rows = [licence(1), licence(1, { XK_NR: '乙' }), licence(2), licence(3, { XK_ZT: 9 })];
      const { outcomes } = await agency.send('dry-00001', 0, rows);
      expect(outcomesOf(outcomes)).to.deep.equal(['unchanged', 'corrected', 'published', 'rejected']);
      expect(outcomes[2]).to.not.have.property('position');
      expect(await contents(agency, RECORDS)).to.deep.equal(before);
      expect(agency.counted()).to.equal(1);

      const real = await agency.send(FILE, 1, [licence(2)]);
      expect(real.outcomes[0]).to.include({ outcome: 'published', record: outcomes[2]!.record });
    });
  });

  describe('a crash', () => {
    it('has every record that was acknowledged in the log exactly once, and the rest not at all', async () => {
      const acknowledged = await agency.send(FILE, 0, [licence(1), licence(2)]);
      // The batch behind it never reaches the disk.
      const torn = rejection(
        (async () => {
          const sending = agency.send(FILE, 1, [licence(3), licence(2, { XK_NR: '乙' })]);
          void agency.commits
            .run((batch) => {
              batch.put('meta', utf8('x'), utf8('y'));
              throw new Error('crash');
            })
            .catch(() => {});
          return sending;
        })(),
      );
      expect(await torn).to.have.property('code', 'CLOSED');
      agency = await openAgency(agency.store);
      expect(agency.log.size).to.equal(2);
      expect(agency.submissions.state(MEMBER, FILE).next).to.equal(1);

      const repeated = await agency.send(FILE, 0, [licence(1), licence(2)]);
      expect(repeated).to.deep.equal(acknowledged);
      const again = await agency.send(FILE, 1, [licence(3), licence(2, { XK_NR: '乙' })]);
      expect(outcomesOf(again.outcomes)).to.deep.equal(['published', 'corrected']);
      const positions = [...acknowledged.outcomes, ...again.outcomes].map(({ position }) => position);
      expect(positions).to.deep.equal([0, 1, 2, 3]);
      expect(agency.log.size).to.equal(4);
      for (const { record, version } of again.outcomes) {
        expect(agency.recordStore.record(parseRecordId(record!))?.versions).to.have.length(version!);
        expect(agency.recordStore.version(parseRecordId(record!), version!)).to.not.equal(undefined);
      }
    });
  });

  it('keeps what it publishes of penalties too', async () => {
    await agency.open('file-0007', 'cf');
    const { outcomes } = await agency.send('file-0007', 0, [penalty(1), penalty(2, { CF_NR_FK: '1,000.50' })]);
    expect(outcomesOf(outcomes)).to.deep.equal(['published', 'published']);
  });
});
