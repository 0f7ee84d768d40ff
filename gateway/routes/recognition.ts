// What everybody may know of recognition: agreements and cases as the chain has them.
import { CASE_STATES, isOpenCase } from '../../node/core/case-authority.ts';
import { countsAsRecognised, isInForce, type AgreementView, type CaseView } from '../../node/core/case-view.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { parseMemberId } from '../../node/core/ids.ts';
import type { AgreementFacts, CaseFacts } from '../api/recognition.ts';
import { beijingTime } from '../beijing-time.ts';
import { PAGE_POLICY } from '../pages/public.ts';
import { recognitionPage, recognitionUrl } from '../pages/recognition.ts';
import type { Chain, Clock, Members, Recognition } from '../ports.ts';
import type { Handlers } from './handler.ts';
import { pageOf } from './pages.ts';

interface Options {
  baseUrl: string;
}

interface Ports {
  recognition: Recognition;
  chain: Chain;
  members: Members;
  clock: Clock;
}

export function recognitionRoutes({ baseUrl }: Options, { recognition, chain, members, clock }: Ports) {
  // Time is the chain's: what is over is over for everybody at once.
  const now = (): number => chain.head()?.time ?? 0;
  const caseOf = (id: string): CaseFacts => {
    const found = recognition.cases().find((one) => one.id === id);
    if (!found) throw new XinlianError('NOT_FOUND', { what: 'case', id });
    return caseFacts(found, now());
  };
  return {
    listAgreements({ query }) {
      const { items, next } = pageOf(recognition.agreements(), ({ id }) => id, query);
      const under = Map.groupBy(recognition.cases(), ({ terms }) => terms.agreement);
      return { items: items.map((one) => factsOf(one, under.get(one.id) ?? [], now())), ...(next && { next }) };
    },

    getRecognitionCase: ({ params }) => caseOf(params.case),

    getRecognitionPage({ params, header }) {
      const facts = caseOf(params.case);
      header('content-security-policy', PAGE_POLICY);
      const nameOf = (member: string): string => members.get(parseMemberId(member))?.name ?? member;
      return recognitionPage(facts, {
        url: recognitionUrl(baseUrl, facts.id),
        home: nameOf(facts.home),
        host: nameOf(facts.host),
        printed: beijingTime(Math.floor(clock.now() / 1000)),
      });
    },
  } satisfies Partial<Handlers>;
}

const NOTHING = /^0x0+$/;

function factsOf(
  { id, terms, edition, endsAt, ...view }: AgreementView,
  cases: CaseView[],
  time: number,
): AgreementFacts {
  const { first, second, previous, document, validFrom, validTo } = terms;
  const { noticeDays, validityDays, supplementRounds, fourEyes } = terms;
  return {
    id,
    first,
    second,
    ...(edition !== undefined && { edition }),
    ...(!NOTHING.test(previous) && { previous }),
    inForce: isInForce({ id, terms, ...view, ...(endsAt !== undefined && { endsAt }) }, time),
    validFrom: beijingTime(validFrom),
    validTo: beijingTime(validTo),
    ...(endsAt !== undefined && { endsAt: beijingTime(endsAt) }),
    noticeDays,
    validityDays,
    supplementRounds,
    fourEyes,
    document,
    statistics: {
      cases: cases.length,
      states: Object.fromEntries(
        CASE_STATES.slice(1).map((state) => [state, cases.filter((one) => one.state === state).length]),
      ),
      stale: cases.filter(({ state, stale }) => stale && state === 'recognised').length,
      late: cases.reduce((sum, { lateSteps }) => sum + lateSteps, 0),
      overdue: cases.filter((one) => isOverdue(one, time)).length,
    },
  };
}

function caseFacts(view: CaseView, time: number): CaseFacts {
  const { id, terms, state, final, stale, due, lateSteps, steps } = view;
  return {
    id,
    agreement: terms.agreement,
    home: terms.home,
    host: terms.host,
    state,
    final,
    recognised: countsAsRecognised(view, time),
    stale,
    ...(due > 0 && { due: beijingTime(due) }),
    overdue: isOverdue(view, time),
    late: lateSteps,
    steps: steps.map(({ action, role, document, late, block, time: at }) => {
      return { action, role, document, late, block, time: beijingTime(at) };
    }),
  };
}

function isOverdue({ state, due }: CaseView, time: number): boolean {
  return isOpenCase(state) && time > due;
}
