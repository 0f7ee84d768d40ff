import { expect } from 'chai';
import { sha256Base64Url } from '#sha256';
import { fromHex, toBase64Url, utf8 } from '../../../node/core/bytes.ts';
import { commitmentOf, commitRecord, discloseRecord, openDisclosures } from '../../../node/core/disclosure.ts';
import { MOST_CLAIMS, parsePayload, type ClaimValue } from '../../../node/core/disclosure.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { codeOf } from '../../helpers/code-of.ts';
import vector from '../../vectors/disclosure.json' with { type: 'json' };

const { item, edition, names, payload, disclosures } = vector;
const record = { item, edition, names, values: vector.values as ClaimValue[], key: fromHex(`0x${vector.key}`) };
const all = names.map((_, i) => i);

/** A payload over any disclosures, as a dishonest agency could make it. */
function payloadOver(texts: string[]): string {
  return JSON.stringify({ _sd: texts.map(sha256Base64Url), _sd_alg: 'sha-256', edition, item });
}

const encode = (text: string) => toBase64Url(utf8(text));

describe('record commitments', () => {
  it('are those of the vector', () => {
    const committed = commitRecord(record);
    expect(committed.payload).to.equal(payload);
    expect(toBase64Url(committed.commitment)).to.equal(vector.commitment);
    expect(toBase64Url(commitmentOf(payload))).to.equal(vector.commitment);
    expect(discloseRecord({ ...record, positions: all })).to.deep.equal(disclosures);
  });

  it('disclose any subset, in the order asked for', () => {
    const shown = discloseRecord({ ...record, positions: [7, 0, 3] });
    expect(shown).to.deep.equal([disclosures[7], disclosures[0], disclosures[3]]);
    expect([...openDisclosures({ payload, names, disclosures: shown })]).to.deep.equal([
      [7, { name: names[7], value: record.values[7] }],
      [0, { name: names[0], value: record.values[0] }],
      [3, { name: names[3], value: record.values[3] }],
    ]);
    expect(discloseRecord({ ...record, positions: [] })).to.deep.equal([]);
  });

  it('hold 250 claims, and no more', () => {
    const many = (count: number) => ({
      ...record,
      names: Array.from({ length: count }, (_, i) => `n${i}`),
      values: Array.from({ length: count }, () => null),
    });
    expect(parsePayload(commitRecord(many(MOST_CLAIMS)).payload).digests).to.have.length(250);
    expect(codeOf(() => commitRecord(many(MOST_CLAIMS + 1)))).to.equal('TOO_LARGE');
  });

  const wrongInputs: Record<string, object> = {
    'a value too few': { values: record.values.slice(1) },
    'a decimal': { values: [1.5, ...record.values.slice(1)] },
    'an integer that is not exact': { values: [2 ** 53, ...record.values.slice(1)] },
    'an object': { values: [{}, ...record.values.slice(1)] },
    'an absent value': { values: [undefined, ...record.values.slice(1)] },
    'a lone surrogate': { values: ['\ud800', ...record.values.slice(1)] },
    'a short key': { key: record.key.subarray(1) },
    'an item that is no code': { item: '许可' },
    'an edition that is no code': { edition: 'a"b' },
  };
  for (const [what, part] of Object.entries(wrongInputs)) {
    it(`are not made of ${what}`, () => {
      expect(codeOf(() => commitRecord({ ...record, ...part }))).to.equal('MALFORMED');
    });
  }

  for (const position of [-1, names.length, 1.5, Number.NaN]) {
    it(`disclose nothing at position ${position}`, () => {
      expect(codeOf(() => discloseRecord({ ...record, positions: [position] }))).to.equal('MALFORMED');
    });
  }
});

