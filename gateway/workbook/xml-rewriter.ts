// XML that goes through as it stands, but for what is put in other words on the way.
import { readXml, type XmlReader } from './xml.ts';

export interface RewriteEvents {
  /** @param tag the start tag as it stands */
  open(name: string, attributes: Readonly<Record<string, string>>, tag: string, rewriter: XmlRewriter): void;
  /** Before an end tag, or behind the start tag of an element that is empty. */
  close(name: string, rewriter: XmlRewriter): void;
}

export class XmlRewriter {
  readonly #parser: XmlReader;
  /** What was written and is not given out yet, and where in all of the text it begins. */
  #text = '';
  #begins = 0;
  #out = '';
  /** Behind the last event: a tag that is not whole yet can still be put in other words. */
  #safe = 0;

  constructor(events: RewriteEvents) {
    this.#parser = readXml({
      open: (name, attributes) => {
        events.open(name, attributes, this.#tag(), this);
        this.#decided();
      },
      close: (name) => {
        events.close(name, this);
        this.#decided();
      },
      text: () => this.#decided(),
    });
  }

  /** @returns the text that is decided by now */
  push(text: string): string {
    this.#text += text;
    this.#parser.write(text);
    this.#copyTo(this.#safe);
    return this.#take();
  }

  end(): string {
    this.#parser.end();
    this.#out += this.#text;
    this.#text = '';
    return this.#take();
  }

  /** Puts a text before the tag of the event. */
  insert(text: string): void {
    this.#copyTo(this.#begins + this.#tagStart());
    this.#out += text;
  }

  /** Puts a text in the place of the tag of the event. */
  replace(text: string): void {
    this.#copyTo(this.#begins + this.#tagStart());
    this.#out += text;
    this.#skipTo(this.#parser.endIndex + 1);
  }

  #decided(): void {
    this.#safe = Math.max(this.#safe, this.#parser.endIndex + 1);
  }

  #tag(): string {
    return this.#text.slice(this.#tagStart(), this.#parser.endIndex + 1 - this.#begins);
  }

  /** In what is held. Within a tag, no other may begin. The parser's own word is one less behind a cut instruction. */
  #tagStart(): number {
    return Math.max(0, this.#text.lastIndexOf('<', this.#parser.endIndex - this.#begins));
  }

  #copyTo(index: number): void {
    if (index <= this.#begins) return;
    this.#out += this.#text.slice(0, index - this.#begins);
    this.#skipTo(index);
  }

  #skipTo(index: number): void {
    this.#text = this.#text.slice(index - this.#begins);
    this.#begins = index;
  }

  #take(): string {
    const out = this.#out;
    this.#out = '';
    return out;
  }
}
