// White lists at the agency that pushes them: each enterprise is judged by its own grant to the bank, as a query would be, and
// every outcome leaves a receipt. Who has no consent is left out; whose consent ends leaves the list, at once, with an event.
import { fromHex, fromUtf8, toBase64Url, toHex, utf8 } from '../core/bytes.ts';
import type { GrantTerms } from '../core/consortium.ts';
import { XinlianError } from '../core/errors.ts';
import type { ListEventKind } from '../core/event-part.ts';
import { parseArtefact, type GrantDocument } from '../core/grant.ts';
import { grantHashOf, parseMemberId, type GrantHash, type MemberId } from '../core/ids.ts';
import { p256Jwk } from '../core/jwk.ts';
import { newQueryId } from '../core/make-grant.ts';
import type {
  ListEvent,
  ListPushed,
  ListRow,
  ListRowsPage,
  ListRowsRequest,
  ListState,
  OwnLists,
  PushedRow,
  PushList,
} from '../core/messages/white-list.ts';
import { PASSING_REFUSALS, QUERY_SECONDS, type Query, type Refusal } from '../core/query.ts';
import { textDigest, type Receipt } from '../core/receipt.ts';
import { listDigest, type WhiteList } from '../core/white-list.ts';
import type { Decision } from './access-decision.ts';
import type { AnswerRecords } from './answer-records.ts';
import type { GroupCommit } from './group-commit.ts';
import { judgeGrant, judgingTime, type Withdrawals } from './judge-grant.ts';
import type { Clock, GrantView, Log, WhiteListStore, WriteBatch } from './ports.ts';
import type { Provider, ProvidingMember } from './provider.ts';
import { Turns } from './turns.ts';

/** Lists of one member. */
const MOST_LISTS = 64;
/** Enterprises of one list. */
const MOST_ROWS = 100_000;
/** Terms end by the clock, which tells nobody. */
const SWEEP_MS = 1_000;
/** Of those on lists, so many are verified whole in each sweep, certificates too. */
const VERIFIED_A_SWEEP = 50;
/** Who leaves with an edition is written in parts of this size. */
const PART = 200;

type Batch = WriteBatch & { readonly length: number };

/** As it is kept, sealed. */
interface KeptList {
  list: WhiteList;
  whole: boolean;
  /** Number of the next event. */
  next: number;
  listed: number;
  leftOut: number;
  delisted: number;
}

/** As it is kept, sealed. */
interface KeptRow extends Omit<ListRow, 'grant'> {
  /** Id under which its receipts are logged: 32 random bytes, base64url. */
  id: string;
  /** What it was judged by. */
  document?: GrantDocument;
  hash?: GrantHash;
}

interface OpenList {
  readonly member: MemberId;
  kept: KeptList;
  /** Who is on it, by subject key in hex. */
  readonly live: Map<string, { hash: GrantHash; terms: GrantTerms }>;
}

interface Judged {
  subject: Uint8Array;
  before: KeptRow | undefined;
  row: KeptRow;
  opening: Receipt;
  event?: ListEvent;
}

/** Brings events to the banks. */
export interface ListPost<B extends Batch> {
  /** Stages an event for the bank, in the batch that makes it. */
  stage(batch: B, member: MemberId, list: string, event: ListEvent): void;
  /** Brings what is durable. */
  send(member: MemberId, list: string, grantee: MemberId): void;
  pending(member: MemberId, list: string): number;
}

interface Dependencies<B extends Batch> {
  store: WhiteListStore<B>;
  commits: GroupCommit<B>;
  post: ListPost<B>;
  provider: Pick<Provider<B>, 'decide' | 'sign' | 'leaveReceipt'>;
  records: Pick<AnswerRecords<B>, 'collect'>;
  view: GrantView;
  withdrawals: Withdrawals & { listen(listener: (grant: GrantHash) => void): void };
  failClosedSeconds: number;
  /** A hosted member. Throws `OVERLOADED` while its log is not open. */
  member: (id: MemberId) => ProvidingMember<B>;
  /** Ids and vaults of the hosted members, whether or not the chain was read. */
  homes: Iterable<Pick<ProvidingMember<B>, 'id' | 'vault'>>;
  clock: Clock;
  logger: Log;
}

export class WhiteLists<B extends Batch> {
  readonly #needs: Dependencies<B>;
  readonly #lists = new Map<string, OpenList>();
  /** Whom the end of a grant concerns. */
  readonly #byGrant = new Map<GrantHash, Set<string>>();
  /** What is done to a list goes one after the other. */
  readonly #turns = new Turns();
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  /** Ends of rows that are being judged. */
  readonly #ending = new Set<Promise<void>>();
  /** Verified next, of all rows that are listed. */
  #turn = 0;

