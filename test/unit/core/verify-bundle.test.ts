import { expect } from 'chai';
import type { Bundle } from '../../../node/core/bundle.ts';
import { parseBundle } from '../../../node/core/bundle.ts';
import { toBase64, toBase64Url } from '../../../node/core/bytes.ts';
import { XinlianError, type ProofLink } from '../../../node/core/errors.ts';
import { verifyBundle, type VerificationContext } from '../../../node/core/verify-bundle.ts';
import {
  CHAIN_ID,
  CHECKPOINT_KEY,
  completeBundle,
  EDITION,
  ITEM,
  LOG,
  LOG_ANCHOR,
  MEMBER,
  OTHER_MEMBER,
  turnBit,
  type BundleOptions,
  type CompleteBundle,
} from '../../helpers/bundle.ts';

const LINKS: ProofLink[] = [
  'format',
  'disclosure',
  'commitment',
  'entry',
  'checkpoint',
  'signature',
  'inclusion',
  'status',
  'anchor-event',
  'receipt-proof',
  'header',
];

let complete: CompleteBundle;
before(async () => {
  complete = await completeBundle();
});

function brokenLink(bundle: unknown, context: VerificationContext): string {
  const { ok, checks, record, checkpoint, anchor } = verifyBundle(bundle, context);
  if (ok) return 'none';
  expect([record, checkpoint, anchor]).to.deep.equal([undefined, undefined, undefined]);
  expect(checks.slice(0, -1).every(({ ok }) => ok)).to.equal(true);
  expect(checks.at(-1)!.ok).to.equal(false);
  return checks.at(-1)!.link;
}

const changed = (change: Partial<Bundle>): Bundle => ({ ...complete.bundle, ...change });

describe('A complete bundle', () => {
  it('holds in every link, as an object and as text', () => {
    for (const form of [complete.bundle, JSON.stringify(complete.bundle), JSON.stringify(complete.bundle, null, 2)]) {
      const { ok, pending, checks, trusted } = verifyBundle(form, complete.context);
      expect({ ok, pending, trusted }).to.deep.equal({ ok: true, pending: false, trusted: [] });
      expect(checks.map(({ link }) => link)).to.deep.equal(LINKS);
      expect(checks.every(({ ok }) => ok)).to.equal(true);
    }
  });

  it('tells the record: what is shown, what is not, and its status', () => {
    const { record } = verifyBundle(complete.bundle, complete.context);
    expect(record).to.deep.equal({
      item: ITEM,
      edition: EDITION,
      kind: 'publish',
      position: 5,
      time: 1_780_000_000,
      claims: new Map([
        ['agency', '11330900MB1234567X'],
        ['subject', '91320900MA1ABCDE1X'],
        ['amount', '12000.50'],
      ]),
      undisclosed: ['class', 'validFrom', 'validTo', 'count'],
      status: 'superseded',
      supersededBy: 17,
    });
  });

  it('tells its checkpoint and the block of its anchor', () => {
    const { checkpoint, anchor } = verifyBundle(complete.bundle, complete.context);
    expect(checkpoint).to.deep.include({
      origin: { chainId: CHAIN_ID, logAnchor: LOG_ANCHOR, log: LOG },
      size: 21,
      member: MEMBER,
    });
    expect(anchor).to.deep.include({ chainId: CHAIN_ID, hash: complete.blockHash, confirmed: true });
  });

  it('holds with nothing and with everything disclosed', async () => {
    for (const disclosed of [[], [0, 1, 2, 3, 4, 5, 6]]) {
      const { bundle, context } = await completeBundle({ disclosed });
      const { ok, record } = verifyBundle(bundle, context);
      expect(ok).to.equal(true);
      expect(record!.claims.size + record!.undisclosed.length).to.equal(7);
      expect(record!.claims.size).to.equal(disclosed.length);
    }
  });

  it('holds at every position of a log, superseded or live', async () => {
    for (const [entries, position] of [
      [1, 0],
      [7, 0],
      [7, 6],
      [8, 7],
      [33, 32],
    ] as const) {
      // prettier-ignore
      for (const status of [null, '{"state":"annulled"}']) {
        const { bundle, context } = await completeBundle({ entries, position, status });
        const { ok, record } = verifyBundle(bundle, context);
        expect(ok).to.equal(true);
        expect(record!.status).to.equal(status === null ? 'live' : 'annulled');
      }
    }
  });
});

