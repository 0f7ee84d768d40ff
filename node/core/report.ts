// A factual credit report of an enterprise, as an SD-JWT (RFC 9901): ten chapters, any of which can be shown alone. No scores
// and no grades: facts, each with its source, its proof and its status. docs/recognition.md.
import { Type, type Static } from 'typebox';
import { sha256 } from '#sha256';
import { fromBase64Url, fromUtf8, toHex, utf8, type Hex } from './bytes.ts';
import { XinlianError, malformed } from './errors.ts';
import { ed25519Jwk } from './jwk.ts';
import { parseJws, signJws, verifyJws, type Jws, type JwsSigner } from './jws.ts';
import { codec } from './messages/codec.ts';
import {
  disclosureDigest,
  encodeDisclosure,
  parseSdJwt,
  serializeSdJwt,
  unpackSdJwt,
  type JsonObject,
} from './sd-jwt.ts';
import { parseUscc } from './uscc.ts';

/** In the order of the report (公共信用信息报告, V2.0). */
export const REPORT_CHAPTERS = [
  'registration',
  'administration',
  'honours',
  'serious-list',
  'irregular-list',
  'commitments',
  'evaluation',
  'judgments',
  'other',
  'advice',
] as const;
export type ReportChapter = (typeof REPORT_CHAPTERS)[number];

const TYPE = 'xinlian-report+sd-jwt';
const closed = { additionalProperties: false };
const bytes32 = Type.String({ pattern: '^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$' });

const hash32 = { pattern: '^0x[0-9a-f]{64}$' };

/** Statuses in which a record stands in a report: `objected` with its mark. */
export const LINE_STATUSES = ['live', 'objected'] as const;

export const ReportLine = Type.Object(
  {
    source: Type.String({ ...hash32, description: 'Member whose record it is' }),
    item: Type.String(),
    edition: Type.String(),
    log: Type.String(hash32),
    position: Type.Integer({ minimum: 0 }),
    commitment: { ...bytes32, description: 'What stands at this position of the log, base64url' },
    access: Type.Enum(['public', 'authorised'], { description: 'Whether it is published, or was read under a grant' }),
    status: Type.Enum([...LINE_STATUSES], { description: 'Under the checkpoint that the report names for its log' }),
    time: Type.Integer({ minimum: 0, description: 'When the source took it in, seconds since 1970' }),
    claims: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
  },
  closed,
);
export type ReportLine = Static<typeof ReportLine>;

const Chapter = Type.Object({ lines: Type.Array(ReportLine) }, closed);

const Source = Type.Object(
  {
    member: Type.String(hash32),
    log: Type.String(hash32),
    size: Type.Integer({ minimum: 1, description: 'Of the checkpoint under which its lines were proved' }),
    root: Type.String({ pattern: '^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$', description: 'base64' }),
    anchor: Type.Optional(
      Type.Object(
        { size: Type.Integer({ minimum: 1 }), block: Type.Integer({ minimum: 0 }), hash: Type.String(hash32) },
        { ...closed, description: 'Last anchored checkpoint of this log, which that one extends' },
      ),
    ),
  },
  closed,
);
export type ReportSource = Static<typeof Source>;

const date = { pattern: '^\\d{4}-\\d{2}-\\d{2}$' };
const Special = Type.Object(
  {
    from: Type.String({ ...date, description: 'First day of the period' }),
    to: Type.String({ ...date, description: 'Last day' }),
    rules: Type.String({ description: 'Edition of the fields of law' }),
    fields: Type.Array(
      Type.Object(
        { field: Type.String(), zh: Type.String(), en: Type.String(), records: Type.Integer({ minimum: 0 }) },
        { ...closed, description: 'How many records of misconduct there are in it: 0 is 无违法违规记录' },
      ),
      { minItems: 1, maxItems: 100 },
    ),
  },
  { ...closed, description: 'Of a special report 专项信用报告' },
);

const Head = Type.Object(
  {
    iss: Type.String({ ...hash32, description: 'Centre that made it' }),
    number: Type.String({ pattern: '^\\d{22}$', description: 'Time of making in China, and eight digits' }),
    standard: Type.String({ description: 'Edition of the report standard' }),
    iat: Type.Integer({ minimum: 0 }),
    sub: Type.Object({ uscc: Type.String(), name: Type.String({ minLength: 1, maxLength: 200 }) }, closed),
    sources: Type.Array(Source, { description: 'Logs that it was made of' }),
    unreached: Type.Array(Type.String(hash32), { description: 'Sources of the region that could not be asked' }),
    grants: Type.Array(Type.String(hash32), { description: 'Under which its authorised lines were read' }),
    special: Type.Optional(Special),
  },
  closed,
);
export type ReportHead = Static<typeof Head>;

const headCodec = codec('report', Head);
const chapterCodec = codec('chapter of a report', Chapter);

/** A report, as far as it is shown. */
export interface OpenedReport {
  head: ReportHead;
  /** Those that are shown, in the order of the report. */
  chapters: Map<ReportChapter, ReportLine[]>;
}

/**
 * Makes and signs a report: all ten chapters, those with nothing in them too.
 * @param chapters lines by chapter
 * @param salts ten times 32 random bytes, base64url
 * @param signer the centre's checkpoint key
 */
