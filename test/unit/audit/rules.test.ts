// Each rule by itself: facts that break it, and the nearest ones that do not.
import { expect } from 'chai';
import type { Anchor } from '../../../node/audit/chain-fold.ts';
import { GrantLedger } from '../../../node/audit/grant-ledger.ts';
import type { Rule } from '../../../node/audit/rule.ts';
import { RULES, eventRules } from '../../../node/audit/rules.ts';
import { blockRules, type BlockFacts } from '../../../node/audit/rules/blocks.ts';
import { anchoredRootRules, entryRules, type EntryFacts, type LogBefore } from '../../../node/audit/rules/entries.ts';
import type { EventFacts } from '../../../node/audit/rules/events.ts';
import { grantRules } from '../../../node/audit/rules/grants.ts';
import { recognitionRules } from '../../../node/audit/rules/recognition.ts';
import { answerRules, joinRules, useRules } from '../../../node/audit/rules/joins.ts';
import { openingRules } from '../../../node/audit/rules/openings.ts';
import { readRules } from '../../../node/audit/rules/reads.ts';
import { recordRules } from '../../../node/audit/rules/records.ts';
import { noteRules, type NoteFacts } from '../../../node/audit/rules/notes.ts';
import { bundleRules, rangeRules, tileRules, treeRules } from '../../../node/audit/rules/served.ts';
import { viewRules } from '../../../node/audit/rules/views.ts';
import { strangeEvent } from '../../../node/audit/rules/strange.ts';
import type { ChainEvent, ConsortiumContracts, EventBody } from '../../../node/chain/events.ts';
import type { Admission } from '../../../node/core/council.ts';
import { ConsortiumState } from '../../../node/chain/state.ts';
import { concat, utf8, type Hex } from '../../../node/core/bytes.ts';
import type { Entry } from '../../../node/core/entry.ts';
import { logIdOf, type LogId } from '../../../node/core/ids.ts';
import { bodyOf, digest } from '../../helpers/consortium-on-anvil.ts';

const tested = new Set<string>();

/** What a rule of a list says: undefined where it holds. */
function of<Facts>(
  rules: readonly Rule<Facts>[],
  id: string,
): (facts: Facts) => { wanted: string; got: string } | undefined {
  const rule = rules.find((one) => one.id === id);
  if (!rule) throw new Error(`no rule ${id}`);
  tested.add(id);
  return rule.check;
}

describe('rules of blocks', () => {
  const hash: Hex = `0x${'11'.repeat(32)}`;
  const parentHash: Hex = `0x${'22'.repeat(32)}`;
  const receiptsRoot: Hex = `0x${'33'.repeat(32)}`;
  const sound: BlockFacts = {
    number: 5,
    told: { number: 5, hash },
    header: { hash, parentHash, number: 5, timestamp: 100, receiptsRoot },
    parent: { hash: parentHash, time: 100 },
    receiptsRoot,
    seals: undefined,
    trusted: hash,
  };
  const header = sound.header!;
  const breaks: [id: string, Partial<BlockFacts>][] = [
    ['block-number', { header: { ...header, number: 6 } }],
    ['block-number', { header: undefined, told: { number: 4, hash } }],
    ['block-hash', { header: undefined }],
    ['block-parent', { parent: { hash, time: 100 } }],
    ['block-time', { parent: { hash: parentHash, time: 101 } }],
    ['block-seals', { seals: { wanted: 'a signer', got: 'another' } }],
    ['block-receipts', { receiptsRoot: hash }],
    ['block-trusted', { trusted: parentHash }],
  ];
  for (const [id, change] of breaks) {
    it(`${id} finds ${Object.keys(change).join(' and ')}`, () => {
      const check = of(blockRules, id);
      expect(check(sound)).to.equal(undefined);
      expect(check({ ...sound, ...change })).to.include.keys('wanted', 'got');
    });
  }

  it('hold for a first block, and for one that needs no receipts', () => {
    const first = { ...sound, parent: undefined, receiptsRoot: undefined, trusted: undefined };
    for (const { id, check } of blockRules) expect(check(first), id).to.equal(undefined);
  });
});

