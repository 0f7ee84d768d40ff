// What an auditor asks of a gateway, over a log that an agency really keeps; and what the client makes of the answers.
import { expect } from 'chai';
import { openRange, type AnsweredRange } from '../../../gateway/client/log-range.ts';
import type { NodeCaller } from '../../../gateway/ports.ts';
import { auditRoutes } from '../../../gateway/routes/audit.ts';
import { utf8 } from '../../../node/core/bytes.ts';
import { parseCheckpoint } from '../../../node/core/checkpoint.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { logPosition, logRead } from '../../../node/core/messages/node.ts';
import { parseNote } from '../../../node/core/note.ts';
import { readLogFile } from '../../../node/exchange/log-files.ts';
import { RecordProofs } from '../../../node/exchange/record-proofs.ts';
import { member, openAgency, SIGNER, type Agency } from '../../helpers/agency.ts';
import { LOG, MEMBER } from '../../helpers/bundle.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { licence } from '../../helpers/rows.ts';

describe('What an auditor asks of a gateway', () => {
  let agency: Agency;
  let proved: number[];
  let routes: ReturnType<typeof auditRoutes>;
  const { signal } = new AbortController();

  before(async () => {
    agency = await openAgency(await memoryStore());
    await agency.open('file-0001', 'xk');
    await agency.send(
      'file-0001',
      0,
      Array.from({ length: 600 }, (_, i) => licence(i)),
    );
    for (const [i, what] of ['一', '二'].entries()) {
      await agency.open(`file-000${i + 2}`, 'xk');
      await agency.send(`file-000${i + 2}`, 0, [licence(7, { BZ: what })]);
    }
    await agency.settle();
    const proofs = new RecordProofs(agency.logs);
    const nodes: NodeCaller = {
      call: async (owner, method, argument) => {
        expect(owner).to.equal(MEMBER);
        if (method === 'log/read')
          return Uint8Array.from((await readLogFile(agency.log, agency.logs, logRead.decode(argument).path)).bytes);
        const { position } = logPosition.decode(argument);
        proved.push(position);
        return utf8(JSON.stringify(await proofs.entry({ member: MEMBER, log: agency.log, signers: () => [SIGNER] }, position))); // prettier-ignore
      },
    };
    const standing = { status: 'active', roles: ['source'], transaction: member.transaction } as const;
    routes = auditRoutes(
      { nodeTimeoutMs: 1_000 },
      {
        nodes,
        chain: { head: () => ({ number: 9, hash: '0x00', time: 0 }), final: () => 8 },
        logs: { get: (id) => agency.chain.log(id), list: () => agency.chain.logs() },
        members: {
          get: () => member,
          list: () => [member],
          isEntitledNow: () => true,
          currentKey: () => undefined,
          standingAt: (_, block) =>
            block < 1 ? undefined : block < 5 ? standing : { ...standing, status: 'suspended' },
        },
      },
    );
  });
  beforeEach(() => (proved = []));

  const call = { headers: undefined, body: undefined, caller: undefined, idempotencyKey: undefined, signal, header: () => {} }; // prettier-ignore
  const range = (from: number, to: number, log: string = LOG) =>
    routes.getLogRange({ ...call, query: undefined, params: { log, from: String(from), to: String(to) } });
  const asked = (from: number, to: number) => ({ log: LOG, from, to });

  it('who could publish at a block: as it was then', () => {
    const at = (block?: number) => routes.listPublishers({ ...call, params: undefined, query: { ...(block !== undefined && { block }) } }); // prettier-ignore
    expect(at(4).publishers).to.deep.equal([
      {
        member: MEMBER,
        name: member.name,
        roles: ['source'],
        account: member.transaction,
        checkpointKey: Buffer.from(SIGNER).toString('base64'),
      },
    ]);
    expect(at(5).publishers).to.deep.equal([]);
    expect(at(0).publishers).to.deep.equal([]);
    expect(at()).to.deep.equal({ block: 8, publishers: [] });
    expect(codeOf(() => at(10))).to.equal('NOT_FOUND');
  });

  it('all entries between two positions, and none is missing', async () => {
    const size = agency.log.size;
    for (const [from, to] of [
      [0, 0],
      [0, size - 2],
      [3, 9],
      [250, 520],
      [size - 2, size - 2],
    ] as const) {
      const answer = await range(from, to);
      const { entries, checkpoint } = openRange(answer, asked(from, to), [SIGNER]);
      expect(entries.map((entry) => Buffer.from(entry))).to.deep.equal(
        Array.from({ length: to - from + 1 }, (_, i) => Buffer.from(agency.logs.entry(1, from + i)!)),
      );
      expect(checkpoint.size).to.equal(size);
    }
    expect(await rejection(range(4, 3))).to.have.property('code', 'MALFORMED');
    expect(await rejection(range(0, 1_000))).to.have.property('code', 'MALFORMED');
    expect(await rejection(range(0, 1, `0x${'11'.repeat(32)}`))).to.have.property('code', 'NOT_FOUND');
  });

  it('a range of which anything is another is seen through', async () => {
    const answer = await range(3, 9);
    const { entries, first, last } = answer;
    const other = await range(3, 8);
    const [, , root = ''] = first.checkpoint.split('\n');
    const forged: [string, Partial<AnsweredRange>][] = [
      ['an entry left out', { entries: entries.toSpliced(2, 1) }],
      ['an entry put in', { entries: entries.toSpliced(2, 0, entries[0]!) }],
      ['two entries changed about', { entries: entries.with(2, entries[3]!).with(3, entries[2]!) }],
      ['an entry in the place of another', { entries: entries.with(2, entries[3]!) }],
      ['another beginning', { from: 4 }],
      ['another log', { log: `0x${'11'.repeat(32)}` }],
      ['the proof of another end', { last: other.last }],
      ['the proof of the end for the beginning', { first: last }],
      ['a hash less', { first: { ...first, inclusion: first.inclusion.slice(1) } }],
      ['a hash more', { last: { ...last, inclusion: [...last.inclusion, ...last.inclusion.slice(0, 1)] } }],
      ['another key', { first: { ...first, signer: { ...first.signer, key: 'A'.repeat(43) } } }],
      [
        'another root',
        {
          first: {
            ...first,
            checkpoint: first.checkpoint.replace(
              root,
              root.startsWith('A') ? `B${root.slice(1)}` : `A${root.slice(1)}`,
            ),
          },
        },
      ],
    ];
    for (const [what, change] of forged) {
      const code = codeOf(() => openRange({ ...answer, ...change }, asked(3, 9), [SIGNER]));
      expect(code, what).to.be.oneOf(['PROOF_INVALID', 'SIGNATURE_INVALID']);
    }
    expect(codeOf(() => openRange(answer, asked(3, 8), [SIGNER]))).to.equal('PROOF_INVALID');
  });

  it('every version of a record, from whichever of them, each with its proof', async () => {
    const history = (position: number) =>
      routes.getLogHistory({ ...call, query: undefined, params: { log: LOG, position: String(position) } });
    const wanted = [
      [7, 'publish', 'superseded', 600],
      [600, 'supersede', 'superseded', 601],
      [601, 'supersede', 'live', undefined],
    ];
    for (const position of [7, 600, 601]) {
      const { versions } = await history(position);
      expect(versions.map((one) => [one.position, one.kind, one.state, one.by])).to.deep.equal(wanted);
      for (const { proof } of versions) {
        expect(decodeEntry(Buffer.from(proof.entry, 'base64url'))).to.include({ item: 'administrative-licence' });
        expect(parseCheckpoint(parseNote(proof.checkpoint).text).size).to.equal(agency.log.size);
        expect(proof).to.have.property('anchor');
      }
      expect(proved).to.have.length(3);
      proved = [];
    }
    expect((await history(8)).versions.map(({ state }) => state)).to.deep.equal(['live']);
    const none = await rejection(history(agency.log.size));
    expect(XinlianError.is(none, 'NOT_FOUND')).to.equal(true);
  });
});
