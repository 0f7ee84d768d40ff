import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { buildPage } from '../../../gateway/page/build.ts';
import { startTestGateway } from '../../helpers/gateway/test-gateway.ts';
import { useTemporaryFolder } from '../../helpers/temporary-folder.ts';

describe('the pages at a gateway', () => {
  const folder = useTemporaryFolder();

  it('verify in one file that may run its own script, and neither load nor send anything', async () => {
    const verifierFile = join(folder(), 'verify.html');
    const built = await buildPage('verify');
    await writeFile(verifierFile, built);
    const { app } = await startTestGateway({ verifierFile });
    const { headers, body } = await app.inject('/verify');
    await app.close();
    expect(body).to.equal(built);
    expect(headers['content-type']).to.equal('text/html; charset=utf-8');
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy[0]).to.equal("default-src 'none'");
    expect(policy).to.include("frame-ancestors 'none'").and.include("form-action 'none'");
    expect(policy.filter((part) => part.startsWith('connect-src'))).to.deep.equal([]);
    const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(body) ?? [];
    expect(policy).to.include(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`);
    const sources = [...body.replace(script, '').matchAll(/\b(?:src|href)="([^"]*)"/g)].map(([, source]) => source);
    expect(sources).to.deep.equal(['data:,']);
  });

  it('authorise in one that calls its own gateway, and nobody else', async () => {
    const authoriseFile = join(folder(), 'authorise.html');
    const built = await buildPage('authorise');
    await writeFile(authoriseFile, built);
    const { app } = await startTestGateway({ authoriseFile });
    const { headers, body } = await app.inject('/authorise');
    await app.close();
    expect(body).to.equal(built);
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy)
      .to.include("default-src 'none'")
      .and.include("connect-src 'self'")
      .and.include("frame-ancestors 'none'");
    const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(body) ?? [];
    expect(policy).to.include(`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  });

  it('are not there where set-up has not made it, and the log says so', async () => {
    const gateway = await startTestGateway({ verifierFile: join(folder(), 'none.html') });
    expect((await gateway.app.inject('/verify')).statusCode).to.equal(404);
    await gateway.app.close();
    expect(gateway.logged()).to.include('none.html');
  });
});
