import { expect } from 'chai';
import { encodeAddCheckpoint } from '../../../node/core/add-checkpoint.ts';
import { utf8 } from '../../../node/core/bytes.ts';
import { cosignaturesOf, witnessName } from '../../../node/core/cosignature.ts';
import { parseLogId, parseMemberId } from '../../../node/core/ids.ts';
import { verifyNote } from '../../../node/core/note.ts';
import { GroupCommit } from '../../../node/exchange/group-commit.ts';
import { Witness, type WitnessAnswer, type WitnessingMember } from '../../../node/exchange/witness.ts';
import type { Batch, Store } from '../../../node/store/store.ts';
import { LevelWitnessStore } from '../../../node/store/witness-store.ts';
import { member, PaperClock, silent } from '../../helpers/agency.ts';
import { CHAIN_ID, LOG, LOG_ANCHOR } from '../../helpers/bundle.ts';
import { gatedStore, memoryStore } from '../../helpers/memory-store.ts';
import { PaperChain } from '../../helpers/paper-chain.ts';
import { signerOf, SmallLog } from '../../helpers/small-log.ts';

const OWNER_SECRET = new Uint8Array(32).fill(7);
const ORIGIN = { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR };
const id = parseMemberId(`0x${'1f'.repeat(32)}`);
const cosigner = signerOf(witnessName(ORIGIN, id), new Uint8Array(32).fill(9));
const me: WitnessingMember = { id, cosigner };

