/** HTML as text: values put into a template are escaped, markup put into it is not. */

export interface Markup {
  readonly markup: string;
}

/** `false` leaves nothing, for parts that are not always there. */
export type Part = Markup | string | number | false | readonly Part[];

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return {
    markup: strings.map((text, i) => text + (i < parts.length ? show(parts[i]!) : '')).join(''),
  };
}

/** Text that is HTML already, or that stands in an element whose content is not parsed as HTML. */
export const raw = (markup: string): Markup => ({ markup });

/** A value for `<script type="application/json">`, where no `<` may stand that ends the script. */
export const json = (value: unknown): Markup =>
  raw(JSON.stringify(value).replaceAll('<', '\\u003c'));

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function show(part: Part): string {
  if (part === false) return '';
  if (typeof part === 'string') return part.replace(/[&<>"']/g, (c) => ENTITIES[c]!);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(show).join('');
}
