// What a provider's officer takes out to send another way: the records that a basis allows, as an answer of proofs has
// them, with the disclosures that the answer leaves out.
import { encodePayload, type ShareExport } from '../core/share-payload.ts';
import { parseBasis } from '../core/share.ts';
import { XinlianError } from '../core/errors.ts';
import type { AnswerRecords } from './answer-records.ts';
import { judgingTime } from './judge-grant.ts';
import type { Clock, GrantView, WriteBatch } from './ports.ts';
import type { ProvidingMember } from './provider.ts';
import type { KeptBasis } from './share-desk.ts';

interface Dependencies<B extends WriteBatch> {
  bases: { kept(member: ProvidingMember<B>, id: string): KeptBasis | undefined };
  records: AnswerRecords<B>;
  view: Pick<GrantView, 'head'>;
  clock: Clock;
}

export class SharePayloads<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * @returns NDJSON, a record a line
   * @throws NOT_FOUND; CONFLICT where the basis is not approved, has ended, or is of other subjects
   */
  async export(member: ProvidingMember<B>, { basis: id, subject, page = 0 }: ShareExport): Promise<Uint8Array> {
    const { bases, records, view, clock } = this.#needs;
    const kept = bases.kept(member, id);
    if (!kept) throw new XinlianError('NOT_FOUND', { what: 'share basis', id });
    const { basis } = parseBasis(kept.text);
    const now = judgingTime(view, Math.floor(clock.now() / 1000));
    const { approved, ended } = kept;
    const refuse = (wanted: string, got: string): never => {
      throw new XinlianError('CONFLICT', { what: `share basis ${id}`, wanted, got });
    };
    if (!approved) return refuse('one that was approved', 'one that was not');
    if (ended) return refuse('one that stands', `ended at ${ended.time}`);
    if (now < basis.from || now >= approved.to) return refuse('one in its term', `${basis.from} to ${approved.to}`);
    if (basis.subjects && !basis.subjects.includes(subject)) return refuse('one about this subject', subject);
    const query = { items: approved.items, page };
    const found = await records.collect(member, { subject: { uscc: subject }, items: basis.items }, query, now);
    return encodePayload(found.records.map(({ record, version, disclosures }) => ({ record, version, disclosures })));
  }
}
