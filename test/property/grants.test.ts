// What the view says of grants, against a slow and plain reference: any acts that the contract would take, in blocks that
// become final, are taken back, or wait in a memory that is read again.
import * as fc from 'fast-check';
import { expect } from 'chai';
import { toHex, type Hex } from '../../node/core/bytes.ts';
import type { GrantState, GrantTerms, GrantUse } from '../../node/core/consortium.ts';
import { parseGrantHash, parseMemberId, type GrantHash } from '../../node/core/ids.ts';
import type { ChainEvent, ConsortiumContracts, EventBody, FollowedBlock } from '../../node/chain/events.ts';
import { GRANT_KEPT_DAYS } from '../../node/chain/grants.ts';
import { LiveState } from '../../node/chain/live-state.ts';
import { ConsortiumState } from '../../node/chain/state.ts';
import { decodeOrphaned, decodeState, encodeOrphaned, encodeState } from '../../node/chain/stored.ts';
import { ChainView } from '../../node/chain/view.ts';

const DAY = 86_400;
const START = 1_800_000_000;
const MEMBER = parseMemberId(`0x${'c3'.repeat(32)}`);
const word = (n: number): Hex => toHex(Uint8Array.from({ length: 32 }, (_, i) => (i === 31 ? n : 0x11)));
const QUERIES = [word(101), word(102), word(103)];

interface Known {
  hash: GrantHash;
  terms: GrantTerms;
}

/** Grants that end after some days. */
const GRANTS: Known[] = Array.from({ length: 5 }, (_, n) => ({
  hash: parseGrantHash(word(n)),
  terms: {
    artefact: word(50 + n),
    key: '0x5FbDB2315678afecb367f032d93F642f64180aa3',
    grantee: MEMBER,
    validFrom: 0,
    validTo: START + (n + 1) * 3 * DAY,
    uses: n % 3,
  },
}));

const KINDS = ['register', 'withdraw', 'suspend', 'resume', 'consume'] as const;
interface Act {
  kind: (typeof KINDS)[number];
  grant: number;
  query: number;
}

type Step =
  | { step: 'block'; seconds: number; acts: Act[] }
  | { step: 'final'; behind: number }
  | { step: 'reorganise'; depth: number }
  | { step: 'restart' }
  | { step: 'reset' };

const act: fc.Arbitrary<Act> = fc.record({
  kind: fc.constantFrom(...KINDS),
  grant: fc.nat(GRANTS.length - 1),
  query: fc.nat(QUERIES.length - 1),
});
const block = fc.record({
  step: fc.constant('block' as const),
  seconds: fc.oneof(fc.integer({ min: 1, max: DAY }), fc.integer({ min: 1, max: 8 * DAY })),
  acts: fc.array(act, { maxLength: 4 }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: block },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('final' as const), behind: fc.nat(4) }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('reorganise' as const), depth: fc.nat(4) }) },
  fc.record({ step: fc.constant('restart' as const) }),
  fc.record({ step: fc.constant('reset' as const) }),
);

/** What the contract holds of a grant; it forgets nothing. */
interface Held {
  registered: boolean;
  left: number;
  withdrawn: boolean;
  suspended: boolean;
  queries: Set<Hex>;
}

/** A chain on paper: takes the acts that the contract would take. */
class PaperRegistry {
  readonly blocks: FollowedBlock[] = [];
  /** Blocks of branches that were left have other hashes. */
  #branch = 0;

  get head(): FollowedBlock | undefined {
    return this.blocks.at(-1);
  }

  mine(seconds: number, acts: readonly Act[]): FollowedBlock {
    const number = this.blocks.length;
    const time = (this.head?.time ?? START) + seconds;
    const hash = `0x${this.#branch}/${number}` as Hex;
    const events: ChainEvent[] = [];
    const mined = { number, hash, parent: this.head?.hash ?? '0x', time, events };
    this.blocks.push(mined);
    for (const act of acts) {
      const body = this.#take(act, time);
      if (body) events.push({ ...body, block: number, blockHash: hash, transaction: '0x', logIndex: events.length });
    }
    return mined;
  }

  leave(above: number): void {
    this.blocks.splice(above + 1);
    this.#branch++;
  }

