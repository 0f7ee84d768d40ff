// Where a member says that it is reached. Any member may write any text there, so whatever is odd is left out.
import type { Endpoints } from '../core/consortium.ts';

/** The endpoints in a JSON text; what is missing or is not an address is absent. Never throws. */
export function parseEndpoints(text: string): Endpoints {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null) return {};
  const { log, node, gateway } = value as Record<string, unknown>;
  const multiaddrs = Array.isArray(node) ? node.filter((item) => typeof item === 'string' && item.startsWith('/')) : [];
  return {
    ...(isWebAddress(log) && { log }),
    ...(multiaddrs.length > 0 && { node: multiaddrs as string[] }),
    ...(isWebAddress(gateway) && { gateway }),
  };
}

function isWebAddress(value: unknown): value is string {
  return typeof value === 'string' && /^https?:\/\//.test(value) && URL.canParse(value);
}
