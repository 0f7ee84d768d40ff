// One thing is corrupted at a time, and the audit names what, where and whose it is; nobody else is blamed.
import { expect } from 'chai';
import { fromUtf8, toHex, utf8 } from '../../node/core/bytes.ts';
import { decodeEntry, encodeEntry, ENTRY_KINDS, type Entry } from '../../node/core/entry.ts';
import type { LogId } from '../../node/core/ids.ts';
import { parseNote } from '../../node/core/note.ts';
import { decodeBundle, encodeBundle } from '../../node/core/tiles.ts';
import type { AuditResult } from '../../node/audit/audit.ts';
import { decodeAudit, emptyAudit, encodeAudit } from '../../node/audit/state.ts';
import type { Finding } from '../../node/audit/rule.ts';
import { eventFields, eventName } from '../helpers/event-fields.ts';
import { auditHistory, copyOf, noteOf, type History } from '../helpers/history.ts';
import { honestHistory, type HonestHistory } from '../helpers/honest-history.ts';
import { eventsIn, retold } from '../helpers/retold-chain.ts';

type Files = Map<string, Uint8Array>;

describe('an audit of a corrupted history', () => {
  let honest: HonestHistory;
  let clean: AuditResult;

  /** The chain of the history, audited without any log. */
  let chainOnly: Uint8Array;

  before(async () => {
    honest = await honestHistory();
    clean = await auditHistory(honest.history);
    const state = emptyAudit();
    await auditHistory({ ...honest.history, logs: new Map() }, {}, state);
    chainOnly = encodeAudit(state, honest.history.contracts);
  });

  it('finds nothing before anything is corrupted', () => {
    expect(clean.findings).to.deep.equal([]);
    expect(clean.complete).to.equal(true);
    expect(clean.logs.map(({ anchored, proven }) => anchored.size - proven)).to.deep.equal([0, 0, 0]);
  });

  async function auditWith(mutate: (history: History) => void): Promise<AuditResult> {
    const history = copyOf(honest.history);
    mutate(history);
    return auditHistory(history);
  }

  /** As `auditWith`, for what is served of logs: the chain is audited already. */
  async function auditLogsWith(mutate: (logs: History['logs']) => void): Promise<AuditResult> {
    const { contracts, blocks, logs } = honest.history;
    const copy = new Map(Array.from(logs, ([log, files]) => [log, new Map(files)]));
    mutate(copy);
    return auditHistory({ contracts, blocks, logs: copy }, {}, decodeAudit(chainOnly, contracts));
  }

  /** As `auditWith`, for one block: those before it are audited already, and no log is read. */
  async function auditBlockWith(index: number, mutate: (block: History['blocks'][0]) => void): Promise<AuditResult> {
    const { contracts, blocks } = honest.history;
    const block = structuredClone(blocks[index]!);
    mutate(block);
    const state = decodeAudit(await chainBefore(index), contracts);
    return auditHistory({ contracts, blocks: blocks.with(index, block), logs: new Map() }, {}, state);
  }

  const chains = new Map<number, Promise<Uint8Array>>();

  function chainBefore(index: number): Promise<Uint8Array> {
    const known = chains.get(index) ?? auditBefore(index);
    chains.set(index, known);
    return known;
  }

  async function auditBefore(index: number): Promise<Uint8Array> {
    const { contracts, blocks } = honest.history;
    const state = emptyAudit();
    await auditHistory({ contracts, blocks: blocks.slice(0, index), logs: new Map() }, {}, state);
    return encodeAudit(state, contracts);
  }

  /** Every finding is of this log and its source, and one is of a rule that is wanted. */
  function expectBlamed({ findings }: AuditResult, log: LogId, wanted: RegExp, what: string): readonly Finding[] {
    expect(findings, `${what}: nothing was found`).to.not.have.length(0);
    for (const { log: blamed, source } of findings) {
      expect(blamed, what).to.equal(log);
      expect(source, what).to.equal(`mirror/${log}`);
    }
    const rules = findings.map(({ rule }) => rule).join(' ');
    expect(rules, what).to.match(wanted);
    return findings;
  }

  async function corruptFile(
    log: LogId,
    path: string,
    change: (bytes: Uint8Array, files: Files) => Uint8Array | undefined,
  ): Promise<AuditResult> {
    return auditLogsWith((logs) => {
      const files = logs.get(log)!;
      const changed = change(Uint8Array.from(files.get(path)!), files);
      if (changed) files.set(path, changed);
      else files.delete(path);
    });
  }

  /** Ways to spoil any file. */
  const spoilers: [name: string, spoil: (bytes: Uint8Array) => Uint8Array | undefined][] = [
    ...[0, 0.25, 0.5, 0.75, 1].map((part): [string, (bytes: Uint8Array) => Uint8Array] => [
      `bit flipped at ${part}`,
      (bytes) => {
        bytes[Math.min(bytes.length - 1, Math.floor(part * bytes.length))]! ^= 4;
        return bytes;
      },
    ]),
    ['cut', (bytes) => bytes.subarray(0, -1)],
    ['longer', (bytes) => Uint8Array.from([...bytes, 0])],
    ['halved', (bytes) => bytes.subarray(0, bytes.length >> 1)],
    ['doubled', (bytes) => Uint8Array.from([...bytes, ...bytes])],
    ['empty', () => new Uint8Array()],
    ['gone', () => undefined],
  ];

  it('names every tile that is spoiled', async () => {
    for (const [log, files] of honest.history.logs) {
      for (const path of [...files.keys()].filter((path) => /^tile\/\d/.test(path))) {
        for (const [name, spoil] of spoilers) {
          const what = `${path} ${name}`;
          const result = await corruptFile(log, path, spoil);
          const findings = expectBlamed(result, log, /tile-wrong/, what);
          expect(findings.map(({ file }) => file)).to.deep.equal([path]);
          // The entries are all there, and prove what the tile should be.
          expect(result.digest, what).to.equal(clean.digest);
        }
      }
    }
  });

  it('names every bundle of entries that is spoiled, and the entries', async () => {
    for (const [log, files] of honest.history.logs) {
      for (const path of [...files.keys()].filter((path) => path.startsWith('tile/entries/'))) {
        const first = Number(path.slice('tile/entries/'.length).slice(0, 3)) * 256;
        const count = decodeBundle(files.get(path)!).length;
        for (const [name, spoil] of spoilers) {
          const what = `${path} ${name}`;
          const result = await corruptFile(log, path, spoil);
          for (const finding of expectBlamed(result, log, /entry-|bundle-unreadable/, what)) {
            expect(finding.file).to.equal(path);
            expect(finding.position, what).to.be.within(first, first + count);
          }
        }
      }
    }
  });

  it('names the entry that was changed, whichever of its members, of every kind', async () => {
    let changed = 0;
    const kinds = new Set<string>();
    const corrupt = async (log: LogId, path: string, at: number, of: readonly Uint8Array[]): Promise<void> => {
      const entry = decodeEntry(of[at]!);
      kinds.add(entry.kind);
      for (const [name, value] of Object.entries(entry)) {
        changed++;
        const forged = otherEntry(entry, name, value);
        const what = `${path} entry ${at}, ${entry.kind}: ${name}`;
        const result = await corruptFile(log, path, () => encodeBundle(of.with(at, forged)));
        const [finding, ...others] = expectBlamed(result, log, /^entry-rewritten$/, what);
        expect(others).to.have.length(0);
        expect(finding?.position).to.equal(Number(path.slice(13, 16)) * 256 + at);
      }
    };
    const { long, short } = honest;
    for (const path of ['tile/entries/000', 'tile/entries/001', 'tile/entries/003.p/36']) {
      const entries = decodeBundle(honest.history.logs.get(long.log)!.get(path)!);
      for (const at of [0, 44, 45, entries.length - 1].filter((index) => index < entries.length))
        await corrupt(long.log, path, at, entries);
    }
    const files = honest.history.logs.get(short.log)!;
    const path = [...files.keys()].find((name) => name.startsWith('tile/entries/')) ?? '';
    const entries = decodeBundle(files.get(path)!);
    for (const at of entries.keys()) await corrupt(short.log, path, at, entries);
    expect([...kinds].sort()).to.deep.equal([...ENTRY_KINDS].sort());
    expect(changed).to.be.above(80);
  });

  it('tells an entry left out, put in, doubled or moved', async () => {
    const { log } = honest.long;
    const path = 'tile/entries/001';
    const entries = decodeBundle(honest.history.logs.get(log)!.get(path)!);
    const [a, b] = [entries[10]!, entries[20]!];
    const cases: [string, Uint8Array[], RegExp, number][] = [
      ['left out', entries.toSpliced(10, 1), /^entry-missing$/, 266],
      ['last left out', entries.slice(0, -1), /^entry-missing$/, 511],
      ['moved', entries.with(10, b).with(20, a), /^entry-reordered$/, 266],
      ['doubled in place of the next', entries.with(11, a), /^entry-reordered$/, 267],
    ];
    for (const [what, forged, rule, position] of cases) {
      const result = await corruptFile(log, path, () => encodeBundle(forged));
      const [finding] = expectBlamed(result, log, rule, what);
      expect(finding?.position, what).to.equal(position);
    }
    const partial = 'tile/entries/003.p/36';
    const few = decodeBundle(honest.history.logs.get(log)!.get(partial)!);
    for (const [what, forged, position] of [
      ['doubled', few.toSpliced(5, 0, few[4]!), 773],
      ['put in', few.toSpliced(5, 0, utf8('{}')), 773],
      ['put behind', [...few, few[0]!], 804],
    ] as const) {
      const result = await corruptFile(log, partial, () => encodeBundle(forged));
      const [finding] = expectBlamed(result, log, /^entry-extra$/, what);
      expect(finding?.position, what).to.equal(position);
    }
  });

  it('names the source of a checkpoint that is spoiled in any part', async () => {
    for (const [log] of honest.history.logs) {
      const note = noteOf(honest.history, log);
      const { text } = parseNote(note);
      const [origin = '', size = '', root = ''] = text.split('\n');
      const signature = note.trimEnd().split(' ').at(-1)!;
      const other = [...honest.history.logs.keys()].find((id) => id !== log)!;
      const cases: [string, string, RegExp][] = [
        ['origin', note.replaceAll(origin, origin.replace('/v1/', '/v2/')), /note-origin|note-signature/],
        ['chain id', note.replaceAll('/320904/', '/320905/'), /note-origin/],
        ['size', note.replace(`\n${size}\n`, `\n${Number(size) + 1}\n`), /note-signature/],
        ['smaller size', note.replace(`\n${size}\n`, `\n${Number(size) - 1}\n`), /note-signature/],
        ['root', note.replace(root, `${root.startsWith('A') ? 'B' : 'A'}${root.slice(1)}`), /note-root/],
        [
          'key id',
          note.replace(signature, `${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`),
          /note-signature/,
        ],
        ['signature', note.replace(signature, `${signature.slice(0, 40)}AAAA${signature.slice(44)}`), /note-signature/],
        ['no signature', note.slice(0, note.indexOf('\n\n') + 2), /note-unreadable/],
        ['key name', note.replace(`— ${origin}`, `— x${origin}`), /note-signature/],
        ['an extension', note.replace('\n\n', '\nmore\n\n'), /note-signature/],
        ['of another log', noteOf(honest.history, other), /note-origin/],
        ['no text', '', /note-unreadable/],
        ['only a character', '\uFFFD', /note-unreadable/],
      ];
      for (const [what, forged, rule] of cases) {
        expect(forged, what).to.not.equal(note);
        const result = await corruptFile(log, 'checkpoint', () => utf8(forged));
        const findings = expectBlamed(result, log, rule, what);
        expect(new Set(findings.map(({ file }) => file)), what).to.deep.equal(new Set(['checkpoint']));
        expect(result.digest, what).to.equal(clean.digest);
      }
      const gone = await corruptFile(log, 'checkpoint', () => undefined);
      expect(gone.unread.map(({ log }) => log)).to.deep.equal([log]);
      expect(gone.complete).to.equal(false);
    }
  });

  it('names the source of a checkpoint of which any line is another', async () => {
    const { log } = honest.short;
    const note = noteOf(honest.history, log);
    let at = 0;
    let changed = 0;
    for (const line of note.split('\n')) {
      for (const place of new Set([0, line.length >> 1, Math.max(0, line.length - 2), line.length])) {
        changed++;
        const index = at + place;
        const forged = `${note.slice(0, index)}${note[index] === 'B' ? 'C' : 'B'}${note.slice(index + 1)}`;
        const result = await corruptFile(log, 'checkpoint', () => utf8(forged));
        const what = `character ${place} of ${line}`;
        for (const { file } of expectBlamed(result, log, /^note-/, what)) expect(file, what).to.equal('checkpoint');
        expect(result.digest, what).to.equal(clean.digest);
      }
      at += line.length + 1;
    }
    expect(changed).to.be.above(15);
  });

  it('finds every field of a block header that an engine changes', async () => {
    let changed = 0;
    for (const [i, { block }] of honest.history.blocks.entries()) {
      const encoded = ['parentHash', 'sha3Uncles', 'miner', 'stateRoot', 'transactionsRoot', 'receiptsRoot', 'logsBloom', 'difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp', 'extraData', 'mixHash', 'nonce', 'baseFeePerGas', 'hash'] as const; // prettier-ignore
      for (const name of encoded) {
        const value = block[name];
        if (typeof value !== 'string') continue;
        changed++;
        const result = await auditBlockWith(i, ({ block }) => {
          const last = value.at(-1) === '1' ? '2' : '1';
          const forged = value === '0x' ? '0x11' : `${value.slice(0, -1)}${last}`;
          Object.assign(block, { [name]: forged });
        });
        expectEngineBlamed(result, i, /block-/, `block ${i} ${name}`);
      }
    }
    expect(changed).to.be.above(300);
  });

  function expectEngineBlamed(result: AuditResult, index: number, rule: RegExp, what: string): void {
    expect(result.findings, what).to.not.have.length(0);
    for (const finding of result.findings.filter(({ rule }) => rule.startsWith('block-'))) {
      expect(finding.source, what).to.equal('told chain');
      expect(finding.block, what).to.equal(honest.history.contracts.block + index);
      expect(finding.rule, what).to.match(rule);
    }
    expect(result.complete, what).to.equal(false);
    expect(result.head?.number ?? honest.history.contracts.block - 1, what).to.equal(
      honest.history.contracts.block + index - 1,
    );
  }

  it('finds every event that an engine hides, adds or changes', async () => {
    let changed = 0;
    for (const [i, { receipts = [] }] of honest.history.blocks.entries()) {
      for (const [r, receipt] of receipts.entries()) {
        const spoil = async (
          what: string,
          mutate: (receipts: NonNullable<History['blocks'][0]['receipts']>) => void,
        ) => {
          changed++;
          const result = await auditBlockWith(i, ({ receipts }) => mutate(receipts!));
          expectEngineBlamed(result, i, /^block-receipts$/, `block ${i}, receipt ${r}: ${what}`);
        };
        await spoil('status', (all) => (all[r]!.status = '0x0'));
        await spoil('gas', (all) => (all[r]!.cumulativeGasUsed = '0x1'));
        await spoil('bloom', (all) => (all[r]!.logsBloom = `0x${'00'.repeat(256)}`));
        await spoil('left out', (all) => void all.splice(r, 1));
        await spoil('doubled', (all) => void all.splice(r, 0, all[r]!));
        for (const nonsense of [null, undefined, 5, 'x', {}, [null], [{}], [{ address: '0x', data: 5, topics: [] }]]) {
          await spoil('nonsense for events', (all) => Object.assign(all[r]!, { logs: nonsense }));
          await spoil('nonsense for receipts', (all) => Object.assign(all, { [r]: nonsense }));
        }
        for (const [l, log] of receipt.logs.entries()) {
          await spoil('event left out', (all) => void all[r]!.logs.splice(l, 1));
          await spoil('event doubled', (all) => void all[r]!.logs.splice(l, 0, log));
          await spoil('address', (all) => (all[r]!.logs[l]!.address = `0x${'11'.repeat(20)}`));
          if (log.data.length > 2) await spoil('data', (all) => (all[r]!.logs[l]!.data = flipHex(log.data)));
          for (const t of log.topics.keys())
            await spoil('topic', (all) => (all[r]!.logs[l]!.topics[t] = flipHex(log.topics[t]!)));
        }
      }
      if (receipts.length === 0) continue;
      const hidden = await auditBlockWith(i, (block) => delete block.receipts);
      expectEngineBlamed(hidden, i, /^block-receipts$/, `block ${i}: all hidden`);
    }
    expect(changed).to.be.above(200);
  });

  describe('told by an engine that makes up every hash', () => {
    /** What no other event and no log vouches for: it is told by the hash of a block that another knows, and by nothing else. */
    const VOUCHED_BY_NOBODY = [
      // What the founding transaction says of founders that have no log; of others it is voted on.
      'MemberAdmitted.admission.name at first',
      'MemberAdmitted.admission.region at first',
      'MemberAdmitted.admission.transaction at first',
      'MemberAdmitted.admission.keys.checkpoint at first',
      'MemberAdmitted.admission.keys.sealing at first',
      'MemberAdmitted.admission.keys.nodePeer at first',
      'MemberAdmitted.admission.keys.gatewayPeer at first',
      'MemberAdmitted.admission.keys.client at first',
      'MemberAdmitted.admission.endpoints at first',
      // A member's own word.
      'EndpointsChanged.endpoints',
      'GrantSuspended.reason',
      'GrantWithdrawn.grant at last',
      'GrantWithdrawn.reason at first',
      'GrantWithdrawn.reason at last',
      // Of these the openings of accesses tell, where they are handed over.
      'GrantConsumed.queryId at last',
      'GrantWithdrawn left out at last',
      'GrantConsumed left out at last',
      'GrantRegistered left out at last',
      // Nothing that came later depends on it.
      'Anchored left out at first',
      'Anchored left out at last',
      'ApprovalWithdrawn left out',
      'EndpointsChanged left out',
      'GrantResumed left out',
      'GrantItemFailed left out at last',
      // It says the same again, and changes nothing.
      'EndpointsChanged twice',
      'KeyRotated twice',
      'GrantItemFailed twice at first',
      'GrantItemFailed twice at last',
      'ThresholdChanged twice at first',
    ];

    /** Of the first event of a type, and of the last: the audit must name the block, or one behind it. */
    async function tryEach(
      event: string,
      what: string,
      change: (told: ReturnType<typeof eventsIn>[number]) => void,
    ): Promise<string[]> {
      // prettier-ignore
      const { history } = honest;
      const of = (blocks: History['blocks']): ReturnType<typeof eventsIn> =>
        eventsIn(blocks).filter(({ log }) => eventName(history.contracts, log) === event);
      const count = of(history.blocks).length;
      expect(count, `no ${event} in the history`).to.be.above(0);
      const missed: string[] = [];
      for (const nth of new Set([0, count - 1])) {
        let block = 0;
        const told = retold(history, (blocks) => {
          const one = of(blocks)[nth]!;
          ({ block } = one);
          change(one);
        });
        const from = decodeAudit(await chainBefore(block - history.contracts.block), history.contracts);
        const onChain = await auditHistory({ ...told, logs: new Map() }, {}, from);
        const { findings } = onChain.findings.length > 0 ? onChain : await auditHistory(told);
        for (const finding of findings)
          if (finding.block !== undefined) expect(finding.block, what).to.be.at.least(block);
        if (findings.length > 0) continue;
        missed.push(`${what}${count === 1 ? '' : nth === 0 ? ' at first' : ' at last'}`);
      }
      return missed;
    }

    const fields = eventFields().filter(({ event }) => !isOfRecognition(event));
    const whole = / left out| twice/;

    it('is given away by the others, for every field of every event', async () => {
      const missed: string[] = [];
      for (const { name, event, change } of fields)
        missed.push(...(await tryEach(event, name, ({ log }) => change(log))));
      expect(missed.sort()).to.deep.equal(VOUCHED_BY_NOBODY.filter((what) => !whole.test(what)).toSorted());
    });

    it('is given away where it leaves an event out, or tells one twice', async () => {
      const missed: string[] = [];
      for (const event of new Set(fields.map((field) => field.event))) {
        missed.push(...(await tryEach(event, `${event} left out`, ({ log, logs }) => void logs.splice(logs.indexOf(log), 1)))); // prettier-ignore
        missed.push(...(await tryEach(event, `${event} twice`, ({ log, logs }) => void logs.splice(logs.indexOf(log), 0, structuredClone(log))))); // prettier-ignore
      }
      expect(missed.sort()).to.deep.equal(VOUCHED_BY_NOBODY.filter((what) => whole.test(what)).toSorted());
    });
  });

  it('does not depend on what an engine says that no hash proves', async () => {
    const result = await auditWith(({ blocks }) => {
      for (const log of blocks.flatMap(({ receipts = [] }) => receipts.flatMap(({ logs }) => logs))) {
        log.logIndex = '0x77';
        log.blockNumber = '0x1';
        log.blockHash = toHex(new Uint8Array(32));
        log.transactionHash = toHex(new Uint8Array(32));
      }
    });
    expect(result.findings).to.deep.equal([]);
    expect(result.digest).to.equal(clean.digest);
  });

  it('finds a block that an engine leaves out, tells twice or out of its order', async () => {
    const count = honest.history.blocks.length;
    for (let i = 0; i < count; i++) {
      const missing = await auditWith(({ blocks }) => void blocks.splice(i, 1));
      if (i < count - 1) expectEngineBlamed(missing, i, /^block-(number|parent|hash)$/, `${i} left out`);
      else expect(missing.complete).to.equal(true);
      const twice = await auditWith(({ blocks }) => void blocks.splice(i, 0, blocks[i]!));
      expectEngineBlamed(twice, i + 1, /^block-(number|parent)$/, `${i} twice`);
    }
  });

  it('refuses a chain that is not the one the auditor knows', async () => {
    const { history } = honest;
    const right = history.blocks.at(-1)!.block.hash as `0x${string}`;
    expect((await auditHistory(history, { trusted: right })).findings).to.deep.equal([]);
    const wrong = await auditHistory(history, { trusted: toHex(new Uint8Array(32).fill(1)) });
    expect(wrong.findings.map(({ rule }) => rule)).to.deep.equal(['block-trusted']);
  });

  it('finds contracts that are others than said', async () => {
    const contracts = honest.history.contracts;
    const cases: [string, Partial<typeof contracts>, string][] = [
      ['deployment', { deployment: `0x${'12'.repeat(32)}` }, 'log-id'],
      ['chain id', { chainId: 7 }, 'log-id'],
    ];
    for (const [what, other, rule] of cases) {
      const result = await auditWith((history) => Object.assign(history.contracts, other));
      expect(
        result.findings.map((finding) => finding.rule),
        what,
      ).to.include(rule);
    }
    const later = await auditWith((history) => {
      history.contracts.block++;
      history.blocks.shift();
    });
    expect(later.findings.map(({ rule }) => rule)).to.not.have.length(0);
    const earlier = copyOf(honest.history);
    earlier.contracts.block--;
    expect((await auditHistory(earlier)).complete).to.equal(false);
  });
});

/** The entry with one member otherwise; another kind has other members, and cannot be of the same bytes. */
function otherEntry(entry: Entry, name: string, value: unknown): Uint8Array {
  if (name === 'kind') return utf8(fromUtf8(encodeEntry(entry)).replace(`"kind":"${String(value)}"`, '"kind":"other"'));
  if (typeof value === 'number') return encodeEntry({ ...entry, [name]: value === 0 ? 1 : value - 1 });
  if (typeof value === 'string') return encodeEntry({ ...entry, [name]: `${value}x` });
  const bytes = Uint8Array.from(value as Uint8Array);
  bytes[31]! ^= 1;
  return encodeEntry({ ...entry, [name]: bytes });
}

function isOfRecognition(event: string): boolean {
  return /^(Agreement|Officer|Case)/.test(event);
}

function flipHex(text: string): string {
  const last = text.at(-1) === '1' ? '2' : '1';
  return `${text.slice(0, -1)}${last}`;
}
