// Any interleaving of both sides of a case, over a link that is cut, with steps that are lost, delayed and sent twice and
// nodes that restart, against a plain machine: both sides and the chain always agree in the end.
import { expect } from 'chai';
import * as fc from 'fast-check';
import { AUTHORITY, CASE_ACTIONS, type CaseAction, type CaseState } from '../../node/core/case-authority.ts';
import { documentDigest, makeDocument } from '../../node/core/case-document.ts';
import { fromHex, toBase64Url, toHex } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import type { MemberId } from '../../node/core/ids.ts';
import { caseActCall, type CaseActCall } from '../../node/core/messages/recognition.ts';
import { parseCaseId, stepDigest } from '../../node/core/recognition.ts';
import { xinlianDomain } from '../../node/core/typed-data.ts';
import { digest } from '../helpers/consortium-on-anvil.ts';
import { Centre, CONTRACTS, DAY, PaperRecognition, signerOf } from '../helpers/paper-recognition.ts';

const HOME = toHex(digest('home centre')) as MemberId;
const HOST = toHex(digest('host centre')) as MemberId;
const domain = xinlianDomain(CONTRACTS);
type Side = 'home' | 'host';

/** The plain machine: written out here, and not taken from the table. */
const MOVES: Partial<Record<CaseState, Partial<Record<CaseAction, CaseState>>>> = {
  requested: { complete: 'complete', return: 'returned', refuse: 'refused', withdraw: 'withdrawn' },
  complete: { examine: 'examining', withdraw: 'withdrawn' },
  examining: { recognise: 'recognised', refuse: 'refused', return: 'returned', withdraw: 'withdrawn' },
  returned: { supplement: 'requested', withdraw: 'withdrawn', lapse: 'lapsed' },
  recognised: { invalidate: 'invalidated', withdraw: 'withdrawn', expire: 'expired' },
  refused: { appeal: 'appealed', withdraw: 'withdrawn' },
  appealed: { recognise: 'recognised', refuse: 'refused', withdraw: 'withdrawn' },
};
const LIVE: ReadonlySet<CaseState> = new Set([
  'requested',
  'complete',
  'examining',
  'returned',
  'appealed',
  'recognised',
]);
const OFFICIAL: ReadonlySet<CaseAction> = new Set(['complete', 'examine', 'return', 'recognise', 'refuse']);

interface Model {
  state: CaseState;
  steps: CaseAction[];
  rounds: number;
  appealed: boolean;
  stale: boolean;
  due: number;
  late: number;
}

/** What becomes of the machine; undefined where the step is refused. */
function after(model: Model, { step: { action, step, due } }: CaseActCall, time: number): Model | undefined {
  const { state, rounds, appealed, stale } = model;
  if (step !== model.steps.length) return undefined;
  const next = { ...model, steps: [...model.steps, action] };
  if (action === 'mark-stale' || action === 'clear-stale') {
    if (!LIVE.has(state) || stale === (action === 'mark-stale')) return undefined;
    return { ...next, stale: !stale };
  }
  if (action === 'reschedule') return LIVE.has(state) && state !== 'recognised' ? { ...next, due } : undefined;
  const to = MOVES[state]?.[action];
  if (to === undefined) return undefined;
  if (action === 'return' && rounds === 1) return undefined;
  if (action === 'appeal' && appealed) return undefined;
  if ((action === 'supplement' || action === 'appeal') && time > model.due) return undefined;
  if (action === 'lapse' && time <= model.due) return undefined;
  if (action === 'expire' && time < model.due) return undefined;
  return {
    ...next,
    state: to,
    due,
    rounds: rounds + (action === 'return' ? 1 : 0),
    appealed: appealed || action === 'appeal',
    late: model.late + (OFFICIAL.has(action) && time > model.due ? 1 : 0),
  };
}

/** Both sides, the case, and what is under way. */
class World {
  readonly chain = new PaperRecognition();
  readonly sides: Record<Side, Centre>;
  readonly id: string;
  readonly held: { side: Side; call: CaseActCall }[] = [];
  made = 0;

  private constructor(chain: PaperRecognition, sides: Record<Side, Centre>, id: string) {
    this.chain = chain;
    this.sides = sides;
    this.id = id;
  }

  static async create(): Promise<{ world: World; model: Model }> {
    const chain = new PaperRecognition();
    const [home, host] = await Centre.pair(chain, [HOME, HOST]);
    const until = chain.time + 20_000 * DAY;
    await home.office.enrol(signerOf('home'), 3, until);
    for (const [name, duties] of [
      ['handler', 1],
      ['decider', 2],
    ] as const)
      // prettier-ignore
      await host.office.enrol(signerOf(name), duties, until);
    const terms = { validFrom: 0, validTo: until, noticeDays: 1, officialLeastDays: 1, officialMostDays: 255, applicantLeastDays: 1, applicantMostDays: 255, validityDays: 999, supplementRounds: 1, fourEyes: true }; // prettier-ignore
    const agreement = await home.office.propose(HOST, terms, { number: '1', text: '协议' });
    await host.fetch();
    await host.office.countersign(agreement);
    const due = chain.time + 5 * DAY;
    const request = { number: '2', text: '申请' };
    const applicant = signerOf('applicant').address;
    const id = await home.office.request(agreement, { report: { number: '3', text: '报告' }, request, applicant, due });
    const model: Model = { state: 'requested', steps: ['request'], rounds: 0, appealed: false, stale: false, due, late: 0 }; // prettier-ignore
    return { world: new World(chain, { home, host }, id), model };
  }

