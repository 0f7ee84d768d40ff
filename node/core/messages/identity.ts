// Identification of enterprises: what a member is asked to certify, and what it answers.
import { Type, type Static } from 'typebox';
import { CONSENT_LEVELS, Evidence, SubjectCertificate } from '../subject-certificate.ts';
import { codec } from './codec.ts';

const closed = { additionalProperties: false };
const { sub, name, capacity, key, seal, grant } = SubjectCertificate.properties;

export const Certification = Type.Object(
  {
    sub,
    name,
    capacity,
    level: Type.Enum([...CONSENT_LEVELS]),
    key,
    seal,
    grant,
    evidence: Type.Optional(Evidence),
    days: Type.Integer({ minimum: 1, description: 'How long it is valid' }),
  },
  closed,
);
export type Certification = Static<typeof Certification>;

export const IssuedCertificate = Type.Object(
  { certificate: Type.String({ description: 'Compact JWS' }), jti: Type.String() },
  closed,
);
export type IssuedCertificate = Static<typeof IssuedCertificate>;

export const CertificateRef = Type.Object({ jti: Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' }) }, closed);

/** What changes who speaks for an enterprise. */
export const STANDING_CHANGES = ['representative-changed', 'bankruptcy', 'bankruptcy-ended', 'dissolved'] as const;
export type StandingChange = (typeof STANDING_CHANGES)[number];

/** Noted by the member that identified it, with what proves it. */
export const StandingNote = Type.Object({ sub, change: Type.Enum([...STANDING_CHANGES]), evidence: Evidence }, closed);
export type StandingNote = Static<typeof StandingNote>;

export const StandingNoted = Type.Object(
  {
    change: Type.Enum([...STANDING_CHANGES]),
    revoked: Type.Array(Type.String(), { description: 'jti of certificates that were taken back' }),
    grants: Type.Enum(['pass', 'end'], { description: 'What becomes of grants that their keys signed' }),
    capacities: Type.Array(Type.String(), { description: 'Who may be certified from now on' }),
  },
  closed,
);
export type StandingNoted = Static<typeof StandingNoted>;

export const standingNote = codec('note of standing', StandingNote);
export const standingNoted = codec('noted standing', StandingNoted);
export const certification = codec('certification', Certification);
export const issuedCertificate = codec('issued certificate', IssuedCertificate);
export const certificateRef = codec('certificate reference', CertificateRef);
