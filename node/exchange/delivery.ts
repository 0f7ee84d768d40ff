// What becomes of an attempt to deliver an event. Pure: the state is one event's, and its lane waits for it.

/** When an event is tried: data, from the node's settings or the schedule that comes with the software. */
export interface RetrySchedule {
  /** Seconds before each attempt, the first too; as many as there are attempts. */
  delaysSeconds: readonly number[];
  /** Part of a delay that is drawn: 0.2 takes up to a tenth off or adds it. */
  jitter: number;
  /** A receiver may ask for more patience than that, up to this. */
  longestRetryAfterSeconds: number;
}

/** Of one attempt: an answer, or none. */
export type Attempt = { status: number; retryAfterSeconds?: number } | { fault: string };

export type Verdict =
  | { outcome: 'delivered' }
  /** The receiver wants no more (410): the webhook is disabled. */
  | { outcome: 'gone' }
  /** @property delayMs until the next attempt */
  | { outcome: 'retry'; delayMs: number }
  | { outcome: 'dead' };

/**
 * @param attempts how many there were, this one included
 * @param random from 0 to 1
 */
export function judgeAttempt(attempt: Attempt, attempts: number, schedule: RetrySchedule, random: number): Verdict {
  if ('status' in attempt) {
    if (attempt.status >= 200 && attempt.status < 300) return { outcome: 'delivered' };
    if (attempt.status === 410) return { outcome: 'gone' };
  }
  if (attempts >= schedule.delaysSeconds.length) return { outcome: 'dead' };
  const asked = 'status' in attempt ? Math.min(attempt.retryAfterSeconds ?? 0, schedule.longestRetryAfterSeconds) : 0;
  return { outcome: 'retry', delayMs: Math.max(asked * 1000, delayBefore(attempts, schedule, random)) };
}

/** Milliseconds before an attempt. @param attempts how many there were */
export function delayBefore(attempts: number, { delaysSeconds, jitter }: RetrySchedule, random: number): number {
  const delay = (delaysSeconds[attempts] ?? 0) * 1000;
  return delay * (1 + jitter * (random - 0.5));
}
