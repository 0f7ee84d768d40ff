// Access tokens for a member's application: asked for when wanted, kept until shortly before they end.
import { toBase64Url, utf8 } from '../../node/core/bytes.ts';
import { CLIENT_ASSERTION_TYPE, issueToken } from '../api/token.ts';
import { ApiError } from './api-error.ts';
import { overNetwork } from './connection-error.ts';

/** Signs for a member; the key may be on another machine. */
export interface Credentials {
  /** Member id. */
  member: string;
  /** Ed25519 signature (64 bytes) by the member's registered `client` key. */
  sign(message: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

const ASSERTION_SECONDS = 120;

/** A token is renewed this long before its end: a request under way must not outlive it. */
const MARGIN_SECONDS = 60;

export class TokenSource {
  readonly #baseUrl: string;
  readonly #audience: string;
  readonly #credentials: Credentials;
  readonly #fetch: typeof fetch;
  #current: Promise<{ token: string; renewAt: number }> | undefined;

  constructor(options: { baseUrl: string; audience: string; credentials: Credentials; fetch: typeof fetch }) {
    this.#baseUrl = options.baseUrl;
    this.#audience = options.audience;
    this.#credentials = options.credentials;
    this.#fetch = options.fetch;
  }

  /** @throws ApiError, ConnectionError */
  async token(): Promise<string> {
    let current = this.#current && (await this.#current);
    if (!current || current.renewAt <= Date.now()) {
      const asked = this.#ask();
      // Requests that come meanwhile wait for the same one; a failure is not kept.
      this.#current = asked;
      asked.catch(() => this.#forgetIf(asked));
      current = await asked;
    }
    return current.token;
  }

  /** The token was refused: the next request asks for another. */
  forget(): void {
    this.#current = undefined;
  }

  #forgetIf(asked: Promise<unknown>): void {
    if (this.#current === asked) this.#current = undefined;
  }

  async #ask(): Promise<{ token: string; renewAt: number }> {
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_assertion_type: CLIENT_ASSERTION_TYPE,
      client_assertion: await this.#assertion(),
    });
    const response = await this.#fetch(`${this.#baseUrl}${issueToken.path}`, { method: issueToken.method, body });
    const { access_token: token, expires_in: seconds } = await overNetwork(async () => {
      if (!response.ok) throw await ApiError.ofResponse(response);
      return (await response.json()) as { access_token: string; expires_in: number };
    });
    return { token, renewAt: Date.now() + (seconds - MARGIN_SECONDS) * 1000 };
  }

  /** RFC 7523, section 3. */
  async #assertion(): Promise<string> {
    const { member } = this.#credentials;
    const iat = Math.floor(Date.now() / 1000);
    const jti = toBase64Url(crypto.getRandomValues(new Uint8Array(16)));
    const claims = { iss: member, sub: member, aud: this.#audience, iat, exp: iat + ASSERTION_SECONDS, jti };
    const signed = [{ alg: 'EdDSA', typ: 'JWT' }, claims]
      .map((part) => toBase64Url(utf8(JSON.stringify(part))))
      .join('.');
    return `${signed}.${toBase64Url(await this.#credentials.sign(utf8(signed)))}`;
  }
}