describe('rules of events', () => {
  const contracts: ConsortiumContracts = {
    chainId: 7,
    membership: `0x${'aa'.repeat(20)}`,
    logAnchor: `0x${'bb'.repeat(20)}`,
    grantRegistry: `0x${'cc'.repeat(20)}`,
    recognitionRegistry: `0x${'dd'.repeat(20)}`,
    deployment: `0x${'cc'.repeat(32)}`,
    block: 1,
  };
  const scope: Hex = `0x${'00'.repeat(32)}`;
  const [first, second, third, newcomer] = [bodyOf(0), bodyOf(1), bodyOf(2), bodyOf(9, ['source'])] as const;
  const parts = { chainId: 7, logAnchor: contracts.logAnchor, deployment: contracts.deployment, scope };
  const log = logIdOf({ ...parts, owner: first.id, ordinal: 0 });
  const next = logIdOf({ ...parts, owner: first.id, ordinal: 1 });
  const root = digest('root');
  const reason: Hex = `0x${'dd'.repeat(32)}`;

  function placed(body: EventBody, block = 9): ChainEvent {
    return { ...body, block, blockHash: scope, transaction: scope, logIndex: 0 };
  }

  const admitted = (admission: Admission, member = first.id): EventBody => ({
    type: 'MemberAdmitted',
    member,
    admission,
  });

  /** Three council members, threshold 2, a log of the first with one checkpoint, and what is given. */
  function stateOf(...more: EventBody[]): ConsortiumState {
    const state = new ConsortiumState();
    const events: EventBody[] = [
      ...[first, second, third].map(({ id, admission }) => admitted(admission, id)),
      { type: 'ThresholdChanged', threshold: 2 },
      { type: 'LogRegistered', log, owner: first.id, scope, ordinal: 0 },
      { type: 'Anchored', log, size: 10, root },
      ...more,
    ];
    state.apply({ number: 1, hash: scope, parent: scope, time: 50, events: events.map((body) => placed(body, 1)) });
    return state;
  }

  interface Case {
    event: EventBody;
    state?: ConsortiumState;
    /** Events of the transaction, before and behind. */
    before?: EventBody[];
    behind?: EventBody[];
    call?: Hex;
    founding?: boolean;
    time?: number;
    block?: number;
  }

  function factsOf({
    event,
    state = stateOf(),
    before = [],
    behind = [],
    call,
    founding = false,
    time = 100,
    block = 9,
  }: Case): EventFacts {
    const own = placed(event, block);
    const at = (body: EventBody): ChainEvent => placed(body, block);
    const transaction = [...before.map(at), own, ...behind.map(at)];
    const { threshold } = state;
    const grants = new GrantLedger();
    return { event: own, state, grants, contracts, time, founding, transaction, threshold, call, revert: undefined };
  }

  const proposed: EventBody = { type: 'Proposed', proposal: 1n, proposer: first.id, call: '0x1234', expiresAt: 1_000 };
  const approved = (approver = first.id, approvals = 1): EventBody => ({
    type: 'Approved',
    proposal: 1n,
    approver,
    approvals,
  });
  const LIFETIME = 30 * 86_400;
  const executed: EventBody = { type: 'Executed', proposal: 1n };
  const suspended: EventBody = { type: 'MemberSuspended', member: third.id, reason };
  const anchored = (size: number): EventBody => ({ type: 'Anchored', log, size, root });
  const closed: EventBody = { type: 'LogClosed', log, successor: next, size: 10, root };
  const registered = (ordinal: number, id: LogId, owner = first.id): EventBody => ({ type: 'LogRegistered', log: id, owner, scope, ordinal }); // prettier-ignore
  const other = logIdOf({ ...parts, owner: second.id, ordinal: 0 });
  const rotated = (key: Uint8Array): EventBody => ({ type: 'KeyRotated', member: first.id, kind: 'checkpoint', key });
  const account = (previous: Hex, current: Hex): EventBody => ({ type: 'TransactionKeyRotated', member: first.id, previous, current }); // prettier-ignore
  const own = first.admission.transaction;
  const fresh: Hex = `0x${'99'.repeat(20)}`;

  const cases: [id: string, breaks: Case, holds: Case][] = [
    ['event-of-nobody', { event: { type: 'MemberResumed', member: newcomer.id } }, { event: suspended }],
    ['event-of-nobody', { event: { type: 'Anchored', log: other, size: 1, root } }, { event: anchored(11) }],
    ['event-of-nobody', { event: registered(0, other, newcomer.id) }, { event: registered(0, other, second.id) }],
    ['founding-block', { event: admitted(first.admission), founding: true, block: 2 }, { event: admitted(first.admission), founding: true, block: 1 }], // prettier-ignore
    [
      'member-id',
      { event: admitted(newcomer.admission, first.id) },
      { event: admitted(newcomer.admission, newcomer.id) },
    ],
    ['member-status', { event: admitted(first.admission) }, { event: admitted(newcomer.admission, newcomer.id) }],
    ['member-status', { event: { type: 'MemberResumed', member: first.id } }, { event: { type: 'MemberResumed', member: third.id }, state: stateOf(suspended) }], // prettier-ignore
    ['member-status', { event: suspended, state: stateOf(suspended) }, { event: suspended }],
    ['act-by-inactive', { event: { type: 'KeyRotated', member: third.id, kind: 'client', key: root }, state: stateOf(suspended) }, { event: rotated(root) }], // prettier-ignore
    ['act-by-inactive', { event: anchored(11), state: stateOf({ type: 'MemberRemoved', member: first.id, reason }) }, { event: anchored(11) }], // prettier-ignore
    ['key-held', { event: rotated(second.admission.keys.nodePeer) }, { event: rotated(first.admission.keys.nodePeer) }],
    ['account-reused', { event: account(own, second.admission.transaction) }, { event: account(own, fresh) }],
    ['account-previous', { event: account(fresh, fresh) }, { event: account(own, fresh) }],
    ['quorum-broken', { event: suspended, state: stateOf({ type: 'MemberSuspended', member: second.id, reason }) }, { event: suspended }], // prettier-ignore
    ['quorum-broken', { event: { type: 'ThresholdChanged', threshold: 4 } }, { event: { type: 'ThresholdChanged', threshold: 3 } }], // prettier-ignore
    ['quorum-broken', { event: { type: 'RolesChanged', member: first.id, roles: ['source'] }, state: stateOf(suspended) }, { event: { type: 'RolesChanged', member: first.id, roles: ['council'] }, state: stateOf(suspended) }], // prettier-ignore
    ['proposal-new', { event: proposed, state: stateOf(proposed), time: 1_000 - LIFETIME }, { event: proposed, time: 1_000 - LIFETIME }], // prettier-ignore
    ['proposal-new', { event: proposed, time: 1_001 - LIFETIME }, { event: proposed, time: 1_000 - LIFETIME }],
    ['vote-effect', { event: executed, before: [approved(first.id, 2)] }, { event: executed, before: [approved(first.id, 2), suspended] }], // prettier-ignore
    ['vote-effect', { event: executed, before: [suspended, executed] }, { event: executed, before: [suspended, executed, suspended] }], // prettier-ignore
    ['vote-effect', { event: executed, before: [suspended, suspended] }, { event: executed, before: [suspended] }],
    ['vote-not-council', { event: { ...proposed, proposer: newcomer.id } }, { event: proposed }],
    ['vote-not-council', { event: approved(third.id), state: stateOf(proposed, suspended) }, { event: approved(third.id), state: stateOf(proposed) }], // prettier-ignore
    ['vote-unknown', { event: approved() }, { event: approved(), state: stateOf(proposed) }],
    ['vote-unknown', { event: approved(), state: stateOf(proposed), time: 1_000 }, { event: approved(), state: stateOf(proposed), time: 999 }], // prettier-ignore
    [
      'vote-unknown',
      { event: executed, state: stateOf(proposed, executed) },
      { event: executed, state: stateOf(proposed) },
    ],
    ['vote-twice', { event: approved(), state: stateOf(proposed, approved()) }, { event: approved(), state: stateOf(proposed) }], // prettier-ignore
    ['vote-twice', { event: { ...approved(), type: 'ApprovalWithdrawn' } as EventBody, state: stateOf(proposed) }, { event: { ...approved(), type: 'ApprovalWithdrawn' } as EventBody, state: stateOf(proposed, approved()) }], // prettier-ignore
    ['vote-count', { event: approved(first.id, 2), state: stateOf(proposed) }, { event: approved(first.id, 1), state: stateOf(proposed) }], // prettier-ignore
    ['vote-count', { event: approved(first.id, 2), state: stateOf(proposed, approved(third.id), suspended) }, { event: approved(first.id, 1), state: stateOf(proposed, approved(third.id), suspended) }], // prettier-ignore
    ['vote-not-run', { event: approved(first.id, 2) }, { event: approved(first.id, 2), behind: [executed] }],
    ['vote-too-few', { event: executed, before: [approved(first.id, 1)] }, { event: executed, before: [approved(first.id, 2)] }], // prettier-ignore
    ['act-without-vote', { event: suspended, call: '0x1234' }, { event: suspended, call: '0x1234', state: stateOf(proposed), behind: [executed] }], // prettier-ignore
    ['act-without-vote', { event: suspended, call: '0x5678', state: stateOf(proposed), behind: [executed] }, { event: suspended, call: '0x5678', founding: true }], // prettier-ignore
    ['act-without-vote', { event: account(own, fresh), call: '0x5678', state: stateOf(proposed), behind: [executed] }, { event: account(own, fresh), call: '0x5678' }], // prettier-ignore
    ['log-id', { event: registered(0, log, second.id) }, { event: registered(0, other, second.id) }],
    ['log-second', { event: registered(1, next) }, { event: registered(1, next), state: stateOf(closed) }],
    ['log-second', { event: registered(2, next), state: stateOf(closed) }, { event: registered(0, other, second.id) }],
    ['anchor-not-growing', { event: anchored(10) }, { event: anchored(11) }],
    ['anchor-after-close', { event: anchored(11), state: stateOf(closed) }, { event: anchored(11) }],
    ['log-close', { event: { ...closed, size: 9 } }, { event: closed, behind: [registered(1, next)] }],
    ['log-close', { event: { ...closed, root: digest('x') } }, { event: closed, behind: [registered(1, next)] }],
    ['log-close', { event: closed }, { event: closed, behind: [registered(1, next)] }],
    ['log-close', { event: closed, behind: [registered(1, other)] }, { event: closed, behind: [registered(1, next)] }],
  ];
  for (const [id, breaks, holds] of cases) {
    it(`${id}: ${breaks.event.type}`, () => {
      const check = of(eventRules, id);
      expect(check(factsOf(holds))).to.equal(undefined);
      expect(check(factsOf(breaks))).to.include.keys('wanted', 'got');
    });
  }

  it('event-unknown', () => {
    const check = of([strangeEvent], 'event-unknown');
    expect(check({ topic: reason, known: true })).to.equal(undefined);
    expect(check({ topic: reason, known: false })?.got).to.equal(reason);
    expect(check({ topic: undefined, known: false })?.got).to.equal('no topic');
  });
});

