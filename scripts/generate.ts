// Sample 双公示 files: `node scripts/generate.ts --rows 1000 --seed 1 --kind xk --format csv [--bad 5] [--out FILE]`.
// The same options always give the same file.
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { csvLine } from '../gateway/cli/csv-line.ts';
import { utf8 } from '../node/core/bytes.ts';
import { malformed } from '../node/core/errors.ts';
import { builtInCatalogue } from '../node/policy/pack.ts';
import { FAULTS } from './samples/faults.ts';
import { encodeGb18030 } from './samples/gb18030.ts';
import { createRandom } from './samples/random.ts';
import { CONTENT, sampleRow, type SampleItem, type SampleRow } from './samples/rows.ts';

export interface SampleOptions {
  rows: number;
  /** An integer. Licences and penalties of one seed are about the same enterprises. */
  seed: number;
  /** 行政许可 or 行政处罚: a file has rows of one item. */
  item: SampleItem;
  /** So many rows, spread evenly, have one mistake each, of kinds in turn. Without `bad`, the same rows are right. */
  bad?: number;
  /**
   * Makes every row so many bytes of UTF-8 JSON, by what its text says and without columns that may be empty: from 470
   * for licences, from 540 for penalties.
   */
  bytes?: number;
}

export type SampleFormat = 'csv' | 'ndjson';

const FILLERS: Readonly<Record<SampleItem, string>> = {
  xk: '经审查，申请材料齐全，符合法定形式，准予许可，并依法向社会公示。',
  cf: '经查，当事人在经营活动中违反规定，事实清楚，证据确凿，依法予以处罚。',
};

/** Columns of a row of a given size keep only their last characters, so that it can be small. */
const SHORTENED: Readonly<Record<string, number>> = {
  XK_XDR_MC: 10,
  CF_XDR_MC: 10,
  XK_XKWS: 3,
  XK_XKJG: 7,
  XK_LYDW: 7,
  CF_WFXW: 8,
  CF_YJ: 6,
  CF_CFJG: 7,
  CF_SJLY: 7,
};

/** Rows in order; deterministic, and as many as wanted: they are made one by one. Throws `MALFORMED`. */
export function* sampleRows({ rows, seed, item, bad = 0, bytes }: SampleOptions): Generator<SampleRow, void, void> {
  if (bad > rows) malformed('bad', `at most ${rows} rows`, bad);
  const random = createRandom(seed, item === 'xk' ? 1 : 2);
  let broken = 0;
  for (let i = 0; i < rows; i++) {
    const whole = sampleRow(item, seed, i + 1, random);
    const row = bytes === undefined ? whole : ofSize(item, whole, bytes);
    if (broken < bad && i === Math.floor(((broken + 0.5) * rows) / bad)) {
      const kinds = FAULTS[item];
      yield kinds[broken % kinds.length]!(row);
      broken++;
    } else {
      yield row;
    }
  }
}

/** The text of a file, in pieces. CSV has all columns of the item, and lines end as RFC 4180 wants. */
export function* sampleFile(options: SampleOptions & { format: SampleFormat }): Generator<string, void, void> {
  if (options.format === 'ndjson') {
    for (const row of sampleRows(options)) yield `${JSON.stringify(row)}\n`;
    return;
  }
  const columns = builtInCatalogue.item(options.item).fields.map(({ name }) => name);
  yield csvLine(columns);
  for (const row of sampleRows(options)) yield csvLine(columns.map((column) => row[column] ?? ''));
}

function ofSize(item: SampleItem, row: SampleRow, bytes: number): SampleRow {
  const content = CONTENT[item];
  const required = builtInCatalogue.item(item).fields.filter((field) => field.required !== 'never');
  const small: SampleRow = {};
  for (const { name } of required) {
    const cell = row[name];
    if (cell !== undefined) small[name] = name === content ? '' : cell.slice(-(SHORTENED[name] ?? cell.length));
  }
  const room = bytes - Buffer.byteLength(JSON.stringify(small));
  if (room < 1) malformed('bytes', `at least ${bytes - room + 1} for this row`, bytes);
  const characters = Math.floor(room / 3);
  const filler = FILLERS[item];
  const text = filler.repeat(Math.ceil(characters / filler.length)).slice(0, characters);
  return { ...small, [content]: text + '0'.repeat(room - 3 * characters) };
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000' },
      seed: { type: 'string', default: '1' },
      kind: { type: 'string', default: 'xk' },
      format: { type: 'string', default: 'csv' },
      bad: { type: 'string', default: '0' },
      bytes: { type: 'string' },
      encoding: { type: 'string', default: 'utf-8' },
      out: { type: 'string' },
    },
  });
  const options = {
    rows: integer('rows', values.rows),
    seed: integer('seed', values.seed),
    item: oneOf('kind', ['xk', 'cf'], values.kind),
    format: oneOf('format', ['csv', 'ndjson'], values.format),
    bad: integer('bad', values.bad),
    ...(values.bytes !== undefined && { bytes: integer('bytes', values.bytes) }),
  };
  const encode = oneOf('encoding', ['utf-8', 'gb18030'], values.encoding) === 'utf-8' ? utf8 : encodeGb18030;
  const pieces = Readable.from(
    (function* () {
      for (const text of sampleFile(options)) yield encode(text);
    })(),
  );
  await pipeline(pieces, values.out === undefined ? process.stdout : createWriteStream(values.out));
}

function integer(name: string, text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : malformed(`--${name}`, 'a whole number', text);
}

function oneOf<const T extends string>(name: string, wanted: readonly T[], text: string): T {
  return wanted.find((value) => value === text) ?? malformed(`--${name}`, wanted.join(' or '), text);
}
