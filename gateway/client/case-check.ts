// What an enterprise checks of its cases: every step is in the agency's log as it is shown.
import { fromBase64, fromBase64Url, toBase64Url } from '../../node/core/bytes.ts';
import { stepCommitment } from '../../node/core/case-act.ts';
import { parseCheckpoint } from '../../node/core/checkpoint.ts';
import { decodeEntry } from '../../node/core/entry.ts';
import { XinlianError, type ProofLink } from '../../node/core/errors.ts';
import { leafHash, verifyInclusion } from '../../node/core/merkle.ts';
import type { CasePage, CaseView } from '../../node/core/messages/case.ts';
import { parseNote, verifyNote } from '../../node/core/note.ts';
import { textDigest } from '../../node/core/receipt.ts';

export interface SeenCase extends CaseView {
  /** Whether every step is under a signed checkpoint: proved here. A moment later where not. */
  proved: boolean;
}

/** @throws PROOF_INVALID, SIGNATURE_INVALID: the agency shows what its log does not have */
export function checkCases({ member, checkpoint, key, cases }: CasePage): SeenCase[] {
  const proven = cases.some(({ steps }) => steps.some(({ inclusion }) => inclusion !== undefined))
    ? openCheckpoint(checkpoint, key)
    : undefined;
  return cases.map((view) => {
    let proved = true;
    for (const { position, opening, evidence, entry: text, inclusion } of view.steps) {
      const bytes = fromBase64Url(text);
      const entry = decodeEntry(bytes);
      const wanted = toBase64Url(stepCommitment(opening));
      const got = entry.kind === 'step' ? toBase64Url(entry.commitment) : entry.kind;
      same('commitment', 'the step is not that of its line', wanted, got);
      same('entry', 'the step is of another member', member, opening.member);
      same('entry', 'the step is of another case', view.case, opening.act.case);
      same('signature', 'the act is not the one that was signed', opening.evidence, textDigest(evidence));
      if (!inclusion || !proven) {
        proved = false;
        continue;
      }
      const proof = inclusion.map((hash) => fromBase64(hash));
      verifyInclusion({ index: position, size: proven.size, leaf: leafHash(bytes), proof, root: proven.root });
    }
    return { ...view, proved };
  });
}

function openCheckpoint(note: string, key: string): { size: number; root: Uint8Array } {
  const { origin, size, root } = parseCheckpoint(parseNote(note).text);
  verifyNote(note, [{ name: origin, publicKey: fromBase64Url(key, 32) }]);
  return { size, root };
}

function same(link: ProofLink, reason: string, wanted: string, got: string): void {
  if (wanted !== got) throw new XinlianError('PROOF_INVALID', { link, reason, wanted, got });
}
