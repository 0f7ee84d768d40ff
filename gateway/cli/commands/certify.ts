import { readFile, writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { malformed } from '../../../node/core/errors.ts';
import { CONSENT_LEVELS, Evidence, type ConsentLevel } from '../../../node/core/subject-certificate.ts';
import { codec } from '../../../node/core/messages/codec.ts';
import { STANDING_CHANGES, type Certification, type StandingChange } from '../../../node/core/messages/identity.ts';
import { parseUscc } from '../../../node/core/uscc.ts';
import { addMemberFlags, openSealedClient, type ConnectionFlags } from '../connection.ts';
import type { Terminal } from '../terminal.ts';

interface Flags extends ConnectionFlags {
  uscc: string;
  name: string;
  capacity: Certification['capacity'];
  level: ConsentLevel;
  days: string;
  grant?: string;
  evidence?: string;
  out?: string;
}

export function addCertify(program: Command, terminal: Terminal): void {
  const command = program
    .command('certify')
    .summary('certify whose key it is, as a member that identifies enterprises 为企业密钥签发身份证明')
    .description(
      'Signs a certificate that a key is an enterprise’s, once your body has identified it, and logs it.\n' +
        '在本单位核实企业身份之后,为其密钥签发身份证明并记入日志。',
    )
    .argument('<public>', 'public keys of the enterprise: what `xinlian keys new` printed')
    .requiredOption('--uscc <code>', 'USCC of the enterprise')
    .requiredOption('--name <name>', 'its name')
    .addOption(
      new Option('--capacity <capacity>', 'in what capacity the holder of the key acts')
        .choices(['legal-representative', 'agent', 'bankruptcy-administrator', 'custodian'])
        .default('legal-representative'),
    )
    .addOption(
      new Option('--level <level>', 'A own key, B electronic licence or seal, C sealed paper')
        .choices([...CONSENT_LEVELS])
        .default('A'),
    )
    .option('--days <days>', 'how long it is valid', '365')
    .option('--grant <digest>', 'levels B and C: digest of the one artefact that the key may sign')
    .option(
      '--evidence <file>',
      'levels B and C, and a bankruptcy administrator’s: JSON with kind, digest, and provider or officer',
    )
    .option('--out <file>', 'default: standard output');
  addMemberFlags(command).action((file: string, flags: Flags) => certify(file, flags, terminal));

  addStanding(program, terminal);
  const revoke = program
    .command('revoke-certificate')
    .summary('take a certificate back 撤销企业身份证明')
    .description('Grants that its key signed are refused from then on.\n此后以该密钥签署的授权一律不再有效。')
    .argument('<jti>', 'id of the certificate');
  addMemberFlags(revoke).action(async (jti: string, flags: ConnectionFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    await sealed.revokeCertificate(jti, terminal.signal);
    terminal.say(`certificate ${jti} was taken back`);
  });
}

interface StandingFlags extends ConnectionFlags {
  uscc: string;
  change: StandingChange;
  evidence: string;
}

function addStanding(program: Command, terminal: Terminal): void {
  const command = program
    .command('standing')
    .summary('note who speaks for an enterprise from now on 登记企业代表权变更')
    .description(
      'Another legal representative, a bankruptcy, a dissolution: certificates are taken back, and the rules of grants say ' +
        'what becomes of grants and who may be certified.\n撤销相应身份证明;已有授权依规则延续或终止。',
    )
    .requiredOption('--uscc <code>', 'USCC of the enterprise')
    .addOption(new Option('--change <change>', 'what happened').choices([...STANDING_CHANGES]).makeOptionMandatory())
    .requiredOption('--evidence <file>', 'JSON with kind (registry-notice, court-decision) and digest');
  addMemberFlags(command).action(async (flags: StandingFlags) => {
    const { sealed } = await openSealedClient(flags, terminal);
    const note = { sub: parseUscc(flags.uscc), change: flags.change, evidence: await readEvidence(flags.evidence) };
    const noted = await sealed.noteStanding(note, terminal.signal);
    const { revoked, grants, capacities } = noted;
    const next = capacities.length > 0 ? capacities.join(' or ') : 'nobody';
    terminal.say(
      `${revoked.length} certificates were taken back; their grants ${grants === 'pass' ? 'live on' : 'end'}; to be certified now: ${next}`,
    );
    terminal.out(JSON.stringify(noted));
  });
}

async function certify(file: string, flags: Flags, terminal: Terminal): Promise<void> {
  const { transaction, sealing } = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  if (typeof transaction !== 'string') malformed(file, 'public keys with `transaction`', typeof transaction);
  const { sealed } = await openSealedClient(flags, terminal);
  const evidence = flags.evidence === undefined ? undefined : await readEvidence(flags.evidence);
  const days = Number(flags.days);
  if (!Number.isInteger(days)) malformed('--days', 'a whole number', flags.days);
  const issued = await sealed.certify({
    sub: parseUscc(flags.uscc),
    name: flags.name,
    capacity: flags.capacity,
    level: flags.level,
    key: transaction.toLowerCase(),
    ...(typeof sealing === 'string' && { seal: sealing }),
    ...(flags.grant !== undefined && { grant: flags.grant }),
    ...(evidence && { evidence }),
    days,
  });
  terminal.say(`certificate ${issued.jti} of ${flags.name}, level ${flags.level}, ${days} days`);
  if (flags.out === undefined) terminal.out(issued.certificate);
  else await writeFile(flags.out, `${issued.certificate}\n`);
}

async function readEvidence(file: string): Promise<Evidence> {
  return codec('evidence', Evidence).decode(await readFile(file));
}
