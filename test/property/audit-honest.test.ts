// No false alarm: whatever honest members do, an audit finds nothing; and it says the same however it was cut into pieces.
import * as fc from 'fast-check';
import { expect } from 'chai';
import { decodeAudit, emptyAudit, encodeAudit } from '../../node/audit/state.ts';
import { admitByVote, passByVote } from '../../node/chain/deploy.ts';
import type { Follower } from '../../node/chain/follower.ts';
import type { CouncilCall } from '../../node/core/council.ts';
import { toHex } from '../../node/core/bytes.ts';
import type { Role } from '../../node/core/consortium.ts';
import type { HandedOpening, OpeningSource } from '../../node/audit/ports.ts';
import type { LogId } from '../../node/core/ids.ts';
import type { QueryNote, Receipt } from '../../node/core/receipt.ts';
import { judgeGrant } from '../../node/exchange/judge-grant.ts';
import { accessEntry, handedOver, testNote, testReceipt } from '../helpers/accesses.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { digest, fund, TestConsortium, until } from '../helpers/consortium-on-anvil.ts';
import { grantOf, GrantSigner, type TestGrant } from '../helpers/grants-on-anvil.ts';
import { auditHistory, record, signingBody, TestLog, withRoles, type History } from '../helpers/history.ts';
import { now, publishes } from '../helpers/honest-history.ts';

const ROLES: Role[] = ['council', 'source', 'bank'];
const MEMBERS = [withRoles(signingBody(7), ROLES), withRoles(signingBody(8), ROLES)];

/** Of both members as grantees, of two uses and of none that is counted. */
const GRANTS = MEMBERS.flatMap(({ id }) => [grantOf(`counted ${id}`, id), grantOf(`uncounted ${id}`, id, { uses: 0 })]);

type Act =
  | { act: 'publish'; member: number; count: number }
  | { act: 'correct'; member: number; at: number; annul: boolean }
  | { act: 'checkpoint'; member: number; anchored: boolean }
  | { act: 'rotate' | 'replace' | 'endpoints'; member: number }
  | { act: 'vote'; member: number; call: 'pause' | 'roles' | 'threshold' | 'withdrawn' }
  | GrantAct
  | AccessAct
  | { act: 'idle' };

type GrantAct =
  | { act: 'grants'; kind: 'register' | 'withdraw'; grants: number[] }
  | { act: 'read'; member: number; reads: { grant: number; query: number }[] }
  | { act: 'suspend' | 'resume' | 'recover'; grant: number };

/** A bank asks a provider, which decides as nodes do. */
interface AccessAct {
  act: 'access';
  member: number;
  provider: number;
  grant: number;
  query: number;
}

