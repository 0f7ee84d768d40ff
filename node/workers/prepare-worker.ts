// A thread that prepares rows. `prepare-pool.ts` starts it and is the only one to speak to it.
import { parentPort, workerData } from 'node:worker_threads';
import { XinlianError } from '../core/errors.ts';
import { RowPreparer, type PrepareRequest } from '../exchange/row-preparer.ts';
import { RecordVault, type VaultKeys } from '../exchange/vault.ts';
import { builtInCatalogue } from '../policy/pack.ts';
import { packRows, type PackedRows } from './prepared-rows.ts';

export interface WorkerRequest {
  call: number;
  member: string;
  request: PrepareRequest;
}

export type WorkerAnswer =
  { call: number; rows: PackedRows } | { call: number; error: { code: string; details: object } | { reason: string } };

export type WorkerMembers = ReadonlyMap<string, VaultKeys>;

const preparers = new Map(
  Array.from(workerData as WorkerMembers, ([member, keys]) => [
    member,
    new RowPreparer(builtInCatalogue, new RecordVault(keys)),
  ]),
);

parentPort?.on('message', ({ call, member, request }: WorkerRequest) => {
  try {
    const preparer = preparers.get(member);
    if (!preparer) throw new XinlianError('MEMBER_UNKNOWN', { member });
    const rows = packRows(preparer.prepare(request));
    parentPort?.postMessage({ call, rows } satisfies WorkerAnswer, [rows.bytes.buffer]);
  } catch (error) {
    const told = XinlianError.is(error) ? { code: error.code, details: error.details } : { reason: String(error) };
    parentPort?.postMessage({ call, error: told } satisfies WorkerAnswer);
  }
});
