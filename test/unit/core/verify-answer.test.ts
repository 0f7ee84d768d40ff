import { ed25519 } from '@noble/curves/ed25519.js';
import { expect } from 'chai';
import { fromBase64, fromUtf8, toBase64, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { canonicalize } from '../../../node/core/canonical.ts';
import { encodeCheckpoint, parseCheckpoint } from '../../../node/core/checkpoint.ts';
import { commitRecord, discloseRecord } from '../../../node/core/disclosure.ts';
import { decodeEntry, encodeEntry } from '../../../node/core/entry.ts';
import { XinlianError, type ErrorCode, type ProofLink } from '../../../node/core/errors.ts';
import { parseRecordId } from '../../../node/core/ids.ts';
import { openJwe, sealJwe } from '../../../node/core/jwe.ts';
import { parseNote, signNote } from '../../../node/core/note.ts';
import {
  answerBody,
  parseAnswer,
  signAnswer,
  signQuery,
  type Answer,
  type AnswerBody,
  type Query,
} from '../../../node/core/query.ts';
import { textDigest } from '../../../node/core/receipt.ts';
import { verifyAnswer } from '../../../node/core/verify-answer.ts';
import type { PartsContext } from '../../../node/core/verify-parts.ts';
import { RecordProofs } from '../../../node/exchange/record-proofs.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { SIGNER } from '../../helpers/agency.ts';
import { Exchange, taxRow } from '../../helpers/authorised.ts';
import { LOG, MEMBER, OTHER_MEMBER } from '../../helpers/bundle.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company } from '../../helpers/rows.ts';

interface True {
  text: string;
  body: AnswerBody;
  receipt: Answer['receipt'];
  asked: { request: string; provider: string };
}

let exchange: Exchange;
let answered: True;
let refused: True;
let foreign: True;
let anchored: { size: number; root: Uint8Array; owner: string };

/** A true answer, as it was under the seal. */
async function answerTo(change: Partial<Query>, subject = exchange.subject): Promise<True> {
  const certificate = await exchange.certificate({ sub: subject.uscc });
  const { document } = await exchange.grant({ subject }, certificate);
  const { query, reply } = exchange.query(document, change);
  const jws = await signQuery(query, exchange.bank.signer);
  const sealed = await sealJwe(utf8(jws), exchange.sealing.publicKey, 'JWT');
  const jwe = await exchange.provider.answer(exchange.member, sealed, AbortSignal.timeout(30_000));
  const text = fromUtf8((await openJwe(jwe, reply)).plaintext);
  const { answer } = parseAnswer(text);
  const body = answerBody.check(JSON.parse(answer.body));
  return { text, body, receipt: answer.receipt, asked: { request: textDigest(jws), provider: MEMBER } };
}

before(async () => {
  exchange = await Exchange.open();
  await exchange.agency.settle();
  const { head } = exchange.agency.chain.log(LOG)!;
  anchored = { size: head!.size, root: head!.root, owner: MEMBER };
  // The checkpoint of the answers is beyond the anchored one.
  await exchange.publish([taxRow(1, { NS_BH: 'SB2026-1c' }), taxRow(3)]);
  await exchange.publish([taxRow(1, { NS_BH: 'SB2026-1c', NS_SJSE: '9' })]);
  answered = await answerTo({});
  refused = await answerTo({ purpose: 'post-loan' });
  foreign = await answerTo({}, { uscc: company(3), name: '三' });
});

const context: PartsContext = {
  names: (item, edition) => builtInCatalogue.names(item, edition),
  isCheckpointKey: (provider, key) => provider === MEMBER && toBase64Url(key) === toBase64Url(SIGNER),
  anchored: (log) => (log === LOG ? anchored : undefined),
};

/** What one knows who has no view of the chain. */
const unknowing: PartsContext = { names: (item, edition) => builtInCatalogue.names(item, edition) };

/** Signed by the provider itself: a lie, not a forgery. */
const signed = (body: AnswerBody, receipt: Answer['receipt'], digest = true): Promise<string> => {
  const text = canonicalize(body);
  const opening = { ...receipt.opening, ...(digest && { answer: textDigest(text) }) };
  return signAnswer({ body: text, receipt: { ...receipt, opening } }, exchange.member.key);
};

async function refuse(
  text: string,
  code: ErrorCode,
  link?: ProofLink,
  { asked = answered.asked, of = context }: { asked?: True['asked']; of?: PartsContext } = {},
): Promise<void> {
  const error = await rejection(verifyAnswer(text, asked, of));
  expect(error).to.have.property('code', code);
  if (XinlianError.is(error, 'PROOF_INVALID')) expect(error.details.link, error.message).to.equal(link);
}

const BASE64 = toBase64(new Uint8Array(32).fill(9));
const BASE64_URL = toBase64Url(new Uint8Array(32).fill(9));
const HASH = `0x${'77'.repeat(32)}`;

describe('A true answer', () => {
  it('holds, and says what it shows', async () => {
    const { body, records, receipt, trusted } = await verifyAnswer(answered.text, answered.asked, context);
    expect(body).to.deep.equal(answered.body);
    expect(receipt).to.deep.equal(answered.receipt.opening);
    expect(trusted).to.deep.equal([]);
    const shown = records.map(({ claims, version }) => `${claims.get('NS_BH')} ${claims.get('NS_SJSE')} v${version}`);
    expect(shown).to.have.members(['SB2026-1 12.5 v1', 'SB2026-1b 12.5 v1', 'SB2026-1c 9 v2']);
    for (const { item, edition, claims } of records)
      expect([...claims.keys()]).to.deep.equal(builtInCatalogue.names(item, edition));
  });

  it('holds where it is a refusal', async () => {
    const { body, records, trusted } = await verifyAnswer(refused.text, refused.asked, context);
    expect([body.outcome, body.reason, records, trusted]).to.deep.equal(['refused', 'PURPOSE_MISMATCH', [], []]);
  });

  it('says what was trusted, where the asker knows less', async () => {
    const { trusted } = await verifyAnswer(answered.text, answered.asked, unknowing);
    expect(trusted).to.have.length(2);
    const behind = await verifyAnswer(answered.text, answered.asked, {
      ...context,
      anchored: () => ({ ...anchored, size: anchored.size - 1 }),
    });
    expect(behind.trusted).to.have.length(1);
    expect(behind.trusted[0]).to.contain(`of size ${anchored.size - 1}`);
  });

  it('signed again by the provider holds as before: what follows fails for what was changed in it', async () => {
    await verifyAnswer(await signed(answered.body, answered.receipt), answered.asked, context);
  });
});

describe('An answer', () => {
  it('is none with anything in it changed by who carries it', async () => {
    const { jws } = parseAnswer(answered.text);
    const payload = JSON.parse(fromUtf8(jws.payload)) as Answer;
    const [head, , signature] = answered.text.split('.');
    const carried = (answer: unknown) => `${head}.${toBase64Url(utf8(JSON.stringify(answer)))}.${signature}`;
    await verifyAnswer(carried(payload), answered.asked, context);
    const spoilt = answered.text.slice(0, -2) + (answered.text.endsWith('AA') ? 'BA' : 'AA');
    await refuse(spoilt, 'SIGNATURE_INVALID');
    // A digest that fits, and so the signature alone tells.
    const body = canonicalize({ ...answered.body, detail: 'another' });
    const opening = { ...payload.receipt.opening, answer: textDigest(body) };
    await refuse(carried({ body, receipt: { ...payload.receipt, opening } }), 'SIGNATURE_INVALID');
  });

  it('is none by another key, though it names one that is right', async () => {
    const { secretKey, publicKey } = ed25519.keygen();
    const thief = { sign: (message: Uint8Array) => ed25519.sign(message, secretKey) };
    const text = canonicalize(answered.body);
    await refuse(await signAnswer({ body: text, receipt: answered.receipt }, thief), 'SIGNATURE_INVALID');
    const key = toBase64Url(publicKey);
    const body = { ...refused.body };
    const receipt = { ...refused.receipt, key };
    const named = await signAnswer({ body: canonicalize(body), receipt }, thief);
    await refuse(named, 'SIGNATURE_INVALID', undefined, { asked: refused.asked });
    // Who knows no keys at all takes it, and says so.
    const { trusted } = await verifyAnswer(named, refused.asked, unknowing);
    expect(trusted).to.deep.equal([`that ${key} is the checkpoint key of ${MEMBER}`]);
  });

  it('is that of the provider and the query that were asked', async () => {
    await refuse(answered.text, 'PROOF_INVALID', 'format', { asked: { ...answered.asked, provider: OTHER_MEMBER } });
    await refuse(answered.text, 'PROOF_INVALID', 'format', { asked: refused.asked });
  });

  it('has a body in its one form', async () => {
    const text = JSON.stringify(answered.body, null, 1);
    const opening = { ...answered.receipt.opening, answer: textDigest(text) };
    const spaced = await signAnswer({ body: text, receipt: { ...answered.receipt, opening } }, exchange.member.key);
    await refuse(spaced, 'MALFORMED');
    await refuse(await signed({ ...answered.body, more: 'yes' } as never, answered.receipt), 'MALFORMED');
    await refuse('garbage', 'MALFORMED');
  });

  describe('in which the provider lies of', () => {
    const bodies: Partial<Record<keyof AnswerBody, [unknown, ErrorCode, ProofLink?]>> = {
      type: ['xinlian/answer/v2', 'MALFORMED'],
      provider: [OTHER_MEMBER, 'PROOF_INVALID', 'format'],
      grantee: [HASH, 'PROOF_INVALID', 'format'],
      query: [BASE64_URL, 'PROOF_INVALID', 'format'],
      request: [BASE64_URL, 'PROOF_INVALID', 'format'],
      grant: [HASH, 'PROOF_INVALID', 'format'],
      outcome: ['refused', 'PROOF_INVALID', 'format'],
      reason: ['GRANT_WITHDRAWN', 'PROOF_INVALID', 'format'],
      time: [1, 'PROOF_INVALID', 'format'],
      head: [{ number: 0, time: 0 }, 'PROOF_INVALID', 'format'],
      log: [undefined, 'PROOF_INVALID', 'checkpoint'],
      records: [[], 'PROOF_INVALID', 'format'],
    };
    for (const [part, [value, code, link]] of Object.entries(bodies)) {
      it(`its ${part}, in the body alone`, async () => {
        const { [part as 'log']: _, ...rest } = answered.body;
        const body = (value === undefined ? rest : { ...rest, [part]: value }) as AnswerBody;
        await refuse(await signed(body, answered.receipt), code, link);
      });
    }

    const openings: [string, unknown, ErrorCode?][] = [
      ['type', 'xinlian/receipt/v2', 'MALFORMED'],
      ['provider', OTHER_MEMBER],
      ['grantee', HASH],
      ['grant', HASH],
      ['query', BASE64_URL],
      ['subject', company(2)],
      ['items', ['social-insurance']],
      ['time', 1],
      ['request', BASE64_URL],
      ['outcome', 'refused'],
      ['reason', 'GRANT_WITHDRAWN'],
      ['records', []],
      ['answer', BASE64_URL],
      ['head', { number: 0, time: 0 }],
    ];
    for (const [part, value, code = 'PROOF_INVALID'] of openings) {
      it(`its ${part}, in the receipt alone`, async () => {
        const opening = { ...answered.receipt.opening, [part]: value };
        const receipt = { ...answered.receipt, opening };
        const attempt = async () => refuse(await signed(answered.body, receipt, part !== 'answer'), code, 'format');
        if (code === 'MALFORMED') expect(await rejection(attempt())).to.have.property('code', code);
        else await attempt();
      });
    }

    it('an answer: with a reason to refuse, in the receipt too', async () => {
      const reason = 'GRANT_WITHDRAWN' as const;
      const opening = { ...answered.receipt.opening, reason };
      const text = await signed({ ...answered.body, reason }, { ...answered.receipt, opening });
      await refuse(text, 'PROOF_INVALID', 'format');
    });

    it('the log and the key of its receipt', async () => {
      await refuse(await signed(answered.body, { ...answered.receipt, log: HASH }), 'PROOF_INVALID', 'format');
      await refuse(await signed(answered.body, { ...answered.receipt, key: BASE64_URL }), 'PROOF_INVALID', 'format');
    });

    it('a refusal: without a reason, or with something shown', async () => {
      const { reason: _, ...silent } = refused.body;
      const { reason: __, ...quiet } = refused.receipt.opening;
      const { asked } = refused;
      const lie = (body: object, opening: object = refused.receipt.opening) =>
        signed(body as AnswerBody, { ...refused.receipt, opening: opening as Answer['receipt']['opening'] });
      await refuse(await lie(silent, quiet), 'PROOF_INVALID', 'format', { asked });
      await refuse(await lie({ ...refused.body, none: ['tax-payment'] }), 'PROOF_INVALID', 'format', { asked });
      await refuse(await lie({ ...refused.body, log: answered.body.log }), 'PROOF_INVALID', 'format', { asked });
    });
  });

  describe('under a checkpoint that', () => {
    type Part = NonNullable<AnswerBody['log']>;
    const withLog = (change: Partial<Part>) =>
      signed({ ...answered.body, log: { ...answered.body.log!, ...change } }, answered.receipt);
    const resigned = async (change: { size?: number; root?: Uint8Array; origin?: string }, secret?: Uint8Array) => {
      const { origin, size, root } = parseCheckpoint(parseNote(answered.body.log!.checkpoint).text);
      const name = change.origin ?? origin;
      const text = encodeCheckpoint({ origin: name, size, root, ...change });
      const sign = (message: Uint8Array) =>
        secret ? ed25519.sign(message, secret) : exchange.member.key.sign(message);
      return signNote(text, { name, publicKey: SIGNER, sign });
    };
    it('another key signed', async () => {
      const checkpoint = await resigned({}, new Uint8Array(32).fill(8));
      await refuse(await withLog({ checkpoint }), 'SIGNATURE_INVALID');
      await refuse(await withLog({ key: BASE64_URL }), 'PROOF_INVALID', 'format');
      await refuse(await withLog({ key: 'short' }), 'MALFORMED');
    });

    it('is of another log, or none', async () => {
      const { origin } = parseCheckpoint(parseNote(answered.body.log!.checkpoint).text);
      const elsewhere = origin.replace(LOG, HASH);
      await refuse(await withLog({ checkpoint: await resigned({ origin: elsewhere }) }), 'PROOF_INVALID', 'format');
      await refuse(await withLog({ checkpoint: 'no note' }), 'MALFORMED');
    });

    it('has another root or size than its entries', async () => {
      const own = { ...context, anchored: () => undefined };
      const { size } = parseCheckpoint(parseNote(answered.body.log!.checkpoint).text);
      for (const change of [
        { root: new Uint8Array(32).fill(9) },
        { size: size + 1 },
        { size: size - 1 },
        { size: 0 },
      ]) {
        const text = await withLog({ checkpoint: await resigned(change) });
        await refuse(text, 'PROOF_INVALID', 'inclusion', { of: own });
      }
    });

    it('is older than the anchored one', async () => {
      const { size, root } = parseCheckpoint(parseNote(answered.body.log!.checkpoint).text);
      const of = { ...context, anchored: () => ({ size: size + 1, root, owner: MEMBER }) };
      await refuse(answered.text, 'PROOF_INVALID', 'consistency', { of });
    });

    it('is another than the anchored one of its size, whatever proof it leaves out', async () => {
      const { size, root } = parseCheckpoint(parseNote(answered.body.log!.checkpoint).text);
      const of = (own: Uint8Array) => ({ ...context, anchored: () => ({ size, root: own, owner: MEMBER }) });
      await refuse(answered.text, 'PROOF_INVALID', 'consistency', { of: of(new Uint8Array(32).fill(9)) });
      await verifyAnswer(answered.text, answered.asked, of(root));
    });

    it('does not extend the anchored one', async () => {
      const other = { ...anchored, root: new Uint8Array(32).fill(9) };
      const part = { ...answered.body.log!.anchored!, root: toBase64(other.root) };
      const text = await withLog({ anchored: part });
      await refuse(text, 'PROOF_INVALID', 'consistency', { of: { ...context, anchored: () => other } });
      const { consistency } = answered.body.log!.anchored!;
      expect(consistency).to.not.be.empty;
      for (const [i] of consistency.entries()) {
        const spoilt = { ...answered.body.log!.anchored!, consistency: consistency.with(i, BASE64) };
        await refuse(await withLog({ anchored: spoilt }), 'PROOF_INVALID', 'consistency');
      }
      for (const wrong of [consistency.slice(1), [...consistency, BASE64], []])
        await refuse(
          await withLog({ anchored: { ...answered.body.log!.anchored!, consistency: wrong } }),
          'PROOF_INVALID',
          'consistency',
        );
      const lied = { ...answered.body.log!.anchored!, root: BASE64 };
      await refuse(await withLog({ anchored: lied }), 'PROOF_INVALID', 'format');
    });

    it('is of a log of another member', async () => {
      const of = { ...context, anchored: () => ({ ...anchored, owner: OTHER_MEMBER }) };
      await refuse(answered.text, 'PROOF_INVALID', 'signature', { of });
    });

    it('does not end in the status entry that is shown', async () => {
      const { status } = answered.body.log!;
      const entry = decodeEntry(new Uint8Array(Buffer.from(status.entry, 'base64url')));
      if (entry.kind !== 'status') throw new Error(entry.kind);
      const show = (change: Partial<typeof status>) => withLog({ status: { ...status, ...change } });
      const rooted = encodeEntry({ ...entry, root: new Uint8Array(32).fill(9) });
      await refuse(await show({ entry: toBase64Url(rooted) }), 'PROOF_INVALID', 'inclusion');
      await refuse(await show({ entry: answered.body.records[0]!.entry }), 'PROOF_INVALID', 'status');
      for (const [i] of status.inclusion.entries())
        await refuse(await show({ inclusion: status.inclusion.with(i, BASE64) }), 'PROOF_INVALID', 'inclusion');
      await refuse(await show({ inclusion: [] }), 'PROOF_INVALID', 'inclusion');
      await refuse(await show({ entry: 'AAAA' }), 'MALFORMED');
    });
  });

  describe('with a record that', () => {
    type Part = AnswerBody['records'][number];
    const withRecord = (change: Partial<Part>, receipt = answered.receipt) =>
      signed({ ...answered.body, records: answered.body.records.with(0, { ...first(), ...change }) }, receipt);
    const first = () => answered.body.records[0]!;

    it('is of another payload', async () => {
      const other = answered.body.records[1]!.payload;
      await refuse(await withRecord({ payload: other }), 'PROOF_INVALID', 'disclosure');
      await refuse(
        await withRecord({ payload: other, disclosures: answered.body.records[1]!.disclosures }),
        'PROOF_INVALID',
        'commitment',
      );
      await refuse(await withRecord({ payload: first().payload.replace('tax', 'tex') }), 'PROOF_INVALID', 'disclosure');
      await refuse(await withRecord({ payload: '{}' }), 'MALFORMED');
    });

    it('shows a claim that is not in it, or leaves out whose it is', async () => {
      const { disclosures } = first();
      const forged = toBase64Url(utf8(canonicalize([BASE64_URL, 'NS_SJSE', '0'])));
      await refuse(await withRecord({ disclosures: disclosures.with(3, forged) }), 'PROOF_INVALID', 'disclosure');
      await refuse(await withRecord({ disclosures: [...disclosures, disclosures[0]!] }), 'PROOF_INVALID', 'disclosure');
      await refuse(await withRecord({ disclosures: [] }), 'PROOF_INVALID', 'format');
    });

    it('has another entry, position or way to the root', async () => {
      const { inclusion, position } = first();
      const entry = decodeEntry(new Uint8Array(Buffer.from(first().entry, 'base64url')));
      const later = toBase64Url(encodeEntry({ ...entry, time: entry.time + 1 }));
      await refuse(await withRecord({ entry: later }), 'PROOF_INVALID', 'inclusion');
      await refuse(await withRecord({ entry: answered.body.records[1]!.entry }), 'PROOF_INVALID', 'commitment');
      await refuse(await withRecord({ entry: answered.body.log!.status.entry }), 'PROOF_INVALID', 'entry');
      if (!('item' in entry)) throw new Error(entry.kind);
      const renamed = toBase64Url(encodeEntry({ ...entry, item: 'social-insurance' }));
      await refuse(await withRecord({ entry: renamed }), 'PROOF_INVALID', 'entry');
      for (const [i] of inclusion.entries())
        await refuse(await withRecord({ inclusion: inclusion.with(i, BASE64) }), 'PROOF_INVALID', 'inclusion');
      await refuse(await withRecord({ inclusion: inclusion.slice(1) }), 'PROOF_INVALID', 'inclusion');
      const moved = {
        ...answered.receipt.opening,
        records: answered.receipt.opening.records.with(0, position + 1_000),
      };
      const text = await withRecord({ position: position + 1_000 }, { ...answered.receipt, opening: moved });
      await refuse(text, 'PROOF_INVALID', 'inclusion');
      await refuse(await withRecord({ position: position + 1_000 }), 'PROOF_INVALID', 'format');
    });

    it('has another status, or none that may be used', async () => {
      const { status } = first();
      const { siblings, bitmap } = status;
      const show = (change: object) => withRecord({ status: { ...status, ...change } });
      await refuse(await show({ value: '{"state":"annulled"}' }), 'PROOF_INVALID', 'status');
      await refuse(await show({ siblings: [...siblings, BASE64] }), 'PROOF_INVALID', 'status');
      const flipped = fromBase64(bitmap);
      flipped[0]! ^= 0x80;
      await refuse(await show({ bitmap: toBase64(flipped) }), 'PROOF_INVALID', 'status');
      for (const [i] of siblings.entries())
        await refuse(await show({ siblings: siblings.with(i, BASE64) }), 'PROOF_INVALID', 'status');
      // The log has a record that a correction superseded: the tree is not empty.
      expect(siblings).to.not.be.empty;
    });

    it('is superseded, though its status is proved', async () => {
      // Version 1 of the record that was corrected, with its true status.
      const { agency } = exchange;
      const { log } = agency;
      const corrected = answered.body.records.find(({ version }) => version === 2)!;
      const stored = agency.recordStore.record(parseRecordId(corrected.record))!;
      const { position } = stored.versions[0]!;
      const proofs = new RecordProofs(agency.logs);
      const { size } = parseCheckpoint(parseNote(answered.body.log!.checkpoint).text);
      const { key, claims: values } = agency.vault.open(
        agency.recordStore.version(parseRecordId(corrected.record), 1)!,
      );
      const names = builtInCatalogue.names(stored.item, stored.edition)!;
      const { item, edition } = stored;
      const old = {
        record: corrected.record,
        version: 1,
        payload: commitRecord({ item, edition, names, values, key }).payload,
        disclosures: discloseRecord({ names, values, key, positions: names.map((_, i) => i) }),
        entry: toBase64Url(agency.logs.entry(1, position)!),
        position,
        inclusion: proofs.inclusion(log, position, size),
        status: await proofs.status(log, position, size),
      };
      const opening = { ...answered.receipt.opening, records: [position] };
      const show = (part: typeof old) =>
        signed({ ...answered.body, records: [part] }, { ...answered.receipt, opening });
      expect(old.status.value).to.contain('superseded');
      await refuse(await show(old), 'PROOF_INVALID', 'status');
      const { value: _, ...hidden } = old.status;
      await refuse(await show({ ...old, status: hidden }), 'PROOF_INVALID', 'status');
    });

    it('is another enterprise’s, of an item that was not asked for, or of an unknown edition', async () => {
      const opening = { ...answered.receipt.opening, records: foreign.receipt.opening.records };
      const text = await signed(
        { ...answered.body, log: foreign.body.log!, records: foreign.body.records },
        { ...answered.receipt, opening },
      );
      await refuse(text, 'PROOF_INVALID', 'format');
      const unknown = { ...context, names: () => undefined };
      await refuse(answered.text, 'PROOF_INVALID', 'disclosure', { of: unknown });
      const others = { ...answered.receipt.opening, items: ['social-insurance'] };
      await refuse(await signed(answered.body, { ...answered.receipt, opening: others }), 'PROOF_INVALID', 'format');
    });

    it('comes twice', async () => {
      const records = [first(), first()];
      const opening = { ...answered.receipt.opening, records: records.map(({ position }) => position) };
      await refuse(
        await signed({ ...answered.body, records }, { ...answered.receipt, opening }),
        'PROOF_INVALID',
        'format',
      );
    });
  });
});
