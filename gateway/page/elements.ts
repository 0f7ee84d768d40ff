// What the pages make themselves of: elements, labels in Chinese and English.

export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export function labelled(zh: string, en: string, input: HTMLElement): HTMLElement {
  return element('label', {}, `${zh} ${en}`, element('br'), input);
}

/** A heading over a table. */
export function section(title: string, rows: readonly string[][]): HTMLElement[] {
  const cells = rows.map((row) => element('tr', {}, ...row.map((cell) => element('td', {}, cell))));
  return [element('h2', {}, title), element('table', {}, ...cells)];
}
