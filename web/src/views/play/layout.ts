/** The panels of Play, without what they do. */

import { h, icon, slider } from '../../parts/dom.ts';
import { DEFAULTS } from './smoothing.ts';

interface Actions {
  readonly film: HTMLElement;
  readonly trace: HTMLElement;
  toggle(): void;
  seek(frame: number): void;
  speed(speed: number): void;
  walk(): void;
  webcam(): void;
  open(file: File): void;
  look(): void;
  filter(change: { on?: boolean; minCutoff?: number; beta?: number }): void;
}

const PLAY = 'M7 4.5v15l12-7.5z';
const PAUSE = 'M8 5v14M16 5v14';
const OPEN = 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4';
const RESET = 'M4 4v5h5M4 9a8.5 8.5 0 1 1-.5 5';
const SPEEDS = [0.25, 0.5, 1, 2];

export type Layout = ReturnType<typeof layout>;

export function layout(actions: Actions) {
  const canvas = h('canvas', {
    class: 'scene',
    tabindex: 0,
    role: 'img',
    'aria-label': 'The person in space. Arrow keys turn the view, plus and minus zoom.',
  });
  const play = h('button', { class: 'button primary icon', onclick: () => actions.toggle() });
  const scrub = h('input', {
    type: 'range',
    min: 0,
    max: 1,
    step: 1,
    value: 0,
    'aria-label': 'Frame',
    oninput: () => actions.seek(scrub.valueAsNumber),
  }) as HTMLInputElement;
  const time = h('output', { class: 'number time' });
  const speed = h(
    'select',
    {
      class: 'button',
      'aria-label': 'Speed',
      onchange: () => actions.speed(Number(speed.value)),
    },
    ...SPEEDS.map((value) => h('option', { value, selected: value === 1 }, `${value}×`)),
  ) as HTMLSelectElement;
  const file = h('input', {
    type: 'file',
    hidden: true,
    accept: '.json,application/json',
    'aria-label': 'Sequence of joints',
    onchange: () => {
      const chosen = file.files?.[0];
      if (chosen) actions.open(chosen);
      file.value = '';
    },
  }) as HTMLInputElement;
  const source = (name: string, onclick: () => void) =>
    h('button', { class: 'button', 'aria-pressed': 'false', 'data-source': name, onclick }, name);
  const sources = [source('Walk', actions.walk), source('Webcam', actions.webcam)];
  const open = h(
    'button',
    {
      class: 'button',
      'data-source': 'File',
      'aria-pressed': 'false',
      onclick: () => file.click(),
    },
    icon(OPEN),
    'Open sequence',
  );
  const told = {
    rate: h('dd', {}, '–'),
    took: h('dd', {}, '–'),
    lifted: h('dd', {}, '0'),
    dropped: h('dd', {}, '0'),
    error: h('dd', {}, '–'),
    lag: h('output', {}, '–'),
    jitter: h('output', {}, '–'),
  };
  const row = (name: string, value: HTMLElement) => h('div', {}, h('dt', {}, name), value);
  const on = h('input', {
    type: 'checkbox',
    role: 'switch',
    checked: DEFAULTS.on,
    onchange: () => actions.filter({ on: on.checked }),
  }) as HTMLInputElement;
  const cutoff = slider({
    label: 'Cutoff at rest',
    min: 0.3,
    max: 8,
    step: 0.1,
    value: DEFAULTS.minCutoff,
    show: (value) => `${value.toFixed(1)} Hz`,
    oninput: (minCutoff) => actions.filter({ minCutoff }),
  });
  const beta = slider({
    label: 'Rise with speed',
    min: 0,
    max: 10,
    step: 0.1,
    value: DEFAULTS.beta,
    show: (value) => `${value.toFixed(1)} Hz per m/s`,
    oninput: (next) => actions.filter({ beta: next }),
  });
  const note = h('div', { class: 'note', role: 'status', hidden: true });
  const title = h('h2', {}, 'Film');
  const element = h(
    'div',
    { class: 'picture-grid play-grid' },
    h('h1', { class: 'hidden' }, 'Play a sequence of joints'),
    h(
      'div',
      { class: 'bar row' },
      h(
        'div',
        { class: 'row', role: 'group', 'aria-label': 'What to play' },
        ...sources,
        open,
        file,
      ),
      h('p', { class: 'muted small' }, 'Or drop a sequence of 2D joints as JSON.'),
    ),
    h(
      'section',
      { class: 'panel filmed', 'aria-label': 'Film' },
      h('header', {}, title),
      h('div', { class: 'stage' }, actions.film),
    ),
    h(
      'section',
      { class: 'panel space', 'aria-label': 'Person in space' },
      h(
        'header',
        {},
        h('h2', {}, 'In space'),
        h(
          'button',
          {
            class: 'button icon',
            'aria-label': 'Reset the view',
            title: 'Reset the view',
            onclick: actions.look,
          },
          icon(RESET),
        ),
      ),
      h('div', { class: 'stage' }, canvas),
    ),
    h(
      'aside',
      { class: 'panel side', 'aria-label': 'Speed and filter' },
      note,
      h('h2', {}, 'Lifting'),
      h(
        'dl',
        { class: 'facts number' },
        row('Lifts a second', told.rate),
        row('Last lift', told.took),
        row('Frames lifted', told.lifted),
        row('Frames dropped', told.dropped),
        row('Reprojection error', told.error),
      ),
      h(
        'label',
        { class: 'switch' },
        h('h2', {}, 'One-Euro filter'),
        on,
        h('span', { class: 'knob', 'aria-hidden': 'true' }),
      ),
      h(
        'div',
        { class: 'cost number' },
        h('p', {}, told.lag, h('span', {}, 'lag, measured')),
        h('p', {}, told.jitter, h('span', {}, 'of the jitter left')),
      ),
      cutoff.element,
      beta.element,
      actions.trace,
    ),
    h(
      'div',
      { class: 'panel transport', role: 'group', 'aria-label': 'Playback' },
      play,
      scrub,
      time,
      speed,
    ),
    h('div', { class: 'drop', 'aria-hidden': 'true' }, 'Drop a sequence of joints as JSON'),
  );
  return {
    element,
    canvas,
    told,
    scrub,
    get speed() {
      return Number(speed.value);
    },
    setFilm(name: string, sourceName: string, live: boolean) {
      title.textContent = name;
      for (const button of [...sources, open])
        button.setAttribute('aria-pressed', String(button.dataset.source === sourceName));
      scrub.disabled = speed.disabled = live;
    },
    setPlaying(playing: boolean) {
      play.replaceChildren(icon(playing ? PAUSE : PLAY));
      play.setAttribute('aria-label', playing ? 'Pause' : 'Play');
      play.title = `${playing ? 'Pause' : 'Play'} (space)`;
    },
    setTime(text: string) {
      if (time.textContent !== text) time.textContent = text;
    },
    /** Says something that stays, above all else; nothing takes it away. */
    say(...content: (Node | string)[]) {
      note.hidden = content.length === 0;
      note.replaceChildren(...content);
    },
  };
}
