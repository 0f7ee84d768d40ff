// The paths of the API as patterns: which methods a path has.
import { api } from '../api/api.ts';
import type { Endpoint } from '../api/endpoint.ts';

/** `/v1/records/{record}` as Fastify has it: `/v1/records/:record`; a last `{name+}` is `*`. */
export function fastifyPath(path: string): string {
  return path.replace(/\{\w+\+\}$/, '*').replaceAll(/\{(\w+)\}/g, ':$1');
}

/** Name of the parameter that takes the rest of the path, where there is one. */
export function restParameter(path: string): string | undefined {
  return /\{(\w+)\+\}$/.exec(path)?.[1];
}

const patterns = Object.values<Endpoint>(api).map(({ method, path }) => ({
  method,
  pattern: new RegExp(
    `^${path
      .replaceAll('.', '\\.')
      .replace(/\{\w+\+\}$/, '.+')
      .replaceAll(/\{\w+\}/g, '[^/]+')}$`,
  ),
}));

/** Empty where there is no such path. */
export function allowedMethods(path: string): string[] {
  const methods = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
  if (methods.length === 0) return [];
  return [...new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))), 'OPTIONS'];
}
