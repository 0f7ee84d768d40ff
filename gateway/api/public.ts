import { Type, type Static } from 'typebox';
import { PublicRecord } from '../../node/core/messages/register.ts';
import { define } from './endpoint.ts';
import { BundleDocument } from './records.ts';
import { closed, MemberIdText, RecordIdText, Time } from './schemas.ts';

const TAG = 'Public register';
const HTML = 'text/html; charset=utf-8';

export const PublishedRecord = Type.Object(
  {
    ...PublicRecord.properties,
    agency: Type.String({ description: 'Name of the member' }),
    itemName: Type.Object({ zh: Type.String(), en: Type.String() }, closed),
    time: Time,
  },
  closed,
);
export type PublishedRecord = Static<typeof PublishedRecord>;

const place = Type.Object({ member: MemberIdText, record: RecordIdText }, closed);
const unreached = Type.Array(MemberIdText, {
  description: 'Agencies that could not be asked just now: what they publish is not in this answer',
});

export const searchPublic = define({
  method: 'GET',
  path: '/v1/public/records',
  tag: TAG,
  summary: 'What is published of an enterprise',
  description:
    'By its code, its whole name, or the number of a record that has one. Every agency is asked when you ask: what was ' +
    'repaired or annulled, or whose period is over, is gone from the next answer. This gateway keeps none of it.',
  rate: 'normal',
  query: Type.Object(
    {
      code: Type.Optional(Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$', description: 'USCC' })),
      name: Type.Optional(Type.String({ minLength: 2, maxLength: 200, description: 'Whole name' })),
      number: Type.Optional(Type.String({ minLength: 4, maxLength: 128, description: 'For example of a commitment' })),
    },
    closed,
  ),
  response: {
    kind: 'json',
    schema: Type.Object(
      {
        records: Type.Array(PublishedRecord),
        more: Type.Array(MemberIdText, { description: 'Agencies that publish more of it than one answer holds' }),
        unreached,
      },
      closed,
    ),
  },
  problems: ['MALFORMED'],
});

export const getPublicRecord = define({
  method: 'GET',
  path: '/v1/public/records/{member}/{record}',
  tag: TAG,
  summary: 'A published record with its proof',
  rate: 'normal',
  params: place,
  response: {
    kind: 'json',
    schema: Type.Object({ record: PublishedRecord, bundle: BundleDocument }, closed),
  },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

export const getPublicCertificate = define({
  method: 'GET',
  path: '/v1/public/records/{member}/{record}/certificate',
  tag: TAG,
  summary: 'A published record as a page to print, with a QR code',
  description: 'The code leads back to the record: whether it is still published is seen there and nowhere else.',
  rate: 'normal',
  params: place,
  response: { kind: 'text', mediaType: HTML },
  problems: ['NOT_FOUND', 'UNREACHABLE', 'TIMEOUT'],
});

const CommitmentCode = Type.String({ pattern: '^\\d{20}$', description: 'Code of a commitment 承诺编码' });

export const Commitment = Type.Object(
  {
    code: CommitmentCode,
    promise: Type.Object(
      {
        by: Type.String({ description: 'Name' }),
        subject: Type.String({ description: 'USCC' }),
        kind: Type.String(),
        cause: Type.String(),
        text: Type.String(),
        liability: Type.String(),
        made: Type.String(),
        validTo: Type.Union([Type.String(), Type.Null()]),
      },
      { ...closed, description: '承诺' },
    ),
    publication: Type.Object(
      { member: MemberIdText, record: RecordIdText, until: Type.Union([Type.String(), Type.Null()]) },
      { ...closed, description: '示诺: where it is published, with its proof' },
    ),
    fulfilment: Type.Object(
      {
        state: Type.Union([Type.String(), Type.Null()], { description: 'Null: not judged yet' }),
        unfulfilled: Type.Union([Type.String(), Type.Null()]),
        consequence: Type.Union([Type.String(), Type.Null()]),
        judged: Type.Union([Type.String(), Type.Null()]),
      },
      { ...closed, description: '践诺' },
    ),
    supervision: Type.Object(
      {
        by: Type.String(),
        code: Type.String(),
        state: Type.Union([Type.String(), Type.Null()]),
        expired: Type.Boolean(),
      },
      { ...closed, description: '监诺' },
    ),
  },
  closed,
);
export type Commitment = Static<typeof Commitment>;

export const getCommitment = define({
  method: 'GET',
  path: '/v1/public/commitments/{code}',
  tag: TAG,
  summary: 'A commitment by its code: promise, publication, fulfilment, supervision (一诺一码)',
  rate: 'normal',
  params: Type.Object({ code: CommitmentCode }, closed),
  response: { kind: 'json', schema: Commitment },
  problems: ['NOT_FOUND', 'UNREACHABLE'],
});

export const getCommitmentPage = define({
  method: 'GET',
  path: '/v1/public/commitments/{code}/page',
  tag: TAG,
  summary: 'The same as a page, which its QR code leads to',
  rate: 'normal',
  params: Type.Object({ code: CommitmentCode }, closed),
  response: { kind: 'text', mediaType: HTML },
  problems: ['NOT_FOUND', 'UNREACHABLE'],
});
