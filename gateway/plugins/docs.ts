// The OpenAPI document, and its interactive reference. Everything is served from here; the browser is told to load
// nothing from elsewhere.
import { createHash } from 'node:crypto';
import reference from '@scalar/fastify-api-reference';
import type { FastifyInstance } from 'fastify';
import { VERSION } from '../../node/version.ts';
import { buildOpenApi } from '../openapi.ts';

const DOCUMENT = '/openapi.json';

export async function registerDocs(app: FastifyInstance, { baseUrl }: { baseUrl: string }): Promise<void> {
  const document = JSON.stringify(buildOpenApi({ baseUrl, version: VERSION }));
  app.get(DOCUMENT, (_, reply) =>
    reply.type('application/json').header('cache-control', 'public, max-age=300').send(document),
  );
  await app.register(async (pages) => {
    pages.addHook('onSend', async (_, reply, payload) => {
      if (reply.getHeader('content-type') !== 'text/html; charset=utf-8' || typeof payload !== 'string') return payload;
      reply.header('content-security-policy', policyFor(payload));
      return payload;
    });
    await pages.register(reference, {
      routePrefix: '/docs',
      configuration: {
        url: DOCUMENT,
        pageTitle: 'Xinlian 信链 API',
        withDefaultFonts: false,
        proxyUrl: '',
        telemetry: false,
        hideClientButton: true,
        agent: { disabled: true },
        mcp: { disabled: true },
        showDeveloperTools: 'never',
      },
    });
  });
}

/** Lets the page run its own script and talk to this gateway, and nothing else. */
function policyFor(html: string): string {
  const inline = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)];
  const hashes = inline.map(([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`);
  return [
    "default-src 'none'",
    `script-src 'self' ${hashes.join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "form-action 'self'",
  ].join('; ');
}