  #take({ kind, grant: n, query }: Act, time: number): EventBody | undefined {
    const { hash: grant, terms } = GRANTS[n]!;
    const held = this.#held(grant);
    const queryId = QUERIES[query]!;
    if (held.withdrawn) return undefined;
    switch (kind) {
      case 'register':
        return held.registered || time >= terms.validTo ? undefined : { type: 'GrantRegistered', grant, terms };
      case 'withdraw':
        return { type: 'GrantWithdrawn', grant, reason: word(0) };
      case 'suspend':
        return held.suspended ? undefined : { type: 'GrantSuspended', grant, by: MEMBER, reason: word(0) };
      case 'resume':
        return held.suspended ? { type: 'GrantResumed', grant, by: MEMBER } : undefined;
      case 'consume': {
        const usable = held.registered && !held.suspended && time < terms.validTo && held.left > 0;
        if (!usable || held.queries.has(queryId)) return undefined;
        return { type: 'GrantConsumed', grant, queryId, usesLeft: held.left - 1 };
      }
    }
  }

  #held(grant: GrantHash): Held {
    const held: Held = { registered: false, left: 0, withdrawn: false, suspended: false, queries: new Set() };
    for (const event of this.blocks.flatMap(({ events }) => events)) {
      if (!('grant' in event) || event.grant !== grant) continue;
      if (event.type === 'GrantRegistered') Object.assign(held, { registered: true, left: event.terms.uses });
      if (event.type === 'GrantWithdrawn') held.withdrawn = true;
      if (event.type === 'GrantSuspended') held.suspended = true;
      if (event.type === 'GrantResumed') held.suspended = false;
      if (event.type === 'GrantConsumed') {
        held.left = event.usesLeft;
        held.queries.add(event.queryId);
      }
    }
    return held;
  }
}

/** The events of one grant, forgotten or not, as one reads them from the first block on. */
interface Told {
  events: ChainEvent[];
  /** Whether it was forgotten after it was registered or withdrawn. */
  ended: boolean;
}

/** Reads a grant's events block by block; drops them all on the day on which it is forgotten. */
function tell(blocks: readonly FollowedBlock[], { hash, terms }: Known): Told {
  let events: { event: ChainEvent; time: number }[] = [];
  let ended = false;
  for (const { time, events: own } of blocks) {
    const last = events.at(-1);
    const has = (type: ChainEvent['type']): boolean => events.some(({ event }) => event.type === type);
    const passed = has('GrantWithdrawn') || last?.event.type === 'GrantResumed';
    const end = has('GrantRegistered') ? terms.validTo : passed ? last!.time : Infinity;
    if (Math.floor(time / DAY) > Math.floor(end / DAY) + GRANT_KEPT_DAYS) {
      ended ||= has('GrantRegistered') || has('GrantWithdrawn');
      events = [];
    }
    for (const event of own) {
      if (!('grant' in event) || event.grant !== hash) continue;
      // Of a grant that it has forgotten, that one is resumed tells nothing.
      if (event.type === 'GrantResumed' && events.length === 0) continue;
      events.push({ event, time });
    }
  }
  return { events: events.map(({ event }) => event), ended };
}

/** An event that was taken back above block `above` and still binds. */
interface Bound {
  event: ChainEvent;
  above: number;
}

class Reference {
  final = -1;
  #bound: Bound[] = [];

  grant(blocks: readonly FollowedBlock[], known: Known): GrantState | undefined {
    const { events } = tell(blocks, known);
    const bound = this.#bound.filter(({ event }) => 'grant' in event && event.grant === known.hash);
    if (events.length === 0 && bound.length === 0) return undefined;
    const of = <T extends ChainEvent['type']>(type: T) =>
      events.filter((event): event is Extract<ChainEvent, { type: T }> => event.type === type);
    const [registered] = of('GrantRegistered');
    // A suspension lasts until a resumption behind it is final.
    const suspension = events.findLastIndex(({ type }) => type === 'GrantSuspended');
    const resumedFinally = events
      .slice(suspension)
      .some(({ type, block }) => type === 'GrantResumed' && block <= this.final);
    return {
      hash: known.hash,
      ...(registered && { terms: registered.terms, registered: registered.block }),
      registeredFinal: registered !== undefined && registered.block <= this.final,
      usesLeft: of('GrantConsumed').at(-1)?.usesLeft ?? registered?.terms.uses ?? 0,
      withdrawn: [...events, ...bound.map(({ event }) => event)].some(({ type }) => type === 'GrantWithdrawn'),
      suspended: (suspension >= 0 && !resumedFinally) || bound.some(({ event }) => event.type === 'GrantSuspended'),
    };
  }

  consumption(blocks: readonly FollowedBlock[], known: Known, queryId: Hex): GrantUse | undefined {
    const found = tell(blocks, known).events.find(
      (event) => event.type === 'GrantConsumed' && event.queryId === queryId,
    );
    return found && { block: found.block, final: found.block <= this.final };
  }

