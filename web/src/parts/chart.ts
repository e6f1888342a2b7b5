/** A chart of lines over steps, which grows while it is looked at. */

import { formatNumber, formatStep, ticksOf, valueScale } from '../../../src/picture/axes.ts';
import { linearScale } from '../../../src/picture/scale.ts';
import { thin } from '../../../src/picture/series.ts';
import { h, s } from './dom.ts';
import { followPointer } from './pointer.ts';

export interface Line {
  readonly name: string;
  /** How it is drawn: `strong`, `second`, or `faint` behind the others. */
  readonly kind: 'strong' | 'second' | 'faint';
  readonly steps: readonly number[];
  readonly values: readonly number[];
  /** Marks its values, where they are few. */
  readonly dots?: boolean;
}

export interface Chart {
  readonly element: HTMLElement;
  /** Shows these lines over steps from 0 to `last`. */
  show(lines: readonly Line[], last: number): void;
  dispose(): void;
}

const HEIGHT = 220;
const LEFT = 44;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = HEIGHT - 26;

/** @param unit of the values, as in `12.3 mm` */
export function createChart(title: string, unit: string): Chart {
  const legend = h('div', { class: 'chart-legend row small' });
  const plot = s('svg', { class: 'chart', height: HEIGHT, role: 'img', 'aria-label': title });
  const element = h(
    'section',
    { class: 'panel chart-panel' },
    h('header', {}, h('h2', {}, title), legend),
    h('div', { class: 'chart-body' }, plot),
  );
  let lines: readonly Line[] = [];
  let last = 1;
  /** The step that the pointer is at. */
  let pointed: number | undefined;

  function draw() {
    const right = Math.max(160, plot.clientWidth || 480) - RIGHT;
    const x = linearScale([0, last], [LEFT, right]);
    const known = lines.flatMap(({ values }) => values.filter(Number.isFinite));
    const y = valueScale(known, BOTTOM, TOP);
    plot.replaceChildren(
      s(
        'g',
        { class: 'chart-axis' },
        ...(known.length === 0 ? [] : ticksOf(y, 4)).flatMap((value) => [
          s('line', { x1: LEFT, x2: right, y1: y(value), y2: y(value) }),
          s('text', { x: LEFT - 8, y: y(value) + 4, 'text-anchor': 'end' }, formatNumber(value)),
        ]),
        ...x.ticks(right > 360 ? 5 : 3).map((step) => {
          // The number at the very end would stick out.
          const anchor = x(step) > right - 16 ? 'end' : step === 0 ? 'start' : 'middle';
          return s('text', { x: x(step), y: HEIGHT - 6, 'text-anchor': anchor }, formatStep(step));
        }),
      ),
      ...lines.flatMap((line) => drawn(line, right, x, y)),
    );
    if (known.length === 0)
      plot.append(
        s('line', { class: 'chart-base', x1: LEFT, x2: right, y1: BOTTOM, y2: BOTTOM }),
        s(
          'text',
          { x: (LEFT + right) / 2, y: HEIGHT / 2, 'text-anchor': 'middle' },
          'No steps yet',
        ),
      );
    else if (pointed !== undefined)
      plot.append(
        s('line', { class: 'chart-cursor', x1: x(pointed), x2: x(pointed), y1: TOP, y2: BOTTOM }),
      );
    legend.replaceChildren(...lines.map((line) => key(line)));
    const said = lines.map(({ name, values }) => `${name} ${show(values.at(-1))}`).join(', ');
    plot.setAttribute(
      'aria-label',
      known.length > 0 ? `${title}: ${said}` : `${title}: nothing yet`,
    );
  }

  function drawn(line: Line, right: number, x: (n: number) => number, y: (n: number) => number) {
    const { steps, values } = thin(line, Math.max(1, Math.round(right - LEFT)));
    const points = steps.flatMap((step, i) =>
      Number.isFinite(values[i]) ? [`${x(step).toFixed(1)},${y(values[i]!).toFixed(1)}`] : [],
    );
    const dots = line.dots
      ? points.map((point) => {
          const [cx, cy] = point.split(',') as [string, string];
          return s('circle', { class: `chart-dot ${line.kind}`, cx, cy, r: 3 });
        })
      : [];
    return [s('polyline', { class: `chart-line ${line.kind}`, points: points.join(' ') }), ...dots];
  }

  const show = (value: number | undefined) =>
    value === undefined || !Number.isFinite(value) ? '–' : `${formatNumber(value)} ${unit}`;

  /** What a line is called, and its value at the pointer, else its last one. */
  function key({ name, kind, steps, values }: Line) {
    const at = pointed === undefined ? steps.length - 1 : nearest(steps, pointed);
    return h(
      'span',
      { class: `chart-key ${kind}` },
      `${name} `,
      h('strong', { class: 'number' }, show(values[at])),
    );
  }

  followPointer(plot, { left: LEFT, right: RIGHT }, (share) => {
    pointed = share === undefined ? undefined : Math.round(last * share);
    draw();
  });
  const sizes = new ResizeObserver(draw);
  sizes.observe(plot);
  return {
    element,
    show(next, to) {
      lines = next;
      last = Math.max(1, to);
      draw();
    },
    dispose: () => sizes.disconnect(),
  };
}

/** Index of the entry nearest to a step. */
function nearest(steps: readonly number[], step: number): number {
  let best = 0;
  for (let i = 1; i < steps.length; i++)
    if (Math.abs(steps[i]! - step) < Math.abs(steps[best]! - step)) best = i;
  return best;
}
