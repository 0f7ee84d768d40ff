import { expect } from 'chai';
import { verifyWebhook } from '../../../node/core/standard-webhooks.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { utf8 } from '../../../node/core/bytes.ts';
import type { Attempt } from '../../../node/exchange/delivery.ts';
import type { Store } from '../../../node/store/store.ts';
import { taxRow } from '../../helpers/authorised.ts';
import { memoryStore } from '../../helpers/memory-store.ts';
import { rejection } from '../../helpers/rejection.ts';
import { company } from '../../helpers/rows.ts';
import { Watched } from '../../helpers/watched.ts';
import { WatchingBank } from '../../helpers/watching-bank.ts';
import { OTHER_MEMBER } from '../../helpers/bundle.ts';

const URL = 'https://bank.example/hook';

describe('Webhooks', () => {
  let store: Store;
  let watched: Watched;
  let bank: WatchingBank;

  beforeEach(async () => {
    store = await memoryStore();
    watched = await Watched.open();
    bank = await WatchingBank.open({ store, watched });
    await bank.subscribe((await watched.postLoan()).document);
  });
  afterEach(() => bank.stop());

  let document = 0;
  const publish = (): Promise<void> => watched.exchange.publish([taxRow(1, { NS_BH: `doc-${++document}` })]);
  const view = () => bank.webhooks.list(bank.id).webhooks[0]!;
  const until = async (so: () => boolean): Promise<void> => {
    while (!so()) await new Promise((resolve) => setImmediate(resolve));
  };

  it('post each event as a CloudEvent, signed under the secret that was shown once and under the public key', async () => {
    const { secret, ...created } = await bank.webhooks.create(bank.id, { url: URL });
    expect(view()).to.deep.equal(created);
    await publish();
    await until(() => bank.receiver.posted.length === 1);
    const [{ url, headers, body }] = bank.receiver.posted as [(typeof bank.receiver.posted)[0]];
    expect(url).to.equal(URL);
    expect(headers['content-type']).to.equal('application/cloudevents+json');
    expect(body).to.include({ specversion: '1.0', type: 'cn.xinlian.record.changed.v1', cursor: '1', sequence: '1' });
    expect(headers['webhook-id']).to.equal(body['id']);
    const signed = {
      'webhook-id': headers['webhook-id']!,
      'webhook-timestamp': headers['webhook-timestamp']!,
      'webhook-signature': headers['webhook-signature']!,
    };
    for (const key of [secret, created.publicKey])
      verifyWebhook(signed, utf8(JSON.stringify(body)), key, watched.exchange.now());
    await until(() => view().pending === 0);
  });

  describe('whose keys are rotated', () => {
    const verifies = (key: string): boolean => {
      const { headers, body } = bank.receiver.posted.at(-1)!;
      const signed = {
        'webhook-id': headers['webhook-id']!,
        'webhook-timestamp': headers['webhook-timestamp']!,
        'webhook-signature': headers['webhook-signature']!,
      };
      const now = Number(headers['webhook-timestamp']);
      try {
        verifyWebhook(signed, utf8(JSON.stringify(body)), key, now);
        return true;
      } catch (error) {
        if (!XinlianError.is(error, 'SIGNATURE_INVALID')) throw error;
        return false;
      }
    };
    const posted = async (): Promise<void> => {
      const count = bank.receiver.posted.length;
      await publish();
      await until(() => bank.receiver.posted.length > count && view().pending === 0);
    };

    it('sign under both for the overlap, then under the new ones alone, over a restart too', async () => {
      const old = await bank.webhooks.create(bank.id, { url: URL });
      const request = { webhook: old.webhook, overlapSeconds: 600 };
      const { secret, ...rotated } = await bank.webhooks.rotate(bank.id, request);
      expect(view()).to.deep.equal(rotated);
      const now = Math.floor(bank.agency.clock.now() / 1000);
      expect(rotated).to.include({ webhook: old.webhook, url: URL, rotated: now + 600 });
      expect(rotated.publicKey).to.not.equal(old.publicKey);
      await posted();
      expect([secret, rotated.publicKey, old.secret, old.publicKey].map(verifies)).to.deep.equal([true, true, true, true]); // prettier-ignore
      await bank.stop();
      bank = await WatchingBank.open({ store, watched }, bank.receiver);
      await posted();
      expect([secret, old.secret].map(verifies)).to.deep.equal([true, true]);
      bank.agency.clock.milliseconds += 600_000;
      expect(view()).to.not.have.property('rotated');
      await posted();
      expect([secret, rotated.publicKey, old.secret, old.publicKey].map(verifies)).to.deep.equal([true, true, false, false]); // prettier-ignore
    });

    it('end the old ones at once where no overlap is wanted, and those of before the last rotation', async () => {
      const first = await bank.webhooks.create(bank.id, { url: URL });
      const { webhook } = first;
      const second = await bank.webhooks.rotate(bank.id, { webhook });
      const third = await bank.webhooks.rotate(bank.id, { webhook });
      await posted();
      expect([first, second, third].map(({ secret }) => verifies(secret))).to.deep.equal([false, true, true]);
      const fourth = await bank.webhooks.rotate(bank.id, { webhook, overlapSeconds: 0 });
      expect(fourth).to.not.have.property('rotated');
      await posted();
      expect([third, fourth].map(({ secret }) => verifies(secret))).to.deep.equal([false, true]);
    });

    it('are their member’s alone', async () => {
      const { webhook } = await bank.webhooks.create(bank.id, { url: URL });
      expect(await rejection(bank.webhooks.rotate(OTHER_MEMBER, { webhook }))).to.have.property('code', 'NOT_FOUND');
    });
  });

  it('post only the kinds that were asked for', async () => {
    await bank.webhooks.create(bank.id, { url: URL, kinds: ['ended'] });
    await publish();
    await bank.events(1);
    expect(view().pending).to.equal(0);
    expect(bank.receiver.posted).to.deep.equal([]);
  });

  it('try again what was not acknowledged, under the same id, and give it up in the end; a replay takes it up', async () => {
    const { webhook } = await bank.webhooks.create(bank.id, { url: URL });
    const answers: Attempt[] = [{ status: 302 }, { status: 500 }, { fault: 'connection refused' }];
    bank.receiver.answer = () => answers.shift() ?? { status: 200 };
    await publish();
    await until(() => bank.receiver.posted.length === 3 && view().pending === 0);
    expect(new Set(bank.receiver.posted.map(({ headers }) => headers['webhook-id'])).size).to.equal(1);
    const { deadLetters } = await bank.webhooks.deadLetters(bank.id, { webhook, after: 0, limit: 10 });
    expect(deadLetters).to.have.length(1);
    expect(deadLetters[0]).to.include({ cursor: 1, attempts: 3, fault: 'connection refused' });
    expect(deadLetters[0]!.event).to.include({ cursor: 1, kind: 'changes' });
    expect(await bank.webhooks.replay(bank.id, { webhook })).to.deep.equal({ queued: 1 });
    await until(() => bank.receiver.posted.length === 4 && view().pending === 0);
    expect((await bank.webhooks.deadLetters(bank.id, { webhook, after: 0, limit: 10 })).deadLetters).to.deep.equal([]);
  });

  it('hold up the events of an enterprise behind one that fails, and those of no other', async () => {
    await bank.webhooks.create(bank.id, { url: URL });
    const other = { uscc: company(2), name: '二' };
    const certificate = await watched.exchange.certificate({ sub: other.uscc });
    await bank.subscribe((await watched.postLoan({ subject: other }, certificate)).document);
    const failing = Promise.withResolvers<Attempt>();
    let first = true;
    bank.receiver.answer = () => {
      if (!first) return { status: 200 };
      first = false;
      return failing.promise;
    };
    await publish();
    await until(() => bank.receiver.posted.length === 1);
    await publish();
    await watched.exchange.publish([taxRow(2, { NS_BH: 'other' })]);
    await until(() => bank.receiver.posted.length === 2);
    const lanes = bank.receiver.posted.map(({ body }) => body['partitionkey']);
    expect(new Set(lanes).size).to.equal(2);
    failing.resolve({ status: 503 });
    await until(() => bank.receiver.posted.length === 4);
    expect(
      bank.receiver.posted.filter(({ body }) => body['partitionkey'] === lanes[0]).map(({ body }) => body['sequence']),
    ).to.deep.equal(['1', '1', '2']);
  });

  it('end with 410, and go on from a cursor by a replay', async () => {
    const { webhook } = await bank.webhooks.create(bank.id, { url: URL });
    bank.receiver.answer = () => ({ status: 410 });
    await publish();
    await until(() => view().state === 'disabled');
    expect(view()).to.include({ state: 'disabled', reason: 'gone', delivered: 0, pending: 0 });
    await publish();
    await bank.events(2);
    expect(bank.receiver.posted).to.have.length(1);
    bank.receiver.answer = () => ({ status: 200 });
    expect(await bank.webhooks.replay(bank.id, { webhook, after: 0 })).to.deep.equal({ queued: 2 });
    await until(() => bank.receiver.posted.length === 3 && view().pending === 0);
    expect(view()).to.include({ state: 'active' }).and.not.have.any.keys('reason', 'delivered');
  });

  it('go on after a restart: what was not acknowledged comes again', async () => {
    await bank.webhooks.create(bank.id, { url: URL });
    const never = Promise.withResolvers<Attempt>();
    bank.receiver.answer = () => never.promise;
    await publish();
    await until(() => bank.receiver.posted.length === 1);
    const stopping = bank.webhooks.stop();
    never.resolve({ status: 200 });
    await stopping;
    await bank.stop();
    bank = await WatchingBank.open({ store, watched });
    await until(() => bank.receiver.posted.length === 1 && view().pending === 0);
  });

  it('are removed with all that waits, and are nobody else’s', async () => {
    const { webhook } = await bank.webhooks.create(bank.id, { url: URL });
    bank.receiver.answer = () => ({ status: 500 });
    await publish();
    await until(() => bank.receiver.posted.length === 3 && view().pending === 0);
    expect(bank.webhooks.list(OTHER_MEMBER).webhooks).to.deep.equal([]);
    expect(await rejection(bank.webhooks.remove(OTHER_MEMBER, webhook))).to.have.property('code', 'NOT_FOUND');
    await bank.webhooks.remove(bank.id, webhook);
    expect(await rejection(bank.webhooks.replay(bank.id, { webhook }))).to.have.property('code', 'NOT_FOUND');
    for (const bucket of ['webhook', 'delivery', 'deadLetter'] as const)
      for await (const [key] of store.entries(bucket)) expect(key).to.equal(undefined, bucket);
  });

  it('are so many to a member, and no more', async () => {
    for (let i = 0; i < 32; i++) await bank.webhooks.create(bank.id, { url: URL });
    expect(await rejection(bank.webhooks.create(bank.id, { url: URL }))).to.have.property('code', 'OVERLOADED');
  });
});
