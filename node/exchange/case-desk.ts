// Objection, repair, and what an agency does with a record of its own: acts of the enterprise and of the agency that decides
// (谁认定、谁修复). Every step is signed by who takes it, has a line in the log, and changes the record in the same write.
import { verifyMemberStatement } from '../core/application.ts';
import { toBase64Url } from '../core/bytes.ts';
import { canonicalize } from '../core/canonical.ts';
import {
  parseMemberAct,
  stepCommitment,
  type CaseAct,
  type CaseKind,
  type CaseParty,
  type CaseStep,
} from '../core/case-act.ts';
import type { Entry } from '../core/entry.ts';
import { malformed, XinlianError } from '../core/errors.ts';
import { parseRecordId, type RecordId } from '../core/ids.ts';
import type { CasePage, CaseQuery, CaseView } from '../core/messages/case.ts';
import { receipt, textDigest } from '../core/receipt.ts';
import { mayChange, statusOf, type ChangingKind, type Status } from '../core/status-change.ts';
import { advance, ENDS_RECORD } from '../policy/case-machine.ts';
import { chinaDate } from '../policy/date.ts';
import type { Policies } from '../policy/rules.ts';
import type { CaseFile, CaseFiles, CaseMember, KeptStep } from './case-files.ts';
import type { GroupCommit } from './group-commit.ts';
import { openingPlace } from './openings.ts';
import type { AccessStore, ChainView, Clock, WriteBatch } from './ports.ts';
import type { RecordChanges } from './record-changes.ts';
import type { OpenRecord, SubjectRecords } from './subject-records.ts';

/** Receipts that are looked through for who was shown a record. */
const MOST_RECEIPTS = 100_000;
/** How old an act may be when it comes, in seconds. */
const ACT_SECONDS = 300;

type Batch = WriteBatch & { readonly length: number };

interface Dependencies<B extends Batch> {
  files: CaseFiles<B>;
  opened: SubjectRecords<B>;
  access: Pick<AccessStore<B>, 'subjectReceipts' | 'opening'>;
  commits: GroupCommit<B>;
  policies: Policies;
  changes: RecordChanges<B>;
  view: Pick<ChainView, 'currentKey'>;
  clock: Clock;
}

export class CaseDesk<B extends Batch> {
  readonly #needs: Dependencies<B>;
  /** One act after the other: what a step is judged by is on the disk. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /**
   * An act of an enterprise, whose call was verified.
   * @param evidence the call as it was signed
   * @throws NOT_FOUND for a record that is not of this subject; FORBIDDEN, CONFLICT, MALFORMED as the rules have it
   */
  actAsSubject(member: CaseMember<B>, uscc: string, act: CaseAct, evidence: string): Promise<CaseView> {
    return this.#inTurn(() => this.#act(member, act, { by: 'subject', uscc, evidence }));
  }

