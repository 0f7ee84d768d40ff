// Sharing between agencies over real processes: the tax bureau asks the centre of Dafeng, an officer there decides, the
// bureau reads, and whatever is wrong is refused with its reason. Run within the suite of authorised exchange, on its cluster.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { Grantee } from '../../gateway/client/grantee.ts';
import { documentOf, SharingAgency, type AskedBasis, type WantedBasis } from '../../gateway/client/sharing.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { ENTERPRISE, player, type Identified, type Programs } from '../../scripts/sandbox/programs.ts';
import { command, lastJson, readLog, until, type CliResult, type TestConsortium } from '../helpers/consortium.ts';
import { isTurnedAway, suspendByCouncil } from '../helpers/council.ts';
import { enterpriseOf } from '../helpers/enterprise.ts';
import { sharedRow } from '../helpers/sharing.ts';

const TAX = player('tax').id;
const DAFENG = player('dafeng').id;
const DAY = 86_400;

interface World {
  consortium: TestConsortium;
  programs: Programs;
  enterprise: Identified;
}

export function describeSharing(world: () => World): void {
  describe('sharing between agencies', () => {
    let agency: SharingAgency;
    let reader: Grantee;

    before(async () => {
      const { programs } = world();
      const { sealed: source } = await programs.program('dafeng');
      for (const short of ['jc', 'qz'] as const) {
        const own = {
          [`${short.toUpperCase()}_SHXYM`]: ENTERPRISE.uscc,
          [`${short.toUpperCase()}_JGDM`]: player('dafeng').uscc,
        };
        const rows = `${JSON.stringify(sharedRow(short, 1, own))}\n`;
        for await (const line of source.publish(rows, { item: short, submission: `e2e-${short}-0001` }))
          expect(line.type).to.not.equal('row');
      }
      agency = await agencyOf(programs);
      const { client, keys, sealed } = await programs.program('tax');
      const view = sealed.view.bind(sealed);
      const names = builtInCatalogue.names.bind(builtInCatalogue);
      reader = new Grantee(
        { member: TAX, sealingKey: keys.sealing.publicKey },
        { client, signer: keys.client, view, names, clock: Date },
      );
      const asked = await agency.ask(wanted());
      await until(async () => (await read(asked)) === '1');
    });

    /** How many records were read, or why none. */
    async function read(asked: AskedBasis, document = documentOf(asked)): Promise<string> {
      const prepared = await reader.prepareShare({ document, subject: ENTERPRISE.uscc });
      const [one] = (await reader.open(await reader.send(prepared))).providers;
      if (!one || !('answer' in one)) return one?.outcome ?? 'nothing';
      return one.answer.body.reason ?? String(one.answer.records.length);
    }

    it('goes from asking over an officer to reading and its end, by commands', async () => {
      const { consortium } = world();
      const [tax, dafeng] = ['tax', 'dafeng'].map((key) => ['--profile', consortium.profile(key)]) as [
        string[],
        string[],
      ];
      const file = join(consortium.data, 'basis.json');
      const terms = ['--from', DAFENG, '--items', 'jc:60,qz:60', '--statute', '税收征收管理法第六条'];
      const matter = ['--matter', 'SX-002', '--matter-name', '欠税追缴'];
      const asked = lastJson(await command('share', 'ask', ...terms, ...matter, '--out', file, ...tax));
      expect(asked).to.include({ state: 'waiting' });
      const { basis } = asked as { basis: string };
      const early = await command('share', 'read', file, '--subject', ENTERPRISE.uscc, ...tax);
      expect([early.code, early.stderr]).to.satisfy(
        ([code, text]: [number, string]) => code === 1 && text.includes('waiting'),
      );
      expect((await command('share', 'list', ...dafeng)).stdout).to.contain(basis);
      const officer = ['--officer', '王五', ...dafeng];
      expect(lastJson(await command('share', 'decide', basis, 'approve', ...officer))).to.include({
        state: 'approved',
      });
      expect(lastJson(await command('share', 'state', file, ...tax))).to.include({ state: 'approved' });
      const subject = ['--subject', ENTERPRISE.uscc];
      // Each record is read once a checkpoint covers it.
      let got: CliResult | undefined;
      await until(async () => {
        got = await command('share', 'read', file, ...subject, ...tax);
        return got.stdout.includes('查封设备三台');
      });
      expect(got?.code).to.equal(0);
      expect(got?.stdout).to.contain('未发现问题');

      const [proofs, payload] = ['proofs.json', 'payload.ndjson'].map((name) => join(consortium.data, name)) as [
        string,
        string,
      ];
      const done = async (...args: string[]): Promise<void> => {
        const { code, stderr } = await command(...args);
        expect(code, stderr).to.equal(0);
      };
      await done('share', 'read', file, ...subject, '--proof-only', '--out', proofs, ...tax);
      await done('share', 'export', basis, ...subject, '--out', payload, ...dafeng);
      const checked = await command('share', 'verify', proofs, payload, ...tax);
      expect([checked.code, lastJson(checked)]).to.deep.equal([0, { provider: DAFENG, records: 2, proved: 2 }]);
      await writeFile(payload, (await readFile(payload, 'utf8')).split('\n')[0]!);
      expect((await command('share', 'verify', proofs, payload, ...tax)).code).to.equal(2);

      expect(lastJson(await command('share', 'end', basis, ...dafeng))).to.include({ state: 'ended' });
      const after = await command('share', 'read', file, ...subject, ...tax);
      expect([after.code, after.stderr]).to.satisfy(
        ([code, text]: [number, string]) => code === 2 && text.includes('BASIS_ENDED'),
      );
    });

    it('refuses what is not shared, has not come to pass, is over, or was never asked', async () => {
      const closed = await agency.ask(wanted({ items: [{ item: 'tax-payment', months: 12 }] }));
      expect([closed.state.state, closed.state.reason]).to.satisfy(
        ([state, reason]: [string, string]) => state === 'refused' && reason.startsWith('ITEM_NOT_SHARED'),
      );
      const asked = await agency.ask(wanted());
      const waiting = await agency.ask(wanted({ items: [{ item: 'administrative-coercion', months: 12 }] }));
      expect(waiting.state.state).to.equal('waiting');
      const { approval } = documentOf(asked);
      expect(await read(waiting, { basis: waiting.basis, approval })).to.equal('BASIS_NOT_APPROVED');
      const short = await agency.ask(wanted({ to: Math.floor(Date.now() / 1000) + 2 }));
      await until(async () => (await read(short)) === 'BASIS_EXPIRED');
      await agency.end(asked.basis, '事项办结');
      expect(await read(asked)).to.equal('BASIS_ENDED');
    });

    it('is seen by the enterprise, with the statute, and is in both logs', async () => {
      const { consortium, programs, enterprise } = world();
      const own = await enterpriseOf(programs, enterprise);
      const seen = (await own.history(DAFENG)).filter(({ receipt }) => receipt.basis);
      expect(seen.map(({ receipt }) => receipt.basis?.citation)).to.include('税收征收管理法第六条');
      expect(new Set(seen.map(({ receipt }) => receipt.reason ?? receipt.outcome))).to.include('BASIS_ENDED');
      await until(async () => {
        const [provider, requester] = await Promise.all(['dafeng', 'tax'].map((key) => readLog(consortium, key)));
        return provider!.some(({ kind }) => kind === 'share') && requester!.some(({ kind }) => kind === 'query');
      });
    });
  });
}

