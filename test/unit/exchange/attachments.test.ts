import { expect } from 'chai';
import * as fc from 'fast-check';
import {
  CHUNK_BYTES,
  openChunk,
  verifyOffer,
  type AttachmentOffer,
  type WantedAttachment,
} from '../../../node/core/attachment.ts';
import { concat, fromBase64Url } from '../../../node/core/bytes.ts';
import type { GrantDocument } from '../../../node/core/grant.ts';
import { GroupCommit } from '../../../node/exchange/group-commit.ts';
import { Attachments } from '../../../node/exchange/attachments.ts';
import { RecordVault } from '../../../node/exchange/vault.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { LevelAttachmentStore } from '../../../node/store/attachment-store.ts';
import type { Batch } from '../../../node/store/store.ts';
import { hashedFile, type Hashed } from '../../helpers/attachments.ts';
import { Exchange } from '../../helpers/authorised.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { MemoryAttachments } from '../../helpers/memory-attachments.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { AGENCY, company } from '../../helpers/rows.ts';

const vault = new RecordVault({
  index: new Uint8Array(32).fill(1),
  epochs: new Map([[1, new Uint8Array(32).fill(2)]]),
});
const keeper = { id: MEMBER, vault };

describe('Attachments that are sent', () => {
  it('are whole and sealed in the end, whatever came twice, late, changed or was cut', async () => {
    const file = await hashedFile(2 * CHUNK_BYTES + 77);
    const step = fc.oneof(
      fc.record({ do: fc.constant('send' as const), index: fc.integer({ min: 0, max: 2 }), change: fc.boolean() }),
      fc.record({ do: fc.constantFrom('open' as const, 'restart' as const, 'tear' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const [store, files] = [await memoryStore(), new MemoryAttachments()];
        const start = (): Attachments<Batch> =>
          new Attachments<Batch>({
            store: new LevelAttachmentStore(store),
            files,
            commits: new GroupCommit<Batch>(() => store.batch()),
            catalogue: builtInCatalogue,
            clock: Date,
          });
        let attachments = start();
        let received = (await attachments.open(keeper, file)).received;
        for (const one of steps) {
          if (one.do === 'restart') attachments = start();
          if (one.do === 'open') expect((await attachments.open(keeper, file)).received).to.equal(received);
          // A chunk that was on its way to the disk when the machine stopped: bytes without a word of them.
          if (one.do === 'tear') await files.write('0', received * (CHUNK_BYTES + 16), new Uint8Array(1_000).fill(7));
          if (one.do !== 'send') continue;
          const { attachment } = file;
          const body = file.chunk(one.index).slice();
          if (one.change) body[body.length - 1]! ^= 1;
          const sent = attachments.chunk(keeper, { attachment, index: one.index }, body);
          if (one.change) expect(await rejection(sent)).to.have.property('code', 'PROOF_INVALID');
          else if (one.index > received) expect(await rejection(sent)).to.have.property('code', 'CONFLICT');
          else expect((await sent).received).to.equal((received = Math.max(received, one.index + 1)));
        }
        for (let index = received; index < 3; index++)
          await attachments.chunk(keeper, { attachment: file.attachment, index }, file.chunk(index));
        expect((await attachments.open(keeper, file)).received).to.equal(3);
        expect(files.files.size).to.equal(1);
        expect(Buffer.from(files.files.get('0')!).includes(Buffer.from(file.bytes.subarray(0, 64)))).to.equal(false);
      }),
      { numRuns: 15 },
    );
  });

  it('are opened first, with the leaf hashes of their name', async () => {
    const { attachments } = await Exchange.open();
    const [file, other] = [await hashedFile(5), await hashedFile(6)];
    const { attachment } = file;
    expect(await rejection(attachments.chunk(keeper, { attachment, index: 0 }, file.bytes))).to.have.property(
      'code',
      'NOT_FOUND',
    );
    const wrong = { attachment, leaves: other.leaves };
    expect(await rejection((async () => attachments.open(keeper, wrong))())).to.have.property('code', 'MALFORMED');
  });
});

/** A financial statement of company 1 that names attachments. */
function statement(names: string, change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    CW_MC: '盐城某某科技有限公司1',
    CW_LB: '法人及非法人组织',
    CW_SHXYM: company(1),
    CW_BH: 'CW2025',
    CW_LX: '年报',
    CW_SSQ_Q: '2025-01-01',
    CW_SSQ_Z: '2025-12-31',
    CW_SJ: '是',
    CW_FJ: names,
    CW_LYDW: '税务局',
    CW_LYDWDM: AGENCY,
    ...change,
  };
}

