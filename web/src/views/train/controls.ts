/** The settings of a training as a form, with what they will take of the device's memory. */

import type { Gpu, LifterConfig } from 'kinegrad';
import { h } from '../../parts/dom.ts';
import { size } from '../../parts/size.ts';
import { judge, LIMITS, usualLimit, type Verdict } from './forecast.ts';
import { BATCHES, DEFAULTS, RATES, type Settings, STEPS, WIDTHS } from './settings.ts';

export interface Controls {
  readonly element: HTMLElement;
  readonly settings: Settings;
  /** Whether a training of these settings fits, told to the visitor as well. */
  allowed(): boolean;
  /**
   * Shows the settings of a run, which cannot be changed while it lasts; undefined frees them, where
   * a run may begin.
   */
  lock(config: LifterConfig | undefined, mayBegin?: boolean): void;
}

type Name = keyof Settings | 'limit';

export function createControls(gpu: Gpu): Controls {
  const selects = {} as Record<Name, HTMLSelectElement>;
  const field = (
    name: Name,
    label: string,
    values: readonly number[],
    value: number,
    show: (value: number) => string = (n) => n.toLocaleString('en-US'),
  ) => {
    const select = h(
      'select',
      { name, onchange: () => tell() },
      ...values.map((v) => h('option', { value: v, selected: v === value }, show(v))),
    );
    selects[name] = select;
    return h('label', { class: 'field' }, h('span', {}, label), select);
  };
  const fields = h(
    'div',
    { class: 'settings' },
    field('width', 'Width', WIDTHS, DEFAULTS.width),
    field('batch', 'Batch', BATCHES, DEFAULTS.batch),
    field('rate', 'Peak learning rate', RATES, DEFAULTS.rate, String),
    field('steps', 'Steps', STEPS, DEFAULTS.steps),
    field('limit', 'Memory it may take', LIMITS, usualLimit(), size),
  );
  const meter = h('span');
  const needs = h('p', { class: 'small muted number' });
  const refused = h('div', { class: 'refusal small', role: 'alert' });
  const element = h(
    'div',
    { class: 'controls' },
    fields,
    h(
      'div',
      { class: 'forecast' },
      h('div', { class: 'meter', 'aria-hidden': 'true' }, meter),
      needs,
    ),
    refused,
  );
  const chosen = (name: Name) => Number(selects[name].value);
  const settingsNow = (): Settings => ({
    width: chosen('width'),
    batch: chosen('batch'),
    rate: chosen('rate'),
    steps: chosen('steps'),
  });

  function tell(): boolean {
    const limit = chosen('limit');
    const verdict = judge(gpu, settingsNow(), limit);
    const { forecast, refusal } = verdict;
    needs.textContent = forecast
      ? `Takes ${size(forecast.total)}: ${size(forecast.program)} to work in, ${size(forecast.variables)} for the model and its optimiser.`
      : 'No single buffer of this device can be so large.';
    const share = forecast ? forecast.total / limit : 1;
    meter.style.transform = `scaleX(${Math.min(1, share)})`;
    meter.classList.toggle('over', refusal !== undefined);
    refused.replaceChildren(...(refusal ? refusalOf(refusal, verdict) : []));
    return refusal === undefined;
  }

  function refusalOf(refusal: string, { instead }: Verdict): Node[] {
    const { width, batch } = settingsNow();
    const kept = {
      width: `batches of ${batch.toLocaleString('en-US')}`,
      batch: `width ${width.toLocaleString('en-US')}`,
    };
    const advice =
      instead.length > 0
        ? 'The largest that fit:'
        : 'Nothing fits within it. Allow more memory, or make width and batch smaller.';
    return [
      h('p', {}, `${refusal} ${advice}`),
      ...instead.map(({ what, value }) =>
        h(
          'button',
          {
            class: 'button',
            type: 'button',
            onclick: () => {
              selects[what].value = String(value);
              tell();
            },
          },
          `${what === 'width' ? 'Width' : 'Batches of'} ${value.toLocaleString('en-US')} with ${kept[what]}`,
        ),
      ),
    ];
  }

  tell();
  return {
    element,
    get settings() {
      return settingsNow();
    },
    allowed: tell,
    lock(config, mayBegin = true) {
      for (const name of ['width', 'batch', 'rate', 'steps', 'limit'] as const) {
        const select = selects[name];
        select.disabled = config !== undefined || !mayBegin;
        if (!config || name === 'limit') continue;
        const value = String(config[name]);
        // A run that was saved by another release may have a value that is not offered any more.
        if (![...select.options].some((option) => option.value === value))
          select.append(h('option', { value }, value));
        select.value = value;
      }
      tell();
    },
  };
}