describe('rules of entries', () => {
  const anchor: Anchor = { size: 100, root: digest('root'), block: 5, time: 1_000_000 };
  const statusRoot = digest('status');
  const before: LogBefore = {
    time: 999_000,
    item: (position) => (position < 40 ? 'xk' : undefined),
    status: (position) => {
      const state = { 7: 'superseded', 9: 'objected', 11: 'repaired' }[position];
      return state === undefined ? undefined : utf8(`{"by":30,"state":"${state}"}`);
    },
    statusRoot: () => statusRoot,
  };
  const record = { time: 999_000, item: 'xk', edition: 'e', commitment: digest('c') };
  const publish: Entry = { kind: 'publish', ...record };
  const supersede = (ref: number, item = 'xk'): Entry => ({ kind: 'supersede', ...record, item, ref });
  const status = (root = statusRoot): Entry => ({ kind: 'status', time: 999_000, root });
  const facts = (entry: Entry | undefined, position = 50): EntryFacts => ({ position, entry, before, anchor });

  const cases: [id: string, breaks: EntryFacts, holds: EntryFacts][] = [
    ['entry-unreadable', facts(undefined), facts(publish)],
    ['ref-not-before', facts(supersede(50)), facts(supersede(49))],
    ['ref-not-record', facts(supersede(40)), facts(supersede(39))],
    ['ref-other-item', facts(supersede(1, 'cf')), facts(supersede(1))],
    [
      'ref-changed-before',
      facts({ kind: 'annul', time: 999_000, ref: 7 }),
      facts({ kind: 'annul', time: 999_000, ref: 8 }),
    ],
    ['ref-changed-before', facts({ kind: 'objection', time: 999_000, ref: 9 }), facts(supersede(9))],
    [
      'ref-changed-before',
      facts({ kind: 'repair', time: 999_000, ref: 11 }),
      facts({ kind: 'repair-revoked', time: 999_000, ref: 11 }),
    ],
    [
      'ref-changed-before',
      facts({ kind: 'objection-closed', time: 999_000, ref: 8 }),
      facts({ kind: 'objection-closed', time: 999_000, ref: 9 }),
    ],
    ['status-root', facts(status(digest('x'))), facts(status())],
    ['checkpoint-without-status', facts(publish, 99), facts(publish, 98)],
    ['checkpoint-without-status', facts(undefined, 99), facts(status(), 99)],
    ['time-backwards', facts({ ...publish, time: 998_994 }), facts({ ...publish, time: 998_995 })],
    ['time-ahead', facts({ ...publish, time: 1_000_301 }), facts({ ...publish, time: 1_000_300 })],
    ['anchored-late', facts({ ...publish, time: 1_000_000 - 86_401 }), facts({ ...publish, time: 1_000_000 - 86_400 })],
  ];
  for (const [id, breaks, holds] of cases) {
    it(id, () => {
      const check = of(entryRules, id);
      expect(check(holds)).to.equal(undefined);
      expect(check(breaks)).to.include.keys('wanted', 'got');
    });
  }

  it('anchor-inconsistent', () => {
    const check = of(anchoredRootRules, 'anchor-inconsistent');
    expect(check({ anchor, root: anchor.root })).to.equal(undefined);
    expect(check({ anchor, root: statusRoot })).to.include({ block: 5 });
  });
});

