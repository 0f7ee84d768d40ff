// The contracts' ABIs and bytecode as the compiler wrote them, and what their events and errors mean.
import { readFileSync } from 'node:fs';
import { Interface, type ErrorDescription, type Result } from 'ethers/abi';
import { fromHex, type Hex } from '../core/bytes.ts';
import { KEY_KINDS, ROLES, rolesOf, type GrantTerms, type KeyKind } from '../core/consortium.ts';
import type { Admission } from '../core/council.ts';
import { XinlianError, malformed } from '../core/errors.ts';
import { CASE_ACTIONS, CASE_ROLES } from '../core/case-authority.ts';
import { parseGrantHash, parseLogId, parseMemberId } from '../core/ids.ts';
import { parseAgreementId, parseCaseId, type AgreementTerms, type CaseTerms } from '../core/recognition.ts';
import type { ChainEvent, ConsortiumContracts, EventBody } from './events.ts';
import { quantity } from './rpc.ts';

const CONTRACTS = {
  Membership: 'membership',
  LogAnchor: 'logAnchor',
  GrantRegistry: 'grantRegistry',
  RecognitionRegistry: 'recognitionRegistry',
} as const;

export type ContractName = keyof typeof CONTRACTS;

export const CONTRACT_NAMES = Object.keys(CONTRACTS) as ContractName[];

export function addressOf(contracts: ConsortiumContracts, name: ContractName): Hex {
  return contracts[CONTRACTS[name]];
}

interface Artifact {
  abi: Interface;
  /** Creation code. */
  bytecode: Hex;
}

const NO_MEMBER: Hex = `0x${'0'.repeat(64)}`;

const artifacts = new Map<ContractName, Artifact>();

/** What the compiler wrote of a contract. @throws NOT_FOUND before the contracts are compiled */
export function artifact(name: ContractName): Artifact {
  const known = artifacts.get(name);
  if (known) return known;
  const path = new URL(`../../artifacts/contracts/${name}.sol/${name}.json`, import.meta.url);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new XinlianError('NOT_FOUND', { what: 'compiled contract (hardhat build)', id: name }, { cause: error });
  }
  const { abi, bytecode } = JSON.parse(text) as { abi: ConstructorParameters<typeof Interface>[0]; bytecode: Hex };
  const loaded = { abi: new Interface(abi), bytecode };
  artifacts.set(name, loaded);
  return loaded;
}

/** The fields of an event log that are used, as JSON-RPC gives them. */
export interface RpcLog {
  address: string;
  topics: string[];
  data: string;
  blockNumber: string;
  blockHash: Hex;
  transactionHash: Hex;
  logIndex: string;
}

/**
 * @returns undefined for a log of another contract, or an event that this version does not know
 * @throws MALFORMED
 */
export function decodeLog(contracts: ConsortiumContracts, log: RpcLog): ChainEvent | undefined {
  const name = contractAt(contracts, log.address);
  const parsed = name && artifact(name).abi.parseLog(log);
  if (!parsed) return undefined;
  const body = decodeBody(parsed.name, parsed.args);
  if (!body) return undefined;
  return {
    ...body,
    block: quantity('block number', log.blockNumber),
    blockHash: log.blockHash,
    transaction: log.transactionHash,
    logIndex: quantity('log index', log.logIndex),
  };
}

function contractAt(contracts: ConsortiumContracts, address: string): ContractName | undefined {
  const lower = address.toLowerCase();
  return CONTRACT_NAMES.find((name) => addressOf(contracts, name).toLowerCase() === lower);
}

