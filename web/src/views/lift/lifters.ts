/** By which lifter people are lifted: that of the page, a run that was trained in this browser, or a weights file. */

import type { Lifted, Lifter } from 'kinegrad';
import { h } from '../../parts/dom.ts';
import { latest } from '../../parts/latest.ts';
import type { App } from '../../shell/app.ts';
import { cameraOf, type Pose } from '../../shell/pose_store.ts';
import { listRuns, whenSaved } from '../../shell/run_list.ts';
import type { AnyLifter } from '../train/lifting.ts';

export interface Lifters {
  readonly element: HTMLElement;
  /** Lifts by what is chosen; by what was before as long as that is being loaded. */
  lift(pose: Pose): Promise<Lifted>;
  /** Lifts by a weights file from now on. */
  open(file: File): void;
  end(): void;
}

export const isWeights = (file: File): boolean => /\.safetensors$/i.test(file.name);

const SHIPPED = '';
const FILE = 'file';
const RUN = 'run ';

/** A lifter as the list names it, and its file where it is one of a file. */
interface Choice {
  readonly value: string;
  readonly file?: File | undefined;
}

/** What is chosen, and the last file of weights: they stay while the visitor looks at other views. */
let chosen: Choice = { value: SHIPPED };
let file: File | undefined;

/**
 * @param own the lifter of the page
 * @param changed what lifts from now on is another one, or has learned more
 */
export function createLifters(
  app: App,
  own: Promise<Lifter>,
  changed: (isAnother: boolean) => void,
): Lifters {
  const ending = new AbortController();
  const { signal } = ending;
  if (app.liftBy !== undefined) chosen = { value: RUN + app.liftBy };
  delete app.liftBy;

  const shipped: AnyLifter = {
    about: 'Reads the joints alone. It learned from motion capture.',
    looks: false,
    lift: async (pose) => (await own).lift(pose.joints, cameraOf(pose)),
    dispose: async () => {},
  };
  let current = shipped;
  /** What `current` is, as `chosen` has it. */
  let at: Choice = { value: SHIPPED };
  let lifting: Promise<unknown> = Promise.resolve();

  const select: HTMLSelectElement = h('select', {
    name: 'lifter',
    'aria-label': 'Lifted by',
    onchange: () => choose(select.value === FILE ? { value: FILE, file } : { value: select.value }),
  });
  const note = h('p', { class: 'muted small', role: 'status' });
  const grey = h('p', { class: 'muted small', hidden: true }, 'No picture is here: it sees grey.');
  const element = h(
    'section',
    { class: 'panel lifters', 'aria-label': 'Lifter' },
    h('header', {}, h('h2', {}, 'Lifted by')),
    h('div', { class: 'panel-body field' }, select, note, grey),
  );

  function say(text: string, done: boolean) {
    note.textContent = text;
    element.setAttribute('aria-busy', String(!done));
  }

  /** Offers what there is. @returns the runs */
  async function list(): Promise<readonly string[]> {
    const runs = await listRuns();
    const option = (value: string, label: string) =>
      h('option', { value, selected: value === chosen.value }, label);
    const group = (label: string, options: HTMLElement[]) =>
      options.length > 0 && h('optgroup', { label }, ...options);
    const groups = [
      option(SHIPPED, 'the lifter of this page'),
      group(
        'Trained in this browser',
        runs.map((run) => option(RUN + run, run)),
      ),
      group('From a file', file ? [option(FILE, file.name)] : []),
    ];
    select.replaceChildren(...groups.filter((item) => item !== false));
    return runs;
  }

  async function load({ value, file }: Choice): Promise<AnyLifter> {
    if (value === SHIPPED) return shipped;
    const [gpu, trained] = await Promise.all([app.gpu(), import('../train/index.ts')]);
    return value === FILE
      ? trained.loadFile(gpu, file!)
      : trained.loadRun(gpu, value.slice(RUN.length));
  }

  /** One at a time: of what is chosen or saved meanwhile, only the last is loaded. */
  const loads = latest<Choice>(
    async (choice) => {
      const next = await load(choice);
      try {
        // Shaders are made ready by the first lift, which no visitor is to wait for.
        const pose = app.pose.get();
        if (pose) await next.lift(pose);
      } catch (error) {
        await next.dispose();
        throw error;
      }
      if (signal.aborted || choice !== chosen) return next.dispose();
      const last = current;
      const isAnother = choice !== at;
      [current, at] = [next, choice];
      if (choice.value === FILE) file = choice.file;
      await list();
      say(next.about, true);
      changed(isAnother);
      await lifting;
      await last.dispose();
    },
    (error) => {
      if (signal.aborted) return;
      app.fail(error);
      chosen = at;
      select.value = at.value;
      say(current.about, true);
    },
  );

  function choose(choice: Choice) {
    chosen = choice;
    const { value, file } = choice;
    if (value !== SHIPPED) say(`Loading ${file?.name ?? value.slice(RUN.length)} …`, false);
    loads.give(choice);
  }

  /** Offers the runs, and loads what is chosen; a run that is forgotten can be chosen no more. */
  async function offer(act: (choice: Choice) => void) {
    const runs = await list();
    if (chosen.value.startsWith(RUN) && !runs.includes(chosen.value.slice(RUN.length)))
      choose({ value: SHIPPED });
    else act(chosen);
  }
  say(shipped.about, true);
  offer((choice) => choice.value !== SHIPPED && choose(choice)).catch(app.fail);
  // What another tab trains goes on to lift as it was saved last.
  whenSaved(signal, (run) => {
    offer((choice) => choice.value === RUN + run && loads.give(choice)).catch(app.fail);
  });

  return {
    element,
    lift(pose) {
      grey.hidden = !current.looks || pose.picture !== undefined;
      const lifted = current.lift(pose);
      lifting = lifted.catch(() => {});
      return lifted;
    },
    open: (file) => choose({ value: FILE, file }),
    end() {
      ending.abort();
      const last = current;
      current = shipped;
      void lifting.then(() => last.dispose());
    },
  };
}