describe('rules of what is served', () => {
  const hashes = Array.from({ length: 4 }, (_, n) => digest(`leaf ${n}`));
  const [a, b, c, d] = hashes as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const tile = concat(a, b, c, d);

  it('tile-wrong', () => {
    const check = of(tileRules, 'tile-wrong');
    expect(check({ width: 4, content: tile, proven: concat(a, b) })).to.equal(undefined);
    expect(check({ width: 4, content: tile, proven: undefined })).to.equal(undefined);
    expect(check({ width: 4, content: 'missing', proven: tile })?.got).to.equal('missing');
    expect(check({ width: 3, content: tile, proven: undefined })?.wanted).to.equal('96 bytes');
    expect(check({ width: 4, content: concat(a, b, d, c), proven: tile })?.got).to.equal('another from hash 2 on');
  });

  it('range-unproved', () => {
    const check = of(rangeRules, 'range-unproved');
    expect(check({ proven: true, position: 0, end: 256 })).to.equal(undefined);
    expect(check({ proven: false, position: 0, end: 256 })).to.include({ position: 0, end: 256 });
  });

  it('log-rewritten and log-withheld', () => {
    const [rewritten, withheld] = [of(treeRules, 'log-rewritten'), of(treeRules, 'log-withheld')];
    const [other, missing] = [
      { proven: 10, broken: 30, missing: false },
      { proven: 10, broken: 30, missing: true },
    ];
    expect(rewritten({ ...other, broken: undefined })).to.equal(undefined);
    expect(withheld({ ...missing, broken: undefined })).to.equal(undefined);
    expect(rewritten(other)).to.include({ position: 10, end: 30 });
    expect(withheld(other)).to.equal(undefined);
    expect(withheld(missing)).to.include({ position: 10, end: 30 });
    expect(rewritten(missing)).to.equal(undefined);
  });

  const bundle = (leaves: readonly Uint8Array[] | 'missing' | 'malformed', width = 4) => ({ position: 512, width, leaves, proven: hashes }); // prettier-ignore
  const bundles: [id: string, leaves: readonly Uint8Array[] | 'missing' | 'malformed', position: number][] = [
    ['bundle-unreadable', 'missing', 512],
    ['bundle-unreadable', 'malformed', 512],
    ['entry-missing', [a, c, d], 513],
    ['entry-missing', [a, b, c], 515],
    ['entry-missing', [], 512],
    ['entry-extra', [a, b, c, d, d], 516],
    ['entry-extra', [a, a, b, c, d], 513],
    ['entry-reordered', [a, c, b, d], 513],
    ['entry-rewritten', [a, digest('x'), c, d], 513],
    ['entry-rewritten', [a, b, digest('x')], 514],
  ];
  for (const [id, leaves, position] of bundles) {
    it(`${id} at ${position}`, () => {
      const check = of(bundleRules, id);
      expect(check(bundle(hashes))).to.equal(undefined);
      expect(check(bundle(leaves))).to.include({ position });
      const others = bundleRules.filter((rule) => rule.id !== id && rule.check(bundle(leaves)));
      expect(others).to.deep.equal([]);
    });
  }

  it('a bundle may be wider than what is proven of it', () => {
    const wider = { position: 0, width: 5, leaves: [...hashes, digest('later')], proven: hashes };
    for (const { id, check } of bundleRules) expect(check(wider), id).to.equal(undefined);
  });
});