  private constructor(dependencies: Dependencies<B>) {
    this.#needs = dependencies;
  }

  /** Goes on with those that are in the store. */
  static async open<B extends Batch>(dependencies: Dependencies<B>): Promise<WhiteLists<B>> {
    const lists = new WhiteLists(dependencies);
    const { store, homes, withdrawals } = dependencies;
    for (const { id: member, vault } of homes) {
      for await (const [id, sealed] of store.lists(member)) {
        const kept = JSON.parse(fromUtf8(vault.openNote(sealed, listPlace(member, id)))) as KeptList;
        const open: OpenList = { member, kept, live: new Map() };
        lists.#lists.set(nameOf(member, id), open);
        for await (const [subject, sealedRow] of store.rows(member, id))
          lists.#remember(open, subject, openRow(vault, member, id, subject, sealedRow));
      }
    }
    withdrawals.listen((grant) => lists.#ended(grant));
    return lists;
  }

  start(): void {
    const { view, post } = this.#needs;
    for (const { member, kept } of this.#lists.values()) post.send(member, kept.list.list, granteeOf(kept.list));
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS);
    this.#unsubscribe ??= view.subscribe(() => this.#judgeAll());
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#unsubscribe?.();
    await Promise.all(this.#ending);
  }

  /**
   * Takes rows of an edition; the same again change nothing. With the last of them, who is not in the edition leaves.
   * @throws CONFLICT for an edition that is over, or that says another thing of itself; MEMBER_NOT_ENTITLED where the grantee
   *   is no active bank; OVERLOADED, TOO_LARGE
   */
  push(member: ProvidingMember<B>, { list, rows, last }: PushList): Promise<ListPushed> {
    return this.#turns.run(nameOf(member.id, list.list), async () => {
      const open = this.#open(member.id, list);
      const judged = new Map<string, Judged>();
      const told: KeptRow[] = [];
      for (const pushed of rows) told.push(await this.#push(member, open, pushed, judged));
      await this.#save(member, open, [...judged.values()], {});
      if (last && !open.kept.whole) await this.#complete(member, open);
      return { state: this.#stateOf(open), rows: told.map(rowView) };
    });
  }

  lists(member: MemberId): OwnLists {
    const own = [...this.#lists.values()].filter((open) => open.member === member);
    return { lists: own.map((open) => this.#stateOf(open)) };
  }

  /** Enterprises of a list, with what became of each. Throws `NOT_FOUND`. */
  async rows({ id, vault }: ProvidingMember<B>, { list, after, limit }: ListRowsRequest): Promise<ListRowsPage> {
    if (!this.#lists.has(nameOf(id, list))) throw new XinlianError('NOT_FOUND', { what: 'white list', id: list });
    const rows: ListRow[] = [];
    let last = '';
    const behind = after === undefined ? undefined : fromHex(`0x${after}`, 16);
    for await (const [subject, sealed] of this.#needs.store.rows(id, list, behind)) {
      if (rows.length === limit) return { rows, next: last };
      rows.push(rowView(openRow(vault, id, list, subject, sealed)));
      last = toHex(subject).slice(2);
    }
    return { rows };
  }

  /** Checks an edition against what is known of the list, and begins it where it is new. */
  #open(member: MemberId, list: WhiteList): OpenList {
    const { view } = this.#needs;
    const grantee = granteeOf(list);
    if (!view.isEntitledNow(grantee, ['bank']) || !view.currentKey(grantee, 'sealing'))
      throw new XinlianError('MEMBER_NOT_ENTITLED', { member: grantee, wanted: 'active, bank', got: 'another' });
    const known = this.#lists.get(nameOf(member, list.list));
    if (!known) {
      if (this.lists(member).lists.length >= MOST_LISTS)
        throw new XinlianError('OVERLOADED', { what: 'white lists of this member', retryAfterSeconds: 3600 });
      const kept = { list, whole: false, next: 1, listed: 0, leftOut: 0, delisted: 0 };
      return { member, kept, live: new Map() };
    }
    const { list: before } = known.kept;
    const conflict = (wanted: string, got: string): XinlianError =>
      new XinlianError('CONFLICT', { what: `white list ${list.list}`, wanted, got });
    if (before.grantee !== list.grantee) throw conflict(`the list to ${before.grantee}`, list.grantee);
    if (list.edition < before.edition) throw conflict(`edition ${before.edition} or later`, `${list.edition}`);
    if (list.edition > before.edition) return { ...known, kept: { ...known.kept, list, whole: false } };
    if (listDigest(before) !== listDigest(list)) throw conflict('what this edition said before', 'another');
    return { ...known, kept: { ...known.kept } };
  }

  async #push(
    member: ProvidingMember<B>,
    open: OpenList,
    { uscc, grant }: PushedRow,
    judged: Map<string, Judged>,
  ): Promise<KeptRow> {
    const { kept } = open;
    const subject = member.vault.subjectKey(uscc);
    const earlier = judged.get(toHex(subject));
    const stored = earlier ? earlier.before : this.#row(member, kept.list.list, subject);
    const before = earlier?.row ?? stored;
    if (before?.edition === kept.list.edition && documentDigest(before.document) === documentDigest(grant)) {
      if (before.state !== 'left-out' || !PASSING_REFUSALS.has(before.reason as Refusal)) return before;
    } else if (kept.whole) {
      const what = `white list ${kept.list.list}`;
      throw new XinlianError('CONFLICT', { what, wanted: 'the rows of before, or another edition', got: 'other rows' });
    }
    if (earlier) {
      const what = `rows of white list ${kept.list.list}`;
      throw new XinlianError('CONFLICT', { what, wanted: 'each enterprise once', got: `${uscc} twice` });
    }
    if (!before && kept.listed + kept.leftOut + kept.delisted + judged.size >= MOST_ROWS)
      throw new XinlianError('TOO_LARGE', { what: 'rows of a white list', limit: MOST_ROWS, got: MOST_ROWS + 1 });
    const id = before?.id ?? newQueryId().id;
    const decision = await this.#decide(member, kept.list, { id, uscc, ...(grant && { document: grant }) });
    const one = await this.#made(member, open, { subject, before: stored, decision, id, uscc, document: grant });
    judged.set(toHex(subject), one);
    return one.row;
  }

  async #decide(
    member: ProvidingMember<B>,
    list: WhiteList,
    { id, uscc, document }: Pick<KeptRow, 'id' | 'uscc' | 'document'>,
  ): Promise<Decision> {
    const ground = { subject: { uscc }, items: [] };
    if (!document) return { refusal: 'GRANT_MISSING', detail: 'no consent came with it', ground };
    const decision = await this.#needs.provider.decide(member, this.#asked(member, list, id, document).query);
    if (decision.refusal !== undefined || decision.ground.subject.uscc === uscc) return decision;
    return { ...decision, refusal: 'SUBJECT_MISMATCH', detail: 'the grant is of another enterprise' };
  }

  /** Row, receipt, and what the bank is told, which is nothing of one that was never on the list. */
  async #made(
    member: ProvidingMember<B>,
    { kept }: OpenList,
    {
      subject,
      before,
      decision,
      ...judged
    }: Pick<KeptRow, 'id' | 'uscc'> & {
      subject: Uint8Array;
      before: KeptRow | undefined;
      decision: Decision;
      document: GrantDocument | undefined;
    },
  ): Promise<Judged> {
    const { provider, records, clock, view } = this.#needs;
    const { list } = kept;
    const { id, uscc, document } = judged;
    const { refusal, detail, ground } = decision;
    const time = Math.floor(clock.now() / 1000);
    const wasListed = before?.state === 'listed';
    const kind: ListEventKind | undefined = refusal === undefined ? 'listed' : wasListed ? 'delisted' : undefined;
    const asked = this.#asked(member, list, id, document);
    const found =
      refusal === undefined ? await records.collect(member, ground, asked.query, judgingTime(view, time)) : undefined;
    const number = kept.next;
    const told = { list, ...(kind && { event: { number, kind, changes: [] } }) };
    const { jwe: sealed, opening } = await provider.sign(member, asked, decision, found, told);
    const reason = refusal === undefined ? {} : { reason: refusal };
    const state = kind ?? 'left-out';
    const row: KeptRow = {
      id,
      uscc,
      edition: list.edition,
      state,
      ...reason,
      ...(detail !== undefined && { detail }),
      time,
      ...(document && { document }),
      ...(ground.grant !== undefined && { hash: ground.grant }),
    };
    const made = { subject, before, row, opening };
    if (kind === undefined) return made;
    kept.next++;
    const lane = toBase64Url(subject);
    const grant = opening.grant ?? '';
    return { ...made, event: { number, kind, edition: list.edition, row: id, lane, grant, ...reason, sealed } };
  }

  /** The bank asks nothing here: this is what it would have to sign. Its receipts name the list. */
  #asked(
    { id: aud }: ProvidingMember<B>,
    list: WhiteList,
    jti: string,
    grant: GrantDocument | undefined,
  ): { query: Query; request: string } {
    const grantee = granteeOf(list);
    const sealing = this.#needs.view.currentKey(grantee, 'sealing');
    if (!sealing)
      throw new XinlianError('MEMBER_NOT_ENTITLED', { member: grantee, wanted: 'a sealing key', got: 'none' });
    const iat = Math.floor(this.#needs.clock.now() / 1000);
    const { items, purpose } = list;
    const reply = p256Jwk(sealing);
    const query = {
      iss: grantee,
      aud,
      jti,
      iat,
      exp: iat + QUERY_SECONDS,
      ...(grant && { grant }),
      items,
      purpose,
      reply,
    };
    return { query, request: listDigest(list) };
  }

  /** Everything of these rows in one batch; in memory when it is staged. */
  async #save(
    member: ProvidingMember<B>,
    open: OpenList,
    judged: readonly Judged[],
    { whole = open.kept.whole, forgotten = [] }: { whole?: boolean; forgotten?: readonly [Uint8Array, KeptRow][] },
  ): Promise<void> {
    const { store, commits, provider, post } = this.#needs;
    const { list } = open.kept.list;
    const name = nameOf(member.id, list);
    await commits.run((batch) => {
      for (const { before, row, subject, opening, event } of judged) {
        if (before) open.kept[COUNTED[before.state]]--;
        open.kept[COUNTED[row.state]]++;
        this.#forget(open, subject);
        this.#remember(open, subject, row);
        const sealed = member.vault.sealNote(utf8(JSON.stringify(row)), rowPlace(member.id, list, subject));
        store.putRow(batch, member.id, list, subject, sealed);
        provider.leaveReceipt(batch, member, opening);
        if (event) post.stage(batch, member.id, list, event);
      }
      for (const [subject, { state }] of forgotten) {
        open.kept[COUNTED[state]]--;
        store.forgetRow(batch, member.id, list, subject);
      }
      open.kept.whole = whole;
      this.#lists.set(name, open);
      const place = listPlace(member.id, list);
      store.putList(batch, member.id, list, member.vault.sealNote(utf8(JSON.stringify(open.kept)), place));
    });
    post.send(member.id, list, granteeOf(open.kept.list));
  }

  /** Who is not in the edition leaves; what is known of those who had left before is forgotten. */
  async #complete(member: ProvidingMember<B>, open: OpenList): Promise<void> {
    const { edition, list } = open.kept.list;
    let judged: Judged[] = [];
    const forgotten: [Uint8Array, KeptRow][] = [];
    for await (const [subject, sealed] of this.#needs.store.rows(member.id, list)) {
      const row = openRow(member.vault, member.id, list, subject, sealed);
      if (row.edition === edition) continue;
      if (row.state !== 'listed') forgotten.push([subject, row]);
      else {
        const decision = await this.#decide(member, open.kept.list, row);
        const { refusal } = decision;
        const kept = refusal !== undefined && !PASSING_REFUSALS.has(refusal);
        const left: Decision = kept
          ? decision
          : { ...decision, refusal: 'NOT_LISTED', detail: `not in edition ${edition}` };
        judged.push(await this.#leaving(member, open, subject, row, left));
      }
      if (judged.length < PART) continue;
      await this.#save(member, open, judged, {});
      judged = [];
    }
    await this.#save(member, open, judged, { whole: true, forgotten });
  }

  async #leaving(
    member: ProvidingMember<B>,
    open: OpenList,
    subject: Uint8Array,
    before: KeptRow,
    decision: Decision,
  ): Promise<Judged> {
    const { id, uscc, document, edition } = before;
    const made = await this.#made(member, open, { subject, before, decision, id, uscc, document });
    return { ...made, row: { ...made.row, edition } };
  }

