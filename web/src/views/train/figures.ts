/** The people that judge, each drawn over the truth, from whichever side one likes. */

import { BONES } from 'kinegrad';
import { h, s, set, slider } from '../../parts/dom.ts';
import type { Judgement } from '../../shell/run_store.ts';
import { errorsOf, PEOPLE, PERSON, type People } from './people.ts';
import { createPicture } from './picture.ts';

export interface Figures {
  readonly element: HTMLElement;
  /** Shows the last judgement, unless the visitor looks at an earlier one. */
  show(people: People | undefined, judgements: readonly Judgement[]): void;
}

/** Degrees about the vertical: where depth can be seen as well as the picture. */
const ANGLE = 40;
const SIDES = ['middle', 'right', 'left'] as const;

export function createFigures(): Figures {
  const cells = Array.from({ length: PEOPLE }, (_, i) => {
    const paths = (kind: string) =>
      SIDES.map((side) => s('path', { class: `${kind} ${side}`, fill: 'none' }));
    const parts = { truth: paths('truth'), lifted: paths('lifted') };
    const figure = s(
      'svg',
      { class: 'figure', viewBox: '-0.9 -1.15 1.8 2.3', role: 'img' },
      ...parts.truth,
      ...parts.lifted,
    );
    const picture = createPicture(`What the network sees of person ${i + 1}`);
    const caption = h('figcaption', { class: 'small muted number' }, ' ');
    return {
      ...parts,
      figure,
      caption,
      picture,
      element: h('figure', {}, picture.element, figure, caption),
      name: `Person ${i + 1}`,
    };
  });
  let people: People | undefined;
  let judgements: readonly Judgement[] = [];
  /** Which judgement is shown; the last one where the visitor has not chosen. */
  let chosen: number | undefined;
  const angle = slider({
    label: 'Seen from',
    min: -180,
    max: 180,
    step: 5,
    value: ANGLE,
    show: (value) => `${value}°`,
    oninput: () => draw(),
  });
  const when = slider({
    label: 'After step',
    min: 0,
    max: 1,
    step: 1,
    value: 0,
    show: (value) => (judgements[value]?.step ?? 0).toLocaleString('en-US'),
    oninput(value) {
      chosen = value === judgements.length - 1 ? undefined : value;
      draw();
    },
  });
  const depth = h('input', { type: 'checkbox', checked: true, onchange: () => draw() });
  const withDepth = h(
    'label',
    { class: 'row small with-depth', hidden: true },
    depth,
    'Lifted with depth',
  );
  const element = h(
    'section',
    { class: 'panel people-panel' },
    h(
      'header',
      {},
      h('h2', {}, 'People it never learns from'),
      withDepth,
      h(
        'p',
        { class: 'row small muted keys' },
        h('span', { class: 'key truth' }, 'truth'),
        h('span', { class: 'key left' }, 'left'),
        h('span', { class: 'key right' }, 'right'),
      ),
    ),
    h('div', { class: 'people' }, ...cells.map((cell) => cell.element)),
    h('div', { class: 'people-sliders' }, when.element, angle.element),
  );

  function draw() {
    const judged = judgements[chosen ?? judgements.length - 1];
    const blind = judged?.peopleWithoutDepth;
    withDepth.hidden = !blind;
    const seen = blind && !depth.checked ? blind : judged?.people;
    element.classList.toggle('blind', seen === blind && seen !== undefined);
    const lifted = seen && Float32Array.from(seen, (v) => v / 1000);
    const errors = people && lifted ? errorsOf(lifted, people.truth) : [];
    const turn = (angle.input.valueAsNumber * Math.PI) / 180;
    cells.forEach((cell, i) => {
      const from = i * PERSON;
      SIDES.forEach((side, at) => {
        set(cell.truth[at]!, { d: people ? bones(people.truth, from, side, turn) : '' });
        set(cell.lifted[at]!, { d: lifted ? bones(lifted, from, side, turn) : '' });
      });
      const error = errors[i] === undefined ? 'not lifted yet' : `${errors[i].toFixed(0)} mm off`;
      cell.caption.textContent = error;
      cell.figure.setAttribute('aria-label', `${cell.name}, ${error}`);
    });
  }

  return {
    element,
    show(next, known) {
      if (people !== next) cells.forEach(({ picture }, i) => picture.show(next?.seen, i));
      people = next;
      judgements = known;
      const last = Math.max(0, judgements.length - 1);
      if (chosen !== undefined && chosen > last) chosen = undefined;
      when.input.max = String(Math.max(1, last));
      when.input.disabled = judgements.length < 2;
      when.set(chosen ?? last);
      draw();
    },
  };
}

/** The bones of one side as a path, turned about the vertical through the pelvis. */
function bones(joints: Float32Array, from: number, side: string, turn: number): string {
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const place = (joint: number) => {
    const [x, y, z] = [0, 1, 2].map((axis) => joints[from + 3 * joint + axis]!) as [
      number,
      number,
      number,
    ];
    return `${(cos * x + sin * z).toFixed(3)} ${y.toFixed(3)}`;
  };
  return BONES.filter((bone) => bone.side === side)
    .map((bone) => `M${place(bone.from)}L${place(bone.to)}`)
    .join('');
}
