// What two regional centres agree on, beside the terms that the chain enforces: the document whose digest stands in them.
// Everything is by enumeration, and what is not named is not agreed. docs/recognition.md.
import { Type, type Static } from 'typebox';

const closed = { additionalProperties: false };
const hash = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const code = Type.String({ minLength: 1, maxLength: 64 });
const days = Type.Integer({ minimum: 1, maximum: 255 });
const words = Type.String({ minLength: 1, maxLength: 400 });
const named = Type.Object({ code, zh: words, en: words }, closed);

export const REPORT_KINDS = ['factual', 'special'] as const;

export const AgreementContent = Type.Object(
  {
    standards: Type.Array(code, { minItems: 1, description: 'Editions of report standards' }),
    kinds: Type.Array(Type.Enum([...REPORT_KINDS]), { minItems: 1, description: 'Of reports' }),
    issuers: Type.Array(hash, { minItems: 2, description: 'Members whose reports are recognised' }),
    purposes: Type.Array(named, { minItems: 1, description: 'What a report may be recognised for' }),
    ageDays: Type.Integer({ minimum: 1, maximum: 366, description: 'How old a report may be' }),
    grades: Type.Object(
      {
        edition: code,
        map: Type.Array(Type.Object({ issuer: hash, from: code, to: code }, closed)),
      },
      {
        ...closed,
        description: 'Whose grade means what on the other side 评价等级互认; one that is not here is shown as it is',
      },
    ),
    conducts: Type.Array(Type.Object({ item: code, words: Type.Optional(words), meaning: words }, closed), {
      description: 'Standards of conduct 失信行为标准互认: what both call the same, by item and words of the decision',
    }),
    measures: Type.Array(Type.Object({ item: code, words: Type.Optional(words), measure: code }, closed), {
      description: 'Measures of the receiver’s own list that a recognised fact opens 惩戒措施路径互通; none by default',
    }),
    benefits: Type.Array(named, { description: 'What a recognition opens for the enterprise 惠民便企' }),
    officers: Type.Object({ handles: words, decides: words }, { ...closed, description: 'Who holds which duty' }),
    deadlines: Type.Object(
      { check: days, examine: days, decide: days, supplement: days, appeal: days, warn: days },
      { ...closed, description: 'In working days; `warn`: so long before one, it is told of' },
    ),
  },
  closed,
);
export type AgreementContent = Static<typeof AgreementContent>;
