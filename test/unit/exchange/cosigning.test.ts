import { expect } from 'chai';
import { parseAddCheckpoint } from '../../../node/core/add-checkpoint.ts';
import { fromUtf8, utf8 } from '../../../node/core/bytes.ts';
import { cosignaturesOf, witnessName } from '../../../node/core/cosignature.ts';
import { parseMemberId } from '../../../node/core/ids.ts';
import { parseNote, verifyNote } from '../../../node/core/note.ts';
import { Cosigning, type KnownWitness } from '../../../node/exchange/cosigning.ts';
import { GroupCommit } from '../../../node/exchange/group-commit.ts';
import { readLogFile } from '../../../node/exchange/log-files.ts';
import { Witness, type WitnessAnswer } from '../../../node/exchange/witness.ts';
import type { Batch } from '../../../node/store/store.ts';
import { LevelWitnessStore } from '../../../node/store/witness-store.ts';
import { member, openAgency, silent, SIGNER, type Agency } from '../../helpers/agency.ts';
import { CHAIN_ID, LOG, LOG_ANCHOR } from '../../helpers/bundle.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { PaperChain } from '../../helpers/paper-chain.ts';
import { licence } from '../../helpers/rows.ts';
import { signerOf, SmallLog } from '../../helpers/small-log.ts';

const ORIGIN = { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR };
const ids = [1, 2, 3].map((n) => parseMemberId(`0x${`0${n}`.repeat(32)}`));

