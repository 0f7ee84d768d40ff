import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Hex } from '../../../node/core/bytes.ts';
import { parseCosignerKey } from '../../../node/core/cosignature.ts';
import { malformed } from '../../../node/core/errors.ts';
import { parseVerifierKey } from '../../../node/core/note.ts';
import type { LinkCheck } from '../../../node/core/proof-links.ts';
import { isTlogProof } from '../../../node/core/tlog-proof.ts';
import {
  verifyBundle,
  type ProofState,
  type Verification,
  type VerificationContext,
} from '../../../node/core/verify-bundle.ts';
import { verifyTlogProof } from '../../../node/core/verify-tlog-proof.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { createClient } from '../../client.ts';
import { sealersIn, wholeNumber } from '../audit/options.ts';
import { chainAsToldBy, keysAsToldBy } from '../told-chain.ts';
import type { Terminal } from '../terminal.ts';

interface Flags {
  key?: string[];
  witness?: string[];
  quorum?: string;
  json?: boolean;
  blockHash?: string;
  consensus?: string;
  sealers?: string[];
  gateway?: string;
  anchored?: boolean;
}

export function addVerify(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command('verify')
    .summary('check a proof bundle, offline 离线核验证明文件')
    .description(
      'Checks every link from the fields to the block that anchors them, and says what had to be trusted. Nothing is ' +
        'asked of anybody, but with --gateway.\n离线核验:从字段到上链区块逐环检查,并列明仍需信任之处。',
    )
    .argument('<bundle>', 'file that xinlian bundle or receipt wrote: a bundle, or a C2SP tlog-proof')
    .option('--block-hash <hash>', 'hash of the anchoring block, as you know it to be part of the chain')
    .option(
      '--consensus <kind>',
      'clique or qbft: verify the seals of the block, and of those behind it, with --sealers',
    )
    .option('--sealers <addresses...>', 'who could seal the anchoring block')
    .option('--gateway <url>', 'take key, owner of the log and last block from this gateway')
    .option('--key <keys...>', 'of a tlog-proof: verifier keys of the log (name+hash+key)')
    .option('--witness <keys...>', 'of a tlog-proof: verifier keys of witnesses')
    .option('--quorum <count>', 'of a tlog-proof: how many witnesses must have cosigned', '0')
    .option('--anchored', 'fail where the record is not on the chain yet')
    .option('--json', 'one line of JSON')
    .addHelpText('after', '\nExit code: 0 every link holds; 1 one is broken, and named.')
    .action(async (file: string, flags: Flags) => {
      const text = await readFile(file, 'utf8');
      if (isTlogProof(text)) return exit(await verifyText(text, flags, terminal));
      const verification = await verify(text, flags, terminal);
      const ok = verification.ok && !(flags.anchored === true && verification.pending);
      for (const line of flags.json ? [toJson(ok, verification)] : describe(ok, verification)) terminal.out(line);
      return exit(ok ? 0 : 1);
    });
}

/** A tlog-proof says nothing of the chain: the keys are given, or a gateway is asked for them. @returns exit code */
async function verifyText(text: string, flags: Flags, terminal: Terminal): Promise<number> {
  const names = (item: string, edition: string) => builtInCatalogue.names(item, edition);
  const given = (flags.key ?? []).map((key) => parseVerifierKey(key));
  const told =
    flags.gateway === undefined
      ? { logKeys: () => given.map(({ publicKey }) => publicKey), witnesses: [] }
      : await keysAsToldBy(createClient({ baseUrl: flags.gateway, fetch: terminal.fetch }), text);
  const witnesses = [...told.witnesses, ...(flags.witness ?? []).map((key) => parseCosignerKey(key))];
  const quorum = wholeNumber('--quorum', flags.quorum ?? '0', 0);
  const verification = verifyTlogProof(text, { names, logKeys: told.logKeys, witnesses, quorum });
  const { checks, trusted, record, access, checkpoint } = verification;
  const ok = verification.ok && flags.anchored !== true;
  const by = verification.witnesses ?? [];
  if (flags.json) {
    const shown = { ...(record && { record: { ...record, claims: Object.fromEntries(record.claims) } }), access };
    const under = checkpoint && { log: checkpoint.origin.log, size: checkpoint.size };
    terminal.out(JSON.stringify({ ok, checks, trusted, ...shown, ...under, witnesses: by }));
  } else {
    const verdict = ok ? 'holds 证明成立' : verification.ok ? NOT_ANCHORED : brokenText(checks);
    const lines = [...linesOf(checks), ...contentLines(verification), ...by.map((name) => `cosigned by ${name}`)];
    for (const line of [...lines, ...trusted.map((what) => `trusted: ${what}`), verdict]) terminal.out(line);
  }
  return ok ? 0 : 1;
}

