/** Memory over the program's life, drawn: what is alive in each dispatch, and which buffer holds it. */

import { h, s, set } from '../../parts/dom.ts';
import { followPointer } from '../../parts/pointer.ts';
import { size } from '../../parts/size.ts';
import type { MemoryMap } from './program.ts';

export interface MemoryChart {
  readonly element: HTMLElement;
  show(memory: MemoryMap, ops: readonly string[]): void;
  dispose(): void;
}

const AREA = 120;
const ROW = 16;
const GAP = 4;
/** Blocks that have a row of their own; those beyond are the smallest. */
const ROWS = 16;
const COLUMNS = 3;

export function createMemoryChart(): MemoryChart {
  const plot = s('svg', { class: 'chart memory-chart', role: 'img' });
  const readout = h('p', { class: 'small muted readout number', 'aria-hidden': 'true' });
  const summary = h('p', { class: 'small muted' });
  const lasting = h('tbody');
  const element = h(
    'section',
    { class: 'panel memory-panel' },
    h('header', {}, h('h2', {}, 'Memory over the program’s life'), readout),
    h('div', { class: 'chart-body' }, summary, plot),
    h(
      'div',
      { class: 'chart-body' },
      h('h3', {}, 'What stays from step to step'),
      h('table', { class: 'table lasting' }, lasting),
    ),
  );
  let memory: MemoryMap | undefined;
  let ops: readonly string[] = [];
  let pointed: number | undefined;
  const usual = 'Point at a dispatch to see what is alive';

  const count = () => Math.max(1, memory?.live.length ?? 1);
  const width = () => Math.max(200, plot.clientWidth || 600);
  const x = (i: number) => (width() * i) / count();

  function draw() {
    if (!memory) return;
    const { live, blocks, scratch } = memory;
    const shown = blocks.slice(0, ROWS);
    const height = AREA + 12 + shown.length * (ROW + GAP);
    const y = (bytes: number) => AREA - (AREA - 18) * (bytes / Math.max(1, scratch));
    const steps = live.map((bytes, i) => `H${x(i)}V${y(bytes)}H${x(i + 1)}`).join('');
    set(plot, { height });
    plot.replaceChildren(
      s('path', { class: 'live', d: `M0 ${AREA}${steps}V${AREA}Z` }),
      s('line', { class: 'allocated', x1: 0, x2: width(), y1: y(scratch), y2: y(scratch) }),
      s('text', { x: 0, y: y(scratch) - 5 }, `allocated ${size(scratch)}`),
      ...shown.flatMap(({ bytes, tenants }, row) => {
        const top = AREA + 12 + row * (ROW + GAP);
        return [
          s('rect', { class: 'block', x: 0, y: top, width: width(), height: ROW, rx: 3 }),
          ...tenants.map(({ first, last, bytes: own }, i) =>
            s('rect', {
              class: `tenant tone${i % COLUMNS}`,
              x: x(first) + 0.5,
              y: top + ROW * (1 - own / bytes),
              width: Math.max(1, x(last + 1) - x(first) - 1),
              height: ROW * (own / bytes),
              rx: Math.min(3, (ROW * own) / bytes / 2),
            }),
          ),
        ];
      }),
    );
    if (pointed !== undefined)
      plot.append(s('rect', { class: 'pointed', x: x(pointed), y: 0, width: x(1), height }));
    const most = live.reduce((a, b) => Math.max(a, b), 0);
    plot.setAttribute(
      'aria-label',
      `Scratch memory over ${live.length} dispatches: at most ${size(most)} of ${size(scratch)} hold something.`,
    );
    readout.textContent =
      pointed === undefined
        ? usual
        : `${pointed + 1}. ${ops[pointed]}: ${size(live[pointed]!)} alive`;
  }

  followPointer(plot, { left: 0, right: 0 }, (share) => {
    pointed = share === undefined ? undefined : Math.min(count() - 1, Math.floor(count() * share));
    draw();
  });
  const sizes = new ResizeObserver(draw);
  sizes.observe(plot);

  return {
    element,
    show(next, names) {
      memory = next;
      ops = names;
      const { blocks, scratch, unshared, total } = next;
      const hidden = blocks.length > ROWS ? ` The ${ROWS} largest are drawn.` : '';
      summary.textContent =
        blocks.length === 0
          ? `All in all ${size(total)}. No scratch memory is needed.`
          : `All in all ${size(total)}. Of that, ${blocks.length} buffers of scratch memory take ${size(scratch)}; without sharing them, tensors would take ${size(unshared)}. Above, what is alive in each dispatch; below, a row for each buffer with the tensors that take turns in it.${hidden}`;
      lasting.replaceChildren(
        ...next.lasting.map(({ name, bytes, what }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, name, h('span', { class: 'muted' }, `, ${what}`)),
            h('td', {}, size(bytes)),
          ),
        ),
      );
      draw();
    },
    dispose: () => sizes.disconnect(),
  };
}