  finalise(blocks: readonly FollowedBlock[], number: number): void {
    for (const { number: at, events } of blocks.filter(
      (block) => block.number > this.final && block.number <= number,
    )) {
      const before = new Set(GRANTS.filter((known) => tell(blocks.slice(0, at), known).ended));
      const ended = GRANTS.filter((known) => tell(blocks.slice(0, at + 1), known).ended && !before.has(known));
      this.#bound = this.#bound.filter(({ event, above }) => {
        if (!('grant' in event)) return false;
        if (ended.some(({ hash }) => hash === event.grant)) return false;
        return events.every((one) => {
          if (!('grant' in one) || one.grant !== event.grant) return true;
          // What is withdrawn for good is beyond any suspension.
          if (one.type === 'GrantWithdrawn') return false;
          const decides = one.type === 'GrantSuspended' || one.type === 'GrantResumed';
          return event.type === 'GrantWithdrawn' || !decides || one.block <= above;
        });
      });
    }
    this.final = Math.max(this.final, number);
  }

  rollback(undone: readonly FollowedBlock[], above: number): void {
    const lost = undone.flatMap(({ events }) => events).filter(isNarrowing);
    this.#bound.push(...lost.map((event) => ({ event, above })));
  }

  /** Of what is final, what a grant had lost stays lost. */
  reset(blocks: readonly FollowedBlock[]): void {
    this.rollback(
      blocks.filter(({ number }) => number > this.final),
      this.final,
    );
    for (const known of GRANTS) {
      const { events } = tell(blocks.slice(0, this.final + 1), known);
      const last = events.findLast(({ type }) => type === 'GrantSuspended' || type === 'GrantResumed');
      const lost = events.filter((event) => event.type === 'GrantWithdrawn' || (event === last && isNarrowing(event)));
      this.#bound.push(...lost.map((event) => ({ event, above: this.final })));
    }
    this.final = -1;
  }
}

function isNarrowing({ type }: ChainEvent): boolean {
  return type === 'GrantWithdrawn' || type === 'GrantSuspended';
}

const CONTRACTS: ConsortiumContracts = {
  chainId: 1,
  membership: '0x',
  logAnchor: '0x',
  grantRegistry: '0x',
  recognitionRegistry: '0x',
  deployment: '0x',
  block: 0,
};

/** The state as text, in an order that does not depend on how it came about. */
function textOf(state: ConsortiumState): string {
  return JSON.stringify([state.block, state.grants.lines().sort()]);
}

describe('grants in the chain view', () => {
  it('are what a plain reference says, whatever is mined, final, taken back or read again', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 40 }), (steps) => {
        const chain = new PaperRegistry();
        const reference = new Reference();
        let live = new LiveState();
        for (const one of steps) {
          const head = chain.blocks.length - 1;
          switch (one.step) {
            case 'block':
              live.extend([chain.mine(one.seconds, one.acts)]);
              break;
            case 'final':
              live.finalise(head - one.behind);
              reference.finalise(chain.blocks, head - one.behind);
              break;
            case 'reorganise': {
              const above = Math.max(reference.final, head - one.depth);
              reference.rollback(chain.blocks.slice(above + 1), above);
              live.rollback(above);
              chain.leave(above);
              break;
            }
            case 'restart': {
              const pending = [...live.pending];
              const orphaned = decodeOrphaned(encodeOrphaned(live.narrowings.orphaned));
              live = new LiveState(decodeState(encodeState(live.final)), orphaned);
              live.extend(pending);
              break;
            }
            case 'reset':
              // Another chain from the first block on, with the acts of this one but the last.
              reference.reset(chain.blocks);
              live.reset();
              chain.leave(-1);
              break;
          }
          const view = new ChainView(CONTRACTS, live);
          for (const known of GRANTS) {
            expect(view.grant(known.hash)).to.deep.equal(reference.grant(chain.blocks, known));
            for (const queryId of QUERIES) {
              const wanted = reference.consumption(chain.blocks, known, queryId);
              expect(view.consumption(known.hash, queryId)).to.deep.equal(wanted);
            }
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are the same read block by block, over ranges without the empty blocks, and from a snapshot', () => {
    fc.assert(
      fc.property(fc.array(block, { minLength: 2, maxLength: 40 }), fc.nat(39), (steps, at) => {
        const chain = new PaperRegistry();
        for (const { seconds, acts } of steps) chain.mine(seconds, acts);
        const { blocks } = chain;
        const singly = new ConsortiumState();
        for (const each of blocks) singly.apply(each);

        const ranges = new ConsortiumState();
        for (const each of blocks) if (each.events.length > 0 || each === blocks.at(-1)) ranges.apply(each);

        let restored = new ConsortiumState();
        for (const [i, each] of blocks.entries()) {
          if (i === at % blocks.length) restored = decodeState(encodeState(restored));
          restored.apply(each);
        }
        expect(textOf(ranges)).to.equal(textOf(singly));
        expect(textOf(restored)).to.equal(textOf(singly));
      }),
      { numRuns: 500 },
    );
  });

  it('are not changed by what happens to a copy', () => {
    fc.assert(
      fc.property(fc.array(block, { minLength: 2, maxLength: 30 }), fc.nat(29), (steps, at) => {
        const chain = new PaperRegistry();
        for (const { seconds, acts } of steps) chain.mine(seconds, acts);
        const state = new ConsortiumState();
        const half = chain.blocks.slice(0, at % chain.blocks.length);
        for (const each of half) state.apply(each);
        const before = textOf(state);
        const copy = state.copy();
        for (const each of chain.blocks.slice(half.length)) copy.apply(each);
        expect(textOf(state)).to.equal(before);
      }),
    );
  });
});