export async function makeReport(
  head: ReportHead,
  chapters: ReadonlyMap<ReportChapter, readonly ReportLine[]>,
  salts: readonly string[],
  signer: JwsSigner,
): Promise<string> {
  headCodec.check(head);
  parseUscc(head.sub.uscc);
  if (new Set(salts).size !== REPORT_CHAPTERS.length)
    malformed('salts', `${REPORT_CHAPTERS.length} that differ`, `${new Set(salts).size}`);
  const disclosures = REPORT_CHAPTERS.map((chapter, i) => {
    const lines = chapterCodec.check({ lines: [...(chapters.get(chapter) ?? [])] });
    return encodeDisclosure(salts[i] ?? '', chapter, lines);
  });
  const payload = { ...head, _sd: disclosures.map(disclosureDigest), _sd_alg: 'sha-256' };
  return serializeSdJwt(await signJws(TYPE, payload, signer), disclosures);
}

/** The same report with some of its chapters alone. Throws `NOT_FOUND` for one that is not shown in it. */
export function presentReport(text: string, chapters: readonly ReportChapter[]): string {
  const { jwt, disclosures } = parseSdJwt(text);
  const wanted = chapters.map((chapter) => {
    const { payload } = parseJws(jwt, TYPE);
    const digests = (JSON.parse(fromUtf8(payload)) as { _sd: string[] })._sd;
    const digest = digests[REPORT_CHAPTERS.indexOf(chapter)];
    const found = disclosures.find((disclosure) => disclosureDigest(disclosure) === digest);
    if (found === undefined) throw new XinlianError('NOT_FOUND', { what: 'chapter of the report', id: chapter });
    return found;
  });
  return serializeSdJwt(jwt, wanted);
}

/**
 * Opens a report, with what is shown of it.
 * @param keysOf checkpoint keys that a centre has or had, newest last; that it was made in time its line in the log shows
 * @throws MALFORMED, PROOF_INVALID (disclosure), SIGNATURE_INVALID, MEMBER_UNKNOWN
 */
export async function openReport(
  text: string,
  keysOf: (centre: string) => readonly Uint8Array[],
): Promise<OpenedReport> {
  const { jwt, disclosures, kbJwt } = parseSdJwt(text);
  if (kbJwt !== undefined) malformed('report', 'no key binding', 'one');
  const jws = parseJws(jwt, TYPE);
  const payload = JSON.parse(fromUtf8(jws.payload)) as JsonObject;
  const { _sd: digests, _sd_alg: algorithm, ...clear } = payload;
  const head = headCodec.check(clear);
  if (algorithm !== 'sha-256' || !Array.isArray(digests) || digests.length !== REPORT_CHAPTERS.length)
    malformed('report', `${REPORT_CHAPTERS.length} chapters under sha-256`, JSON.stringify(digests ?? null));
  parseUscc(head.sub.uscc);
  await verifyByOne(jws, head.iss, keysOf(head.iss));
  const shown = unpackSdJwt(payload, disclosures);
  const chapters = new Map<ReportChapter, ReportLine[]>();
  for (const [i, chapter] of REPORT_CHAPTERS.entries()) {
    const value = shown[chapter];
    if (value === undefined) continue;
    // A chapter stands at its place: one that is shown as another would hide that one.
    const own = disclosures.find((disclosure) => disclosureDigest(disclosure) === digests[i]);
    if (own === undefined || (JSON.parse(fromUtf8(fromBase64Url(own))) as unknown[])[1] !== chapter)
      throw new XinlianError('PROOF_INVALID', {
        link: 'disclosure',
        reason: 'a chapter at another place than its own',
        wanted: chapter,
        got: String(i),
      });
    chapters.set(chapter, chapterCodec.check(value).lines);
  }
  if (Object.keys(shown).length !== Object.keys(clear).length + chapters.size)
    malformed('report', 'chapters of the standard', Object.keys(shown).join());
  return { head, chapters };
}

/** Throws `MEMBER_UNKNOWN` without a key, `SIGNATURE_INVALID`. */
async function verifyByOne(jws: Jws, centre: string, keys: readonly Uint8Array[]): Promise<void> {
  if (keys.length === 0) throw new XinlianError('MEMBER_UNKNOWN', { member: centre });
  for (const [i, key] of keys.toReversed().entries()) {
    try {
      await verifyJws(jws, ed25519Jwk(key), centre);
      return;
    } catch (error) {
      if (!XinlianError.is(error, 'SIGNATURE_INVALID') || i === keys.length - 1) throw error;
    }
  }
}

/** Whose report it says to be; proves nothing. Throws `MALFORMED`. */
export function issuerOf(text: string): string {
  const { payload } = parseJws(parseSdJwt(text).jwt, TYPE);
  const { iss } = JSON.parse(fromUtf8(payload)) as { iss?: unknown };
  return typeof iss === 'string' ? iss : malformed('report', 'the centre that made it', typeof iss);
}

/** SHA-256 of what the centre signed: the same for every presentation of it, and the commitment of its line in the log. */
export function reportDigest(text: string): Hex {
  return toHex(sha256(utf8(parseSdJwt(text).jwt)));
}

/** @param time of making in China, YYYYMMDDhhmmss @param serial 0 to 99,999,999 */
export function reportNumber(time: string, serial: number): string {
  if (!/^\d{14}$/.test(time)) malformed('time of the report', 'YYYYMMDDhhmmss', time);
  return `${time}${String(serial).padStart(8, '0')}`;
}
