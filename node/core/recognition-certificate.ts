// A certificate of recognition: what an enterprise shows on the other side, and whoever is shown it verifies offline. It has the
// decision as the officers signed it; how the recognition stands now only the chain tells. docs/recognition.md.
import { Type, type Static } from 'typebox';
import { checksumAddress, recoverSigner } from './account.ts';
import type { Hex } from './bytes.ts';
import { XinlianError, malformed } from './errors.ts';
import { ed25519Jwk } from './jwk.ts';
import { parseJws, signJws, verifyJws, type JwsSigner } from './jws.ts';
import { codec } from './messages/codec.ts';
import { AgreementTermsText, CaseTermsText, StepText } from './messages/recognition-terms.ts';
import {
  agreementIdOf,
  caseIdOf,
  stepDigest,
  type AgreementTerms,
  type CaseStep,
  type CaseTerms,
} from './recognition.ts';
import { xinlianDomain } from './typed-data.ts';

const TYPE = 'xinlian-recognition-certificate+jwt';
const closed = { additionalProperties: false };
const hash = Type.String({ pattern: '^0x[0-9a-f]{64}$' });
const signature = Type.String({ pattern: '^0x[0-9a-f]{130}$' });

export const SignedDecision = Type.Object(
  { step: StepText, first: signature, second: Type.Optional(signature) },
  { ...closed, description: 'The step `recognise` as officers signed it' },
);
export type SignedDecision = Static<typeof SignedDecision>;

export const RecognitionCertificate = Type.Object(
  {
    iss: { ...hash, description: 'The host: the side that recognised' },
    iat: Type.Integer({ minimum: 0 }),
    case: hash,
    domain: Type.Object(
      { chainId: Type.Integer({ minimum: 1 }), verifyingContract: Type.String(), deployment: hash },
      { ...closed, description: 'Of the RecognitionRegistry' },
    ),
    agreement: AgreementTermsText,
    terms: CaseTermsText,
    decision: SignedDecision,
    block: Type.Integer({ minimum: 0, description: 'That has the decision' }),
    sub: Type.Object({ uscc: Type.String(), name: Type.String() }, closed),
    report: Type.Object(
      { number: Type.String(), standard: Type.String(), digest: hash },
      { ...closed, description: 'What was recognised; `digest`: SHA-256 of what its centre signed' },
    ),
    purpose: Type.String(),
    benefits: Type.Array(Type.Object({ code: Type.String(), zh: Type.String(), en: Type.String() }, closed)),
  },
  closed,
);
export type RecognitionCertificate = Static<typeof RecognitionCertificate>;

const certificateCodec = codec('certificate of recognition', RecognitionCertificate);

/** @param signer the host's checkpoint key @returns compact JWS */
export function signRecognitionCertificate(certificate: RecognitionCertificate, signer: JwsSigner): Promise<string> {
  return signJws(TYPE, certificateCodec.check(certificate), signer);
}

export interface VerifiedRecognition {
  certificate: RecognitionCertificate;
  /** Accounts of the officers that signed the decision, EIP-55. */
  officers: Hex[];
  /** Seconds since 1970, excluded. */
  until: number;
  /** For people: what it does not prove. */
  trusted: string[];
}

/**
 * Needs nobody. What must be known is whose keys are the host's.
 * @param keysOf checkpoint keys that a member has or had
 * @throws MALFORMED, MEMBER_UNKNOWN, SIGNATURE_INVALID, CONFLICT where its parts do not belong together
 */
export async function verifyRecognitionCertificate(
  text: string,
  keysOf: (member: string) => readonly Uint8Array[],
): Promise<VerifiedRecognition> {
  const jws = parseJws(text, TYPE);
  const certificate = certificateCodec.decode(jws.payload);
  const { iss, terms: told, agreement: agreed, decision, domain: place } = certificate;
  const keys = keysOf(iss);
  if (keys.length === 0) throw new XinlianError('MEMBER_UNKNOWN', { member: iss });
  const signed = await Promise.all(keys.map((key) => verifyJws(jws, ed25519Jwk(key), iss).then(yes, refused)));
  if (!signed.includes(true)) throw new XinlianError('SIGNATURE_INVALID', { what: TYPE, key: iss });

  const terms = told as CaseTerms;
  const id = caseIdOf(terms);
  same('case', id, certificate.case);
  same('agreement', agreementIdOf(agreed as AgreementTerms), terms.agreement);
  same('host', terms.host, iss);
  const sides = new Set<string>([agreed.first, agreed.second]);
  if (!sides.has(terms.home) || !sides.has(terms.host) || terms.home === terms.host)
    malformed('sides of the case', 'both of the agreement', `${terms.home}, ${terms.host}`);
  const step = decision.step as CaseStep;
  same('action', 'recognise', step.action);
  same('role', 'host-decider', step.role);
  const digest = stepDigest(
    xinlianDomain({
      chainId: place.chainId,
      verifyingContract: place.verifyingContract as Hex,
      deployment: place.deployment as Hex,
    }),
    id,
    step,
  );
  const officers = [decision.first, ...(decision.second === undefined ? [] : [decision.second])].map((own) =>
    checksumAddress(recoverSigner(digest, own as Hex, 'decision')),
  );
  if (agreed.fourEyes && new Set(officers).size < 2) malformed('decision', 'two officers, as agreed', officers.join());
  return {
    certificate,
    officers,
    until: step.due,
    trusted: [
      `that ${officers.join(', ')} were officers of ${iss} with these duties at block ${certificate.block}`,
      `that block ${certificate.block} of chain ${place.chainId} has this decision`,
      'that the recognition was not ended since, and nothing in the report changed: the chain tells that now',
    ],
  };
}

const yes = (): boolean => true;

function refused(error: unknown): boolean {
  if (XinlianError.is(error, 'SIGNATURE_INVALID')) return false;
  throw error;
}

function same(what: string, wanted: string, got: string): void {
  if (wanted !== got) throw new XinlianError('CONFLICT', { what: `${what} of the certificate`, wanted, got });
}
