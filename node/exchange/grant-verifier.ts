// Whether a grant document is what it says: artefact, consent, certificate. What never changes is verified once and
// remembered by the document's hash.
import { sha256 } from '#sha256';
import { recoverSigner } from '../core/account.ts';
import { toBase64Url, utf8 } from '../core/bytes.ts';
import type { GrantTerms } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import { consentDigest, parseArtefact, type GrantArtefact, type GrantDocument, type ReadGrant } from '../core/grant.ts';
import { grantHashOf, type GrantHash } from '../core/ids.ts';
import type { Refusal } from '../core/query.ts';
import type { SubjectCertificate } from '../core/subject-certificate.ts';
import { type TypedDataDomain } from '../core/typed-data.ts';
import type { GrantRules } from '../policy/grant-rules.ts';
import type { CertificateVerifier } from './certificate-verifier.ts';
import type { GrantView } from './ports.ts';

/** Documents remembered: some 3 kB each. */
const MOST_KNOWN = 20_000;

export interface VerifiedGrant {
  hash: GrantHash;
  artefact: GrantArtefact;
  terms: GrantTerms;
  certificate: SubjectCertificate;
}

/** Why not, as far as the document was read. */
export interface RefusedGrant {
  refusal: Refusal;
  detail: string;
  /** Where the artefact could be read. */
  hash?: GrantHash;
  artefact?: GrantArtefact;
}

interface Dependencies {
  /** EIP-712 domain of the GrantRegistry. */
  domain: TypedDataDomain;
  rules: GrantRules;
  certificates: CertificateVerifier;
  view: Pick<GrantView, 'grant'>;
}

/** Of a document, for good: what it grants and which account consented; or why it is none. */
type Known = { hash: GrantHash; read: ReadGrant; signer: string } | RefusedGrant;

export class GrantVerifier {
  readonly #needs: Dependencies;
  readonly #known = new Map<string, Known>();

  constructor(dependencies: Dependencies) {
    this.#needs = dependencies;
  }

  /** @param nowSeconds the later of the head's time and the own clock */
  async verify(document: GrantDocument, nowSeconds: number): Promise<VerifiedGrant | RefusedGrant> {
    const name = documentDigest(document);
    let known = this.#known.get(name);
    if (!known) this.#remember(name, (known = this.#read(document)));
    if ('refusal' in known) return known;
    const {
      hash,
      read: { artefact, terms },
      signer,
    } = known;
    const refuse = (refusal: Refusal, detail: string): RefusedGrant => ({ refusal, detail, hash, artefact });
    const outcome = await this.#needs.certificates.verify(document.certificate, nowSeconds);
    const certificate = 'refusal' in outcome ? this.#passed(hash, outcome.passed) : outcome.certificate;
    if ('refusal' in outcome && !certificate) return refuse(outcome.refusal, outcome.detail);
    if (!certificate) return refuse('CERTIFICATE_INVALID', 'it could not be read');
    if (certificate.sub !== artefact.subject.uscc)
      return refuse('CONSENT_INVALID', `the certificate is of ${certificate.sub}`);
    // The key of level B or C is a custodian's: it signs the one grant that the evidence names.
    if ((certificate.level !== 'A' || certificate.grant !== undefined) && certificate.grant !== terms.artefact)
      return refuse('CONSENT_INVALID', `the key may sign grant ${certificate.grant ?? 'none'} only`);
    if (signer !== certificate.key) return refuse('CONSENT_INVALID', `signed by ${signer}, not ${certificate.key}`);
    return { hash, artefact, terms, certificate };
  }

  /** Who spoke for the enterprise when it granted has changed since; a grant that was registered by then may live on. */
  #passed(
    hash: GrantHash,
    passed: { certificate: SubjectCertificate; block: number } | undefined,
  ): SubjectCertificate | undefined {
    const registered = passed && this.#needs.view.grant(hash)?.registered;
    return passed && registered !== undefined && registered <= passed.block ? passed.certificate : undefined;
  }

  #read({ artefact: text, consent }: GrantDocument): Known {
    let read: ReadGrant;
    try {
      read = parseArtefact(text);
    } catch (error) {
      if (!XinlianError.is(error)) throw error;
      return { refusal: 'GRANT_MALFORMED', detail: error.message };
    }
    const { artefact, terms } = read;
    const hash = grantHashOf(terms);
    const refuse = (refusal: Refusal, detail: string): RefusedGrant => ({ refusal, detail, hash, artefact });
    const [fault] = this.#needs.rules.faults(artefact);
    if (fault) {
      const { code, wanted, got } = fault;
      return refuse(code === 'term' ? 'TERM_TOO_LONG' : 'GRANT_MALFORMED', `${code}: wanted ${wanted}, got ${got}`);
    }
    try {
      return { hash, read, signer: recoverSigner(consentDigest(this.#needs.domain, read), consent, 'consent') };
    } catch (error) {
      if (!XinlianError.is(error)) throw error;
      return refuse('CONSENT_INVALID', error.message);
    }
  }

  #remember(name: string, known: Known): void {
    const [oldest] = this.#known.keys();
    if (this.#known.size >= MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    this.#known.set(name, known);
  }
}

function documentDigest({ artefact, consent, certificate }: GrantDocument): string {
  return toBase64Url(sha256(utf8(JSON.stringify([artefact, consent, certificate]))));
}