  /** Terms, suspensions, withdrawals that a block brought. */
  #judgeAll(): void {
    const { view, withdrawals, clock, failClosedSeconds } = this.#needs;
    const at = { nowSeconds: Math.floor(clock.now() / 1000), failClosedSeconds };
    for (const open of this.#lists.values()) {
      for (const [subject, { hash, terms }] of open.live) {
        const { refusal } = judgeGrant({ hash, terms }, view, withdrawals, at);
        if (refusal !== undefined && !PASSING_REFUSALS.has(refusal)) this.#endSoon(open, subject);
      }
    }
  }

  #sweep(): void {
    this.#judgeAll();
    // What the chain does not tell: a certificate that was taken back, or ended.
    const all = [...this.#lists.values()].flatMap((open) =>
      [...open.live.keys()].map((subject) => ({ open, subject })),
    );
    for (const { open, subject } of all.slice(this.#turn, this.#turn + VERIFIED_A_SWEEP)) this.#endSoon(open, subject);
    this.#turn = this.#turn + VERIFIED_A_SWEEP >= all.length ? 0 : this.#turn + VERIFIED_A_SWEEP;
  }

  #ended(grant: GrantHash): void {
    for (const place of this.#byGrant.get(grant) ?? []) {
      const [name = '', subject = ''] = place.split('#');
      const open = this.#lists.get(name);
      if (open) this.#endSoon(open, subject);
    }
  }

  #endSoon({ member, kept }: OpenList, subject: string): void {
    const ending = this.#turns
      .run(nameOf(member, kept.list.list), () =>
        this.#judgeAnew(member, kept.list.list, fromHex(subject as `0x${string}`, 16)),
      )
      .catch((error: unknown) =>
        // The next sweep comes to it again.
        this.#needs.logger.warn({ err: error, list: kept.list.list }, 'judging a row of a white list failed'),
      );
    this.#ending.add(ending);
    void ending.finally(() => this.#ending.delete(ending));
  }

  async #judgeAnew(id: MemberId, list: string, subject: Uint8Array): Promise<void> {
    const known = this.#lists.get(nameOf(id, list));
    if (!known?.live.has(toHex(subject))) return;
    const open = { ...known, kept: { ...known.kept } };
    const member = this.#needs.member(id);
    const row = this.#row(member, list, subject);
    if (row?.state !== 'listed') return;
    const decision = await this.#decide(member, open.kept.list, row);
    if (decision.refusal === undefined || PASSING_REFUSALS.has(decision.refusal)) return;
    await this.#save(member, open, [await this.#leaving(member, open, subject, row, decision)], {});
  }

  #row(
    { id, vault }: Pick<ProvidingMember<B>, 'id' | 'vault'>,
    list: string,
    subject: Uint8Array,
  ): KeptRow | undefined {
    const sealed = this.#needs.store.row(id, list, subject);
    return sealed && openRow(vault, id, list, subject, sealed);
  }

  #remember(open: OpenList, subject: Uint8Array, { state, document, hash }: KeptRow): void {
    if (state !== 'listed' || !document || hash === undefined) return;
    const name = toHex(subject);
    const { terms } = parseArtefact(document.artefact);
    open.live.set(name, { hash: grantHashOf(terms), terms });
    const places = this.#byGrant.get(hash) ?? new Set();
    this.#byGrant.set(hash, places.add(`${nameOf(open.member, open.kept.list.list)}#${name}`));
  }

  #forget(open: OpenList, subject: Uint8Array): void {
    const name = toHex(subject);
    const live = open.live.get(name);
    if (!live) return;
    open.live.delete(name);
    const places = this.#byGrant.get(live.hash);
    places?.delete(`${nameOf(open.member, open.kept.list.list)}#${name}`);
    if (places?.size === 0) this.#byGrant.delete(live.hash);
  }

  #stateOf({ member, kept }: OpenList): ListState {
    const { list, whole, listed, leftOut, delisted } = kept;
    return { ...list, whole, listed, leftOut, delisted, pending: this.#needs.post.pending(member, list.list) };
  }
}

