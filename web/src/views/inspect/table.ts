/** Every dispatch of a program in a table; each row opens its WGSL. */

import { h, icon } from '../../parts/dom.ts';
import { size } from '../../parts/size.ts';
import type { Row } from './program.ts';
import { ms, type Times } from './times.ts';

export interface Table {
  readonly element: HTMLElement;
  show(rows: readonly Row[]): void;
  /** Adds times; undefined takes them away. */
  showTimes(times: Times | undefined): void;
}

export function createTable(open: (row: Row) => void): Table {
  const preparation = h('tbody', { class: 'preparation' });
  const body = h('tbody');
  const column = (name: string, className?: string) =>
    h('th', { scope: 'col', class: className }, name);
  const element = h(
    'table',
    { class: 'table program' },
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        column('#', 'at'),
        column('Op and kernel'),
        column('Shapes', 'shapes'),
        column('Bytes', 'amount'),
        column('Flops', 'amount flops'),
        column('Workgroups', 'amount groups'),
        column('Time', 'amount'),
      ),
    ),
    preparation,
    body,
  );
  /** Of the dispatches of a step. */
  let cells: Cells[] = [];
  return {
    element,
    show(rows) {
      const made = rows.map(({ once }) => ({
        time: h('span', { class: once ? 'once muted' : 'ms' }, once ? 'once' : '–'),
        bar: h('span', { class: 'time-bar', 'aria-hidden': 'true' }),
      }));
      cells = made.filter((_, i) => !rows[i]!.once);
      const lines = rows.map((row, i) => line(row, made[i]!, open));
      const once = lines.filter((_, i) => rows[i]!.once);
      preparation.replaceChildren(...(once.length > 0 ? [heading(once), ...once] : []));
      body.replaceChildren(...lines.filter((_, i) => !rows[i]!.once));
    },
    showTimes(times) {
      const most = Math.max(1e-6, ...(times?.dispatches ?? []));
      element.classList.toggle('time-known', !!times && times.dispatches.length > 0);
      cells.forEach(({ time, bar }, i) => {
        const value = times?.dispatches[i];
        time.textContent = value === undefined ? '–' : ms(value);
        bar.style.transform = `scaleX(${(value ?? 0) / most})`;
      });
    },
  };
}

const COLUMNS = 7;

/** Shows and hides what runs once: who reads what a step is has no need of it. */
function heading(lines: readonly HTMLElement[]): HTMLElement {
  const show = (shown: boolean) => {
    for (const each of lines) each.hidden = !shown;
    toggle.setAttribute('aria-expanded', String(shown));
  };
  const toggle: HTMLElement = h(
    'button',
    {
      class: 'toggle small',
      type: 'button',
      onclick: (): void => show(toggle.getAttribute('aria-expanded') !== 'true'),
    },
    icon('M9 6l6 6-6 6'),
    `1 – ${lines.length}: run once, before the first, and when the weights have changed`,
  );
  show(false);
  return h(
    'tr',
    { class: 'heading' },
    h('th', { class: 'fold', colspan: COLUMNS, scope: 'rowgroup' }, toggle),
  );
}

interface Cells {
  readonly time: HTMLElement;
  readonly bar: HTMLElement;
}

const line = (row: Row, { time, bar }: Cells, open: (row: Row) => void): HTMLElement =>
  h(
    'tr',
    { onclick: () => open(row) },
    h('td', { class: 'at muted' }, String(row.index + 1)),
    h(
      'th',
      { scope: 'row' },
      h(
        'button',
        {
          class: 'op',
          type: 'button',
          'aria-haspopup': 'dialog',
          onclick: (event: Event) => {
            // The row would open it once more.
            event.stopPropagation();
            open(row);
          },
        },
        row.op,
      ),
      h('span', { class: 'file muted' }, row.file),
      row.stages.length > 0 && h('span', { class: 'file stages muted' }, row.stages.join(' → ')),
    ),
    h(
      'td',
      { class: 'shapes' },
      h('span', {}, row.reads.join(' '), h('span', { class: 'muted' }, ' → ')),
      h('span', {}, row.writes.join(' ')),
    ),
    h('td', { class: 'amount' }, size(row.bytes)),
    h('td', { class: 'amount flops' }, flops(row.flops)),
    h('td', { class: 'amount groups' }, row.groups),
    h('td', { class: 'amount time' }, time, bar),
  );

/** 1.2 M, 3 k. */
function flops(n: number): string {
  if (n < 1000) return String(n);
  const unit = Math.min(3, Math.floor(Math.log10(n) / 3));
  return `${Number((n / 1000 ** unit).toPrecision(3))} ${['', 'k', 'M', 'G'][unit]}`;
}