describe('A pending bundle', () => {
  it('holds up to its signature, and says that nothing on the chain bears it out', async () => {
    const { bundle, context } = await completeBundle({ anchored: false });
    const { ok, pending, checks, trusted, anchor } = verifyBundle(bundle, context);
    expect({ ok, pending, anchor }).to.deep.equal({ ok: true, pending: true, anchor: undefined });
    expect(checks.map(({ link }) => link)).to.deep.equal(LINKS.slice(0, 8));
    expect(trusted).to.have.length(1);
  });

  it('asks for the key at no block', async () => {
    const { bundle, context } = await completeBundle({ anchored: false });
    const blocks: unknown[] = [];
    verifyBundle(bundle, { ...context, checkpointKey: (...[, , block]) => (blocks.push(block), CHECKPOINT_KEY) }); // prettier-ignore
    expect(blocks).to.deep.equal([undefined]);
  });
});

describe('What the verifier knows by itself', () => {
  it('is trusted for where it knows nothing', () => {
    const { names } = complete.context;
    const { ok, trusted, anchor } = verifyBundle(complete.bundle, { names });
    expect(ok).to.equal(true);
    expect(anchor!.confirmed).to.equal(false);
    expect(trusted).to.have.length(3);
    expect(trusted.join()).to.contain(complete.blockHash).and.contain(MEMBER).and.contain(LOG);
  });

  const refusals: [ProofLink, string, Partial<VerificationContext>][] = [
    ['disclosure', 'the item is not in the edition', { names: () => undefined }],
    ['disclosure', 'the schema has other names', { names: () => ['a', 'b', 'c', 'd', 'e', 'f', 'g'] }],
    ['disclosure', 'the schema is longer', { names: () => Array.from({ length: 8 }, (_, i) => `claim${i}`) }],
    ['signature', 'the member has another key', { checkpointKey: () => new Uint8Array(32) }],
    ['signature', 'the member has no key at that block', { checkpointKey: () => undefined }],
    ['signature', 'the log belongs to another member', { logOwner: () => OTHER_MEMBER }],
    ['signature', 'the log belongs to nobody', { logOwner: () => undefined }],
    ['header', 'another block is trusted', { trustedBlock: `0x${'00'.repeat(32)}` }],
    ['header', 'the block is not of the chain', { trustedBlock: () => false }],
  ];
  for (const [link, what, knowledge] of refusals) {
    it(`breaks ${link} where ${what}`, () => {
      expect(brokenLink(complete.bundle, { ...complete.context, ...knowledge })).to.equal(link);
    });
  }

  it('is asked with the block of the anchor', () => {
    const asked: unknown[] = [];
    verifyBundle(complete.bundle, {
      ...complete.context,
      checkpointKey: (...question) => (asked.push(question), CHECKPOINT_KEY), // prettier-ignore
      trustedBlock: (...question) => (asked.push(question), true), // prettier-ignore
    });
    const { number } = verifyBundle(complete.bundle, complete.context).anchor!;
    expect(asked).to.deep.equal([
      [MEMBER, LOG, number],
      [number, complete.blockHash],
    ]);
  });
});

