// Prepares rows on threads of their own, so that publishing has more than one core and the node's own thread stays free.
import { Worker } from 'node:worker_threads';
import { XinlianError, type ErrorCode, type ErrorDetails } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import type { PreparedRow, PrepareRequest } from '../exchange/row-preparer.ts';
import type { Preparer } from '../exchange/submissions.ts';
import type { VaultKeys } from '../exchange/vault.ts';
import type { WorkerAnswer, WorkerMembers, WorkerRequest } from './prepare-worker.ts';
import { unpackRows } from './prepared-rows.ts';

interface Waiting {
  resolve: (rows: PreparedRow[]) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  waiting: Map<number, Waiting>;
}

export class PreparePool implements Preparer {
  readonly #members: WorkerMembers;
  readonly #threads: (Thread | undefined)[];
  #calls = 0;
  #closed = false;

  /**
   * @param members vault keys of every hosted member: copies of them are in each thread's memory
   * @param threads at least 1
   */
  constructor(members: ReadonlyMap<MemberId, VaultKeys>, threads: number) {
    this.#members = members;
    this.#threads = Array.from({ length: threads }, () => undefined);
    // The first is there before the first row is.
    this.#start(0);
  }

  /** @throws what `RowPreparer.prepare` throws; INTERNAL where the thread was lost, CLOSED */
  prepare(member: MemberId, request: PrepareRequest): Promise<PreparedRow[]> {
    if (this.#closed) return Promise.reject(new XinlianError('CLOSED', { what: 'threads that prepare rows' }));
    const thread = this.#leastBusy();
    const call = this.#calls++;
    // Handed over and not copied again: the body's own buffer may hold much else.
    const body = request.body.slice();
    return new Promise((resolve, reject) => {
      thread.waiting.set(call, { resolve, reject });
      const message: WorkerRequest = { call, member, request: { ...request, body } };
      thread.worker.postMessage(message, [body.buffer]);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const thread of this.#threads) await thread?.worker.terminate();
  }

  #leastBusy(): Thread {
    let best = 0;
    for (const [i, thread] of this.#threads.entries()) {
      if ((thread?.waiting.size ?? 0) < (this.#threads[best]?.waiting.size ?? 0)) best = i;
    }
    return this.#threads[best] ?? this.#start(best);
  }

  #start(slot: number): Thread {
    const worker = new Worker(new URL('prepare-worker.ts', import.meta.url), { workerData: this.#members });
    const thread: Thread = { worker, waiting: new Map() };
    this.#threads[slot] = thread;
    worker.on('message', (answer: WorkerAnswer) => {
      const waiting = thread.waiting.get(answer.call);
      thread.waiting.delete(answer.call);
      if ('rows' in answer) waiting?.resolve(unpackRows(answer.rows));
      else waiting?.reject(asError(answer.error));
    });
    let fault: unknown;
    worker.on('error', (error) => (fault = error));
    // One that is lost is started again by the next request.
    worker.on('exit', () => {
      if (this.#threads[slot] === thread) this.#threads[slot] = undefined;
      const error = this.#closed
        ? new XinlianError('CLOSED', { what: 'threads that prepare rows' })
        : new XinlianError('INTERNAL', { reference: 'a thread that prepares rows was lost' }, { cause: fault });
      for (const { reject } of thread.waiting.values()) reject(error);
    });
    worker.unref();
    return thread;
  }
}

function asError(error: { code: string; details: object } | { reason: string }): Error {
  if ('reason' in error) return new Error(error.reason);
  return new XinlianError(error.code as ErrorCode, error.details as ErrorDetails[ErrorCode]);
}