describe('rules of checkpoints', () => {
  const owner = bodyOf(0).id;
  const anchor: Anchor = { size: 10, root: digest('root'), block: 5, time: 1_000 };
  const checkpoint = { origin: 'o', size: 10, root: anchor.root };
  const sound: NoteFacts = {
    checkpoint,
    origin: 'o',
    owner,
    signers: [{ member: owner, since: 1, until: 5 }],
    stranger: false,
    badCosignature: undefined,
    anchor,
    anchored: 10,
    closed: false,
    root: undefined,
    extends: undefined,
    lastTime: undefined,
    time: 2_000,
  };
  const larger = { anchor: undefined, checkpoint: { ...checkpoint, size: 12 } };
  const cases: [id: string, breaks: Partial<NoteFacts>, holds: Partial<NoteFacts>][] = [
    ['note-unreadable', { checkpoint: undefined }, {}],
    ['note-origin', { origin: 'p' }, {}],
    ['note-signature', { signers: [] }, {}],
    ['note-signature', { signers: [{ member: bodyOf(1).id, since: 1, until: undefined }] }, {}],
    ['note-signature', { signers: [], stranger: true }, { ...larger, signers: [], stranger: true }],
    ['note-cosignature', { badCosignature: 'a witness' }, {}],
    ['note-key-retired', { signers: [{ member: owner, since: 1, until: 4 }] }, { ...larger, signers: [{ member: owner, since: 1, until: 4 }] }], // prettier-ignore
    ['note-key-retired', { signers: [{ member: owner, since: 6, until: undefined }] }, {}],
    ['note-root', { checkpoint: { ...checkpoint, root: digest('x') } }, {}],
    ['note-root', { anchor: undefined, root: digest('x') }, { anchor: undefined, root: checkpoint.root }],
    ['note-not-extending', { ...larger, extends: false }, { ...larger, extends: true }],
    ['note-behind', { anchor: undefined, checkpoint: { ...checkpoint, size: 9 } }, larger],
    ['note-unanchored', { ...larger, lastTime: 1_000, time: 87_401 }, { ...larger, lastTime: 1_000, time: 87_400 }],
    ['note-unanchored', { ...larger, lastTime: 1_000, time: 87_401 }, { ...larger, lastTime: 1_000, time: 87_401, closed: true }], // prettier-ignore
  ];
  for (const [id, breaks, holds] of cases) {
    it(`${id}: ${Object.keys(breaks).join(', ')}`, () => {
      const check = of(noteRules, id);
      expect(check({ ...sound, ...holds })).to.equal(undefined);
      expect(check({ ...sound, ...breaks })).to.include.keys('wanted', 'got');
    });
  }

  it('split-view', () => {
    const check = of(viewRules, 'split-view');
    const [smaller, larger] = [{ size: 3, root: digest('a'), source: 'one' }, { size: 4, root: digest('b'), source: 'two' }]; // prettier-ignore
    expect(check({ smaller, larger, consistent: true })).to.equal(undefined);
    expect(check({ smaller, larger, consistent: false })).to.include({ source: 'one, two' });
  });

  it('all hold for a sound one', () => {
    for (const { id, check } of noteRules) expect(check(sound), id).to.equal(undefined);
  });
});

describe('the list of rules', () => {
  it('has ids that are told apart, texts in both languages, and a test for each', () => {
    const ids = RULES.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    for (const { id, zh, en } of RULES) {
      expect(id).to.match(/^[a-z]+(-[a-z]+)+$/);
      expect(zh, id).to.match(/[\u4e00-\u9fff]/);
      expect(en, id).to.match(/^[A-Z]/);
    }
    const others = [
      grantRules,
      recognitionRules,
      openingRules,
      recordRules,
      readRules,
      joinRules,
      answerRules,
      useRules,
    ].flat();
    const elsewhere = new Set(others.map(({ id }) => id));
    expect([...tested].sort()).to.deep.equal(ids.filter((id) => !elsewhere.has(id)).sort());
  });
});
