// Terms and steps of recognition as they are written in JSON: on the wire, and in certificates.
import { Type } from 'typebox';
import { CASE_ACTIONS, CASE_ROLES } from '../case-authority.ts';

const closed = { additionalProperties: false };
const hash = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const account = Type.String({ pattern: '^0x[0-9a-fA-F]{40}$', description: 'Address' });
const seconds = Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: 'Seconds since 1970' });
const byte = Type.Integer({ minimum: 0, maximum: 255 });
const word = Type.Integer({ minimum: 0, maximum: 65_535 });

export const AgreementTermsText = Type.Object(
  {
    document: hash,
    first: hash,
    second: hash,
    previous: hash,
    validFrom: seconds,
    validTo: seconds,
    noticeDays: word,
    officialLeastDays: byte,
    officialMostDays: byte,
    applicantLeastDays: byte,
    applicantMostDays: byte,
    validityDays: word,
    supplementRounds: byte,
    fourEyes: Type.Boolean(),
  },
  closed,
);

export const CaseTermsText = Type.Object(
  { agreement: hash, home: hash, host: hash, applicant: account, report: hash },
  closed,
);

export const StepText = Type.Object(
  {
    action: Type.Enum([...CASE_ACTIONS]),
    role: Type.Enum([...CASE_ROLES]),
    step: word,
    document: hash,
    due: seconds,
    deadline: Type.Integer({ minimum: 0 }),
  },
  closed,
);
