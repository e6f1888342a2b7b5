import { h } from '../../parts/dom.ts';
import type { View } from '../../shell/app.ts';

export const view: View = {
  async mount(root) {
    root.append(h('section', { class: 'notice panel' }, h('p', {}, 'This view is being built.')));
    return () => {};
  },
};
