// Remembers the assertions that were used (RFC 7523, section 3, item 7), until they expire.

/** Bounded: per member, so that no member can use up the room of another. */
export class ReplayCache {
  readonly #byMember = new Map<string, Map<string, number>>();
  readonly #maxPerMember: number;

  constructor(maxPerMember: number) {
    this.#maxPerMember = maxPerMember;
  }

  /**
   * @param expires seconds since 1970, after which the assertion is refused for its age
   * @returns `full` where there is no room for another: what still lives is never forgotten
   */
  use(member: string, jti: string, expires: number, now: number): 'fresh' | 'replayed' | 'full' {
    const used = this.#byMember.get(member) ?? new Map<string, number>();
    this.#byMember.set(member, used);
    if (used.has(jti)) return 'replayed';
    if (used.size >= this.#maxPerMember) forgetExpired(used, now);
    if (used.size >= this.#maxPerMember) return 'full';
    used.set(jti, expires);
    return 'fresh';
  }
}

function forgetExpired(used: Map<string, number>, now: number): void {
  for (const [jti, expires] of used) {
    if (expires < now) used.delete(jti);
  }
}
