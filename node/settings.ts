// Settings of a process: a YAML file, with environment variables above it, checked whole: every fault is told at once.
import { readFileSync } from 'node:fs';
import { Compile } from 'typebox/compile';
import type { Static, TSchema } from 'typebox';
import { parse } from 'yaml';
import { XinlianError } from './core/errors.ts';

type Tree = { [name: string]: unknown };

/**
 * Reads settings. A variable `PREFIX_HTTP_PORT` sets `http.port`; it is read as YAML, so that numbers and lists have
 * their types. Names of the schema are matched without regard to case.
 * @param file YAML; absent: the environment alone
 * @throws CONFIG_INVALID with every fault: a path and what was wanted there
 */
export function readSettings<S extends TSchema>(
  schema: S,
  {
    file,
    prefix,
    environment,
  }: { file?: string; prefix: string; environment: Readonly<Record<string, string | undefined>> },
): Static<S> {
  const faults: { path: string; message: string }[] = [];
  const tree = file === undefined ? {} : readYaml(file, faults);
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(`${prefix}_`) || text === undefined) continue;
    const path = settingPath(
      schema,
      name
        .slice(prefix.length + 1)
        .toLowerCase()
        .split('_'),
    );
    if (!path) faults.push({ path: name, message: `is no setting of ${prefix}` });
    else set(tree, path, parse(text));
  }
  const compiled = Compile(schema);
  for (const fault of compiled.Errors(tree)) {
    const path = fault.instancePath.slice(1).replaceAll('/', '.');
    const shown = /passphrase|token|secret/i.test(path)
      ? ''
      : `, got ${JSON.stringify(valueAt(tree, fault.instancePath))}`;
    faults.push({ path: path || '(root)', message: `${fault.message}${shown}` });
  }
  if (faults.length > 0) throw new XinlianError('CONFIG_INVALID', { faults });
  return tree as Static<S>;
}

function readYaml(file: string, faults: { path: string; message: string }[]): Tree {
  try {
    const tree: unknown = parse(readFileSync(file, 'utf8'));
    if (typeof tree === 'object' && tree !== null && !Array.isArray(tree)) return tree as Tree;
    faults.push({ path: file, message: 'must be a YAML mapping' });
  } catch (error) {
    faults.push({ path: file, message: error instanceof Error ? error.message : String(error) });
  }
  return {};
}

/** Finds `['http', 'port']` for the words `http port`, and `['timing', 'signMs']` for `timing signms` or `timing sign ms`. */
function settingPath(schema: TSchema, words: string[]): string[] | undefined {
  const { properties } = schema as { properties?: Record<string, TSchema> };
  for (const [name, inner] of Object.entries(properties ?? {})) {
    for (let taken = 1; taken <= words.length; taken++) {
      if (words.slice(0, taken).join('') !== name.toLowerCase()) continue;
      if (taken === words.length) return [name];
      const rest = settingPath(inner, words.slice(taken));
      if (rest) return [name, ...rest];
    }
  }
  return undefined;
}

function set(tree: Tree, [name = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) tree[name] = value;
  else set((tree[name] ??= {}) as Tree, rest, value);
}

function valueAt(tree: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Tree | undefined)?.[name], tree);
}
