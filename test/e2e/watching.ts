// After the loan over real processes: a bank subscribes at its own gateway, the tax bureau corrects, the bank hears of it by
// poll, stream and webhook, whatever is killed meanwhile, and nothing more once the enterprise has withdrawn. Run within the
// suite of authorised exchange, on its cluster.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { parse, stringify } from 'yaml';
import { createClient, type Client } from '../../gateway/client.ts';
import { Watcher } from '../../gateway/client/watcher.ts';
import type { PreparedSubscription } from '../../gateway/client/watch-keys.ts';
import { eventOf, type CloudEvent } from '../../node/core/cloud-event.ts';
import { signWithdrawal } from '../../node/core/make-grant.ts';
import type { VerifiedAnswer } from '../../node/core/verify-answer.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { gatewayConfigFile } from '../../scripts/sandbox/configs.ts';
import { freePort } from '../../scripts/free-port.ts';
import { Child } from '../../scripts/sandbox/processes.ts';
import {
  ENTERPRISE,
  player,
  taxRows,
  type Identified,
  type Made,
  type Programs,
} from '../../scripts/sandbox/programs.ts';
import { command, lastJson, until, xinlian, type TestConsortium } from '../helpers/consortium.ts';
import { enterpriseOf } from '../helpers/enterprise.ts';
import { searchMemory } from '../helpers/process-memory.ts';
import { rejection } from '../helpers/rejection.ts';

const TAX = player('tax').id;
const BANK = player('bank').id;
/** Stands in every record that is told, and nowhere else. */
const SECRET = '贷后只有银行可以读到的备注戊己庚辛';

interface World {
  consortium: TestConsortium;
  programs: Programs;
  enterprise: Identified;
}

interface Delivered {
  headers: IncomingHttpHeaders;
  body: string;
}

