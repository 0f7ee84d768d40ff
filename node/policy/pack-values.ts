// A pack laid out as a list of values, each with its path: what is shown of it, and what two editions differ in.

export interface PackValue {
  /** `deadlines.accept`, `grades.minor.most` */
  path: string;
  text: string;
  citation?: string;
  /** It was not compared with its source. */
  unverified: boolean;
}

/** Members that name an element of a list. */
const NAMES = ['grade', 'measure', 'matter', 'code', 'item', 'class', 'year', 'name'];
const HEAD = new Set([
  'kind',
  'pack',
  'edition',
  'jurisdiction',
  'title',
  'citation',
  'effectiveFrom',
  'effectiveTo',
  'note',
]);
/** Not values of their own: they say something of the value that they stand in. */
const REMARKS = new Set(['citation', 'unverified']);

/** The values of a pack behind its head, in its order. */
export function packValues(pack: object): PackValue[] {
  const own = Object.entries(pack).filter(([name]) => !HEAD.has(name) && name !== 'unverified');
  const whole = (pack as { unverified?: boolean }).unverified === true;
  return own.flatMap(([name, value]) => valuesOf(name, value, { unverified: whole }));
}

/** Values that one of two editions has and the other has not, or has otherwise. Their heads are left out. */
export function diffPacks(
  before: object,
  after: object,
): { path: string; before: PackValue | undefined; after: PackValue | undefined }[] {
  const [first, second] = [indexed(before), indexed(after)];
  const paths = [...new Set([...first.keys(), ...second.keys()])];
  return paths
    .map((path) => ({ path, before: first.get(path), after: second.get(path) }))
    .filter(({ before, after }) => before?.text !== after?.text);
}

function indexed(pack: object): Map<string, PackValue> {
  return new Map(packValues(pack).map((value) => [value.path, value]));
}

interface Inherited {
  citation?: string;
  unverified: boolean;
}

function valuesOf(path: string, value: unknown, from: Inherited): PackValue[] {
  if (Array.isArray(value)) {
    if (value.every((own) => typeof own !== 'object' || own === null))
      return [{ path, text: value.join('、'), ...from }];
    return value.flatMap((own: unknown, i) => valuesOf(`${path}.${nameOf(own) ?? i}`, own, from));
  }
  if (typeof value !== 'object' || value === null) return [{ path, text: String(value), ...from }];
  const { citation, unverified } = value as { citation?: string; unverified?: boolean };
  const here = {
    ...from,
    ...(citation !== undefined && { citation }),
    unverified: from.unverified || unverified === true,
  };
  const { count, unit } = value as { count?: number; unit?: string };
  if (typeof count === 'number' && typeof unit === 'string') return [{ path, text: `${count} ${unit}`, ...here }];
  return Object.entries(value)
    .filter(([name]) => !REMARKS.has(name))
    .flatMap(([name, own]) => valuesOf(`${path}.${name}`, own, here));
}

function nameOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const name = NAMES.map((member) => (value as Record<string, unknown>)[member]).find((own) => own !== undefined);
  return typeof name === 'string' || typeof name === 'number' ? `${name}` : undefined;
}