describe('A bundle whose makers lied', () => {
  const lies: [ProofLink, string, BundleOptions][] = [
    ['commitment', 'the entry commits to another record', { entry: { commitment: new Uint8Array(32) } }],
    ['entry', 'the entry names another item', { entry: { item: 'licence' } }],
    ['entry', 'the entry names another edition', { entry: { edition: '2025' } }],
    ['entry', 'the entry carries no record', { entry: { kind: 'annul', ref: 1 } as never }],
    ['status', 'the last entry is no status entry', { last: { kind: 'annul', time: 1, ref: 2 } }],
    ['status', 'the last entry has another root', { last: { kind: 'status', time: 1, root: new Uint8Array(32) } }],
    ['status', 'the status is not in its one form', { status: '{"state": "annulled"}' }],
    ['status', 'the status has no state', { status: '{"by":1}' }],
    ['status', 'the status is not an object', { status: '[]' }],
    ['anchor-event', 'the checkpoint is for another chain', { origin: { chainId: 1 } }],
    ['anchor-event', 'the checkpoint is for another contract', { origin: { logAnchor: `0x${'ee'.repeat(20)}` } }],
    ['anchor-event', 'another root is anchored', { anchoredRoot: new Uint8Array(32) }],
  ];
  for (const [link, what, options] of lies) {
    it(`breaks ${link} where ${what}`, async () => {
      const { bundle, context } = await completeBundle(options);
      expect(brokenLink(bundle, context)).to.equal(link);
    });
  }

  it('breaks checkpoint where the record stands in place of the status entry', async () => {
    const { bundle, context } = await completeBundle();
    expect(brokenLink({ ...bundle, position: 20 }, context)).to.equal('checkpoint');
  });

  it('breaks status where a live record is shown as annulled, or the other way', async () => {
    const { bundle, context } = await completeBundle({ status: null });
    const annulled = { ...bundle.status, value: '{"state":"annulled"}' };
    expect(brokenLink({ ...bundle, status: annulled }, context)).to.equal('status');
    const { value: _, ...live } = complete.bundle.status;
    expect(brokenLink(changed({ status: live }), complete.context)).to.equal('status');
  });

  it('breaks checkpoint where a stranger signed too', () => {
    const note = `${complete.bundle.checkpoint}— stranger ${toBase64(new Uint8Array(68))}\n`;
    expect(brokenLink(changed({ checkpoint: note }), complete.context)).to.equal('checkpoint');
  });

  it('breaks disclosure where a disclosure comes twice, or is of another record', () => {
    const { disclosures } = complete.bundle;
    expect(brokenLink(changed({ disclosures: [...disclosures, disclosures[0]!] }), complete.context)).to.equal(
      'disclosure',
    );
    const foreign = toBase64Url(new TextEncoder().encode(`["${'A'.repeat(43)}","agency","x"]`));
    expect(brokenLink(changed({ disclosures: [foreign] }), complete.context)).to.equal('disclosure');
  });
});

describe('A bundle with a part of another', () => {
  it('breaks', async () => {
    const other = await completeBundle({ position: 6, entries: 21, status: null });
    const parts: [keyof Bundle, ProofLink][] = [
      ['position', 'inclusion'],
      ['inclusion', 'inclusion'],
      ['entry', 'inclusion'],
      ['status', 'status'],
      ['checkpoint', 'inclusion'],
      ['anchor', 'anchor-event'],
    ];
    for (const [part, link] of parts) {
      const mixed = { ...complete.bundle, [part]: other.bundle[part] };
      // The entry is the same in both: the record is, and only its position differs.
      if (part === 'entry') expect(other.bundle.entry).to.equal(complete.bundle.entry);
      else expect(`${part}: ${brokenLink(mixed, complete.context)}`).to.equal(`${part}: ${link}`);
    }
  });
});

