/** The panels of Lift and their controls, without what they do. */

import { h, icon, set, slider } from '../../parts/dom.ts';
import type { Sample } from '../../parts/samples.ts';
import { EXPORTS } from './exports.ts';

interface Actions {
  readonly sheet: HTMLElement;
  readonly sides: HTMLElement;
  readonly lifters: HTMLElement;
  readonly measures: HTMLElement;
  undo(): void;
  redo(): void;
  mirror(): void;
  look(): void;
  open(file: File): void;
  choose(sample: Sample): void;
  /** @param over whether the slider rests */
  fov(degrees: number, over: boolean): void;
  save(kind: string): void;
}

export interface Layout {
  readonly element: HTMLElement;
  /** Where the scene goes. */
  readonly canvas: HTMLCanvasElement;
  showSamples(samples: readonly Sample[]): void;
  setFov(degrees: number): void;
  /** Says where the picture comes from, and marks its sample where it is one. */
  say(text: string, sample?: Sample): void;
  update(states: { readonly canUndo: boolean; readonly canRedo: boolean }): void;
}

const ICONS = {
  undo: 'M9 14L4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3',
  redo: 'M15 14l5-5-5-5M20 9H10a6 6 0 0 0 0 12h3',
  mirror: 'M12 3v18M9 7l-5 10h5zM15 7l5 10h-5z',
  open: 'M12 16V4M7 9l5-5 5 5M4 16v4h16v-4',
  save: 'M12 4v12M7 11l5 5 5-5M4 16v4h16v-4',
  reset: 'M4 4v5h5M4 9a8.5 8.5 0 1 1-.5 5',
};

export function layout(actions: Actions): Layout {
  const tool = (name: string, path: string, onclick: () => void, keys?: string) =>
    h(
      'button',
      {
        class: 'button icon',
        'aria-label': name,
        title: name + (keys ? ` (${keys})` : ''),
        onclick,
      },
      icon(path),
    );
  const undo = tool('Undo', ICONS.undo, actions.undo, 'Ctrl+Z');
  const redo = tool('Redo', ICONS.redo, actions.redo, 'Ctrl+Shift+Z');
  undo.disabled = redo.disabled = true;
  const samples = h('div', { class: 'samples', role: 'group', 'aria-label': 'Sample poses' });
  const file = h('input', {
    type: 'file',
    hidden: true,
    accept: 'image/*,.json,application/json,.safetensors',
    'aria-label': 'Photo, joints or weights',
    onchange: () => {
      const chosen = file.files?.[0];
      if (chosen) actions.open(chosen);
      file.value = '';
    },
  }) as HTMLInputElement;
  const open = h(
    'button',
    { class: 'button open', onclick: () => file.click() },
    icon(ICONS.open),
    'Open photo, joints or weights',
  );
  const caption = h('p', { class: 'muted small caption' });
  const canvas = h('canvas', {
    class: 'scene',
    tabindex: 0,
    role: 'img',
    'aria-label':
      'The person in space. Arrow keys turn the view, plus and minus come nearer and go away.',
  });
  const fov = slider({
    label: 'Field of view',
    min: 10,
    max: 120,
    step: 1,
    value: 60,
    show: (value) => `${Math.round(value)}°`,
    oninput: (value) => actions.fov(value, false),
    onchange: (value) => actions.fov(value, true),
  });
  const element = h(
    'div',
    { class: 'picture-grid lift-grid' },
    h('h1', { class: 'hidden' }, 'Lift a person from a picture'),
    h('div', { class: 'bar row' }, samples, h('div', { class: 'row' }, open, file)),
    h(
      'section',
      { class: 'panel picture', 'aria-label': 'Picture' },
      h(
        'header',
        {},
        h('h2', {}, 'Picture'),
        h('div', { class: 'row' }, undo, redo, tool('Mirror', ICONS.mirror, actions.mirror)),
      ),
      h('div', { class: 'stage' }, actions.sheet),
      h(
        'footer',
        {},
        fov.element,
        h(
          'p',
          { class: 'muted small' },
          'Drag a joint, or move to one by Tab and press the arrows. Drop or paste a photo or joints, or drop weights.',
        ),
        caption,
      ),
    ),
    h(
      'section',
      { class: 'panel space', 'aria-label': 'Person in space' },
      h(
        'header',
        {},
        h('h2', {}, 'In space'),
        h(
          'div',
          { class: 'row' },
          exportsMenu(actions),
          tool('Reset the view', ICONS.reset, actions.look),
        ),
      ),
      h('div', { class: 'stage' }, canvas),
      actions.sides,
    ),
    h('div', { class: 'side' }, actions.lifters, actions.measures),
    h('div', { class: 'drop', 'aria-hidden': 'true' }, 'Drop a photo, joints as JSON, or weights'),
  );
  return {
    element,
    canvas,
    showSamples(list) {
      samples.replaceChildren(
        ...list.map((sample) =>
          h(
            'button',
            {
              class: 'button sample',
              'data-sample': sample.id,
              onclick: () => actions.choose(sample),
            },
            h('img', { src: sample.picture, alt: '', width: 60, height: 40 }),
            h('span', {}, sample.name),
          ),
        ),
      );
    },
    setFov: (degrees) => fov.set(degrees),
    say(text, sample) {
      caption.textContent = text;
      for (const button of samples.children)
        set(button, {
          'aria-pressed': String((button as HTMLElement).dataset.sample === sample?.id),
        });
    },
    update({ canUndo, canRedo }) {
      undo.disabled = !canUndo;
      redo.disabled = !canRedo;
    },
  };
}

function exportsMenu({ save }: Actions): HTMLElement {
  const kinds = Object.keys(EXPORTS).map((kind) =>
    h(
      'button',
      { class: 'button', 'aria-label': `Save as ${kind}`, onclick: () => save(kind) },
      kind,
    ),
  );
  return h(
    'div',
    { class: 'exports joined', role: 'group', 'aria-label': 'Save' },
    icon(ICONS.save),
    ...kinds,
  );
}
