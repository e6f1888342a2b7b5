/** Inspect: what the program of this model is. */

import { h } from '../../parts/dom.ts';
import type { View } from '../../shell/app.ts';
import { CHOICES, DEFAULTS } from '../train/settings.ts';
import { adapterPanel } from './adapter.ts';
import { createDrawer } from './drawer.ts';
import { createMemoryChart } from './memory.ts';
import { memoryOf, rowsOf } from './program.ts';
import { type Looked, liftProgram, trainingProgram } from './programs.ts';
import { createTable } from './table.ts';

/** The largest of what is offered that is still timed quickly on any machine. */
const MOST = { width: 2048, batch: 1024 };

export const view: View = {
  async mount(root, app) {
    const lifter = await app.lifter();
    const { gpu } = lifter;
    const drawer = createDrawer();
    const table = createTable((row) => {
      drawer.open(row).catch(app.fail);
    });
    const memory = createMemoryChart();
    const words = h('p', { class: 'muted small' });
    const timing = h('p', { class: 'small timing', role: 'status' });
    const measure = h(
      'button',
      { class: 'button', type: 'button', onclick: () => time() },
      'Measure times',
    );
    const number = (label: string, values: readonly number[], value: number) => {
      const select = h(
        'select',
        { class: 'button', 'aria-label': label, onchange: () => look() },
        ...values.map((v) => h('option', { value: v, selected: v === value }, `${label} ${v}`)),
      );
      return select;
    };
    const width = number(
      'Width',
      CHOICES.martinez.width.filter((v) => v <= MOST.width),
      DEFAULTS.martinez.width,
    );
    const batch = number(
      'Batch',
      CHOICES.martinez.batch.filter((v) => v <= MOST.batch),
      DEFAULTS.martinez.batch,
    );
    const choice = (value: string, label: string, checked: boolean) =>
      h(
        'label',
        {},
        h('input', { type: 'radio', name: 'program', value, checked, onchange: () => look() }),
        h('span', {}, label),
      );
    const kinds = h(
      'fieldset',
      { class: 'segments' },
      h('legend', { class: 'hidden' }, 'Program'),
      choice('lift', 'Lift a person', true),
      choice('train', 'Training step', false),
    );
    root.append(
      h(
        'section',
        { class: 'panel program-panel' },
        h(
          'header',
          {},
          h('h1', {}, 'What the GPU is told to do'),
          h('div', { class: 'row' }, kinds, width, batch, measure),
        ),
        h('div', { class: 'program-words' }, words, timing),
        h('div', { class: 'program-scroll' }, table.element),
      ),
      h('div', { class: 'inspect-below' }, memory.element, adapterPanel(gpu)),
      drawer.element,
    );

    let looked: Looked;
    let gone = false;
    const isTraining = () => kinds.querySelector<HTMLInputElement>('[value=train]')!.checked;

    function look() {
      const training = isTraining();
      width.hidden = batch.hidden = !training;
      try {
        looked = training
          ? trainingProgram(gpu, Number(width.value), Number(batch.value))
          : liftProgram(lifter);
      } catch (error) {
        return app.fail(error);
      }
      const { plan } = looked;
      const rows = rowsOf(plan);
      table.show(rows);
      table.showTimes(undefined);
      memory.show(
        memoryOf(plan),
        rows.map(({ op }) => op),
      );
      const steps = rows.filter(({ once }) => !once);
      const flops = steps.reduce((sum, row) => sum + row.flops, 0);
      const once = rows.length - steps.length;
      const before =
        once > 0
          ? ` Before the first, ${once} more compute once what follows from the weights alone.`
          : '';
      words.textContent = `${looked.words} ${steps.length} dispatches, ${(flops / 1e6).toPrecision(3)} million floating-point operations.${before} Choose one to read its WGSL.`;
      timing.textContent = '';
    }

    async function time() {
      const of = looked;
      measure.disabled = true;
      timing.textContent = 'Measuring …';
      try {
        const times = await of.time();
        if (gone || looked !== of) return;
        table.showTimes(times);
        timing.textContent = times.words;
      } catch (error) {
        timing.textContent = '';
        if (!gone) app.fail(error);
      } finally {
        measure.disabled = false;
      }
    }

    look();
    // A lift is short enough to be timed without being asked to.
    void time();
    return () => {
      gone = true;
      memory.dispose();
      drawer.element.close();
    };
  },
};
