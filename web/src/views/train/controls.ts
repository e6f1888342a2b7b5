/** The settings of a training as a form, with what they will take of the device's memory. */

import type { Gpu, RunConfig } from 'kinegrad';
import { h } from '../../parts/dom.ts';
import { size } from '../../parts/size.ts';
import { judge, LIMITS, usualLimit, type Verdict } from './forecast.ts';
import {
  ARCHITECTURES,
  type Architecture,
  CHOICES,
  type Choice,
  DEFAULTS,
  type Settings,
  settingsOf,
} from './settings.ts';

export interface Controls {
  readonly element: HTMLElement;
  readonly settings: Settings;
  /** Whether a training of these settings fits, told to the visitor as well. */
  allowed(): boolean;
  /**
   * Shows the settings of a run, which cannot be changed while it lasts; undefined frees them, where
   * a run may begin.
   */
  lock(config: RunConfig | undefined, mayBegin?: boolean): void;
}

type Name = Choice | 'limit';

const LABELS: Readonly<Record<Name, string>> = {
  size: 'Pixels of a side',
  width: 'Width',
  batch: 'Batch',
  rate: 'Peak learning rate',
  steps: 'Steps',
  limit: 'Memory it may take',
};
const NAMES = Object.keys(LABELS) as readonly Name[];

const shown = (name: Name, value: number) => {
  if (name === 'limit') return size(value);
  return name === 'rate' ? String(value) : value.toLocaleString('en-US');
};

/** @param onchange other settings are chosen */
export function createControls(gpu: Gpu, onchange: () => void): Controls {
  const changed = () => {
    tell();
    onchange();
  };
  const learnsFrom = h(
    'select',
    {
      name: 'architecture',
      onchange() {
        offer(DEFAULTS[architecture()]);
        changed();
      },
    },
    ...Object.entries(ARCHITECTURES).map(([value, label]) => h('option', { value }, label)),
  );
  const architecture = () => learnsFrom.value as Architecture;
  const selects = {} as Record<Name, HTMLSelectElement>;
  const field = (label: string, select: HTMLSelectElement) =>
    h('label', { class: 'field' }, h('span', {}, label), select);
  const labels = NAMES.map((name) => {
    selects[name] = h('select', { name, onchange: changed });
    return field(LABELS[name], selects[name]);
  });
  const fields = h('div', { class: 'settings' }, field('Learns from', learnsFrom), ...labels);
  const fill = (name: Name, values: readonly number[], value: number) =>
    selects[name].replaceChildren(
      ...values.map((v) => h('option', { value: v, selected: v === value }, shown(name, v))),
    );

  /** Offers what an architecture may be set to, with these values. */
  function offer(settings: Settings) {
    learnsFrom.value = settings.architecture;
    for (const [name, values] of Object.entries(CHOICES[settings.architecture])) {
      const value = settings[name as Choice];
      // A run that was saved by another release may have a value that is not offered any more.
      fill(name as Choice, values.includes(value) ? values : [...values, value], value);
    }
    labels[0]!.hidden = settings.architecture === 'martinez';
  }
  fill('limit', LIMITS, usualLimit());
  offer(DEFAULTS.martinez);
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
    architecture: architecture(),
    size: chosen('size'),
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
      ? `Takes ${size(forecast.total)}: ${size(forecast.program + (forecast.judging ?? 0))} to work in, ${size(forecast.variables)} for the model and its optimiser.`
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
              changed();
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
      if (config) offer(settingsOf(config));
      for (const select of [learnsFrom, ...Object.values(selects)])
        select.disabled = config !== undefined || !mayBegin;
      tell();
    },
  };
}
