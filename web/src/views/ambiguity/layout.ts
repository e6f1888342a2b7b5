/** The panels of the view, without what they do. */

import { BONES } from 'kinegrad';
import { h, icon } from '../../parts/dom.ts';
import { everyday, GROUPS } from './people.ts';

interface Actions {
  readonly picture: HTMLElement;
  step(by: number): void;
  only(human: boolean): void;
  home(): void;
  flip(bone: number): void;
  select(bone: number): void;
}

const LEFT = 'M15 5l-7 7 7 7';
const RIGHT = 'M9 5l7 7-7 7';

export type Layout = ReturnType<typeof layout>;

export function layout(actions: Actions) {
  const canvas = h('canvas', {
    class: 'scene',
    tabindex: 0,
    role: 'img',
    'aria-label': 'The person in space. Arrow keys turn the view, plus and minus zoom.',
  });
  const place = h('p', { class: 'place number' }, '…');
  const step = (by: number, name: string, path: string) =>
    h(
      'button',
      { class: 'button icon', 'aria-label': name, title: name, onclick: () => actions.step(by) },
      icon(path),
    );
  const choice = (label: string, human: boolean) =>
    h(
      'button',
      {
        class: 'button',
        'aria-pressed': String(human),
        'data-human': String(human),
        onclick: () => actions.only(human),
      },
      label,
    );
  const [bodies, everyone] = [choice('Possible', true), choice('All', false)];
  const home = h('button', { class: 'button', onclick: () => actions.home() }, "Lifter's choice");
  const verdict = h('div', { class: 'verdict', role: 'status' });
  const counts = h('p', { class: 'counts muted small number' });
  const buttons = BONES.map((_, bone) =>
    h(
      'button',
      {
        class: 'button bone',
        'data-bone': bone,
        onclick: () => actions.flip(bone),
        onfocus: () => actions.select(bone),
        onpointerenter: () => actions.select(bone),
      },
      h('span', { class: 'mark', 'aria-hidden': 'true' }),
      h('span', {}, everyday(bone)),
    ),
  );
  const bones = h(
    'div',
    { class: 'bone-groups' },
    ...GROUPS.map(([name, list]) =>
      h(
        'div',
        { role: 'group', 'aria-label': name, class: name === 'Trunk' ? 'wide' : undefined },
        h('h3', {}, name),
        h('div', { class: 'bones' }, ...list.map((bone) => buttons[bone]!)),
      ),
    ),
  );
  const element = h(
    'div',
    { class: 'picture-grid ambiguity-grid' },
    h(
      'header',
      { class: 'lead' },
      h('h1', {}, 'Why is depth ambiguous?'),
      h(
        'p',
        {},
        'A picture says in which direction a joint lies, not how far away. A bone of known length can end in two places on that line of sight: tilted towards the camera, or away from it. ',
        'Both look the same in the picture. With 16 bones, that makes 65,536 people for one picture.',
      ),
    ),
    h(
      'section',
      { class: 'panel picture', 'aria-label': 'Picture' },
      h(
        'header',
        {},
        h('h2', {}, 'The picture stays the same'),
        h('p', { class: 'muted small number same' }),
      ),
      h('div', { class: 'stage' }, actions.picture),
      h(
        'footer',
        { class: 'muted small legend' },
        h('span', {}, h('i', { class: 'mark towards' }), 'comes towards the camera'),
        h('span', {}, h('i', { class: 'mark' }), 'goes away from it'),
      ),
    ),
    h(
      'section',
      { class: 'panel space', 'aria-label': 'Person in space' },
      h(
        'header',
        {},
        h('h2', {}, 'The person changes'),
        h(
          'div',
          { class: 'row stepper' },
          step(-1, 'Previous person', LEFT),
          place,
          step(1, 'Next person', RIGHT),
        ),
      ),
      h('div', { class: 'stage' }, canvas),
      h(
        'footer',
        { class: 'muted small' },
        'Pale: what the lifter chose. The line of sight meets the dashed circle, where the bone can end, in two places.',
      ),
    ),
    h(
      'section',
      { class: 'panel choices', 'aria-label': 'Choices' },
      verdict,
      h(
        'div',
        { class: 'row' },
        h(
          'div',
          { class: 'joined', role: 'group', 'aria-label': 'Step through' },
          bodies,
          everyone,
        ),
        home,
      ),
      counts,
      h('h2', {}, 'Turn a bone over'),
      bones,
      h(
        'p',
        { class: 'muted small keys' },
        h('kbd', {}, '←'),
        ' ',
        h('kbd', {}, '→'),
        ' step through the people',
      ),
    ),
  );
  return {
    element,
    canvas,
    verdict,
    counts,
    place,
    home,
    buttons,
    same: element.querySelector<HTMLElement>('.same')!,
    modes: [bodies, everyone] as const,
  };
}
