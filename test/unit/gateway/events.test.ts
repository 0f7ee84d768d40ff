import { expect } from 'chai';
import type { Client } from '../../../gateway/client.ts';
import type { CloudEvent } from '../../../node/core/cloud-event.ts';
import { toBase64Url } from '../../../node/core/bytes.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { eventsPage, eventsRequest, type InboxEvent } from '../../../node/core/messages/subscription.ts';
import { deadLettersPage, deadLettersRequest } from '../../../node/core/messages/webhook.ts';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';
import { rejection } from '../../helpers/rejection.ts';
import { MEMBER } from '../../helpers/bundle.ts';

const subscription = toBase64Url(new Uint8Array(32).fill(5));
const eventOf = (cursor: number): InboxEvent => ({
  cursor,
  subscription,
  provider: MEMBER,
  grant: `0x${'ab'.repeat(32)}`,
  number: cursor,
  kind: 'changes',
  time: Date.UTC(2026, 5, 1) / 1000,
  lane: 'lane',
  sealed: 'a..b.c.d',
});

describe('Events at a gateway', () => {
  let gateway: TestGateway;
  let client: Client;
  let url: string;
  /** What the node has. */
  let kept: InboxEvent[];
  let asked: unknown[];

  beforeEach(async () => {
    gateway = await startTestGateway();
    url = await gateway.listen();
    client = gateway.client(url, gateway.bank);
    kept = [eventOf(1), eventOf(2), eventOf(3)];
    asked = [];
    gateway.node.inner = async (method, argument) => {
      if (method === 'webhook/dead') {
        asked.push(deadLettersRequest.decode(argument));
        const letter = { cursor: 2, attempts: 10, time: 0, status: 500, event: eventOf(2) };
        return deadLettersPage.encode({ deadLetters: [letter], next: 2 });
      }
      if (method !== 'event/read') throw new XinlianError('METHOD_UNKNOWN', { method });
      const request = eventsRequest.decode(argument);
      asked.push(request);
      const events = kept.filter(({ cursor }) => cursor > request.after).slice(0, request.limit);
      return eventsPage.encode({ events, next: events.at(-1)?.cursor ?? request.after, more: false });
    };
  });
  afterEach(() => gateway.app.close());

  it('are CloudEvents in pages, and take their node’s word for the cursor', async () => {
    const page = await client.listEvents({ query: { after: '1', limit: 1 } });
    expect(page.items.map(({ cursor, time }) => [cursor, time])).to.deep.equal([['2', '2026-06-01T08:00:00+08:00']]);
    expect(page.next).to.equal('2');
    expect((await client.listEvents()).items).to.have.length(3);
    expect(asked).to.deep.equal([
      { after: 1, limit: 1, waitMs: 0 },
      { after: 0, limit: 50, waitMs: 0 },
    ]);
  });

  it('are for banks alone, under a token of that scope', async () => {
    expect(await rejection(gateway.client(url, gateway.source).listEvents())).to.have.property('code', 'FORBIDDEN');
    expect(await rejection(gateway.client(url).listEvents())).to.have.property('code', 'UNAUTHENTICATED');
  });

  it('come as a stream, from behind the last that a client has', async () => {
    const seen: CloudEvent[] = [];
    for await (const event of await client.streamEvents({ headers: { 'last-event-id': '1' } })) {
      seen.push(event);
      if (seen.length === 2) kept.push(eventOf(4));
      if (seen.length === 3) break;
    }
    expect(seen.map(({ cursor }) => cursor)).to.deep.equal(['2', '3', '4']);
  });

  it('are server-sent events to the letter, with signs of life', async () => {
    const token = await gateway.token(gateway.bank, 'events');
    const response = await fetch(`${url}/v1/events/stream?after=2`, { headers: { authorization: `Bearer ${token}` } });
    expect(response.headers.get('content-type')).to.equal('text/event-stream');
    expect(response.headers.get('cache-control')).to.equal('no-store');
    let text = '';
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) {
      text += piece;
      if (text.includes(': \n\n')) break;
    }
    const [first, second] = text.split('\n\n');
    expect(first).to.match(/^id: 3\nevent: cn\.xinlian\.record\.changed\.v1\ndata: \{"specversion":"1\.0",.*\}$/);
    expect(second).to.equal(': ');
  });

  it('have a status of their own where the first page fails', async () => {
    gateway.node.nextFault = new XinlianError('FORBIDDEN', { wanted: 'the own gateway', got: 'another' });
    expect(await rejection(client.streamEvents())).to.have.property('code', 'FORBIDDEN');
  });

  it('that were given up are told with their event', async () => {
    const webhook = 'AAAAAAAAAAAAAAAAAAAAAA';
    const page = await client.listDeadLetters({ params: { webhook }, query: { cursor: '1' } });
    expect(asked).to.deep.equal([{ webhook, after: 1, limit: 50 }]);
    expect(page.next).to.equal('2');
    expect(page.items[0]).to.deep.include({
      cursor: '2',
      attempts: 10,
      status: 500,
      time: '1970-01-01T08:00:00+08:00',
    });
    expect(page.items[0]?.event?.sequence).to.equal('2');
  });
});
