/** What is known of the lifted person in numbers: distance, reprojection, and lengths of bones. */

import { BONES, boneLengths, evaluatePoses, type Lifted } from 'kinegrad';
import { h } from '../../parts/dom.ts';
import { spoken } from '../../parts/pose_canvas.ts';

/** Left and right have one length, by the way the lifter works: a row each for the two. */
const ROWS = BONES.flatMap(({ name, side }, bone) => {
  if (side === 'right') return [];
  const plain =
    side === 'left' ? name.replace(/^left(.)/, (_, letter) => letter.toLowerCase()) : name;
  const label = plain === 'pelvis' ? 'half pelvis' : spoken(plain);
  return [{ label: label[0]!.toUpperCase() + label.slice(1), bone }];
});

export interface Facts {
  readonly element: HTMLElement;
  /** @param truth the person as they were, where that is known */
  show(lifted: Lifted, truth: ArrayLike<number> | undefined): void;
  /** One more lift, and how long it took. */
  count(milliseconds: number): void;
  /** Forgets how long lifts took: another lifter does them. */
  restart(): void;
}

export function facts(): Facts {
  const value = (name: string) => h('dd', { class: 'number', 'data-fact': name }, '–');
  const [distance, error, off, time] = [
    value('distance'),
    value('error'),
    value('off'),
    value('time'),
  ];
  const offRow = h('div', { hidden: true }, h('dt', {}, 'From the truth'), off);
  const lengths = ROWS.map(({ bone }) => h('td', { 'data-bone': BONES[bone]!.name }, '–'));
  const element = h(
    'section',
    { class: 'panel facts', 'aria-label': 'Measures', tabindex: 0 },
    h('header', {}, h('h2', {}, 'Measures')),
    h(
      'dl',
      {},
      h('div', {}, h('dt', {}, 'Distance'), distance),
      h('div', {}, h('dt', {}, 'Reprojection'), error),
      offRow,
      h('div', {}, h('dt', {}, 'One lift'), time),
    ),
    h(
      'table',
      { class: 'table' },
      h('caption', {}, 'Lengths of bones'),
      h(
        'tbody',
        {},
        ...ROWS.map(({ label }, i) => h('tr', {}, h('th', { scope: 'row' }, label), lengths[i]!)),
      ),
    ),
  );
  let lifts = 0;
  let mean = 0;
  return {
    element,
    count(milliseconds) {
      mean = mean ? 0.8 * mean + 0.2 * milliseconds : milliseconds;
      element.dataset.lifts = String(++lifts);
    },
    restart() {
      mean = 0;
    },
    show({ pose, reprojectionError, relativeError }, truth) {
      distance.textContent = `${pose[2]!.toFixed(2)} m`;
      const digits = reprojectionError < 100 ? 1 : 0;
      error.textContent = `${reprojectionError.toFixed(digits)} px · ${(100 * relativeError).toFixed(1)} %`;
      offRow.hidden = !truth;
      if (truth) off.textContent = `${evaluatePoses(pose, truth).mpjpe.value.toFixed(0)} mm`;
      time.textContent = `${mean.toFixed(1)} ms`;
      const found = boneLengths(pose);
      ROWS.forEach(({ bone }, i) => {
        lengths[i]!.textContent = `${(100 * found[bone]!).toFixed(1)} cm`;
      });
    },
  };
}
