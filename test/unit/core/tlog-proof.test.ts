import { expect } from 'chai';
import { fromUtf8, toBase64, utf8 } from '../../../node/core/bytes.ts';
import { cosign, witnessName } from '../../../node/core/cosignature.ts';
import { parseMemberId } from '../../../node/core/ids.ts';
import { parseNote } from '../../../node/core/note.ts';
import { encodeTlogProof, isTlogProof, parseTlogProof } from '../../../node/core/tlog-proof.ts';
import { tlogProofOf, verifyTlogProof, type TlogProofContext } from '../../../node/core/verify-tlog-proof.ts';
import { CHAIN_ID, CHECKPOINT_KEY, completeBundle, LOG, LOG_ANCHOR } from '../../helpers/bundle.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { signerOf } from '../../helpers/small-log.ts';

const hash = (byte: number) => new Uint8Array(32).fill(byte);
const line = toBase64(hash(1));

describe('The form of C2SP tlog-proof', () => {
  it('is written and read, with extra data and without', () => {
    for (const proof of [
      { index: 0, proof: [], note: 'text\n\n— a b\n' },
      { index: 73_894, proof: [hash(1), hash(2)], note: 'text\n\n— a b\n', extra: utf8('what it is about') },
    ]) {
      expect(parseTlogProof(encodeTlogProof(proof))).to.deep.equal(proof);
    }
    const text = encodeTlogProof({ index: 5, proof: [hash(1)], note: 'note\n', extra: Uint8Array.of(1) });
    expect(text).to.equal(`c2sp.org/tlog-proof@v1\nextra AQ==\nindex 5\n${line}\n\nnote\n`);
    expect([isTlogProof(text), isTlogProof('{}')]).to.deep.equal([true, false]);
  });

  for (const [what, text] of [
    ['nothing', ''],
    ['another version', 'c2sp.org/tlog-proof@v2\nindex 5\n\nnote\n'],
    ['no index', `c2sp.org/tlog-proof@v1\n${line}\n\nnote\n`],
    ['an index with a zero before it', 'c2sp.org/tlog-proof@v1\nindex 05\n\nnote\n'],
    ['extra data behind the index', 'c2sp.org/tlog-proof@v1\nindex 5\nextra AQ==\n\nnote\n'],
    ['extra data that is no base64', 'c2sp.org/tlog-proof@v1\nextra A\nindex 5\n\nnote\n'],
    ['a short hash', 'c2sp.org/tlog-proof@v1\nindex 5\nAAAA\n\nnote\n'],
    ['65 hashes', `c2sp.org/tlog-proof@v1\nindex 5\n${`${line}\n`.repeat(65)}\nnote\n`],
    ['no checkpoint', 'c2sp.org/tlog-proof@v1\nindex 5\n'],
  ] as const) {
    it(`with ${what} is refused`, () => expect(codeOf(() => parseTlogProof(text))).to.equal('MALFORMED'));
  }
});

describe('A record as a tlog-proof', () => {
  const origin = { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR };
  const witnesses = [1, 2, 3].map((n) =>
    signerOf(witnessName(origin, parseMemberId(`0x${`0${n}`.repeat(32)}`)), hash(20 + n)),
  );
  let text: string;
  let context: TlogProofContext;

  before(async () => {
    const { bundle, context: full } = await completeBundle();
    const signed = parseNote(bundle.checkpoint).text;
    const lines = await Promise.all(witnesses.slice(0, 2).map((one) => cosign(signed, 1_780_000_100, one)));
    text = tlogProofOf(bundle, lines.join(''));
    context = {
      names: full.names,
      logKeys: (log) => (log === LOG ? [CHECKPOINT_KEY] : []),
      witnesses,
      quorum: 2,
    };
  });

  const brokenAt = (changed: string, other: Partial<TlogProofContext> = {}) => {
    const { ok, checks, record } = verifyTlogProof(changed, { ...context, ...other });
    expect(ok).to.equal(checks.every(({ ok }) => ok));
    expect(record === undefined).to.equal(!ok);
    return checks.find(({ ok }) => !ok)?.link;
  };

  it('holds, and tells the record, its checkpoint and who cosigned', () => {
    const { ok, checks, record, checkpoint, witnesses: by, trusted } = verifyTlogProof(text, context);
    expect(ok).to.equal(true);
    expect(checks.map(({ link }) => link)).to.deep.equal([
      'format',
      'disclosure',
      'commitment',
      'entry',
      'checkpoint',
      'signature',
      'inclusion',
      'cosignatures',
    ]);
    expect(record).to.deep.include({ item: 'penalty', position: 5, status: 'not shown' });
    expect([...record!.claims.keys()]).to.deep.equal(['agency', 'subject', 'amount']);
    expect(checkpoint).to.deep.include({ size: 21 });
    expect(by).to.deep.equal(witnesses.slice(0, 2).map(({ name }) => name));
    expect(trusted.join()).to.include('the chain');
  });

  it('wants a key of the log, and as many witnesses as are asked for', () => {
    expect(brokenAt(text, { logKeys: () => [] })).to.equal('signature');
    expect(brokenAt(text, { logKeys: () => [hash(1)] })).to.equal('signature');
    expect(brokenAt(text, { quorum: 3 })).to.equal('cosignatures');
    expect(brokenAt(text, { quorum: 0, witnesses: [] })).to.equal(undefined);
    const stranger = { ...witnesses[0]!, publicKey: witnesses[2]!.publicKey };
    expect(brokenAt(text, { witnesses: [stranger] })).to.equal('cosignatures');
  });

  it('breaks at the link that was changed', () => {
    const { extra, ...parts } = parseTlogProof(text);
    const content = JSON.parse(fromUtf8(extra!)) as { payload: string; disclosures: string[] };
    const withContent = (change: object) =>
      encodeTlogProof({ ...parts, extra: utf8(JSON.stringify({ ...content, ...change })) });
    expect(brokenAt(encodeTlogProof(parts))).to.equal('format');
    expect(brokenAt(withContent({ more: 1 }))).to.equal('format');
    expect(brokenAt(withContent({ disclosures: [content.disclosures[0], content.disclosures[0]] }))).to.equal(
      'disclosure',
    );
    expect(brokenAt(withContent({ entry: 'AAAA' }))).to.equal('entry');
    expect(brokenAt(encodeTlogProof({ ...parts, extra: extra!, index: 6 }))).to.equal('inclusion');
    expect(brokenAt(encodeTlogProof({ ...parts, extra: extra!, proof: parts.proof.slice(1) }))).to.equal('inclusion');
    expect(brokenAt(text.replace('\n21\n', '\n22\n'))).to.equal('signature');
    expect(brokenAt(text.replace(`/${LOG}`, '/none'))).to.equal('checkpoint');
    expect(brokenAt('no proof')).to.equal('format');
  });
});
