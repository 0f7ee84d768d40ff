// What the sandbox shows of a record's life: a penalty is published, objected to, repaired, and gone from the register; a
// commitment is found by its code.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '../../gateway/client.ts';
import type { CaseView } from '../../node/core/messages/case.ts';
import { chinaDate } from '../../node/policy/date.ts';
import { addMonths } from '../../node/policy/days.ts';
import type { Members } from './cluster.ts';
import { profileFile } from './configs.ts';
import { passphraseFile } from './consortium.ts';
import { ENTERPRISE, player } from './programs.ts';
import { lastLine, xinlian } from './xinlian.ts';

/** A row is on the register when a checkpoint covers it: within seconds. */
const SHOWN_WITHIN_MS = 60_000;

export interface RecordLife {
  /** Objections that were filed and decided. */
  objections: number;
  /** Repairs after which the record was gone. */
  repairs: number;
  /** Commitments that were found by their code. */
  commitments: number;
  /** Whether everything went as it must. */
  ok: boolean;
}

/** @param published called when the penalty is on the register, and before anything happens to it */
export async function liveThrough(
  cluster: Pick<Members, 'gatewayUrl'>,
  { data, say, published }: { data: string; say: (text: string) => void; published: () => Promise<void> },
): Promise<RecordLife> {
  const [regulator, dafeng] = [player('regulator'), player('dafeng')];
  const folder = join(data, 'enterprise');
  const gateway = cluster.gatewayUrl('dafeng');
  const client = createClient({ baseUrl: gateway });
  const today = chinaDate(Date.now());
  // Another one at every start: what was repaired does not come back.
  const serial = String(Date.now());
  const own = [
    `--at=${regulator.id}`,
    `--gateway=${gateway}`,
    `--keys=${join(folder, 'keys.json')}`,
    `--passphrase-file=${passphraseFile(data)}`,
    `--certificate=${join(folder, 'certificate.jws')}`,
  ];
  const agency = ['--profile', profileFile(data, regulator)];
  const step = async (...args: string[]): Promise<CaseView> => lastLine((await xinlian(args)).out) as CaseView;
  const shown = async (number: string) =>
    (await client.searchPublic({ query: { code: ENTERPRISE.uscc } })).records.find(
      ({ claims }) => claims['CF_WSH'] === number,
    );

  const penalty = `大市监处〔示例〕${serial}号`;
  const rows = join(folder, 'penalty.ndjson');
  await writeFile(rows, `${JSON.stringify(penaltyRow(penalty, addMonths(today, -4)))}\n`);
  await xinlian(['publish', rows, '--item', 'cf', '--no-wait', ...agency]);
  const record = await until(() => shown(penalty));
  say(
    `the register shows a penalty of ${ENTERPRISE.name}, until ${record.publicity.until ?? ''} by ${record.publicity.edition}`,
  );

  await published();

  const objection = await step(
    'own',
    'object',
    record.record,
    '--ground',
    'factual-error',
    '--text',
    '罚款金额有误',
    ...own,
  );
  const marked = (await shown(penalty))?.objected === true;
  await step('life', 'do', objection.case, 'reject', '--text', '经核实,处罚决定书记载无误', ...agency);
  const unmarked = (await shown(penalty))?.objected === false;
  say(
    `${ENTERPRISE.name} objects, due ${objection.due?.date ?? ''}: the record is marked; ${regulator.name} rejects it`,
  );

  const proof = join(folder, 'performance.txt');
  await writeFile(proof, '缴款凭证(示例)');
  const materials = ['--material', `performance-proof=${proof}`, `commitment=${proof}`];
  const repair = await step('own', 'repair', record.record, ...own, ...materials);
  await step('life', 'do', repair.case, 'accept', ...agency);
  const { state } = await step('life', 'do', repair.case, 'approve', ...agency);
  const gone = (await shown(penalty)) === undefined;
  say(
    `it applies for repair, ${regulator.name} approves (${state}): the register ${gone ? 'has it no more' : 'STILL has it'}`,
  );

  const code = `${dafeng.region}${today.replaceAll('-', '')}${serial.slice(-6)}`;
  const commitments = join(folder, 'commitment.ndjson');
  await writeFile(commitments, `${JSON.stringify(commitmentRow(code, today))}\n`);
  await xinlian(['publish', commitments, '--item', 'cn', '--no-wait', '--profile', profileFile(data, dafeng)]);
  const found = await until(() => client.getCommitment({ params: { code } }).catch(() => undefined));
  say(`commitment ${code} is found by its code: ${gateway}/v1/public/commitments/${code}/page`);

  const objected = marked && unmarked;
  return {
    objections: Number(objected),
    repairs: Number(gone),
    commitments: Number(found.code === code),
    ok: objected && gone && state === 'repaired',
  };
}

/** Asks again until there is something. Throws where there is nothing within a minute. */
async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + SHOWN_WITHIN_MS;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error('what was published is not on the register');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A penalty of the enterprise. @param decided YYYY-MM-DD */
export function penaltyRow(
  document: string,
  decided: string,
  { name, uscc } = player('regulator'),
): Record<string, string> {
  return {
    CF_XDR_MC: ENTERPRISE.name,
    CF_XDR_LB: '法人及非法人组织',
    CF_XDR_SHXYM: ENTERPRISE.uscc,
    CF_FRDB: '示例',
    CF_WSH: document,
    CF_WFXW: '虚假宣传',
    CF_SY: '当事人对其产品作虚假宣传。',
    CF_YJ: '《中华人民共和国反不正当竞争法》第二十条',
    CF_CFLB: '罚款',
    CF_NR: '罚款人民币五千元',
    CF_NR_FK: '0.5',
    CF_JDRQ: decided,
    CF_CFJG: name,
    CF_CFJGDM: uscc,
    CF_SJLY: name,
    CF_SJLYDM: uscc,
  };
}

function commitmentRow(code: string, made: string): Record<string, string> {
  const { name, uscc } = player('dafeng');
  return {
    CN_MC: ENTERPRISE.name,
    CN_LB: '法人及非法人组织',
    CN_SHXYM: ENTERPRISE.uscc,
    CN_BM: code,
    CN_LX: '主动型',
    CN_SY: '诚信经营',
    CN_NR: '依法经营,按期履行合同与纳税义务',
    CN_WNZR: '接受失信信息公示与约谈',
    CN_RQ: made,
    CN_SLDW: name,
    CN_SLDWDM: uscc,
    CN_JGZT: '监管中',
    CN_LYDW: name,
    CN_LYDWDM: uscc,
  };
}
