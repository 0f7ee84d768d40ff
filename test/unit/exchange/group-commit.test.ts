import { expect } from 'chai';
import { GroupCommit } from '../../../node/exchange/group-commit.ts';
import { rejection } from '../../helpers/rejection.ts';

/** A disk that finishes a write when it is told to. */
class Disk {
  readonly written: string[][] = [];
  readonly waiting: { operations: string[]; finish: () => void; fail: (cause: Error) => void }[] = [];
  #arrived = Promise.withResolvers<void>();

  readonly batch = (): DiskBatch => new DiskBatch(this);

  write(operations: string[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const finish = () => {
      this.waiting.shift();
      this.written.push(operations);
      resolve();
    };
    const fail = (cause: Error) => {
      this.waiting.shift();
      reject(cause);
    };
    this.waiting.push({ operations, finish, fail });
    this.#arrived.resolve();
    return promise;
  }

  /** The write under way, as soon as there is one. */
  async next(): Promise<Disk['waiting'][number]> {
    while (this.waiting.length === 0) {
      this.#arrived = Promise.withResolvers();
      await this.#arrived.promise;
    }
    return this.waiting[0]!;
  }
}

class DiskBatch {
  readonly operations: string[] = [];
  readonly #disk: Disk;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  put(operation: string): void {
    this.operations.push(operation);
  }

  get length(): number {
    return this.operations.length;
  }

  commit(): Promise<void> {
    return this.#disk.write(this.operations);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('GroupCommit', () => {
  let disk: Disk;
  let commits: GroupCommit<DiskBatch>;

  beforeEach(() => {
    disk = new Disk();
    commits = new GroupCommit(disk.batch);
  });

  const put = (operation: string) =>
    commits.run((batch) => {
      batch.put(operation);
      return operation;
    });

  it('writes what is staged in one turn as one batch, in order, and answers when it is written', async () => {
    const answers: string[] = [];
    const all = ['a', 'b', 'c'].map(async (name) => answers.push(await put(name)));
    const write = await disk.next();
    expect(write.operations).to.deep.equal(['a', 'b', 'c']);
    await turn();
    expect(answers).to.deep.equal([]);
    write.finish();
    await Promise.all(all);
    expect(answers).to.deep.equal(['a', 'b', 'c']);
  });

  it('never writes two batches at once: what comes during a write goes with the next', async () => {
    const first = put('a');
    const write = await disk.next();
    const later = [put('b'), put('c')];
    await turn();
    await turn();
    expect(disk.waiting).to.have.length(1);
    const fourth = put('d');
    write.finish();
    await first;
    const second = await disk.next();
    expect(second.operations).to.deep.equal(['b', 'c', 'd']);
    second.finish();
    await Promise.all([...later, fourth]);
    expect(disk.written).to.deep.equal([['a'], ['b', 'c', 'd']]);
  });

  it('runs its hooks once a batch, before the write, and what they return when it is durable', async () => {
    const told: string[] = [];
    commits.beforeCommit((batch) => {
      batch.put('hook');
      told.push('before');
      return () => told.push('durable');
    });
    commits.beforeCommit(() => undefined);
    const both = [put('a'), put('b')];
    const write = await disk.next();
    expect(write.operations).to.deep.equal(['a', 'b', 'hook']);
    expect(told).to.deep.equal(['before']);
    write.finish();
    await Promise.all(both);
    expect(told).to.deep.equal(['before', 'durable']);
  });

  it('ends for good when a write fails, for what is under way and for what comes', async () => {
    const first = rejection(put('a'));
    const write = await disk.next();
    const behind = rejection(put('b'));
    write.fail(new Error('disk full'));
    expect(await first).to.have.property('message', 'disk full');
    expect(await behind).to.have.property('code', 'CLOSED');
    expect(commits.failed).to.equal(true);
    for (const attempt of [put('c'), commits.ready(), commits.drain()]) {
      expect(await rejection(attempt)).to.have.property('code', 'CLOSED');
    }
    expect(disk.written).to.deep.equal([]);
    expect(disk.waiting).to.have.length(0);
  });

  it('ends for good when a hook fails', async () => {
    commits.beforeCommit(() => {
      throw new Error('hook');
    });
    expect(await rejection(put('a'))).to.have.property('message', 'hook');
    expect(await rejection(put('b'))).to.have.property('code', 'CLOSED');
  });

  it('goes on behind a stage that throws before it has added anything', async () => {
    const good = put('a');
    const bad = rejection(
      commits.run(() => {
        throw new Error('refused');
      }),
    );
    expect(await bad).to.have.property('message', 'refused');
    (await disk.next()).finish();
    await good;
    expect(commits.failed).to.equal(false);
  });

  it('writes nothing of a batch in which a stage broke half way', async () => {
    const good = rejection(put('a'));
    const torn = rejection(
      commits.run((batch) => {
        batch.put('half');
        throw new Error('torn');
      }),
    );
    expect(await torn).to.have.property('message', 'torn');
    expect(await good).to.have.property('code', 'CLOSED');
    expect(disk.waiting).to.have.length(0);
  });

  it('holds senders back while the open batch is full', async () => {
    const first = put('a');
    const write = await disk.next();
    const many = commits.run((batch) => {
      for (let i = 0; i < 5_000; i++) batch.put(String(i));
    });
    let free = false;
    const ready = commits.ready().then(() => (free = true));
    await turn();
    expect(free).to.equal(false);
    write.finish();
    await first;
    // The full batch is on its way: there is room in the next one, though nothing of it is durable yet.
    await ready;
    expect(disk.waiting[0]?.operations).to.have.length(5_000);
    disk.waiting[0]!.finish();
    await many;
  });

  it('drains: everything staged before is durable', async () => {
    const puts = [put('a')];
    const write = await disk.next();
    puts.push(put('b'));
    let drained = false;
    const draining = commits.drain().then(() => (drained = true));
    write.finish();
    const second = await disk.next();
    expect(drained).to.equal(false);
    second.finish();
    await draining;
    await Promise.all(puts);
    await commits.drain();
  });
});
