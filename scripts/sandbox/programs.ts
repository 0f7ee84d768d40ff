// Programs at the sandbox's gateways, for benches and end-to-end tests: members' and an enterprise's.
import { readFile } from 'node:fs/promises';
import { createClient, type Client } from '../../gateway/client.ts';
import { Grantee } from '../../gateway/client/grantee.ts';
import { SealedClient } from '../../gateway/client/sealed.ts';
import { toBase64Url, type Hex } from '../../node/core/bytes.ts';
import type { GrantDocument } from '../../node/core/grant.ts';
import type { WantedGrant } from '../../node/core/grant-request.ts';
import { consentTo, draftGrant, signRegistration, type DraftGrant } from '../../node/core/make-grant.ts';
import { xinlianDomain, type TypedDataDomain } from '../../node/core/typed-data.ts';
import { makeUscc } from '../../node/core/uscc.ts';
import { createFileProvider } from '../../node/keys/file-provider.ts';
import { generateSecrets, localKeys } from '../../node/keys/local-keys.ts';
import type { MemberKeys } from '../../node/keys/provider.ts';
import { Secret } from '../../node/keys/secret.ts';
import { GRANT_PACKS, GrantRules } from '../../node/policy/grant-rules.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { CAST, type Player } from './cast.ts';
import type { Members } from './cluster.ts';
import { keysDirectory, passphraseFile } from './consortium.ts';

/** The enterprise is made up; its code passes both check digits. */
export const ENTERPRISE = {
  name: '大丰示范海工装备有限公司',
  uscc: makeUscc({ authority: '9', category: '1', region: '320904', body8: 'MA1DF001' }),
};

const DAY = 86_400;
const MOST_TOGETHER = 64;
const rules = new GrantRules(GRANT_PACKS, builtInCatalogue);

/** Lets benches and tests send as much as they can, at gateways that are started from here on: what limits them is the work. */
export function liftRateLimits(): void {
  for (const kind of ['TOKEN', 'NORMAL', 'BULK']) {
    process.env[`XINLIAN_GATEWAY_LIMITS_${kind}_REQUESTS`] = '100000000';
    process.env[`XINLIAN_GATEWAY_LIMITS_${kind}_WINDOWSECONDS`] = '60';
  }
}

export function player(key: string): Player {
  const found = CAST.find((one) => one.key === key);
  if (!found) throw new Error(`the cast has no ${key}`);
  return found;
}

/** A member's program at a gateway. */
export interface Program {
  id: Player['id'];
  client: Client;
  keys: MemberKeys;
  sealed: SealedClient;
}

/** An enterprise whose key is certified. */
export interface Identified {
  own: MemberKeys;
  certificate: string;
}

export interface Made {
  draft: DraftGrant;
  document: GrantDocument;
}

/** What programs need of a consortium that runs. */
type Stage = Pick<Members, 'gatewayUrl' | 'consortium'>;

export class Programs {
  readonly #cluster: Stage;
  readonly #provider: ReturnType<typeof createFileProvider>;
  readonly domain: TypedDataDomain;

  private constructor(cluster: Stage, provider: ReturnType<typeof createFileProvider>) {
    this.#cluster = cluster;
    this.#provider = provider;
    const { chainId, grantRegistry, deployment } = cluster.consortium.contracts;
    this.domain = xinlianDomain({ chainId, verifyingContract: grantRegistry, deployment });
  }

  static async open(cluster: Stage, data: string): Promise<Programs> {
    const passphrase = new Secret(await readFile(passphraseFile(data), 'utf8'));
    return new Programs(cluster, createFileProvider({ directory: keysDirectory(data), passphrase }));
  }

  close(): Promise<void> {
    return this.#provider.close();
  }

  async program(key: string, gateway = 'dafeng'): Promise<Program> {
    const { id } = player(key);
    const keys = await this.#provider.open(id);
    const client = createClient({
      baseUrl: this.#cluster.gatewayUrl(gateway),
      credentials: { member: id, sign: (message) => keys.client.sign(message) },
    });
    const options = { member: id, sealingKey: keys.sealing.publicKey, patienceMs: 60_000 };
    return { id, client, keys, sealed: new SealedClient(options, { client, signer: keys.client, clock: Date }) };
  }

