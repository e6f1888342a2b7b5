/**
 * Which run this tab trains. Runs have names, and a run belongs to the tab that has it open: to
 * another tab it can be shown, and not changed, since two would overwrite each other's checkpoint.
 */

import { h } from '../../parts/dom.ts';
import { listRuns, whenSaved } from '../../shell/run_list.ts';
import { load, type Saved } from '../../shell/run_store.ts';
import { holdRun, whenFree } from './lock.ts';

/** What this tab may do with the run: train it, look at what another tab saves, or nothing yet. */
export type Hold = 'own' | 'reading' | 'taken';

export interface Runs {
  readonly element: HTMLElement;
  readonly name: string;
  readonly hold: Hold;
  /** Opens the run that this tab had last, or the first one. */
  open(): Promise<void>;
  /** Runs cannot be changed while one is busy. */
  setBusy(busy: boolean): void;
  /** Lets go of the run; other tabs may have it. */
  close(): void;
}

export interface RunsListener {
  /** Another run is about to be opened: what was open is to be saved and closed. */
  leaving(): Promise<void>;
  /** A run is open, or has been saved elsewhere. */
  opened(saved: Saved | undefined): void;
  told(text: string): void;
}

const FIRST = 'Run 1';
const NEW = '';
/** Where the tab remembers its run over a reload. */
const KEY = 'kinegrad run';

export function createRuns(listener: RunsListener): Runs {
  let name = remembered();
  let hold: Hold = 'taken';
  let release: (() => void) | undefined;
  let waiting = new AbortController();
  let isClosed = false;

  const select: HTMLSelectElement = h('select', {
    name: 'run',
    onchange: () => change(select.value),
  });
  const notice = h('div', { class: 'run-notice small', role: 'alert' });
  const element = h(
    'div',
    { class: 'runs' },
    h('label', { class: 'field' }, h('span', {}, 'Run'), select),
    notice,
  );

  async function change(chosen: string) {
    select.disabled = true;
    try {
      await listener.leaving();
      await open(chosen === NEW ? await unused() : chosen);
    } finally {
      select.disabled = false;
    }
  }

  async function open(next: string) {
    close();
    isClosed = false;
    name = next;
    const held = await holdRun(name);
    if (isClosed || name !== next) return held?.();
    release = held;
    hold = held ? 'own' : 'taken';
    if (held) remember(name);
    else void waitForIt();
    const saved = held ? await load(name) : undefined;
    await tell(held ? [] : await takenNotice());
    if (!isClosed && name === next) listener.opened(saved);
  }

  async function waitForIt() {
    const { signal } = waiting;
    await whenFree(name, signal);
    if (signal.aborted) return;
    const goOn = button(`Go on with “${name}” here`, () => change(name));
    await tell([h('p', {}, `No other tab has “${name}” open any more.`), goOn]);
  }

  async function takenNotice() {
    const other = await unused();
    return [
      h(
        'p',
        {},
        `“${name}” is open in another tab, and two tabs would overwrite each other's checkpoint.`,
      ),
      h(
        'div',
        { class: 'row' },
        button(`Train as “${other}”`, () => change(other)),
        button('Only read along', read),
      ),
    ];
  }

  async function read() {
    hold = 'reading';
    const { signal } = waiting;
    const show = async () => {
      const saved = await load(name);
      if (!signal.aborted) listener.opened(saved);
    };
    whenSaved(signal, (run) => run === name && void show());
    const other = await unused();
    await tell([
      h('p', {}, `Reading only: another tab has “${name}”, and this one shows what it saves.`),
      button(`Train as “${other}”`, () => change(other)),
    ]);
    await show();
  }

  async function tell(lines: Node[]) {
    notice.replaceChildren(...lines);
    const names = await listRuns();
    if (!names.includes(name)) names.push(name);
    select.replaceChildren(
      ...names.map((run) => h('option', { value: run, selected: run === name }, run)),
      h('option', { value: NEW }, 'New run …'),
    );
  }

  const button = (text: string, act: () => Promise<void>) =>
    h(
      'button',
      {
        class: 'button',
        type: 'button',
        onclick: () => act().catch((error: Error) => listener.told(error.message)),
      },
      text,
    );

  /** The first name that no run has, here or in a tab that has not saved it yet. */
  async function unused(): Promise<string> {
    const { held = [], pending = [] } = (await navigator.locks?.query()) ?? {};
    const taken = [...held, ...pending].map((lock) => lock.name ?? '');
    const names = await listRuns();
    for (let i = 1; ; i++) {
      const run = `Run ${i}`;
      if (run !== name && !names.includes(run) && !taken.some((lock) => lock.endsWith(run)))
        return run;
    }
  }

  function close() {
    isClosed = true;
    waiting.abort();
    waiting = new AbortController();
    release?.();
    release = undefined;
    hold = 'taken';
  }

  return {
    element,
    get name() {
      return name;
    },
    get hold() {
      return hold;
    },
    open: () => open(name),
    setBusy(busy) {
      select.disabled = busy;
    },
    close,
  };
}

function remembered(): string {
  try {
    return sessionStorage.getItem(KEY) ?? FIRST;
  } catch {
    return FIRST;
  }
}

function remember(name: string) {
  try {
    sessionStorage.setItem(KEY, name);
  } catch {
    // A browser that keeps nothing has nothing to go on with.
  }
}
