import type { MemberId } from '../../node/core/ids.ts';
import type { Clock } from '../ports.ts';

/** Whose node a session is with: bounded, and nothing is lost with it, since a client can name the member itself. */
export class SessionRoutes {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #routes = new Map<string, { member: MemberId; expires: number }>();

  constructor(max: number, clock: Clock) {
    this.#max = max;
    this.#clock = clock;
  }

  /** @param expires seconds since 1970 */
  remember(session: string, member: MemberId, expires: number): void {
    const [oldest] = this.#routes.keys();
    if (this.#routes.size >= this.#max && oldest !== undefined) this.#routes.delete(oldest);
    this.#routes.set(session, { member, expires });
  }

  find(session: string): MemberId | undefined {
    const route = this.#routes.get(session);
    if (!route) return undefined;
    this.#routes.delete(session);
    if (route.expires <= this.#clock.now() / 1000) return undefined;
    this.#routes.set(session, route); // last used, last forgotten
    return route.member;
  }
}
