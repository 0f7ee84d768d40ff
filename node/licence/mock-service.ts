// The sandbox's stand-in for a service of electronic licences. It proves nothing about anyone: settings take it only where
// they say that this is a sandbox (node/config.ts).
import { Type } from 'typebox';
import { fromBase64Url, utf8 } from '../core/bytes.ts';
import { XinlianError } from '../core/errors.ts';
import { codec } from '../core/messages/codec.ts';
import type { LicenceService } from '../exchange/ports.ts';

const closed = { additionalProperties: false };
const TIMEOUT_MS = 10_000;

const begun = codec('licence session', Type.Object({ session: Type.String(), qr: Type.String() }, closed));
const outcome = codec(
  'licence outcome',
  Type.Union([
    Type.Object({ state: Type.Enum(['waiting', 'refused', 'expired']) }, closed),
    Type.Object({ state: Type.Literal('confirmed'), evidence: Type.String({ maxLength: 8192 }) }, closed),
  ]),
);

/** @param settings key: the service's, Ed25519, base64url */
export function mockLicenceService({ url, key }: { url: string; key: string }): LicenceService {
  const call = async (path: string, body?: object): Promise<Uint8Array> => {
    const given = body && {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    try {
      const response = await fetch(`${url}${path}`, { ...given, signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (!response.ok) throw new Error(`${response.status}`);
      return utf8(await response.text());
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new XinlianError('UNREACHABLE', { peer: 'licence service', reason }, { cause });
    }
  };
  return {
    name: '模拟电子营业执照(仅供沙箱)',
    key: fromBase64Url(key, 32),
    begin: async ({ text, uscc, name }) => begun.decode(await call('/sessions', { text, uscc, name })),
    outcome: async (session) => outcome.decode(await call(`/sessions/${encodeURIComponent(session)}`)),
  };
}
