import { expect } from 'chai';
import * as fc from 'fast-check';
import { concat, toHex, u64 } from '../../node/core/bytes.ts';
import { XinlianError } from '../../node/core/errors.ts';
import {
  consistencyNodes,
  consistencyProof,
  inclusionNodes,
  inclusionProof,
  leafHash,
  rootHash,
  rootNodes,
  TreeFrontier,
  type TreeNode,
} from '../../node/core/merkle.ts';
import {
  decodeBundle,
  encodeBundle,
  parseTilePath,
  tileHashReader,
  tilePath,
  tilesForNodes,
  tilesForSize,
} from '../../node/core/tiles.ts';

const LARGEST = 66_000;
const nodes = new Map<string, Uint8Array>();
const read = (level: number, index: number) => nodes.get(`${level}/${index}`)!;

before(() => {
  const frontier = new TreeFrontier();
  for (let i = 0; i < LARGEST; i++) {
    frontier.append(leafHash(u64(i)), (level, index, hash) => nodes.set(`${level}/${index}`, hash));
  }
});

/** The tiles of a tree as a server has them, by path. */
function publish(size: number): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const tile of tilesForSize(size)) {
    const hashes = Array.from({ length: tile.width }, (_, i) => read(8 * tile.level, 256 * tile.index + i));
    files.set(tilePath(tile), concat(...hashes));
  }
  return files;
}

/** A reader that has only the tiles that the listed nodes ask for. */
function fetched(files: Map<string, Uint8Array>, wanted: TreeNode[], size: number) {
  const tiles = new Map(
    tilesForNodes(wanted, size).map((tile) => [`${tile.level}/${tile.index}`, files.get(tilePath(tile))!]),
  );
  return tileHashReader((level, index) => tiles.get(`${level}/${index}`)!, size);
}

const hex = (hashes: Uint8Array[]) => hashes.map(toHex);

describe('Tiles, against the tree', () => {
  it('give every root and proof', () => {
    const sizes = fc.oneof(
      fc.integer({ min: 1, max: LARGEST }),
      fc.constantFrom(1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537),
    );
    fc.assert(
      fc.property(sizes, fc.nat(), fc.nat(), (size, a, b) => {
        const files = publish(size);
        const index = a % size;
        const older = 1 + (b % size);
        expect(toHex(rootHash(size, fetched(files, rootNodes(size), size)))).to.equal(toHex(rootHash(size, read)));
        const path = inclusionProof(index, size, fetched(files, inclusionNodes(index, size), size));
        expect(hex(path)).to.deep.equal(hex(inclusionProof(index, size, read)));
        const proof = consistencyProof(older, size, fetched(files, consistencyNodes(older, size), size));
        expect(hex(proof)).to.deep.equal(hex(consistencyProof(older, size, read)));
      }),
      { numRuns: 40 },
    );
  });

  it('are, since an older size, exactly the ones that changed', () => {
    const size = fc.integer({ min: 0, max: 5000 });
    fc.assert(
      fc.property(size, size, (a, b) => {
        const [older, newer] = a < b ? [a, b] : [b, a];
        const before = new Set([...tilesForSize(older)].map(tilePath));
        const added = [...tilesForSize(newer)].map(tilePath).filter((path) => !before.has(path));
        expect([...tilesForSize(newer, older)].map(tilePath)).to.deep.equal(added);
      }),
    );
  });

  it('have one path each', () => {
    const tile = fc.record({
      level: fc.oneof(fc.integer({ min: 0, max: 63 }), fc.constant('entries' as const)),
      index: fc.maxSafeNat(),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(tile, (tile) => {
        expect(parseTilePath(tilePath(tile))).to.deep.equal(tile);
      }),
    );
  });

  it('refuse any other path with their own error', () => {
    const path = fc.oneof(fc.string(), fc.stringMatching(/^tile\/[0-9e]{1,3}\/[x0-9/]{1,12}(\.p\/[0-9]{1,4})?$/));
    fc.assert(
      fc.property(path, (path) => {
        try {
          expect(tilePath(parseTilePath(path))).to.equal(path);
        } catch (error) {
          expect(XinlianError.is(error, 'MALFORMED')).to.equal(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('Entry bundles', () => {
  it('come back as they went', () => {
    const entries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 256 });
    fc.assert(
      fc.property(entries, (entries) => {
        expect(decodeBundle(encodeBundle(entries))).to.deep.equal(entries);
      }),
      { numRuns: 50 },
    );
  });

  it('are the only reading of their bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        try {
          expect(encodeBundle(decodeBundle(bytes))).to.deep.equal(bytes);
        } catch (error) {
          expect(XinlianError.is(error, 'MALFORMED')).to.equal(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
