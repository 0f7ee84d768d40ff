import { Type, type Static } from 'typebox';
import { ReportStanding } from '../../node/core/messages/report.ts';
import { define } from './endpoint.ts';
import { closed, MemberIdText, Time } from './schemas.ts';

const TAG = 'Public register';

export const ReportCheck = Type.Object(
  { ...ReportStanding.properties, time: Time, centre: Type.String({ description: 'Name of the centre' }) },
  closed,
);
export type ReportCheck = Static<typeof ReportCheck>;

const params = Type.Object(
  { member: MemberIdText, number: Type.String({ pattern: '^\\d{22}$', description: '报告编号' }) },
  closed,
);
const query = Type.Object(
  { digest: Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'SHA-256 of what the centre signed' }) },
  closed,
);

export const checkReport = define({
  method: 'GET',
  path: '/v1/public/reports/{member}/{number}',
  tag: TAG,
  summary: 'Whether a credit report that you were shown is genuine, and still true',
  description:
    'By its number and digest, which stand in its code: nobody finds a report without having it. The centre asks every ' +
    'source when you ask. Nothing is told of what the report says.',
  rate: 'normal',
  params,
  query,
  response: { kind: 'json', schema: ReportCheck },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT', 'MEMBER_UNKNOWN'],
});

export const getReportPage = define({
  method: 'GET',
  path: '/v1/public/reports/{member}/{number}/page',
  tag: TAG,
  summary: 'The same as a page, which the code of a report leads to',
  rate: 'normal',
  params,
  query,
  response: { kind: 'text', mediaType: 'text/html; charset=utf-8' },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT', 'MEMBER_UNKNOWN'],
});
