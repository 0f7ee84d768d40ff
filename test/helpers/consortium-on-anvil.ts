// A consortium on a real engine, with everything that a node's chain adapter is made of.
import { createHash, randomBytes } from 'node:crypto';
import { SigningKey } from 'ethers/crypto';
import { computeAddress } from 'ethers/transaction';
import { toHex, type Hex } from '../../node/core/bytes.ts';
import type { Role } from '../../node/core/consortium.ts';
import { memberIdOf, type MemberId } from '../../node/core/ids.ts';
import type { Uscc } from '../../node/core/uscc.ts';
import { systemClock } from '../../node/chain/clock.ts';
import { deployConsortium } from '../../node/chain/deploy.ts';
import type { ConsortiumContracts } from '../../node/chain/events.ts';
import type { Admission } from '../../node/core/council.ts';
import { Follower, type FollowerOptions } from '../../node/chain/follower.ts';
import { MemoryChainStore } from '../../node/chain/memory-store.ts';
import type { AccountSigner, ChainStore, Log } from '../../node/chain/ports.ts';
import { JsonRpc } from '../../node/chain/rpc.ts';
import { Submitter, type SubmitterOptions } from '../../node/chain/submitter.ts';
import { ChainWriter } from '../../node/chain/writer.ts';
import { startAnvil, TEST_CHAIN_ID, type Anvil } from './anvil.ts';

export const silent: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** 32 bytes made from a name. */
export function digest(name: string): Uint8Array {
  return createHash('sha256').update(name).digest();
}

/** The account of a name: the same one every time. */
export function accountOf(name: string): AccountSigner {
  const key = new SigningKey(digest(`account ${name}`));
  return { address: computeAddress(key.publicKey), sign: (bytes) => key.sign(bytes).serialized };
}

export interface Body {
  id: MemberId;
  admission: Admission;
  signer: AccountSigner;
}

/** The nth body: the same one every time. */
export function bodyOf(n: number, roles: Role[] = ['council', 'source']): Body {
  const uscc = `11320900MB${String(n).padStart(8, '0')}`;
  const signer = accountOf(`body ${n}`);
  return {
    id: memberIdOf(uscc as Uscc),
    signer,
    admission: {
      name: `第${n}机构`,
      uscc,
      region: '320904',
      roles,
      transaction: signer.address as Hex,
      keys: {
        checkpoint: digest(`checkpoint ${n}`),
        sealing: Uint8Array.from([2, ...digest(`sealing ${n}`)]),
        nodePeer: digest(`node ${n}`),
        gatewayPeer: digest(`gateway ${n}`),
        client: new Uint8Array(),
      },
      endpoints: JSON.stringify({ log: `https://log-${n}.example/` }),
    },
  };
}

export class TestConsortium {
  readonly anvil: Anvil;
  readonly rpc: JsonRpc;
  readonly bodies: Body[];
  readonly contracts: ConsortiumContracts;
  readonly #followers: Follower[] = [];

  private constructor(anvil: Anvil, rpc: JsonRpc, bodies: Body[], contracts: ConsortiumContracts) {
    this.anvil = anvil;
    this.rpc = rpc;
    this.bodies = bodies;
    this.contracts = contracts;
  }

  /** @param roles of each founder; council and source where there is none */
  static async start(founders = 3, threshold = 2, roles: readonly Role[][] = []): Promise<TestConsortium> {
    const anvil = await startAnvil();
    const rpc = new JsonRpc(
      { endpoints: [anvil.url], chainId: TEST_CHAIN_ID, timeoutMs: 1_000 },
      { clock: systemClock, log: silent },
    );
    const bodies = Array.from({ length: founders }, (_, n) => bodyOf(n, roles[n]));
    const deployer = accountOf('deployer');
    for (const { address } of [deployer, ...bodies.map(({ signer }) => signer)]) await fund(anvil, address);
    const contracts = await deployConsortium(
      {
        chainId: TEST_CHAIN_ID,
        deployment: toHex(randomBytes(32)),
        founders: bodies.map(({ admission }) => admission),
        threshold,
      },
      submitterOf(rpc, deployer),
    );
    return new TestConsortium(anvil, rpc, bodies, contracts);
  }

  submitter(signer: AccountSigner, options: Partial<SubmitterOptions> = {}): Submitter {
    return submitterOf(this.rpc, signer, options);
  }

  writer(body: Body): ChainWriter {
    return new ChainWriter(this.contracts, this.submitter(body.signer));
  }

  council(): Submitter[] {
    return this.bodies.map(({ signer }) => this.submitter(signer));
  }

  async follower(
    options: Partial<FollowerOptions> = {},
    store: ChainStore = new MemoryChainStore(),
    log: Log = silent,
  ): Promise<Follower> {
    const follower = await Follower.open(
      { contracts: this.contracts, finality: { kind: 'depth', depth: 1 }, pollMs: 20, ...options },
      { rpc: this.rpc, store, clock: systemClock, log },
    );
    this.#followers.push(follower);
    return follower;
  }

  async mine(blocks = 1): Promise<void> {
    for (let i = 0; i < blocks; i++) await this.anvil.call('evm_mine');
  }

  async stop(): Promise<void> {
    for (const follower of this.#followers) await follower.stop();
    this.rpc.close();
    await this.anvil.kill();
  }
}

export async function fund(anvil: Anvil, address: string): Promise<void> {
  await anvil.call('anvil_setBalance', address, '0xde0b6b3a7640000');
}

export function submitterOf(rpc: JsonRpc, signer: AccountSigner, options: Partial<SubmitterOptions> = {}): Submitter {
  const dependencies = { rpc, signer, clock: systemClock, log: silent, random: () => 0.5 };
  return new Submitter({ chainId: TEST_CHAIN_ID, ...options }, dependencies);
}

/** Resolves when `condition` holds, asked again after every change of the view. */
export async function until(follower: Follower, condition: () => boolean): Promise<void> {
  if (condition()) return;
  await new Promise<void>((resolve) => {
    const end = follower.view.subscribe(() => {
      if (!condition()) return;
      end();
      resolve();
    });
  });
}

/** A log, and the end of the wait for its first warning. */
export function warned(): { log: Log; warning: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { log: { ...silent, warn: () => resolve() }, warning: promise };
}