const member = fc.nat(MEMBERS.length - 1);
const grant = fc.nat(GRANTS.length - 1);
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ act: fc.constant('publish'), member, count: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 3, arbitrary: fc.record({ act: fc.constant('correct'), member, at: fc.nat(), annul: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('checkpoint'), member, anchored: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('rotate', 'replace', 'endpoints'), member }) },
  {
    weight: 1,
    arbitrary: fc.record({
      act: fc.constant('vote'),
      member,
      call: fc.constantFrom('pause', 'roles', 'threshold', 'withdrawn'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('grants'),
      kind: fc.constantFrom('register', 'register', 'withdraw'),
      grants: fc.array(grant, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      act: fc.constant('read'),
      member,
      reads: fc.array(fc.record({ grant, query: fc.nat(2) }), { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ act: fc.constant('access'), member, provider: member, grant, query: fc.nat(2) }),
  },
  { weight: 2, arbitrary: fc.record({ act: fc.constantFrom('suspend', 'resume', 'recover'), grant }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('idle') }) },
);

/** A member, its log, and the records in it that nothing has changed yet. */
class Agency {
  readonly #consortium: TestConsortium;
  readonly #body: (typeof MEMBERS)[number];
  #live: number[] = [];
  #generation = 0;
  log: TestLog;
  /** Openings of the lines in each of its logs. */
  readonly openings = new Map<LogId, HandedOpening[]>();

  constructor(consortium: TestConsortium, body: (typeof MEMBERS)[number], log: TestLog) {
    this.#consortium = consortium;
    this.#body = body;
    this.log = log;
  }

  async publish(count: number): Promise<void> {
    const first = this.log.size;
    await this.log.append(publishes(count, now(), first));
    this.#live.push(...Array.from({ length: count }, (_, i) => first + i));
  }

  async correct(at: number, annul: boolean): Promise<void> {
    const [ref] = this.#live.splice(at % Math.max(1, this.#live.length), 1);
    if (ref === undefined) return;
    const time = now();
    if (annul) return void (await this.log.append([{ kind: 'annul', time, ref }]));
    const item = this.log.itemOf(ref);
    const position = this.log.size;
    await this.log.append([
      { kind: 'supersede', time, item, edition: '2024', commitment: digest(String(position)), ref },
    ]);
    this.#live.push(position);
  }

  async checkpoint(anchored: boolean): Promise<void> {
    if (this.log.size === 0) return;
    await this.log.sign(now());
    if (anchored) await this.log.anchor();
  }

  /** What the old key signed is anchored in its tenure, or signed again. */
  async rotate(): Promise<void> {
    await this.log.rotate(digest(`${this.#body.id} ${++this.#generation}`));
    await this.publish(1);
    await this.checkpoint(true);
  }

  /** Records that may be shown. */
  get live(): readonly number[] {
    return this.#live;
  }

  async open(opening: Receipt | QueryNote): Promise<void> {
    const lines = this.openings.get(this.log.id) ?? [];
    lines.push({ position: this.log.size, opening });
    this.openings.set(this.log.id, lines);
    await this.log.append([accessEntry(opening)]);
  }

  async replace(): Promise<void> {
    const writer = this.#consortium.writer(this.#body);
    const { log } = await writer.replaceLog(this.log.id);
    this.#live = [];
    this.log = await TestLog.open(this.#consortium, { ...this.#body, secret: this.log.secret }, log);
  }

  endpoints(text: string): Promise<unknown> {
    return this.#consortium.writer(this.#body).setEndpoints(text);
  }

  get id() {
    return this.#body.id;
  }
}

describe('an audit of any honest history', () => {
  let consortium: TestConsortium;
  let snapshot: string;

  before(async () => {
    consortium = await TestConsortium.start(3, 2, [
      ['council', 'source'],
      ['council', 'regulator'],
      ['council', 'identifier'],
    ]);
    for (const { signer, admission } of MEMBERS) {
      await fund(consortium.anvil, signer.address);
      await admitByVote(consortium.contracts, admission, consortium.council());
    }
    snapshot = await consortium.anvil.call('evm_snapshot');
  });
  after(() => consortium.stop());

  async function vote(call: CouncilCall): Promise<void> {
    await passByVote(consortium.contracts, call, consortium.council());
  }

  async function voteOn({ id }: Agency, kind: Extract<Act, { act: 'vote' }>['call']): Promise<void> {
    const reason = toHex(digest('reason'));
    if (kind === 'pause') {
      await vote({ call: 'suspend', member: id, reason });
      await vote({ call: 'resume', member: id });
    } else if (kind === 'roles') {
      await vote({ call: 'setRoles', member: id, roles: ['source', 'bank'] });
    } else if (kind === 'threshold') {
      await vote({ call: 'setThreshold', threshold: 3 });
      await vote({ call: 'setThreshold', threshold: 2 });
    } else {
      const founder = consortium.writer(consortium.bodies[0]!);
      const { proposal } = await founder.propose({ call: 'remove', member: id, reason });
      await founder.withdrawApproval(proposal);
    }
  }

  /** What a batch is not allowed fails item by item; what a single act is not allowed never comes to be. */
  async function playGrant(one: GrantAct): Promise<void> {
    const sign = new GrantSigner(consortium.contracts);
    const [carrier, regulator, identifier] = consortium.bodies.map((body) => consortium.writer(body));
    const told = (index: number): TestGrant => GRANTS[index]!;
    if (one.act === 'grants' && one.kind === 'register') {
      await carrier!.registerGrants(await Promise.all(one.grants.map((index) => sign.registration(told(index)))));
    } else if (one.act === 'grants') {
      await carrier!.withdrawGrants(await Promise.all(one.grants.map((index) => sign.withdrawal(told(index)))));
    } else if (one.act === 'read') {
      const reads = one.reads.map(({ grant, query }) => ({
        terms: told(grant).terms,
        queryId: toHex(digest(`q${query}`)),
      }));
      await consortium.writer(MEMBERS[one.member]!).consumeGrants(reads);
    } else {
      const { hash } = told(one.grant);
      const reason = toHex(digest('reason'));
      try {
        if (one.act === 'suspend') await regulator!.suspendGrant(hash, reason);
        else if (one.act === 'resume') await regulator!.resumeGrant(hash);
        else await identifier!.withdrawGrantFor(hash, reason);
      } catch (error) {
        if (!XinlianError.is(error, 'TRANSACTION_REVERTED')) throw error;
      }
    }
  }

  /** The bank logs that it asks, and the provider what it answered by its own view of the chain. */
  async function playAccess(agencies: readonly Agency[], act: AccessAct, page: number): Promise<void> {
    const [bank, provider] = [agencies[act.member]!, agencies[act.provider]!];
    const { hash, terms } = GRANTS[act.grant]!;
    const query = toHex(digest(`q${act.query}`));
    const access = { provider: provider.id, grantee: bank.id, grant: hash, query, time: now(), page };
    const items = ['xk', 'cf'];
    await bank.open(testNote(access, { items }));
    const latest = Number(await consortium.anvil.call('eth_blockNumber'));
    const { view } = await following();
    await until(follower!, () => view.head()?.number === latest);
    const head = view.head()!;
    const judged = judgeGrant({ hash, terms }, view, { isWithdrawn: () => false }, { nowSeconds: now(), failClosedSeconds: 600 }); // prettier-ignore
    const unasked = terms.uses > 0 && view.consumption(hash, query)?.final !== true ? 'GRANT_NOT_CONSUMED' : undefined;
    const mismatch = terms.grantee === bank.id ? undefined : 'GRANTEE_MISMATCH';
    const reason = mismatch ?? judged.refusal ?? unasked;
    const at = { number: head.number, time: head.time };
    const said = reason === undefined ? { records: provider.live.slice(-2) } : { outcome: 'refused' as const, reason };
    await provider.open(testReceipt(access, at, { items, ...said }));
  }

  let follower: Follower | undefined;

  async function following(): Promise<Follower> {
    if (!follower) {
      follower = await consortium.follower();
      follower.start();
    }
    return follower;
  }

  interface Played {
    history: History;
    openings: OpeningSource;
  }

  async function play(acts: readonly Act[]): Promise<Played> {
    const agencies: Agency[] = [];
    for (const body of MEMBERS) agencies.push(new Agency(consortium, body, await TestLog.open(consortium, body)));
    const logs = agencies.map(({ log }) => log);
    await follower?.stop();
    follower = undefined;
    for (const [page, one] of acts.entries()) {
      const agency = 'member' in one ? agencies[one.member]! : agencies[0]!;
      if (one.act === 'publish') await agency.publish(one.count);
      else if (one.act === 'correct') await agency.correct(one.at, one.annul);
      else if (one.act === 'checkpoint') await agency.checkpoint(one.anchored);
      else if (one.act === 'rotate') await agency.rotate();
      else if (one.act === 'replace') {
        await agency.replace();
        logs.push(agency.log);
      } else if (one.act === 'endpoints') await agency.endpoints('not even JSON');
      else if (one.act === 'vote') await voteOn(agency, one.call);
      else if (one.act === 'access') await playAccess(agencies, one, page);
      else if ('grants' in one || 'reads' in one || 'grant' in one) await playGrant(one);
      else await consortium.mine(3);
    }
    const handed = logs.map(({ id, size }): [LogId, { size: number; lines: HandedOpening[] }] => {
      const lines = agencies.flatMap(({ openings }) => openings.get(id) ?? []);
      return [id, { size, lines }];
    });
    return { history: await record(consortium, logs), openings: handedOver(new Map(handed)) };
  }

  it('finds nothing, and gives one digest however it was cut into pieces', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { minLength: 3, maxLength: 20 }),
        fc.array(fc.nat(), { maxLength: 3 }),
        async (acts, cuts) => {
          // prettier-ignore
          await consortium.anvil.call('evm_revert', snapshot);
          snapshot = await consortium.anvil.call('evm_snapshot');
          const { history, openings } = await play(acts);
          const whole = await auditHistory(history, { openings });
          expect(whole.findings).to.deep.equal([]);
          expect(whole.complete).to.equal(true);

          const { contracts } = history;
          let kept = encodeAudit(emptyAudit(), contracts);
          const stops = cuts.map((cut) => contracts.block + (cut % history.blocks.length)).sort((a, b) => a - b);
          for (const to of stops) {
            const state = decodeAudit(kept, contracts);
            await auditHistory(history, { to }, state);
            kept = encodeAudit(state, contracts);
          }
          const pieces = await auditHistory(history, { openings }, decodeAudit(kept, contracts));
          expect(pieces.findings).to.deep.equal([]);
          expect(pieces.statement).to.deep.equal(whole.statement);
          expect(pieces.digest).to.equal(whole.digest);
        },
      ),
      // Shrinking would take minutes, and a failing run is short.
      { numRuns: 50, endOnFailure: true },
    );
  });
});
