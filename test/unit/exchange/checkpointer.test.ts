import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { parseCheckpoint } from '../../../node/core/checkpoint.ts';
import { equalBytes } from '../../../node/core/bytes.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { consistencyProof, verifyConsistency } from '../../../node/core/merkle.ts';
import { keyId, parseNote, verifyNote } from '../../../node/core/note.ts';
import { Checkpointer } from '../../../node/exchange/checkpointer.ts';
import type { Batch } from '../../../node/store/store.ts';
import { member, openAgency, silent, SIGNER, type Agency } from '../../helpers/agency.ts';
import { CHAIN_ID, LOG_ANCHOR } from '../../helpers/bundle.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { licence } from '../../helpers/rows.ts';

const FILE = 'file-0001';

describe('Checkpointer', () => {
  let agency: Agency;
  let chunks: number;

  beforeEach(async () => {
    chunks = 0;
    agency = await openAgency(await memoryStore());
    await agency.open(FILE, 'xk');
  });

  async function publish(count: number): Promise<void> {
    const rows = Array.from({ length: count }, (_, i) => licence(1_000 * chunks + i));
    await agency.send(FILE, chunks++, rows);
  }

  it('signs a note over a status entry and all before it, and nothing where nothing is new', async () => {
    await agency.checkpointer.sign();
    expect(agency.log.size).to.equal(0);
    await publish(3);
    await agency.checkpointer.sign();
    const { size, root } = agency.log.state.signed!;
    expect(size).to.equal(4);
    expect(decodeEntry(agency.logs.entry(1, 3)!).kind).to.equal('status');
    const note = agency.logs.checkpoint(1, size)!;
    const { origin } = parseCheckpoint(parseNote(note).text);
    const { text } = verifyNote(note, [{ name: origin, publicKey: SIGNER }]);
    expect(parseCheckpoint(text)).to.deep.include({ size, root });
    await agency.checkpointer.sign();
    expect(agency.log.size).to.equal(4);
  });

  it('signs once where it is asked twice at once', async () => {
    await publish(3);
    await Promise.all([agency.checkpointer.sign(), agency.checkpointer.sign()]);
    expect(agency.log.size).to.equal(4);
    expect(agency.log.state.signed?.size).to.equal(4);
  });

  it('signs right while rows come in', async () => {
    await publish(200);
    const sizes: number[] = [];
    for (let i = 0; i < 4; i++) {
      const coming = publish(300);
      await agency.checkpointer.sign();
      sizes.push(agency.log.state.signed!.size);
      await coming;
    }
    for (const [i, size] of sizes.entries()) {
      if (i === 0) continue;
      const rootOf = (size: number) => parseCheckpoint(parseNote(agency.logs.checkpoint(1, size)!).text).root;
      const before = sizes[i - 1]!;
      const proof = consistencyProof(before, size, agency.log.reader(size));
      verifyConsistency({ sizeA: before, rootA: rootOf(before), sizeB: size, rootB: rootOf(size), proof });
    }
  });

  it('appends one status entry only, however often its key fails', async () => {
    await publish(2);
    let fails = true;
    const { log, logs, commits, chain, clock } = agency;
    const key = {
      publicKey: SIGNER,
      sign: () => {
        if (fails) throw new Error('the key is away');
        return new Uint8Array(64);
      },
    };
    const options = { origin: { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR }, signMs: 10, anchorMs: 10 };
    const needs = { log, store: logs, commits, key, view: chain, writer: chain, prover: chain, clock, logger: silent };
    const checkpointer = new Checkpointer(options, needs);
    for (let i = 0; i < 3; i++)
      expect(await rejection(checkpointer.sign())).to.have.property('message', 'the key is away');
    expect(log.size).to.equal(3);
    fails = false;
    await checkpointer.sign();
    expect(log.state.signed?.size).to.equal(3);
  });

  it('anchors what extends the last anchor, and keeps the proof of what is final', async () => {
    await publish(3);
    await agency.settle();
    await publish(300);
    await agency.settle();
    const { chain, logs } = agency;
    expect(chain.sent.map(({ size, proof }) => [size, proof.length > 0])).to.deep.equal([
      [4, false],
      [305, true],
    ]);
    expect((await logs.lastAnchorProof(1))?.size).to.equal(305);
    expect(agency.checkpointer.waits()).to.equal('');
    await agency.checkpointer.anchor();
    expect(chain.sent).to.have.length(2);
  });

  it('says what it waits for', async () => {
    const { checkpointer, chain } = agency;
    expect(checkpointer.waits()).to.equal('');
    await publish(1);
    expect(checkpointer.waits()).to.equal('the next checkpoint');
    await checkpointer.sign();
    expect(checkpointer.waits()).to.equal('the next anchor');
    await checkpointer.anchor();
    expect(checkpointer.waits()).to.equal('the anchoring block to become final');
    chain.finalise();
    expect(checkpointer.waits()).to.equal('');
  });

  it('goes on signing while the chain is down, and anchors the newest when it is back', async () => {
    const { checkpointer, chain } = agency;
    chain.down = true;
    for (let i = 0; i < 3; i++) {
      await publish(2);
      await checkpointer.sign();
      expect(await rejection(checkpointer.anchor())).to.have.property('code', 'CHAIN_UNREACHABLE');
    }
    chain.down = false;
    await agency.settle();
    expect(chain.log(agency.log.state.id)?.final?.size).to.equal(agency.log.size);
  });

  it('waits until its last anchor is in view before it sends the next', async () => {
    const { checkpointer, chain } = agency;
    await publish(2);
    await checkpointer.sign();
    chain.followed = 1;
    await checkpointer.anchor();
    await publish(2);
    await checkpointer.sign();
    await checkpointer.anchor();
    expect(chain.sent).to.have.length(1);
    chain.followed = undefined;
    await checkpointer.anchor();
    expect(chain.sent).to.have.length(2);
    expect(chain.log(agency.log.state.id)?.head?.size).to.equal(6);
  });

  it('does not wait for ever for a block that an engine made up', async () => {
    const { checkpointer, chain } = agency;
    await publish(2);
    await checkpointer.sign();
    chain.toldBlock = 4_000_000_000;
    await checkpointer.anchor();
    chain.toldBlock = undefined;
    await publish(2);
    await checkpointer.sign();
    await checkpointer.anchor();
    expect(chain.sent).to.have.length(1);
    chain.pass(64);
    await checkpointer.anchor();
    expect(chain.sent).to.have.length(2);
  });

  it('anchors again what a reorganisation took back', async () => {
    const { checkpointer, chain } = agency;
    await publish(2);
    await agency.settle();
    await publish(2);
    await checkpointer.sign();
    await checkpointer.anchor();
    chain.reorganise();
    expect(chain.log(agency.log.state.id)?.head?.size).to.equal(3);
    await checkpointer.anchor();
    expect(chain.log(agency.log.state.id)?.head?.size).to.equal(6);
    chain.finalise();
    await checkpointer.capture();
    expect((await agency.logs.lastAnchorProof(1))?.size).to.equal(6);
  });

  describe('never signs what does not extend', () => {
    const notes = () => agency.logs.checkpoint(1, agency.log.size);

    it('its last signed checkpoint', async () => {
      await publish(3);
      await agency.checkpointer.sign();
      const batch = agency.logs.batch();
      agency.log.setSigned(batch, { size: 4, root: new Uint8Array(32).fill(1) }, 'another');
      await publish(1);
      expect(await rejection(agency.checkpointer.sign())).to.have.property('code', 'STORE_CORRUPT');
      expect(notes()).to.equal(undefined);
      await publish(1);
      expect(await rejection(agency.checkpointer.sign())).to.have.property('code', 'STORE_CORRUPT');
      expect(agency.checkpointer.waits()).to.match(/old backup/);
    });

    it('an anchored one of other entries: nothing is signed over a foreign head', async () => {
      await publish(3);
      agency.chain.plant(2, new Uint8Array(32).fill(1));
      expect(await rejection(agency.checkpointer.sign())).to.have.property('code', 'STORE_CORRUPT');
      expect(agency.log.state.signed).to.equal(undefined);
      expect(notes()).to.equal(undefined);
    });

    it('an anchored one that is longer than the log: an old backup was restored', async () => {
      await publish(3);
      agency.chain.plant(40, new Uint8Array(32).fill(1));
      expect(await rejection(agency.checkpointer.sign())).to.have.property('code', 'STORE_CORRUPT');
      expect(notes()).to.equal(undefined);
    });

    it('and sends no anchor over a foreign head that came after it signed', async () => {
      await publish(3);
      await agency.checkpointer.sign();
      agency.chain.plant(2, new Uint8Array(32).fill(1));
      expect(await rejection(agency.checkpointer.anchor())).to.have.property('code', 'STORE_CORRUPT');
      expect(agency.chain.sent).to.have.length(0);
    });

    it('after a restart neither', async () => {
      await publish(3);
      await agency.settle();
      const { root } = agency.log.state.signed!;
      agency = await openAgency(agency.store, { chain: agency.chain });
      chunks = 1;
      await publish(2);
      await agency.settle();
      const [first, second] = agency.chain.sent;
      expect(equalBytes(first!.root, root)).to.equal(true);
      const proof = consistencyProof(4, second!.size, agency.log.reader(second!.size));
      verifyConsistency({ sizeA: 4, rootA: root, sizeB: second!.size, rootB: second!.root, proof });
    });
  });

  it('works by itself once it is started, and rests when it is stopped', async () => {
    const { checkpointer, chain, clock } = agency;
    await publish(2);
    checkpointer.start();
    checkpointer.start();
    while (checkpointer.waits() !== '') {
      clock.milliseconds += 10;
      chain.finalise();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    while ((await agency.logs.lastAnchorProof(1)) === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    await checkpointer.stop();
    await checkpointer.stop();
  });

  it('goes on signing by itself while the chain is down, says so, and catches up', async () => {
    const { checkpointer, chain, clock, log } = agency;
    const until = async (holds: () => boolean) => {
      while (!holds()) {
        clock.milliseconds += 10;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    chain.down = true;
    checkpointer.start();
    for (let i = 0; i < 3; i++) {
      await publish(2);
      await until(() => !log.unsigned);
    }
    await until(() => checkpointer.waits().startsWith('anchoring: CHAIN_UNREACHABLE'));
    chain.down = false;
    await until(() => chain.log(log.state.id)?.head?.size === log.size);
    await until(() => checkpointer.waits() === 'the anchoring block to become final');
    await checkpointer.stop();
  });

  it('goes on signing while the chain keeps it waiting, and gives that up when it stops', async () => {
    const { log, logs, commits, chain, clock } = agency;
    const waiting = (signal: AbortSignal | undefined) =>
      new Promise<never>((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)));
    const key = { publicKey: SIGNER, sign: () => new Uint8Array(64) };
    const options = { origin: { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR }, signMs: 5, anchorMs: 5 };
    const writer = {
      registerLog: () => chain.registerLog(),
      anchor: (_: unknown, signal?: AbortSignal) => waiting(signal),
    };
    const prover = { capture: (_: unknown, __: unknown, signal?: AbortSignal) => waiting(signal) };
    const view = chain;
    const needs = { log, store: logs, commits, key, view, clock, logger: silent };
    await publish(1);
    await agency.settle();
    await publish(1);
    await agency.checkpointer.sign();
    await agency.checkpointer.anchor();
    chain.finalise();
    const checkpointer = new Checkpointer(options, { ...needs, writer, prover });
    checkpointer.start();
    for (let i = 0; i < 3; i++) {
      await publish(1);
      while (log.unsigned) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await checkpointer.stop();
  });

  describe('whose key is replaced', () => {
    const secret = new Uint8Array(32).fill(8);
    const NEXT = ed25519.getPublicKey(secret);
    let next: Checkpointer<Batch>;

    beforeEach(() => {
      const { log, logs, commits, chain, clock } = agency;
      const key = { publicKey: NEXT, sign: (message: Uint8Array) => ed25519.sign(message, secret) };
      const options = { origin: { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR }, signMs: 10, anchorMs: 10 };
      const needs = { log, store: logs, commits, view: chain, writer: chain, prover: chain, clock, logger: silent };
      next = new Checkpointer(options, { ...needs, key });
    });
    afterEach(() => (member.keys.checkpoint = [{ key: SIGNER, since: 1 }]));

    const replace = (): void =>
      void (member.keys.checkpoint = [
        { key: SIGNER, since: 1, until: 5 },
        { key: NEXT, since: 5 },
      ]);
    const signedBy = (size: number, publicKey: Uint8Array): boolean => {
      const { signatures } = parseNote(agency.logs.checkpoint(1, size)!);
      return signatures.some(({ name, keyId: id }) => id === keyId({ name, publicKey }));
    };

    it('signs and anchors nothing from when the new key is sent, and goes on where it is not taken', async () => {
      await publish(2);
      await agency.settle();
      await publish(2);
      const release = agency.checkpointer.hold(NEXT);
      await agency.checkpointer.sign();
      expect(agency.log.state.signed?.size).to.equal(3);
      expect(agency.checkpointer.waits()).to.match(/checkpoint key/);
      release();
      await agency.checkpointer.sign();
      expect(agency.log.state.signed?.size).to.equal(6);
      agency.checkpointer.hold(NEXT);
      const sent = agency.chain.sent.length;
      await agency.checkpointer.anchor();
      expect(agency.chain.sent).to.have.length(sent);
    });

    it('is not held by a new key that is its own', async () => {
      await publish(2);
      agency.checkpointer.hold(SIGNER);
      await agency.checkpointer.sign();
      expect(agency.log.state.signed?.size).to.equal(3);
    });

    it('signs nothing with a key that the chain does not name, be it the old one or one to come', async () => {
      await publish(2);
      await next.sign();
      expect(agency.log.state.signed).to.equal(undefined);
      replace();
      await agency.checkpointer.sign();
      expect(agency.log.state.signed).to.equal(undefined);
      expect(agency.checkpointer.waits()).to.match(/checkpoint key/);
      await next.sign();
      expect(agency.log.state.signed?.size).to.equal(3);
      expect(signedBy(3, NEXT)).to.equal(true);
    });

    it('signs anew what the old one signed and the chain has not got, and leaves what was anchored', async () => {
      await publish(2);
      await agency.settle();
      await publish(2);
      await agency.checkpointer.sign();
      replace();
      const sent = agency.chain.sent.length;
      await next.anchor();
      expect(agency.chain.sent, 'not under the old signature').to.have.length(sent);
      await next.sign();
      expect(agency.log.size).to.equal(6);
      expect([signedBy(3, SIGNER), signedBy(6, NEXT), signedBy(6, SIGNER)]).to.deep.equal([true, true, false]);
      await next.anchor();
      expect(agency.chain.sent).to.have.length(sent + 1);
    });
  });
});
