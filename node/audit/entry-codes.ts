// What stands at each position of a log, in a byte or two each: whether it is a record, and of which item.

/** Code of an entry that is no record. */
const NO_RECORD = 0;

const FIRST_ROOM = 1_024;

export class EntryCodes {
  #codes: Uint8Array | Uint16Array;
  #length: number;
  /** Items by code, from 1 on. */
  readonly items: string[];
  readonly #codeOf: Map<string, number>;

  constructor(items: readonly string[] = [], codes: Uint8Array | Uint16Array = new Uint8Array()) {
    this.items = [...items];
    this.#codeOf = new Map(items.map((item, i) => [item, i + 1]));
    this.#codes = codes;
    this.#length = codes.length;
  }

  get length(): number {
    return this.#length;
  }

  /** Adds the next position. @param item undefined for an entry that is no record */
  push(item: string | undefined): void {
    const code = item === undefined ? NO_RECORD : this.#code(item);
    if (code > 0xff && this.#codes instanceof Uint8Array) this.#codes = Uint16Array.from(this.#codes);
    if (this.#length === this.#codes.length) this.#grow();
    this.#codes[this.#length++] = code;
  }

  /** @returns undefined for a position that is no record, or not there */
  item(position: number): string | undefined {
    return position < this.#length ? this.items[(this.#codes[position] ?? NO_RECORD) - 1] : undefined;
  }

  /** The codes so far. */
  codes(): Uint8Array | Uint16Array {
    return this.#codes.subarray(0, this.#length);
  }

  #code(item: string): number {
    const known = this.#codeOf.get(item);
    if (known !== undefined) return known;
    const code = this.items.push(item);
    this.#codeOf.set(item, code);
    return code;
  }

  #grow(): void {
    const room = Math.max(FIRST_ROOM, 2 * this.#codes.length);
    const grown = this.#codes instanceof Uint8Array ? new Uint8Array(room) : new Uint16Array(room);
    grown.set(this.#codes);
    this.#codes = grown;
  }
}
