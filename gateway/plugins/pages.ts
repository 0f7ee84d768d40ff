// Pages that run in the browser, /verify and /authorise: files that set-up made (`node scripts/pages.ts`).
import { readFileSync } from 'node:fs';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

/** Where a file is missing its page is not served, and the log says why. */
export function registerPages(
  app: FastifyInstance,
  { verifierFile, authoriseFile, logger }: { verifierFile: string; authoriseFile: string; logger: FastifyBaseLogger },
): void {
  for (const [path, file] of [
    ['/verify', verifierFile],
    ['/authorise', authoriseFile],
  ] as const) {
    let page: string;
    try {
      page = readFileSync(file, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      logger.warn({ file }, `there is no such page: ${path} is not served`);
      continue;
    }
    // The page's own policy, and what a page cannot say of itself.
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page) ?? [];
    app.get(path, (_, reply) =>
      reply
        .type('text/html; charset=utf-8')
        .header('cache-control', 'public, max-age=300')
        .header('content-security-policy', `${policy}; frame-ancestors 'none'`)
        .send(page),
    );
  }
}
