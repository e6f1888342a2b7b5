/** The curves of a run: its loss, and its errors on people that it never learns from. */

import { isViewConfig, type RunConfig } from 'kinegrad';
import { smooth } from '../../../../src/picture/series.ts';
import { type Chart, createChart } from '../../parts/chart.ts';
import { h } from '../../parts/dom.ts';
import type { History } from '../../shell/run_store.ts';
import { judgedOf } from './learner.ts';

export interface Curves {
  readonly element: HTMLElement;
  show(config: RunConfig, history: Pick<History, 'losses' | 'judgements'>): void;
  dispose(): void;
}

export function createCurves(): Curves {
  const loss = createChart('Loss', 'mm');
  const errors = createChart('Test error', 'mm');
  const noted = ({ element }: Chart) => {
    const note = h('p', { class: 'muted small chart-note' });
    element.append(note);
    return note;
  };
  const [ofLoss, ofErrors] = [noted(loss), noted(errors)];
  return {
    element: h('div', { class: 'charts' }, loss.element, errors.element),
    show(config, { losses, judgements }) {
      const raw = { steps: losses.map((_, i) => i + 1), values: losses };
      loss.show(
        [
          { name: 'each step', kind: 'faint', ...raw },
          { name: 'smoothed', kind: 'strong', ...smooth(raw, true) },
        ],
        config.steps,
      );
      const looks = isViewConfig(config);
      const judged = { steps: judgements.map(({ step }) => step), dots: true };
      errors.show(
        [
          {
            name: looks ? 'with depth' : 'MPJPE',
            kind: 'strong',
            values: judgements.map((j) => j.mpjpe),
            ...judged,
          },
          {
            name: looks ? 'without' : 'PA-MPJPE',
            kind: 'second',
            values: judgements.map((j) => j.withoutDepth ?? j.paMpjpe),
            ...judged,
          },
        ],
        config.steps,
      );
      ofLoss.textContent = `Mean distance of the joints of each step’s people from where they are.${looks ? ' Of these people a quarter come without depth.' : ''}`;
      const people = `${judgedOf(config)} people it never learns from`;
      ofErrors.textContent = looks
        ? `The same of ${people} (MPJPE). Photos come without depth: that is the line for them.`
        : `The same of ${people} (MPJPE), and when each is turned and scaled onto the truth (PA-MPJPE).`;
    },
    dispose() {
      loss.dispose();
      errors.dispose();
    },
  };
}
