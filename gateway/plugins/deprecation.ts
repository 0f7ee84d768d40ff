// What an answer says of an endpoint that goes away.
import type { Deprecation } from '../api/endpoint.ts';

/** Deprecation (RFC 9745), Sunset (RFC 8594), and the link that both RFCs name. */
export function deprecationHeaders({ since, sunset, link }: Deprecation): Record<string, string> {
  return {
    deprecation: `@${Date.parse(since) / 1000}`,
    ...(sunset !== undefined && { sunset: new Date(sunset).toUTCString() }),
    ...(link !== undefined && { link: `<${link}>; rel="deprecation"` }),
  };
}