function decodeBody(type: string, args: Result): EventBody | undefined {
  const text = (name: string): string => args.getValue(name) as string;
  const hex = (name: string): Hex => args.getValue(name) as Hex;
  const number = (name: string): number => safe(name, args.getValue(name) as bigint);
  switch (type) {
    case 'MemberAdmitted':
      return { type, member: parseMemberId(text('member')), admission: decodeAdmission(args.getValue('admission')) };
    case 'MemberSuspended':
    case 'MemberRemoved':
      return { type, member: parseMemberId(text('member')), reason: hex('reason') };
    case 'MemberResumed':
      return { type, member: parseMemberId(text('member')) };
    case 'RolesChanged':
      return { type, member: parseMemberId(text('member')), roles: rolesOf(number('roles')) };
    case 'ThresholdChanged':
      return { type, threshold: number('threshold') };
    case 'TransactionKeyRotated':
      return { type, member: parseMemberId(text('member')), previous: hex('previous'), current: hex('current') };
    case 'KeyRotated':
      return { type, member: parseMemberId(text('member')), kind: keyKind(number('kind')), key: fromHex(hex('key')) };
    case 'EndpointsChanged':
      return { type, member: parseMemberId(text('member')), endpoints: text('endpoints') };
    case 'Proposed':
      return {
        type,
        proposal: args.getValue('proposal') as bigint,
        proposer: parseMemberId(text('proposer')),
        call: hex('call'),
        expiresAt: number('expiresAt'),
      };
    case 'Approved':
    case 'ApprovalWithdrawn':
      return {
        type,
        proposal: args.getValue('proposal') as bigint,
        approver: parseMemberId(text('approver')),
        approvals: number('approvals'),
      };
    case 'Executed':
      return { type, proposal: args.getValue('proposal') as bigint };
    case 'LogRegistered':
      return {
        type,
        log: parseLogId(text('log')),
        owner: parseMemberId(text('owner')),
        scope: hex('scope'),
        ordinal: number('ordinal'),
      };
    case 'Anchored':
      return { type, log: parseLogId(text('log')), size: number('size'), root: fromHex(hex('root'), 32) };
    case 'LogClosed':
      return {
        type,
        log: parseLogId(text('log')),
        successor: parseLogId(text('successor')),
        size: number('size'),
        root: fromHex(hex('root'), 32),
      };
    case 'GrantRegistered': {
      const terms = decodeTerms(args.getValue('terms'));
      // It stands there twice, so that it can be searched for.
      if (text('grantee') !== terms.grantee) malformed('grantee', terms.grantee, text('grantee'));
      return { type, grant: parseGrantHash(text('grant')), terms };
    }
    case 'GrantWithdrawn': {
      const by = text('by');
      const grant = parseGrantHash(text('grant'));
      return { type, grant, ...(by !== NO_MEMBER && { by: parseMemberId(by) }), reason: hex('reason') };
    }
    case 'GrantSuspended': {
      const by = parseMemberId(text('by'));
      return { type, grant: parseGrantHash(text('grant')), by, reason: hex('reason') };
    }
    case 'GrantResumed':
      return { type, grant: parseGrantHash(text('grant')), by: parseMemberId(text('by')) };
    case 'GrantConsumed': {
      const grant = parseGrantHash(text('grant'));
      return { type, grant, queryId: hex('queryId'), usesLeft: number('usesLeft') };
    }
    case 'GrantItemFailed':
      return { type, index: number('index'), reason: hex('reason') };
    case 'AgreementProposed': {
      const terms = decodeAgreement(args.getValue('terms'));
      // What can be searched for stands there twice.
      for (const side of ['first', 'second'] as const)
        if (text(side) !== terms[side]) malformed(side, terms[side], text(side));
      return { type, agreement: parseAgreementId(text('agreement')), terms };
    }
    case 'AgreementCountersigned':
      return { type, agreement: parseAgreementId(text('agreement')), edition: number('edition') };
    case 'AgreementEnded': {
      const agreement = parseAgreementId(text('agreement'));
      return { type, agreement, by: parseMemberId(text('by')), endsAt: number('endsAt'), document: hex('document') };
    }
    case 'OfficerEnrolled': {
      const member = parseMemberId(text('member'));
      return { type, member, officer: hex('officer'), duties: number('duties'), until: number('until') };
    }
    case 'OfficerDismissed':
      return { type, member: parseMemberId(text('member')), officer: hex('officer') };
    case 'CaseRequested': {
      const terms = decodeCase(args.getValue('terms'));
      if (text('agreement') !== terms.agreement) malformed('agreement', terms.agreement, text('agreement'));
      return { type, caseId: parseCaseId(text('caseId')), terms, document: hex('document'), due: number('due') };
    }
    case 'CaseStepped':
      return {
        type,
        caseId: parseCaseId(text('caseId')),
        action: one('action', CASE_ACTIONS, number('action')),
        role: one('role', CASE_ROLES, number('role')),
        actor: hex('actor'),
        step: number('step'),
        document: hex('document'),
        due: number('due'),
        late: args.getValue('late') as boolean,
      };
    default:
      return undefined;
  }
}

