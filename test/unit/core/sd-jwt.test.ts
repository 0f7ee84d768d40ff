import { expect } from 'chai';
import { CompactSign, compactVerify, decodeJwt, generateKeyPair } from 'jose';
import { fromUtf8, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import type { JsonValue } from '../../../node/core/canonical.ts';
import { commitRecord, discloseRecord, type ClaimValue } from '../../../node/core/disclosure.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { disclosureDigest, encodeDisclosure, encodeElementDisclosure, parseSdJwt } from '../../../node/core/sd-jwt.ts';
import { sdHash, serializeSdJwt, unpackSdJwt, type JsonObject } from '../../../node/core/sd-jwt.ts';
import { codeOf } from '../../helpers/code-of.ts';
import recordVector from '../../vectors/disclosure.json' with { type: 'json' };
import vectors from '../../vectors/sd-jwt.json' with { type: 'json' };

const SALT = '2GLC42sKQveCfGfryNRN9w';
const member = (name: string, value: JsonValue, salt = SALT) => encodeDisclosure(salt, name, value);
const raw = (json: string) => toBase64Url(utf8(json));

describe('SD-JWT', () => {
  describe('the examples of RFC 9901', () => {
    for (const { name, jwt, disclosures, processed, ...rest } of vectors.presentations) {
      it(`${name}: is taken apart, put together and unpacked`, () => {
        const text = serializeSdJwt(jwt, disclosures, rest.kbJwt);
        expect(parseSdJwt(text)).to.deep.equal({ jwt, disclosures, ...rest });
        expect(unpackSdJwt(decodeJwt(jwt) as JsonObject, disclosures)).to.deep.equal(processed);
      });

      if (rest.kbJwt !== undefined) {
        it(`${name}: sd_hash is that of the key binding`, () => {
          expect(sdHash(jwt, disclosures)).to.equal(decodeJwt(rest.kbJwt)['sd_hash']);
          expect(sdHash(jwt, disclosures.slice(1))).not.to.equal(decodeJwt(rest.kbJwt)['sd_hash']);
        });
      }
    }

    for (const { name, payload, disclosures, processed } of vectors.structures) {
      it(`${name}: digests and processed payload`, () => {
        for (const { digest, disclosure } of disclosures) expect(disclosureDigest(disclosure)).to.equal(digest);
        const shown = disclosures.map(({ disclosure }) => disclosure);
        expect(unpackSdJwt(payload, shown)).to.deep.equal(processed);
      });
    }
  });

  describe('unpacking', () => {
    const hide = (...disclosures: string[]) => ({ _sd: disclosures.map(disclosureDigest) });

    it('drops what is not disclosed, decoys too, and leaves the input alone', () => {
      const payload = { a: [1, { '...': disclosureDigest('decoy') }], ...hide('decoy 2'), _sd_alg: 'sha-256' };
      const before = structuredClone(payload);
      expect(unpackSdJwt(payload, [])).to.deep.equal({ a: [1] });
      expect(payload).to.deep.equal(before);
    });

    it('keeps members called __proto__ as members', () => {
      const shown = member('__proto__', { x: 1 });
      const unpacked = unpackSdJwt(JSON.parse(`{"_sd":["${disclosureDigest(shown)}"]}`) as JsonObject, [shown]);
      expect(Object.getPrototypeOf(unpacked)).to.equal(Object.prototype);
      expect(JSON.stringify(unpacked)).to.equal('{"__proto__":{"x":1}}');
    });

    it('takes one salt and value under two names', () => {
      const shown = [member('a', 1), member('b', 1)];
      expect(unpackSdJwt(hide(...shown), shown)).to.deep.equal({ a: 1, b: 1 });
    });

    const a = member('a', 1);
    const element = encodeElementDisclosure(SALT, 1);
    const nested = member('outer', { _sd: [disclosureDigest(a)] });
    const refusals: Record<string, [JsonObject, string[]]> = {
      'another hash': [{ ...hide(a), _sd_alg: 'sha-512' }, [a]],
      'a hash that is no text': [{ ...hide(a), _sd_alg: ['sha-256'] }, [a]],
      'a disclosure that no digest stands for': [hide(), [a]],
      'a disclosure whose parent is not disclosed': [hide(nested), [a]],
      'a disclosure twice': [hide(a), [a, a]],
      'a digest twice': [hide(a, a), [a]],
      'a digest twice, not disclosed': [hide('decoy', 'decoy'), []],
      'a digest at two levels': [{ ...hide(a), inner: hide(a) }, [a]],
      'a digest again within a disclosure': [hide(nested, a), [nested, a]],
      'a digest as member and as element': [{ ...hide(a), list: [{ '...': disclosureDigest(a) }] }, [a]],
      'an element disclosed as a member': [hide(element), [element]],
      'a member disclosed as an element': [{ list: [{ '...': disclosureDigest(a) }] }, [a]],
      'a claim that is there already': [{ ...hide(a), a: 2 }, [a]],
      'a claim disclosed twice': [hide(a, member('a', 1, 'other')), [a, member('a', 1, 'other')]],
      'a claim called _sd': [hide(raw(`["${SALT}","_sd",[]]`)), [raw(`["${SALT}","_sd",[]]`)]],
      'a claim called ...': [hide(raw(`["${SALT}","...","x"]`)), [raw(`["${SALT}","...","x"]`)]],
      'a claim called _sd_alg': [hide(raw(`["${SALT}","_sd_alg","x"]`)), [raw(`["${SALT}","_sd_alg","x"]`)]],
      '_sd_alg below the top': [{ inner: { _sd_alg: 'sha-256' } }, []],
      '_sd that is no array': [{ _sd: disclosureDigest(a) }, []],
      '_sd of numbers': [{ _sd: [1] }, []],
      '... as a member': [{ '...': disclosureDigest(a) }, []],
      '... beside another member': [{ list: [{ '...': disclosureDigest(a), b: 1 }] }, []],
      '... that is no text': [{ list: [{ '...': 1 }] }, []],
      'a name that is no text': [hide(raw(`["${SALT}",1,1]`)), [raw(`["${SALT}",1,1]`)]],
      'a salt that is no text': [hide(raw('[1,"a",1]')), [raw('[1,"a",1]')]],
      'a disclosure of four': [hide(raw(`["${SALT}","a",1,1]`)), [raw(`["${SALT}","a",1,1]`)]],
      'a disclosure that is an object': [hide(raw('{}')), [raw('{}')]],
      'a disclosure that is no JSON': [hide(raw('[')), [raw('[')]],
      'a disclosure that is no base64url': [hide('a='), ['a=']],
      'a disclosure with a number beyond doubles': [hide(raw('["s","a",1e400]')), [raw('["s","a",1e400]')]],
      'endless nesting': [JSON.parse(`{"a":${'['.repeat(9999)}${']'.repeat(9999)}}`) as JsonObject, []],
    };
    for (const [what, [payload, disclosures]] of Object.entries(refusals)) {
      it(`refuses ${what}`, () => {
        try {
          unpackSdJwt(payload, disclosures);
        } catch (error) {
          if (!XinlianError.is(error, 'PROOF_INVALID')) throw error;
          expect(error.details.link).to.equal('disclosure');
          return;
        }
        throw new Error('was unpacked');
      });
    }

    it('refuses disclosures within disclosures without end, and keeps the stack', () => {
      const chain = [member('a', 1)];
      while (chain.length < 5000) chain.push(member('a', { _sd: [disclosureDigest(chain.at(-1)!)] }));
      expect(codeOf(() => unpackSdJwt(hide(chain.at(-1)!), chain))).to.equal('PROOF_INVALID');
    });
  });

  it('makes no disclosure under a reserved name', () => {
    for (const name of ['_sd', '...', '_sd_alg']) expect(codeOf(() => member(name, 1))).to.equal('MALFORMED');
  });

  describe('the compact form', () => {
    const jwt = 'a.b.c';
    const good: Record<string, object> = {
      'a.b.c~': { jwt, disclosures: [] },
      'a.b.c~d~': { jwt, disclosures: ['d'] },
      'a.b.c~d~e~f.g.h': { jwt, disclosures: ['d', 'e'], kbJwt: 'f.g.h' },
    };
    for (const [text, parts] of Object.entries(good)) {
      it(`takes ${text}`, () => expect(parseSdJwt(text)).to.deep.equal(parts));
    }

    for (const text of [
      '',
      '~',
      'a.b.c',
      'a.b~',
      'a.b.~',
      'a.b.c~~',
      'a.b.c~d',
      'a.b.c~d=~',
      'a.b.c~d~e',
      ' a.b.c~',
      'a.b.c~\n',
    ]) {
      it(`refuses ${JSON.stringify(text)}`, () => expect(codeOf(() => parseSdJwt(text))).to.equal('MALFORMED'));
    }
  });

  it('carries a record: its payload, signed, with chosen disclosures', async () => {
    const { item, edition, names } = recordVector;
    const values = recordVector.values as ClaimValue[];
    const record = { item, edition, names, values, key: Uint8Array.from({ length: 32 }, (_, i) => i) };
    const { publicKey, privateKey } = await generateKeyPair('Ed25519');
    const signer = new CompactSign(utf8(commitRecord(record).payload));
    const signed = await signer.setProtectedHeader({ alg: 'Ed25519', typ: 'example+sd-jwt' }).sign(privateKey);
    const presented = serializeSdJwt(signed, discloseRecord({ ...record, positions: [0, 7] }));

    const { jwt, disclosures } = parseSdJwt(presented);
    const { payload } = await compactVerify(jwt, publicKey);
    expect(unpackSdJwt(JSON.parse(fromUtf8(payload)) as JsonObject, disclosures)).to.deep.equal({
      item,
      edition,
      agency: values[0],
      [names[7]!]: values[7],
    });
  });
});
