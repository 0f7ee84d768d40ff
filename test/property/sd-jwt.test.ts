import { expect } from 'chai';
import * as fc from 'fast-check';
import type { JsonValue } from '../../node/core/canonical.ts';
import { disclosureDigest, encodeDisclosure, encodeElementDisclosure, parseSdJwt } from '../../node/core/sd-jwt.ts';
import { serializeSdJwt, unpackSdJwt, type JsonObject } from '../../node/core/sd-jwt.ts';
import { accepts } from '../helpers/code-of.ts';

type Choice = 'clear' | 'shown' | 'hidden';

/** An issuer and a holder in one: hides at every level what `choose` says, and tells what a verifier should see. */
class Presenter {
  readonly disclosures: string[] = [];
  readonly #choose: () => Choice;
  #salt = 0;

  constructor(choose: () => Choice) {
    this.#choose = choose;
  }

  /** @returns the value as the issuer signs it, and as a verifier sees it; `seen` keeps the disclosures of what is shown */
  present(value: JsonValue, seen: boolean): { signed: JsonValue; visible: JsonValue } {
    if (typeof value !== 'object' || value === null) return { signed: value, visible: value };
    return Array.isArray(value) ? this.#array(value, seen) : this.#object(value, seen);
  }

  #array(value: JsonValue[], seen: boolean): { signed: JsonValue; visible: JsonValue } {
    const signed: JsonValue[] = [];
    const visible: JsonValue[] = [];
    for (const element of value) {
      const choice = this.#choose();
      const inner = this.present(element, seen && choice !== 'hidden');
      const disclosure = encodeElementDisclosure(this.#nextSalt(), inner.signed);
      signed.push(choice === 'clear' ? inner.signed : { '...': disclosureDigest(disclosure) });
      if (choice !== 'hidden') visible.push(inner.visible);
      if (choice === 'shown' && seen) this.disclosures.push(disclosure);
    }
    return { signed, visible };
  }

  #object(value: JsonObject, seen: boolean): { signed: JsonObject; visible: JsonObject } {
    const signed: [string, JsonValue][] = [];
    const visible: [string, JsonValue][] = [];
    const digests: string[] = [];
    for (const [name, member] of Object.entries(value)) {
      const choice = this.#choose();
      const inner = this.present(member, seen && choice !== 'hidden');
      if (choice === 'clear') signed.push([name, inner.signed]);
      if (choice !== 'hidden') visible.push([name, inner.visible]);
      if (choice === 'clear') continue;
      const disclosure = encodeDisclosure(this.#nextSalt(), name, inner.signed);
      digests.push(disclosureDigest(disclosure));
      if (choice === 'shown' && seen) this.disclosures.push(disclosure);
    }
    if (digests.length > 0) signed.push(['_sd', digests]);
    return { signed: Object.fromEntries(signed), visible: Object.fromEntries(visible) };
  }

  #nextSalt(): string {
    return `salt${this.#salt++}`;
  }
}

const name = fc.string({ maxLength: 4 }).filter((name) => !['_sd', '...', '_sd_alg'].includes(name));
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.constant(null)),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const claims = fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true });
const choices = fc.infiniteStream(fc.constantFrom<Choice>('clear', 'shown', 'hidden'));

describe('SD-JWT, for any claims', () => {
  it('shows a verifier what was disclosed, at every level, and nothing else', () => {
    fc.assert(
      fc.property(claims, choices, (claims, choices) => {
        const presenter = new Presenter(() => choices.next().value);
        const { signed, visible } = presenter.present(claims, true);
        const unpacked = unpackSdJwt(signed as JsonObject, presenter.disclosures);
        expect(unpacked).to.deep.equal(visible);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused where a disclosure is left over', () => {
    fc.assert(
      fc.property(claims, choices, value, (claims, choices, value) => {
        const presenter = new Presenter(() => choices.next().value);
        const { signed } = presenter.present(claims, true);
        const more = [...presenter.disclosures, encodeElementDisclosure('another', value)];
        expect(accepts(() => unpackSdJwt(signed as JsonObject, more))).to.equal(false);
      }),
    );
  });

  it('has one compact form', () => {
    const part = fc.stringMatching(/^[A-Za-z0-9_-]{1,9}$/);
    const jwt = fc.tuple(part, part, part).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(jwt, fc.array(part), fc.option(jwt, { nil: undefined }), (jwt, disclosures, kbJwt) => {
        const parsed = parseSdJwt(serializeSdJwt(jwt, disclosures, kbJwt));
        expect(parsed).to.deep.equal(kbJwt === undefined ? { jwt, disclosures } : { jwt, disclosures, kbJwt });
      }),
    );
  });

  it('is refused with a XinlianError only', () => {
    const text = fc.string({ unit: fc.constantFrom('~', '.', 'a', '_', '=', ' ') });
    fc.assert(fc.property(text, (text) => void accepts(() => parseSdJwt(text))));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void accepts(() => parseSdJwt(text))));
    const key = fc.constantFrom('_sd', '...', '_sd_alg', 'a');
    const hostile = fc.object({ key, maxDepth: 4, values: [fc.string(), fc.integer(), fc.constant('sha-256')] });
    fc.assert(
      fc.property(hostile, fc.array(fc.string()), (payload, disclosures) => {
        accepts(() => unpackSdJwt(payload as JsonObject, disclosures));
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (disclosure) => {
        const payload = { _sd: [disclosureDigest(disclosure)] };
        expect(accepts(() => unpackSdJwt(payload, [disclosure]))).to.equal(false);
      }),
    );
  });
});
