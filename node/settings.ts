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
    return (
      Compile(chosen(schema, tree))
        .Errors(tree)
        // Told once already: with the name of the member that is too much.
        .filter(({ keyword }) => keyword !== 'additionalProperties')
        .map((error) => {
          const path = error.instancePath.slice(1).replaceAll('/', '.');
          const value = valueAt(tree, error.instancePath);
          const got = SECRET.test(path) ? '' : shown(value);
          return { path: path || '(root)', message: `${wanted(error)}${got}` };
        })
    );
  } finally {
    TypeBox.Set({ maxErrors });
  }
}

function wanted({ keyword, message, params }: { keyword: string; message: string; params: object }): string {
  if (keyword === 'boolean') return 'is no setting';
  return keyword === 'enum' ? `must be one of ${Object.values(params).flat().join(', ')}` : message;
}

/** A value that has parts may have a secret in them. */
function shown(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `, got ${value}` : '';
}

/** The parts of a JSON schema that lead to a setting. */
interface Node {
  type?: string;
  const?: unknown;
  properties?: Record<string, TSchema>;
  anyOf?: TSchema[];
}

/** The schema with each union replaced by the choice that the value makes: faults of the others would mislead. */
function chosen(schema: TSchema, value: unknown): TSchema {
  const { properties, anyOf } = schema as Node;
  if (properties) {
    const inner = Object.entries(properties).map(([name, one]) => [name, chosen(one, valueAt(value, `/${name}`))]);
    return { ...schema, properties: Object.fromEntries(inner) };
  }
  if (!anyOf) return schema;
  if (anyOf.every((choice) => 'const' in choice)) return { enum: anyOf.map((choice) => (choice as Node).const) };
  const choice = anyOf.find((choice) => constants(choice).every(([name, one]) => valueAt(value, `/${name}`) === one));
  if (choice) return chosen(choice, value);
  const [[name] = ['']] = constants(anyOf[0] ?? {});
  const kinds = anyOf.flatMap((choice) => constants(choice).map(([, one]) => one));
  return { type: 'object', required: [name], properties: { [name]: { enum: kinds } } };
}

/** Members that have one value only: they tell the choices of a union apart. */
function constants(schema: TSchema): [name: string, value: unknown][] {
  return Object.entries((schema as Node).properties ?? {}).flatMap(([name, inner]): [string, unknown][] =>
    'const' in inner ? [[name, inner['const']]] : [],
  );
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
