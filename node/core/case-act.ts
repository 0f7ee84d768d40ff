// Objection, repair and what an agency does with a record: an act that its party signs, and the step that it becomes in
// the log of the agency that decides. docs/cases.md.
import { Type, type Static } from 'typebox';
import { sha256 } from '#sha256';
import { utf8 } from './bytes.ts';
import { canonicalize } from './canonical.ts';
import { codec } from './messages/codec.ts';
import { parseJws, signJws, type Jws, type JwsSigner } from './jws.ts';

const ACT_TYPE = 'xinlian-case-act+jwt';

const closed = { additionalProperties: false };
const memberId = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$', description: '32 bytes, base64url' });
const seconds = Type.Integer({ minimum: 0, description: 'Seconds since 1970' });

export const CASE_KINDS = ['objection', 'repair', 'annulment', 'shielding'] as const;
export type CaseKind = (typeof CASE_KINDS)[number];

export const CASE_STEPS = [
  'file',
  'extend',
  'uphold',
  'reject',
  'withdraw',
  'state',
  'apply',
  'ask',
  'supplement',
  'accept',
  'refuse',
  'approve',
  'revoke',
  'annul',
  'shield',
  'unshield',
] as const;
export type StepName = (typeof CASE_STEPS)[number];

export const CASE_STATES = [
  'open',
  'upheld',
  'rejected',
  'disputed',
  'withdrawn',
  'submitted',
  'incomplete',
  'accepted',
  'refused',
  'repaired',
  'revoked',
  'annulled',
  'shielded',
  'ended',
] as const;
export type CaseState = (typeof CASE_STATES)[number];

export const CASE_OUTCOMES = ['corrected', 'supplemented', 'deleted', 'stopped', 'removed'] as const;
export type CaseOutcome = (typeof CASE_OUTCOMES)[number];

export const CASE_PARTIES = ['subject', 'agency'] as const;
export type CaseParty = (typeof CASE_PARTIES)[number];

/** Why a record is objected to, or annulled. */
const GROUNDS = [
  'factual-error',
  'clerical-error',
  'omission',
  'overdue',
  'wrongly-listed',
  'wrong-subject',
  'identity-misused',
  'decision-annulled',
  'published-in-error',
  'other',
] as const;

export const CaseId = Type.String({
  pattern: '^[A-Za-z0-9_-]{21}[AQgw]$',
  description: 'Case id: 16 bytes, base64url',
});

/** What a party wants done. Its id and number make it the same act when it comes twice. */
export const CaseAct = Type.Object(
  {
    record: Type.String({ pattern: '^[A-Za-z0-9_-]{21}[AQgw]$' }),
    case: { ...CaseId, description: 'Drawn by who takes the first step' },
    seq: Type.Integer({ minimum: 0, maximum: 999, description: 'Number of the step in its case, from 0' }),
    kind: Type.Enum([...CASE_KINDS]),
    step: Type.Enum([...CASE_STEPS]),
    outcome: Type.Optional(Type.Enum([...CASE_OUTCOMES], { description: 'Of the step uphold' })),
    ground: Type.Optional(Type.Enum([...GROUNDS], { description: 'Of the steps file and annul' })),
    text: Type.Optional(Type.String({ maxLength: 4_000, description: 'Reasons, in words' })),
    materials: Type.Optional(
      Type.Array(
        Type.Object(
          {
            code: Type.String({ maxLength: 64, description: 'Of the rules, or `other`' }),
            name: Type.Optional(Type.String({ maxLength: 200 })),
            digest: { ...bytes32, description: 'SHA-256 of the document' },
          },
          closed,
        ),
        { maxItems: 32 },
      ),
    ),
  },
  closed,
);
export type CaseAct = Static<typeof CaseAct>;

/** An act of a member. */
export const MemberAct = Type.Object({ iss: memberId, iat: seconds, act: CaseAct }, closed);
export type MemberAct = Static<typeof MemberAct>;

/** What the line of a step commits to. */
export const CaseStep = Type.Object(
  {
    type: Type.Literal('xinlian/case-step/v1'),
    salt: bytes32,
    member: { ...memberId, description: 'Whose record it is: who decides' },
    subject: Type.String({ description: 'USCC' }),
    by: Type.Enum([...CASE_PARTIES]),
    time: { ...seconds, description: 'Clock of the node that took it' },
    act: CaseAct,
    evidence: { ...bytes32, description: 'SHA-256 of the act as it was signed' },
  },
  closed,
);
export type CaseStep = Static<typeof CaseStep>;

export const caseAct = codec('case act', CaseAct);
const memberActCodec = codec('member act', MemberAct);

/** @param signer the member's `client` key */
export function signMemberAct(act: MemberAct, signer: JwsSigner): Promise<string> {
  return signJws(ACT_TYPE, memberActCodec.check(act), signer);
}

/** Reads an act; proves nothing. Throws `MALFORMED`. */
export function parseMemberAct(text: string): { statement: MemberAct; jws: Jws } {
  const jws = parseJws(text, ACT_TYPE);
  return { statement: memberActCodec.decode(jws.payload), jws };
}

/** SHA-256 of the RFC 8785 form of a step: what stands in the log. 32 bytes. */
export function stepCommitment(step: CaseStep): Uint8Array {
  return sha256(utf8(canonicalize(step)));
}