  /** @param relay whether it consumes counted grants by signed word, which its gateway carries */
  async bank({ relay = false } = {}): Promise<Grantee> {
    const { id, client, keys, sealed } = await this.program('bank');
    return new Grantee(
      { member: id, sealingKey: keys.sealing.publicKey },
      {
        client,
        signer: keys.client,
        ...(relay && { consuming: { account: keys.transaction, domain: this.domain } }),
        view: (members) => sealed.view(members),
        names: (item, edition) => builtInCatalogue.names(item, edition),
        clock: Date,
      },
    );
  }

  /** An enterprise with keys of its own, certified by the centre of Dafeng. */
  async identified(): Promise<Identified> {
    const { sealed } = await this.program('dafeng');
    const own = localKeys(generateSecrets(), () => {});
    const { certificate } = await sealed.certify({
      sub: ENTERPRISE.uscc,
      name: ENTERPRISE.name,
      capacity: 'legal-representative',
      level: 'A',
      key: own.transaction.address.toLowerCase(),
      seal: toBase64Url(own.sealing.publicKey),
      days: 30,
    });
    return { own, certificate };
  }

  /** A grant to the bank that is not registered yet. */
  async consented({ own, certificate }: Identified, change: Partial<WantedGrant> = {}): Promise<Made> {
    const draft = draftGrant({ ...wanted(), ...change }, '窗口', (core) => rules.describe(core));
    return { draft, document: await consentTo(draft, own.transaction, certificate, this.domain) };
  }

  /** Grants to the bank, registered and final. */
  async grants(count: number, change: Partial<WantedGrant> = {}): Promise<Made[]> {
    const identified = await this.identified();
    const made = await Promise.all(Array.from({ length: count }, () => this.consented(identified, change)));
    await this.register(made);
    return made;
  }

  async register(made: readonly Made[]): Promise<void> {
    const { client } = await this.program('dafeng');
    const now = Math.floor(Date.now() / 1000);
    for (let i = 0; i < made.length; i += MOST_TOGETHER) {
      const some = made.slice(i, i + MOST_TOGETHER);
      const grants = await Promise.all(some.map(({ draft }) => signRegistration(draft, this.domain, now)));
      const { outcomes } = await client.registerGrants({ body: { grants } });
      const failed = outcomes.find(({ ok }) => !ok);
      if (failed) throw new Error(`a grant was not registered: ${JSON.stringify(failed)}`);
    }
    for (const { draft } of made) await untilFinal(client, draft.hash);
  }
}

function wanted(): WantedGrant {
  const bank = player('bank');
  const now = Math.floor(Date.now() / 1000);
  return {
    subject: ENTERPRISE,
    grantee: { member: bank.id, uscc: bank.uscc, name: bank.name },
    items: [{ item: 'tax-payment', months: 60 }],
    regions: ['320900'],
    purpose: 'pre-loan',
    matter: 'DK-BENCH',
    uses: 0,
    from: now - 60,
    to: now + 30 * DAY,
    retentionDays: 365,
    automated: '',
    policy: rules.current().edition,
  };
}

async function untilFinal(client: Client, grant: Hex): Promise<void> {
  for (;;) {
    const state = await client.getGrant({ params: { grant } }).catch(() => undefined);
    if (state?.final === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Tax rows of the enterprise, one a month. */
export function taxRows(count: number, agency: Player): string {
  const rows = Array.from({ length: count }, (_, i) => ({
    NS_MC: ENTERPRISE.name,
    NS_LB: '法人及非法人组织',
    NS_SHXYM: ENTERPRISE.uscc,
    NS_BH: `SB-${i}`,
    NS_SSQ_Q: '2025-06-01',
    NS_SSQ_Z: '2025-06-30',
    NS_SZ: '增值税',
    NS_YJSE: '12.5',
    NS_SJSE: '12.5',
    NS_LYDW: agency.name,
    NS_LYDWDM: agency.uscc,
  }));
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}
