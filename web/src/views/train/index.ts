/** Train: a lifter learns in the tab, from procedural people. */

import type { Gpu } from 'kinegrad';
import { h } from '../../parts/dom.ts';
import { download } from '../../parts/download.ts';
import type { View } from '../../shell/app.ts';
import { forget } from '../../shell/run_store.ts';
import { createControls } from './controls.ts';
import { createCurves } from './curves.ts';
import { createFigures } from './figures.ts';
import { peopleOf } from './learner.ts';
import type { People } from './people.ts';
import { createRuns } from './runs.ts';
import { createSession, type Session } from './session.ts';
import { configFor, settingsOf } from './settings.ts';
import { createTiles } from './tiles.ts';

// The view Lift asks this module for lifters that look at pictures: their networks are in it anyway, and a
// module that both views share would be in parts, which take up a kilobyte more than the whole.
export { loadFile, loadRun } from './lifting.ts';

/** Milliseconds between two pictures of a run: the steps have better use for the thread. */
const REFRESH = 250;
/** How long a question waits for its answer. */
const ASKED = 4000;

/** The run of the last visit to this view, which may still be saving. */
let leaving: Promise<void> = Promise.resolve();

export const view: View = {
  async mount(root, app) {
    const gpu = await app.gpu();
    await leaving;
    const controls = createControls(gpu, () => void showPeople());
    const tiles = createTiles();
    const curves = createCurves();
    const figures = createFigures();
    const runs = createRuns({
      leaving: () => leave(),
      opened(saved) {
        session = undefined;
        if (saved)
          session = createSession(app.gpu, runs.name, saved.config, people, listener, saved);
        told = session?.history.judgements.length ?? 0;
        controls.lock(saved?.config, runs.hold === 'own');
        void showPeople();
      },
      told: (text) => app.fail(new Error(text)),
    });
    const status = h('p', { class: 'status small', role: 'status' });
    const button = (name: string, act: () => unknown, kind = '') =>
      h('button', {
        class: `button ${kind}`,
        type: 'button',
        'data-act': name,
        onclick: () => attempt(act),
      });
    const go = button('go', () => (isBusy() ? session!.pause() : start()), 'primary');
    const keep = button('save', () => session!.save());
    const take = button('weights', takeWeights);
    const lift = button('lift', liftByIt);
    const reset = button('reset', askToReset);
    keep.textContent = 'Save';
    take.textContent = 'Download weights';
    lift.textContent = 'Lift with it';
    const actions = h('div', { class: 'row actions' }, go, lift, keep, take, reset);
    root.append(
      h(
        'section',
        { class: 'panel train-settings' },
        h('header', {}, h('h1', {}, 'Train a lifter in this tab')),
        h(
          'div',
          { class: 'panel-body' },
          h(
            'p',
            { class: 'muted small' },
            'It learns to see depth from people who are made up as it goes, each through a camera of their own: from their joints alone, or from pictures and depth that the step renders. Nothing is downloaded, and nothing leaves this tab.',
          ),
          runs.element,
          controls.element,
          actions,
          status,
        ),
      ),
      h('div', { class: 'train-progress' }, tiles.element, curves.element, figures.element),
    );

    let session: Session | undefined;
    let asked: ReturnType<typeof setTimeout> | undefined;
    let refresh: ReturnType<typeof setTimeout> | undefined;
    let phase: Session['phase'] | undefined;
    let told = 0;
    const isBusy = () =>
      session !== undefined && !['idle', 'done', 'failed'].includes(session.phase);

    /** The people of the settings, drawn once for all that are alike to them. */
    let drawn: { key: string; people: Promise<People> } | undefined;
    let shown: People | undefined;
    function people(on: Gpu): Promise<People> {
      const config = session?.config ?? configFor(controls.settings);
      const { architecture, size } = settingsOf(config);
      const key = `${architecture} ${size} ${config.seed}`;
      if (drawn?.key === key) return drawn.people;
      const made = peopleOf(on, config);
      drawn = { key, people: made };
      // Who could not be drawn, for a lost device, say, is drawn anew when asked for again.
      made.catch(() => {
        if (drawn?.people === made) drawn = undefined;
      });
      return made;
    }
    async function showPeople() {
      shown = undefined;
      paint();
      const asked = people(gpu);
      await attempt(async () => {
        const those = await asked;
        if (drawn?.people !== asked) return;
        shown = those;
        paint();
      });
    }

    async function attempt(act: () => unknown) {
      try {
        await act();
      } catch (error) {
        app.fail(error);
      }
    }

    const listener = {
      changed() {
        if (session && phase !== session.phase) {
          phase = session.phase;
          paint();
        }
        refresh ??= setTimeout(paint, REFRESH);
      },
      told: (text: string) => {
        app.fail(new Error(text));
      },
    };

    function start() {
      if (runs.hold !== 'own') return;
      if (!session) {
        if (!controls.allowed()) return app.announce('This training does not fit in memory.');
        const config = configFor(controls.settings);
        session = createSession(app.gpu, runs.name, config, people, listener);
        controls.lock(config);
      }
      return session.start();
    }

    /** Saves and closes what is open. */
    async function leave() {
      const last = session;
      session = undefined;
      await last?.close(true);
    }

    function askToReset() {
      if (asked === undefined) {
        asked = setTimeout(() => {
          asked = undefined;
          paint();
        }, ASKED);
        return paint();
      }
      clearTimeout(asked);
      asked = undefined;
      return resetNow();
    }

    async function resetNow() {
      const old = session;
      session = undefined;
      paint();
      reset.disabled = go.disabled = true;
      await old?.close(false);
      await forget(runs.name);
      controls.lock(undefined);
      void showPeople();
      app.announce('The run is forgotten.');
    }

    async function takeWeights() {
      const bytes = await session!.weights();
      const { architecture, width } = settingsOf(session!.config);
      download(`${architecture}-${width}.safetensors`, bytes, 'application/octet-stream');
    }

    /** Goes to the view Lift, which lifts by what is learned so far. */
    async function liftByIt() {
      await session!.pause();
      if (session!.savedStep < session!.history.losses.length) await session!.save();
      app.liftBy = runs.name;
      location.hash = '#lift';
    }

    function paint() {
      clearTimeout(refresh);
      refresh = undefined;
      paintButtons();
      tiles.show(session);
      const history = session?.history ?? { losses: [], judgements: [] };
      curves.show(session?.config ?? configFor(controls.settings), history);
      const { judgements } = history;
      if (session && told !== judgements.length) {
        told = judgements.length;
        const latest = judgements.at(-1);
        if (latest)
          app.announce(`Step ${latest.step}: MPJPE ${latest.mpjpe.toFixed(0)} millimetres`);
      }
      figures.show(shown, judgements);
    }

    function paintButtons() {
      const { phase } = session ?? {};
      const reached = session?.history.losses.length ?? 0;
      go.textContent = isBusy() ? 'Pause' : reached > 0 ? 'Resume' : 'Start';
      const isOwn = runs.hold === 'own';
      actions.hidden = !isOwn;
      runs.setBusy(isBusy());
      go.hidden = phase === 'done';
      go.disabled = phase === 'stopping';
      keep.disabled = !(
        phase === 'running' ||
        (phase === 'idle' && reached > (session?.savedStep ?? 0))
      );
      take.hidden = !(phase === 'done' || phase === 'idle') || reached === 0;
      lift.disabled = reached === 0 || phase === 'opening' || phase === 'stopping';
      reset.textContent = asked === undefined ? 'Reset' : 'Forget this run?';
      reset.disabled = !session;
      const words = session ? statusOf(session) : '';
      // Screen readers say it again whenever it is set.
      if (status.textContent !== words) status.textContent = words;
    }

    paint();
    await runs.open();
    return () => {
      clearTimeout(refresh);
      clearTimeout(asked);
      listener.changed = () => {};
      curves.dispose();
      leaving = leave()
        .catch(() => {})
        .finally(runs.close);
    };
  },
};

function statusOf({ phase, doing, savedStep, history, config }: Session): string {
  const saved = savedStep > 0 ? `Saved at step ${savedStep.toLocaleString('en-US')}.` : '';
  const reached = history.losses.length.toLocaleString('en-US');
  switch (phase) {
    case 'opening':
    case 'recovering':
      return `${doing} …`;
    case 'running':
      return `Training. ${saved}`;
    case 'stopping':
      return 'Stopping after the steps that are under way …';
    case 'done':
      return `All ${config.steps.toLocaleString('en-US')} steps are done. ${saved}`;
    case 'failed':
      return `It broke off at step ${reached}. ${saved}`;
    case 'idle':
      return history.losses.length > 0 ? `Paused at step ${reached}. ${saved}` : '';
  }
}
