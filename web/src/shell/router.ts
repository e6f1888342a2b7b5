/** The tabs: one view at a time, by the hash of the address, each loaded when it is first shown. */

import { h } from '../parts/dom.ts';
import { type App, isHopeless, type View } from './app.ts';
import { failed, missing } from './missing.ts';

interface Tab {
  readonly title: string;
  readonly load: () => Promise<{ view: View }>;
}

const TABS: Readonly<Record<string, Tab>> = {
  lift: { title: 'Lift', load: () => import('../views/lift/index.ts') },
  play: { title: 'Play', load: () => import('../views/play/index.ts') },
  ambiguity: {
    title: 'Why is depth ambiguous?',
    load: () => import('../views/ambiguity/index.ts'),
  },
  train: { title: 'Train', load: () => import('../views/train/index.ts') },
  inspect: { title: 'Inspect', load: () => import('../views/inspect/index.ts') },
};

/** Shows the view of the address, and follows it. */
export function startRouter(app: App): void {
  const main = document.getElementById('view')!;
  const links = new Map(
    Object.entries(TABS).map(([id, { title }]) => [id, h('a', { href: `#${id}` }, title)]),
  );
  document.getElementById('tabs')!.append(...links.values());
  let shown: string | undefined;
  let unmount = () => {};

  const show = async (id: string) => {
    if (id === shown) return;
    const first = shown === undefined;
    shown = id;
    unmount();
    unmount = () => {};
    const { title, load } = TABS[id]!;
    for (const [other, link] of links) {
      if (other === id) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    reveal(links.get(id)!);
    document.title = `${title} · Kinegrad`;
    const root = h('div', { class: `view ${id}` });
    main.replaceChildren(root);
    if (!first) app.announce(title);
    try {
      const { view } = await load();
      if (shown !== id) return;
      const leave = await view.mount(root, app);
      // The visitor may have gone on meanwhile.
      if (shown === id && root.isConnected) unmount = leave;
      else leave();
    } catch (error) {
      if (shown !== id) return;
      shown = '';
      const retry = () => void show(id);
      if (isHopeless(error)) return main.replaceChildren(missing(error as Error, retry));
      console.error(error);
      main.replaceChildren(failed(`${title} did not load`, error, retry));
    }
  };

  const follow = () => {
    const id = location.hash.slice(1);
    // `#view` is where the skip link goes.
    if (Object.hasOwn(TABS, id)) void show(id);
    else if (!shown) void show('lift');
  };
  addEventListener('hashchange', follow);
  follow();
}

/** Scrolls the row of tabs so far that one is seen. `scrollIntoView` would let the first Tab begin there, behind the skip link. */
function reveal(link: HTMLElement): void {
  const row = link.parentElement!.getBoundingClientRect();
  const { left, right } = link.getBoundingClientRect();
  link.parentElement!.scrollLeft += Math.min(0, left - row.left) + Math.max(0, right - row.right);
}
