// A log that is large enough to have tiles of three levels, served in ways that only such a log can be.
import { expect } from 'chai';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Anchor } from '../../../node/audit/chain-fold.ts';
import { auditLog } from '../../../node/audit/log-audit.ts';
import { emptyLog, type LogFoldState } from '../../../node/audit/log-fold.ts';
import { decodeAudit, emptyAudit, encodeAudit } from '../../../node/audit/state.ts';
import type { LogSubject } from '../../../node/audit/log-subject.ts';
import type { LogSource } from '../../../node/audit/ports.ts';
import type { Finding } from '../../../node/audit/rule.ts';
import { entryRules } from '../../../node/audit/rules/entries.ts';
import { utf8 } from '../../../node/core/bytes.ts';
import { checkpointOrigin, encodeCheckpoint } from '../../../node/core/checkpoint.ts';
import { encodeEntry } from '../../../node/core/entry.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { leafHash, TreeFrontier } from '../../../node/core/merkle.ts';
import { signNote } from '../../../node/core/note.ts';
import { LOG, MEMBER } from '../../helpers/bundle.ts';
import { digest } from '../../helpers/consortium-on-anvil.ts';
import { publishes } from '../../helpers/honest-history.ts';
import { filesOf, type MadeFiles } from '../../helpers/log-files.ts';
import { rejection } from '../../helpers/rejection.ts';

const SIZE = 66_000;
const TIME = 1_780_000_000;
const contracts = {
  chainId: 7,
  membership: `0x${'aa'.repeat(20)}`,
  logAnchor: `0x${'bb'.repeat(20)}`,
  grantRegistry: `0x${'cc'.repeat(20)}`,
  recognitionRegistry: `0x${'dd'.repeat(20)}`,
  deployment: `0x${'cc'.repeat(32)}`,
  block: 1,
} as const;
const secret = digest('secret');

