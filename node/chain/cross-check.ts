// Whether the endpoints of a node say the same of the chain. An engine can be wrong, cut off, or someone else's: what one
// says counts as final only when another has it too, and most agree.
import { sha256 } from '#sha256';
import { toHex, type Hex } from '../core/bytes.ts';
import { readEvents, readHeader } from './blocks.ts';
import type { ChainEvent, ConsortiumContracts, FollowedBlock } from './events.ts';
import type { Finality } from './finality.ts';
import type { Clock, Log } from './ports.ts';
import type { Endpoints, Witness } from './rpc.ts';
import { encodeValue } from './stored.ts';

export interface CrossCheckOptions {
  contracts: ConsortiumContracts;
  finality: Finality;
  /** How long finality waits for a second endpoint; 30 s unless told. */
  patienceMs?: number;
}

export interface CrossCheckDependencies {
  rpc: Endpoints;
  clock: Clock;
  log: Log;
}

/** A block that an endpoint has. */
interface Block {
  number: number;
  hash: Hex;
}

interface Claim {
  witness: Witness;
  /** Of the block in question; undefined where it does not have it. */
  hash?: Hex;
  /** Digest of all that it says of the blocks up to that one. */
  digest?: Hex;
  /** Whether it has another block than the one that was final. */
  heretic: boolean;
}

/** What the others say of blocks: they agree as far as `to`, or they showed that these blocks are not the chain's. */
export type Verdict = { kind: 'stands'; to: number } | { kind: 'falls' };

/** Long enough for one that is started anew, or a real block that contradicts what an endpoint made up. */
const PATIENCE_MS = 30_000;

export class CrossCheck {
  readonly #options: CrossCheckOptions;
  readonly #dependencies: CrossCheckDependencies;
  /** Since when no other endpoint has what the one in use has. */
  #aloneSince: number | undefined;
  #disputed: number | undefined;

