/** A dialog with the WGSL of one dispatch. */

import { h, icon } from '../../parts/dom.ts';
import { highlighted } from './highlight.ts';
import type { Row } from './program.ts';
import { sourceOf } from './sources.ts';

export interface Drawer {
  readonly element: HTMLDialogElement;
  open(row: Row): Promise<void>;
}

export function createDrawer(): Drawer {
  const title = h('h2', { id: 'drawer-title' });
  const content = h('div', { class: 'drawer-content', tabindex: 0 });
  const close = h(
    'button',
    {
      class: 'button icon',
      type: 'button',
      'aria-label': 'Close',
      onclick: (): void => element.close(),
    },
    icon('M6 6l12 12M18 6L6 18'),
  );
  const element: HTMLDialogElement = h(
    'dialog',
    { class: 'drawer', 'aria-labelledby': 'drawer-title' },
    h('header', {}, title, close),
    content,
  );
  // A click beside the dialog is one on the dialog itself.
  element.addEventListener('click', (event) => {
    if (event.target === element) element.close();
  });
  return {
    element,
    async open(row) {
      const { header, files } = await sourceOf(row.dispatch);
      title.textContent = `${row.index + 1}. ${row.op}`;
      content.replaceChildren(
        h('pre', { class: 'header-comment' }, header),
        h('dl', { class: 'dispatch-facts small' }, ...factsOf(row)),
        ...files.flatMap(({ file, lines }, at) => [
          h(
            'h3',
            { class: 'small' },
            h('code', {}, `shaders/${file}`),
            h('span', { class: 'muted' }, at === 0 ? ' the kernel' : ' used by it'),
          ),
          h(
            'pre',
            { class: 'code' },
            ...lines.map((line) => h('code', { class: 'line' }, ...highlighted(line), '\n')),
          ),
        ]),
        h(
          'p',
          { class: 'muted small' },
          'These are the files as they were written, with the constants of this dispatch set. The page carries the same lines without comments, and these the device compiles.',
        ),
      );
      element.showModal();
      content.scrollTop = 0;
    },
  };
}

function factsOf({ stages, reads, writes, groups, dispatch }: Row): Node[] {
  const listed = (of: Readonly<Record<string, string | number>>) =>
    Object.entries(of)
      .map(([name, value]) => `${name} = ${Number.isInteger(value) ? value : value.toString()}`)
      .join(', ');
  const facts = [
    ['Stages', stages.join(' → ')],
    ['Reads', reads.join(', ')],
    ['Writes', writes.join(', ')],
    ['Workgroups', groups],
    ['Overrides', listed(dispatch.overrides)],
    ['Constants', listed(dispatch.constants)],
    ['Parameters', listed(dispatch.params)],
  ];
  return facts.flatMap(([name, value]) =>
    value ? [h('div', {}, h('dt', { class: 'muted' }, name), h('dd', {}, value))] : [],
  );
}
