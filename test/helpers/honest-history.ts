// One honest history with every kind of event in it, for tests that corrupt it piece by piece.
import { admitByVote, passByVote } from '../../node/chain/deploy.ts';
import { toHex, u64, type Hex } from '../../node/core/bytes.ts';
import { ENTRY_KINDS, type Entry, type EntryKind } from '../../node/core/entry.ts';
import type { LogId, MemberId } from '../../node/core/ids.ts';
import { leafHash } from '../../node/core/merkle.ts';
import { accountOf, digest, fund, TestConsortium, type Body } from './consortium-on-anvil.ts';
import { grantOf, GrantSigner, type TestGrant } from './grants-on-anvil.ts';
import { record, signingBody, TestLog, withRoles, type History } from './history.ts';

export interface HonestHistory {
  history: History;
  /** Of 804 entries under two checkpoints, signed by two keys. */
  long: { log: LogId; owner: MemberId };
  /** Of a few entries, closed. */
  closed: { log: LogId; owner: MemberId };
  /** Its successor. */
  short: { log: LogId; owner: MemberId };
}

/** The checkpoint key that signs last in the long log. */
export const LAST_SECRET: Uint8Array = digest('another checkpoint secret');

const REASON: Hex = `0x${'ab'.repeat(32)}`;

export function publishes(count: number, time: number, seed = 0): Entry[] {
  return Array.from({ length: count }, (_, n) => ({
    kind: 'publish',
    time,
    item: n % 2 === 0 ? 'xk' : 'cf',
    edition: '2024',
    commitment: leafHash(u64(seed * 1_000_000 + n)),
  }));
}

/** An entry of each kind behind five records, but the status entry, which signing appends. */
export function everyKind(time: number): Entry[] {
  const commitment = digest('opened to who may know');
  const changes: Entry[] = [
    { kind: 'supersede', time, item: 'xk', edition: '2024', commitment, ref: 0 },
    { kind: 'annul', time, ref: 1 },
    { kind: 'objection', time, ref: 2 },
    { kind: 'objection-closed', time, ref: 2 },
    { kind: 'repair', time, ref: 3 },
    { kind: 'repair-revoked', time, ref: 3 },
    { kind: 'shield', time, ref: 4 },
    { kind: 'shield-ended', time, ref: 4 },
  ];
  // The others commit to what is opened elsewhere, and to nothing else.
  const there = new Set<EntryKind>(['publish', 'status', ...changes.map(({ kind }) => kind)]);
  const others = ENTRY_KINDS.filter((kind) => !there.has(kind));
  return [...changes, ...others.map((kind) => ({ kind, time, commitment }) as Entry)];
}

/** Seconds since 1970 by the clock that the engine's blocks go by. */
export function now(): number {
  return Math.floor(Date.now() / 1_000);
}

/** Plays it on an engine of its own, which is ended. */
export async function honestHistory(): Promise<HonestHistory> {
  const consortium = await TestConsortium.start();
  try {
    return await playHonestly(consortium);
  } finally {
    await consortium.stop();
  }
}

export async function playHonestly(consortium: TestConsortium): Promise<HonestHistory> {
  const { contracts, anvil } = consortium;
  const council = consortium.council();
  const [first, second] = [withRoles(signingBody(7), ['council', 'source', 'regulator', 'identifier']), signingBody(8)];
  for (const { signer, admission } of [first, second]) {
    await fund(anvil, signer.address);
    await admitByVote(contracts, admission, council);
  }
  const long = await TestLog.open(consortium, first);
  const time = now();
  await long.append(publishes(300, time));
  await long.append([{ kind: 'supersede', time, item: 'xk', edition: '2024', commitment: digest('a'), ref: 4 }]);
  await long.sign(time);
  await long.anchor();

  const closed = await TestLog.open(consortium, second);
  await closed.append(publishes(3, time, 1));
  await closed.sign(time);
  await closed.anchor();
  const { log: successor } = await consortium.writer(second).replaceLog(closed.id);
  const short = await TestLog.open(consortium, second, successor);
  await short.append(publishes(5, time, 2));
  await short.append(everyKind(time));
  await short.sign(time);
  await short.anchor();

  const proposer = consortium.writer(consortium.bodies[0]!);
  await passByVote(contracts, { call: 'suspend', member: second.id, reason: REASON }, council);
  await passByVote(contracts, { call: 'resume', member: second.id }, council);
  await passByVote(contracts, { call: 'setRoles', member: second.id, roles: ['source', 'bank'] }, council);
  await passByVote(contracts, { call: 'setThreshold', threshold: 3 }, council);
  const { proposal } = await proposer.propose({ call: 'remove', member: second.id, reason: REASON });
  await proposer.withdrawApproval(proposal);
  await consortium.writer(first).setEndpoints(JSON.stringify({ log: 'https://elsewhere.example/' }));

  await playGrants(consortium, first, second);

  await long.rotate(LAST_SECRET);
  await long.append([
    { kind: 'supersede', time, item: 'xk', edition: '2024', commitment: digest('b'), ref: 300 },
    { kind: 'annul', time, ref: 7 },
  ]);
  await long.append(publishes(499, time, 3));
  await long.sign(time);
  await long.anchor();
  const fresh = accountOf('another account').address as Hex;
  await passByVote(contracts, { call: 'resetTransactionKey', member: second.id, current: fresh }, council);
  await passByVote(contracts, { call: 'remove', member: second.id, reason: REASON }, council);
  return {
    history: await record(consortium, [long, closed, short]),
    long: { log: long.id, owner: first.id },
    closed: { log: closed.id, owner: second.id },
    short: { log: short.id, owner: second.id },
  };
}

/** Each in a transaction, and so in a block, of its own: nothing else makes an audit read it. */
export async function playGrants(consortium: TestConsortium, carrying: Body, bank: Body): Promise<void> {
  const sign = new GrantSigner(consortium.contracts);
  const [read, withdrawn, paused] = ['read', 'withdrawn', 'paused'].map((name) => grantOf(name, bank.id)) as [
    TestGrant,
    TestGrant,
    TestGrant,
  ];
  const [carrier, reader] = [consortium.writer(carrying), consortium.writer(bank)];
  const use = ({ terms }: TestGrant, query: string) => ({ terms, queryId: toHex(digest(query)) });
  const register = async (...grants: TestGrant[]): Promise<void> => {
    await carrier.registerGrants(await Promise.all(grants.map((grant) => sign.registration(grant))));
  };
  await register(read, withdrawn);
  await reader.consumeGrants([use(read, 'query')]);
  await carrier.withdrawGrants([await sign.withdrawal(withdrawn)]);
  // Two of its items fail, and then two of three again.
  await register(read, withdrawn, paused);
  await carrier.suspendGrant(paused.hash, REASON);
  await reader.consumeGrants([use(paused, 'other'), use(read, 'query'), use(read, 'last')]);
  await carrier.resumeGrant(paused.hash);
  await carrier.withdrawGrantFor(paused.hash, REASON);
}
