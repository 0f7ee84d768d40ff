import { expect } from 'chai';
import { CloudEvent } from 'cloudevents';
import { cloudEventOf, CloudEvent as schema } from '../../../node/core/cloud-event.ts';
import { toBase64Url } from '../../../node/core/bytes.ts';
import { codec } from '../../../node/core/messages/codec.ts';
import type { InboxEvent } from '../../../node/core/messages/subscription.ts';
import { beijingTime } from '../../../gateway/beijing-time.ts';
import { MEMBER } from '../../helpers/bundle.ts';

const event: InboxEvent = {
  cursor: 12,
  subscription: toBase64Url(new Uint8Array(32).fill(5)),
  provider: MEMBER,
  grant: `0x${'ab'.repeat(32)}`,
  number: 3,
  kind: 'changes',
  time: Date.UTC(2026, 5, 1, 16, 30) / 1000,
  lane: 'lane',
  sealed: 'a..b.c.d',
};

describe('A CloudEvent', () => {
  const made = cloudEventOf(event, beijingTime);

  it('is one to the reference, with every attribute as it was given', () => {
    for (const one of [made, cloudEventOf({ ...event, kind: 'ended', reason: 'GRANT_WITHDRAWN' }, beijingTime)]) {
      const { time, ...read } = new CloudEvent(one, true).toJSON();
      const { time: own, ...rest } = one;
      expect(read).to.deep.include(rest);
      expect(new Date(String(time)).getTime()).to.equal(new Date(own).getTime());
    }
  });

  it('is of its own schema, and tells the time of China', () => {
    codec('event', schema).check(made);
    expect(made).to.include({ time: '2026-06-02T00:30:00+08:00', source: `urn:xinlian:member:${MEMBER}` });
  });

  it('has an id of its own for each event, without a full stop', () => {
    const ids = [event, { ...event, number: 4 }, { ...event, subscription: toBase64Url(new Uint8Array(32)) }].map(
      (one) => cloudEventOf(one, beijingTime).id,
    );
    expect(new Set(ids).size).to.equal(3);
    for (const id of ids) expect(id).to.match(/^[A-Za-z0-9_-]+$/);
  });

  it('has no data where there is none', () => {
    const { sealed: _, ...unsealed } = event;
    expect(cloudEventOf(unsealed, beijingTime)).to.not.have.any.keys('data', 'datacontenttype');
  });
});
