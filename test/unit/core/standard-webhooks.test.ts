import { expect } from 'chai';
import * as fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { utf8 } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import {
  newWebhookKeys,
  publicKeyText,
  secretText,
  signWebhook,
  verifyWebhook,
} from '../../../node/core/standard-webhooks.ts';

const NOW = Math.floor(Date.now() / 1000);

/** The code of what is thrown; undefined: nothing. */
function fault(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (!XinlianError.is(error)) throw error;
    return error.code;
  }
}

describe('A webhook’s signature', () => {
  const keys = newWebhookKeys();
  const [secret, publicKey] = [secretText(keys), publicKeyText(keys)];
  const body = '{"a":"信"}';
  const headers = signWebhook('msg_1', NOW, utf8(body), keys);

  it('is that of the reference, whatever the body', () => {
    const reference = new Webhook(secret);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/), (text, id) => {
        const own = signWebhook(id, NOW, utf8(text), keys);
        const theirs = reference.sign(id, new Date(NOW * 1000), text);
        expect(own['webhook-signature'].split(' ')[0]).to.equal(theirs);
        verifyWebhook({ ...own, 'webhook-signature': theirs }, utf8(text), secret, NOW);
      }),
      { numRuns: 20 },
    );
  });

  it('is verified by the reference', () => {
    expect(new Webhook(secret).verify(body, { ...headers })).to.deep.equal(JSON.parse(body));
  });

  it('holds under either key, alone or beside one that is not known', () => {
    const [v1 = '', v1a = ''] = headers['webhook-signature'].split(' ');
    expect(v1).to.match(/^v1,[A-Za-z0-9+/]{43}=$/);
    expect(v1a).to.match(/^v1a,[A-Za-z0-9+/]{86}==$/);
    for (const [key, signature] of [
      [secret, v1],
      [publicKey, v1a],
      [secret, `v2,abc v1,AAAA ${v1}`],
    ] as const)
      verifyWebhook({ ...headers, 'webhook-signature': signature }, utf8(body), key, NOW);
  });

  it('does not hold for another body, id, time or key, nor by the other’s version', () => {
    const other = newWebhookKeys();
    const [v1 = '', v1a = ''] = headers['webhook-signature'].split(' ');
    const cases: [string, typeof headers, string, string, number][] = [
      ['body', headers, `${body} `, secret, NOW],
      ['id', { ...headers, 'webhook-id': 'msg_2' }, body, secret, NOW],
      ['time', { ...headers, 'webhook-timestamp': String(NOW + 1) }, body, publicKey, NOW],
      ['secret', headers, body, secretText(other), NOW],
      ['public key', headers, body, publicKeyText(other), NOW],
      ['too old', headers, body, secret, NOW + 301],
      ['from the future', headers, body, secret, NOW - 301],
      ['v1 for v1a', { ...headers, 'webhook-signature': v1 }, body, publicKey, NOW],
      ['v1a for v1', { ...headers, 'webhook-signature': v1a }, body, secret, NOW],
      ['no base64', { ...headers, 'webhook-signature': 'v1,?? v1a,??' }, body, secret, NOW],
    ];
    for (const [name, given, text, key, at] of cases)
      expect(
        fault(() => verifyWebhook(given, utf8(text), key, at)),
        name,
      ).to.equal('SIGNATURE_INVALID');
  });

  it('is not made or read of what is none', () => {
    for (const act of [
      () => signWebhook('a.b', NOW, utf8(body), keys),
      () => signWebhook('', NOW, utf8(body), keys),
      () => verifyWebhook({ ...headers, 'webhook-timestamp': 'now' }, utf8(body), secret, NOW),
      () => verifyWebhook(headers, utf8(body), 'key', NOW),
    ])
      expect(fault(act)).to.equal('MALFORMED');
  });
});
