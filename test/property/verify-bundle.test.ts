import { expect } from 'chai';
import * as fc from 'fast-check';
import { parseBundle } from '../../node/core/bundle.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { verifyBundle } from '../../node/core/verify-bundle.ts';
import { completeBundle, type CompleteBundle } from '../helpers/bundle.ts';

let complete: CompleteBundle;
before(async () => {
  complete = await completeBundle();
});

/** Paths of every member and element of a document, its own included. */
function paths(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, child]) => paths(child, [...path, key]))];
}

function replaced(document: unknown, path: string[], value: unknown): unknown {
  if (path.length === 0) return value;
  const copy = structuredClone(document);
  let parent = copy as Record<string, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  parent[path.at(-1)!] = value;
  return copy;
}

describe('Verification of a bundle', () => {
  it('throws nothing for any value, and holds for none', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything({ withBigInt: true, withMap: true, withTypedArray: true }), fc.json()),
        (value) => {
          expect(verifyBundle(value, complete.context)).to.deep.include({ ok: false, pending: false, trusted: [] });
        },
      ),
      { numRuns: 500 },
    );
  });

  it('throws nothing where any part is another value of any kind', () => {
    const part = fc.oneof(
      fc.jsonValue(),
      fc.string(),
      fc.base64String(),
      fc.stringMatching(/^0x([0-9a-f]{2}){0,80}$/),
      fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/),
      fc.maxSafeInteger(),
      fc.double(),
      fc.constantFrom('— ', '\n\n', '{}', '[]', '0x', '\ud800', -0, 1e300),
    );
    fc.assert(
      fc.property(fc.nat(), part, (at, part) => {
        const all = paths(complete.bundle);
        const path = all[at % all.length]!;
        const document = replaced(complete.bundle, path, part);
        const { ok, checks } = verifyBundle(document, complete.context);
        expect(ok).to.equal(checks.every(({ ok }) => ok));
        // An empty list of disclosures shows less, and proves no less.
        if (path.join() !== 'disclosures') expect(ok).to.equal(false);
      }),
      { numRuns: 1500 },
    );
  });

  it('throws nothing for text that is cut, doubled or shuffled', () => {
    const text = JSON.stringify(complete.bundle);
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(text.length), fc.nat(text.length), (a, b, c) => {
        const spoilt = text.slice(0, a) + text.slice(Math.min(b, c), Math.max(b, c)) + text.slice(a);
        const { ok } = verifyBundle(spoilt, complete.context);
        if (spoilt !== text) expect(ok).to.equal(false);
      }),
      { numRuns: 500 },
    );
  });
});

describe('Bundle reader', () => {
  it('refuses with its own error alone', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything({ withBigInt: true, withDate: true }), fc.json(), fc.string()), (value) => {
        try {
          parseBundle(value);
        } catch (error) {
          expect(XinlianError.is(error)).to.equal(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});
