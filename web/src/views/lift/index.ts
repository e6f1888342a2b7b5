/** Lift: a 2D skeleton on a picture, and the person in space who follows it. */

import { DeviceLostError, type Lifted, type Pose3d } from 'kinegrad';
import { atMost } from '../../parts/at_most.ts';
import { latest } from '../../parts/latest.ts';
import { openScene } from '../../parts/open_scene.ts';
import { createPoseCanvas } from '../../parts/pose_canvas.ts';
import { loadSamples, poseOf } from '../../parts/samples.ts';
import type { PoseScene } from '../../parts/scene.ts';
import type { View } from '../../shell/app.ts';
import { cameraOf, type Pose } from '../../shell/pose_store.ts';
import { toPixels } from './camera.ts';
import { EXPORTS } from './exports.ts';
import { facts } from './facts.ts';
import { history } from './history.ts';
import { type Brought, listenForFiles, poseFrom } from './input.ts';
import { layout } from './layout.ts';
import { createLifters, isWeights } from './lifters.ts';
import { mirrored } from './mirror.ts';
import { thumbnails } from './thumbnails.ts';

/** What can be undone stays so while the visitor looks at other views. */
const states = history<Pose>();

/** Milliseconds that a number stands still while others come. */
const READ = 120;

export const view: View = {
  async mount(root, app) {
    const measures = facts();
    let scene: PoseScene | undefined;
    let lifted: Lifted | undefined;
    /** The state before the move that is under way. */
    let before: Pose | undefined;
    let framed = false;
    /** How often another pose has been asked for. */
    let turns = 0;

    const sheet = createPoseCanvas({
      onMove(joints) {
        before ??= app.pose.get();
        app.pose.set({ joints });
      },
      onCommit(place) {
        settle();
        // Screen readers say a label that changes under the focus only now and then.
        app.announce(place);
      },
    });
    const sides = thumbnails((from) => scene?.look(from));

    /** Ends a move: what was before it can be had again. */
    const settle = () => {
      if (before) states.keep(before);
      before = undefined;
      parts.update(states);
    };
    /** Replaces the pose by another, which can be undone. */
    const replace = (pose: Pose) => {
      settle();
      const current = app.pose.get();
      if (current) states.keep(current);
      framed = false;
      app.pose.set(pose);
      parts.update(states);
    };
    const travel = (step: 'undo' | 'redo') => {
      // A joint may be held still.
      if (before) settle();
      const pose = states[step](app.pose.get()!);
      if (!pose) return;
      app.pose.set(pose);
      parts.update(states);
      app.announce(step === 'undo' ? 'Undone' : 'Done again');
    };
    const own = app.lifter();
    own.catch(() => {});
    const lifters = createLifters(app, own, (isAnother) => {
      measures.restart();
      // The person may stand elsewhere now.
      if (isAnother) framed = false;
      const pose = app.pose.get();
      if (pose) lifts.give(pose);
    });
    const attempt = (work: () => Promise<void> | void) =>
      void (async () => work())().catch((error) => app.fail(error));

    /** Shows a pose that takes its time, unless another has been asked for meanwhile. */
    const bring = (load: () => Promise<Pose>, then = () => {}) =>
      attempt(async () => {
        const turn = ++turns;
        const pose = await load();
        if (turn !== turns) return;
        replace(pose);
        then();
      });

    const open = (found: Brought, then?: () => void) => {
      if ('file' in found && isWeights(found.file)) lifters.open(found.file);
      else bring(() => poseFrom(found, app.pose.get()), then);
    };

    const parts = layout({
      sheet: sheet.element,
      sides: sides.element,
      lifters: lifters.element,
      measures: measures.element,
      undo: () => travel('undo'),
      redo: () => travel('redo'),
      mirror: () => {
        const pose = app.pose.get();
        if (pose) bring(() => mirrored(pose));
      },
      open: (file) => open({ file }),
      choose: (sample) => bring(() => poseOf(sample)),
      fov: (fov, over) => {
        before ??= app.pose.get();
        app.pose.set({ fov });
        if (over) settle();
      },
      save: (kind) =>
        attempt(async () => {
          // The person of this very pose.
          await lifts.idle();
          const pose = app.pose.get();
          if (!pose || !lifted)
            throw new Error('These joints have not been lifted. Move one, or undo.');
          await EXPORTS[kind]!({ pose, lifted, scene });
          app.announce(`${kind} saved`);
        }),
      look: () => scene?.look('corner'),
    });
    root.append(parts.element);
    parts.update(states);

    const shown = { picture: undefined as unknown, width: 0, height: 0 };
    const showPose = (pose: Pose) => {
      const { picture, width, height, fov } = pose;
      if (picture !== shown.picture || width !== shown.width || height !== shown.height) {
        Object.assign(shown, { picture, width, height });
        sheet.setPicture(picture?.bitmap, width, height);
        const known = samples.find(({ name }) => name === picture?.name);
        parts.say(known?.credit ?? picture?.name ?? '', known);
      }
      sheet.setJoints(pose.joints);
      parts.setFov(fov);
      lifts.give(pose);
    };
    const showLifted = (pose: Pose) => {
      if (!lifted) return;
      scene?.setCamera(cameraOf(pose), pose.picture?.bitmap);
      scene?.show(lifted.pose);
      if (scene && !framed) scene.look('corner');
      framed ||= scene !== undefined;
    };
    /** Small pictures follow once a frame, however fast lifts come, and numbers as fast as one reads. */
    let newest: { lifted: Lifted; truth: Pose3d | undefined } | undefined;
    let asked = 0;
    const showSides = () => {
      asked = 0;
      if (newest) sides.show(newest.lifted.pose);
    };
    const numbers = atMost(READ, () => measures.show(newest!.lifted, newest!.truth));
    const lifts = latest<Pose>(
      async (pose) => {
        // Where it does not load, the shell says so.
        if (!(await own.catch(() => undefined))) return;
        const start = performance.now();
        lifted = await lifters.lift(pose);
        const took = performance.now() - start;
        const known = samples.find((sample) => sample.pose.joints === pose.joints);
        showLifted(pose);
        sheet.setGhost(toPixels(cameraOf(pose), lifted));
        measures.count(took);
        newest = { lifted, truth: known?.truth };
        if (asked === 0) asked = requestAnimationFrame(showSides);
        numbers.ask();
      },
      (error) => {
        // The next lift goes to a fresh device by itself.
        if (error instanceof DeviceLostError) lifts.give(app.pose.get()!);
        else {
          // Whoever was lifted before is not the person of these joints.
          lifted = undefined;
          app.fail(error);
        }
      },
    );

    const samples = await loadSamples();
    parts.showSamples(samples);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', showSides);
    const ends: (() => void)[] = [
      app.pose.subscribe(showPose),
      numbers.end,
      lifters.end,
      () => dark.removeEventListener('change', showSides),
    ];
    if (!app.pose.get()) {
      app.pose.set(await poseOf(samples[0]!));
    } else showPose(app.pose.get()!);
    ends.push(listenForFiles(root, (found) => open(found, () => app.announce('Opened'))));
    ends.push(listenForKeys(travel));
    attempt(async () => {
      const { createScene } = await import('../../parts/scene.ts');
      if (!parts.canvas.isConnected) return;
      scene = openScene(createScene, parts.canvas, 'the three sides below show the person');
      ends.push(() => scene?.dispose());
      const pose = app.pose.get();
      if (pose) showLifted(pose);
    });
    // Where no device opens, the shell tells instead of this view.
    await own.catch((error) => {
      for (const end of ends) end();
      throw error;
    });
    return () => {
      for (const end of ends) end();
    };
  },
};

/** Ctrl or Cmd with Z and Shift+Z or Y. */
function listenForKeys(travel: (step: 'undo' | 'redo') => void): () => void {
  const ending = new AbortController();
  addEventListener(
    'keydown',
    (event) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key !== 'z' && key !== 'y') return;
      event.preventDefault();
      travel(key === 'y' || event.shiftKey ? 'redo' : 'undo');
    },
    { signal: ending.signal },
  );
  return () => ending.abort();
}