describe('Witness', () => {
  const log = new SmallLog(OWNER_SECRET);
  const fork = new SmallLog(OWNER_SECRET, { forkAt: 3 });
  const clock = new PaperClock();
  let store: Store;
  let witness: Witness<Batch>;
  let conflicted: string[];

  beforeEach(async () => {
    open(await memoryStore());
  });

  function open(on: Store): void {
    store = on;
    conflicted = [];
    witness = new Witness<Batch>(ORIGIN, {
      store: new LevelWitnessStore(store),
      commits: new GroupCommit<Batch>(() => store.batch()),
      view: new PaperChain(member),
      clock,
      logger: silent,
      conflicted: (kind) => conflicted.push(kind),
    });
  }

  const send = (body: string, as = me): Promise<WitnessAnswer> => witness.add(as, utf8(body));
  const add = async (oldSize: number, size: number, from = log, proof = from.proof(oldSize, size)) =>
    send(encodeAddCheckpoint({ oldSize, proof, note: await from.note(size) }));

  it('cosigns the first checkpoint that it sees, and every one that extends the last', async () => {
    for (const [old, size] of [
      [0, 1],
      [1, 5],
      [5, 5],
      [5, 64],
    ] as const) {
      const { status, body } = await add(old, size);
      expect([status, old, size]).to.deep.equal([200, old, size]);
      const note = (await log.note(size)) + body;
      expect(cosignaturesOf(note, [cosigner])).to.deep.equal([
        { cosigner, time: Math.floor(clock.milliseconds / 1000) },
      ]);
      expect(witness.witnessed(id, LOG)).to.equal(note);
    }
  });

  it('tells the size that it knows, where the old one is another', async () => {
    expect(await add(4, 8)).to.deep.equal({ status: 409, type: 'text/x.tlog.size', body: '0\n' });
    await add(0, 8);
    for (const [old, size] of [
      [0, 12],
      [4, 12],
      [9, 12],
      [4, 6],
    ] as const) {
      expect(await add(old, size)).to.deep.equal({ status: 409, type: 'text/x.tlog.size', body: '8\n' });
    }
    expect(conflicted).to.deep.equal([]);
  });

  it('gives the same cosignature again for a minute, whoever asks, and not under another key', async () => {
    let signed = 0;
    const counting = { id, cosigner: { ...cosigner, sign: (bytes: Uint8Array) => (signed++, cosigner.sign(bytes)) } };
    const again = async (as: WitnessingMember) =>
      send(encodeAddCheckpoint({ oldSize: 8, proof: [], note: await log.note(8) }), as);
    await add(0, 8);
    const { body } = await again(counting);
    expect(await again(counting)).to.deep.include({ status: 200, body });
    expect(signed).to.equal(0);
    clock.milliseconds += 60_000;
    expect((await again(counting)).body).to.not.equal(body);
    expect(signed).to.equal(1);
    const rotated = { id, cosigner: signerOf(cosigner.name, new Uint8Array(32).fill(10)) };
    const note = (await log.note(8)) + (await again(rotated)).body;
    expect(cosignaturesOf(note, [rotated.cosigner])).to.have.length(1);
  });

  it('refuses another tree of the same size, and keeps the proof of it', async () => {
    await add(0, 8);
    expect(await add(8, 8, fork)).to.deep.equal({ status: 409, type: 'text/x.tlog.size', body: '8\n' });
    await add(8, 8, fork);
    const [conflict, ...others] = await witness.conflicts(id, LOG);
    expect(others).to.deep.equal([]);
    expect(conflict).to.deep.include({ kind: 'split', cosigned: await log.note(8), refused: await fork.note(8) });
    expect(conflicted).to.deep.equal(['split', 'split']);
    expect((await add(8, 9)).status).to.equal(200);
  });

  it('refuses a larger tree that does not extend the last, and keeps both with the proof that came', async () => {
    await add(0, 8);
    const proof = fork.proof(8, 20);
    expect((await add(8, 20, fork, proof)).status).to.equal(422);
    const [conflict] = await witness.conflicts(id, LOG);
    expect(conflict).to.deep.include({ kind: 'inconsistent', refused: await fork.note(20) });
    expect(conflict?.proof).to.have.length(proof.length);
    // Anyone can send a bad proof: of those one is kept.
    expect((await add(8, 30, log, [])).status).to.equal(422);
    expect((await witness.conflicts(id, LOG)).map(({ refused }) => refused)).to.deep.equal([await log.note(30)]);
    expect((await add(8, 30)).status).to.equal(200);
  });

  it('wants an empty proof with the first checkpoint', async () => {
    expect((await add(0, 8, log, [log.root(8)])).status).to.equal(422);
    expect(await witness.conflicts(id, LOG)).to.deep.equal([]);
  });

  it('cosigns the empty tree with its own root only', async () => {
    expect((await add(0, 0)).status).to.equal(200);
    expect((await add(0, 0)).status).to.equal(200);
    expect((await add(0, 3)).status).to.equal(200);
  });

  it('knows the logs of its chain and no others', async () => {
    const unknown = new SmallLog(OWNER_SECRET, { log: parseLogId(`0x${'77'.repeat(32)}`) });
    expect((await add(0, 8, unknown)).status).to.equal(404);
    const note = (await log.note(8)).replaceAll(`/${CHAIN_ID}/`, '/77/');
    expect((await send(encodeAddCheckpoint({ oldSize: 0, proof: [], note }))).status).to.equal(404);
    const foreign = (await log.note(8)).replaceAll(log.origin, 'example.com/log');
    expect((await send(encodeAddCheckpoint({ oldSize: 0, proof: [], note: foreign }))).status).to.equal(404);
  });

  it('wants the signature of the log’s owner, and passes over those of others', async () => {
    expect((await add(0, 8, new SmallLog(new Uint8Array(32).fill(8)))).status).to.equal(403);
    const note = await log.note(8);
    const bent = note.replace(/.(?==+\n$)/, (last) => (last === 'A' ? 'Q' : 'A'));
    expect((await send(encodeAddCheckpoint({ oldSize: 0, proof: [], note: bent }))).status).to.be.oneOf([400, 403]);
    const more = `${note}— stranger ${'A'.repeat(12)}\n`;
    expect((await send(encodeAddCheckpoint({ oldSize: 0, proof: [], note: more }))).status).to.equal(200);
    expect(witness.witnessed(id, LOG)).not.to.include('stranger');
    expect(verifyNote(witness.witnessed(id, LOG), [signerOf(log.origin, OWNER_SECRET)]).text).to.include('\n8\n');
  });

  it('refuses what is no request', async () => {
    const note = await log.note(8);
    for (const body of ['', note, `old x\n\n${note}`, 'old 0\n\nno note\n', `old 0\n\n${note}`.slice(0, -2)]) {
      expect((await send(body)).status, body).to.equal(400);
    }
    expect((await send(encodeAddCheckpoint({ oldSize: 9, proof: [], note }))).status).to.equal(400);
  });

  it('has another memory for each member', async () => {
    await add(0, 8);
    const other = { id: parseMemberId(`0x${'2f'.repeat(32)}`), cosigner };
    const body = encodeAddCheckpoint({ oldSize: 0, proof: [], note: await fork.note(8) });
    expect((await send(body, other)).status).to.equal(200);
    expect(() => witness.witnessed(other.id, parseLogId(`0x${'77'.repeat(32)}`))).to.throw('NOT_FOUND');
  });

  it('remembers after a restart', async () => {
    await add(0, 8);
    open(store);
    expect((await add(0, 8, fork)).status).to.equal(409);
    expect((await add(8, 9)).status).to.equal(200);
  });

  it('signs nothing before it is on the disk, and one of two at once', async () => {
    const gates: (() => void)[] = [];
    let signed = 0;
    open(gatedStore(store, () => new Promise((resolve) => gates.push(resolve))));
    const counting = { id, cosigner: { ...cosigner, sign: (bytes: Uint8Array) => (signed++, cosigner.sign(bytes)) } };
    const body = async (from: SmallLog, size: number) =>
      encodeAddCheckpoint({ oldSize: 0, proof: [], note: await from.note(size) });
    const answers = Promise.all([send(await body(log, 8), counting), send(await body(fork, 8), counting)]);
    while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(signed).to.equal(0);
    let done = false;
    void answers.then(() => (done = true));
    while (!done) {
      for (const open of gates.splice(0)) open();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect((await answers).map(({ status }) => status)).to.deep.equal([200, 409]);
    expect(signed).to.equal(1);
  });
});
