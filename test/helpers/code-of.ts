import { XinlianError, type ErrorCode } from '../../node/core/errors.ts';

/** The code that `action` fails with. Any other error is thrown on, and so is it that there was none. */
export function codeOf(action: () => unknown): ErrorCode {
  try {
    action();
  } catch (error) {
    if (XinlianError.is(error)) return error.code;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** For fuzzing: runs `action`, and lets only a XinlianError pass. @returns whether it threw none */
export function accepts(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (XinlianError.is(error)) return false;
    throw error;
  }
}
