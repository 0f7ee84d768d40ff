// A consortium on a fresh in-process chain: members with accounts, the contracts, and votes.
import { createHash } from 'node:crypto';
import { network } from 'hardhat';
import { Wallet, id as keccakOfText, toBeHex } from 'ethers';
import type { ContractTransactionResponse, Signer } from 'ethers';
import { Roles } from './contract-types.ts';
import type {
  Admission,
  GrantRegistryContract,
  LogAnchorContract,
  MembershipContract,
  RecognitionRegistryContract,
} from './contract-types.ts';

export const deployment = keccakOfText('a consortium');

/** A member-to-be: its papers, and the wallet of its transaction key. */
export interface Body {
  id: string;
  admission: Admission;
  wallet: Wallet;
}

/** A 32-byte value made from a name: keys, scopes, reasons. */
export function digest(name: string): string {
  return `0x${createHash('sha256').update(name).digest('hex')}`;
}

export function walletOf(name: string): Wallet {
  return new Wallet(digest(`wallet ${name}`));
}

export function memberId(uscc: string): string {
  return keccakOfText(`xinlian/member/v1:${uscc}`);
}

/** The nth body: the same one every time. Its code is well-formed, not registered. */
export function body(n: number, changes: Partial<Admission> = {}): Body {
  const wallet = walletOf(`${n}`);
  const uscc = `11320900MB${String(n).padStart(8, '0')}`;
  const admission: Admission = {
    name: `第${n}机构`,
    uscc,
    region: 320904,
    roles: Roles.COUNCIL | Roles.SOURCE,
    transaction: wallet.address,
    keys: {
      checkpoint: digest(`checkpoint ${n}`),
      sealing: `0x02${digest(`sealing ${n}`).slice(2)}`,
      nodePeer: digest(`node ${n}`),
      gatewayPeer: digest(`gateway ${n}`),
      client: digest(`client ${n}`),
    },
    endpoints: JSON.stringify({ log: `https://log-${n}.example/` }),
    ...changes,
  };
  return { id: memberId(admission.uscc), admission, wallet };
}

export type Consortium = Awaited<ReturnType<typeof consortium>>;

/** Deploys Membership with the first `founders` bodies as council, and the contracts beside it. */
export async function consortium(founders = 3, threshold = 2) {
  const { ethers, networkHelpers } = await network.create();
  const bodies = Array.from({ length: founders }, (_, n) => body(n));
  const membership = (await ethers.deployContract('Membership', [
    deployment,
    bodies.map(({ admission }) => admission),
    threshold,
  ])) as unknown as MembershipContract;
  const anchors = (await ethers.deployContract('LogAnchor', [membership])) as unknown as LogAnchorContract;
  const grants = (await ethers.deployContract('GrantRegistry', [membership])) as unknown as GrantRegistryContract;
  const recognition = (await ethers.deployContract('RecognitionRegistry', [
    membership,
  ])) as unknown as RecognitionRegistryContract;

  /** A signer for any account, with money. */
  async function account(address: string): Promise<Signer> {
    await networkHelpers.setBalance(address, 10n ** 24n);
    return ethers.getImpersonatedSigner(address);
  }

  async function as(address: string): Promise<MembershipContract> {
    return membership.connect(await account(address));
  }

  async function anchorsAs(address: string): Promise<LogAnchorContract> {
    return anchors.connect(await account(address));
  }

  async function grantsAs(address: string): Promise<GrantRegistryContract> {
    return grants.connect(await account(address));
  }

  async function recognitionAs(address: string): Promise<RecognitionRegistryContract> {
    return recognition.connect(await account(address));
  }

  async function proposalOf(transaction: ContractTransactionResponse): Promise<bigint> {
    const receipt = await transaction.wait();
    for (const log of receipt?.logs ?? []) {
      const event = membership.interface.parseLog(log);
      if (event?.name === 'Proposed') return event.args['proposal'] as bigint;
    }
    throw new Error('wanted an event Proposed, got none');
  }

  function call(name: string, args: unknown[]): string {
    return membership.interface.encodeFunctionData(name, args);
  }

  /** Proposes and has it approved by as many council members as it takes; resolves to the transaction that ran it. */
  async function vote(name: string, args: unknown[], voters: Body[] = bodies): Promise<ContractTransactionResponse> {
    const needed = Number(await membership.threshold());
    const [proposer, ...others] = voters.slice(0, needed).map(({ wallet }) => wallet.address);
    let last = await (await as(proposer!)).propose(call(name, args));
    const proposal = await proposalOf(last);
    for (const other of others) last = await (await as(other)).approve(proposal);
    return last;
  }

  return {
    ethers,
    networkHelpers,
    bodies,
    membership,
    anchors,
    grants,
    recognition,
    account,
    as,
    anchorsAs,
    grantsAs,
    recognitionAs,
    proposalOf,
    call,
    vote,
  };
}

/** The new key's proof that it is held. */
export async function rotationSignature(
  { ethers, membership }: Consortium,
  current: Wallet,
  rotation: { member: string; previous: string; current: string },
  domain: { name?: string; version?: string; chainId?: bigint; verifyingContract?: string; salt?: string } = {},
): Promise<string> {
  const { chainId } = await ethers.provider.getNetwork();
  return current.signTypedData(
    {
      name: 'Xinlian',
      version: '1',
      chainId,
      verifyingContract: await membership.getAddress(),
      salt: deployment,
      ...domain,
    },
    {
      KeyRotation: [
        { name: 'member', type: 'bytes32' },
        { name: 'previous', type: 'address' },
        { name: 'current', type: 'address' },
      ],
    },
    rotation,
  );
}

/** An address that is nobody's. */
export function stranger(n: number): string {
  return toBeHex(0x1000n + BigInt(n), 20);
}
