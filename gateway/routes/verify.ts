import type { JsonValue } from '../../node/core/canonical.ts';
import type { BundleVerifier } from '../ports.ts';
import type { Handlers } from './handler.ts';

export function verifyRoutes({ verifier }: { verifier: BundleVerifier }) {
  return {
    verifyBundle: ({ body }) => verifier.verify(body as JsonValue),
  } satisfies Partial<Handlers>;
}
