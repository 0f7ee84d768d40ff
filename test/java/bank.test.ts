// The JDK 17 sample of docs/samples/java, compiled and run against real processes; and a client that Maven generates from
// the OpenAPI document. On request: `npm test -- java`, where a JDK is.
import { generateKeyPairSync } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { signApplication } from '../../node/core/application.ts';
import { parsePublicJwk } from '../../node/core/jwk.ts';
import { player, Programs, taxRows } from '../../scripts/sandbox/programs.ts';
import { startConsortium, until, type TestConsortium } from '../helpers/consortium.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SAMPLES = join(ROOT, 'docs', 'samples', 'java');
const DAY = 86_400;

describe('a bank in Java', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'xinlian-java-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  describe('by the sample', () => {
    let consortium: TestConsortium;
    let programs: Programs;
    before(async () => {
      consortium = await startConsortium(['dafeng', 'tax', 'bank']);
      programs = await Programs.open(consortium, consortium.data);
      const { sealed } = await programs.program('tax');
      for await (const _ of sealed.publish(taxRows(3, player('tax')), {
        item: 'tax-payment',
        submission: 'java-0001',
      }));
    });
    after(async () => {
      await (programs as Programs | undefined)?.close();
      await (consortium as TestConsortium | undefined)?.stop();
    });

    it('gets a token, checks a grant, queries, opens and verifies what was answered', async () => {
      const [made] = await programs.grants(1);
      const { id, keys } = await programs.program('bank');
      const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const iat = Math.floor(Date.now() / 1000);
      const jwk = parsePublicJwk(publicKey.export({ format: 'jwk' }));
      const scope = 'grants:check queries';
      const app = await signApplication({ iss: id, sub: 'java', iat, exp: iat + DAY, scope, jwk }, keys.client);
      const classes = join(folder, 'classes');
      await mkdir(classes);
      const sources = (await readdir(SAMPLES)).map((name) => join(SAMPLES, name));
      await run('javac', ['-Xlint:all', '-Werror', '-encoding', 'UTF-8', '--release', '17', '-d', classes, ...sources]);
      const [pem, certificate, grant] = ['key.pem', 'app.jws', 'grant.json'].map((name) => join(folder, name));
      await writeFile(pem!, privateKey.export({ format: 'pem', type: 'pkcs8' }));
      await writeFile(certificate!, app);
      await writeFile(grant!, JSON.stringify(made!.document));
      const tax = player('tax').id;
      const gateway = consortium.gatewayUrl('dafeng');
      const ask = async (provider: string) =>
        (
          await run('java', [
            '-cp',
            classes,
            'Bank',
            gateway,
            id,
            pem!,
            certificate!,
            grant!,
            made!.draft.hash,
            provider,
          ])
        ).stdout;
      let told = '';
      // The first checkpoint over the rows, and the list of certificates taken back, come a moment after the start.
      await until(async () => (told = await ask(tax)).includes('answered'));
      expect(told).to.include(`check {"grant":"${made!.draft.hash}","ok":true}`);
      expect(told).to.include(`provider ${tax} answered records 3`);
      expect(told.match(/^record .*NS_SZ=增值税/gm)).to.have.length(3);
    });
  });

  it('has a client generated from docs/openapi-v1.json that compiles', async function () {
    this.timeout(900_000);
    const pom = join(ROOT, 'test', 'java', 'generated-client', 'pom.xml');
    await run('mvn', ['-B', '-q', '-f', pom, `-Dfolder=${join(folder, 'target')}`, 'compile'], { maxBuffer: 1 << 26 });
    const classes = await readdir(join(folder, 'target', 'classes', 'org', 'openapitools', 'client', 'api'));
    expect(classes).to.include.members(['GrantsApi.class', 'QueriesApi.class', 'JobsApi.class']);
  });
});
