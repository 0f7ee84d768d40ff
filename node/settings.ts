// Settings of a process: a YAML file, with environment variables above it, checked whole: every fault is told at once.
import { readFileSync } from 'node:fs';
import type { Static, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings as TypeBox } from 'typebox/system';
import { parse, YAMLParseError } from 'yaml';
import { XinlianError } from './core/errors.ts';

type Tree = { [name: string]: unknown };

interface Fault {
  path: string;
  message: string;
}

const SECRET = /passphrase|token|secret/i;
const MOST_FAULTS = 1_000;

/**
 * Reads settings. A variable `PREFIX_HTTP_PORT` sets `http.port`; names of the schema are matched without regard to
 * case. It is read as YAML, so that numbers and lists have their types, but where the schema wants a text.
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
  const faults: Fault[] = [];
  const tree = file === undefined ? {} : readYaml(file, faults);
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(`${prefix}_`) || text === undefined) continue;
    const words = name.slice(prefix.length + 1).toLowerCase();
    const found = findSetting(schema, words.split('_'));
    if (!found) faults.push({ path: name, message: `is no setting of ${prefix}` });
    else if (isText(found.schema)) set(tree, found.path, text);
    else {
      const value = parseYaml(text, name, faults);
      if (value !== undefined) set(tree, found.path, value);
    }
  }
  faults.push(...faultsOf(schema, tree));
  if (faults.length > 0) throw new XinlianError('CONFIG_INVALID', { faults });
  return tree as Static<S>;
}

function readYaml(file: string, faults: Fault[]): Tree {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    faults.push({ path: file, message: error instanceof Error ? error.message : String(error) });
    return {};
  }
  const tree = parseYaml(text, file, faults);
  if (isTree(tree)) return tree;
  if (tree !== undefined) faults.push({ path: file, message: 'must be a YAML mapping' });
  return {};
}

/** The message of a YAML fault quotes the text, which may be a secret: so it is left out. */
function parseYaml(text: string, path: string, faults: Fault[]): unknown {
  try {
    return parse(text) as unknown;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const [at] = error.linePos ?? [];
    faults.push({ path, message: `must be YAML: ${error.code}${at ? ` in line ${at.line}, column ${at.col}` : ''}` });
    return undefined;
  }
}

function faultsOf(schema: TSchema, tree: Tree): Fault[] {
  // TypeBox counts errors in a setting of the process: 8, which would not be every fault.
  const { maxErrors } = TypeBox.Get();
  TypeBox.Set({ maxErrors: MOST_FAULTS });
  try {
    return Compile(schema)
      .Errors(tree)
      .map(({ instancePath, message }) => {
        const path = instancePath.slice(1).replaceAll('/', '.');
        const value = valueAt(tree, instancePath);
        const shown = isTree(value) || SECRET.test(path) ? '' : `, got ${JSON.stringify(value)}`;
        return { path: path || '(root)', message: `${message}${shown}` };
      });
  } finally {
    TypeBox.Set({ maxErrors });
  }
}

/** The parts of a JSON schema that lead to a setting. */
interface Node {
  type?: string;
  properties?: Record<string, TSchema>;
  anyOf?: TSchema[];
}

/** Finds `http.port` for the words `http port`, and `timing.signMs` for `timing signms` or `timing sign ms`. */
function findSetting(schema: TSchema, words: string[]): { path: string[]; schema: TSchema } | undefined {
  const { properties = {}, anyOf = [] } = schema as Node;
  for (const choice of anyOf) {
    const found = findSetting(choice, words);
    if (found) return found;
  }
  for (const [name, inner] of Object.entries(properties)) {
    for (let taken = 1; taken <= words.length; taken++) {
      if (words.slice(0, taken).join('') !== name.toLowerCase()) continue;
      if (taken === words.length) return { path: [name], schema: inner };
      const rest = findSetting(inner, words.slice(taken));
      if (rest) return { ...rest, path: [name, ...rest.path] };
    }
  }
  return undefined;
}

function isText(schema: TSchema): boolean {
  const { type, anyOf = [] } = schema as Node;
  return type === 'string' || (anyOf.length > 0 && anyOf.every(isText));
}

function set(tree: Tree, [name = '', ...rest]: string[], value: unknown): void {
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const held = tree[name];
  const inner = isTree(held) ? held : {};
  tree[name] = inner;
  set(inner, rest, value);
}

function valueAt(tree: unknown, pointer: string): unknown {
  return pointer
    .split('/')
    .slice(1)
    .reduce<unknown>((value, name) => (value as Tree | undefined)?.[name], tree);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