async function verify(text: string, flags: Flags, { fetch }: Terminal): Promise<Verification> {
  const { blockHash, gateway } = flags;
  const sealed = sealersIn(flags);
  const alone: VerificationContext = {
    names: (item, edition) => builtInCatalogue.names(item, edition),
    ...(blockHash !== undefined && { trustedBlock: parseBlockHash(blockHash) }),
    ...(sealed && { consensus: (block: number) => ({ ...sealed, block }) }),
  };
  const first = verifyBundle(text, alone);
  if (gateway === undefined || !first.ok || !first.checkpoint) return first;
  // What the gateway is asked for is read from a bundle that holds by itself.
  const told = await chainAsToldBy(createClient({ baseUrl: gateway, fetch }), first.checkpoint, first.anchor);
  const verification = verifyBundle(text, { ...told, ...alone });
  return { ...verification, trusted: [...verification.trusted, `what ${gateway} says of members, logs and blocks`] };
}

function parseBlockHash(text: string): Hex {
  const hash = text.toLowerCase();
  return /^0x[0-9a-f]{64}$/.test(hash) ? (hash as Hex) : malformed('--block-hash', '0x and 64 hex digits', text);
}

const NOT_ANCHORED = 'NOT ANCHORED, as --anchored wants it 尚未上链';

const VERDICTS: Record<ProofState, string> = {
  pending: 'holds, but is not anchored: it is the signed word of the agency alone 成立,但尚未上链',
  anchored: 'holds, and is anchored in a block that you have to know to be part of the chain 证明成立',
  final: 'holds, anchored in a block of the chain 证明成立',
};

function describe(ok: boolean, verification: Verification): string[] {
  const { checks, trusted, anchor, state } = verification;
  return [
    ...linesOf(checks),
    ...contentLines(verification),
    ...(anchor ? [`anchored in block ${anchor.number}, ${anchor.hash}`] : []),
    ...trusted.map((what) => `trusted: ${what}`),
    state ? (ok ? VERDICTS[state] : NOT_ANCHORED) : brokenText(checks),
  ];
}

function linesOf(checks: readonly LinkCheck[]): string[] {
  const width = Math.max(...checks.map(({ link }) => link.length));
  return checks.map(({ link, ok, detail }) => `${ok ? '✓' : '✗'} ${link.padEnd(width)}  ${detail}`);
}

function contentLines({ record, access }: Pick<Verification, 'record' | 'access'>): string[] {
  if (access) {
    const { opening, position, status } = access;
    const { type: _, ...told } = opening;
    return [
      `access: position ${position}, ${status}`,
      ...Object.entries(told).map(
        ([name, value]) => `  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
      ),
    ];
  }
  if (!record) return [];
  return [
    `record: ${record.item}, ${record.edition}, position ${record.position}, ${record.status}`,
    ...[...record.claims].map(([name, value]) => `  ${name}: ${value === null ? '(none)' : String(value)}`),
    ...(record.undisclosed.length > 0 ? [`  not shown: ${record.undisclosed.length} fields`] : []),
  ];
}

function brokenText(checks: readonly LinkCheck[]): string {
  const link = checks.find(({ ok }) => !ok)?.link ?? 'format';
  return `BROKEN at ${link} 证明不成立,断于 ${link}`;
}

function toJson(
  ok: boolean,
  { pending, checks, trusted, state, record, access, checkpoint, anchor }: Verification,
): string {
  return JSON.stringify({
    ok,
    pending,
    checks,
    trusted,
    ...(state && { state }),
    ...(record && { record: { ...record, claims: Object.fromEntries(record.claims) } }),
    ...(access && { access }),
    ...(checkpoint && { log: checkpoint.origin.log, size: checkpoint.size, member: checkpoint.member }),
    ...(anchor && { block: { number: anchor.number, hash: anchor.hash, confirmed: anchor.confirmed } }),
  });
}
