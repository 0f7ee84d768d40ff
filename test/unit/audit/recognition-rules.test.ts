// Each rule of recognition on the chain by itself: events that break it, and the nearest ones that do not.
import { expect } from 'chai';
import { GrantLedger } from '../../../node/audit/grant-ledger.ts';
import type { EventFacts } from '../../../node/audit/rules/events.ts';
import { recognitionRules } from '../../../node/audit/rules/recognition.ts';
import type { ChainEvent, EventBody } from '../../../node/chain/events.ts';
import { ConsortiumState } from '../../../node/chain/state.ts';
import type { Hex } from '../../../node/core/bytes.ts';
import { agreementIdOf, type AgreementId, type CaseId } from '../../../node/core/recognition.ts';
import {
  DAY,
  NOW,
  agreement,
  caseId,
  countersigned,
  dismissed,
  ended,
  enrolled,
  home,
  homeOfficer,
  host,
  hostOfficer,
  proposed,
  recognised,
  requested,
  standing,
  stepped,
} from '../../helpers/recognition-events.ts';

const hash: Hex = `0x${'00'.repeat(32)}`;

interface Case {
  event: EventBody;
  /** Before it, behind the admission of both centres, at `NOW`. */
  past?: readonly EventBody[];
  /** In its transaction. */
  beside?: readonly EventBody[];
  time?: number;
}

function placed(body: EventBody, block: number): ChainEvent {
  return { ...body, block, blockHash: hash, transaction: hash, logIndex: 0 };
}

function factsOf({ event, past = [], beside = [], time = NOW }: Case): EventFacts {
  const state = new ConsortiumState();
  const admitted = [home, host].map(({ id, admission }): EventBody => ({
    type: 'MemberAdmitted',
    member: id,
    admission,
  }));
  const events = [...admitted, ...past].map((body) => placed(body, 1));
  state.apply({ number: 1, hash, parent: hash, time: NOW, events });
  const own = placed(event, 9);
  return {
    event: own,
    state,
    grants: new GrantLedger(),
    contracts: {
      chainId: 7,
      membership: hash,
      logAnchor: hash,
      grantRegistry: hash,
      recognitionRegistry: hash,
      deployment: hash,
      block: 1,
    },
    time,
    founding: false,
    transaction: [...beside.map((body) => placed(body, 9)), own],
    threshold: 1,
    call: undefined,
    revert: undefined,
  };
}

const suspended = (member = host.id): EventBody => ({ type: 'MemberSuspended', member, reason: hash });
const past = [...standing, requested()];
const examined = [...past, stepped('complete', 1), stepped('examine', 2)];
const returned = [...past, stepped('return', 1)];
const done = [...standing, ...recognised];
const next = { previous: agreementIdOf(agreement) };
/** An edition that begins tomorrow is countersigned in the same transaction. */
const tomorrow = { ...next, validFrom: NOW + DAY };
const replacing = [...standing, proposed(tomorrow)];
const replaced = [countersigned(2, tomorrow)];
const wrongId = { ...proposed(), agreement: hash as AgreementId } as EventBody;
const wrongCase = { ...requested(), caseId: hash as CaseId } as EventBody;

