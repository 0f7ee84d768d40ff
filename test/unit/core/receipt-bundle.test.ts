import { expect } from 'chai';
import { parseBundle, upgradeBundle, type EntryProof, type ReceiptBundle } from '../../../node/core/bundle.ts';
import { fromBase64Url, toBase64Url } from '../../../node/core/bytes.ts';
import { canonicalize } from '../../../node/core/canonical.ts';
import type { EntryKind } from '../../../node/core/entry.ts';
import { openingCommitment, type QueryNote, type Receipt } from '../../../node/core/receipt.ts';
import { verifyBundle, type VerificationContext } from '../../../node/core/verify-bundle.ts';
import { tlogProofOf, verifyTlogProof } from '../../../node/core/verify-tlog-proof.ts';
import { CHECKPOINT_KEY, completeBundle, MEMBER, OTHER_MEMBER, type CompleteBundle } from '../../helpers/bundle.ts';
import { codeOf } from '../../helpers/code-of.ts';

const bytes = (byte: number) => toBase64Url(new Uint8Array(32).fill(byte));
const shared = {
  salt: bytes(1),
  grantee: OTHER_MEMBER,
  grant: `0x${'ab'.repeat(32)}`,
  query: bytes(2),
  subject: '91320900MA1ABCDE1X',
  purpose: 'pre-loan',
  items: ['tax-payment'],
  time: 1_780_000_000,
};
const receipt: Receipt = {
  type: 'xinlian/receipt/v1',
  ...shared,
  provider: MEMBER,
  request: bytes(3),
  outcome: 'answered',
  records: [3, 4],
  answer: bytes(4),
  head: { number: 7, time: 1_780_000_000 },
};
const note: QueryNote = {
  type: 'xinlian/query-note/v1',
  ...shared,
  grantee: MEMBER,
  requests: [{ provider: OTHER_MEMBER, request: bytes(3) }],
};

async function bundleOf(
  opening: Receipt | QueryNote,
  kind: EntryKind,
  options: { anchored?: boolean; entries?: number } = {},
): Promise<{ bundle: ReceiptBundle; complete: CompleteBundle }> {
  const entry = { kind, commitment: openingCommitment(opening) } as object;
  const complete = await completeBundle({ entry, status: null, ...options });
  const { type: _, payload: _payload, disclosures: _disclosures, ...proof } = complete.bundle;
  return { bundle: { type: 'xinlian/receipt-bundle/v1', opening: canonicalize(opening), ...proof }, complete };
}

const brokenAt = (bundle: unknown, context: VerificationContext) =>
  verifyBundle(bundle, context).checks.find(({ ok }) => !ok)?.link;

describe('A bundle of a receipt', () => {
  for (const [what, opening, kind] of [
    ['receipt', receipt, 'receipt'],
    ['note of a query', note, 'query'],
  ] as const) {
    it(`proves a ${what} down to the block header`, async () => {
      const { bundle, complete } = await bundleOf(opening, kind);
      for (const form of [bundle, JSON.stringify(bundle)]) {
        const { ok, state, trusted, access, record } = verifyBundle(form, complete.context);
        expect({ ok, state, trusted, record }).to.deep.equal({
          ok: true,
          state: 'final',
          trusted: [],
          record: undefined,
        });
        expect(access).to.deep.equal({ opening, position: 5, status: 'live' });
      }
      expect(parseBundle(JSON.stringify(bundle))).to.deep.equal(bundle);
    });
  }

  it('says how far it goes', async () => {
    const { bundle, complete } = await bundleOf(receipt, 'receipt');
    const { trustedBlock: _, ...blind } = complete.context;
    expect(verifyBundle(bundle, blind).state).to.equal('anchored');
    const { anchor: _anchor, ...pending } = bundle;
    expect(verifyBundle(pending, complete.context).state).to.equal('pending');
    expect(verifyBundle({ ...bundle, position: 6 }, complete.context).state).to.equal(undefined);
  });

  it('breaks at the link that was changed', async () => {
    const { bundle, complete } = await bundleOf(receipt, 'receipt');
    const at = (change: object) => brokenAt({ ...bundle, ...change }, complete.context);
    expect(at({ opening: canonicalize({ ...receipt, purpose: 'post-loan' }) })).to.equal('commitment');
    expect(at({ opening: `${bundle.opening} ` })).to.equal('disclosure');
    expect(at({ opening: '{}' })).to.equal('disclosure');
    expect(at({ opening: canonicalize(note) })).to.equal('entry');
    expect(at({ payload: '{}' })).to.equal('format');
    expect(at({ type: 'xinlian/bundle/v1' })).to.equal('format');
    expect(at({ signer: { ...bundle.signer, member: OTHER_MEMBER } })).to.equal('signature');
  });

  it('is of the log of who answered, and of no other line than a receipt', async () => {
    const foreign = await bundleOf({ ...receipt, provider: OTHER_MEMBER }, 'receipt');
    expect(brokenAt(foreign.bundle, { names: () => undefined })).to.equal('signature');
    const other = await bundleOf(receipt, 'query');
    expect(brokenAt(other.bundle, other.complete.context)).to.equal('entry');
    const annulled = await completeBundle({ entry: { kind: 'annul', ref: 2 } as object });
    const { payload: _, disclosures: _d, ...proof } = annulled.bundle;
    const none = { ...proof, type: 'xinlian/receipt-bundle/v1', opening: canonicalize(receipt) };
    expect(brokenAt(none, annulled.context)).to.equal('entry');
  });

  it('has a text form too', async () => {
    const { bundle } = await bundleOf(receipt, 'receipt');
    const context = { names: () => undefined, logKeys: () => [CHECKPOINT_KEY], witnesses: [], quorum: 0 };
    const { ok, access } = verifyTlogProof(tlogProofOf(bundle), context);
    expect(ok).to.equal(true);
    expect(access).to.deep.equal({ opening: receipt, position: 5, status: 'not shown' });
  });
});

describe('A pending bundle', () => {
  it('is made final by the proof of the same entry, whatever it is about', async () => {
    const early = await completeBundle({ entries: 12, anchored: false, status: null });
    const late = await completeBundle({ entries: 30, status: '{"by":17,"state":"superseded"}' });
    const { type: _, payload: _payload, disclosures: _disclosures, ...proof } = late.bundle;
    const upgraded = upgradeBundle(early.bundle, { ...proof, cosignatures: '— a b\n' } satisfies EntryProof);
    const { state, record } = verifyBundle(JSON.stringify(upgraded), late.context);
    expect(state).to.equal('final');
    expect(record).to.deep.include({ status: 'superseded', supersededBy: 17 });
    expect(upgraded.disclosures).to.deep.equal(early.bundle.disclosures);
    // And back: a proof that is still pending leaves no old anchor behind.
    const { anchor: _anchor, ...pending } = proof;
    expect(verifyBundle(upgradeBundle(upgraded, pending), late.context).state).to.equal('pending');
  });

  it('takes the proof of no other entry', async () => {
    const { bundle } = await completeBundle({ anchored: false });
    const { type: _, payload: _payload, disclosures: _disclosures, ...proof } = bundle;
    expect(codeOf(() => upgradeBundle(bundle, { ...proof, position: 6 }))).to.equal('PROOF_INVALID');
    const entry = toBase64Url(fromBase64Url(proof.entry).with(0, 1));
    expect(codeOf(() => upgradeBundle(bundle, { ...proof, entry }))).to.equal('PROOF_INVALID');
  });
});