const COUNTED = { listed: 'listed', 'left-out': 'leftOut', delisted: 'delisted' } as const;

function nameOf(member: MemberId, list: string): string {
  return `${member}/${list}`;
}

function granteeOf({ grantee }: WhiteList): MemberId {
  return parseMemberId(grantee);
}

function listPlace(member: MemberId, list: string): string {
  return `white-list/${member}/${list}`;
}

function rowPlace(member: MemberId, list: string, subject: Uint8Array): string {
  return `white-list/${member}/${list}/${toHex(subject)}`;
}

function openRow(
  vault: Pick<ProvidingMember<WriteBatch>['vault'], 'openNote'>,
  member: MemberId,
  list: string,
  subject: Uint8Array,
  sealed: Uint8Array,
): KeptRow {
  return JSON.parse(fromUtf8(vault.openNote(sealed, rowPlace(member, list, subject)))) as KeptRow;
}

function documentDigest(document: GrantDocument | undefined): string {
  if (!document) return '';
  const { artefact, consent, certificate } = document;
  return textDigest(JSON.stringify([artefact, consent, certificate]));
}

function rowView({ uscc, edition, state, reason, detail, hash, time }: KeptRow): ListRow {
  return {
    uscc,
    edition,
    state,
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail }),
    ...(hash !== undefined && { grant: hash }),
    time,
  };
}
