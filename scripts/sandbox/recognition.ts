// What the sandbox shows of mutual recognition: Dafeng and Shanghai agree, and recognise one another's reports by officers
// of their own, over two gateways and two nodes. One case is recognised, one refused, one returned and then recognised; when
// a record changes at home, the recognition reacts.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  RecognitionOffice,
  reportPaper,
  type CaseAct,
  type Paper,
  type StepSigner,
} from '../../gateway/client/recognition.ts';
import type { SealedClient } from '../../gateway/client/sealed.ts';
import type { AgreementContent } from '../../node/core/agreement-content.ts';
import type { CaseState } from '../../node/core/case-authority.ts';
import type { CaseId } from '../../node/core/recognition.ts';
import { generateSecrets, localKeys } from '../../node/keys/local-keys.ts';
import { dueAfter } from '../../node/policy/due-date.ts';
import type { MemberId } from '../../node/core/ids.ts';
import type { ReportText } from '../../node/core/messages/report.ts';
import { reportDigest } from '../../node/core/report.ts';
import { makeUscc } from '../../node/core/uscc.ts';
import { builtInReportStandard } from '../../node/policy/report-standard.ts';
import type { Members } from './cluster.ts';
import { profileFile } from './configs.ts';
import { ENTERPRISE, player, Programs } from './programs.ts';
import { xinlian } from './xinlian.ts';

const DAY = 86_400;
const OFFICIAL_DAYS = 5;
const APPLICANT_DAYS = 10;
/** A step of the other side is there within moments; a chain that was just restarted gets a minute. */
const SEEN_WITHIN_MS = 60_000;

export interface Recognised {
  /** Cases that were requested. */
  cases: number;
  recognised: number;
  refused: number;
  /** Returned for supplement, and recognised then. */
  returned: number;
  /** Eight-point tests that were run. */
  tests: number;
  /** Recognitions that ended because of what changed at home. */
  invalidated: number;
  /** Whether everything went as it must, on both sides. */
  ok: boolean;
}

/** A centre with its officers. */
export interface Side {
  id: MemberId;
  name: string;
  office: RecognitionOffice;
  sealed: SealedClient;
  handler: StepSigner;
  other: StepSigner;
  decider: StepSigner;
}

const newSigner = (): StepSigner => localKeys(generateSecrets(), () => {}).transaction;
const paper = (number: string, text: string, calendar?: Paper['calendar']): Paper => ({
  number,
  text,
  ...(calendar && { calendar }),
});

/** Cases that are decided, before anything changes at home. */
export interface Begun {
  /** Waits until the recognition has reacted to what changed at home meanwhile, by itself. */
  finish(): Promise<Recognised>;
}

/** Starts when something is published of the enterprise, and is finished when that has changed. */
export async function recogniseBothWays(
  cluster: Pick<Members, 'gatewayUrl' | 'consortium'>,
  { data, say }: { data: string; say: (text: string) => void },
): Promise<Begun> {
  const programs = await Programs.open(cluster, data);
  try {
    return await decide(programs, { data, say });
  } catch (error) {
    await programs.close();
    throw error;
  }
}

async function decide(
  programs: Programs,
  { data, say }: { data: string; say: (text: string) => void },
): Promise<Begun> {
  const [dafeng, shanghai] = await Promise.all([openSide(programs, 'dafeng'), openSide(programs, 'shanghai')]);
  const agreement = await agree(dafeng, shanghai, say);
  const made = await makeReport(dafeng, data, say);
  const [others, anothers] = [
    await plainReport(shanghai, '上海示范物流有限公司', 'MA1HH001'),
    await plainReport(shanghai, '上海示范贸易有限公司', 'MA1HH002'),
  ];
  const first = new Case(dafeng, shanghai, agreement);
  const second = new Case(shanghai, dafeng, agreement);
  const third = new Case(shanghai, dafeng, agreement);
  say('three cases are requested: one from Dafeng, two from Shanghai');
  await Promise.all([
    first.request('DF-1', made, 'licensing'),
    second.request('SH-1', others, 'tendering'),
    third.request('SH-2', anothers, 'licensing'),
  ]);
  const tests = await Promise.all([first, second, third].map((one) => one.tested()));
  say('the machine tests each report in eight points: one is asked for a purpose that was not agreed');

  await Promise.all([
    first.examine().then(() => first.recognise()),
    second.host('refuse', '申请用途不在协议约定之内', APPLICANT_DAYS),
    third
      .supplemented()
      .then(() => third.examine())
      .then(() => third.recognise()),
  ]);
  const [one, two, three] = await Promise.all([
    first.both('recognised'),
    second.both('refused'),
    third.both('recognised'),
  ]);
  say(
    `${shanghai.name} recognises a report of ${dafeng.name}; ${dafeng.name} refuses one, and recognises one after a supplement`,
  );
  const finish = async (): Promise<Recognised> => {
    const stale = await first.until(shanghai, (seen) => seen.stale && seen.recognised);
    const masked = (await shanghai.office.test(first.id)).points.some(
      ({ point, passed }) => point === 'live' && !passed,
    );
    say('a record of the first report changed at home: its node told so by itself, and the recognition is stale');
    await shanghai.office.act({
      case: first.id,
      action: 'invalidate',
      role: 'host-decider',
      paper: paper('SH-ZX', '互认所依据的信息已修复,原认定失效'),
      signer: shanghai.decider,
    });
    const ended = await first.both('invalidated');
    say('an officer of Shanghai ends it; both sides have every document of every step');
    await programs.close();
    const states = [one, two, three, stale, masked, ended];
    return {
      cases: 3,
      recognised: [one, three].filter(Boolean).length,
      refused: two ? 1 : 0,
      returned: three ? 1 : 0,
      invalidated: ended ? 1 : 0,
      tests: tests.length,
      ok: states.every(Boolean) && tests.map((failed) => failed.join()).join(';') === ';purpose;',
    };
  };
  return { finish };
}

