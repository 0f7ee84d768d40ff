// In whose name a command calls, and over which gateway: flags, environment, profile.
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { Type, type Static } from 'typebox';
import { malformed } from '../../node/core/errors.ts';
import { memberIdOf, parseMemberId, type MemberId } from '../../node/core/ids.ts';
import { parseCertificate } from '../../node/core/subject-certificate.ts';
import type { TypedDataDomain } from '../../node/core/typed-data.ts';
import { parseUscc } from '../../node/core/uscc.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { openKeyFile } from '../../node/keys/key-file.ts';
import { localKeys } from '../../node/keys/local-keys.ts';
import { openKeys } from '../../node/keys/open-keys.ts';
import type { MemberKeys } from '../../node/keys/provider.ts';
import { Secret } from '../../node/keys/secret.ts';
import { readSettings } from '../../node/settings.ts';
import { createClient, type Client } from '../client.ts';
import { connectEnterprise, grantDomain } from '../client/connect-enterprise.ts';
import type { Enterprise } from '../client/enterprise.ts';
import { Grantee } from '../client/grantee.ts';
import { SealedClient } from '../client/sealed.ts';
import { explain } from './explain.ts';
import type { Terminal } from './terminal.ts';

const Profile = Type.Object(
  {
    gateway: Type.Optional(Type.String({ pattern: '^https?://', description: 'Any gateway of the consortium' })),
    member: Type.Optional(Type.String({ description: 'Member id or USCC' })),
    keys: Type.Optional(Type.String({ description: 'Key file of the member' })),
    passphraseFile: Type.Optional(Type.String()),
    signer: Type.Optional(
      Type.String({ description: "Remote signer of an enterprise's keys, in place of its key file" }),
    ),
    signerTokenFile: Type.Optional(Type.String({ description: 'File with the bearer token of that signer' })),
  },
  { additionalProperties: false },
);
type Profile = Static<typeof Profile>;

/** As commander gives them. */
export interface ConnectionFlags {
  profile?: string;
  gateway?: string;
  home?: string;
  keys?: string;
  passphraseFile?: string;
  signer?: string;
  signerTokenFile?: string;
}

export function addGatewayFlags(command: Command): Command {
  return command
    .option('--gateway <url>', 'gateway to call (XINLIAN_GATEWAY)')
    .option('--profile <file>', 'YAML file with gateway, member, keys, passphraseFile (XINLIAN_PROFILE)');
}

export function addMemberFlags(command: Command): Command {
  return addPassphraseFlag(
    addGatewayFlags(command)
      .option('--home <member>', 'member id or USCC of your own body (XINLIAN_HOME_MEMBER)')
      .option('--keys <file>', 'key file of that member (XINLIAN_KEYS)'),
  );
}

export function addPassphraseFlag(command: Command): Command {
  return command.option(
    '--passphrase-file <file>',
    'file with the passphrase of the keys; else XINLIAN_PASSPHRASE, else you are asked',
  );
}

/** A client without a name: for what is open to everyone. Throws `MALFORMED`, `CONFIG_INVALID`. */
export function openClient(flags: ConnectionFlags, { env, fetch }: Terminal): Client {
  return createClient({ baseUrl: settingsOf(flags, env).gateway, fetch });
}

/** The address of the gateway. Throws `MALFORMED`, `CONFIG_INVALID`. */
export function gatewayOf(flags: ConnectionFlags, env: Terminal['env']): string {
  return settingsOf(flags, env).gateway.replace(/\/+$/, '');
}

/**
 * A client of the member's home node. The node's sealing key is that of the member's own key file, never the gateway's
 * word.
 * @param patienceMs how long a call goes on trying where gateway or node are away
 * @throws MALFORMED, CONFIG_INVALID, KEY_UNAVAILABLE
 */
export async function openSealedClient(
  flags: ConnectionFlags,
  terminal: Terminal,
  patienceMs?: number,
): Promise<{ member: MemberId; sealed: SealedClient }> {
  const { id, sealed } = await openMember(flags, terminal, patienceMs);
  return { member: id, sealed };
}

