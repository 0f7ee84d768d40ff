// Sharing in proof-only mode: the records travel over the government's own data platform, and are checked here against
// the proofs that came over the exchange. docs/protocol.md, section 10.
import { Type, type Static } from 'typebox';
import type { RecordPart } from './answer-parts.ts';
import { fromUtf8, utf8 } from './bytes.ts';
import { MOST_CLAIMS, openDisclosures, parsePayload, type ClaimValue } from './disclosure.ts';
import { XinlianError } from './errors.ts';
import { codec } from './messages/codec.ts';
import { BasisIdText } from './share.ts';

const closed = { additionalProperties: false };

/** What the provider's officer takes out, to send another way. */
export const ShareExport = Type.Object(
  {
    basis: BasisIdText,
    subject: Type.String({ pattern: '^[0-9A-HJ-NPQRTUWXY]{18}$', description: 'USCC' }),
    page: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  closed,
);
export type ShareExport = Static<typeof ShareExport>;
export const shareExport = codec('share export', ShareExport);

/** A record of a payload file, one a line: its disclosures, which fit the digests of its payload and of no other. */
const PayloadLine = Type.Object(
  {
    record: Type.String(),
    version: Type.Integer({ minimum: 1 }),
    disclosures: Type.Array(Type.String({ pattern: '^[A-Za-z0-9_-]+$' }), { maxItems: MOST_CLAIMS }),
  },
  closed,
);
export type PayloadLine = Static<typeof PayloadLine>;
const payloadLine = codec('line of a payload', PayloadLine);

export function encodePayload(lines: readonly PayloadLine[]): Uint8Array {
  return utf8(lines.map((line) => `${fromUtf8(payloadLine.encode(line))}\n`).join(''));
}

/** Throws `MALFORMED`, naming the line. */
export function decodePayload(text: string): PayloadLine[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => payloadLine.decode(utf8(line)));
}

/** What became of one record: `proved`, or what is wrong with it. */
export interface CheckedRecord {
  record: string;
  version: number;
  outcome: 'proved' | 'altered' | 'missing' | 'unproved';
  detail?: string;
  item?: string;
  claims?: ReadonlyMap<string, ClaimValue>;
}

/**
 * Checks a payload that came another way against an answer of proofs, which MUST have been verified.
 * @returns an outcome per record of either: `missing` is proved and did not come, `unproved` came and is not proved
 */
export function checkPayload(
  lines: readonly PayloadLine[],
  parts: readonly Pick<RecordPart, 'record' | 'version' | 'payload'>[],
  subject: string,
  names: (item: string, edition: string) => readonly string[] | undefined,
): CheckedRecord[] {
  const came = new Map(lines.map((line) => [`${line.record}/${line.version}`, line]));
  const checked = parts.map((part): CheckedRecord => {
    const { record, version, payload } = part;
    const line = came.get(`${record}/${version}`);
    if (!line) return { record, version, outcome: 'missing' };
    const { item, edition } = parsePayload(payload);
    const schema = names(item, edition);
    if (!schema) return { record, version, outcome: 'altered', detail: `no schema of ${item}, ${edition} is known` };
    try {
      const claims = claimsOf(payload, schema, line.disclosures);
      const about = claims.get('subject');
      if (about !== subject) return { record, version, outcome: 'altered', detail: `it is of ${String(about)}` };
      return { record, version, outcome: 'proved', item, claims };
    } catch (error) {
      if (!XinlianError.is(error)) throw error;
      return { record, version, outcome: 'altered', detail: error.message };
    }
  });
  const proved = new Set(parts.map(({ record, version }) => `${record}/${version}`));
  const others = lines.filter(({ record, version }) => !proved.has(`${record}/${version}`));
  const twice = lines.length - came.size;
  if (twice > 0)
    throw new XinlianError('MALFORMED', { what: 'payload', wanted: 'each record once', got: `${twice} twice` });
  return [
    ...checked,
    ...others.map(({ record, version }): CheckedRecord => ({ record, version, outcome: 'unproved' })),
  ];
}

/** All claims of a record: one that is left out would hide what the proof covers. */
function claimsOf(
  payload: string,
  names: readonly string[],
  disclosures: readonly string[],
): ReadonlyMap<string, ClaimValue> {
  if (disclosures.length !== names.length)
    throw new XinlianError('PROOF_INVALID', {
      link: 'disclosure',
      reason: 'claims are left out',
      wanted: String(names.length),
      got: String(disclosures.length),
    });
  const opened = openDisclosures({ payload, names, disclosures: [...disclosures] });
  const inOrder = [...opened].sort(([a], [b]) => a - b);
  return new Map(inOrder.map(([, claim]) => [claim.name, claim.value]));
}
