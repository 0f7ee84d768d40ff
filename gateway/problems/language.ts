import { LANGUAGES, type Language } from './catalogue.ts';

/** The language that Accept-Language (RFC 9110, section 12.5.4) prefers of those that we speak; English otherwise. */
export function negotiateLanguage(header: string | undefined): Language {
  let best: Language = 'en';
  let weight = 0;
  for (const range of header?.split(',', 20) ?? []) {
    const [tag = '', ...parameters] = range.trim().toLowerCase().split(';');
    const language = LANGUAGES.find((known) => tag === known || tag.startsWith(`${known}-`));
    const q = parameters.map((parameter) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(parameter)?.[1]).find(Boolean);
    const quality = q === undefined ? 1 : Number(q);
    if (language && quality > weight) [best, weight] = [language, quality];
  }
  return best;
}
