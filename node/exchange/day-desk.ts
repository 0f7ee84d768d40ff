// Tells a member of a day: in its own node what it asked and, where it is a provider, all that was asked of it; at
// another's, what that one logged of the member's own queries. Sealed to a key of the asker's.
import { verifyMemberStatement } from '../core/application.ts';
import { fromBase64Url, fromUtf8, toBase64Url, toHex } from '../core/bytes.ts';
import { decodeEntry } from '../core/entry.ts';
import { XinlianError } from '../core/errors.ts';
import { parseGrantHash, parseMemberId } from '../core/ids.ts';
import { openJwe, sealJwe } from '../core/jwe.ts';
import { p256Point } from '../core/jwk.ts';
import { QUERY_SECONDS } from '../core/query.ts';
import { queryNote, receipt } from '../core/receipt.ts';
import { dayPage, parseDay, parseDayQuestion, type DayPage, type DayQuestion } from '../core/reconciliation.ts';
import { openingPlace } from './openings.ts';
import type { AccessStore, Clock, GrantView, LogStore, WriteBatch } from './ports.ts';
import type { ServingMember } from './subject-desk.ts';

const PAGE_LINES = 500;
/** Lines of others that are passed over for one page: then it ends early, and has a `next`. */
const MOST_PASSED = 5_000;

interface Dependencies<B extends WriteBatch> {
  store: AccessStore<B>;
  logs: LogStore<B>;
  view: GrantView;
  clock: Clock;
}

export class DayDesk<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * @param sealed compact JWE of the signed question
   * @returns compact JWE of a DayPage
   * @throws MALFORMED, SIGNATURE_INVALID, UNAUTHENTICATED
   */
  async answer(member: ServingMember<B>, sealed: string): Promise<string> {
    const { view, clock } = this.#needs;
    const { plaintext } = await openJwe(sealed, member.sealing);
    const { question, jws } = parseDayQuestion(fromUtf8(plaintext));
    const now = Math.floor(clock.now() / 1000);
    const issuer = parseMemberId(question.iss);
    await verifyMemberStatement(jws, issuer, view.currentKey(issuer, 'client'), now);
    const { aud, iat, exp } = question;
    if (aud !== member.id || exp <= now || iat > now + 60 || exp - iat > QUERY_SECONDS)
      throw new XinlianError('UNAUTHENTICATED', { reason: 'the question is for another, or of another time' });
    return sealJwe(dayPage.encode(await this.#page(member, question)), p256Point(question.reply), 'json');
  }

  async #page(member: ServingMember<B>, { iss, day, after = -1 }: DayQuestion): Promise<DayPage> {
    const { store } = this.#needs;
    const { number, id: log } = member.log.state;
    const page: DayPage = { member: member.id, log, day, lines: [] };
    let passed = 0;
    let last = after;
    for await (const { position, party } of store.day(number, parseDay(day), after)) {
      if (page.lines.length >= PAGE_LINES || passed >= MOST_PASSED) return { ...page, next: last };
      last = position;
      // To its own member a log hides nothing; to another, all but what that one did itself.
      if (iss === member.id || party === iss) page.lines.push(this.#line(member, position));
      else passed++;
    }
    return page;
  }

  #line({ log, vault }: ServingMember<B>, position: number): DayPage['lines'][number] {
    const { store, logs, view } = this.#needs;
    const { number, id } = log.state;
    const sealed = store.opening(number, position);
    const bytes = logs.entry(number, position);
    if (!sealed || !bytes)
      throw new XinlianError('STORE_CORRUPT', { what: `log ${id}`, wanted: `an opening at ${position}`, got: 'none' });
    const entry = decodeEntry(bytes);
    const commitment = 'commitment' in entry ? toBase64Url(entry.commitment) : '';
    const opening = vault.openNote(sealed, openingPlace(number, position));
    if (entry.kind === 'query') {
      const { time, query, grant, purpose, items, requests } = queryNote.decode(opening);
      const consumed =
        grant === undefined ? undefined : view.consumption(parseGrantHash(grant), toHex(fromBase64Url(query, 32)));
      return {
        kind: 'sent',
        position,
        commitment,
        time,
        query,
        purpose,
        items,
        requests,
        ...(grant !== undefined && { grant }),
        ...(consumed && { consumed: consumed.block }),
      };
    }
    const { time, query, grant, purpose, items, grantee, request, outcome, reason, records, answer } =
      receipt.decode(opening);
    return {
      kind: 'received',
      position,
      commitment,
      time,
      query,
      purpose,
      items,
      grantee,
      request,
      outcome,
      answer,
      ...(grant !== undefined && { grant }),
      ...(reason !== undefined && { reason }),
      records: records.length,
    };
  }
}