  /** A step as whoever may take it signs it now, with the side whose node carries it. */
  async call(action: CaseAction, step: number): Promise<{ side: Side; call: CaseActCall }> {
    const { by, clock, second } = AUTHORITY[action];
    const [role = 'anyone'] = by;
    const names = { applicant: 'applicant', 'home-handler': 'home', 'home-decider': 'home', 'host-handler': 'handler', 'host-decider': 'decider' } as const; // prettier-ignore
    const salt = toBase64Url(digest(`salt ${this.made++}`));
    const text = makeDocument({ kind: 'step', salt, number: '1', text: action });
    const signed = {
      action,
      role,
      step,
      document: role === 'anyone' ? toHex(new Uint8Array(32)) : documentDigest(text),
      due: clock === 'none' ? 0 : this.chain.time + 5 * DAY,
      deadline: this.chain.time + 7 * DAY,
    };
    const hash = fromHex(stepDigest(domain, parseCaseId(this.id), signed), 32);
    const beside = second === 'none' ? undefined : signerOf(second === 'four-eyes' ? 'handler' : 'home');
    const call: CaseActCall = { case: this.id, step: signed };
    if (role !== 'anyone') call.text = text;
    if (role !== 'anyone' && role !== 'home-node') call.first = await signerOf(names[role]).sign(hash);
    if (beside) call.second = await beside.sign(hash);
    return { side: role.startsWith('host') ? 'host' : 'home', call };
  }

  /** @returns whether it was taken */
  async send({ side, call }: { side: Side; call: CaseActCall }): Promise<boolean> {
    const { desk, id } = this.sides[side];
    try {
      await desk.answer(id, 'recognition/act', caseActCall.encode(call), new AbortController().signal);
      return true;
    } catch (error) {
      if (XinlianError.is(error, 'TRANSACTION_REVERTED')) return false;
      throw error;
    }
  }
}

type Command = fc.AsyncCommand<Model, World>;

function command(name: string, run: (model: Model, world: World) => Promise<void>): Command {
  return { check: () => true, run, toString: () => name };
}

async function deliver(model: Model, world: World, sent: { side: Side; call: CaseActCall }): Promise<void> {
  const next = after(model, sent.call, world.chain.time);
  const { action, document, step } = sent.call.step;
  const again = (await world.sides.home.office.case(world.id)).steps[step];
  const known = again?.action === action && again.document === document;
  expect(await world.send(sent), `${action} in ${model.state}`).to.equal(next !== undefined || known);
  if (next) Object.assign(model, next);
}

const commands = [
  fc
    .constantFrom(...CASE_ACTIONS.slice(1))
    .map((action) =>
      command(action, async (model, world) => deliver(model, world, await world.call(action, model.steps.length))),
    ),
  fc.constantFrom(...CASE_ACTIONS.slice(1)).map((action) =>
    command(`twice ${action}`, async (model, world) => {
      const sent = await world.call(action, model.steps.length);
      await deliver(model, world, sent);
      await deliver(model, world, sent);
    }),
  ),
  fc.constantFrom(...CASE_ACTIONS.slice(1)).map((action) =>
    command(`hold ${action}`, async (model, world) => {
      world.held.push(await world.call(action, model.steps.length));
    }),
  ),
  fc.constant(
    command('deliver what was held', async (model, world) => {
      const sent = world.held.pop();
      if (sent) await deliver(model, world, sent);
    }),
  ),
  fc.constant(command('lose what was held', async (_, world) => void world.held.shift())),
  fc.constantFrom<Side>('home', 'host').map((side) =>
    command(`cut or mend ${side}`, async (_, { sides }) => {
      sides[side].cut = !sides[side].cut;
    }),
  ),
  fc
    .constantFrom<Side>('home', 'host')
    .map((side) => command(`restart ${side}`, async (_, { sides }) => sides[side].restart())),
  fc
    .constantFrom<Side>('home', 'host')
    .map((side) => command(`fetch ${side}`, async (_, { sides }) => void (await sides[side].fetch()))),
  fc.integer({ min: 1, max: 4 }).map((days) =>
    command(`${days} days`, async (_, { chain }) => {
      chain.time += days * DAY;
    }),
  ),
];

describe('a case between two sides, property by property', () => {
  it('is the same for both sides and the chain in the end, whatever happened on the way', async () => {
    const reached = new Set<CaseState>();
    await fc.assert(
      fc.asyncProperty(fc.commands(commands, { maxCommands: 40, size: 'max' }), async (steps) => {
        const { world, model } = await World.create();
        await fc.asyncModelRun(() => ({ model, real: world }), steps);
        const { home, host } = world.sides;
        home.cut = host.cut = false;
        expect([await home.fetch(), await host.fetch()]).to.deep.equal([0, 0]);
        const seen = await Promise.all([home, host].map(({ office }) => office.case(world.id)));
        expect(seen[0]).to.deep.equal(seen[1]);
        const { state, steps: taken, stale, due, lateSteps, missing } = seen[0]!;
        expect({ state, stale, due, late: lateSteps, missing }).to.deep.equal({ state: model.state, stale: model.stale, due: model.due, late: model.late, missing: [] }); // prettier-ignore
        expect(taken.map(({ action }) => action)).to.deep.equal(model.steps);
        reached.add(model.state);
      }),
      { numRuns: Number(process.env['XINLIAN_RECOGNITION_RUNS'] ?? 40) },
    );
    expect(reached.size).to.be.greaterThan(3);
  });
});
