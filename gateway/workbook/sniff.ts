// What a file is, by its first bytes: its ending is often wrong. Many programs write a page or CSV and name it .xls.

export type FileKind = 'package' | 'compound' | 'markup' | 'text';

export interface Sniffed {
  kind: FileKind;
  /** What it is where it can be none of a source's files; said to whoever sent it. */
  refused?: string;
  /** Of text, where the file says so itself. */
  encoding?: string;
}

const SIGNATURES: readonly (readonly [bytes: readonly number[], what: string])[] = [
  [[0x25, 0x50, 0x44, 0x46], 'a PDF'],
  [[0x52, 0x61, 0x72, 0x21], 'a RAR archive: unpack it first'],
  [[0x37, 0x7a, 0xbc, 0xaf], 'a 7z archive: unpack it first'],
  [[0x1f, 0x8b], 'a gzip archive: unpack it first'],
  [[0x89, 0x50, 0x4e, 0x47], 'a picture'],
  [[0xff, 0xd8, 0xff], 'a picture'],
  [[0x7b, 0x5c, 0x72, 0x74], 'a rich text document'],
];

/** How many bytes from the start are enough. */
export const SNIFFED = 8 * 1024;

export function sniff(start: Uint8Array): Sniffed {
  if (begins(start, [0x50, 0x4b])) return { kind: 'package' };
  if (begins(start, [0xd0, 0xcf, 0x11, 0xe0])) return { kind: 'compound' };
  const found = SIGNATURES.find(([bytes]) => begins(start, bytes));
  if (found) return { kind: 'text', refused: found[1] };
  const encoding = markOf(start);
  const text = new TextDecoder(encoding ?? 'windows-1252').decode(start).trimStart();
  if (/^MIME-Version:/i.test(text)) return { kind: 'text', refused: 'a web archive (.mht): save it as .xlsx' };
  const declared = encoding ?? declaredIn(text);
  if (isMarkup(text)) return { kind: 'markup', ...(declared !== undefined && { encoding: declared }) };
  if (encoding === undefined && start.includes(0)) return { kind: 'text', refused: 'a file that is no text' };
  return { kind: 'text', ...(encoding !== undefined && { encoding }) };
}

function begins(start: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => start[i] === byte);
}

function isMarkup(text: string): boolean {
  return /^<(?:\?xml|\?mso|!doctype\s+html|!--|html|head|body|meta|style|table|div|workbook)/i.test(text);
}

function markOf(start: Uint8Array): string | undefined {
  if (begins(start, [0xef, 0xbb, 0xbf])) return 'utf-8';
  if (begins(start, [0xff, 0xfe])) return 'utf-16le';
  if (begins(start, [0xfe, 0xff])) return 'utf-16be';
  return undefined;
}

/** Chinese pages of any age are read as GB 18030, which holds GBK and GB 2312. */
function declaredIn(text: string): string | undefined {
  const name = /(?:charset\s*=\s*["']?|<\?xml[^>]*\bencoding\s*=\s*["'])([\w-]+)/i.exec(text)?.[1]?.toLowerCase();
  if (name === undefined) return undefined;
  if (name.startsWith('gb')) return 'gb18030';
  // What is read as bytes here is not in UTF-16, whatever it says.
  return /^utf-?16/.test(name) ? undefined : name === 'utf8' ? 'utf-8' : name;
}
