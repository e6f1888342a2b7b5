/** The numbers of a run, large. */

import { isViewConfig } from 'kinegrad';
import { h } from '../../parts/dom.ts';
import type { Session } from './session.ts';

export interface Tiles {
  readonly element: HTMLElement;
  show(session: Session | undefined): void;
}

/** Steps that the loss is averaged over. */
const AVERAGED = 20;

export function createTiles(): Tiles {
  const cells = ['Step', 'Loss', 'MPJPE', 'Speed', 'Time left'].map((name) => {
    const value = h('dd', { class: 'number' });
    const label = h('dt', { class: 'muted small' }, name);
    return { value, label, element: h('div', { class: 'panel tile' }, label, value) };
  });
  const element = h('dl', { class: 'tiles' }, ...cells.map((cell) => cell.element));
  return {
    element,
    show(session) {
      const looks = session && isViewConfig(session.config);
      cells[2]!.label.textContent = looks ? 'MPJPE with depth' : 'MPJPE';
      facts(session).forEach(([value, unit], i) => {
        const parts = unit ? [value, h('span', { class: 'unit muted' }, ` ${unit}`)] : [value];
        cells[i]!.value.replaceChildren(...parts);
      });
    },
  };
}

type Fact = readonly [value: string, unit?: string];
const NONE: Fact = ['–'];

function facts(session: Session | undefined): Fact[] {
  if (!session) return [NONE, NONE, NONE, NONE, NONE];
  const { history, config, rate, phase } = session;
  const { losses, judgements } = history;
  const recent = losses.slice(-AVERAGED);
  const loss = recent.reduce((a, b) => a + b, 0) / recent.length;
  const running = phase === 'running' && rate !== undefined;
  const judged = judgements.at(-1);
  return [
    [losses.length.toLocaleString('en-US'), `of ${config.steps.toLocaleString('en-US')}`],
    recent.length > 0 ? [loss.toFixed(1), 'mm'] : NONE,
    judged ? [judged.mpjpe.toFixed(1), 'mm'] : NONE,
    rate === undefined ? NONE : [rate.toFixed(rate < 10 ? 1 : 0), 'steps/s'],
    running ? left((config.steps - losses.length) / rate) : NONE,
  ];
}

function left(seconds: number): Fact {
  if (seconds < 60) return [seconds.toFixed(0), 's'];
  if (seconds < 3600) return [(seconds / 60).toFixed(0), 'min'];
  return [(seconds / 3600).toFixed(1), 'h'];
}