describe('opening disclosures', () => {
  function refusal(shown: Partial<Parameters<typeof openDisclosures>[0]>): void {
    try {
      openDisclosures({ payload, names, disclosures, ...shown });
    } catch (error) {
      if (!XinlianError.is(error, 'PROOF_INVALID')) throw error;
      expect(error.details.link).to.equal('disclosure');
      return;
    }
    throw new Error('was opened');
  }

  it('refuses one that is not in the payload', () => {
    refusal({ disclosures: discloseRecord({ ...record, key: new Uint8Array(32), positions: [0] }) });
    refusal({ disclosures: [''] });
  });

  it('refuses a second one for a position', () => refusal({ disclosures: [disclosures[2]!, disclosures[2]!] }));

  it('refuses a name that is not that of its position', () => {
    refusal({ names: names.with(0, 'subject').with(1, 'agency') });
  });

  it('refuses a payload that has not one digest per name', () => {
    refusal({ names: names.slice(1), disclosures: [] });
    refusal({ names: [...names, 'more'], disclosures: [] });
  });

  const salt = toBase64Url(new Uint8Array(32).fill(9));
  const forms: Record<string, string> = {
    'white space': encode(`["${salt}", "agency", 1]`),
    'an escape that is not needed': encode(`["${salt}","\\u0061gency",1]`),
    'a byte order mark': encode(`\ufeff["${salt}","agency",1]`),
    padding: `${encode(`["${salt}","agency",10]`)}=`,
    'a short salt': encode(`["${salt.slice(0, 22)}","agency",1]`),
    'a salt of another form': encode(`["${salt.slice(0, 42)}l","agency",1]`),
    'a salt that is a number': encode('[1,"agency",1]'),
    'no name': encode(`["${salt}",1]`),
    'a fourth element': encode(`["${salt}","agency",1,2]`),
    'a name that is no text': encode(`["${salt}",null,1]`),
    'an object as value': encode(`["${salt}","agency",{}]`),
    'a decimal as value': encode(`["${salt}","agency",1.5]`),
    'bytes that are not UTF-8': toBase64Url(Uint8Array.of(0xff)),
    'no JSON': encode('agency'),
    'no base64url': '!',
  };
  for (const [what, disclosure] of Object.entries(forms)) {
    it(`refuses ${what}, although the digest is right`, () => {
      refusal({ payload: payloadOver([disclosure]), names: ['agency'], disclosures: [disclosure] });
    });
  }
});

describe('payloads', () => {
  it('are read back', () => {
    expect(parsePayload(payload)).to.deep.equal({ item, edition, digests: disclosures.map(sha256Base64Url) });
  });

  const digest = sha256Base64Url('a');
  const wrong: Record<string, string> = {
    'no JSON': '{',
    'an array': '[]',
    null: 'null',
    'white space': payload.replace(',', ', '),
    'an unknown member': payload.replace('"item"', '"id":1,"item"'),
    'a missing member': `{"_sd":[],"_sd_alg":"sha-256","edition":"e"}`,
    'another hash': payload.replace('sha-256', 'sha-384'),
    'digests that are no array': `{"_sd":"${digest}","_sd_alg":"sha-256","edition":"e","item":"i"}`,
    'a digest that is no text': `{"_sd":[1],"_sd_alg":"sha-256","edition":"e","item":"i"}`,
    'a short digest': `{"_sd":["${digest.slice(1)}"],"_sd_alg":"sha-256","edition":"e","item":"i"}`,
    'stray bits in a digest': `{"_sd":["${digest.slice(0, 42)}B"],"_sd_alg":"sha-256","edition":"e","item":"i"}`,
    'a digest twice': `{"_sd":["${digest}","${digest}"],"_sd_alg":"sha-256","edition":"e","item":"i"}`,
    'an item that is no code': `{"_sd":[],"_sd_alg":"sha-256","edition":"e","item":""}`,
    'an edition that is no text': `{"_sd":[],"_sd_alg":"sha-256","edition":1,"item":"i"}`,
    'too many digests': payloadOver(Array.from({ length: MOST_CLAIMS + 1 }, (_, i) => String(i))),
  };
  for (const [what, text] of Object.entries(wrong)) {
    it(`are refused with ${what}`, () => expect(codeOf(() => parsePayload(text))).to.equal('MALFORMED'));
  }
});
