// The command line against a whole gateway, with a node in memory behind it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { stringify } from 'yaml';
import { buildApp } from '../../../gateway/app.ts';
import { councilOf } from '../../../gateway/chain-ports.ts';
import { run } from '../../../gateway/cli/program.ts';
import type { Terminal } from '../../../gateway/cli/terminal.ts';
import type { Hex } from '../../../node/core/bytes.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import { createLogger } from '../../../node/log.ts';
import { DEFAULTS } from '../../../gateway/options.ts';
import { createKeyFile, openKeyFile } from '../../../node/keys/key-file.ts';
import { localKeys } from '../../../node/keys/local-keys.ts';
import { Secret } from '../../../node/keys/secret.ts';
import { domain } from '../authorised.ts';
import { PaperCouncil } from '../paper-council.ts';
import { PaperGrants } from '../paper-grants.ts';
import { MemoryMembers } from './memory-members.ts';
import { SealedNode } from './sealed-node.ts';

const BASE_URL = 'http://gateway.test';
/** Contract of the domain of key rotations. */
export const MEMBERSHIP: Hex = `0x${'33'.repeat(20)}`;
const PASSPHRASE = 'a passphrase of the tests';

export interface CliRun {
  code: number;
  out: string[];
  said: string[];
}

export interface CliGateway {
  /** With a threshold of 2. */
  council: PaperCouncil;
  member: MemberId;
  members: MemoryMembers;
  node: SealedNode;
  /** A folder of its own. */
  folder: string;
  profile: string;
  /** Runs a command in a member's name. */
  xinlian(...args: string[]): Promise<CliRun>;
  /** As `xinlian`, with parts of the terminal replaced. */
  xinlianWith(terminal: Partial<Terminal>, ...args: string[]): Promise<CliRun>;
  stop(): Promise<void>;
}

export async function startCliGateway(): Promise<CliGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'xinlian-cli-'));
  const keyFile = join(folder, 'keys.json');
  const passphrase = new Secret(PASSPHRASE);
  const publicKeys = await createKeyFile(keyFile, passphrase, { scryptN: 1024 });
  const members = new MemoryMembers();
  const { member } = members.add('a', ['source']);
  member.keys.client = [{ key: publicKeys.client, since: 1 }];
  const node = new SealedNode(
    member.id,
    localKeys(await openKeyFile(keyFile, passphrase), () => {}),
  );
  const council = new PaperCouncil(2);
  const app = await buildApp(
    {
      members,
      logs: { get: () => undefined, list: () => [] },
      grants: new PaperGrants(0),
      chain: { head: () => undefined, final: () => -1 },
      nodes: node,
      council: councilOf(council),
      recognition: { agreements: () => [], cases: () => [] },
      verifier: { verify: () => ({ ok: false, pending: false, checks: [], trusted: [] }) },
      clock: Date,
    },
    {
      ...DEFAULTS,
      baseUrl: BASE_URL,
      ownMembers: [],
      grantDomain: domain,
      membership: MEMBERSHIP,
      tokenKey: new Uint8Array(32).fill(7),
      logger: createLogger('gateway', 'silent', new PassThrough()),
    },
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const passphraseFile = join(folder, 'passphrase');
  await writeFile(passphraseFile, `${PASSPHRASE}\n`);
  const profile = join(folder, 'profile.yaml');
  await writeFile(
    profile,
    stringify({ gateway: BASE_URL, member: member.id, keys: 'keys.json', passphraseFile: 'passphrase' }),
  );

  const xinlianWith = async (replaced: Partial<Terminal>, ...args: string[]): Promise<CliRun> => {
    const out: string[] = [];
    const said: string[] = [];
    const code = await run(args, {
      env: { XINLIAN_PROFILE: profile },
      out: (text) => out.push(...text.split('\n')),
      say: (text) => said.push(...text.split('\n')),
      stderr: new PassThrough(),
      ask: undefined,
      prompt: undefined,
      fetch: (url, init) => fetch((url as string).replace(BASE_URL, address), init),
      wait: async () => {},
      signal: new AbortController().signal,
      ...replaced,
    });
    return { code, out, said };
  };
  return {
    council,
    member: member.id,
    members,
    node,
    folder,
    profile,
    xinlianWith,
    xinlian: (...args) => xinlianWith({}, ...args),
    stop: async () => {
      const closed = app.close();
      // A call that was given up may have left a connection without a request: the server would wait a minute for one.
      app.server.closeAllConnections();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
