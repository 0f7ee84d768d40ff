import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { Hex } from '../../../node/core/bytes.ts';
import { malformed } from '../../../node/core/errors.ts';
import { verifyBundle, type Verification, type VerificationContext } from '../../../node/core/verify-bundle.ts';
import { builtInCatalogue } from '../../../node/policy/pack.ts';
import { createClient } from '../../client.ts';
import { chainAsToldBy } from '../told-chain.ts';
import type { Terminal } from '../terminal.ts';

interface Flags {
  json?: boolean;
  blockHash?: string;
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
    .argument('<bundle>', 'file that xinlian bundle or receipt wrote')
    .option('--block-hash <hash>', 'hash of the anchoring block, as you know it to be part of the chain')
    .option('--gateway <url>', 'take key, owner of the log and last block from this gateway')
    .option('--anchored', 'fail where the record is not on the chain yet')
    .option('--json', 'one line of JSON')
    .addHelpText('after', '\nExit code: 0 every link holds; 1 one is broken, and named.')
    .action(async (file: string, flags: Flags) => {
      const text = await readFile(file, 'utf8');
      const verification = await verify(text, flags, terminal);
      const ok = verification.ok && !(flags.anchored === true && verification.pending);
      for (const line of flags.json ? [toJson(ok, verification)] : describe(ok, verification)) terminal.out(line);
      exit(ok ? 0 : 1);
    });
}

async function verify(text: string, { blockHash, gateway }: Flags, { fetch }: Terminal): Promise<Verification> {
  const alone: VerificationContext = {
    names: (item, edition) => builtInCatalogue.names(item, edition),
    ...(blockHash !== undefined && { trustedBlock: parseBlockHash(blockHash) }),
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

function describe(ok: boolean, { checks, trusted, pending, record, anchor }: Verification): string[] {
  const width = Math.max(...checks.map(({ link }) => link.length));
  const verdict = pending
    ? 'holds, but is not anchored: it is the signed word of the agency alone 成立,但尚未上链'
    : 'holds 证明成立';
  const broken = checks.find(({ ok }) => !ok);
  return [
    ...checks.map(({ link, ok, detail }) => `${ok ? '✓' : '✗'} ${link.padEnd(width)}  ${detail}`),
    ...(record
      ? [
          `record: ${record.item}, ${record.edition}, position ${record.position}, ${record.status}`,
          ...[...record.claims].map(([name, value]) => `  ${name}: ${value === null ? '(none)' : String(value)}`),
          ...(record.undisclosed.length > 0 ? [`  not shown: ${record.undisclosed.length} fields`] : []),
        ]
      : []),
    ...(anchor ? [`anchored in block ${anchor.number}, ${anchor.hash}`] : []),
    ...trusted.map((what) => `trusted: ${what}`),
    broken
      ? `BROKEN at ${broken.link} 证明不成立,断于 ${broken.link}`
      : ok
        ? verdict
        : 'NOT ANCHORED, as --anchored wants it 尚未上链',
  ];
}

function toJson(ok: boolean, { pending, checks, trusted, record, checkpoint, anchor }: Verification): string {
  return JSON.stringify({
    ok,
    pending,
    checks,
    trusted,
    ...(record && { record: { ...record, claims: Object.fromEntries(record.claims) } }),
    ...(checkpoint && { log: checkpoint.origin.log, size: checkpoint.size, member: checkpoint.member }),
    ...(anchor && { block: { number: anchor.number, hash: anchor.hash, confirmed: anchor.confirmed } }),
  });
}
