// Sealed sessions at a node: who opened them, and that no number is used twice.
import { XinlianError } from '../core/errors.ts';
import type { Agreement } from '../core/jwe.ts';
import type { OpenedSession, OpenSession, SessionCall, SessionManifest } from '../core/messages/session.ts';
import { acceptSession, SealedChannel } from '../core/session.ts';
import type { MemberId } from '../core/ids.ts';
import type { Clock } from './ports.ts';

/** A call may overtake this many others on its way. */
const WINDOW = 1_024;
/** Sessions kept at once; the oldest makes room, and its client opens another. */
const MOST_SESSIONS = 10_000;

interface Session {
  manifest: SessionManifest;
  channel: SealedChannel;
  /** Numbers used, within the window below the highest. */
  used: Set<number>;
  highest: number;
}

/** What a session needs of a hosted member. */
export interface Home {
  member: MemberId;
  sealing: Agreement;
  /** The current `client` key of a member that may speak to this home; undefined refuses it. */
  clientKey: (member: string) => Uint8Array | undefined;
}

export class Sessions {
  readonly #clock: Clock;
  readonly #home: (member: string) => Home | undefined;
  readonly #sessions = new Map<string, Session>();

  constructor({ clock, home }: { clock: Clock; home: (member: string) => Home | undefined }) {
    this.#clock = clock;
    this.#home = home;
  }

  async open({ member, manifest: sealed }: OpenSession): Promise<OpenedSession> {
    const home = this.#home(member);
    if (!home) throw new XinlianError('MEMBER_UNKNOWN', { member });
    const nowSeconds = Math.floor(this.#clock.now() / 1000);
    const manifest = await acceptSession(sealed, home.sealing, {
      home: home.member,
      nowSeconds,
      clientKey: home.clientKey,
    });
    const opened = { session: manifest.jti, expires: manifest.exp };
    // The same manifest again is the same session: its numbers stay used.
    if (this.#sessions.has(manifest.jti)) return opened;
    this.#forgetOld(nowSeconds);
    this.#sessions.set(manifest.jti, {
      manifest,
      channel: new SealedChannel(manifest, 'node'),
      used: new Set(),
      highest: -1,
    });
    return opened;
  }

  /**
   * Opens a call, has it answered, seals the answer.
   * @param answer gets the client's member id and the call in the clear
   * @throws NOT_FOUND for a session that is not known (any more), CONFLICT for a number that was used
   */
  async call(
    { session: id, n }: SessionCall,
    sealed: Uint8Array,
    answer: (client: string, home: string, call: Uint8Array) => Promise<Uint8Array>,
  ): Promise<Uint8Array> {
    const session = this.#sessions.get(id);
    if (!session || session.manifest.exp * 1000 <= this.#clock.now()) {
      this.#sessions.delete(id);
      throw new XinlianError('NOT_FOUND', { what: 'session', id });
    }
    const call = await session.channel.open(n, sealed);
    use(session, n);
    const { iss, aud } = session.manifest;
    return session.channel.seal(n, await answer(iss, aud, call));
  }

  #forgetOld(nowSeconds: number): void {
    for (const [id, { manifest }] of this.#sessions) {
      if (manifest.exp <= nowSeconds || this.#sessions.size >= MOST_SESSIONS) this.#sessions.delete(id);
      else break;
    }
  }
}

/** A number used twice would seal two answers under one nonce. */
function use(session: Session, n: number): void {
  if (n <= session.highest - WINDOW || session.used.has(n)) {
    throw new XinlianError('CONFLICT', { what: 'session call', wanted: 'a number that was not used', got: String(n) });
  }
  session.used.add(n);
  if (n <= session.highest) return;
  session.highest = n;
  for (const old of session.used) if (old <= n - WINDOW) session.used.delete(old);
}
