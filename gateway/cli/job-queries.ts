// A job of queries from a terminal: rows and their keys lie in files beside the result until that is there, so that what was cut
// off, whatever of it, goes on by the same command.
import { createReadStream, existsSync } from 'node:fs';
import { appendFile, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Type } from 'typebox';
import { utf8 } from '../../node/core/bytes.ts';
import { grantDocument, GrantDocument } from '../../node/core/grant.ts';
import { codec } from '../../node/core/messages/codec.ts';
import type { View } from '../../node/core/messages/view.ts';
import { openRow, prepareRow, type OpenedRow, type QueryKeys } from '../client/query-jobs.ts';
import type { Grantee } from '../client/grantee.ts';
import { memberOf } from './connection.ts';

/** Rows that are signed before they are written: each costs a flush. */
const AT_ONCE = 32;
/** How long a view of the chain serves for the rows that are signed. */
const VIEW_MS = 10_000;

const question = codec(
  'row of a job of queries',
  Type.Object(
    {
      grant: Type.Union([GrantDocument, Type.String({ description: 'Name of its file' })]),
      items: Type.Optional(Type.Array(Type.String(), { minItems: 1 })),
      providers: Type.Optional(Type.Array(Type.String({ description: 'Member id or USCC' }), { minItems: 1 })),
    },
    { additionalProperties: false },
  ),
);

/** The own node's view, asked for once in a while. */
export function heldView(view: (members?: readonly string[]) => Promise<View>): () => Promise<View> {
  let held: { at: number; view: Promise<View> } | undefined;
  return () => {
    if (!held || Date.now() - held.at > VIEW_MS) held = { at: Date.now(), view: view() };
    return held.view;
  };
}

export class QueryFiles {
  readonly #rows: string;
  readonly #sent: string;
  readonly #keys: string;
  readonly #grantee: Grantee;

  /** @param options rows: as the user wrote them; out: the result, beside which the others lie */
  constructor({ rows, out }: { rows: string; out: string }, grantee: Grantee) {
    this.#rows = rows;
    this.#sent = `${out}.sent`;
    this.#keys = `${out}.keys`;
    this.#grantee = grantee;
  }

  /** What is to be sent: what was made before, then the rest, each row kept before it goes. */
  async *stream(): AsyncGenerator<Uint8Array, void, void> {
    const before = existsSync(this.#sent) ? await readFile(this.#sent, 'utf8') : '';
    const whole = before.slice(0, before.lastIndexOf('\n') + 1);
    if (existsSync(this.#sent)) await truncate(this.#sent, Buffer.byteLength(whole));
    else await writeFile(this.#sent, '', { mode: 0o600 });
    if (!existsSync(this.#keys)) await writeFile(this.#keys, '', { mode: 0o600 });
    yield utf8(whole);
    const lines = (await readFile(this.#rows, 'utf8')).split('\n').filter((line) => line.trim() !== '');
    for (let at = whole.split('\n').length - 1; at < lines.length; at += AT_ONCE) {
      const made = await Promise.all(lines.slice(at, at + AT_ONCE).map((line) => this.#prepare(line)));
      // The keys first: a row whose answer nobody can open must not go.
      await appendFile(this.#keys, made.map(({ keys }) => `${JSON.stringify(keys)}\n`).join(''), { flush: true });
      const text = made.map(({ line }) => line).join('');
      await appendFile(this.#sent, text, { flush: true });
      yield utf8(text);
    }
  }

  /** Lines of the result, opened and verified. @param parts text of the result file, in pieces of whole lines */
  async *opened(parts: AsyncIterable<string>): AsyncGenerator<OpenedRow, void, void> {
    const keys = new Map<string, QueryKeys>();
    for await (const line of linesOf(this.#keys)) {
      const one = JSON.parse(line) as QueryKeys;
      keys.set(one.query, one);
    }
    for await (const part of parts)
      for (const line of part.split('\n'))
        if (line !== '') yield openRow(this.#grantee, line, (query) => keys.get(query));
  }

  async remove(): Promise<void> {
    await Promise.all([this.#sent, this.#keys].map((path) => rm(path, { force: true })));
  }

  async #prepare(line: string): ReturnType<typeof prepareRow> {
    const { grant, items, providers } = question.decode(utf8(line));
    const document =
      typeof grant === 'string' ? grantDocument.decode(await readFile(resolve(dirname(this.#rows), grant))) : grant;
    return prepareRow(this.#grantee, {
      grant: document,
      ...(items && { items }),
      ...(providers && { providers: providers.map(memberOf) }),
    });
  }
}

async function* linesOf(path: string): AsyncGenerator<string, void, void> {
  let held = '';
  for await (const piece of createReadStream(path, 'utf8') as AsyncIterable<string>) {
    const lines = (held + piece).split('\n');
    held = lines.pop() ?? '';
    yield* lines;
  }
}