describe('Any changed character of a bundle', () => {
  /** Every string and number in the bundle, by path. */
  function leaves(
    value: unknown,
    path: (string | number)[] = [],
  ): { path: (string | number)[]; value: string | number }[] {
    if (typeof value === 'string' || typeof value === 'number') return [{ path, value }];
    return Object.entries(value as object).flatMap(([key, child]) => leaves(child, [...path, key]));
  }

  function withLeaf(path: (string | number)[], value: unknown): unknown {
    const copy = structuredClone(complete.bundle) as unknown as Record<string, unknown>;
    let parent = copy;
    for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
    parent[path.at(-1)!] = value;
    return copy;
  }

  /** Links that may break when a character of this part changes. */
  const links: Record<string, ProofLink[]> = {
    type: ['format'],
    payload: ['disclosure', 'commitment'],
    disclosures: ['format', 'disclosure'],
    entry: ['format', 'entry', 'commitment', 'inclusion'],
    position: ['checkpoint', 'inclusion'],
    inclusion: ['format', 'inclusion'],
    status: ['format', 'status'],
    checkpoint: ['checkpoint', 'signature'],
    signer: ['format', 'signature'],
    'anchor/chainId': ['anchor-event'],
    'anchor/logAnchor': ['format', 'anchor-event'],
    'anchor/header': ['format', 'header', 'receipt-proof'],
    'anchor/receipt': ['format', 'anchor-event', 'receipt-proof'],
    'anchor/receiptIndex': ['receipt-proof'],
    'anchor/logIndex': ['anchor-event'],
    'anchor/proof': ['format', 'receipt-proof'],
  };

  /** All of a short text; of a long one both ends and every ninth character. */
  function* places(text: string): Generator<number> {
    for (let i = 0; i < text.length; i++) {
      if (text.length < 48 || i < 6 || i >= text.length - 6 || i % 9 === 0) yield i;
    }
  }

  it('breaks it, in the right link', () => {
    let changes = 0;
    for (const { path, value } of leaves(complete.bundle)) {
      const part = path[0] === 'anchor' ? `anchor/${path[1]}` : String(path[0]);
      const variants = typeof value === 'number' ? [value + 1, value + 256] : [];
      if (typeof value === 'number' && value > 0) variants.push(value - 1);
      const texts: string[] = [];
      if (typeof value === 'string') {
        for (const i of places(value)) {
          const other = value[i] === '0' ? '1' : '0';
          const letter = value[i] === 'A' ? 'B' : 'A';
          for (const c of [other, letter]) texts.push(value.slice(0, i) + c + value.slice(i + 1));
        }
        texts.push(value.slice(0, -1), `${value}0`, `${value} `, '');
        if (value.endsWith('=')) texts.push(value.slice(0, -2) + String.fromCodePoint(value.codePointAt(value.length - 2)! + 1) + '='); // prettier-ignore
      }
      for (const variant of [...variants, ...texts]) {
        const link = brokenLink(withLeaf(path, variant), complete.context);
        const where = `${path.join('/')}: ${JSON.stringify(variant).slice(0, 200)}`;
        expect(links[part], `${where} breaks ${link}`).to.include(link);
        changes++;
      }
    }
    expect(changes).to.be.greaterThan(1500);
  });

  it('breaks it in every bit of header, receipt and trie nodes, too', () => {
    const anchor = complete.bundle.anchor!;
    for (const part of ['header', 'receipt'] as const) {
      for (let byte = 0; byte < anchor[part].length / 2 - 1; byte += 5) {
        const link = brokenLink(
          changed({ anchor: { ...anchor, [part]: turnBit(anchor[part], byte) } }),
          complete.context,
        );
        expect(links[`anchor/${part}`]).to.include(link);
      }
    }
  });

  it('breaks it as text, or leaves its meaning', () => {
    const text = JSON.stringify(complete.bundle);
    for (let i = 0; i < text.length; i += 11) {
      const spoilt = `${text.slice(0, i)}${text[i] === '#' ? '!' : '#'}${text.slice(i + 1)}`;
      expect(brokenLink(spoilt, complete.context)).to.not.equal('none');
    }
  });

  it('breaks it where a member is missing, or one too many', () => {
    for (const part of Object.keys(complete.bundle).filter((part) => part !== 'anchor')) {
      const { [part as 'type']: _, ...rest } = complete.bundle;
      expect(brokenLink(rest, complete.context)).to.equal('format');
    }
    expect(brokenLink({ ...complete.bundle, more: 1 }, complete.context)).to.equal('format');
    expect(brokenLink(changed({ anchor: { ...complete.bundle.anchor!, more: [] } as never }), complete.context)).to.equal('format'); // prettier-ignore
    expect(brokenLink(JSON.stringify(complete.bundle).replace('{', '{"__proto__":1,'), complete.context)).to.equal(
      'format',
    );
  });
});

describe('Bundle reader', () => {
  it('reads white space and escapes as JSON has them', () => {
    const text = JSON.stringify(complete.bundle, null, '\t').replaceAll('—', String.raw`\u2014`);
    expect(parseBundle(text)).to.deep.equal(complete.bundle);
  });

  it('refuses a member that comes twice, though the last is right', () => {
    const text = JSON.stringify(complete.bundle);
    for (const twice of [text.replace('{', '{"position":7,'), text.replace('"signer":{', '"signer":{"member":"x",')]) {
      expect(() => parseBundle(twice))
        .to.throw(XinlianError)
        .with.property('code', 'MALFORMED');
    }
  });

  it('reads long strings', () => {
    const header = `0x${'ab'.repeat(450_000)}`;
    const long = JSON.stringify({ ...complete.bundle, anchor: { ...complete.bundle.anchor!, header } });
    expect(parseBundle(long).anchor!.header).to.equal(header);
  });

  it('refuses what is too large, no JSON, or holds what JSON cannot', () => {
    const code = (json: unknown) => {
      try {
        parseBundle(json);
        return 'read';
      } catch (error) {
        return XinlianError.is(error) ? error.code : String(error);
      }
    };
    expect(code(' '.repeat(1_000_001))).to.equal('TOO_LARGE');
    expect(code('{')).to.equal('MALFORMED');
    const cycle: Record<string, unknown> = {};
    cycle['cycle'] = cycle;
    for (const value of [null, undefined, 1n, Symbol('x'), [], new Map(), cycle, { type: 1n }]) {
      expect(code(value)).to.equal('MALFORMED');
    }
    expect(code(complete.bundle)).to.equal('read');
  });
});
