// Two regional centres with their officers, an agreement in force, and cases taken to any state.
import { ZeroHash } from 'ethers';
import type { ContractTransactionResponse, Wallet } from 'ethers';
import {
  AUTHORITY,
  CASE_ACTIONS,
  CASE_ROLES,
  type CaseAction,
  type CaseRole,
  type CaseState,
} from '../../../node/core/case-authority.ts';
import type { Hex } from '../../../node/core/bytes.ts';
import type { MemberId } from '../../../node/core/ids.ts';
import {
  agreementIdOf,
  caseIdOf,
  enrolmentDigest,
  stepDigest,
  type AgreementId,
  type AgreementTerms,
  type CaseId,
  type CaseStep,
  type CaseTerms,
} from '../../../node/core/recognition.ts';
import { xinlianDomain, type TypedDataDomain } from '../../../node/core/typed-data.ts';
import { body, consortium, deployment, digest, walletOf } from './consortium.ts';
import type { Body, Consortium } from './consortium.ts';
import { Roles } from './contract-types.ts';
import type { CaseStep as EncodedStep, CompactSignature, RecognitionRegistryContract } from './contract-types.ts';
import { compact, NONE } from './signatures.ts';

export const DAY = 86_400;
/** A deadline that no test reaches, and an end of terms behind it. */
export const DEADLINE = 4_000_000_000;
export const FAR = 4_100_000_000;

export const dafeng = body(30, { roles: Roles.CENTRE, region: 320904 });
export const shanghai = body(31, { roles: Roles.CENTRE, region: 310000 });
/** A centre that is no side of anything here. */
export const suzhou = body(32, { roles: Roles.CENTRE, region: 320500 });

export interface Officers {
  handler: Wallet;
  /** Handles as well, and is another person. */
  other: Wallet;
  decider: Wallet;
}

const officersOf = (side: string): Officers => ({
  handler: walletOf(`${side} handler`),
  other: walletOf(`${side} other`),
  decider: walletOf(`${side} decider`),
});

export const officers = { home: officersOf('home'), host: officersOf('host') };
export const applicant = walletOf('applicant');

export type Snapshot = Awaited<ReturnType<Consortium['networkHelpers']['takeSnapshot']>>;

/** A step without what every step of a case has. */
export type Act = Partial<CaseStep> & Pick<CaseStep, 'action'>;

export class Recognition {
  readonly c: Consortium;
  readonly domain: TypedDataDomain;

  private constructor(c: Consortium, domain: TypedDataDomain) {
    this.c = c;
    this.domain = domain;
  }

  /** Centres admitted, officers enrolled, nothing agreed. */
  static async create(): Promise<Recognition> {
    const c = await consortium(2, 1);
    for (const { admission } of [dafeng, shanghai, suzhou]) await c.vote('admit', [admission]);
    const verifyingContract = (await c.recognition.getAddress()) as Hex;
    const domain = xinlianDomain({ chainId: 31337, verifyingContract, deployment: deployment as Hex });
    const made = new Recognition(c, domain);
    for (const [side, { handler, other, decider }] of [
      [dafeng, officers.home],
      [shanghai, officers.host],
    ] as const) {
      await made.enrol(side, handler, 1);
      await made.enrol(side, other, 1);
      await made.enrol(side, decider, 2);
    }
    return made;
  }

  as(side: Body): Promise<RecognitionRegistryContract> {
    return this.c.recognitionAs(side.wallet.address);
  }

  async now(): Promise<number> {
    return this.c.networkHelpers.time.latest();
  }

  async enrol(side: Body, officer: Wallet, duties: number, until = FAR): Promise<ContractTransactionResponse> {
    const word = this.enrolment(side, officer, duties, until);
    return (await this.as(side)).enrol(officer.address, duties, until, word);
  }

  enrolment(side: Body, officer: Wallet, duties: number, until = FAR, key: Wallet = officer): CompactSignature {
    const enrolment = { member: side.id as MemberId, officer: officer.address as Hex, duties, until };
    return compact(key.signingKey.sign(enrolmentDigest(this.domain, enrolment)));
  }

  async terms(changes: Partial<AgreementTerms> = {}): Promise<AgreementTerms> {
    return {
      document: digest('agreement') as Hex,
      first: dafeng.id as MemberId,
      second: shanghai.id as MemberId,
      previous: ZeroHash as AgreementId,
      validFrom: 0,
      validTo: FAR,
      noticeDays: 30,
      officialLeastDays: 5,
      officialMostDays: 20,
      applicantLeastDays: 10,
      applicantMostDays: 30,
      validityDays: 90,
      supplementRounds: 1,
      fourEyes: true,
      ...changes,
    };
  }

  async agree(terms: AgreementTerms): Promise<AgreementTerms> {
    await (await this.as(dafeng)).propose(terms);
    await (await this.as(shanghai)).countersign(terms);
    return terms;
  }

