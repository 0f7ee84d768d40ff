import { expect } from 'chai';
import { utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import {
  decodeBundle,
  encodeBundle,
  parseTilePath,
  tileCoordinates,
  tileHashReader,
  tilePath,
  tilesForNodes,
  tilesForSize,
  type Tile,
} from '../../../node/core/tiles.ts';

const malformed = (act: () => unknown) => {
  expect(act).to.throw(XinlianError).with.property('code', 'MALFORMED');
};

describe('Tile path', () => {
  const paths: [string, Tile][] = [
    ['tile/0/000', { level: 0, index: 0, width: 256 }],
    ['tile/0/x001/x234/067', { level: 0, index: 1234067, width: 256 }],
    ['tile/1/x001/000', { level: 1, index: 1000, width: 256 }],
    ['tile/63/999.p/255', { level: 63, index: 999, width: 255 }],
    ['tile/entries/x001/x234/067.p/8', { level: 'entries', index: 1234067, width: 8 }],
    ['tile/0/x009/x007/x199/x254/x740/991', { level: 0, index: Number.MAX_SAFE_INTEGER, width: 256 }],
  ];
  for (const [path, tile] of paths) {
    it(`is ${path}`, () => {
      expect(tilePath(tile)).to.equal(path);
      expect(parseTilePath(path)).to.deep.equal(tile);
    });
  }

  const wrong = [
    '',
    'checkpoint',
    'tile/0',
    'tile/0/0',
    'tile/0/0000',
    'tile/00/000',
    'tile/01/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/data/000',
    'tile/0/x000/001',
    'tile/0/001/234',
    'tile/0/x001/x234',
    'tile/0/X001/234',
    'tile/0/000.p/0',
    'tile/0/000.p/00',
    'tile/0/000.p/08',
    'tile/0/000.p/256',
    'tile/0/000.p/',
    'tile/0/000.p/1/',
    'tile/0/000/',
    '/tile/0/000',
    'tile/0/../000',
    'tile/0/000\n',
    'tile/0/x009/x007/x199/x254/x740/992',
    'tile/0/x001/x000/x000/x000/x000/x000/000',
  ];
  for (const path of wrong) it(`is not ${JSON.stringify(path)}`, () => malformed(() => parseTilePath(path)));

  it('is not made for what is no tile', () => {
    malformed(() => tilePath({ level: 64, index: 0, width: 1 }));
    malformed(() => tilePath({ level: 0.5, index: 0, width: 1 }));
    malformed(() => tilePath({ level: 0, index: -1, width: 1 }));
    malformed(() => tilePath({ level: 0, index: 2 ** 53, width: 1 }));
    malformed(() => tilePath({ level: 0, index: 0, width: 0 }));
    malformed(() => tilePath({ level: 0, index: 0, width: 257 }));
  });
});

describe('Tiles of a tree', () => {
  const summary = (size: number, since?: number) => {
    const counts: Record<string, number> = {};
    for (const { level, width } of tilesForSize(size, since)) {
      const key = `level ${level}, width ${width}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  };

  it('are those of the specification at 70,000 entries', () => {
    expect(summary(70_000)).to.deep.equal({
      'level 0, width 256': 273,
      'level 0, width 112': 1,
      'level 1, width 256': 1,
      'level 1, width 17': 1,
      'level 2, width 1': 1,
    });
  });

  it('are those of the specification at 256 entries', () => {
    expect(summary(256)).to.deep.equal({ 'level 0, width 256': 1, 'level 1, width 1': 1 });
  });

  it('are none for an empty tree', () => {
    expect(summary(0)).to.deep.equal({});
  });

  it('are only the new ones since an older size', () => {
    expect(summary(70_000, 70_000)).to.deep.equal({});
    expect(summary(70_000, 69_999)).to.deep.equal({ 'level 0, width 112': 1 });
    expect([...tilesForSize(513, 511)]).to.deep.equal([
      { level: 0, index: 1, width: 256 },
      { level: 0, index: 2, width: 1 },
      { level: 1, index: 0, width: 2 },
    ]);
  });

  it('are found for a node', () => {
    expect(tileCoordinates(0, 300)).to.deep.equal({ level: 0, index: 1, offset: 44, count: 1 });
    expect(tileCoordinates(3, 33)).to.deep.equal({ level: 0, index: 1, offset: 8, count: 8 });
    expect(tileCoordinates(8, 300)).to.deep.equal({ level: 1, index: 1, offset: 44, count: 1 });
    expect(tileCoordinates(40, 2 ** 12)).to.deep.equal({ level: 5, index: 16, offset: 0, count: 1 });
    const nodes = [
      { level: 0, index: 299 },
      { level: 2, index: 64 },
      { level: 8, index: 0 },
    ];
    expect(tilesForNodes(nodes, 300)).to.deep.equal([
      { level: 0, index: 1, width: 44 },
      { level: 1, index: 0, width: 1 },
    ]);
  });

  it('give nothing beyond the tree, nor from a tile that is short', () => {
    const full = tileHashReader(() => new Uint8Array(256 * 32), 300);
    malformed(() => full(0, 300));
    malformed(() => full(8, 1));
    malformed(() => full(9, 0));
    malformed(() => tileHashReader(() => new Uint8Array(44 * 32 - 1), 300)(0, 299));
    malformed(() => tileHashReader(() => new Uint8Array(43 * 32), 300)(0, 299));
    malformed(() => tileHashReader(() => new Uint8Array(257 * 32), 300)(0, 299));
  });
});

describe('Entry bundle', () => {
  it('has each entry behind its length', () => {
    const bytes = encodeBundle([utf8('ab'), new Uint8Array(), new Uint8Array(0x102)]);
    expect([...bytes.subarray(0, 8)]).to.deep.equal([0, 2, 97, 98, 0, 0, 1, 2]);
    expect(decodeBundle(bytes).map(({ length }) => length)).to.deep.equal([2, 0, 0x102]);
  });

  it('carries the longest entry and the most entries', () => {
    const longest = new Uint8Array(0xffff).fill(7);
    expect(decodeBundle(encodeBundle([longest]))).to.deep.equal([longest]);
    expect(decodeBundle(encodeBundle(Array.from({ length: 256 }, () => utf8('x'))))).to.have.length(256);
  });

  it('refuses what breaks a limit', () => {
    malformed(() => encodeBundle([]));
    malformed(() => encodeBundle(Array.from({ length: 257 }, () => utf8('x'))));
    malformed(() => encodeBundle([new Uint8Array(0x10000)]));
  });

  it('is not read from cut or empty bytes', () => {
    malformed(() => decodeBundle(new Uint8Array()));
    malformed(() => decodeBundle(Uint8Array.of(0)));
    malformed(() => decodeBundle(Uint8Array.of(0, 2, 97)));
    malformed(() => decodeBundle(Uint8Array.of(0, 1, 97, 0)));
    malformed(() => decodeBundle(new Uint8Array(2 * 257)));
  });
});
