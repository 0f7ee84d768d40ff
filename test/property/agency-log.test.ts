import { expect } from 'chai';
import * as fc from 'fast-check';
import { utf8 } from '../../node/core/bytes.ts';
import { decodeEntry } from '../../node/core/entry.ts';
import { parseLogId, parseMemberId } from '../../node/core/ids.ts';
import { inclusionProof, leafHash, verifyInclusion } from '../../node/core/merkle.ts';
import { proveStatus, STATUS_DEPTH, verifyStatus } from '../../node/core/status-tree.ts';
import { tilesForSize } from '../../node/core/tiles.ts';
import { AgencyLog } from '../../node/exchange/agency-log.ts';
import { GroupCommit } from '../../node/exchange/group-commit.ts';
import { LevelLogStore } from '../../node/store/log-store.ts';
import type { Batch } from '../../node/store/store.ts';
import { memoryStore } from '../helpers/memory-store.ts';
import { referenceRoot, referenceStatusRoot, referenceTile } from '../helpers/reference-trees.ts';

const ID = parseLogId(`0x${'b2'.repeat(32)}`);
const OWNER = parseMemberId(`0x${'c3'.repeat(32)}`);

type Step =
  { do: 'append'; count: number } | { do: 'change'; at: number; live: boolean } | { do: 'cover' | 'commit' | 'reload' };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('append'), count: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change'), at: fc.nat(), live: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('cover', 'commit', 'reload') }) },
);

/** The log and, beside it, what it should hold. */
class Subject {
  readonly store: LevelLogStore;
  readonly #statuses = new Map<number, Uint8Array>();
  #commits = new GroupCommit<Batch>(() => this.store.batch());
  #writes: Promise<unknown>[] = [];
  entries: Uint8Array[] = [];
  /** Statuses under each status entry, by its position. */
  readonly covered = new Map<number, Map<number, Uint8Array>>();
  log: AgencyLog<Batch>;

  constructor(store: LevelLogStore) {
    this.store = store;
    this.log = AgencyLog.create(store, { number: 1, id: ID, owner: OWNER, scope: `0x${'00'.repeat(32)}` });
    this.#hook();
  }

  append(count: number): void {
    this.#stage((batch) => {
      for (let i = 0; i < count; i++) {
        const commitment = leafHash(utf8(String(this.log.size)));
        this.log.append(batch, { kind: 'publish', time: 1, item: 'i', edition: 'e', commitment });
      }
    });
  }

  change(at: number, live: boolean): void {
    if (this.log.size === 0) return;
    const position = at % this.log.size;
    const value = live ? null : utf8(`{"state":"s${at}"}`);
    if (value) this.#statuses.set(position, value);
    else this.#statuses.delete(position);
    this.#stage((batch) => this.log.setStatus(batch, position, value));
    expect(this.log.status(position)).to.deep.equal(value ?? undefined);
  }

  async cover(): Promise<void> {
    await this.commit();
    const { size } = this.log;
    this.#stage((batch) => this.log.appendStatus(batch, 2));
    if (this.log.size > size) this.covered.set(size, new Map(this.#statuses));
    for (const [position, value] of this.#statuses) expect(this.log.status(position)).to.deep.equal(value);
    await this.commit();
  }

  async commit(): Promise<void> {
    await Promise.all(this.#writes.splice(0));
    this.entries = [];
    for await (const entry of this.store.entries(1, 0, this.log.size)) this.entries.push(entry);
  }

  async reload(): Promise<void> {
    await this.commit();
    const [state] = await this.store.logs();
    if (!state) return;
    this.log = await AgencyLog.load(this.store, state);
    this.#commits = new GroupCommit<Batch>(() => this.store.batch());
    this.#hook();
  }

  #hook(): void {
    this.#commits.beforeCommit((batch) => this.log.save(batch));
  }

  #stage(stage: (batch: Batch) => void): void {
    this.#writes.push(this.#commits.run(stage));
  }
}

async function run(steps: readonly Step[]): Promise<Subject> {
  const subject = new Subject(new LevelLogStore(await memoryStore()));
  for (const step of steps) {
    if (step.do === 'append') subject.append(step.count);
    else if (step.do === 'change') subject.change(step.at, step.live);
    else await subject[step.do]();
  }
  await subject.cover();
  await subject.reload();
  return subject;
}

describe('AgencyLog, by property', () => {
  it('is the tree over its entries, however they came in', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.nat(), async (steps, seed) => {
        const { log, entries } = await run(steps);
        expect(entries).to.have.length(log.size);
        expect(log.root()).to.deep.equal(referenceRoot(entries));
        for (const { level, index, width } of tilesForSize(log.size)) {
          const tile = log.tile(level, index);
          expect(tile).to.have.length(width * 32);
          expect(tile).to.deep.equal(referenceTile(entries, level, index));
        }
        // every proof at full size, and one at a smaller one
        for (let index = 0; index < log.size; index++) {
          const proof = inclusionProof(index, log.size, log.reader(log.size));
          verifyInclusion({ index, size: log.size, leaf: leafHash(entries[index]!), proof, root: log.root() });
        }
        if (log.size === 0) return;
        const size = 1 + (seed % log.size);
        const index = seed % size;
        const root = referenceRoot(entries.slice(0, size));
        const proof = inclusionProof(index, size, log.reader(size));
        verifyInclusion({ index, size, leaf: leafHash(entries[index]!), proof, root });
      }),
      { numRuns: 25 },
    );
  });

  it('has the status tree of every status entry, then and later', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 20 }), fc.nat(), async (steps, seed) => {
        const { store, entries, covered } = await run(steps);
        for (const [at, statuses] of covered) {
          const entry = decodeEntry(entries[at]!);
          if (entry.kind !== 'status') throw new Error(`a ${entry.kind} at ${at}`);
          expect(entry.root).to.deep.equal(referenceStatusRoot(statuses));
          for (const position of [...statuses.keys(), seed % at]) {
            const siblings = new Map<number, Uint8Array | undefined>();
            for (let depth = 1; depth <= STATUS_DEPTH; depth++) {
              const prefix = Math.floor(position / 2 ** (STATUS_DEPTH - depth));
              siblings.set(depth, await store.statusNodeAt(1, depth, prefix % 2 === 0 ? prefix + 1 : prefix - 1, at));
            }
            const value = await store.statusAt(1, position, at);
            expect(value).to.deep.equal(statuses.get(position));
            const proof = proveStatus(position, (depth) => siblings.get(depth));
            verifyStatus({ ...proof, position, value, root: entry.root });
          }
        }
      }),
      { numRuns: 15 },
    );
  });
});
