// XML as it comes, in pieces. Entities that a document declares itself are not known: none can multiply.
import { Parser } from 'htmlparser2';
import { malformed } from '../../node/core/errors.ts';

/** Names without the prefix of their namespace. */
export interface XmlHandler {
  open?(name: string, attributes: Readonly<Record<string, string>>): void;
  close?(name: string): void;
  text?(text: string): void;
}

/** No attribute and no text of an office file is as long: what is, is made to exhaust. */
const MAX_HELD = 4 * 1024 * 1024;

export interface XmlReader {
  /** Position in all that was written of the last character of the last event. */
  readonly endIndex: number;
  /** @throws MALFORMED for a tag that is too long to be one */
  write(text: string): void;
  end(): void;
}

export function readXml(handler: XmlHandler): XmlReader {
  const parser = new Parser(
    {
      onopentag: (name, attributes) => handler.open?.(local(name), attributes),
      onclosetag: (name) => handler.close?.(local(name)),
      ontext: (text) => handler.text?.(text),
    },
    { xmlMode: true },
  );
  let written = 0;
  return {
    get endIndex() {
      return parser.endIndex;
    },
    write(piece) {
      parser.write(piece);
      written += piece.length;
      if (written - parser.endIndex > MAX_HELD) malformed('workbook', 'XML of a spreadsheet', 'a tag without an end');
    },
    end: () => parser.end(),
  };
}

function local(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}

/** An attribute by its name without a prefix: the prefix of relations is what the file says. */
export function attribute(attributes: Readonly<Record<string, string>>, name: string): string | undefined {
  for (const key in attributes) if (local(key) === name) return attributes[key];
  return undefined;
}

/** What XML Schema takes for true. */
export function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}