  /**
   * An act of the agency itself.
   * @param signed compact JWS of a MemberAct by its `client` key, or that of an application
   * @throws SIGNATURE_INVALID, UNAUTHENTICATED; as `actAsSubject`
   */
  async actAsAgency(member: CaseMember<B>, signed: string): Promise<CaseView> {
    const { statement, jws } = parseMemberAct(signed);
    const now = this.#now();
    const { iss, iat, act } = statement;
    if (iss !== member.id) throw new XinlianError('FORBIDDEN', { wanted: member.id, got: iss });
    await verifyMemberStatement(jws, iss, this.#needs.view.currentKey(member.id, 'client'), now);
    if (Math.abs(now - iat) > ACT_SECONDS)
      throw new XinlianError('UNAUTHENTICATED', { reason: `the act is of ${iat}, now is ${now}` });
    return this.#inTurn(() => this.#act(member, act, { by: 'agency', evidence: signed }));
  }

  /** Cases of the member, all or some; each with its proofs. Throws `NOT_FOUND` for the record of another. */
  list(member: CaseMember<B>, query: CaseQuery): Promise<CasePage> {
    const { files, opened } = this.#needs;
    if (query.record === undefined) return files.page(member, query, files.ofMember(member));
    const { id } = opened.open(member, parseRecordId(query.record));
    return files.page(member, query, files.ofRecord(member, id));
  }

  /** Those of a subject. */
  listOfSubject(member: CaseMember<B>, uscc: string, query: CaseQuery): Promise<CasePage> {
    const { files } = this.#needs;
    return files.page(member, query, files.ofSubject(member, uscc));
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(nothing, nothing);
    return done;
  }

  async #act(
    member: CaseMember<B>,
    act: CaseAct,
    { by, uscc, evidence }: { by: CaseParty; uscc?: string; evidence: string },
  ): Promise<CaseView> {
    const { files, opened, policies, commits } = this.#needs;
    const concerned = opened.open(member, parseRecordId(act.record));
    if (uscc !== undefined && concerned.subject !== uscc)
      throw new XinlianError('NOT_FOUND', { what: 'record', id: act.record });
    const known = files.find(member, act.case);
    if (known) {
      if (this.#takenBefore(known, act, by)) return files.view(member, known);
    } else if (act.seq !== 0) throw new XinlianError('NOT_FOUND', { what: 'case', id: act.case });

    const time = this.#now();
    const date = chinaDate(time * 1000);
    advance(
      act.kind,
      known && files.standing(known),
      { step: act.step, by, date, outcome: act.outcome },
      { policies, region: known?.region ?? member.region },
    );
    checkAct(act, concerned, known);
    if (act.step === 'apply') await this.#checkRepair(member, act, concerned, date);

    const others = (await this.#openCases(member, concerned.id, 'objection')).filter((own) => own !== act.case);
    const changes = entriesOf(act, concerned.status, others.length > 0);
    const holders = changes.some((kind) => kind !== 'objection' && kind !== 'objection-closed')
      ? await this.#holders(member, concerned)
      : (known?.holders ?? []);
    const opening: CaseStep = {
      type: 'xinlian/case-step/v1',
      salt: toBase64Url(crypto.getRandomValues(new Uint8Array(32))),
      member: member.id,
      subject: concerned.subject,
      by,
      time,
      act,
      evidence: textDigest(evidence),
    };
    const file = await commits.run((batch) =>
      this.#stage(batch, member, { concerned, known, holders, changes, kept: { opening, evidence } }),
    );
    return files.view(member, file);
  }

  /** The same act again changes nothing. @returns whether it was taken before */
  #takenBefore(file: CaseFile, act: CaseAct, by: CaseParty): boolean {
    const what = `case ${act.case}`;
    if (file.record !== act.record || file.kind !== act.kind)
      throw new XinlianError('CONFLICT', {
        what,
        wanted: `${file.kind} of ${file.record}`,
        got: `${act.kind} of ${act.record}`,
      });
    const taken = file.steps[act.seq]?.opening;
    if (taken) {
      if (taken.by === by && canonicalize(taken.act) === canonicalize(act)) return true;
      throw new XinlianError('CONFLICT', {
        what,
        wanted: `step ${file.steps.length}`,
        got: `${act.seq}, which was another`,
      });
    }
    if (act.seq !== file.steps.length)
      throw new XinlianError('CONFLICT', { what, wanted: `step ${file.steps.length}`, got: String(act.seq) });
    return false;
  }

  async #checkRepair(member: CaseMember<B>, act: CaseAct, concerned: OpenRecord, date: string): Promise<void> {
    const what = `repair of record ${act.record}`;
    const { repairFrom, citation } = this.#needs.opened.publicity(member, concerned, date);
    if (repairFrom === undefined)
      throw new XinlianError('CONFLICT', { what, wanted: 'a record of misconduct', got: concerned.record.item });
    if (repairFrom !== null && date < repairFrom)
      throw new XinlianError('CONFLICT', { what, wanted: `from ${repairFrom} on (${citation})`, got: date });
    const rules = this.#needs.policies.get('repair', member.region, date);
    const given = new Set((act.materials ?? []).map(({ code }) => code));
    const missing = rules.materials.filter(({ code }) => !given.has(code)).map(({ code, zh }) => `${code} (${zh})`);
    if (missing.length > 0) malformed('materials', missing.join(', '), [...given].join(', ') || 'none');
    if ((await this.#openCases(member, concerned.id, 'repair')).length > 0)
      throw new XinlianError('CONFLICT', { what, wanted: 'no other application', got: 'one that is open' });
    const barred = await this.#barredUntil(member, concerned.subject);
    if (barred !== undefined && date <= barred)
      throw new XinlianError('CONFLICT', { what, wanted: `after ${barred}: a commitment was false`, got: date });
  }

  /** Last day on which nothing is repaired for a subject whose commitment was false. */
  async #barredUntil(member: CaseMember<B>, uscc: string): Promise<string | undefined> {
    const { files, policies } = this.#needs;
    let until: string | undefined;
    for await (const file of files.ofSubject(member, uscc)) {
      const { state, closed } = files.standing(file);
      if (state !== 'revoked' || closed === undefined) continue;
      const { falseCommitment } = policies.get('repair', file.region, closed);
      const { date } = policies.deadline(file.region, closed, falseCommitment);
      if (until === undefined || date > until) until = date;
    }
    return until;
  }

  #stage(
    batch: B,
    member: CaseMember<B>,
    {
      concerned,
      known,
      holders,
      changes,
      kept,
    }: {
      concerned: OpenRecord;
      known: CaseFile | undefined;
      holders: string[];
      changes: readonly ChangingKind[];
      kept: Omit<KeptStep, 'position'>;
    },
  ): CaseFile {
    const { log, vault } = member;
    const { files, changes: feed } = this.#needs;
    const { act, time } = kept.opening;
    // Rows may have been published since the record was read.
    const status = statusOf(log.status(concerned.position));
    if (status !== concerned.status)
      throw new XinlianError('OVERLOADED', {
        what: `record ${act.record}, which changes just now`,
        retryAfterSeconds: 1,
      });
    const [first] = changes;
    if (first && !mayChange(first, status))
      throw new XinlianError('CONFLICT', {
        what: `record ${act.record}`,
        wanted: `one that may have ${first}`,
        got: status,
      });
    const position = log.append(batch, { kind: 'step', time, commitment: stepCommitment(kept.opening) });
    const { number } = log.state;
    const { id: record, position: ref } = concerned;
    for (const kind of changes) {
      const at = log.appendChange(batch, { kind, time, ref } as Entry);
      const subject = vault.subjectKey(concerned.subject);
      feed.changed(batch, { log: number, subject, record, item: concerned.record.item, kind, position: at, ref });
    }
    const file: CaseFile = {
      ...(known ?? {
        case: act.case,
        kind: act.kind,
        record: concerned.id,
        item: concerned.record.item,
        subject: concerned.subject,
        region: member.region,
      }),
      holders,
      steps: [...(known?.steps ?? []), { position, ...kept }],
    };
    files.put(batch, member, file);
    return file;
  }