export function describeWatching(world: () => World): void {
  describe('after the loan', () => {
    let gateway: Child;
    let client: Client;
    let watcher: Watcher;
    let made: Made;
    let prepared: PreparedSubscription;
    let receiver: Server;
    let delivered: Delivered[];
    let status: number;
    /** Of the last event that was read. */
    let cursor = '0';

    before(async () => {
      const { consortium, programs, enterprise } = world();
      gateway = await startGateway(consortium);
      const { keys, sealed } = await programs.program('bank');
      const baseUrl = `http://127.0.0.1:${(parse(await readFile(configFile(consortium), 'utf8')) as Config).http.port}`;
      client = createClient({ baseUrl, credentials: { member: BANK, sign: (message) => keys.client.sign(message) } });
      watcher = new Watcher({
        grantee: await programs.bank(),
        home: { openSubscription: (body, signal) => client.openSubscription({ body, ...(signal && { signal }) }) },
        view: (members) => sealed.view(members),
        names: (item, edition) => builtInCatalogue.names(item, edition),
      });
      made = await programs.consented(enterprise, { purpose: 'post-loan' });
      await programs.register([made]);
      prepared = await watcher.prepare({ grant: made.document, providers: [TAX] });
      await until(async () => (await watcher.open(prepared)).every(({ outcome }) => outcome === 'open'));
      delivered = [];
      status = 204;
      receiver = createServer((request, response) => {
        let body = '';
        request.setEncoding('utf8').on('data', (text: string) => (body += text));
        request.on('end', () => {
          delivered.push({ headers: request.headers, body });
          response.writeHead(status).end();
        });
      }).listen(0, '127.0.0.1');
      await once(receiver, 'listening');
    });
    after(async () => {
      await (gateway as Child | undefined)?.stop();
      (receiver as Server | undefined)?.close();
    });

    /** The tax bureau publishes a row of the enterprise, or corrects it. */
    async function publish(document: string, tax: string): Promise<void> {
      const { sealed } = await world().programs.program('tax');
      const row = taxRows(1, player('tax'))
        .replaceAll('"SB-0"', `"${document}"`)
        .replaceAll('"NS_SZ"', `"BZ":"${SECRET}","NS_SZ"`)
        .replaceAll('"12.5"', `"${tax}"`);
      const submission = `watch-${document}-${tax.replace('.', '-')}-0001`;
      for await (const line of sealed.publish(row, { item: 'tax-payment', submission }))
        expect(line.type).to.not.equal('row');
    }

    /** The next events, so many, opened and verified. */
    async function next(count: number): Promise<{ event: CloudEvent; answer: VerifiedAnswer }[]> {
      const events: CloudEvent[] = [];
      await until(async () => {
        const page = await client.listEvents({ query: { after: cursor, waitMs: 5_000 } });
        events.push(...page.items);
        cursor = page.next;
        return events.length >= count;
      });
      return Promise.all(
        events.map(async (event) => {
          const { answer } = await watcher.read(eventOf(event), prepared.keys);
          if (!answer) throw new Error('an event without an answer');
          return { event, answer };
        }),
      );
    }

    const amounts = ({ answer }: { answer: VerifiedAnswer }): unknown[] =>
      answer.records.map(({ claims }) => claims.get('NS_SJSE'));

    it('tells a new record and its correction, each proved, in their order', async () => {
      await publish('DH-1', '7.5');
      const [first] = await next(1);
      expect(first!.event).to.include({ type: 'cn.xinlian.record.changed.v1', sequence: '1', cursor: '1' });
      expect(amounts(first!)).to.deep.equal(['7.5']);
      expect(first!.answer.records[0]!.claims.get('subject')).to.equal(ENTERPRISE.uscc);
      await publish('DH-1', '8.5');
      const [second] = await next(1);
      expect(amounts(second!)).to.deep.equal(['8.5']);
      expect(second!.answer.changes.map(({ kind, ref }) => [kind, ref])).to.deep.equal([
        ['supersede', first!.answer.changes[0]!.position],
      ]);
    });

    it('streams, from behind what a client has, to its own bank alone', async () => {
      const seen: string[] = [];
      const abort = new AbortController();
      for await (const { sequence } of await client.streamEvents({
        headers: { 'last-event-id': '1' },
        signal: abort.signal,
      })) {
        seen.push(sequence);
        if (seen.length === 1) await publish('DH-2', '9.5');
        else break;
      }
      expect(seen).to.deep.equal(['2', '3']);
      await next(1);
      const foreign = (await world().programs.program('bank')).client;
      expect(await rejection(foreign.listEvents())).to.have.property('code', 'FORBIDDEN');
    });

    it('loses nothing where provider, bank and gateway are killed', async () => {
      const { nodes } = world().consortium;
      await publish('DH-3', '1.5');
      process.kill(nodes.get('tax')!.pid!, 'SIGKILL');
      process.kill(nodes.get('bank')!.pid!, 'SIGKILL');
      process.kill(gateway.pid!, 'SIGKILL');
      await until(async () => publish('DH-3', '2.5').then(() => true));
      const events = await next(1);
      if (!events.some((one) => amounts(one).includes('2.5'))) events.push(...(await next(1)));
      const numbers = events.map(({ event }) => Number(event.sequence));
      expect(numbers).to.deep.equal(numbers.map((_, i) => 4 + i));
      expect(amounts(events.at(-1)!)).to.deep.equal(['2.5']);
      const { items } = await client.listSubscriptions();
      expect(items.map(({ state, grant }) => [state, grant])).to.deep.equal([['open', made.draft.hash]]);
    });

    it('posts to a webhook until it is acknowledged, signed, over a restart of the node', async () => {
      const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
      const refused = client.createWebhook({ body: { url: 'http://10.0.0.1/' } });
      expect(await rejection(refused)).to.have.property('code', 'FORBIDDEN');
      const { webhook, secret } = await client.createWebhook({ body: { url } });
      // Over another's gateway, sealed; from here on both sets of keys sign.
      const profile = ['--profile', world().consortium.profile('bank')];
      const rotated = lastJson(await command('webhook', 'rotate', webhook, ...profile)) as { secret: string };
      status = 500;
      await publish('DH-4', '3.5');
      await until(async () => delivered.length > 0);
      process.kill(world().consortium.nodes.get('bank')!.pid!, 'SIGKILL');
      status = 204;
      const before = delivered.length;
      await until(async () => delivered.length > before);
      await until(async () => (await client.listWebhooks()).items[0]?.pending === 0);
      const events = delivered.map(
        ({ headers, body }) => new Webhook(secret).verify(body, headers as Record<string, string>) as CloudEvent,
      );
      expect(new Set(events.map(({ id }) => id)).size).to.equal(1);
      for (const { headers, body } of delivered)
        new Webhook(rotated.secret).verify(body, headers as Record<string, string>);
      expect(lastJson(await command('webhook', 'list', ...profile))).to.include({ webhook, url, pending: 0 });
      expect(delivered.at(-1)!.headers).to.include({
        'webhook-id': events[0]!.id,
        'content-type': 'application/cloudevents+json',
      });
      const [told] = await next(1);
      expect(events.at(-1)).to.deep.equal(told!.event);
      expect((await client.listDeadLetters({ params: { webhook } })).items).to.deep.equal([]);
      await client.deleteWebhook({ params: { webhook } });
    });

    it('is carried by a gateway that holds nothing of it, in memory or in its log', async () => {
      for (let i = 0; i < 5; i++) await client.listEvents();
      const [plaintext, subject, inTheClear] = await searchMemory(gateway.pid!, [
        SECRET,
        ENTERPRISE.uscc,
        made.draft.hash,
      ]);
      expect({ plaintext, subject }).to.deep.equal({ plaintext: 0, subject: 0 });
      expect(inTheClear).to.be.greaterThan(0);
      const log = await readFile(gateway.spec.logFile, 'utf8');
      for (const text of [SECRET, ENTERPRISE.uscc]) expect(log).to.not.contain(text);
    });

    it('ends with the withdrawal, at once, and the enterprise sees every access', async () => {
      const { programs, enterprise } = world();
      const body = await signWithdrawal(made.draft, programs.domain);
      await client.withdrawGrant({ params: { grant: made.draft.hash }, body });
      await publish('DH-5', '4.5');
      const [last, ...more] = await next(1);
      expect(more).to.deep.equal([]);
      expect(last!.event).to.include({ type: 'cn.xinlian.subscription.ended.v1', reason: 'GRANT_WITHDRAWN' });
      expect(last!.answer.body).to.include({ outcome: 'refused', reason: 'GRANT_WITHDRAWN' });
      const { items } = await client.listSubscriptions();
      expect(items[0]).to.include({ state: 'ended', reason: 'GRANT_WITHDRAWN' });
      const own = await enterpriseOf(programs, enterprise);
      const seen = (await own.history(TAX)).filter(({ receipt }) => receipt.query === prepared.keys.subscription);
      const outcomes = seen.map(({ receipt }) => receipt.reason ?? receipt.outcome);
      // It was opened, told of five changes or six, and ended.
      expect(outcomes.filter((outcome) => outcome === 'answered')).to.have.length(Number(last!.event.sequence));
      expect(outcomes.at(-1)).to.equal('GRANT_WITHDRAWN');
      await client.closeSubscription({ params: { subscription: prepared.keys.subscription } });
      expect((await client.listSubscriptions()).items).to.deep.equal([]);
    });

    it('is watched from a terminal over another’s gateway, sealed, from where the last run came', async () => {
      const { consortium, programs, enterprise } = world();
      const grant = await programs.consented(enterprise, { purpose: 'post-loan' });
      await programs.register([grant]);
      const file = join(consortium.data, 'post-loan.grant.json');
      await writeFile(file, JSON.stringify(grant.document));
      const watch = async (...more: string[]): Promise<{ code: number; lines: Record<string, unknown>[] }> => {
        const { code, stdout } = await xinlian(
          'watch',
          file,
          '--provider',
          TAX,
          '--profile',
          consortium.profile('bank'),
          ...more,
        );
        const lines = stdout.split('\n').filter(Boolean);
        return { code, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
      };
      expect(await watch('--once')).to.deep.equal({ code: 0, lines: [] });
      await publish('DH-6', '5.5');
      let heard: Record<string, unknown>[] = [];
      await until(async () => (heard = (await watch('--once')).lines).length > 0);
      expect(heard.map(({ number, kind }) => [number, kind])).to.deep.equal([[1, 'changes']]);
      expect(heard[0]!['records']).to.have.nested.property('[0].NS_SJSE', '5.5');
      const body = await signWithdrawal(grant.draft, programs.domain);
      await client.withdrawGrant({ params: { grant: grant.draft.hash }, body });
      const last = await watch();
      expect([last.code, last.lines.map(({ kind, reason }) => [kind, reason])]).to.deep.equal([
        0,
        [['ended', 'GRANT_WITHDRAWN']],
      ]);
    });
  });
}

interface Config {
  http: { host: string; port: number };
  [name: string]: unknown;
}

const configFile = ({ data }: TestConsortium): string => join(data, 'config', 'gateway-bank.yaml');

/** A gateway of the bank's own, beside those of the sandbox. */
async function startGateway(consortium: TestConsortium): Promise<Child> {
  const { data } = consortium;
  const config = parse(await readFile(gatewayConfigFile(data, player('dafeng')), 'utf8')) as Config;
  const own = { ...config, member: BANK, http: { ...config.http, port: await freePort(0) }, p2p: { listen: [] } };
  await writeFile(configFile(consortium), stringify(own));
  const gateway = new Child(
    {
      name: 'gateway-bank',
      script: 'gateway/main.ts',
      args: ['--config', configFile(consortium)],
      logFile: join(data, 'logs', 'gateway-bank.log'),
    },
    () => {},
  );
  await gateway.startPatiently();
  await until(async () => (await fetch(`http://127.0.0.1:${own.http.port}/healthz/ready`)).ok);
  return gateway;
}
