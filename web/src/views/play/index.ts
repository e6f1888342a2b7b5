/** Play: a film of 2D joints lifted frame by frame. */

import {
  type Camera,
  type JointSequence,
  jointsOf,
  jointsToHuman36m,
  type PixelPose,
  readSequence,
} from 'kinegrad';
import { openScene } from '../../parts/open_scene.ts';
import { inPixels } from '../../parts/pixels.ts';
import type { View } from '../../shell/app.ts';
import { createFilm } from './film.ts';
import { cameraOf, spreadOf } from './framing.ts';
import { layout } from './layout.ts';
import { createPlayhead, type Playhead } from './playhead.ts';
import { createSmoothing } from './smoothing.ts';
import { createTally } from './tally.ts';
import { createTrace } from './trace.ts';
import {
  type Detector,
  howToPlugIn,
  loadDetector,
  NoDetectorError,
  openWebcam,
  type Webcam,
} from './webcam.ts';

/** Milliseconds between two updates of what is written. */
const TELL = 250;

interface Film {
  readonly sequence: JointSequence;
  readonly playhead: Playhead;
}

/** Whether something else has been asked for meanwhile. */
type Late = () => boolean;

export const view: View = {
  async mount(root, app) {
    const leaving = new AbortController();
    const { signal } = leaving;
    const picture = createFilm();
    const trace = createTrace();
    const smoothing = createSmoothing();
    const tally = createTally();
    let film: Film | undefined;
    let webcam: Webcam | undefined;
    let paused = false;
    /** How often another film has been asked for: what comes of an older wish is not shown. */
    let turns = 0;
    /** Number of the frame that is shown, in the playhead's endless count. */
    let shown = -1;
    let busy = false;
    let error = 0;
    let room = 1;
    let aimed = false;

    const parts = layout({
      film: picture.canvas,
      trace: trace.element,
      toggle,
      seek,
      speed: (speed) => film?.playhead.setSpeed(speed, performance.now()),
      walk: () => void attempt(playWalk),
      webcam: () => void attempt(playWebcam),
      open: (file) => void attempt((late) => openFile(file, late)),
      look: () => scene?.look('corner', room),
      filter(change) {
        smoothing.set(change);
        // What stands still is filtered anew, too.
        if (film && !film.playhead.playing) shown = -1;
      },
    });
    root.append(parts.element);
    parts.setPlaying(false);
    const [{ createScene }, lifter] = await Promise.all([
      import('../../parts/scene.ts'),
      app.lifter(),
    ]);
    const scene = openScene(createScene, parts.canvas, 'the numbers tell of the person', {
      steady: true,
    });

    /** Lifts one frame; whoever calls has seen that none is under way. */
    async function lift(joints: PixelPose, camera: Camera, time: number) {
      const lifted = await lifter.lift(joints, camera);
      if (signal.aborted) return;
      tally.done(performance.now());
      error = lifted.reprojectionError;
      scene?.show(smoothing.take(lifted.pose, time));
      if (!aimed) scene?.look('corner', room);
      aimed = true;
    }

    function start(name: string, source: string, width: number, height: number) {
      webcam?.stop();
      webcam = undefined;
      film = undefined;
      shown = -1;
      room = 1;
      aimed = false;
      paused = false;
      tally.reset();
      smoothing.reset();
      parts.say();
      parts.setFilm(name, source, source === 'Webcam');
      picture.resize(width, height);
    }

    async function playSequence(sequence: JointSequence, title: [string, string], late: Late) {
      const camera = cameraOf(sequence);
      // A look at where the person goes, so that all of it is in view.
      const { frames, fps } = sequence;
      inPixels(frames.flatMap((frame) => [...frame]));
      const some = frames.filter((_, i) => i % Math.ceil(frames.length / 24) === 0);
      const people = await lifter.lift(some, camera);
      if (late()) return;
      start(...title, sequence.width, sequence.height);
      scene?.show(...people.map(({ pose }) => pose));
      room = spreadOf(people.map(({ pose }) => pose));
      scene?.look('corner', room);
      aimed = true;
      scene?.setCamera(camera);
      film = { sequence, playhead: createPlayhead(fps) };
      film.playhead.setSpeed(parts.speed, performance.now());
      parts.scrub.max = String(frames.length - 1);
      const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
      if (!still) film.playhead.play(performance.now());
      parts.setPlaying(!still);
    }

    async function playWalk(late: Late) {
      const response = await fetch('./sequences/walk.json');
      if (!response.ok)
        throw new Error(`The walk did not load: ${response.status}. Reload the page.`);
      await playSequence(readSequence(await response.text()), ['Procedural walk', 'Walk'], late);
    }

    async function openFile(file: File, late: Late) {
      await playSequence(readSequence(await file.text()), [file.name, 'File'], late);
      if (!late()) app.announce(`${file.name} plays`);
    }

    async function playWebcam(late: Late) {
      const detect = await loadDetector();
      let camera: Camera | undefined;
      const opened = await openWebcam((video, frame, time) => {
        if (webcam?.video !== video) return;
        if (!camera) {
          const { videoWidth: width, videoHeight: height } = video;
          picture.resize(width, height);
          camera = cameraOf({ width, height, fov: undefined });
          scene?.setCamera(camera);
        }
        if (busy || paused) return;
        void working(() => detectAndLift(detect, video, frame, time, camera!));
      });
      if (late()) return opened.stop();
      start('Webcam', 'Webcam', opened.video.videoWidth || 960, opened.video.videoHeight || 720);
      webcam = opened;
      parts.setPlaying(true);
    }

    async function detectAndLift(
      detect: Detector,
      video: HTMLVideoElement,
      frame: number,
      time: number,
      camera: Camera,
    ) {
      tally.take(frame, performance.now());
      const found = await detect(video);
      if (signal.aborted || webcam?.video !== video) return;
      parts.say(...(found ? [] : ['Nobody is in the picture.']));
      const joints = found ? inPixels(jointsToHuman36m(jointsOf(found))) : undefined;
      picture.draw(joints, video);
      if (joints) await lift(joints, camera, time);
    }

    async function attempt(work: (late: Late) => Promise<void>) {
      const turn = ++turns;
      const late = () => turn !== turns || signal.aborted;
      try {
        await work(late);
      } catch (error) {
        if (late()) return;
        if (error instanceof NoDetectorError) parts.say(...howToPlugIn(error));
        else app.fail(error);
      }
    }
    /** One at a time: who comes meanwhile is not kept. A fault stops the film and is told. */
    async function working(work: () => Promise<void>) {
      busy = true;
      try {
        await work();
      } catch (error) {
        pause();
        app.fail(error);
      } finally {
        busy = false;
      }
    }

    function pause() {
      paused = true;
      film?.playhead.pause(performance.now());
      parts.setPlaying(false);
    }
    function toggle() {
      if (film ? film.playhead.playing : !paused) return pause();
      paused = false;
      film?.playhead.play(performance.now());
      tally.jump();
      parts.setPlaying(true);
    }
    function seek(frame: number) {
      film?.playhead.seek(frame, performance.now());
      tally.jump();
    }

    let told = 0;
    let asked = 0;
    const tick = (now: number) => {
      asked = requestAnimationFrame(tick);
      if (film) advance(film, now);
      if (now - told > TELL) tell((told = now));
    };
    function advance({ sequence, playhead }: Film, now: number) {
      const { frames, fps } = sequence;
      const frame = playhead.frame(now);
      if (frame === shown || busy) return;
      const at = frame % frames.length;
      if (frame < shown || !playhead.playing) tally.jump();
      shown = frame;
      tally.take(frame, performance.now());
      picture.draw(frames[at]!);
      if (document.activeElement !== parts.scrub || playhead.playing)
        parts.scrub.value = String(at);
      parts.scrub.setAttribute('aria-valuetext', `${(at / fps).toFixed(1)} seconds`);
      parts.setTime(`${(at / fps).toFixed(1)} / ${(frames.length / fps).toFixed(1)} s`);
      void working(() => lift(frames[at]!, cameraOf(sequence), frame / fps));
    }
    function tell(now: number) {
      const { rate, took, lifted, dropped, error: err, lag, jitter } = parts.told;
      rate.textContent = String(tally.rate(now));
      took.textContent = `${tally.took.toFixed(1)} ms`;
      lifted.textContent = tally.lifted.toLocaleString('en');
      dropped.textContent = tally.dropped.toLocaleString('en');
      err.textContent = `${error.toFixed(1)} px`;
      const [seconds, left] = [smoothing.lag(), smoothing.jitterLeft()];
      if (seconds !== undefined) lag.textContent = `${Math.round(1000 * seconds)} ms`;
      if (left !== undefined) jitter.textContent = `${Math.round(100 * left)} %`;
      trace.draw(smoothing.moments, seconds !== 0);
      if (webcam) parts.setTime('live');
    }
    asked = requestAnimationFrame(tick);

    const on = <Name extends keyof DocumentEventMap>(
      name: Name,
      listener: (event: DocumentEventMap[Name]) => void,
    ) => document.addEventListener(name, listener, { signal });
    on('keydown', (event) => {
      const free = (event.target as HTMLElement).matches('body, main, canvas, input[type=range]');
      if (event.key !== ' ' || !free) return;
      event.preventDefault();
      toggle();
    });
    const carries = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const hover = (over: boolean) => parts.element.classList.toggle('dropping', over);
    on('dragover', (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      hover(true);
    });
    on('dragleave', (event) => event.relatedTarget === null && hover(false));
    on('drop', (event) => {
      hover(false);
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      void attempt((late) => openFile(file, late));
    });
    on('visibilitychange', () => tally.jump());

    await attempt(playWalk);
    return () => {
      leaving.abort();
      cancelAnimationFrame(asked);
      webcam?.stop();
      scene?.dispose();
    };
  },
};