const cases: [id: string, breaks: Case, holds: Case][] = [
  ['agreement-id', { event: wrongId }, { event: proposed() }],
  ['agreement-order', { event: countersigned() }, { event: countersigned(), past: [proposed()] }],
  ['agreement-order', { event: proposed(), past: standing }, { event: proposed(next), past: standing }],
  ['agreement-order', { event: countersigned(), past: standing }, { event: ended(NOW), past: standing }],
  ['agreement-order', { event: countersigned(), past: [proposed(), ended(1)] }, { event: countersigned(), past: [proposed()] }], // prettier-ignore
  ['agreement-order', { event: ended(NOW) }, { event: ended(NOW), past: [proposed()] }],
  [
    'agreement-edition',
    { event: countersigned(2), past: [proposed()] },
    { event: countersigned(), past: [proposed()] },
  ],
  ['agreement-edition', { event: countersigned(1, next), past: [...standing, proposed(next)] }, { event: countersigned(2, next), past: [...standing, proposed(next)] }], // prettier-ignore
  ['agreement-end', { event: ended(NOW + 29 * DAY), past: standing }, { event: ended(NOW + 30 * DAY), past: standing }],
  ['agreement-end', { event: ended(NOW + 30 * DAY), past: [proposed()] }, { event: ended(NOW), past: [proposed()] }],
  ['agreement-end', { event: ended(NOW + 30 * DAY), past: [...standing, ended(NOW + 30 * DAY)] }, { event: ended(NOW + 30 * DAY), past: standing }], // prettier-ignore
  ['agreement-end', { event: ended(NOW), past: replacing, beside: replaced }, { event: ended(NOW + DAY), past: replacing, beside: replaced }], // prettier-ignore
  ['agreement-end', { event: ended(NOW + DAY), past: [...replacing, ended(NOW + DAY)], beside: replaced }, { event: ended(NOW + DAY), past: [...replacing, ended(NOW + 30 * DAY)], beside: replaced }], // prettier-ignore
  ['officer-tenure', { event: dismissed }, { event: dismissed, past: standing }],
  ['officer-tenure', { event: dismissed, past: [...standing, dismissed] }, { event: dismissed, past: [...standing, dismissed, enrolled()] }], // prettier-ignore
  ['officer-tenure', { event: enrolled(host.id, hostOfficer, 0) }, { event: enrolled() }],
  ['officer-tenure', { event: enrolled(host.id, hostOfficer, 4) }, { event: enrolled() }],
  ['officer-tenure', { event: enrolled(host.id, hostOfficer, 1, NOW) }, { event: enrolled(host.id, hostOfficer, 1, NOW + 1) }], // prettier-ignore
  ['recognition-not-entitled', { event: proposed(), past: [suspended(home.id)] }, { event: proposed(), past: [suspended()] }], // prettier-ignore
  ['recognition-not-entitled', { event: countersigned(), past: [proposed(), suspended()] }, { event: countersigned(), past: [proposed()] }], // prettier-ignore
  ['recognition-not-entitled', { event: ended(1), past: [...standing, suspended()] }, { event: ended(1), past: standing }], // prettier-ignore
  ['recognition-not-entitled', { event: enrolled(), past: [suspended()] }, { event: enrolled() }],
  ['recognition-not-entitled', { event: dismissed, past: [suspended()] }, { event: dismissed }],
  ['recognition-not-entitled', { event: requested(), past: [...standing, suspended(home.id)] }, { event: requested(), past: standing }], // prettier-ignore
  ['case-id', { event: wrongCase }, { event: requested() }],
  ['case-outside-agreement', { event: requested(), past: [proposed()] }, { event: requested(), past: standing }],
  ['case-outside-agreement', { event: requested(), past }, { event: requested(), past: standing }],
  ['case-outside-agreement', { event: requested(NOW, { home: hash as never }), past: standing }, { event: requested(NOW, { home: host.id, host: home.id }), past: standing }], // prettier-ignore
  ['case-outside-agreement', { event: requested(), past: [...standing, ended(NOW)] }, { event: requested(), past: [...standing, ended(NOW + 1)] }], // prettier-ignore
  ['case-step-not-allowed', { event: stepped('complete', 1) }, { event: stepped('complete', 1), past }],
  ['case-step-not-allowed', { event: stepped('examine', 1), past }, { event: stepped('return', 1), past }],
  ['case-step-not-allowed', { event: stepped('complete', 2), past }, { event: stepped('complete', 1), past }],
  ['case-step-not-allowed', { event: stepped('complete', 1, { role: 'home-handler' }), past }, { event: stepped('complete', 1), past }], // prettier-ignore
  ['case-step-by-nobody', { event: stepped('complete', 1, { actor: homeOfficer }), past }, { event: stepped('complete', 1), past }], // prettier-ignore
  ['case-step-by-nobody', { event: stepped('complete', 1), past: [...past, dismissed] }, { event: stepped('complete', 1), past: [...past, dismissed, enrolled()] }], // prettier-ignore
  ['case-step-by-nobody', { event: stepped('refuse', 1), past: [...past, enrolled(host.id, hostOfficer, 1)] }, { event: stepped('refuse', 1), past: [...past, enrolled(host.id, hostOfficer, 2)] }], // prettier-ignore
  ['case-step-by-nobody', { event: stepped('withdraw', 1, { actor: homeOfficer }), past }, { event: stepped('withdraw', 1), past }], // prettier-ignore
  ['case-step-by-nobody', { event: stepped('mark-stale', 1, { actor: homeOfficer }), past }, { event: stepped('mark-stale', 1), past }], // prettier-ignore
  ['case-step-by-nobody', { event: stepped('invalidate', 4, { actor: hostOfficer }), past: done }, { event: stepped('invalidate', 4), past: done }], // prettier-ignore
  ['case-side-suspended', { event: stepped('complete', 1), past: [...past, suspended(home.id)] }, { event: stepped('lapse', 1), past: [...past, suspended(home.id)] }], // prettier-ignore
  ['case-due-frame', { event: requested(NOW + 21 * DAY), past: standing }, { event: requested(NOW + 20 * DAY), past: standing }], // prettier-ignore
  ['case-due-frame', { event: stepped('complete', 1, { due: NOW + 4 * DAY }), past }, { event: stepped('complete', 1, { due: NOW + 5 * DAY }), past }], // prettier-ignore
  [
    'case-due-frame',
    { event: stepped('return', 1, { due: NOW + 9 * DAY }), past },
    { event: stepped('return', 1), past },
  ],
  ['case-due-frame', { event: stepped('recognise', 3, { due: NOW }), past: examined }, { event: stepped('recognise', 3), past: examined }], // prettier-ignore
  ['case-due-frame', { event: stepped('recognise', 3, { due: NOW + 91 * DAY }), past: examined }, { event: stepped('recognise', 3), past: examined }], // prettier-ignore
  ['case-due-frame', { event: stepped('withdraw', 1, { due: 7 }), past }, { event: stepped('withdraw', 1), past }],
  ['case-due-frame', { event: stepped('mark-stale', 1), past }, { event: stepped('mark-stale', 1, { due: NOW + 10 * DAY }), past }], // prettier-ignore
  ['case-due-frame', { event: stepped('reschedule', 2, { due: NOW + 9 * DAY }), past: returned }, { event: stepped('reschedule', 2), past: returned, time: NOW + 50 * DAY }], // prettier-ignore
  ['case-applicant-late', { event: stepped('supplement', 2), past: returned, time: NOW + 21 * DAY }, { event: stepped('supplement', 2), past: returned, time: NOW + 20 * DAY }], // prettier-ignore
  ['case-applicant-late', { event: stepped('lapse', 2), past: returned }, { event: stepped('lapse', 2), past: returned, time: NOW + 21 * DAY }], // prettier-ignore
  ['case-applicant-late', { event: stepped('lapse', 1), past }, { event: stepped('lapse', 1), past: [...past, suspended()] }], // prettier-ignore
  ['case-applicant-late', { event: stepped('expire', 4), past: done }, { event: stepped('expire', 4), past: done, time: NOW + 60 * DAY }], // prettier-ignore
  [
    'case-lateness-mark',
    { event: stepped('complete', 1, { late: true }), past },
    { event: stepped('complete', 1), past },
  ],
  ['case-lateness-mark', { event: stepped('complete', 1), past, time: NOW + 11 * DAY }, { event: stepped('complete', 1, { late: true }), past, time: NOW + 11 * DAY }], // prettier-ignore
  ['recognition-late', { event: stepped('complete', 1, { late: true }), past, time: NOW + 11 * DAY }, { event: stepped('complete', 1), past, time: NOW + 10 * DAY }], // prettier-ignore
];

describe('rules of recognition', () => {
  for (const [id, breaks, holds] of cases) {
    it(`${id}: ${breaks.event.type}`, () => {
      const rule = recognitionRules.find((one) => one.id === id)!;
      expect(rule.check(factsOf(breaks)), 'breaks').to.not.equal(undefined);
      expect(rule.check(factsOf(holds)), 'holds').to.equal(undefined);
    });
  }

  it('are all tried', () => {
    expect([...new Set(cases.map(([id]) => id))].sort()).to.deep.equal(recognitionRules.map(({ id }) => id).sort());
  });

  it('find nothing in an honest history', () => {
    const honest = [
      ...standing,
      ...recognised,
      stepped('mark-stale', 4, { due: NOW + 60 * DAY }),
      stepped('invalidate', 5),
    ];
    for (const [i, event] of honest.entries()) {
      const facts = factsOf({ event, past: honest.slice(0, i) });
      for (const { id, check } of recognitionRules)
        expect(check(facts), `${id} at ${event.type} of ${caseId}`).to.equal(undefined);
    }
  });
});