describe('An attachment under a grant', () => {
  let exchange: Exchange;
  let file: Hashed;
  let document: GrantDocument;
  let record: string;

  beforeEach(async () => {
    exchange = await Exchange.open();
    file = await hashedFile(CHUNK_BYTES + 9);
    const { attachments, member } = exchange;
    await attachments.open(member, file);
    for (const index of [0, 1])
      await attachments.chunk(member, { attachment: file.attachment, index }, file.chunk(index));
    await publish(statement(file.attachment));
    const items = [{ item: 'financial-statement', months: 24 }];
    ({ document } = await exchange.grant({ items }));
    const { records } = (await exchange.ask(document, { items: ['financial-statement'] })).answer;
    record = records[0]!.record;
  });

  async function publish(row: unknown): Promise<void> {
    const submission = `statements-${exchange.agency.log.size}`;
    await exchange.agency.open(submission, 'cw');
    const { outcomes } = await exchange.agency.send(submission, 0, [row]);
    expect(outcomes[0]?.faults).to.equal(undefined);
    await exchange.agency.checkpointer.sign();
  }

  function ask(wanted: Partial<WantedAttachment> = {}) {
    const attachment = { record, attachment: file.attachment, ...wanted };
    return exchange.ask(document, { items: ['financial-statement'], attachment });
  }

  async function offered(): Promise<AttachmentOffer> {
    const { body, records } = (await ask()).answer;
    const offer = body.attachment!;
    verifyOffer(offer, { record, attachment: file.attachment }, records[0]!.claims);
    return offer;
  }

  function read(offer: AttachmentOffer, index: number): Promise<Uint8Array> {
    const { attachments, member, provider } = exchange;
    return attachments.read(member, { handle: offer.handle, index }, (query) =>
      provider.mustStand(member, query, AbortSignal.timeout(10_000)),
    );
  }

  it('is offered beside its record, with a receipt, and comes chunk by chunk, sealed', async () => {
    const before = exchange.agency.log.size;
    const offer = await offered();
    expect(exchange.agency.log.size).to.equal(before + 1);
    const secret = fromBase64Url(offer.secret);
    const chunks: Uint8Array[] = [];
    for (const index of [0, 1]) {
      const sealed = await read(offer, index);
      expect(Buffer.from(sealed).includes(Buffer.from(file.chunk(index).subarray(0, 9)))).to.equal(false);
      chunks.push(await openChunk(secret, index, sealed));
    }
    expect(Buffer.from(concat(...chunks)).equals(Buffer.from(file.bytes))).to.equal(true);
    expect(exchange.agency.log.size).to.equal(before + 1);
    expect(await rejection(read(offer, 2))).to.have.property('code', 'MALFORMED');
  });

  it('is refused where the record does not name it, or it is not whole', async () => {
    const [other, half] = [await hashedFile(5), await hashedFile(CHUNK_BYTES + 1, 3)];
    await exchange.attachments.open(exchange.member, half);
    await exchange.attachments.chunk(exchange.member, { attachment: half.attachment, index: 0 }, half.chunk(0));
    await publish(statement(half.attachment, { CW_BH: 'CW2025-half' }));
    const all = (await exchange.ask(document, { items: ['financial-statement'] })).answer.records;
    const second = all.find((one) => one.record !== record)!.record;
    for (const wanted of [
      { attachment: other.attachment },
      { record: second },
      { record: second, attachment: half.attachment },
      { record: 'AAAAAAAAAAAAAAAAAAAAAA' },
    ]) {
      const { body } = (await ask(wanted)).answer;
      expect(body).to.include({ outcome: 'refused', reason: 'ITEM_NOT_HELD' });
      expect(body.attachment).to.equal(undefined);
    }
  });

  it('is not read any more when the grant was withdrawn', async () => {
    const offer = await offered();
    const { grant = '' } = (await ask()).answer.body;
    await read(offer, 0);
    exchange.withdrawn.add(grant);
    const error = await rejection(read(offer, 1));
    expect(error).to.have.property('code', 'GRANT_REFUSED');
    expect(error).to.have.nested.property('details.reason', 'GRANT_WITHDRAWN');
  });

  it('is not read any more when a correction names another', async () => {
    const offer = await offered();
    const other = await hashedFile(5);
    await publish(statement(other.attachment));
    const error = await rejection(read(offer, 0));
    expect(error).to.have.nested.property('details.reason', 'ITEM_NOT_HELD');
  });

  it('is read under a handle of this provider alone, for a day', async () => {
    const offer = await offered();
    const turned = `${offer.handle.slice(0, 40)}${offer.handle[40] === 'A' ? 'B' : 'A'}${offer.handle.slice(41)}`;
    expect(await rejection(read({ ...offer, handle: turned }, 0))).to.have.property('code', 'MALFORMED');
    expect(await rejection(read({ ...offer, handle: 'AAAA' }, 0))).to.have.property('code', 'MALFORMED');
    exchange.agency.clock.milliseconds += 86_400_000;
    expect(await rejection(read(offer, 0))).to.have.property('code', 'UNAUTHENTICATED');
  });
});

describe('A row with attachments', () => {
  it('names them in their one form, each once', async () => {
    const exchange = await Exchange.open();
    const { attachment } = await hashedFile(5);
    const wrong = ['报表.pdf', `${attachment}x`, `${attachment} ${attachment}`, `${attachment},${attachment}`];
    await exchange.agency.open('statements-0001', 'cw');
    const { outcomes } = await exchange.agency.send(
      'statements-0001',
      0,
      wrong.map((names) => statement(names)),
    );
    expect(outcomes.map(({ faults }) => faults?.map(({ code }) => code))).to.deep.equal(
      wrong.map(() => ['attachment']),
    );
  });
});
