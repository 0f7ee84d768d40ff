import { Type, type Static } from 'typebox';
import { CASE_ACTIONS, CASE_ROLES, CASE_STATES } from '../../node/core/case-authority.ts';
import { define } from './endpoint.ts';
import { closed, MemberIdText, PageQuery, pageOf, Time } from './schemas.ts';

const TAG = 'Recognition';
const HashText = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const days = Type.Integer({ minimum: 0 });
const count = Type.Integer({ minimum: 0 });

const Statistics = Type.Object(
  {
    cases: count,
    states: Type.Object(Object.fromEntries(CASE_STATES.slice(1).map((state) => [state, count])), {
      ...closed,
      description: 'Cases by the state that they are in',
    }),
    stale: Type.Integer({ minimum: 0, description: 'Recognised, and something changed at home since' }),
    late: Type.Integer({ minimum: 0, description: 'Official steps that came after their due date' }),
    overdue: Type.Integer({ minimum: 0, description: 'Cases of which a step should have been taken by now' }),
  },
  { ...closed, description: 'Of all cases under it' },
);

export const AgreementFacts = Type.Object(
  {
    id: HashText,
    first: MemberIdText,
    second: MemberIdText,
    edition: Type.Optional(Type.Integer({ minimum: 1 })),
    previous: Type.Optional(HashText),
    inForce: Type.Boolean({ description: 'Whether a case may be requested under it now' }),
    validFrom: Time,
    validTo: Time,
    endsAt: Type.Optional(Time),
    noticeDays: days,
    validityDays: days,
    supplementRounds: days,
    fourEyes: Type.Boolean(),
    document: Type.String({ description: 'SHA-256 of what was agreed, which both sides have' }),
    statistics: Statistics,
  },
  closed,
);
export type AgreementFacts = Static<typeof AgreementFacts>;

export const CaseFacts = Type.Object(
  {
    id: HashText,
    agreement: HashText,
    home: MemberIdText,
    host: MemberIdText,
    state: Type.Enum([...CASE_STATES]),
    final: Type.Enum([...CASE_STATES], { description: 'At the last final block' }),
    recognised: Type.Boolean({ description: 'Whether something may be built on it now' }),
    stale: Type.Boolean({ description: 'Something changed at home since: its facts are to be looked at anew' }),
    due: Type.Optional(Time),
    overdue: Type.Boolean(),
    late: count,
    steps: Type.Array(
      Type.Object(
        {
          action: Type.Enum([...CASE_ACTIONS]),
          role: Type.Enum([...CASE_ROLES]),
          document: Type.String({ description: 'Digest of what it says' }),
          late: Type.Boolean(),
          block: Type.Integer(),
          time: Time,
        },
        closed,
      ),
    ),
  },
  closed,
);
export type CaseFacts = Static<typeof CaseFacts>;

export const listAgreements = define({
  method: 'GET',
  path: '/v1/recognition/agreements',
  tag: TAG,
  summary: 'Agreements between regional centres to recognise one another’s reports, with statistics',
  rate: 'normal',
  query: Type.Object(PageQuery, closed),
  response: { kind: 'json', schema: pageOf(AgreementFacts) },
  problems: ['MALFORMED'],
});

export const getRecognitionCase = define({
  method: 'GET',
  path: '/v1/recognition/cases/{case}',
  tag: TAG,
  summary: 'A case of recognition, as the chain has it: its steps, its state, and nothing of whom it is about',
  rate: 'normal',
  params: Type.Object({ case: HashText }, closed),
  response: { kind: 'json', schema: CaseFacts },
  problems: ['NOT_FOUND'],
});

export const getRecognitionPage = define({
  method: 'GET',
  path: '/v1/recognition/cases/{case}/page',
  tag: TAG,
  summary: 'The same as a page, which the code of a certificate of recognition leads to',
  rate: 'normal',
  params: Type.Object({ case: HashText }, closed),
  response: { kind: 'text', mediaType: 'text/html; charset=utf-8' },
  problems: ['NOT_FOUND'],
});
