// Hands a member the openings of its own receipts and notes, for the auditor that is entitled to them.
import { fromUtf8 } from '../core/bytes.ts';
import type { OpenedLine, OpeningsPage, OpeningsRequest } from '../core/messages/opening.ts';
import { queryNote, receipt } from '../core/receipt.ts';
import type { AgencyLog } from './agency-log.ts';
import { openingPlace } from './openings.ts';
import type { AccessStore, WriteBatch } from './ports.ts';
import type { RecordVault } from './vault.ts';

const PAGE_OPENINGS = 200;

/** A hosted member, as far as its openings are handed out. */
export interface OpeningHolder<B extends WriteBatch> {
  log: AgencyLog<B>;
  vault: RecordVault;
}

export class OpeningExport<B extends WriteBatch> {
  readonly #store: Pick<AccessStore<B>, 'openings'>;

  constructor(store: Pick<AccessStore<B>, 'openings'>) {
    this.#store = store;
  }

  /** A page of them, by position. */
  async page({ log, vault }: OpeningHolder<B>, { after = -1 }: OpeningsRequest): Promise<OpeningsPage> {
    const { number, id } = log.state;
    // What is under a checkpoint is in the store; what is logged meanwhile may or may not be on the page.
    const size = log.shownSize;
    const openings: OpenedLine[] = [];
    for await (const [position, sealed] of this.#store.openings(number, after, PAGE_OPENINGS + 1)) {
      const last = openings.at(-1);
      if (last && openings.length === PAGE_OPENINGS) return { log: id, size, openings, next: last.position };
      openings.push({ position, opening: decode(vault.openNote(sealed, openingPlace(number, position))) });
    }
    return { log: id, size, openings };
  }
}

function decode(bytes: Uint8Array): OpenedLine['opening'] {
  const { type } = JSON.parse(fromUtf8(bytes)) as { type?: string };
  return type === 'xinlian/query-note/v1' ? queryNote.decode(bytes) : receipt.decode(bytes);
}