/** A report of the enterprise, as its centre's node makes it when a checkpoint covers what is published. */
async function makeReport({ sealed }: Side, data: string, say: (text: string) => void): Promise<ReportText> {
  const out = join(data, 'report.sd-jwt');
  const profile = ['--profile', profileFile(data, player('dafeng'))];
  const { uscc, name } = ENTERPRISE;
  await xinlian(['report', 'make', '--uscc', uscc, '--name', name, '--out', out, ...profile]);
  await xinlian(['report', 'show', out, '--chapters', 'administration', ...profile]);
  await xinlian(['report', 'print', out, '--out', join(data, 'report.html'), ...profile]);
  await xinlian(['report', 'check', out, ...profile]);
  say(
    `${player('dafeng').name} makes a report of ten chapters; any is shown alone, and anybody checks it: ${data}/report.html`,
  );
  const digest = reportDigest(await readFile(out, 'utf8'));
  const { reports } = await sealed.reports();
  return sealed.report(reports.find((one) => one.digest === digest)?.number ?? '');
}

/** A report of an enterprise of whom nothing is published. */
export function plainReport({ sealed }: Side, name: string, body8: string): Promise<ReportText> {
  return sealed.compileReport({ uscc: makeUscc({ authority: '9', category: '1', region: '310000', body8 }), name });
}

export async function openSide(programs: Programs, key: 'dafeng' | 'shanghai'): Promise<Side> {
  const { id, sealed } = await programs.program(key, key);
  const office = new RecognitionOffice(id, { sealed, clock: Date });
  const side = {
    id,
    name: player(key).name,
    office,
    sealed,
    handler: newSigner(),
    other: newSigner(),
    decider: newSigner(),
  };
  const until = Math.floor(Date.now() / 1000) + 365 * DAY;
  await office.enrol(side.handler, 1, until);
  await office.enrol(side.other, 1, until);
  await office.enrol(side.decider, 2, until);
  return side;
}

/** The agreement that is in force, or a new one. */
export async function agree(dafeng: Side, shanghai: Side, say: (text: string) => void): Promise<string> {
  const known = (await dafeng.office.page()).agreements.find(({ inForce }) => inForce);
  if (known) return known.id;
  const now = Math.floor(Date.now() / 1000);
  const terms = {
    validFrom: now - DAY,
    validTo: now + 3 * 365 * DAY,
    noticeDays: 30,
    officialLeastDays: 1,
    officialMostDays: 60,
    applicantLeastDays: 5,
    applicantMostDays: 90,
    validityDays: 90,
    supplementRounds: 1,
    fourEyes: true,
  };
  const text = {
    ...paper('沪丰互认〔2026〕1号', '双方互认公共信用信息报告。'),
    content: contentOf([dafeng, shanghai]),
  };
  const id = await dafeng.office.propose(player('shanghai').id, terms, text);
  await until(async () => (await shanghai.office.page()).agreements.some((one) => one.id === id));
  // Nobody countersigns what it has not read: the text comes from the node of the other side.
  const { agreements } = await shanghai.office.page();
  const document = agreements.find((one) => one.id === id)?.terms.document ?? '';
  await until(async () => shanghai.office.document(document).then(Boolean, () => false));
  await shanghai.office.countersign(id);
  for (const { office } of [dafeng, shanghai])
    await until(async () => (await office.page()).agreements.some((one) => one.id === id && one.inForce));
  say(`${dafeng.name} and ${shanghai.name} agree to recognise one another’s reports`);
  return id;
}

