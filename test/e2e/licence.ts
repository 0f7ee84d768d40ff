// Consent by an electronic licence over real processes: the centre shows a code, the enterprise confirms on the sandbox's
// page, the bank reads. Run within the suite of authorised exchange, on its cluster.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { renderSVG, renderUnicodeCompact } from 'uqr';
import { grantDocument } from '../../node/core/grant.ts';
import type { LicenceState } from '../../node/core/licence.ts';
import { ENTERPRISE, player, type Programs } from '../../scripts/sandbox/programs.ts';
import { command, lastJson, until, type TestConsortium } from '../helpers/consortium.ts';

const DAY = 86_400;

export function describeLicence(world: () => { consortium: TestConsortium; programs: Programs }): void {
  it('is authorised by an electronic licence, at level B, without a key of the enterprise', async () => {
    const { consortium, programs } = world();
    const [dafeng, bank] = ['dafeng', 'bank'].map((key) => ['--profile', consortium.profile(key)]) as [
      string[],
      string[],
    ];
    const { id: member, uscc, name } = player('bank');
    const now = Math.floor(Date.now() / 1000);
    const wanted = {
      subject: ENTERPRISE,
      grantee: { member, uscc, name },
      items: [{ item: 'tax-payment', months: 60 }],
      regions: ['320900'],
      purpose: 'pre-loan',
      matter: 'DK-LICENCE',
      uses: 0,
      from: now - 60,
      to: now + 30 * DAY,
      retentionDays: 365,
      automated: '',
      policy: 'cn-authorisation-2026',
    };
    const file = join(consortium.data, 'wanted.json');
    await writeFile(file, JSON.stringify(wanted));
    const drawn = join(consortium.data, 'licence.svg');
    const begun = await command('licence', 'begin', '--wanted', file, '--qr', drawn, ...dafeng);
    expect(begun.stderr).to.contain('授权查询的信息').and.to.contain('QR');
    const { session, qr } = lastJson(begun) as LicenceState;
    // The code itself: on the terminal, and as a picture to print or to show.
    expect(begun.stderr).to.contain(renderUnicodeCompact(qr));
    expect(await readFile(drawn, 'utf8')).to.equal(`${renderSVG(qr)}\n`);
    await fetch(qr, { method: 'POST', body: new URLSearchParams({ decision: 'confirm' }) });
    const out = join(consortium.data, 'licence.grant.json');
    expect(lastJson(await command('licence', 'state', session, '--out', out, ...dafeng))).to.include({
      state: 'confirmed',
    });
    const asker = await programs.bank();
    const grant = grantDocument.decode(await readFile(out));
    const tax = player('tax').id;
    await until(async () => {
      const [one] = (await asker.ask({ grant, providers: [tax] })).providers;
      return (
        one !== undefined &&
        'answer' in one &&
        one.answer.body.outcome === 'answered' &&
        one.answer.receipt.level === 'B'
      );
    });
    expect((await command('check', out, ...bank)).code).to.equal(0);
  });
}
