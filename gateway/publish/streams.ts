// The streams of rows under way: bounded per member, and one at a time per submission.
import { XinlianError } from '../../node/core/errors.ts';

export class Streams {
  readonly #max: number;
  readonly #byMember = new Map<string, Set<string>>();

  constructor(max: number) {
    this.#max = max;
  }

  /**
   * Takes a place, until the returned function is called.
   * @param key that named the submission
   * @throws IDEMPOTENCY_KEY_IN_FLIGHT, OVERLOADED
   */
  enter(member: string, submission: string, key = submission): () => void {
    const streams = this.#byMember.get(member) ?? new Set<string>();
    if (streams.has(submission)) {
      throw new XinlianError('IDEMPOTENCY_KEY_IN_FLIGHT', { key, retryAfterSeconds: 1 });
    }
    if (streams.size >= this.#max) {
      throw new XinlianError('OVERLOADED', { what: `streams of ${member}`, retryAfterSeconds: 10 });
    }
    this.#byMember.set(member, streams.add(submission));
    return () => {
      streams.delete(submission);
      if (streams.size === 0) this.#byMember.delete(member);
    };
  }
}