/** A member in whose name a command calls. */
export interface Member {
  id: MemberId;
  client: Client;
  keys: MemberKeys;
  sealed: SealedClient;
}

/** Throws `MALFORMED`, `CONFIG_INVALID`, `KEY_UNAVAILABLE`. */
export async function openMember(flags: ConnectionFlags, terminal: Terminal, patienceMs?: number): Promise<Member> {
  const { gateway, home, keys: file, passphraseFile } = settingsOf(flags, terminal.env);
  const member = memberOf(home);
  if (file === undefined) malformed('--keys', 'the key file of the member', 'nothing');
  const passphrase = await readPassphrase(passphraseFile, terminal);
  const keys = localKeys(await openKeyFile(file, passphrase), () => {});
  const sign = (message: Uint8Array) => keys.client.sign(message);
  const client = createClient({ baseUrl: gateway, credentials: { member, sign }, fetch: terminal.fetch });
  const sealed = new SealedClient(
    { member, sealingKey: keys.sealing.publicKey, ...(patienceMs !== undefined && { patienceMs }) },
    {
      client,
      signer: keys.client,
      clock: Date,
      wait: terminal.wait,
      onRetry: (error, waitMs) => {
        const [first = ''] = explain(error);
        terminal.say(`${first}; trying again in ${(waitMs / 1000).toFixed(1)} s`);
      },
    },
  );
  return { id: member, client, keys, sealed };
}

/** Keys of another file, under the passphrase of the member's own. @throws as `openMember` */
export async function openOtherKeys(file: string, flags: ConnectionFlags, terminal: Terminal): Promise<MemberKeys> {
  const { passphraseFile } = settingsOf(flags, terminal.env);
  return localKeys(await openKeyFile(file, await readPassphrase(passphraseFile, terminal)), () => {});
}

/**
 * A bank's application: checks, asks, opens. @throws as `openSealedClient`
 */
export async function openGrantee(
  flags: ConnectionFlags & { relay?: boolean },
  terminal: Terminal,
): Promise<Member & { grantee: Grantee }> {
  const member = await openMember(flags, terminal);
  const { id, client, keys, sealed } = member;
  const consuming = flags.relay === true && { account: keys.transaction, domain: await grantDomain(client) };
  const grantee = new Grantee(
    { member: id, sealingKey: keys.sealing.publicKey },
    {
      client,
      signer: keys.client,
      ...(consuming && { consuming }),
      view: (members) => sealed.view(members),
      names: (item, edition) => builtInCatalogue.names(item, edition),
      clock: Date,
    },
  );
  return { ...member, grantee };
}

/**
 * An enterprise's program: its key file, and the certificate that names the key in it.
 * @throws MALFORMED, CONFIG_INVALID, KEY_UNAVAILABLE
 */
export async function openEnterprise(
  flags: ConnectionFlags & { certificate: string },
  terminal: Terminal,
): Promise<{ enterprise: Enterprise; client: Client; keys: MemberKeys; certificate: string; domain: TypedDataDomain }> {
  const settings = settingsOf(flags, terminal.env);
  const { gateway } = settings;
  const certificate = (await readFile(flags.certificate, 'utf8')).trim();
  const keys = await enterpriseKeys(settings, parseCertificate(certificate).certificate.sub, terminal);
  const client = createClient({ baseUrl: gateway, fetch: terminal.fetch });
  const domain = await grantDomain(client);
  const own = { signer: keys.transaction, sealing: keys.sealing, certificate, domain };
  const enterprise = connectEnterprise(client, own);
  return { enterprise, client, keys, certificate, domain };
}

