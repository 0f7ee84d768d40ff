import { expect } from 'chai';
import * as fc from 'fast-check';
import { fromUtf8, toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { canonicalize } from '../../node/core/canonical.ts';
import { XinlianError } from '../../node/core/errors.ts';
import { openJwe, sealJwe } from '../../node/core/jwe.ts';
import { signJws } from '../../node/core/jws.ts';
import { parseAnswer, signQuery, type Answer, type AnswerBody } from '../../node/core/query.ts';
import { textDigest } from '../../node/core/receipt.ts';
import { verifyAnswer } from '../../node/core/verify-answer.ts';
import type { PartsContext } from '../../node/core/verify-parts.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { SIGNER } from '../helpers/agency.ts';
import { Exchange } from '../helpers/authorised.ts';
import { LOG, MEMBER } from '../helpers/bundle.ts';

let exchange: Exchange;
let text: string;
let answer: Answer;
let body: AnswerBody;
let asked: { request: string; provider: string };
let context: PartsContext;

before(async () => {
  exchange = await Exchange.open();
  await exchange.agency.settle();
  const { document } = await exchange.grant();
  const { query, reply } = exchange.query(document);
  const jws = await signQuery(query, exchange.bank.signer);
  const sealed = await sealJwe(utf8(jws), exchange.sealing.publicKey, 'JWT');
  const jwe = await exchange.provider.answer(exchange.member, sealed, AbortSignal.timeout(30_000));
  text = fromUtf8((await openJwe(jwe, reply)).plaintext);
  asked = { request: textDigest(jws), provider: MEMBER };
  ({ answer } = parseAnswer(text));
  body = JSON.parse(answer.body) as AnswerBody;
  const { head } = exchange.agency.chain.log(LOG)!;
  context = {
    names: (item, edition) => builtInCatalogue.names(item, edition),
    isCheckpointKey: (_, key) => toBase64Url(key) === toBase64Url(SIGNER),
    anchored: () => ({ size: head!.size, root: head!.root, owner: MEMBER }),
  };
});

/** Whether it holds, with nothing left to trust. Throws for an error that is none of ours. */
async function holds(changed: string): Promise<boolean> {
  try {
    const { trusted } = await verifyAnswer(changed, asked, context);
    return trusted.length === 0;
  } catch (error) {
    if (XinlianError.is(error)) return false;
    throw error;
  }
}

/** Paths of every member and element of a document. */
function paths(value: unknown, path: string[] = []): string[][] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, child]) => paths(child, [...path, key]))].filter(
    ({ length }) => length > 0,
  );
}

function replaced<T>(document: T, path: string[], value: unknown): T {
  const copy = structuredClone(document);
  let parent = copy as Record<string, unknown>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, unknown>;
  parent[path.at(-1)!] = value;
  return copy;
}

const part = fc.oneof(
  fc.jsonValue(),
  fc.string(),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  fc.stringMatching(/^0x[0-9a-f]{64}$/),
  fc.nat(30),
  fc.constantFrom('{}', '[]', '', '\n\n— a b\n', null, true),
);

/**
 * What only the provider can know: its own names and words; and an anchored size that the asker does not know, which it
 * is told was trusted.
 */
const ITS_WORD = /^(?:log,anchored,size|detail|more|none(?:,\d+)?|records,\d+,(?:record|version)|disclosures)$/;

describe('Verification of an answer, by property', () => {
  it('holds for none whose text was cut, doubled or shuffled', async () => {
    expect(await holds(text)).to.equal(true);
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length), fc.nat(text.length), fc.nat(text.length), async (a, b, c) => {
        const spoilt = text.slice(0, a) + text.slice(Math.min(b, c), Math.max(b, c)) + text.slice(a);
        expect(await holds(spoilt)).to.equal(spoilt === text);
      }),
      { numRuns: 200 },
    );
  });

  it('holds for none in whose body the provider changed a proof, or the answer to what was asked', async () => {
    const all = paths(body);
    await fc.assert(
      fc.asyncProperty(fc.nat(), part, async (at, value) => {
        const path = all[at % all.length]!;
        const changed = canonicalize(replaced(body, path, value));
        const opening = { ...answer.receipt.opening, answer: textDigest(changed) };
        const lie = { body: changed, receipt: { ...answer.receipt, opening } };
        const held = await holds(await signJws('xinlian-answer+jwt', lie, exchange.member.key));
        const same = changed === answer.body;
        if (!ITS_WORD.test(path.join())) expect(held, path.join()).to.equal(same);
      }),
      { numRuns: 250 },
    );
  });

  it('holds for none whose receipt the provider made to say something else than the answer', async () => {
    const all = paths(answer.receipt);
    await fc.assert(
      fc.asyncProperty(fc.nat(), part, async (at, value) => {
        const path = all[at % all.length]!;
        const receipt = replaced(answer.receipt, path, value);
        const held = await holds(
          await signJws('xinlian-answer+jwt', { body: answer.body, receipt }, exchange.member.key),
        );
        const same = canonicalize(receipt) === canonicalize(answer.receipt);
        // Salt, level and purpose stand in the receipt alone; items may be more than were answered.
        if (!/^opening,(?:salt|level|purpose|items.*)$/.test(path.join())) expect(held, path.join()).to.equal(same);
      }),
      { numRuns: 150 },
    );
  });
});
