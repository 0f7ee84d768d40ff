// Text put into a source at offsets of its bytes, as its compiler counts them.

interface Edit {
  start: number;
  end: number;
  before: string;
  after: string;
}

export class Edits {
  readonly #source: Buffer;
  readonly #edits: Edit[] = [];

  constructor(source: string) {
    this.#source = Buffer.from(source);
  }

  /** Puts text around what stands there. The outer MUST be wrapped before the inner. */
  wrap(start: number, end: number, before: string, after: string): void {
    this.#edits.push({ start, end, before, after });
  }

  /** Puts text between what ends and what begins there. */
  insert(at: number, text: string): void {
    this.wrap(at, at, text, '');
  }

  slice(start: number, end: number): string {
    return this.#source.toString('utf8', start, end);
  }

  /** Offset behind the first `text` from `at` on that is in no comment. Throws where there is none. */
  behind(text: string, at: number): number {
    const comment = /^(?:\/\/[^\n]*|\/\*[\s\S]*?\*\/)/;
    // One byte, one character: offsets stay what they are.
    const source = this.#source.toString('latin1');
    for (let i = at; i < source.length; i++) {
      if (source.startsWith(text, i)) return i + text.length;
      if (source[i] === '/') i += Math.max(0, (comment.exec(source.slice(i))?.[0].length ?? 0) - 1);
    }
    throw new Error(`no ${text} from byte ${at} on`);
  }

  /** The source with all of it. */
  toString(): string {
    const places = new Map<number, { closing: string; between: string; opening: string }>();
    const placeAt = (at: number) => {
      const place = places.get(at) ?? { closing: '', between: '', opening: '' };
      places.set(at, place);
      return place;
    };
    // Outer wraps come first, so that what they open stands further left, and what they close further right.
    for (const { start, end, before, after } of this.#edits) {
      if (start === end) {
        placeAt(start).between += before;
        continue;
      }
      placeAt(start).opening += before;
      placeAt(end).closing = after + placeAt(end).closing;
    }
    let text = '';
    let from = 0;
    for (const [at, { closing, between, opening }] of [...places].sort(([a], [b]) => a - b)) {
      text += this.slice(from, at) + closing + between + opening;
      from = at;
    }
    return text + this.slice(from, this.#source.length);
  }
}