/** @param subject USCC: a remote signer knows the keys of an enterprise by the id that a member of this code would have */
async function enterpriseKeys(
  { keys: file, passphraseFile, signer, signerTokenFile }: Settings,
  subject: string,
  terminal: Terminal,
): Promise<MemberKeys> {
  if (signer !== undefined) {
    if (signerTokenFile === undefined)
      malformed('--signer-token-file', 'the file with the token of the signer', 'nothing');
    const provider = await openKeys({ kind: 'remote', url: signer, tokenFile: signerTokenFile });
    return provider.open(memberIdOf(parseUscc(subject)));
  }
  if (file === undefined) malformed('--keys', 'the key file of the enterprise, or --signer', 'nothing');
  return localKeys(await openKeyFile(file, await readPassphrase(passphraseFile, terminal)), () => {});
}

/** From a file, XINLIAN_PASSPHRASE, or whoever sits at the terminal. Throws `MALFORMED` where there is none. */
export async function readPassphrase(file: string | undefined, { env, ask }: Terminal): Promise<Secret> {
  if (file !== undefined) return new Secret((await readFile(file, 'utf8')).replace(/\r?\n$/, ''));
  const given = env['XINLIAN_PASSPHRASE'];
  if (given !== undefined) return new Secret(given);
  if (!ask) return malformed('passphrase', '--passphrase-file, XINLIAN_PASSPHRASE or a terminal to ask at', 'none');
  return new Secret(await ask('Passphrase of the keys: '));
}

interface Settings {
  gateway: string;
  home: string | undefined;
  keys: string | undefined;
  passphraseFile: string | undefined;
  signer: string | undefined;
  signerTokenFile: string | undefined;
}

/** A flag goes above all; a profile that was named by a flag above the environment, and that above any other. */
function settingsOf(flags: ConnectionFlags, env: Terminal['env']): Settings {
  const profile = readProfile(flags.profile ?? env['XINLIAN_PROFILE']);
  const named = flags.profile === undefined ? {} : profile;
  const gateway = flags.gateway ?? named.gateway ?? env['XINLIAN_GATEWAY'] ?? profile.gateway;
  if (gateway === undefined || !/^https?:\/\//.test(gateway)) {
    return malformed('--gateway', 'an address: http://… or https://…', gateway ?? 'nothing');
  }
  return {
    gateway,
    home: flags.home ?? named.member ?? env['XINLIAN_HOME_MEMBER'] ?? profile.member,
    keys: flags.keys ?? named.keys ?? env['XINLIAN_KEYS'] ?? profile.keys,
    passphraseFile:
      flags.passphraseFile ?? (env['XINLIAN_PASSPHRASE'] === undefined ? profile.passphraseFile : named.passphraseFile),
    // Keys that a flag names go above a signer that only the profile does.
    signer:
      flags.signer ??
      (flags.keys === undefined ? (named.signer ?? env['XINLIAN_SIGNER'] ?? profile.signer) : undefined),
    signerTokenFile:
      flags.signerTokenFile ?? named.signerTokenFile ?? env['XINLIAN_SIGNER_TOKEN_FILE'] ?? profile.signerTokenFile,
  };
}

/** Where what was decided of a source's headings is kept: beside its profile. */
export function headingsFile({ profile }: ConnectionFlags, { env }: Terminal): string | undefined {
  const file = profile ?? env['XINLIAN_PROFILE'];
  return file?.replace(/\.ya?ml$/, '').concat('.columns.json');
}

/** Paths in it are relative to it. */
function readProfile(file: string | undefined): Profile {
  if (file === undefined) return {};
  const profile = readSettings(Profile, { file, prefix: 'XINLIAN', environment: {} });
  const near = (path: string): string => resolve(dirname(file), path);
  return {
    ...profile,
    ...(profile.keys !== undefined && { keys: near(profile.keys) }),
    ...(profile.passphraseFile !== undefined && { passphraseFile: near(profile.passphraseFile) }),
    ...(profile.signerTokenFile !== undefined && { signerTokenFile: near(profile.signerTokenFile) }),
  };
}

/** A member id, from itself or a USCC. Throws `MALFORMED`. */
export function memberOf(text: string | undefined): MemberId {
  if (text === undefined) return malformed('--home', 'a member id (0x…) or the USCC of the member', 'nothing');
  return text.startsWith('0x') ? parseMemberId(text) : memberIdOf(parseUscc(text));
}
