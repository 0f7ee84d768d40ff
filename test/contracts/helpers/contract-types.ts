// The contracts as the tests see them: what ethers makes of the ABI, with types.
import type {
  AddressLike,
  BaseContract,
  BigNumberish,
  BytesLike,
  ContractMethod,
  ContractRunner,
  ContractTransactionResponse,
} from 'ethers';

type View<A extends unknown[], R> = ContractMethod<A, R, R>;
type Transaction<A extends unknown[], R = unknown> = ContractMethod<A, R, ContractTransactionResponse>;

type Eip712Domain = View<[], { fields: string; chainId: bigint; verifyingContract: string; salt: string }>;

/** `Status` of IMembership. */
export const Status = { None: 0, Active: 1, Suspended: 2, Removed: 3 } as const;

/** `KeyKind` of IMembership. */
export const KeyKind = { Checkpoint: 0, Sealing: 1, NodePeer: 2, GatewayPeer: 3, Client: 4 } as const;

/** `Roles.sol`. */
export const Roles = {
  COUNCIL: 1,
  SOURCE: 2,
  REGULATOR: 4,
  CENTRE: 8,
  BANK: 16,
  AUDITOR: 32,
  IDENTIFIER: 64,
  ALL: 127,
} as const;

/** Public keys as hex; an empty one is `0x`. The names are those of `KeyKind`, in its order. */
export interface Keys {
  checkpoint: string;
  sealing: string;
  nodePeer: string;
  gatewayPeer: string;
  client: string;
}

export const keyNames = ['checkpoint', 'sealing', 'nodePeer', 'gatewayPeer', 'client'] as const;

export interface Admission {
  name: string;
  uscc: string;
  region: number;
  roles: number;
  transaction: string;
  keys: Keys;
  endpoints: string;
}

interface Standing {
  transaction: string;
  roles: bigint;
  region: bigint;
  status: bigint;
}

interface ProposalState {
  open: boolean;
  approvals: bigint;
  expiresAt: bigint;
  callHash: string;
}

interface LogState {
  owner: string;
  size: bigint;
  root: string;
  scope: string;
  closed: boolean;
  successor: string;
}

export interface MembershipContract extends BaseContract {
  connect(runner: ContractRunner | null): MembershipContract;
  propose: Transaction<[call: BytesLike], bigint>;
  approve: Transaction<[proposal: BigNumberish]>;
  withdrawApproval: Transaction<[proposal: BigNumberish]>;
  rotateTransactionKey: Transaction<[current: AddressLike, signature: BytesLike]>;
  rotateKey: Transaction<[kind: BigNumberish, key: BytesLike]>;
  setEndpoints: Transaction<[endpoints: string]>;
  MAX_COUNCIL: View<[], bigint>;
  PROPOSAL_LIFETIME: View<[], bigint>;
  deployment: View<[], string>;
  threshold: View<[], bigint>;
  activeCouncil: View<[], bigint>;
  standing: View<[member: string], Standing>;
  keys: View<[member: string], Keys>;
  memberOf: View<[account: string], string>;
  isEntitled: View<[member: string, account: string, roles: number], boolean>;
  entitledAt: View<[member: string, roles: number, block: number], boolean>;
  transactionKeyAt: View<[member: string, block: number], string>;
  proposalState: View<[proposal: BigNumberish], ProposalState>;
  hasApproved: View<[proposal: BigNumberish, member: string], boolean>;
  eip712Domain: Eip712Domain;
}

export interface LogAnchorContract extends BaseContract {
  connect(runner: ContractRunner | null): LogAnchorContract;
  registerLog: Transaction<[scope: BytesLike], string>;
  anchor: Transaction<[log: string, size: BigNumberish, root: BytesLike, proof: BytesLike[]]>;
  replaceLog: Transaction<[lost: string], string>;
  membership: View<[], string>;
  logState: View<[log: string], LogState>;
  openLog: View<[owner: string, scope: string], string>;
}

/** Compact form of EIP-2098. */
export interface CompactSignature {
  r: string;
  vs: string;
}