describe('audit of a large log', () => {
  let made: MadeFiles;
  let subject: LogSubject;

  before(async () => {
    const status = encodeEntry({ kind: 'status', time: TIME, root: new Uint8Array(32) });
    const entries = publishes(SIZE, TIME).map(encodeEntry);
    const anchored = [300, 30_000, 65_000, SIZE];
    for (const size of anchored) entries[size - 1] = status;
    const tree = new TreeFrontier();
    const anchors: Anchor[] = [];
    for (const entry of entries) {
      tree.append(leafHash(entry));
      if (anchored.includes(tree.size)) anchors.push({ size: tree.size, root: tree.root(), block: 5, time: TIME });
    }
    made = await filesOf(entries, { log: LOG, contracts, secret });
    subject = {
      origin: checkpointOrigin({ chainId: 7, logAnchor: contracts.logAnchor, log: LOG }),
      owner: MEMBER,
      closed: false,
      anchors,
      keys: [{ member: MEMBER, key: ed25519.getPublicKey(secret), since: 1, until: undefined }],
      time: TIME,
      place: { log: LOG, member: MEMBER },
    };
  });

  /** The log as it was at 65,000 entries: what is left has tiles of every level above it. */
  let kept: Uint8Array | undefined;

  async function nearTheEnd(): Promise<LogFoldState> {
    if (!kept) {
      const state = await upTo(3);
      kept = encodeAudit({ ...emptyAudit(), logs: new Map([[LOG, state]]) }, contracts);
    }
    return decodeAudit(kept, contracts).logs.get(LOG)!;
  }

  /** Audited up to one of the anchors, from 1 on. */
  async function upTo(count: number): Promise<LogFoldState> {
    const whole = subject;
    subject = { ...whole, anchors: whole.anchors.slice(0, count) };
    try {
      const { findings, state } = await audited();
      expect(findings).to.deep.equal([]);
      expect(state.frontier.size).to.equal(subject.anchors.at(-1)?.size);
      return state;
    } finally {
      subject = whole;
    }
  }

  interface Audited {
    findings: Finding[];
    state: LogFoldState;
    read: string[];
  }

  async function audited(
    corrupt: (files: Map<string, Uint8Array>) => void = () => {},
    { state = emptyLog(), down = () => false }: { state?: LogFoldState; down?: (path: string) => boolean } = {},
  ): Promise<Audited> {
    const files = new Map(made.files);
    corrupt(files);
    const findings: Finding[] = [];
    const read: string[] = [];
    const source: LogSource = {
      name: 'memory',
      read: async (path) => {
        read.push(path);
        if (down(path)) throw new XinlianError('UNREACHABLE', { peer: 'memory', reason: 'down' });
        return files.get(path);
      },
    };
    const found = (more: Finding[]): void => void findings.push(...more);
    await auditLog(subject, state, source, { rules: entryRules, concurrency: 4, found, progress: () => {} });
    return { findings, state, read };
  }

  async function noteOver(size: number, root: Uint8Array): Promise<Uint8Array> {
    const signer = { name: subject.origin, publicKey: ed25519.getPublicKey(secret), sign: (text: Uint8Array) => ed25519.sign(text, secret) }; // prettier-ignore
    return utf8(await signNote(encodeCheckpoint({ origin: subject.origin, size, root }), signer));
  }

  function flip(path: string, at = 0): (files: Map<string, Uint8Array>) => void {
    return (files) => {
      const bytes = Uint8Array.from(files.get(path)!);
      bytes[at]! ^= 1;
      files.set(path, bytes);
    };
  }

  it('proves all of it, and reads each file once', async () => {
    const { findings, state, read } = await audited();
    expect(findings).to.deep.equal([]);
    expect(state.frontier.size).to.equal(SIZE);
    expect(new Set(read).size).to.equal(read.length);
    expect(new Set(read)).to.deep.equal(new Set(made.files.keys()));
  });

  it('names a tile of any level that is wrong, and proves its hashes by those below', async () => {
    for (const path of [
      'tile/0/254',
      'tile/0/256',
      'tile/0/257.p/208',
      'tile/1/000',
      'tile/1/001.p/1',
      'tile/2/000.p/1',
    ]) {
      const { findings, state } = await audited(flip(path), { state: await nearTheEnd() });
      expect(
        findings.map(({ rule, file }) => `${rule} ${file}`),
        path,
      ).to.deep.equal([`tile-wrong ${path}`]);
      expect(state.frontier.size, path).to.equal(SIZE);
    }
  });

  it('names two tiles at the edge that are wrong at once', async () => {
    const { findings, state } = await audited(
      (files) => {
        flip('tile/1/001.p/1')(files);
        flip('tile/2/000.p/1')(files);
      },
      { state: await nearTheEnd() },
    );
    expect(findings.map(({ file }) => file)).to.have.members(['tile/1/001.p/1', 'tile/2/000.p/1']);
    expect(state.frontier.size).to.equal(SIZE);
  });

  it('names an entry under a tile that is wrong too', async () => {
    const { findings, state } = await audited(
      (files) => {
        flip('tile/1/000')(files);
        flip('tile/entries/254', 100)(files);
      },
      { state: await nearTheEnd() },
    );
    const told = findings.map(({ rule, file }) => `${rule} ${file}`);
    expect(told).to.have.members(['tile-wrong tile/1/000', 'entry-rewritten tile/entries/254']);
    expect(state.frontier.size).to.equal(65_024);
  });

  it('names the range where neither hashes nor entries prove anything, and goes on behind it', async () => {
    const { findings, state } = await audited((files) => {
      flip('tile/0/010')(files);
      flip('tile/entries/010', 100)(files);
      flip('tile/entries/020', 100)(files);
    });
    const range = findings.find(({ rule }) => rule === 'range-unproved');
    expect(range).to.include({ position: 2_560, end: 2_816 });
    expect(findings.map(({ rule }) => rule)).to.have.members(['range-unproved', 'entry-rewritten']);
    expect(findings.find(({ rule }) => rule === 'entry-rewritten')?.file).to.equal('tile/entries/020');
    // Nothing behind what is not proven is judged.
    expect(state.frontier.size).to.equal(2_560);
  });

  it('goes on where it was when the source is back', async () => {
    const state = emptyLog();
    const down = (path: string): boolean => path === 'tile/entries/100';
    const error = await rejection(audited(undefined, { state, down }));
    expect(XinlianError.is(error, 'UNREACHABLE')).to.equal(true);
    expect(state.frontier.size).to.be.above(20_000).and.below(SIZE);
    const { findings } = await audited(undefined, { state });
    expect(findings).to.deep.equal([]);
    expect(state.frontier.size).to.equal(SIZE);
    expect(state.frontier.root()).to.deep.equal(made.root);
    expect([...state.kinds.values()].reduce((sum, count) => sum + count)).to.equal(SIZE);
  });

  it('judges each entry by the anchor that covers it first, and each anchor by the entries under it', async () => {
    const whole = subject;
    const [first, second, ...others] = whole.anchors as [Anchor, Anchor, ...Anchor[]];
    const late = { ...second, time: TIME + 100_000 };
    subject = { ...whole, anchors: [{ ...first, root: digest('forked') }, late, ...others] };
    try {
      const { findings, state } = await audited();
      expect(findings.filter(({ rule }) => rule === 'anchored-late')).to.have.length(30_000 - 300);
      expect(findings.find(({ rule }) => rule === 'anchored-late')).to.include({ position: 300 });
      const others = findings.filter(({ rule }) => rule !== 'anchored-late');
      expect(others.map(({ rule, position }) => [rule, position])).to.deep.equal([['anchor-inconsistent', 299]]);
      expect(state.frontier.size).to.equal(SIZE);
    } finally {
      subject = whole;
    }
  });

  it('names what is withheld, and goes as far as the rest proves', async () => {
    const { findings, state } = await audited((files) => {
      files.delete('tile/0/257.p/208');
      files.delete('tile/entries/257.p/208');
    });
    expect(findings.map(({ rule, position, end }) => [rule, position, end])).to.deep.equal([
      ['log-withheld', 65_000, SIZE],
    ]);
    expect(state.frontier.size).to.equal(65_000);
  });

  it('gives up on a size that nobody could fill', async () => {
    // A first anchor is taken with any size and root; a few made-up hashes give the root.
    const size = 2 ** 40;
    const root = digest('made up');
    const whole = subject;
    subject = { ...whole, anchors: [{ size, root, block: 5, time: TIME }] };
    try {
      const note = await noteOver(size, root);
      const { findings, state } = await audited((files) => {
        files.clear();
        files.set('checkpoint', note);
        files.set('tile/5/000.p/1', root);
      });
      expect(new Set(findings.map(({ rule }) => rule))).to.deep.equal(new Set(['tile-wrong', 'range-unproved']));
      expect(findings).to.have.length.below(5_000);
      expect(state.frontier.size).to.equal(0);
    } finally {
      subject = whole;
    }
  });

  it('reads a mirror that has grown since, by the widths that it has', async () => {
    await upTo(2);
  });
});
