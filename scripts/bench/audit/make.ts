// Data for the audit bench: logs as directories and a recorded chain, made directly. Sound in every hash and signature, so
// that an honest audit finds nothing.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { keccak_256 } from '@noble/hashes/sha3.js';
import type { RawBlock, RawLog } from '../../../node/audit/ports.ts';
import { StatusSet } from '../../../node/audit/status-set.ts';
import { artifact, encodeAdmission } from '../../../node/chain/abi.ts';
import type { ConsortiumContracts } from '../../../node/chain/events.ts';
import { concat, toHex, u64, utf8, type Hex } from '../../../node/core/bytes.ts';
import { checkpointOrigin, encodeCheckpoint } from '../../../node/core/checkpoint.ts';
import { encodeEntry, type Entry } from '../../../node/core/entry.ts';
import { encodeReceipt } from '../../../node/core/ethereum.ts';
import { logIdOf, memberIdOf, type LogId, type MemberId } from '../../../node/core/ids.ts';
import { leafHash, TreeFrontier } from '../../../node/core/merkle.ts';
import { signNote } from '../../../node/core/note.ts';
import { receiptsRootOf } from '../../../node/core/receipts-trie.ts';
import { encodeRlp, integerBytes } from '../../../node/core/rlp.ts';
import { statusChangeOf } from '../../../node/core/status-change.ts';
import { encodeBundle, tilePath, TILE_WIDTH, type Tile } from '../../../node/core/tiles.ts';
import type { Uscc } from '../../../node/core/uscc.ts';

export interface MadeHistory {
  contracts: ConsortiumContracts;
  /** Recorded chain. */
  chain: string;
  /** Directory of the logs' directories. */
  mirror: string;
  events: number;
}

const LOGS = 4;
const START = 1_780_000_000;
/** One entry in so many corrects an earlier one. */
const CORRECTED = 100;
const SCOPE: Hex = `0x${'00'.repeat(32)}`;

/**
 * @param entries of all logs together
 * @param events of the chain, about
 */
export async function makeHistory(
  directory: string,
  { entries, events }: { entries: number; events: number },
): Promise<MadeHistory> {
  const contracts: ConsortiumContracts = {
    chainId: 320_904,
    membership: '0x1111111111111111111111111111111111111111',
    logAnchor: '0x2222222222222222222222222222222222222222',
    grantRegistry: '0x3333333333333333333333333333333333333333',
    recognitionRegistry: '0x4444444444444444444444444444444444444444',
    deployment: `0x${'ab'.repeat(32)}`,
    block: 1,
  };
  const chain = new MadeChain(contracts);
  const members = Array.from({ length: LOGS }, (_, n) => madeMember(n));
  chain.add([
    ...members.map(({ id, admission }) =>
      chain.event('Membership', 'MemberAdmitted', [id, encodeAdmission(admission)]),
    ),
    chain.event('Membership', 'ThresholdChanged', [2]),
  ]);
  const mirror = join(directory, 'mirror');
  const logs: MadeLog[] = [];
  for (const { id: owner, secret } of members) {
    const { chainId, logAnchor, deployment } = contracts;
    const id = logIdOf({ chainId, logAnchor, deployment, owner, scope: SCOPE, ordinal: 0 });
    chain.add([chain.event('LogAnchor', 'LogRegistered', [id, owner, SCOPE, 0])]);
    logs.push(new MadeLog(join(mirror, id), id, owner, secret));
  }
  const anchors = events - chain.events;
  const each = Math.floor(entries / anchors);
  for (let n = 0; n < anchors; n++) {
    const log = logs[n % LOGS] as MadeLog;
    await log.grow(n < anchors - 1 ? each : entries - each * (anchors - 1), chain.time);
    chain.add([chain.event('LogAnchor', 'Anchored', [log.id, log.tree.size, log.tree.root()])]);
  }
  for (const log of logs) await log.finish(checkpointOrigin({ ...contracts, log: log.id }));
  const file = join(directory, 'chain.ndjson');
  await writeFile(file, chain.lines.join(''));
  return { contracts, chain: file, mirror, events: chain.events };
}

function madeMember(n: number) {
  const secret = keccak_256(utf8(`bench member ${n}`));
  const uscc = `11320900MB${String(n).padStart(8, '0')}`;
  const key = (name: string): Uint8Array => keccak_256(utf8(`${name} ${n}`));
  const admission = {
    name: `第${n}机构`,
    uscc,
    region: '320904',
    roles: ['council' as const, 'source' as const],
    transaction: toHex(key('account').subarray(12)),
    keys: {
      checkpoint: ed25519.getPublicKey(secret),
      sealing: concat(Uint8Array.of(2), key('sealing')),
      nodePeer: key('node'),
      gatewayPeer: key('gateway'),
      client: key('client'),
    },
    endpoints: '{}',
  };
  return { id: memberIdOf(uscc as Uscc), secret, admission };
}

/** A log as files. */
class MadeLog {
  readonly id: LogId;
  readonly tree = new TreeFrontier();
  readonly #directory: string;
  readonly #owner: MemberId;
  readonly #secret: Uint8Array;
  readonly #statuses = new StatusSet();
  readonly #tiles: Uint8Array[][] = [];
  #bundle: Uint8Array[] = [];
  #corrected = 0;

  constructor(directory: string, id: LogId, owner: MemberId, secret: Uint8Array) {
    this.#directory = directory;
    this.id = id;
    this.#owner = owner;
    this.#secret = secret;
  }

