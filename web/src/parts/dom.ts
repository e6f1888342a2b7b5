/** Builds elements. Styles go through the object model, since the page's policy allows none inline. */

type Child = Node | string | undefined | false;

/** Attributes; functions named `onclick` and so on are listeners, false and undefined leave out. */
export type Attributes = Readonly<
  // biome-ignore lint/suspicious/noExplicitAny: a listener takes the event of its own kind.
  Record<string, string | number | boolean | undefined | ((event: any) => unknown)>
>;

/** An element of HTML: `h('button', { class: 'button', onclick: go }, 'Go')`. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  return filled(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
export function s<Tag extends keyof SVGElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[Tag] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  return filled(element, attributes, children);
}

/** Sets attributes of an element that is there. */
export function set(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.slice(2), value);
    else if (value === false || value === undefined) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
}

function filled<E extends Element>(element: E, attributes: Attributes, children: Child[]): E {
  set(element, attributes);
  element.append(...children.filter((child) => child !== undefined && child !== false));
  return element;
}

/** A line icon of 24 x 24 from the path of its strokes. */
export const icon = (path: string): SVGSVGElement =>
  s(
    'svg',
    { viewBox: '0 0 24 24', 'aria-hidden': 'true', fill: 'none' },
    s('path', {
      d: path,
      stroke: 'currentColor',
      'stroke-width': 1.8,
      'stroke-linecap': 'round',
      'stroke-linejoin': 'round',
    }),
  );

/** A slider with its name and its value. `oninput` comes while it moves, `onchange` when it rests. */
export function slider(options: {
  label: string;
  min: number;
  max: number;
  step: number;
  value: number;
  show: (value: number) => string;
  oninput: (value: number) => void;
  onchange?: (value: number) => void;
}): { element: HTMLElement; input: HTMLInputElement; set: (value: number) => void } {
  const { label, min, max, step, value, show, oninput, onchange } = options;
  const output = h('output', {}, show(value));
  const input = h('input', { type: 'range', min, max, step, value: String(value) });
  const tell = () => {
    output.textContent = show(input.valueAsNumber);
    input.setAttribute('aria-valuetext', show(input.valueAsNumber));
  };
  tell();
  input.addEventListener('input', () => {
    tell();
    oninput(input.valueAsNumber);
  });
  input.addEventListener('change', () => onchange?.(input.valueAsNumber));
  return {
    element: h('label', { class: 'slider' }, h('span', {}, label), input, output),
    input,
    set(next) {
      input.value = String(next);
      tell();
    },
  };
}
