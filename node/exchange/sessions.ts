// Sealed sessions at a node: who opened them, and that no number is used twice.
import { toBase64Url } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import type { MemberId } from '../core/ids.ts';
import type { Agreement } from '../core/jwe.ts';
import type { OpenedSession, OpenSession, SessionCall, SessionManifest } from '../core/messages/session.ts';
import { acceptSession, SealedChannel } from '../core/session.ts';
import type { Clock } from './ports.ts';

/** A call may overtake this many others on its way. */
const WINDOW = 1_024;
const SESSION_ID_BYTES = 16;
/** Sessions kept at once; the oldest makes room, and its client opens another. */
const MOST_SESSIONS = 10_000;

interface Session {
  id: string;
  manifest: SessionManifest;
  channel: SealedChannel;
  /** Calls are answered in the order in which they came, whichever is opened first. */
  arrived: Promise<unknown>;
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
  readonly #byManifest = new Map<string, Session>();

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
    // The same manifest again is the same session: its numbers stay used.
    const known = this.#byManifest.get(manifestPlace(manifest));
    if (known) return { session: known.id, expires: manifest.exp };
    this.#forgetOld(nowSeconds);
    const id = toBase64Url(crypto.getRandomValues(new Uint8Array(SESSION_ID_BYTES)));
    const channel = new SealedChannel(manifest, id, 'node');
    const session = { id, manifest, channel, arrived: Promise.resolve(), used: new Set<number>(), highest: -1 };
    this.#sessions.set(id, session);
    this.#byManifest.set(manifestPlace(manifest), session);
    return { session: id, expires: manifest.exp };
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
      if (session) this.#forget(session);
      throw new XinlianError('NOT_FOUND', { what: 'session', id });
    }
    const opening = session.channel.open(n, sealed);
    const before = session.arrived;
    // Without what the calls say: each would hold all before it for as long as the session lives.
    session.arrived = Promise.allSettled([before, opening]).then(() => {});
    await before;
    const call = await opening;
    use(session, n);
    const { iss, aud } = session.manifest;
    return session.channel.seal(n, await answer(iss, aud, call));
  }

  #forgetOld(nowSeconds: number): void {
    for (const session of this.#sessions.values()) {
      if (session.manifest.exp > nowSeconds && this.#sessions.size < MOST_SESSIONS) break;
      this.#forget(session);
    }
  }

  #forget(session: Session): void {
    this.#sessions.delete(session.id);
    this.#byManifest.delete(manifestPlace(session.manifest));
  }
}

function manifestPlace({ iss, jti }: SessionManifest): string {
  return `${iss}/${jti}`;
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
