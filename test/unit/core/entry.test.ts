import { expect } from 'chai';
import { fromUtf8, utf8 } from '../../../node/core/bytes.ts';
import { decodeEntry, encodeEntry, MOST_ENTRY_BYTES, type Entry } from '../../../node/core/entry.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vectors from '../../vectors/entry.json' with { type: 'json' };

const text = (kind: Entry['kind']) => vectors.entries.find((entry) => entry.kind === kind)!.text;

describe('log entries', () => {
  for (const { kind, text } of vectors.entries) {
    it(`of kind ${kind} are the bytes of the vector, and come back`, () => {
      const entry = decodeEntry(utf8(text));
      expect(entry.kind).to.equal(kind);
      expect(fromUtf8(encodeEntry(entry))).to.equal(text);
    });
  }

  it('give members as their types', () => {
    const entry = decodeEntry(utf8(text('supersede')));
    if (entry.kind !== 'supersede') throw new Error(entry.kind);
    expect(entry).to.include({ item: 'XK', edition: 'cn/2024', ref: 17, time: 1714521601 });
    expect(entry.commitment).to.be.instanceOf(Uint8Array).with.length(32);
    expect(entry).to.have.all.keys('kind', 'time', 'item', 'edition', 'commitment', 'ref');
  });

  const publish = text('publish');
  const annul = text('annul');
  const wrong: Record<string, string> = {
    'no JSON': '{',
    'no object': '[]',
    null: 'null',
    'another order': '{"ref":0,"kind":"annul","suite":"intl-1","time":0,"v":1}',
    'white space': ` ${annul}`,
    'a byte order mark': `\ufeff${annul}`,
    'no kind': annul.replace('"kind":"annul",', ''),
    'a kind that is no text': annul.replace('"annul"', '1'),
    'an unknown kind': annul.replace('annul', 'repeal'),
    'a kind of the object prototype': annul.replace('annul', 'constructor'),
    'a member of another kind': publish.replace('"suite"', '"ref":0,"suite"'),
    'an unknown member': annul.replace('"suite"', '"s":1,"suite"'),
    'a missing member': annul.replace('"ref":0,', ''),
    'a member twice': annul.replace('"ref":0', '"ref":0,"ref":0'),
    'another version': annul.replace('"v":1', '"v":2'),
    'another suite': annul.replace('intl-1', 'gm-1'),
    'a negative position': annul.replace('"ref":0', '"ref":-1'),
    'a position beyond the status tree': annul.replace('"ref":0', `"ref":${2 ** 40}`),
    'a position that is text': annul.replace('"ref":0', '"ref":"0"'),
    'a time that is no integer': annul.replace('"time":0', '"time":0.5'),
    'a time that is not exact': annul.replace('"time":0', '"time":9007199254740992'),
    'a long commitment': publish.replace('"commitment":"', '"commitment":"A'),
    'a commitment that is no text': publish.replace(/"commitment":"[^"]*"/, '"commitment":1'),
    'an item that is no code': publish.replace('"XK"', '"许可"'),
    'an edition that is no text': publish.replace('"cn/2024"', 'null'),
  };
  for (const [what, bad] of Object.entries(wrong)) {
    it(`are refused with ${what}`, () => expect(codeOf(() => decodeEntry(utf8(bad)))).to.equal('MALFORMED'));
  }

  it('are refused over 65,535 bytes', () => {
    expect(codeOf(() => decodeEntry(new Uint8Array(MOST_ENTRY_BYTES + 1)))).to.equal('TOO_LARGE');
    expect(codeOf(() => decodeEntry(new Uint8Array(MOST_ENTRY_BYTES)))).to.equal('MALFORMED');
  });

  const entry = { kind: 'publish', time: 1, item: 'XK', edition: 'e', commitment: new Uint8Array(32) } as const;
  const unfit: Record<string, object> = {
    'an unknown kind': { kind: 'repeal' },
    'a short commitment': { commitment: new Uint8Array(31) },
    'a negative time': { time: -1 },
    'an item that would need escapes': { item: 'a"b' },
    'a missing edition': { edition: undefined },
  };
  for (const [what, part] of Object.entries(unfit)) {
    it(`are not written with ${what}`, () => {
      expect(codeOf(() => encodeEntry({ ...entry, ...part }))).to.equal('MALFORMED');
    });
  }
});
