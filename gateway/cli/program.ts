// The commands, and what becomes of their errors.
import { CommanderError } from 'commander';
import { VERSION } from '../../node/version.ts';
import { IdCommand } from './command.ts';
import { addAttachment } from './commands/attachment.ts';
import { addArchive } from './commands/archive.ts';
import { addAudit } from './commands/audit.ts';
import { addBundle } from './commands/bundle.ts';
import { addCertify } from './commands/certify.ts';
import { addCouncil } from './commands/council.ts';
import { addErrors } from './commands/errors.ts';
import { addGrant } from './commands/grant.ts';
import { addJob } from './commands/job.ts';
import { addKeys } from './commands/keys.ts';
import { addLife } from './commands/life.ts';
import { addLicence } from './commands/licence.ts';
import { addLogs } from './commands/logs.ts';
import { addMember } from './commands/member.ts';
import { addMembers } from './commands/members.ts';
import { addOwn } from './commands/own.ts';
import { addPolicy } from './commands/policy.ts';
import { addPublish } from './commands/publish.ts';
import { addQuery } from './commands/query.ts';
import { addReceipt } from './commands/receipt.ts';
import { addReceipts } from './commands/receipts.ts';
import { addRecords } from './commands/records.ts';
import { addReconcile } from './commands/reconcile.ts';
import { addRecognition } from './commands/recognition.ts';
import { addRecord } from './commands/record.ts';
import { addReport } from './commands/report.ts';
import { addShare } from './commands/share.ts';
import { addVerify } from './commands/verify.ts';
import { addWatch } from './commands/watch.ts';
import { addWebhook } from './commands/webhook.ts';
import { addWhitelist } from './commands/whitelist.ts';
import { explain } from './explain.ts';
import type { Terminal } from './terminal.ts';

/** Runs a command. @returns its exit code: 0, 1 for a failure, or what the command says of its own */
export async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  let code = 0;
  const exit = (own: number): void => {
    code = own;
  };
  const program = new IdCommand('xinlian')
    .description('Publish, prove and check enterprise credit records.\n企业公共信用信息:发布、证明与核验。')
    .version(VERSION)
    .option('--verbose', 'show where an error came from')
    .showHelpAfterError('(--help tells more)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    });
  for (const add of [
    addPublish,
    addRecord,
    addReceipt,
    addReceipts,
    addRecords,
    addBundle,
    addVerify,
    addCertify,
    addGrant,
    addLicence,
    addQuery,
    addShare,
    addReport,
    addRecognition,
    addJob,
    addAttachment,
    addReconcile,
    addWatch,
    addWebhook,
    addWhitelist,
    addMembers,
    addMember,
    addCouncil,
    addLogs,
    addAudit,
    addArchive,
    addPolicy,
    addLife,
    addOwn,
    addKeys,
    addErrors,
  ]) {
    add(program, terminal, exit);
  }
  for (const command of program.commands)
    command.option('--verbose', 'show where an error came from').copyInheritedSettings(program);
  try {
    await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    // commander has told its own already: usage, help, version.
    if (error instanceof CommanderError) return error.exitCode;
    const [first = '', ...others] = explain(error);
    terminal.say(`xinlian: ${first}`);
    for (const line of others) terminal.say(line);
    if (args.includes('--verbose') && error instanceof Error) terminal.say(error.stack ?? error.message);
    return code === 0 ? 1 : code;
  }
}
