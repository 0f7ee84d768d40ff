// What a proof is about, by kind: how it is opened, which entry commits to it, and what it tells. A further kind (a report, a
// recognition) is a type of bundle in `bundle.ts` and a row of `OPEN` here.
import { sha256 } from '#sha256';
import type { BundleContent } from './bundle.ts';
import { utf8 } from './bytes.ts';
import { parseCanonical } from './canonical.ts';
import { commitmentOf, openDisclosures, parsePayload, type ClaimValue } from './disclosure.ts';
import type { Entry } from './entry.ts';
import type { MemberId } from './ids.ts';
import { broken, matches } from './proof-links.ts';
import { queryNote, receipt, type QueryNote, type Receipt } from './receipt.ts';

export interface ContentContext {
  /** Names of an item's claims in schema order; `undefined` where the edition has no such item. */
  names(item: string, edition: string): readonly string[] | undefined;
}

/** Where an entry is, and its status under the checkpoint. */
interface EntryPlace {
  position: number;
  /** `live`, or the state that the status tree has for it; `not shown` where the proof has no status. */
  status: string;
  /** Position of the entry that supersedes it, where one does. */
  supersededBy?: number;
}

export interface VerifiedRecord extends EntryPlace {
  item: string;
  edition: string;
  /** Kind of its log entry. */
  kind: string;
  /** When the agency took it in, seconds since 1970. */
  time: number;
  /** What is disclosed, in schema order. */
  claims: Map<string, ClaimValue>;
  /** Names of the claims that are not. */
  undisclosed: string[];
}

/** An access to records, or a query as who asks logged it. */
export interface VerifiedAccess extends EntryPlace {
  opening: Receipt | QueryNote;
}

export interface OpenedContent {
  /** For people: what is shown. */
  shown: string;
  /** For people: what the entry commits to. */
  what: string;
  /** SHA-256, 32 bytes */
  commitment: Uint8Array;
  /** Throws `PROOF_INVALID` (entry) where an entry of its kind carries no such content. */
  checkKind(entry: Entry): void;
  /** Throws `PROOF_INVALID` (entry) where the entry says other things. @returns what it says, for people */
  checkEntry(entry: Entry): string;
  /** Throws `PROOF_INVALID` (signature) where another member's log would have it. */
  checkOwner(owner: MemberId): void;
  tell(place: EntryPlace): { record: VerifiedRecord } | { access: VerifiedAccess };
}

type ContentOf<T> = Extract<BundleContent, { type: T }>;

const OPEN: { [T in BundleContent['type']]: (content: ContentOf<T>, context: ContentContext) => OpenedContent } = {
  'xinlian/bundle/v1': openRecord,
  'xinlian/receipt-bundle/v1': openReceipt,
};

/** Throws `PROOF_INVALID`, `MALFORMED`. */
export function openContent(content: BundleContent, context: ContentContext): OpenedContent {
  return (OPEN[content.type] as (content: BundleContent, context: ContentContext) => OpenedContent)(content, context);
}

type RecordEntry = Extract<Entry, { item: string }>;

function openRecord(
  { payload: text, disclosures }: ContentOf<'xinlian/bundle/v1'>,
  context: ContentContext,
): OpenedContent {
  const { item, edition } = parsePayload(text);
  const names = context.names(item, edition);
  if (!names)
    return broken('disclosure', 'no schema is known for the item', 'a known item and edition', `${item}, ${edition}`);
  const opened = [...openDisclosures({ payload: text, names, disclosures })].sort(([a], [b]) => a - b);
  const claims = new Map(opened.map(([, { name, value }]) => [name, value]));
  let taken: RecordEntry | undefined;
  return {
    shown: `${claims.size} of ${names.length} claims are shown, each in its place`,
    what: "the record's payload",
    commitment: commitmentOf(text),
    checkKind: (entry) => {
      if (!('item' in entry)) return broken('entry', 'the entry carries no record', 'a record', entry.kind);
      taken = entry;
    },
    checkEntry: () => {
      matches('entry', 'item', item, taken?.item ?? 'none');
      matches('entry', 'edition', edition, taken?.edition ?? 'none');
      return `${taken?.kind} of ${item}, ${edition}, at ${taken?.time}`;
    },
    // Who published it is the owner of the log: a record says so in its claims, which may be hidden.
    checkOwner: () => {},
    tell: (place) => ({
      record: {
        item,
        edition,
        kind: taken?.kind ?? '',
        time: taken?.time ?? 0,
        claims,
        undisclosed: names.filter((name) => !claims.has(name)),
        ...place,
      },
    }),
  };
}

function openReceipt({ opening: text }: ContentOf<'xinlian/receipt-bundle/v1'>): OpenedContent {
  const value = parseCanonical(text);
  const isNote =
    typeof value === 'object' && value !== null && !Array.isArray(value) && value['type'] === 'xinlian/query-note/v1';
  const opening = isNote ? queryNote.check(value) : receipt.check(value);
  const kind = isNote ? 'query' : 'receipt';
  const owner = 'provider' in opening ? opening.provider : opening.grantee;
  return {
    shown: `the opening of a ${kind} is shown whole`,
    what: 'the opening',
    commitment: sha256(utf8(text)),
    checkKind: (entry) => matches('entry', 'kind of the entry', kind, entry.kind),
    checkEntry: (entry) => `${entry.kind}, at ${entry.time}`,
    checkOwner: (member) => matches('signature', 'member whose log has it', owner, member),
    tell: (place) => ({ access: { opening, ...place } }),
  };
}
