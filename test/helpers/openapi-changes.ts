// What changed between two OpenAPI documents that a client of the older one could break on.

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Schema = Record<string, Json>;

interface Operation {
  operationId?: string;
  security?: Json;
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: { content: Record<string, { schema?: Schema }> };
  responses: Record<string, { content?: Record<string, { schema?: Schema }> }>;
}

export interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** Sent by clients: it may not ask for more. Sent to them: it may not give less. */
type Direction = 'sent' | 'received';

/** One sentence for each removal or narrowing; additions are none. */
export function narrowings(before: Document, after: Document): string[] {
  const found: string[] = [];
  for (const [path, methods] of Object.entries(before.paths)) {
    for (const [method, old] of Object.entries(methods)) {
      const name = `${method.toUpperCase()} ${path}`;
      const now = after.paths[path]?.[method];
      if (!now) found.push(`${name} is gone`);
      else found.push(...ofOperation(old, now, { before, after }).map((what) => `${name}: ${what}`));
    }
  }
  return found;
}

interface Documents {
  before: Document;
  after: Document;
}

function ofOperation(old: Operation, now: Operation, documents: Documents): string[] {
  const found: string[] = [];
  if (old.operationId !== now.operationId) found.push(`its operation id was ${old.operationId}`);
  if (JSON.stringify(old.security) !== JSON.stringify(now.security)) found.push('it wants another scope');
  const olds = old.parameters ?? [];
  for (const parameter of olds) {
    const same = now.parameters?.find(({ name, in: place }) => name === parameter.name && place === parameter.in);
    const name = `parameter ${parameter.name}`;
    if (!same) found.push(`${name} is gone`);
    else {
      if (same.required === true && parameter.required !== true) found.push(`${name} is required now`);
      found.push(...compare(parameter.schema, same.schema, 'sent', name, documents));
    }
  }
  for (const { name, in: place, required } of now.parameters ?? []) {
    const known = olds.some((parameter) => parameter.name === name && parameter.in === place);
    if (!known && required === true) found.push(`parameter ${name} is new and required`);
  }
  found.push(...ofContent(old.requestBody?.content ?? {}, now.requestBody?.content ?? {}, 'sent', documents));
  if (!old.requestBody && now.requestBody) found.push('it wants a body now');
  for (const [status, { content = {} }] of Object.entries(old.responses)) {
    const same = now.responses[status];
    if (same) found.push(...ofContent(content, same.content ?? {}, 'received', documents));
    else if (status.startsWith('2')) found.push(`answer ${status} is gone`);
  }
  return found;
}

function ofContent(
  old: Record<string, { schema?: Schema }>,
  now: Record<string, { schema?: Schema }>,
  direction: Direction,
  documents: Documents,
): string[] {
  return Object.entries(old).flatMap(([type, { schema }]) => {
    const same = now[type];
    if (!same) return [`${type} is not ${direction} any more`];
    return schema ? compare(schema, same.schema ?? {}, direction, direction, documents) : [];
  });
}

function resolve(schema: Schema, { components }: Document): Schema {
  const reference = schema['$ref'];
  if (typeof reference !== 'string') return schema;
  return components.schemas[reference.slice('#/components/schemas/'.length)] ?? {};
}

const LOWER = ['minimum', 'minLength', 'minItems'];
const UPPER = ['maximum', 'maxLength', 'maxItems'];

function compare(oldRaw: Schema, nowRaw: Schema, direction: Direction, path: string, documents: Documents): string[] {
  const [old, now] = [resolve(oldRaw, documents.before), resolve(nowRaw, documents.after)];
  const found: string[] = [];
  const tell = (what: string): void => void found.push(`${path} ${what}`);
  if (old['type'] !== now['type'] && !(direction === 'sent' && now['type'] === undefined)) tell('has another type');
  for (const keyword of ['const', 'format'])
    if (now[keyword] !== old[keyword] && (direction === 'received' || now[keyword] !== undefined))
      tell(`has another ${keyword}`);
  if (direction === 'sent') {
    if (now['pattern'] !== undefined && now['pattern'] !== old['pattern']) tell('has another pattern');
    for (const keyword of LOWER)
      if (Number(now[keyword] ?? -Infinity) > Number(old[keyword] ?? -Infinity)) tell(`has a higher ${keyword}`);
    for (const keyword of UPPER)
      if (Number(now[keyword] ?? Infinity) < Number(old[keyword] ?? Infinity)) tell(`has a lower ${keyword}`);
    if (now['additionalProperties'] === false && old['additionalProperties'] !== false)
      tell('takes no other members now');
  }
  const [oldEnum, nowEnum] = [old['enum'], now['enum']].map((values) => (Array.isArray(values) ? values : undefined));
  if (direction === 'sent' && nowEnum) {
    const missing = oldEnum ? oldEnum.filter((value) => !nowEnum.includes(value)) : ['any'];
    if (missing.length > 0) tell(`takes ${JSON.stringify(missing)} no more`);
  }
  found.push(...ofMembers(old, now, direction, path, documents));
  if (old['items'] !== undefined && now['items'] !== undefined)
    found.push(...compare(old['items'] as Schema, now['items'] as Schema, direction, `${path}/items`, documents));
  for (const keyword of ['anyOf', 'oneOf']) {
    const [olds, nows] = [(old[keyword] ?? []) as Schema[], (now[keyword] ?? []) as Schema[]];
    // By place: a kind more stands behind the others.
    if (direction === 'sent' || keyword === 'oneOf')
      for (const [i, choice] of olds.entries()) {
        const same = nows[i];
        if (same) found.push(...compare(choice, same, direction, `${path}/${keyword}/${i}`, documents));
        else tell(`has lost a choice of ${keyword}`);
      }
  }
  return found;
}

function ofMembers(old: Schema, now: Schema, direction: Direction, path: string, documents: Documents): string[] {
  const found: string[] = [];
  const [olds, nows] = [
    (old['properties'] ?? {}) as Record<string, Schema>,
    (now['properties'] ?? {}) as Record<string, Schema>,
  ];
  const [oldRequired, nowRequired] = [(old['required'] ?? []) as string[], (now['required'] ?? []) as string[]];
  for (const [name, schema] of Object.entries(olds)) {
    const same = nows[name];
    if (!same) found.push(`${path}/${name} is gone`);
    else found.push(...compare(schema, same, direction, `${path}/${name}`, documents));
  }
  if (direction === 'sent')
    for (const name of nowRequired) if (!oldRequired.includes(name)) found.push(`${path}/${name} is required now`);
  if (direction === 'received')
    for (const name of oldRequired) if (!nowRequired.includes(name)) found.push(`${path}/${name} may be missing now`);
  return found;
}