  constructor(options: CrossCheckOptions, dependencies: CrossCheckDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** The block from which on the endpoints contradict each other and none has the majority. */
  get disputed(): number | undefined {
    return this.#disputed;
  }

  /**
   * Compares blocks that would become final with what each endpoint says of them. The majority is right; one that
   * contradicts what was final is wrong whatever the others say. Those that are wrong are set aside.
   * @param blocks as the endpoint in use told them, ascending; the last is the one that would become final
   * @param final the last block that was final
   */
  async judge(blocks: readonly FollowedBlock[], final: Block | undefined): Promise<Verdict> {
    const { rpc } = this.#dependencies;
    const before = final?.number ?? -1;
    const last = blocks.at(-1)?.number ?? before;
    if (rpc.size === 1) return { kind: 'stands', to: last };
    const [own, ...others] = rpc.witnesses();
    const finals = (await Promise.all(others.map((witness) => this.#finalOf(witness)))).filter(
      (said) => said !== undefined,
    );
    // As far as another endpoint too has what is final, and where this one told a block.
    const furthest = Math.max(...finals.map(({ number }) => number));
    const shared = blocks.findLast(({ number }) => number <= furthest);
    if (!own || !shared) return { kind: 'stands', to: this.#isPatient() ? before : last };

    const { contracts } = this.#options;
    const stretch = { from: Math.max(before + 1, contracts.block), to: shared.number };
    const told = blocks.filter(({ number }) => number <= shared.number);
    const ours = digestOf(
      shared.hash,
      told.flatMap(({ events }) => events),
    );
    const asked = [own, ...finals.filter(({ number }) => number >= shared.number).map(({ witness }) => witness)];
    const claims = (await Promise.all(asked.map((witness) => this.#ask(witness, stretch, final)))).filter(
      (claim) => claim !== undefined,
    );
    // One that names a head, and does not give the blocks below it.
    const boasting = claims.filter(({ digest, witness }) => !digest && witness !== own);
    for (const { witness } of boasting) witness.setAside('failed');
    return this.#decide(claims, { own, ours, to: shared.number, before });
  }

  /**
   * For when the endpoint in use has another block than the one that was final: whether that one still stands, because
   * another endpoint has it, or because none answers that could tell. Then the one in use is set aside.
   */
  async upholds(final: Block): Promise<boolean> {
    const { rpc } = this.#dependencies;
    const [own, ...others] = rpc.witnesses();
    if (!own || rpc.size === 1) return false;
    const headers = await Promise.all(others.map((other) => readHeader(other, final.number).catch(() => undefined)));
    const said = headers.filter((header) => header !== undefined);
    if (said.length > 0 && said.every(({ hash }) => hash !== final.hash)) return false;
    this.#setAside(own, final.number);
    return true;
  }

  #decide(
    claims: readonly Claim[],
    { own, ours, to, before }: { own: Witness; ours: Hex; to: number; before: number },
  ): Verdict {
    const { log } = this.#dependencies;
    const heretics = claims.filter(({ heretic }) => heretic);
    const sound = claims.filter(({ heretic, digest }) => !heretic && digest !== undefined);
    const groups = [...Map.groupBy(sound, ({ digest }) => digest)].sort(([, a], [, b]) => b.length - a.length);
    const [first, second] = groups;
    if (first && second && first[1].length === second[1].length) {
      if (this.#disputed === undefined) {
        const said = sound.map(({ witness, hash }) => ({ endpoint: witness.name, hash }));
        log.error({ block: to, said }, 'ALARM: the endpoints contradict each other; nothing more becomes final');
      }
      this.#disputed = to;
      return { kind: 'stands', to: before };
    }
    for (const { witness } of [...heretics, ...groups.slice(1).flatMap(([, group]) => group)]) {
      this.#setAside(witness, to);
    }
    this.#disputed = undefined;
    if (first && first[0] !== ours) return { kind: 'falls' };
    if (sound.some(({ witness }) => witness !== own)) this.#aloneSince = undefined;
    else if (this.#isPatient()) return { kind: 'stands', to: before };
    return { kind: 'stands', to };
  }

  /** Whether a second endpoint is still waited for. */
  #isPatient(): boolean {
    const now = this.#dependencies.clock.now();
    this.#aloneSince ??= now;
    return now - this.#aloneSince < (this.#options.patienceMs ?? PATIENCE_MS);
  }

  #setAside(witness: Witness, block: number): void {
    const details = { endpoint: witness.name, block };
    this.#dependencies.log.error(details, 'ALARM: an endpoint says of the chain what others contradict; it is left');
    witness.setAside('contradicted');
  }

  /** How far an endpoint calls the chain final. @returns undefined where it does not answer, or nothing is */
  async #finalOf(witness: Witness): Promise<{ witness: Witness; number: number } | undefined> {
    const { finality } = this.#options;
    const header = await readHeader(witness, finality.kind === 'tag' ? 'finalized' : 'latest').catch(() => undefined);
    if (!header) return undefined;
    return { witness, number: finality.kind === 'tag' ? header.number : header.number - finality.depth + 1 };
  }

  /** @returns undefined where it does not answer */
  async #ask(
    witness: Witness,
    { from, to }: { from: number; to: number },
    final: Block | undefined,
  ): Promise<Claim | undefined> {
    try {
      const [header, before, events] = await Promise.all([
        readHeader(witness, to),
        final && readHeader(witness, final.number),
        readEvents(witness, this.#options.contracts, from, to),
      ]);
      const heretic = final !== undefined && before !== undefined && before.hash !== final.hash;
      return { witness, heretic, ...(header && { hash: header.hash, digest: digestOf(header.hash, events) }) };
    } catch {
      // The client has noted a failure; an answer that cannot be read bears no witness.
      return undefined;
    }
  }
}

function digestOf(hash: Hex, events: readonly ChainEvent[]): Hex {
  return toHex(sha256(encodeValue({ hash, events })));
}
