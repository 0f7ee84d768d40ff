// The links of a proof: what holds in one, and what breaks it.
import { XinlianError, type ProofLink } from './errors.ts';

export interface LinkCheck {
  link: ProofLink;
  ok: boolean;
  /** For people: what was checked, or why it fails. */
  detail: string;
}

class BrokenLink extends Error {
  readonly link: ProofLink;

  constructor(link: ProofLink, cause: XinlianError) {
    super(describe(cause), { cause });
    this.link = link;
  }
}

function describe({ code, details }: XinlianError): string {
  const { reason, what, wanted, got } = details as { reason?: string; what?: string; wanted?: string; got?: string };
  const compared = wanted === undefined ? '' : `: wanted ${wanted}, got ${got ?? 'nothing'}`;
  return `${reason ?? what ?? code}${compared}`;
}

/**
 * Goes through a proof up to its first broken link, which is told in `checks`.
 * @returns undefined where one broke
 */
export function throughLinks<T>(checks: LinkCheck[], proof: () => T): T | undefined {
  try {
    return proof();
  } catch (error) {
    if (!(error instanceof BrokenLink)) throw error;
    checks.push({ link: error.link, ok: false, detail: error.message });
    return undefined;
  }
}

/** Runs a part of the proof; what fails in it breaks `link`. */
export function within<T>(link: ProofLink, part: () => T): T {
  try {
    return part();
  } catch (error) {
    if (XinlianError.is(error)) throw new BrokenLink(link, error);
    throw error;
  }
}

/** Throws `PROOF_INVALID`. */
export function matches(link: ProofLink, what: string, wanted: string, got: string): void {
  if (got !== wanted) broken(link, `the ${what} is another`, wanted, got);
}

/** Throws `PROOF_INVALID`. */
export function broken(link: ProofLink, reason: string, wanted: string, got: string): never {
  throw new XinlianError('PROOF_INVALID', { link, reason, wanted, got });
}
