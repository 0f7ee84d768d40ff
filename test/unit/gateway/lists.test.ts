import { expect } from 'chai';
import type { Client } from '../../../gateway/client.ts';
import { XinlianError } from '../../../node/core/errors.ts';
import { listEntriesPage, listEntriesRequest, receivedLists } from '../../../node/core/messages/white-list.ts';
import { startTestGateway, type TestGateway } from '../../helpers/gateway/test-gateway.ts';
import { rejection } from '../../helpers/rejection.ts';
import { MEMBER } from '../../helpers/bundle.ts';

const LIST = 'AAAAAAAAAAAAAAAAAAAAAA';
const lane = 'BAAAAAAAAAAAAAAAAAAAAA';
const time = Date.UTC(2026, 5, 1) / 1000;
const list = { provider: MEMBER, list: LIST, edition: 2, listed: 1, last: 3 };
const entry = {
  number: 3,
  kind: 'listed' as const,
  edition: 2,
  row: 'A'.repeat(43),
  lane,
  grant: `0x${'ab'.repeat(32)}`,
  sealed: 'a..b.c.d',
};

describe('White lists at a gateway', () => {
  let gateway: TestGateway;
  let url: string;
  let client: Client;
  let asked: unknown[];

  beforeEach(async () => {
    gateway = await startTestGateway();
    url = await gateway.listen();
    client = gateway.client(url, gateway.bank);
    asked = [];
    gateway.node.inner = async (method, argument) => {
      if (method === 'list/received') return receivedLists.encode({ lists: [{ ...list, updated: time }] });
      if (method !== 'list/entries') throw new XinlianError('METHOD_UNKNOWN', { method });
      asked.push(listEntriesRequest.decode(argument));
      return listEntriesPage.encode({ entries: [{ ...entry, time }], next: lane });
    };
  });
  afterEach(() => gateway.app.close());

  it('are those of the caller’s own node, with times of China', async () => {
    const { items } = await client.listWhiteLists();
    expect(items).to.deep.equal([{ ...list, updated: '2026-06-01T08:00:00+08:00' }]);
  });

  it('give their entries in pages, sealed as they are', async () => {
    const query = { provider: MEMBER, limit: 1, cursor: lane };
    const page = await client.listWhiteListEntries({ params: { list: LIST }, query });
    expect(page).to.deep.equal({ items: [{ ...entry, time: '2026-06-01T08:00:00+08:00' }], next: lane });
    expect(asked).to.deep.equal([{ provider: MEMBER, list: LIST, limit: 1, after: lane }]);
  });

  it('are for banks alone', async () => {
    expect(await rejection(gateway.client(url, gateway.source).listWhiteLists())).to.have.property('code', 'FORBIDDEN');
  });
});