  /** Members that receipts say were shown any version of the record. */
  async #holders({ log, vault }: CaseMember<B>, { subject, record }: OpenRecord): Promise<string[]> {
    const { access } = this.#needs;
    const { number } = log.state;
    const positions = new Set(record.versions.map(({ position }) => position));
    const holders = new Set<string>();
    for await (const at of access.subjectReceipts(number, vault.subjectKey(subject), -1, MOST_RECEIPTS)) {
      const sealed = access.opening(number, at);
      if (!sealed) continue;
      const { grantee, records } = receipt.decode(vault.openNote(sealed, openingPlace(number, at)));
      if (records.some((position) => positions.has(position))) holders.add(grantee);
    }
    return [...holders];
  }

  #now(): number {
    return Math.floor(this.#needs.clock.now() / 1000);
  }

  async #openCases(member: CaseMember<B>, record: RecordId, kind: CaseKind): Promise<string[]> {
    const open: string[] = [];
    for await (const file of this.#needs.files.ofRecord(member, record))
      if (file.kind === kind && this.#needs.files.standing(file).turn !== undefined) open.push(file.case);
    return open;
  }
}

const NEED_REASONS: ReadonlySet<CaseAct['step']> = new Set<CaseAct['step']>([
  'file',
  'extend',
  'uphold',
  'reject',
  'state',
  'ask',
  'refuse',
  'revoke',
  'annul',
  'shield',
  'unshield',
]);
const NEED_GROUND: ReadonlySet<CaseAct['step']> = new Set<CaseAct['step']>(['file', 'annul']);
/** In which a record can be objected to, repaired, shielded. What was repaired can still be annulled. */
const STANDS: ReadonlySet<Status> = new Set<Status>(['live', 'objected', 'shielded']);

/** What the machine does not know: the record as it stands, and what an act must say. */
function checkAct(act: CaseAct, { status, record }: OpenRecord, known: CaseFile | undefined): void {
  const { step, kind, outcome, text = '', ground, materials = [] } = act;
  const what = `record ${act.record}`;
  if (NEED_REASONS.has(step) && text.trim() === '') malformed('text', `the reasons of the step ${step}`, 'none');
  const wantsGround = NEED_GROUND.has(step);
  if (wantsGround !== (ground !== undefined))
    malformed('ground', wantsGround ? 'one of the grounds' : `none of the step ${step}`, ground ?? 'none');
  if ((step === 'shield' || step === 'supplement') && materials.length === 0)
    malformed('materials', 'one document at least', 'none');
  if (!known && !STANDS.has(status) && !(kind === 'annulment' && status === 'repaired'))
    throw new XinlianError('CONFLICT', { what, wanted: 'one that stands', got: status });
  if (outcome !== 'corrected' && outcome !== 'supplemented') return;
  const filed = known?.steps[0]?.position ?? Infinity;
  if ((record.versions.at(-1)?.position ?? 0) < filed)
    throw new XinlianError('CONFLICT', { what, wanted: 'a corrected row that was published since', got: 'none' });
}

/** Entries by which a step changes the record. @param objected whether another objection to it is open */
function entriesOf({ step, outcome, kind }: CaseAct, status: Status, objected: boolean): ChangingKind[] {
  const marked: ChangingKind[] = objected ? ['objection'] : [];
  switch (step) {
    case 'file':
      return status === 'live' ? ['objection'] : [];
    case 'uphold':
    case 'reject':
    case 'withdraw':
      if (kind !== 'objection') return [];
      if (outcome !== undefined && ENDS_RECORD.has(outcome)) return ['annul'];
      return status === 'objected' && !objected ? ['objection-closed'] : [];
    case 'approve':
      return ['repair'];
    case 'revoke':
      return ['repair-revoked', ...marked];
    case 'annul':
      return ['annul'];
    case 'shield':
      return ['shield'];
    case 'unshield':
      return ['shield-ended', ...marked];
    case 'extend':
    case 'state':
    case 'apply':
    case 'ask':
    case 'supplement':
    case 'accept':
    case 'refuse':
      return [];
  }
}

function nothing(): void {}