  /** Adds entries, the last one a status entry. */
  async grow(count: number, time: number): Promise<void> {
    for (let i = 0; i < count - 1; i++) await this.#append(this.#record(time));
    await this.#append({ kind: 'status', time, root: this.#statuses.root() });
  }

  async finish(origin: string): Promise<void> {
    const { size } = this.tree;
    if (this.#bundle.length > 0) await this.#write({ level: 'entries', index: Math.floor(size / TILE_WIDTH), width: this.#bundle.length }, encodeBundle(this.#bundle)); // prettier-ignore
    for (const [level, hashes] of this.#tiles.entries()) {
      const index = Math.floor(size / TILE_WIDTH ** (level + 1));
      if (hashes.length > 0) await this.#write({ level, index, width: hashes.length }, concat(...hashes));
    }
    const signer = {
      name: origin,
      publicKey: ed25519.getPublicKey(this.#secret),
      sign: (message: Uint8Array) => ed25519.sign(message, this.#secret),
    };
    const note = await signNote(encodeCheckpoint({ origin, size, root: this.tree.root() }), signer);
    await writeFile(join(this.#directory, 'checkpoint'), note);
  }

  #record(time: number): Entry {
    const position = this.tree.size;
    const commitment = keccak_256(concat(utf8(this.#owner), u64(position)));
    const record = { time, item: 'xk', edition: '2024', commitment };
    if (position % CORRECTED !== CORRECTED - 1) return { kind: 'publish', ...record };
    // Each record is corrected once at most.
    const ref = this.#corrected;
    this.#corrected += ref % CORRECTED === CORRECTED - 3 ? 4 : 1;
    return this.#statuses.get(ref) ? { kind: 'publish', ...record } : { kind: 'supersede', ...record, ref };
  }

  async #append(entry: Entry): Promise<void> {
    const position = this.tree.size;
    const change = statusChangeOf(entry, position);
    if (change) this.#statuses.set(change.position, change.value);
    const bytes = encodeEntry(entry);
    this.#bundle.push(bytes);
    const full: [Tile, Uint8Array][] = [];
    this.tree.append(leafHash(bytes), (level, index, hash) => {
      if (level % 8 !== 0) return;
      const hashes = (this.#tiles[level / 8] ??= []);
      hashes.push(hash);
      if (hashes.length < TILE_WIDTH) return;
      const tile = { level: level / 8, index: Math.floor(index / TILE_WIDTH), width: TILE_WIDTH };
      full.push([tile, concat(...hashes.splice(0))]);
    });
    if (this.#bundle.length === TILE_WIDTH) {
      const index = Math.floor(position / TILE_WIDTH);
      full.push([{ level: 'entries', index, width: TILE_WIDTH }, encodeBundle(this.#bundle.splice(0))]);
    }
    for (const [tile, bytes] of full) await this.#write(tile, bytes);
  }

  async #write(tile: Tile, bytes: Uint8Array): Promise<void> {
    const file = join(this.#directory, tilePath(tile));
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}

/** A chain with one transaction a block. */
class MadeChain {
  readonly lines: string[] = [];
  events = 0;
  readonly #contracts: ConsortiumContracts;
  #number: number;
  #parent: Hex = `0x${'00'.repeat(32)}`;

  constructor(contracts: ConsortiumContracts) {
    this.#contracts = contracts;
    this.#number = contracts.block;
  }

  /** Time of the next block. */
  get time(): number {
    return START + this.#number;
  }

  event(contract: 'Membership' | 'LogAnchor', name: string, args: unknown[]): RawLog {
    const { topics, data } = artifact(contract).abi.encodeEventLog(name, args);
    const address = contract === 'Membership' ? this.#contracts.membership : this.#contracts.logAnchor;
    this.events++;
    return { address, topics, data, blockNumber: '0x0', blockHash: '0x', transactionHash: '0x', logIndex: '0x0' };
  }

  add(logs: RawLog[]): void {
    // A full filter allows every event: it says less than a true one, and costs the same to check.
    const logsBloom = `0x${'ff'.repeat(256)}`;
    const receipt = { status: '0x1', cumulativeGasUsed: '0x5208', logsBloom, logs, transactionHash: this.#parent };
    const zeros = (bytes: number): Hex => `0x${'00'.repeat(bytes)}`;
    const fields = {
      parentHash: this.#parent,
      sha3Uncles: zeros(32),
      miner: zeros(20),
      stateRoot: zeros(32),
      transactionsRoot: zeros(32),
      receiptsRoot: toHex(receiptsRootOf([encodeReceipt(receipt)])),
      logsBloom,
      difficulty: '0x0',
      number: quantity(this.#number),
      gasLimit: '0x1c9c380',
      gasUsed: '0x5208',
      timestamp: quantity(this.time),
      extraData: '0x',
      mixHash: zeros(32),
      nonce: zeros(8),
      baseFeePerGas: '0x7',
    };
    const integers = new Set(['difficulty', 'number', 'gasLimit', 'gasUsed', 'timestamp', 'baseFeePerGas']);
    const header = encodeRlp(
      Object.entries(fields).map(([name, value]) =>
        integers.has(name) ? integerBytes(BigInt(value)) : Uint8Array.from(Buffer.from(value.slice(2), 'hex')),
      ),
    );
    const hash = toHex(keccak_256(header));
    const block: RawBlock = { block: { hash, ...fields }, receipts: [receipt] };
    this.lines.push(`${JSON.stringify(block)}\n`);
    this.#parent = hash;
    this.#number++;
  }
}

function quantity(value: number): string {
  return `0x${value.toString(16)}`;
}