/** `Grants.sol`. Times are seconds since 1970. */
export interface GrantTerms {
  artefact: string;
  key: string;
  grantee: string;
  validFrom: number;
  validTo: number;
  uses: number;
}

export interface Registration {
  terms: GrantTerms;
  deadline: BigNumberish;
  signature: CompactSignature;
}

export interface Withdrawal {
  terms: GrantTerms;
  signature: CompactSignature;
}

export interface Consumption extends Registration {
  queryId: string;
}

interface GrantState {
  registeredAt: bigint;
  usesLeft: bigint;
  withdrawn: boolean;
  suspended: boolean;
}

export interface GrantRegistryContract extends BaseContract {
  connect(runner: ContractRunner | null): GrantRegistryContract;
  register: Transaction<[item: Registration]>;
  registerBatch: Transaction<[items: Registration[]]>;
  withdraw: Transaction<[item: Withdrawal]>;
  withdrawBatch: Transaction<[items: Withdrawal[]]>;
  withdrawFor: Transaction<[grant: string, reason: string]>;
  suspend: Transaction<[grant: string, reason: string]>;
  resume: Transaction<[grant: string]>;
  consume: Transaction<[terms: GrantTerms, queryId: string]>;
  consumeFor: Transaction<[item: Consumption]>;
  consumeBatch: Transaction<[items: Consumption[]]>;
  MAX_BATCH: View<[], bigint>;
  membership: View<[], string>;
  stateOf: View<[grant: string], GrantState>;
  isConsumed: View<[grant: string, queryId: string], boolean>;
  grantHash: View<[terms: GrantTerms], string>;
  eip712Domain: Eip712Domain;
}

/** `Recognition.sol`. Times are seconds since 1970. */
export interface AgreementTerms {
  document: string;
  first: string;
  second: string;
  previous: string;
  validFrom: number;
  validTo: number;
  noticeDays: number;
  officialLeastDays: number;
  officialMostDays: number;
  applicantLeastDays: number;
  applicantMostDays: number;
  validityDays: number;
  supplementRounds: number;
  fourEyes: boolean;
}

export interface CaseTerms {
  agreement: string;
  home: string;
  host: string;
  applicant: string;
  report: string;
}

export interface CaseStep {
  action: number;
  role: number;
  step: number;
  document: string;
  due: number;
  deadline: BigNumberish;
}

export interface CaseRecord {
  state: bigint;
  step: bigint;
  stepAt: bigint;
  due: bigint;
  roundsLeft: bigint;
  lateSteps: bigint;
  stale: boolean;
  appealed: boolean;
}

interface AgreementState {
  proposedAt: bigint;
  agreedAt: bigint;
  endsAt: bigint;
  edition: bigint;
}

interface Authority {
  states: bigint;
  roles: bigint;
  to: bigint;
  second: bigint;
  clock: bigint;
  answers: boolean;
}

export interface RecognitionRegistryContract extends BaseContract {
  connect(runner: ContractRunner | null): RecognitionRegistryContract;
  propose: Transaction<[terms: AgreementTerms]>;
  countersign: Transaction<[terms: AgreementTerms]>;
  giveNotice: Transaction<[terms: AgreementTerms, document: string]>;
  enrol: Transaction<[officer: string, duties: number, until: BigNumberish, signature: CompactSignature]>;
  dismiss: Transaction<[officer: string]>;
  request: Transaction<[terms: CaseTerms, document: string, due: number]>;
  act: Transaction<[terms: CaseTerms, step: CaseStep, first: CompactSignature, second: CompactSignature]>;
  membership: View<[], string>;
  agreementOf: View<[a: string, b: string, agreement: string], AgreementState>;
  lastAgreement: View<[a: string, b: string], string>;
  officerOf: View<[member: string, officer: string], { since: bigint; until: bigint; duties: bigint }>;
  caseOf: View<[caseId: string], CaseRecord>;
  authorityOf: View<[action: number], Authority>;
  agreementId: View<[terms: AgreementTerms], string>;
  caseId: View<[terms: CaseTerms], string>;
  eip712Domain: Eip712Domain;
}
