// What a member gives to centres that make reports: its published records, proved under one checkpoint, and how entries of
// its log stand. Nothing in either is secret.
import { XinlianError } from '../core/errors.ts';
import { parseRecordId } from '../core/ids.ts';
import type { PublicSearch } from '../core/messages/register.ts';
import type { ProvedPage, StandingPage, StandingQuestion } from '../core/messages/report.ts';
import type { AnswerRecords } from './answer-records.ts';
import type { Clock, WriteBatch } from './ports.ts';
import type { PublicRegister, PublishingMember } from './public-register.ts';

interface Dependencies<B extends WriteBatch> {
  register: Pick<PublicRegister<B>, 'search'>;
  records: Pick<AnswerRecords<B>, 'collectById' | 'standings'>;
  clock: Clock;
}

export class ReportSource<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** A page of what is published of a subject. Throws `OVERLOADED`, `MALFORMED`. */
  async published(member: PublishingMember<B>, search: PublicSearch): Promise<ProvedPage> {
    const { register, records, clock } = this.#needs;
    const page = await register.search(member, search);
    const ids = page.records.map(({ record }) => parseRecordId(record));
    const proved = await records.collectById(member, ids, Math.floor(clock.now() / 1000));
    return { member: member.id, ...proved, ...(page.next !== undefined && { next: page.next }) };
  }

  /** Throws `NOT_FOUND` for another log, and for what no checkpoint covers. */
  standings(member: PublishingMember<B>, { log, positions }: StandingQuestion): Promise<StandingPage> {
    if (member.log.state.id !== log) throw new XinlianError('NOT_FOUND', { what: 'log', id: log });
    return this.#needs.records.standings(member, positions);
  }
}
