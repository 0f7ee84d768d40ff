import { expect } from 'chai';
import { utf8 } from '../../../node/core/bytes.ts';
import { encodeEntry, type Entry } from '../../../node/core/entry.ts';
import { leafHash, TreeFrontier } from '../../../node/core/merkle.ts';
import { emptyLog, LogFold } from '../../../node/audit/log-fold.ts';
import { entryRules } from '../../../node/audit/rules/entries.ts';
import { StatusSet } from '../../../node/audit/status-set.ts';

const TIME = 1_780_000_000;
const commitment = new Uint8Array(32).fill(3);

/** What an audit finds of a log that annuls its first entry. */
function findings(first: Entry): string[] {
  const statuses = new StatusSet();
  statuses.set(0, utf8('{"by":1,"state":"annulled"}'));
  const annul: Entry = { kind: 'annul', time: TIME, ref: 0 };
  const entries = [first, annul, { kind: 'status', time: TIME, root: statuses.root() } as const].map(encodeEntry);
  const frontier = new TreeFrontier();
  for (const entry of entries) frontier.append(leafHash(entry));
  const anchors = [{ size: entries.length, root: frontier.root(), block: 5, time: TIME + 1 }];
  const fold = new LogFold(emptyLog(), { rules: entryRules, anchors, place: {} });
  return entries.flatMap((entry) => fold.take(entry, leafHash(entry)).map(({ rule }) => rule));
}

describe('A log that takes something back', () => {
  for (const kind of ['certificate', 'share', 'report'] as const) {
    it(`is honest where that is of kind ${kind}`, () => {
      expect(findings({ kind, time: TIME, commitment })).to.deep.equal([]);
    });
  }

  it('is not where that is a receipt', () => {
    expect(findings({ kind: 'receipt', time: TIME, commitment })).to.deep.equal(['ref-not-record']);
  });
});
