// What stands in a log: one entry per position. docs/protocol.md, section 3.
import { encodeBase64Url } from '#base64url';
import { fromBase64Url, utf8 } from './bytes.ts';
import { parseCanonicalBytes, type JsonValue } from './canonical.ts';
import { XinlianError, malformed } from './errors.ts';
import { parseCatalogueCode } from './ids.ts';

/** Members that kinds choose from; `v`, `kind`, `time` and `suite` are in every entry. */
interface Members {
  /** Catalogue code of the record's item. */
  item: string;
  /** Edition of the catalogue. */
  edition: string;
  /** The record's commitment, 32 bytes. */
  commitment: Uint8Array;
  /** Position of the entry that this one changes. */
  ref: number;
  /** Root of the status tree, 32 bytes. */
  root: Uint8Array;
}

/** The one list of kinds: which members each has. */
const kinds = {
  publish: ['item', 'edition', 'commitment'],
  supersede: ['item', 'edition', 'commitment', 'ref'],
  annul: ['ref'],
  /** An open objection: the record may be used, and is marked. */
  objection: ['ref'],
  'objection-closed': ['ref'],
  /** Repaired 信用修复: published, shared and used no more. */
  repair: ['ref'],
  /** Its commitment was false: the record stands again. */
  'repair-revoked': ['ref'],
  /** A court approved a plan: shielded while that is carried out. */
  shield: ['ref'],
  'shield-ended': ['ref'],
  /** A step of an objection, of a repair, of an act of the agency: the commitment to its opening (core/case-act.ts). */
  step: ['commitment'],
  /** An access that was answered or refused: the commitment to its opening, and nothing else (core/receipt.ts). */
  receipt: ['commitment'],
  /** A query that the log's owner sent. */
  query: ['commitment'],
  /** A certificate that the log's owner gave an enterprise: SHA-256 of it. Its status tells whether it was taken back. */
  certificate: ['commitment'],
  /** An approval of a share basis, given to another agency: SHA-256 of it. Its status tells whether the basis ended. */
  share: ['commitment'],
  /** A credit report that the log's owner made: SHA-256 of what it signed. Its status tells whether it was withdrawn. */
  report: ['commitment'],
  status: ['root'],
} as const satisfies Record<string, readonly (keyof Members)[]>;

type Kinds = typeof kinds;

export type EntryKind = keyof Kinds;
export const ENTRY_KINDS = Object.keys(kinds) as readonly EntryKind[];

/** A log entry, by `kind`. `time`: when the agency took it in, seconds since 1970. */
export type Entry = { [K in EntryKind]: { kind: K; time: number } & Pick<Members, Kinds[K][number]> }[EntryKind];

/** An entry bundle gives an entry's length two bytes (C2SP tlog-tiles). */
export const MOST_ENTRY_BYTES = 65_535;

/** The status tree has 40 levels of positions. */
const POSITIONS = 2 ** 40;
const HASH_BYTES = 32;

/** How a member is written (as JSON) and read. */
interface MemberCodec<T> {
  write: (value: T) => string;
  read: (value: JsonValue | undefined) => T;
}

const codecs: { [M in keyof Members]: MemberCodec<Members[M]> } & { time: MemberCodec<number> } = {
  item: code('item'),
  edition: code('edition'),
  commitment: hash('commitment'),
  ref: integer('ref', POSITIONS - 1),
  root: hash('root'),
  time: integer('time', Number.MAX_SAFE_INTEGER),
};

type Plan = readonly { name: string; write: ((value: never) => string) | string }[];

/** Every member of a kind in RFC 8785 order, with its writer, or its text where it is the same in every entry. */
const plans = new Map<string, Plan>(
  ENTRY_KINDS.map((kind) => {
    const constants = { kind: `"${kind}"`, suite: '"intl-1"', v: '1' };
    const own = [...kinds[kind], 'time' as const].map((name) => ({ name, write: codecs[name].write }));
    const fixed = Object.entries(constants).map(([name, write]) => ({ name, write }));
    return [kind, [...own, ...fixed].sort((a, b) => (a.name < b.name ? -1 : 1))];
  }),
);

/** The entry's RFC 8785 form, UTF-8. Throws `MALFORMED` where a member is out of its range. */
export function encodeEntry(entry: Entry): Uint8Array {
  const plan = plans.get(entry.kind);
  if (plan === undefined) return malformed('entry kind', [...plans.keys()].join(', '), entry.kind);
  let text = '';
  for (const { name, write } of plan) {
    const value = typeof write === 'string' ? write : write(entry[name as keyof Entry] as never);
    text += `${text === '' ? '{' : ','}"${name}":${value}`;
  }
  return bounded(utf8(`${text}}`));
}

/** The one entry that `encodeEntry` makes these bytes of. Throws `MALFORMED`, or `TOO_LARGE` over 65,535 bytes. */
export function decodeEntry(bytes: Uint8Array): Entry {
  const json = parseCanonicalBytes(bounded(bytes));
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return malformed('entry', 'an object', typeof json);
  const { kind } = json;
  const plan = typeof kind === 'string' ? plans.get(kind) : undefined;
  if (plan === undefined) return malformed('entry kind', [...plans.keys()].join(', '), JSON.stringify(kind));
  const wanted = plan.map(({ name }) => name).join();
  const got = Object.keys(json).join();
  if (got !== wanted) malformed('entry members', wanted, got);
  if (json['v'] !== 1) malformed('entry v', '1', JSON.stringify(json['v']));
  if (json['suite'] !== 'intl-1') malformed('entry suite', 'intl-1', JSON.stringify(json['suite']));
  const members = ['time' as const, ...kinds[kind as EntryKind]].map((name) => [name, codecs[name].read(json[name])]);
  return { kind, ...Object.fromEntries(members) } as Entry;
}

function bounded(bytes: Uint8Array): Uint8Array {
  if (bytes.length > MOST_ENTRY_BYTES) {
    throw new XinlianError('TOO_LARGE', { what: 'entry', limit: MOST_ENTRY_BYTES, got: bytes.length });
  }
  return bytes;
}

function code(name: string): MemberCodec<string> {
  const read = (value: unknown): string => parseCatalogueCode(`entry ${name}`, value);
  return { write: (value) => `"${read(value)}"`, read };
}

function hash(name: string): MemberCodec<Uint8Array> {
  return {
    write: (value) => {
      if (value.length !== HASH_BYTES) malformed(`entry ${name}`, `${HASH_BYTES} bytes`, `${value.length} bytes`);
      return `"${encodeBase64Url(value)}"`;
    },
    read: (value) => {
      if (typeof value !== 'string') return malformed(`entry ${name}`, 'base64url', typeof value);
      return fromBase64Url(value, HASH_BYTES);
    },
  };
}

function integer(name: string, most: number): MemberCodec<number> {
  const read = (value: unknown): number => {
    if (Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= most) return value as number;
    return malformed(`entry ${name}`, `an integer from 0 to ${most}`, JSON.stringify(value));
  };
  return { write: (value) => String(read(value)), read };
}
