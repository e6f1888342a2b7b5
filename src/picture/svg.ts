/** The few SVG elements that the pictures are made of, as text. */

/** A drawing in its own units, (0, 0) its top left corner; `svgDocument` makes a file of it. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** SVG elements. */
  readonly content: string;
}

export type Attributes = Readonly<Record<string, string | number | undefined>>;
export type Point = readonly [x: number, y: number];

/** First of the list that is there; `renderSvg` brings it along for Node. */
const FONTS = 'PT Sans, Segoe UI, Helvetica Neue, Arial, sans-serif';

/**
 * The picture as an SVG file.
 * @param scale pixels of the image to a unit of the picture; 2 keeps text sharp on fine screens
 */
export function svgDocument({ width, height, content }: Picture, scale = 1): string {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width: width * scale,
      height: height * scale,
      viewBox: `0 0 ${num(width)} ${num(height)}`,
      'font-family': FONTS,
    },
    content,
  );
}

/** A picture inside another, scaled to a width, its proportions kept; what overflows is cut off. */
export function inset(picture: Picture, x: number, y: number, width: number): string {
  const height = (width * picture.height) / picture.width;
  const viewBox = `0 0 ${num(picture.width)} ${num(picture.height)}`;
  return element('svg', { x, y, width, height, viewBox }, picture.content);
}

/** An element; numbers are rounded to 0.01, attributes that are undefined left out. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const text = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) => ` ${key}="${typeof value === 'number' ? num(value) : escapeXml(value!)}"`,
    )
    .join('');
  return children.length === 0
    ? `<${name}${text}/>`
    : `<${name}${text}>${children.join('')}</${name}>`;
}

export function text(at: Point, content: string, attributes: Attributes): string {
  return element('text', { x: at[0], y: at[1], ...attributes }, escapeXml(content));
}

export function segment(from: Point, to: Point, attributes: Attributes): string {
  return element('line', { x1: from[0], y1: from[1], x2: to[0], y2: to[1], ...attributes });
}

export function circle(at: Point, r: number, attributes: Attributes): string {
  return element('circle', { cx: at[0], cy: at[1], r, ...attributes });
}

/** Path data of a polygon. */
export function polygon(points: readonly Point[]): string {
  return points.length === 0 ? '' : `M${points.map(([x, y]) => `${num(x)} ${num(y)}`).join('L')}Z`;
}

/**
 * A definition with an id made of its own text, so that in any composition of pictures equal ids
 * mean equal definitions.
 */
export function named(definition: string): { readonly id: string; readonly definition: string } {
  let hash = 0x811c9dc5; // FNV-1a
  for (let i = 0; i < definition.length; i++)
    hash = Math.imul(hash ^ definition.charCodeAt(i), 0x01000193);
  const id = `d${(hash >>> 0).toString(36)}`;
  return { id, definition: definition.replace(/^<\w+/, (open) => `${open} id="${id}"`) };
}

/** A number as SVG text, to 0.01. */
export function num(value: number): string {
  return String(Math.round(value * 100) / 100 + 0);
}

/** What the widths of PT Sans come to, in ems, a little generously, so that text never collides. */
const NARROW = /[ijl.,:;'|! ()[\]ftr·]/;
const WIDE = /[mwMW@%]/;

/** About the width of a text at a font size. */
export function textWidth(content: string, size: number): number {
  let ems = 0;
  for (const letter of content)
    ems += NARROW.test(letter)
      ? 0.34
      : WIDE.test(letter)
        ? 0.86
        : /[A-Z]/.test(letter)
          ? 0.64
          : 0.55;
  return ems * size;
}

/** The words of a text in lines of at most a width; a longer word has a line of its own. */
export function wrapText(content: string, size: number, width: number): string[] {
  const lines: string[] = [];
  for (const word of content.split(/\s+/).filter((w) => w !== '')) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word;
    if (lines.length > 0 && textWidth(longer, size) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

function escapeXml(value: string | number): string {
  return String(value)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