  /** Case of a name: the same one every time. From Dafeng to Shanghai. */
  caseOf(agreement: AgreementTerms, name: string, changes: Partial<CaseTerms> = {}): Case {
    const terms = {
      agreement: agreementIdOf(agreement),
      home: dafeng.id as MemberId,
      host: shanghai.id as MemberId,
      applicant: applicant.address as Hex,
      report: digest(`report ${name}`) as Hex,
      ...changes,
    };
    return new Case(this, agreement, terms);
  }
}

/** Actions that lead from nothing to a state. */
const PATHS: Record<CaseState, readonly CaseAction[]> = {
  none: [],
  requested: ['request'],
  complete: ['request', 'complete'],
  examining: ['request', 'complete', 'examine'],
  returned: ['request', 'return'],
  recognised: ['request', 'complete', 'examine', 'recognise'],
  refused: ['request', 'refuse'],
  appealed: ['request', 'refuse', 'appeal'],
  invalidated: ['request', 'complete', 'examine', 'recognise', 'invalidate'],
  expired: ['request', 'complete', 'examine', 'recognise', 'expire'],
  withdrawn: ['request', 'withdraw'],
  lapsed: ['request', 'return', 'lapse'],
};

export class Case {
  readonly agreement: AgreementTerms;
  readonly terms: CaseTerms;
  readonly id: CaseId;
  readonly #sides: Recognition;

  constructor(sides: Recognition, agreement: AgreementTerms, terms: CaseTerms) {
    this.#sides = sides;
    this.agreement = agreement;
    this.terms = terms;
    this.id = caseIdOf(terms);
  }

  async record() {
    return this.#sides.c.recognition.caseOf(this.id);
  }

  async #dueOf(action: CaseAction): Promise<number> {
    const now = await this.#sides.now();
    switch (AUTHORITY[action].clock) {
      case 'none':
        return 0;
      case 'official':
        return now + 10 * DAY;
      case 'applicant':
        return now + 20 * DAY;
      case 'validity':
        return now + 60 * DAY;
      case 'running':
        return Number((await this.record()).stepAt) + 12 * DAY;
    }
  }

  /** The step as it should be, but for what is told. */
  async step({ action, ...changes }: Act): Promise<CaseStep> {
    const [role] = AUTHORITY[action].by;
    const { step } = await this.record();
    const due = changes.due ?? (await this.#dueOf(action));
    const made = {
      action,
      role: role!,
      step: Number(step),
      document: digest(action) as Hex,
      deadline: DEADLINE,
      ...changes,
    };
    return { ...made, due };
  }

  /** Signatures as they should be: of whoever has the role, and who signs beside. */
  sign(
    step: CaseStep,
    by: { first?: Wallet; second?: Wallet } = {},
  ): [first: CompactSignature, second: CompactSignature] {
    const first = by.first ?? signerOf(step.role);
    const { second } = AUTHORITY[step.action];
    const beside = second === 'none' ? undefined : second === 'four-eyes' ? officers.host.other : officers.home.handler;
    const word = (key: Wallet | undefined) =>
      key ? compact(key.signingKey.sign(stepDigest(this.#sides.domain, this.id, step))) : NONE;
    return [word(first), word(by.second ?? beside)];
  }

  /** Sends it: from the home node where that is the role, from anyone else. */
  async contract(role: CaseRole): Promise<RecognitionRegistryContract> {
    return role === 'home-node' ? this.#sides.as(dafeng) : this.#sides.c.recognition;
  }

  async act(act: Act, by: { first?: Wallet; second?: Wallet } = {}): Promise<ContractTransactionResponse> {
    const step = await this.step(act);
    const contract = await this.contract(step.role);
    const signatures = this.sign(step, by);
    const encoded = encode(step);
    return act.action === 'request'
      ? contract.request(this.terms, step.document, step.due)
      : contract.act(this.terms, encoded, ...signatures);
  }

  /** Takes a new case to a state. */
  async to(state: CaseState): Promise<this> {
    for (const action of PATHS[state]) {
      if (action === 'expire' || action === 'lapse') {
        await this.#sides.c.networkHelpers.time.increaseTo(Number((await this.record()).due) + 1);
      }
      await this.act({ action });
    }
    return this;
  }
}

export function encode({ action, role, ...rest }: CaseStep): EncodedStep {
  return { ...rest, action: CASE_ACTIONS.indexOf(action), role: CASE_ROLES.indexOf(role) };
}

/** The key of a role; none where it has no signature. */
function signerOf(role: CaseRole): Wallet | undefined {
  switch (role) {
    case 'anyone':
    case 'home-node':
      return undefined;
    case 'applicant':
      return applicant;
    case 'home-handler':
      return officers.home.handler;
    case 'home-decider':
      return officers.home.decider;
    case 'host-handler':
      return officers.host.handler;
    case 'host-decider':
      return officers.host.decider;
  }
}
