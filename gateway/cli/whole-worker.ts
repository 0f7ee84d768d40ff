// Reads one workbook whole, on a thread of its own: see parse-apart.ts.
import { parentPort } from 'node:worker_threads';
import { XinlianError, type ErrorDetails } from '../../node/core/errors.ts';
import type { WholeRequest, WholeWorkbook } from '../workbook/whole.ts';
import { parseWhole } from '../workbook/whole-workbook.ts';

export type WholeAnswer = { workbook: WholeWorkbook } | { malformed: ErrorDetails['MALFORMED'] };

parentPort?.once('message', (request: WholeRequest) => {
  let answer: WholeAnswer;
  try {
    answer = { workbook: parseWhole(request) };
  } catch (error) {
    // Whatever else is thrown ends the thread, and is told by whoever started it.
    if (!XinlianError.is(error, 'MALFORMED')) throw error;
    answer = { malformed: error.details };
  }
  parentPort?.postMessage(answer);
});
