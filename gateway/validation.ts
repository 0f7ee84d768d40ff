// Checks the parts of a request against their schemas, and tells every fault.
import { Compile } from 'typebox/compile';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { RequestFault } from '../node/core/errors.ts';

const MAX_SHOWN = 120;
const MAX_FAULTS = 50;

/** @returns the value, or its faults. Text from a path, a query or a header becomes the number or boolean it spells. */
export type Validate = (value: unknown) => { value: unknown } | { faults: RequestFault[] };

/** @param part for example `query`: where the paths of its faults begin */
export function validator(part: string, schema: TSchema): Validate {
  const compiled = Compile(schema);
  return (given) => {
    const value = part === 'body' ? given : Value.Convert(schema, structuredClone(given));
    if (compiled.Check(value)) return { value };
    const faults = compiled
      .Errors(value)
      .slice(0, MAX_FAULTS)
      .filter(({ keyword }) => keyword !== 'boolean') // the member behind it is named by additionalProperties
      .flatMap(({ keyword, instancePath, message, params }): RequestFault[] => {
        const path = `${part}${instancePath}`;
        const names = namesIn(keyword, params);
        if (names) {
          const [wanted, got] = keyword === 'required' ? ['a value', 'nothing'] : ['no such member', 'one'];
          return names.map((name) => ({ path: `${path}/${name}`, wanted, got }));
        }
        return [{ path, wanted: message.replace(/^must /, ''), got: show(Value.Pointer.Get(value, instancePath)) }];
      });
    return { faults };
  };
}

function namesIn(keyword: string, params: object): string[] | undefined {
  if (keyword === 'required' && 'requiredProperties' in params) return params.requiredProperties as string[];
  if (keyword === 'additionalProperties' && 'additionalProperties' in params)
    return params.additionalProperties as string[];
  return undefined;
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
