// A cell's text in one form: what cannot be seen is taken out, and digits are as wide as those of ASCII.
import type { Field } from './pack.ts';

/** Controls but for tab and line ends, spaces that do not break, marks of direction and of width nothing. */
const UNSEEN =
  // oxlint-disable-next-line no-control-regex -- controls are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]/g;
const NO_BREAK = /[\u00a0\u202f]/g;
// oxlint-disable-next-line no-control-regex -- all of ASCII that can be seen
const PLAIN = /^[\u0020-\u007e]*$/;
const WIDE = /[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a]/g;
/** Keeps a spreadsheet from making a number of what follows, and is left behind by some programs. */
const APOSTROPHE = /^['\u2018\u2019]+(?=[^'\s])/;
/** What is put into a cell to say that there is nothing. */
const NOTHING = /^(?:[-/\\]+|[\u2013-\u2015]+)$/;

/** @returns the empty text where there is nothing */
export function plainText(field: Field, text: string): string {
  const ascii = PLAIN.test(text);
  switch (field.type) {
    case 'text': {
      if (ascii) return field.free ? text.trim() : text.trim().replace(APOSTROPHE, '');
      const seen = text.replaceAll(UNSEEN, '').replaceAll(NO_BREAK, ' ');
      // In names and numbers a line end is where the column was narrow.
      return (
        field.free
          ? seen.replaceAll(/\r\n?/g, '\n')
          : oneLine(seen).replaceAll(WIDE, halfWidth).trim().replace(APOSTROPHE, '')
      ).trim();
    }
    case 'uscc': {
      const code = ascii ? text : text.replaceAll(UNSEEN, '').normalize('NFKC');
      const whole = code.replaceAll(/\s/g, '').replace(APOSTROPHE, '').toUpperCase();
      return NOTHING.test(whole) ? '' : whole;
    }
    case 'date':
    case 'decimal':
    case 'integer':
    case 'attachments': {
      const plain = (ascii ? text : text.replaceAll(UNSEEN, '').normalize('NFKC').replaceAll(/\s+/g, ' '))
        .trim()
        .replace(APOSTROPHE, '');
      return NOTHING.test(plain) ? '' : plain;
    }
  }
}

function oneLine(text: string): string {
  if (!/[\r\n\t]/.test(text)) return text;
  return text.replaceAll(/([\w)]) *[\r\n\t]+ *(?=[\w(])/g, '$1 ').replaceAll(/\s*[\r\n\t]+\s*/g, '');
}

function halfWidth(character: string): string {
  return String.fromCharCode(character.charCodeAt(0) - 0xfee0);
}
