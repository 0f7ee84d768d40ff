// The verifier page at /verify: a file that set-up made (`node scripts/verifier.ts`).
import { readFileSync } from 'node:fs';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

/** Where the file is missing the page is not served, and the log says why. */
export function registerVerifier(
  app: FastifyInstance,
  { verifierFile, logger }: { verifierFile: string; logger: FastifyBaseLogger },
): void {
  let page: string;
  try {
    page = readFileSync(verifierFile, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    logger.warn({ file: verifierFile }, 'there is no verifier page: /verify is not served');
    return;
  }
  // The page's own policy, and what a page cannot say of itself.
  const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page) ?? [];
  app.get('/verify', (_, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'public, max-age=300')
      .header('content-security-policy', `${policy}; frame-ancestors 'none'`)
      .send(page),
  );
}
