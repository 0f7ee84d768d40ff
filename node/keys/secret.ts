// Text that must not reach a log, a dump or an error message.
import { createHash, timingSafeEqual } from 'node:crypto';

const REDACTED = '[redacted]';

/** Prints, serialises and inspects as `[redacted]`; only `reveal` gives the text. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  /** Compares in a time that does not depend on where the texts differ. */
  matches(text: string): boolean {
    return timingSafeEqual(digest(this.#text), digest(text));
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return REDACTED;
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