function decodeAgreement(value: unknown): AgreementTerms {
  const { document, first, second, previous, fourEyes, ...numbers } = (value as Result).toObject();
  return {
    document: document as Hex,
    first: parseMemberId(first as string),
    second: parseMemberId(second as string),
    previous: parseAgreementId(previous as string),
    ...(Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, Number(number)])) as Record<
      AgreementNumber,
      number
    >),
    fourEyes: fourEyes as boolean,
  };
}

type AgreementNumber = {
  [K in keyof AgreementTerms]: AgreementTerms[K] extends number ? K : never;
}[keyof AgreementTerms];

function decodeCase(value: unknown): CaseTerms {
  const { agreement, home, host, applicant, report } = (value as Result).toObject();
  return {
    agreement: parseAgreementId(agreement as string),
    home: parseMemberId(home as string),
    host: parseMemberId(host as string),
    applicant: applicant as Hex,
    report: report as Hex,
  };
}

function one<T>(what: string, all: readonly T[], index: number): T {
  return all[index] ?? malformed(what, `0 to ${all.length - 1}`, index);
}

function decodeTerms(value: unknown): GrantTerms {
  const { artefact, key, grantee, validFrom, validTo, uses } = (value as Result).toObject();
  return {
    artefact: artefact as Hex,
    key: key as Hex,
    grantee: parseMemberId(grantee as string),
    validFrom: Number(validFrom),
    validTo: Number(validTo),
    uses: Number(uses),
  };
}

/** An admission as the ABI gives it. */
export function decodeAdmission(value: unknown): Admission {
  const { name, uscc, region, roles, transaction, keys, endpoints } = (value as Result).toObject();
  const { checkpoint, sealing, nodePeer, gatewayPeer, client } = (keys as Result).toObject();
  const bytes = (key: unknown): Uint8Array => fromHex(key as string);
  return {
    name: name as string,
    uscc: uscc as string,
    region: String(region).padStart(6, '0'),
    roles: rolesOf(Number(roles)),
    transaction: transaction as Hex,
    keys: {
      checkpoint: bytes(checkpoint),
      sealing: bytes(sealing),
      nodePeer: bytes(nodePeer),
      gatewayPeer: bytes(gatewayPeer),
      client: bytes(client),
    },
    endpoints: endpoints as string,
  };
}

/** An admission as the ABI takes it. @throws MALFORMED */
export function encodeAdmission(admission: Admission): object {
  if (!/^\d{6}$/.test(admission.region)) malformed('region', 'a GB/T 2260 code, six digits', admission.region);
  return {
    ...admission,
    region: Number(admission.region),
    roles: admission.roles.reduce((bits, role) => bits | (1 << ROLES.indexOf(role)), 0),
  };
}

function keyKind(index: number): KeyKind {
  return KEY_KINDS[index] ?? malformed('key kind', `0 to ${KEY_KINDS.length - 1}`, index);
}

function safe(what: string, value: bigint): number {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : malformed(what, 'at most 2^53 − 1', value);
}

/** Why a call was refused: the error's name and arguments. */
export interface Revert {
  error: string;
  arguments: string[];
}

/** Reads revert data of any contract of ours, or the standard `Error(string)` and `Panic(uint256)`. */
export function decodeRevert(data: unknown): Revert | undefined {
  if (typeof data !== 'string' || !/^0x(?:[0-9a-f]{2}){4,}$/i.test(data)) return undefined;
  for (const name of CONTRACT_NAMES) {
    const found: ErrorDescription | null = artifact(name).abi.parseError(data);
    if (found) return { error: found.name, arguments: found.args.toArray().map(String) };
  }
  return { error: 'unknown', arguments: [data] };
}
