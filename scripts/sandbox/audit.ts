// The end of the sandbox's run: two auditors that know nothing of each other say the same.
import { auditFile } from './configs.ts';
import { xinlian } from './xinlian.ts';

export interface AuditOutcome {
  /** Whether both were clean and complete, and gave one digest. */
  ok: boolean;
  digest: string;
  anomalies: number;
}

interface Told {
  ok: boolean;
  digest: string;
  block: { number: number };
  anomalies: unknown[];
}

/** Audits everything up to the last final block, twice, each time in a process of its own. */
export async function auditTwice(data: string, say: (text: string) => void): Promise<AuditOutcome> {
  const flags = ['audit', '--contracts', auditFile(data), '--json'];
  say('an auditor replays the chain and every log');
  const first = await audit(flags);
  say('another one does the same');
  const second = await audit([...flags, '--block', String(first.block.number)]);
  const ok = first.ok && second.ok && first.digest === second.digest;
  say(
    `block ${first.block.number}: ${ok ? 'clean, both with digest' : 'NOT clean, or another digest:'} ${first.digest}`,
  );
  return { ok, digest: first.digest, anomalies: first.anomalies.length + second.anomalies.length };
}

async function audit(flags: readonly string[]): Promise<Told> {
  const { out } = await xinlian(flags, [0, 1, 2]);
  return JSON.parse(out) as Told;
}