/** The tax bureau's program. */
async function agencyOf(programs: Programs): Promise<SharingAgency> {
  const { client, keys, sealed } = await programs.program('tax');
  const view = sealed.view.bind(sealed);
  return new SharingAgency(TAX, { client, signer: keys.client, sealing: keys.sealing, view, clock: Date });
}

function wanted(change: Partial<WantedBasis> = {}): WantedBasis {
  const now = Math.floor(Date.now() / 1000);
  return {
    aud: DAFENG,
    requester: { uscc: player('tax').uscc, name: player('tax').name },
    items: [{ item: 'supervisory-inspection', months: 60 }],
    ground: { kind: 'statute', citation: '税收征收管理法第六条' },
    matter: { code: 'SX-001', name: '纳税信用评价' },
    from: now - 60,
    to: now + 30 * DAY,
    policy: 'cn-sharing-2025',
    ...change,
  };
}

/** Last of all that the bureau does in a suite: afterwards it is suspended. */
export async function expectClosedToSuspended(consortium: TestConsortium, programs: Programs): Promise<void> {
  const agency = await agencyOf(programs);
  const { basis } = await agency.ask(wanted());
  await suspendByCouncil(consortium, programs, TAX);
  await until(async () => isTurnedAway(await agency.state(basis).catch((error: unknown) => error)));
}
