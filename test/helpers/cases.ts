// What decides objections and repairs, over an agency's part of a node in memory.
import { ed25519 } from '@noble/curves/ed25519.js';
import { toBase64Url } from '../../node/core/bytes.ts';
import { signMemberAct, type CaseAct } from '../../node/core/case-act.ts';
import { decodeEntry, type Entry } from '../../node/core/entry.ts';
import type { RecordId } from '../../node/core/ids.ts';
import type { CaseView } from '../../node/core/messages/case.ts';
import { CaseDesk } from '../../node/exchange/case-desk.ts';
import { CaseFiles, type CaseMember } from '../../node/exchange/case-files.ts';
import { SubjectRecords } from '../../node/exchange/subject-records.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import { builtInPolicies } from '../../node/policy/rules.ts';
import { LevelAccessStore } from '../../node/store/access-store.ts';
import { LevelCaseStore } from '../../node/store/case-store.ts';
import type { Batch } from '../../node/store/store.ts';
import { SIGNER, type Agency } from './agency.ts';
import { MEMBER } from './bundle.ts';

const client = ed25519.keygen();

/** A document of the rules, for an application. */
export const materials = [
  { code: 'performance-proof', digest: toBase64Url(new Uint8Array(32).fill(1)) },
  { code: 'commitment', digest: toBase64Url(new Uint8Array(32).fill(2)) },
];

export function newCaseId(): string {
  const id = crypto.getRandomValues(new Uint8Array(16));
  return toBase64Url(id);
}

export function openCases(agency: Agency) {
  const { store, logs, recordStore: records, commits, clock, log, vault } = agency;
  const shared = { policies: builtInPolicies, clock };
  const files = new CaseFiles<Batch>({ ...shared, store: new LevelCaseStore(store), logs });
  const opened = new SubjectRecords<Batch>({ ...shared, records, catalogue: builtInCatalogue });
  const view = { currentKey: () => client.publicKey };
  const desk = new CaseDesk<Batch>({
    ...shared,
    files,
    opened,
    access: new LevelAccessStore(store),
    commits,
    changes: agency.changes,
    view,
  });
  const member: CaseMember<Batch> = { id: MEMBER, region: '320904', log, vault, key: { publicKey: SIGNER } };
  const now = () => Math.floor(clock.now() / 1000);
  return {
    files,
    opened,
    desk,
    member,
    /** An act of the agency, signed as it signs. */
    agency: async (act: CaseAct, change: { iss?: string; iat?: number } = {}): Promise<CaseView> => {
      const signer = { sign: (message: Uint8Array) => ed25519.sign(message, client.secretKey) };
      return desk.actAsAgency(member, await signMemberAct({ iss: MEMBER, iat: now(), act, ...change }, signer));
    },
    subject: (uscc: string, act: CaseAct): Promise<CaseView> => desk.actAsSubject(member, uscc, act, 'signed call'),
    /** Publishes rows, and gives their records. */
    publish: async (item: string, rows: readonly unknown[]): Promise<RecordId[]> => {
      const submission = `file-${log.size}-000000`;
      await agency.submissions.open(MEMBER, { submission, item, dryRun: false });
      const { outcomes } = await agency.send(submission, 0, rows);
      await agency.checkpointer.sign();
      return (outcomes ?? []).map(({ record }) => record as RecordId);
    },
    entries: async (): Promise<Entry[]> => {
      const read: Entry[] = [];
      for await (const entry of logs.entries(log.state.number, 0, log.size)) read.push(decodeEntry(entry));
      return read;
    },
  };
}

export type Cases = ReturnType<typeof openCases>;