/** What the two agree on. No measure is opened by the other's facts, which is the default. */
function contentOf(sides: readonly Side[]): AgreementContent {
  return {
    standards: [builtInReportStandard.edition],
    kinds: ['factual', 'special'],
    issuers: sides.map(({ id }) => id),
    purposes: [{ code: 'licensing', zh: '行政审批', en: 'licensing' }],
    ageDays: 30,
    grades: { edition: '2026', map: [] },
    conducts: [{ item: 'administrative-penalty', meaning: '行政处罚' }],
    measures: [],
    benefits: [{ code: 'fast-track', zh: '容缺受理', en: 'taken before all papers are there' }],
    officers: { handles: '信用中心经办科室', decides: '信用中心负责人' },
    deadlines: { check: 5, examine: 5, decide: 5, supplement: 10, appeal: 10, warn: 2 },
  };
}

/** A case, with both of its sides. Steps resolve when their own side has read the block that has them. */
export class Case {
  readonly #home: Side;
  readonly #host: Side;
  readonly #agreement: string;
  readonly #applicant = newSigner();
  #id: CaseId | undefined;

  constructor(home: Side, host: Side, agreement: string) {
    this.#home = home;
    this.#host = host;
    this.#agreement = agreement;
  }

  get id(): CaseId {
    if (!this.#id) throw new Error('the case was not requested');
    return this.#id;
  }

  async request(number: string, report: ReportText, purpose: string): Promise<void> {
    const { due, calendar } = dueAfter(Date.now(), OFFICIAL_DAYS);
    this.#id = await this.#home.office.request(this.#agreement, {
      report: reportPaper(report),
      request: { ...paper(`${number}-SQ`, '企业申请互认', calendar), request: { purpose, grants: [] } },
      applicant: this.#applicant.address,
      due,
    });
    await this.#seen(this.#host, 1);
  }

  /** What does not pass at the host, when its documents have come and the line of the report is anchored. */
  async tested(): Promise<string[]> {
    let failed: string[] = [];
    await until(async () => {
      const { points } = await this.#host.office.test(this.id);
      failed = points.filter(({ passed }) => !passed).map(({ point }) => point);
      return failed.every((point) => point === 'purpose') && points.every(({ evidence }) => !('missing' in evidence));
    });
    return failed;
  }

  /** A step of the host, by the officers that it wants. @param days working days, where it sets something in motion */
  async host(action: CaseAct['action'], reasons: string, days?: number): Promise<void> {
    const decides = action === 'recognise' || action === 'refuse';
    const when = days === undefined ? undefined : dueAfter(Date.now(), days);
    const signer = decides ? this.#host.decider : this.#host.handler;
    await this.#act(this.#host, { action, signer, ...(decides && { second: this.#host.other }) }, reasons, when);
  }

  async supplemented(): Promise<void> {
    await this.host('return', '请补充社保缴纳证明', APPLICANT_DAYS);
    await this.#seen(this.#home, 2);
    const when = dueAfter(Date.now(), OFFICIAL_DAYS);
    await this.#act(this.#home, { action: 'supplement', role: 'applicant', signer: this.#applicant }, '已补充', when);
    await this.#seen(this.#host, 3);
  }

  async examine(): Promise<void> {
    await this.host('complete', '材料齐全', OFFICIAL_DAYS);
    await this.host('examine', '进入审核', OFFICIAL_DAYS);
  }

  async recognise(): Promise<void> {
    const due = Math.floor(Date.now() / 1000) + 60 * DAY;
    await this.#act(
      this.#host,
      { action: 'recognise', signer: this.#host.decider, second: this.#host.other },
      '八项核验通过,予以认定',
      { due },
    );
  }

  async withdraw(): Promise<void> {
    await this.#act(
      this.#home,
      { action: 'withdraw', role: 'applicant', signer: this.#applicant },
      '撤回申请',
      undefined,
    );
  }

  /** Whether both sides come to see this state, and have every document. */
  async both(state: CaseState): Promise<boolean> {
    const seen = [this.#home, this.#host].map((side) =>
      this.until(side, (one) => one.state === state && one.final === state && one.missing.length === 0),
    );
    return (await Promise.all(seen)).every(Boolean);
  }

  until(side: Side, holds: (one: Awaited<ReturnType<RecognitionOffice['case']>>) => boolean): Promise<boolean> {
    return until(async () => side.office.case(this.id).then(holds, () => false));
  }

  async #act(
    { office }: Side,
    act: Omit<CaseAct, 'case'>,
    text: string,
    when: { due: number; calendar?: Paper['calendar'] } | undefined,
  ): Promise<void> {
    const document = paper(`HR-${act.action}`, text, when?.calendar);
    await office.act({ case: this.id, ...act, paper: document, ...(when && { due: when.due }) });
  }

  async #seen(side: Side, steps: number): Promise<void> {
    await this.until(side, (one) => one.steps.length >= steps);
  }
}

async function until(holds: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + SEEN_WITHIN_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) return false;
    await delay(50);
  }
  return true;
}
