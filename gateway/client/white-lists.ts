// White lists: an agency's program pushes them, a bank's opens what came.
import { fromUtf8, utf8 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { openJwe, type Agreement } from '../../node/core/jwe.ts';
import type { ListRow, ListState, PushedRow, ReceivedEntry } from '../../node/core/messages/white-list.ts';
import type { View } from '../../node/core/messages/view.ts';
import { answerBody, parseAnswer } from '../../node/core/query.ts';
import { verifyAnswer, type VerifiedAnswer } from '../../node/core/verify-answer.ts';
import type { PartsContext } from '../../node/core/verify-parts.ts';
import { listDigest, type WhiteList } from '../../node/core/white-list.ts';
import { contextOf } from './grantee.ts';
import type { SealedClient } from './sealed.ts';

/** Rows sent at once: with its grant, one takes some 4 kB. */
const ROWS_AT_ONCE = 100;

/**
 * Pushes a whole edition, sealed to the agency's own node. What was cut off is pushed again in the same way, and changes
 * nothing that was done.
 * @param told of the rows as their outcomes come, in their order
 * @throws as every method of `SealedClient`
 */
export async function pushWhiteList(
  sealed: Pick<SealedClient, 'pushList'>,
  list: WhiteList,
  rows: readonly PushedRow[],
  told: (rows: readonly ListRow[]) => void = () => {},
  signal?: AbortSignal,
): Promise<ListState> {
  for (let at = 0; ; at += ROWS_AT_ONCE) {
    const last = at + ROWS_AT_ONCE >= rows.length;
    const pushed = await sealed.pushList({ list, rows: rows.slice(at, at + ROWS_AT_ONCE), last }, signal);
    told(pushed.rows);
    if (last) return pushed.state;
  }
}

/** An entry, opened. */
export interface OpenedEntry {
  list: WhiteList;
  /** Whose it is stands in its receipt; of who left it has the reason, and no records. */
  answer: VerifiedAnswer;
}

export interface ListReaderDependencies {
  /** The bank's sealing key. */
  sealing: Agreement;
  /** The own node's view of the chain. */
  view: (members?: readonly string[]) => Promise<View>;
  /** Claim names of an item, in schema order. */
  names: PartsContext['names'];
}

export class ListReader {
  readonly #member: string;
  readonly #needs: ListReaderDependencies;

  /** @param options.member the bank's member id */
  constructor(options: { member: string }, dependencies: ListReaderDependencies) {
    this.#member = options.member;
    this.#needs = dependencies;
  }

  /**
   * Opens what was told of an enterprise.
   * @throws MALFORMED, SIGNATURE_INVALID, PROOF_INVALID: nothing of such an entry may be used
   */
  async read(
    { provider, list: id }: { provider: string; list: string },
    { sealed, kind, number, edition }: Pick<ReceivedEntry, 'sealed' | 'kind' | 'number' | 'edition'>,
  ): Promise<OpenedEntry> {
    const text = fromUtf8((await openJwe(sealed, this.#needs.sealing)).plaintext);
    const { list } = answerBody.decode(utf8(parseAnswer(text).answer.body));
    if (!list)
      throw new XinlianError('MALFORMED', { what: 'entry', wanted: 'one of a white list', got: 'another answer' });
    const { members } = await this.#needs.view([provider]);
    const asked = { request: listDigest(list), provider, subscription: true, list: true };
    const answer = await verifyAnswer(text, asked, contextOf(members, this.#needs.names));
    const { body } = answer;
    const wanted = [this.#member, id, edition, number, kind].join(' ');
    const got = [body.grantee, list.list, list.edition, body.event?.number, body.event?.kind].join(' ');
    if (wanted !== got) throw new XinlianError('MALFORMED', { what: 'entry', wanted, got });
    return { list, answer };
  }
}
