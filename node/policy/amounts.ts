// Amounts that are likely in the wrong unit: a fine of 5,000 万元 whose text says 5,000 元.
import type { RowFault } from '../core/messages/publish.ts';
import type { Field } from './pack.ts';

const PER: Readonly<Record<string, number>> = { 元: 1, 万元: 10_000, 亿元: 100_000_000 };
const WRITTEN =
  /(\d[\d,]*(?:\.\d+)?|[零〇一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟]+)\s*(亿元|万元|元)|([零〇一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟]+)万([零〇一二两三四五六七八九十百千壹贰叁肆伍陆柒捌玖拾佰仟]+)元/g;

/** Amounts that a text names, in 元. */
export function amountsIn(text: string): number[] {
  return [...text.normalize('NFKC').matchAll(WRITTEN)].map(([, number = '', unit = '', high, low = '']) =>
    high === undefined ? numberOf(number) * (PER[unit] ?? 1) : numberOf(high) * 10_000 + numberOf(low),
  );
}

const DIGITS = '零一二三四五六七八九';
const FORMAL = '零壹贰叁肆伍陆柒捌玖';
const TENS: Readonly<Record<string, number>> = { 十: 10, 百: 100, 千: 1_000, 拾: 10, 佰: 100, 仟: 1_000 };

function numberOf(text: string): number {
  if (/^\d/.test(text)) return Number(text.replaceAll(',', ''));
  let sum = 0;
  let digit = 0;
  for (const character of text.replaceAll('〇', '零').replaceAll('两', '二')) {
    const tens = TENS[character];
    if (tens === undefined) digit = Math.max(DIGITS.indexOf(character), FORMAL.indexOf(character));
    else [sum, digit] = [sum + (digit || 1) * tens, 0];
  }
  return sum + digit;
}

/**
 * Judges an amount by what the row's own texts say, and where they say nothing of it by the pack's `suspectFrom`.
 * @param value canonical decimal, in the field's unit
 */
export function unitWarning(field: Field, value: string, texts: readonly string[]): RowFault | undefined {
  if (field.type !== 'decimal' || field.unit === undefined) return undefined;
  const per = PER[field.unit] ?? 1;
  const amount = Number(value);
  if (amount === 0) return undefined;
  const named = texts.flatMap(amountsIn);
  const says = (yuan: number): boolean => named.some((other) => Math.abs(other - yuan) < 0.005);
  if (says(amount * per)) return undefined;
  const smaller = says(amount);
  if (!smaller && (field.suspectFrom === undefined || amount < Number(field.suspectFrom))) return undefined;
  const reason = smaller ? `the text says ${value}元` : `from ${field.suspectFrom}${field.unit} on this is rare`;
  return { field: field.name, code: 'unit', wanted: `${field.zh}: an amount in ${field.unit}: ${reason}`, got: value };
}
