// Cases as they are kept: sealed, each with its steps; where one stands is worked out of these on every read.
import { fromUtf8, toBase64Url, utf8 } from '../core/bytes.ts';
import type { CaseKind, CaseParty, CaseStep } from '../core/case-act.ts';
import { XinlianError } from '../core/errors.ts';
import type { MemberId, RecordId } from '../core/ids.ts';
import type { CasePage, CaseQuery, CaseView } from '../core/messages/case.ts';
import { isOverdue, standingOf, type CaseStanding, type TakenStep } from '../policy/case-machine.ts';
import { chinaDate } from '../policy/date.ts';
import type { Deadline, Policies } from '../policy/rules.ts';
import type { CaseStore, Clock, LogStore, WriteBatch } from './ports.ts';
import { RecordProofs } from './record-proofs.ts';
import type { RecordHolder } from './subject-records.ts';

const PAGE_CASES = 20;

/** A hosted member, as far as it decides cases. */
export interface CaseMember<B extends WriteBatch> extends RecordHolder<B> {
  key: { readonly publicKey: Uint8Array };
}

export interface KeptStep {
  position: number;
  opening: CaseStep;
  /** The act as it was signed. */
  evidence: string;
}

/** A case as it is kept. */
export interface CaseFile {
  case: string;
  kind: CaseKind;
  record: RecordId;
  item: string;
  subject: string;
  region: string;
  /** Members that were shown the record, as the step found that changed it. */
  holders: string[];
  steps: KeptStep[];
}

/** A step that is late. */
export interface LateStep {
  case: string;
  kind: CaseKind;
  /** Who it is that is late. */
  turn: CaseParty;
  /** YYYY-MM-DD */
  due: string;
}

interface Dependencies<B extends WriteBatch> {
  store: CaseStore<B>;
  logs: LogStore<B>;
  policies: Policies;
  clock: Clock;
}

export class CaseFiles<B extends WriteBatch> {
  readonly #needs: Dependencies<B>;
  readonly #proofs: RecordProofs<B>;

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
    this.#proofs = new RecordProofs(dependencies.logs);
  }

  find({ id: member, vault }: CaseMember<B>, id: string): CaseFile | undefined {
    const sealed = this.#needs.store.file(member, id);
    return sealed && (JSON.parse(fromUtf8(vault.openNote(sealed, filePlace(member, id)))) as CaseFile);
  }

  put(batch: B, { id: member, vault }: CaseMember<B>, file: CaseFile): void {
    const { store } = this.#needs;
    if (file.steps.length === 1)
      store.putCase(batch, member, file.case, { record: file.record, subject: vault.subjectKey(file.subject) });
    store.putFile(batch, member, file.case, vault.sealNote(utf8(JSON.stringify(file)), filePlace(member, file.case)));
  }

  standing({ kind, steps, region }: CaseFile): CaseStanding {
    const taken = steps.map(({ opening: { by, time, act } }): TakenStep => {
      return { step: act.step, by, date: chinaDate(time * 1000), outcome: act.outcome };
    });
    return standingOf(kind, taken, { policies: this.#needs.policies, region });
  }

  /** Of a record of this member. */
  async *ofRecord(member: CaseMember<B>, record: RecordId): AsyncGenerator<CaseFile> {
    for await (const id of this.#needs.store.recordCases(record)) yield this.#get(member, id);
  }

  async *ofSubject(member: CaseMember<B>, uscc: string): AsyncGenerator<CaseFile> {
    const { store } = this.#needs;
    for await (const id of store.subjectCases(member.id, member.vault.subjectKey(uscc))) yield this.#get(member, id);
  }

  async *ofMember(member: CaseMember<B>, after?: string): AsyncGenerator<CaseFile> {
    for await (const id of this.#needs.store.cases(member.id, after)) yield this.#get(member, id);
  }

  /** Steps that are late today, the subjects' too. */
  async late(member: CaseMember<B>): Promise<LateStep[]> {
    const today = this.#today();
    const late: LateStep[] = [];
    for await (const file of this.ofMember(member)) {
      const standing = this.standing(file);
      const { turn, due } = standing;
      if (turn && due && isOverdue(standing, today))
        late.push({ case: file.case, kind: file.kind, turn, due: due.date });
    }
    return late;
  }

  /** @param files in the order of their ids, as every index has them */
  async page(
    member: CaseMember<B>,
    { case: only, after, open }: CaseQuery,
    files: AsyncIterable<CaseFile>,
  ): Promise<CasePage> {
    const { log, key } = member;
    const page: CasePage = {
      member: member.id,
      log: log.state.id,
      checkpoint: this.#needs.logs.checkpoint(log.state.number, log.shownSize) ?? '',
      key: toBase64Url(key.publicKey),
      cases: [],
    };
    let passed = after === undefined;
    for await (const file of files) {
      if (!passed) {
        passed = file.case === after;
        continue;
      }
      if (only !== undefined && file.case !== only) continue;
      if (open === true && this.standing(file).turn === undefined) continue;
      if (page.cases.length === PAGE_CASES) return { ...page, next: page.cases.at(-1)?.case ?? file.case };
      page.cases.push(this.view(member, file));
    }
    return page;
  }

  /** As its parties see it, each step with its proof. */
  view(member: CaseMember<B>, file: CaseFile): CaseView {
    const { log } = member;
    const size = log.shownSize;
    const standing = this.standing(file);
    const { state, opened, turn, due, outcome } = standing;
    return {
      case: file.case,
      kind: file.kind,
      record: file.record,
      item: file.item,
      subject: file.subject,
      state,
      opened,
      ...(turn && { turn }),
      ...(due && { due: dueView(due) }),
      overdue: isOverdue(standing, this.#today()),
      ...(outcome && { outcome }),
      holders: file.holders,
      steps: file.steps.map(({ position, opening, evidence }) => {
        const entry = this.#needs.logs.entry(log.state.number, position);
        if (!entry)
          throw new XinlianError('STORE_CORRUPT', {
            what: `log ${log.state.id}`,
            wanted: `a step at ${position}`,
            got: 'none',
          });
        return {
          position,
          opening,
          evidence,
          entry: toBase64Url(entry),
          // Logged, and under the next checkpoint: its proof comes a moment later.
          ...(position < size && { inclusion: this.#proofs.inclusion(log, position, size) }),
        };
      }),
    };
  }

  #get(member: CaseMember<B>, id: string): CaseFile {
    const file = this.find(member, id);
    if (file) return file;
    throw new XinlianError('STORE_CORRUPT', { what: `case ${id}`, wanted: 'its file', got: 'none' });
  }

  #today(): string {
    return chinaDate(this.#needs.clock.now());
  }
}

function dueView({ date, edition, provisional, term }: Deadline): NonNullable<CaseView['due']> {
  const { count, unit, citation, unverified = false } = term;
  return { date, term: `${count} ${unit}`, citation, unverified, calendar: edition, provisional };
}

function filePlace(member: MemberId, id: string): string {
  return `case/${member}/${id}`;
}