describe('Cosigning', () => {
  const signal = new AbortController().signal;
  let agency: Agency;
  let cosigning: Cosigning<Batch>;
  let known: KnownWitness[];
  let witnesses: Map<string, { add: (body: string) => Promise<WitnessAnswer> }>;
  let asked: { url: string; oldSize: number }[];
  let chunk: number;

  beforeEach(async () => {
    asked = [];
    chunk = 0;
    agency = await openAgency(await memoryStore());
    await agency.open('file-0001', 'xk');
    witnesses = new Map();
    known = [];
    for (const [i, id] of ids.entries()) {
      const store = await memoryStore();
      const witness = new Witness<Batch>(ORIGIN, {
        store: new LevelWitnessStore(store),
        commits: new GroupCommit<Batch>(() => store.batch()),
        view: new PaperChain(member),
        clock: agency.clock,
        logger: silent,
      });
      const cosigner = signerOf(witnessName(ORIGIN, id), new Uint8Array(32).fill(50 + i));
      const url = `http://witness-${i}`;
      known.push({ url, cosigner });
      witnesses.set(url, { add: (body) => witness.add({ id, cosigner }, utf8(body)) });
    }
    cosigning = open();
  });

  function open(): Cosigning<Batch> {
    return new Cosigning<Batch>({
      store: agency.logs,
      commits: agency.commits,
      witnesses: () => known,
      post: async (url, body) => {
        const base = url.replace(/\/add-checkpoint$/, '');
        asked.push({ url: base, oldSize: parseAddCheckpoint(body).oldSize });
        const witness = witnesses.get(base);
        if (!witness) throw new Error('connection refused');
        return witness.add(body);
      },
      clock: agency.clock,
      logger: silent,
    });
  }

  async function publish(count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_, i) => licence(1_000 * chunk + i));
    await agency.send('file-0001', chunk++, rows);
    await agency.checkpointer.sign();
  }

  const served = async () => fromUtf8((await readLogFile(agency.log, agency.logs, 'checkpoint')).bytes);
  const names = (note: string) =>
    cosignaturesOf(
      note,
      known.map(({ cosigner }) => cosigner),
    ).map(({ cosigner }) => cosigner.name);
  const states = () => cosigning.standings().map(({ state }) => state);

  it('adds the lines of all witnesses to the checkpoint that is served', async () => {
    await cosigning.collect(agency.log, signal);
    await publish(5);
    await cosigning.collect(agency.log, signal);
    const note = await served();
    expect(names(note).sort()).to.deep.equal(known.map(({ cosigner }) => cosigner.name));
    const { text } = parseNote(note);
    expect(verifyNote(note, [{ name: text.split('\n')[0]!, publicKey: SIGNER }]).text).to.equal(text);
    expect(states()).to.deep.equal(['cosigned', 'cosigned', 'cosigned']);
  });

  it('proves each checkpoint from the one before, asks nobody twice, and learns the size after a restart', async () => {
    await publish(5);
    await cosigning.collect(agency.log, signal);
    await cosigning.collect(agency.log, signal);
    expect(asked).to.have.length(3);
    await publish(300);
    await cosigning.collect(agency.log, signal);
    expect(asked.slice(3).map(({ oldSize }) => oldSize)).to.deep.equal([6, 6, 6]);
    await publish(1);
    asked = [];
    cosigning = open();
    await cosigning.collect(agency.log, signal);
    expect(asked.map(({ oldSize }) => oldSize).sort((a, b) => a - b)).to.deep.equal([0, 0, 0, 307, 307, 307]);
    expect(names(await served())).to.have.length(3);
  });

  it('waits for no witness that is away, and asks it again', async () => {
    const away = known[1]!.url;
    const witness = witnesses.get(away)!;
    witnesses.delete(away);
    await publish(5);
    await cosigning.collect(agency.log, signal);
    expect(states().sort()).to.deep.equal(['away', 'cosigned', 'cosigned']);
    expect(names(await served())).to.have.length(2);
    witnesses.set(away, witness);
    agency.clock.milliseconds += 1_000;
    await cosigning.collect(agency.log, signal);
    expect(asked.filter(({ url }) => url !== away)).to.have.length(2);
    expect(names(await served())).to.have.length(3);
    expect(states()).to.deep.equal(['cosigned', 'cosigned', 'cosigned']);
  });

  it('asks a witness that is away less and less often', async () => {
    witnesses.clear();
    await publish(1);
    const seconds: number[] = [];
    for (let second = 0; second < 200; second++) {
      const before = asked.length;
      await cosigning.collect(agency.log, signal);
      if (asked.length > before) seconds.push(second);
      agency.clock.milliseconds += 1_000;
    }
    expect(seconds).to.deep.equal([0, 1, 3, 7, 15, 31, 63, 123, 183]);
  });

  it('tells who saw another tree, or more than is signed here', async () => {
    const other = new SmallLog(new Uint8Array(32).fill(7));
    const show = async (i: number, size: number) =>
      (await witnesses.get(known[i]!.url)!.add(`old 0\n\n${await other.note(size)}`)).status;
    expect(await show(0, 6)).to.equal(200);
    expect(await show(1, 40)).to.equal(200);
    expect(await show(2, 4)).to.equal(200);
    await publish(5);
    await cosigning.collect(agency.log, signal);
    expect(states()).to.deep.equal(['refused', 'refused', 'refused']);
    const details = cosigning.standings().map(({ detail }) => detail);
    expect(details.some((detail) => detail.includes('another root at size 6'))).to.equal(true);
    expect(details.some((detail) => detail.includes('it was shown 40 entries'))).to.equal(true);
    expect(details.some((detail) => detail.includes('422'))).to.equal(true);
    expect(names(await served())).to.deep.equal([]);
  });

  it('takes no line that is not the witness’s own, and what is no answer for none', async () => {
    await publish(5);
    const stranger = signerOf(known[0]!.cosigner.name, new Uint8Array(32).fill(99));
    known[0] = { ...known[0]!, cosigner: stranger };
    witnesses.set(known[1]!.url, { add: async () => ({ status: 200, type: 'text/plain', body: 'nothing\n' }) });
    witnesses.set(known[2]!.url, { add: async () => ({ status: 409, type: 'text/x.tlog.size', body: 'many\n' }) });
    await cosigning.collect(agency.log, signal);
    expect(states()).to.deep.equal(['away', 'away', 'away']);
    expect(names(await served())).to.deep.equal([]);
    expect(agency.logs.cosignatures(1, 6)).to.equal(undefined);
    expect(agency.log.state.id).to.equal(LOG);
  });
});
