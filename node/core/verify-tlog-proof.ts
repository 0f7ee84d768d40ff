// A bundle in the text form of C2SP tlog-proof, and its verification: docs/protocol.md, section 4. It proves that an entry is
// under a checkpoint that a log signed and witnesses saw; of the chain, and of what became of the entry, it says nothing.
import type { ContentContext } from './bundle-content.ts';
import { contentOf, parseBundleContent, type AnyBundle } from './bundle.ts';
import { fromBase64, fromUtf8, utf8 } from './bytes.ts';
import { canonicalize } from './canonical.ts';
import { parseCheckpoint, parseOrigin, type LogOrigin } from './checkpoint.ts';
import { cosignaturesOf } from './cosignature.ts';
import type { ProofLink } from './errors.ts';
import type { LogId } from './ids.ts';
import { leafHash, verifyInclusion } from './merkle.ts';
import { parseNote, verifyNote, type NoteVerifier } from './note.ts';
import { broken, throughLinks, within, type LinkCheck } from './proof-links.ts';
import { encodeTlogProof, malformedExtra, parseTlogProof } from './tlog-proof.ts';
import { openLinks, type Verification } from './verify-bundle.ts';

/** What the verifier knows by itself: C2SP tlog-proof leaves it to a policy. */
export interface TlogProofContext extends ContentContext {
  /** Ed25519 keys that may sign for a log. */
  logKeys(log: LogId): readonly Uint8Array[];
  /** Keys of witnesses, under their names. */
  witnesses: readonly NoteVerifier[];
  /** How many of them must have cosigned. */
  quorum: number;
}

export interface TlogVerification extends Pick<Verification, 'ok' | 'checks' | 'trusted' | 'record' | 'access'> {
  checkpoint?: { origin: LogOrigin; size: number; root: Uint8Array };
  /** Names of the witnesses that cosigned, of those that are known. */
  witnesses?: string[];
}

/** A bundle as a tlog-proof: what it is about goes into the extra line. @param cosignatures signature lines of witnesses */
export function tlogProofOf(bundle: AnyBundle, cosignatures = ''): string {
  return encodeTlogProof({
    extra: utf8(canonicalize(contentOf(bundle))),
    index: bundle.position,
    proof: bundle.inclusion.map((hash) => fromBase64(hash)),
    note: bundle.checkpoint + cosignatures,
  });
}

/** Verifies a tlog-proof of ours. Throws nothing for any text: what is wrong is in the checks. */
export function verifyTlogProof(text: string, context: TlogProofContext): TlogVerification {
  const checks: LinkCheck[] = [];
  const verified = throughLinks(checks, () => verifyLinks(text, context, checks));
  return verified ?? { ok: false, checks, trusted: [] };
}

function verifyLinks(text: string, context: TlogProofContext, checks: LinkCheck[]): TlogVerification {
  const holds = (link: ProofLink, detail: string): void => {
    checks.push({ link, ok: true, detail });
  };
  const { extra, index, proof, note } = within('format', () => parseTlogProof(text));
  const content = within('format', () => parseBundleContent(fromUtf8(extra ?? malformedExtra())));
  holds('format', 'c2sp.org/tlog-proof@v1');
  const opened = openLinks(content, context, holds);

  const { text: signed } = within('checkpoint', () => parseNote(note));
  const { origin, size, root } = within('checkpoint', () => parseCheckpoint(signed));
  const named = within('checkpoint', () => parseOrigin(origin));
  holds('checkpoint', `size ${size} of log ${named.log}`);
  within('signature', () => {
    const keys = context.logKeys(named.log).map((publicKey) => ({ name: origin, publicKey }));
    if (keys.length === 0) broken('signature', 'no key of this log is known', 'a key of the log', 'none');
    verifyNote(note, keys);
  });
  holds('signature', `by a known key of log ${named.log}`);
  within('inclusion', () => verifyInclusion({ index, size, leaf: leafHash(opened.entry), proof, root }));
  holds('inclusion', `position ${index} of ${size}`);
  const witnesses = within('cosignatures', () => cosignaturesOf(note, context.witnesses));
  if (witnesses.length < context.quorum) {
    within('cosignatures', () =>
      broken('cosignatures', 'too few witnesses', `${context.quorum}`, `${witnesses.length}`),
    );
  }
  holds('cosignatures', `${witnesses.length} of ${context.witnesses.length} known witnesses`);

  const trusted = ['that the chain has this checkpoint too', 'that nothing became of the entry since'];
  if (witnesses.length === 0) trusted.push('that others were shown the same log');
  return {
    ok: true,
    checks,
    trusted,
    ...opened.tell({ position: index, status: 'not shown' }),
    checkpoint: { origin: named, size, root },
    witnesses: witnesses.map(({ cosigner }) => cosigner.name),
  };
}
