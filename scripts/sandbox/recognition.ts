// What the sandbox shows of mutual recognition: Dafeng and Shanghai agree, and recognise one another's reports by officers
// of their own, over two gateways and two nodes. One case is recognised, one refused, one returned and then recognised; at
// last something changes at home, and the recognition reacts.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RecognitionOffice, type CaseAct, type Paper, type StepSigner } from '../../gateway/client/recognition.ts';
import type { CaseState } from '../../node/core/case-authority.ts';
import type { CaseId } from '../../node/core/recognition.ts';
import { generateSecrets, localKeys } from '../../node/keys/local-keys.ts';
import { dueAfter } from '../../node/policy/due-date.ts';
import { verifyBundle } from '../../node/core/verify-bundle.ts';
import { builtInCatalogue } from '../../node/policy/pack.ts';
import type { Members } from './cluster.ts';
import { profileFile } from './configs.ts';
import { player, Programs } from './programs.ts';
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
  /** Recognitions that ended because of what changed at home. */
  invalidated: number;
  /** Whether everything went as it must, on both sides. */
  ok: boolean;
}

/** A centre with its officers. */
export interface Side {
  name: string;
  office: RecognitionOffice;
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

/** @param bundle proof of a record, of which the report of the case from Dafeng is made */
export async function recogniseBothWays(
  cluster: Pick<Members, 'gatewayUrl' | 'consortium'>,
  { data, bundle, say }: { data: string; bundle: string; say: (text: string) => void },
): Promise<Recognised> {
  const programs = await Programs.open(cluster, data);
  try {
    const [dafeng, shanghai] = await Promise.all([openSide(programs, 'dafeng'), openSide(programs, 'shanghai')]);
    const agreement = await agree(dafeng, shanghai, say);
    const text = await makeReport(data, bundle, say);
    const first = new Case(dafeng, shanghai, agreement);
    const second = new Case(shanghai, dafeng, agreement);
    const third = new Case(shanghai, dafeng, agreement);
    say('three cases are requested: one from Dafeng, two from Shanghai');
    await Promise.all([first.request('DF-1', text), second.request('SH-1', '报告一'), third.request('SH-2', '报告二')]);

    await Promise.all([
      first.examine().then(() => first.recognise()),
      second.host('refuse', '报告签发机构不在名单之内', APPLICANT_DAYS),
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

    await dafeng.office.act({ case: first.id, action: 'mark-stale', paper: paper('DF-GZ', '报告所载处罚信息已修复') });
    const stale = await first.until(shanghai, ({ stale, recognised }) => stale && recognised);
    say('a record of the first report is repaired at home: its recognition is stale at once');
    await shanghai.office.act({
      case: first.id,
      action: 'invalidate',
      role: 'host-decider',
      paper: paper('SH-ZX', '互认所依据的信息已修复,原认定失效'),
      signer: shanghai.decider,
    });
    const ended = await first.both('invalidated');
    say('an officer of Shanghai ends it; both sides have every document of every step');
    const states = [one, two, three, ended];
    return {
      cases: 3,
      recognised: [one, three].filter(Boolean).length,
      refused: two ? 1 : 0,
      returned: three ? 1 : 0,
      invalidated: ended ? 1 : 0,
      ok: stale && states.every(Boolean),
    };
  } finally {
    await programs.close();
  }
}

/** The report of the company whose record is proved, as its centre makes it; words where nothing was published. */
async function makeReport(data: string, bundle: string, say: (text: string) => void): Promise<string> {
  if (!existsSync(bundle)) return '该企业无公开信用记录';
  const names = (item: string, edition: string) => builtInCatalogue.names(item, edition);
  const { record } = verifyBundle(await readFile(bundle, 'utf8'), { names });
  const claim = (name: string): string => {
    const value = record?.claims.get(name);
    return typeof value === 'string' ? value : '';
  };
  const uscc = claim('subject');
  const out = join(data, 'report.sd-jwt');
  const about = ['--uscc', uscc, '--name', claim('XK_XDR_MC') || claim('CF_XDR_MC') || uscc];
  const profile = ['--profile', profileFile(data, player('dafeng'))];
  await xinlian(['report', 'make', ...about, '--out', out, ...profile]);
  await xinlian(['report', 'show', out, '--chapters', 'administration', ...profile]);
  say(`${player('dafeng').name} makes a report of ten chapters, of which one is shown alone`);
  return readFile(out, 'utf8');
}

export async function openSide(programs: Programs, key: 'dafeng' | 'shanghai'): Promise<Side> {
  const { id, sealed } = await programs.program(key, key);
  const office = new RecognitionOffice(id, { sealed, clock: Date });
  const side = { name: player(key).name, office, handler: newSigner(), other: newSigner(), decider: newSigner() };
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
  const text = paper('沪丰互认〔2026〕1号', '双方互认公共信用信息报告:标准、签发机构、用途、有效期与办理时限。');
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

  async request(number: string, text: string): Promise<void> {
    const { due, calendar } = dueAfter(Date.now(), OFFICIAL_DAYS);
    this.#id = await this.#home.office.request(this.#agreement, {
      report: paper(number, text),
      request: paper(`${number}-SQ`, '企业申请互认', calendar),
      applicant: this.#applicant.address,
      due,
    });
    await this.#seen(this.#host, 1);
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
