import { expect } from 'chai';
import { newAgreement } from '#agreement';
import { toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { decodeEntry } from '../../../node/core/entry.ts';
import { openJwe, sealJwe } from '../../../node/core/jwe.ts';
import { p256Jwk } from '../../../node/core/jwk.ts';
import {
  dayOfTime,
  dayPage,
  parseDay,
  receivedDigest,
  signDayQuestion,
  type DayPage,
  type DayQuestion,
  type ReceivedLine,
} from '../../../node/core/reconciliation.ts';
import { DayDesk } from '../../../node/exchange/day-desk.ts';
import type { Batch } from '../../../node/store/store.ts';
import { beijingTime } from '../../../gateway/beijing-time.ts';
import { Exchange, type Body } from '../../helpers/authorised.ts';
import { MEMBER } from '../../helpers/bundle.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { rejection } from '../../helpers/rejection.ts';

describe('A day in a member’s log', () => {
  let exchange: Exchange;
  let desk: DayDesk<Batch>;
  let today: string;

  beforeEach(async () => {
    exchange = await Exchange.open();
    const { logs, clock } = exchange.agency;
    desk = new DayDesk<Batch>({ store: exchange.store, logs, view: exchange.grants, clock });
    today = beijingTime(exchange.now()).slice(0, 10);
  });

  const reply = newAgreement();

  async function seal(change: Partial<DayQuestion> = {}, by: Body = exchange.bank): Promise<string> {
    const iat = exchange.now();
    const question = {
      iss: exchange.bank.id,
      aud: MEMBER,
      iat,
      exp: iat + 300,
      day: today,
      reply: p256Jwk(reply.publicKey),
      ...change,
    };
    return sealJwe(utf8(await signDayQuestion(question, by.signer)), exchange.sealing.publicKey, 'JWT');
  }

  const serving = () => ({ ...exchange.member, key: exchange.member.key });
  async function ask(change: Partial<DayQuestion> = {}, by?: Body): Promise<DayPage> {
    const jwe = await desk.answer(serving(), await seal(change, by));
    return dayPage.decode((await openJwe(jwe, reply)).plaintext);
  }

  it('tells the asker its own accesses, refused ones too, as they stand in the log', async () => {
    const { document, draft } = await exchange.grant();
    await exchange.ask(document);
    await exchange.ask(document, { purpose: 'post-loan' });
    const { lines, member, day, next } = await ask();
    expect([member, day, next]).to.deep.equal([MEMBER, today, undefined]);
    const received = lines as ReceivedLine[];
    expect(received.map(({ outcome, reason }) => reason ?? outcome)).to.deep.equal(['answered', 'PURPOSE_MISMATCH']);
    for (const { position, commitment, grant, grantee } of received) {
      const entry = decodeEntry(exchange.agency.logs.entry(1, position)!);
      expect(entry.kind === 'receipt' && toBase64Url(entry.commitment)).to.equal(commitment);
      expect([grant, grantee]).to.deep.equal([draft.hash, exchange.bank.id]);
    }
    expect(received[0]!.records).to.be.greaterThan(0);
  });

  it('tells nobody of another’s', async () => {
    const { document } = await exchange.grant();
    await exchange.ask(document);
    expect((await ask({ iss: exchange.otherBank.id }, exchange.otherBank)).lines).to.deep.equal([]);
  });

  it('goes by days in Beijing', async () => {
    const midnight = Date.UTC(2026, 5, 2) - 8 * 3_600_000;
    const { document } = await exchange.grant();
    for (const milliseconds of [midnight - 1000, midnight]) {
      exchange.agency.clock.milliseconds = milliseconds;
      exchange.grants.time = milliseconds / 1000;
      await exchange.ask(document);
    }
    for (const day of ['2026-06-01', '2026-06-02']) expect((await ask({ day })).lines, day).to.have.length(1);
    expect((await ask({ day: '2026-06-03' })).lines).to.deep.equal([]);
  });

  it('has a digest that both sides come to, whatever the order', async () => {
    const { document } = await exchange.grant();
    await exchange.ask(document);
    await exchange.ask(document);
    const lines = (await ask()).lines as ReceivedLine[];
    expect(receivedDigest(lines.toReversed())).to.equal(receivedDigest(lines));
    expect(receivedDigest(lines.slice(1))).to.not.equal(receivedDigest(lines));
    expect(receivedDigest([{ ...lines[0]!, reason: 'x' }, lines[1]!])).to.not.equal(receivedDigest(lines));
  });

  it('is told to who signs, for now, and to nobody else', async () => {
    const cases: [Promise<string>, string][] = [
      [seal({}, exchange.otherBank), 'SIGNATURE_INVALID'],
      [seal({ aud: exchange.bank.id }), 'UNAUTHENTICATED'],
      [seal({ iat: exchange.now() - 900, exp: exchange.now() - 1 }), 'UNAUTHENTICATED'],
      [seal({ exp: exchange.now() + 10_000 }), 'UNAUTHENTICATED'],
      [seal({ day: '2026-02-30' }), 'MALFORMED'],
    ];
    for (const [question, code] of cases)
      expect(await rejection(desk.answer(serving(), await question))).to.include({ code });
  });

  it('is counted in days since 1970', () => {
    expect([dayOfTime(0), dayOfTime(16 * 3600 - 1), dayOfTime(16 * 3600)]).to.deep.equal([0, 0, 1]);
    expect([parseDay('1970-01-01'), parseDay('2026-06-01')]).to.deep.equal([0, dayOfTime(Date.UTC(2026, 5, 1) / 1000)]);
    for (const text of ['2000-02-29', '2000-03-01', '2024-12-31', '2100-03-01'])
      expect(parseDay(text), text).to.equal(Date.parse(text) / 86_400_000);
    for (const text of [
      '2026-13-01',
      '2026-00-01',
      '2026-01-00',
      '2100-02-29',
      '1969-12-31',
      '2026-02-30',
      '26-1-1',
      '',
    ])
      expect(codeOf(() => parseDay(text))).to.equal('MALFORMED');
  });
});
