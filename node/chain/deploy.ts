// Sets a consortium up on a chain.
import { getAddress } from 'ethers/address';
import type { Hex } from '../core/bytes.ts';
import type { Admission, CouncilCall } from '../core/council.ts';
import { XinlianError } from '../core/errors.ts';
import { artifact, encodeAdmission, type ContractName } from './abi.ts';
import type { ConsortiumContracts } from './events.ts';
import type { MinedTransaction, Submitter } from './submitter.ts';
import { ChainWriter, type Proposed } from './writer.ts';

export interface DeployOptions {
  chainId: number;
  /** Random, 32 bytes: tells this consortium from any other. */
  deployment: Hex;
  /** The first members. Those with the role `council` vote from then on. */
  founders: readonly Admission[];
  /** Approvals that a proposal needs. */
  threshold: number;
}

/**
 * Deploys the contracts from any account: it gets no rights by it. Each call deploys anew, so a caller keeps the
 * result and asks it first.
 * @throws as `Submitter.submit`
 */
export async function deployConsortium(
  { chainId, deployment, founders, threshold }: DeployOptions,
  submitter: Pick<Submitter, 'submit'>,
  signal?: AbortSignal,
): Promise<ConsortiumContracts> {
  const first = await create('Membership', [deployment, founders.map(encodeAdmission), threshold], submitter, signal);
  const membership = createdBy(first);
  const logAnchor = createdBy(await create('LogAnchor', [membership], submitter, signal));
  const grantRegistry = createdBy(await create('GrantRegistry', [membership], submitter, signal));
  const recognitionRegistry = createdBy(await create('RecognitionRegistry', [membership], submitter, signal));
  return { chainId, membership, logAnchor, grantRegistry, recognitionRegistry, deployment, block: first.block };
}

/**
 * Takes a call through the vote: the first council member proposes, the others approve until it runs.
 * @throws CONFLICT where they are too few; as `Submitter.submit`
 */
export async function passByVote(
  contracts: ConsortiumContracts,
  call: CouncilCall,
  council: readonly Pick<Submitter, 'submit'>[],
  signal?: AbortSignal,
): Promise<Proposed> {
  let result: Proposed | undefined;
  for (const submitter of council) {
    const writer = new ChainWriter(contracts, submitter);
    result = await (result ? writer.approve(result.proposal, signal) : writer.propose(call, signal));
    if (result.executed) return result;
  }
  const got = `${council.length} approvals`;
  throw new XinlianError('CONFLICT', { what: 'proposal', wanted: 'as many approvals as the threshold', got });
}

/** Admits a body by vote. @throws as `passByVote` */
export async function admitByVote(
  contracts: ConsortiumContracts,
  admission: Admission,
  council: readonly Pick<Submitter, 'submit'>[],
  signal?: AbortSignal,
): Promise<Proposed> {
  return passByVote(contracts, { call: 'admit', admission }, council, signal);
}

async function create(
  name: ContractName,
  args: unknown[],
  submitter: Pick<Submitter, 'submit'>,
  signal: AbortSignal | undefined,
): Promise<MinedTransaction> {
  const { abi, bytecode } = artifact(name);
  const data: Hex = `${bytecode}${abi.encodeDeploy(args).slice(2)}`;
  return submitter.submit({ data }, signal);
}

function createdBy({ contract, transaction }: MinedTransaction): Hex {
  if (contract) return getAddress(contract) as Hex;
  throw new XinlianError('CHAIN_WRONG', {
    what: `receipt of ${transaction}`,
    wanted: 'a contract address',
    got: 'none',
  });
}
