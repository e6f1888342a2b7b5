/** Lifters for the view Lift that do not come with the page: runs that were trained in this browser, and weights files. */

import {
  cnn,
  type Gpu,
  isViewConfig,
  KinegradError,
  type Lifted,
  loadLifter,
  loadViewLifter,
  martinez,
  readWeights,
  trainedWeights,
  type Weights,
} from 'kinegrad';
import { cameraOf, type Pose } from '../../shell/pose_store.ts';
import { load } from '../../shell/run_store.ts';

/** A lifter at work. */
export interface AnyLifter {
  /** What it looks at, and how far it has come. */
  readonly about: string;
  /** Whether it looks at the picture. */
  readonly looks: boolean;
  lift(pose: Pose): Promise<Lifted>;
  dispose(): Promise<void>;
}

/** What is known of a training by those who lift with what it made. */
interface Judged {
  readonly step?: number;
  readonly mpjpe?: number;
  readonly withoutDepth?: number;
}

/** @throws KinegradError in a sentence where the browser keeps no such run */
export async function loadRun(gpu: Gpu, run: string): Promise<AnyLifter> {
  const saved = await load(run);
  if (!saved)
    throw new KinegradError(
      `This browser keeps no “${run}”. Train it for some steps, and save it.`,
    );
  const { config, snapshot, history } = saved;
  const weights = trainedWeights(isViewConfig(config) ? cnn : martinez, config, snapshot);
  return lifterOf(gpu, weights, history.judgements.at(-1) ?? {}, run);
}

/** @throws KinegradError in a sentence where the file holds no weights, or those of a network that the page has not */
export async function loadFile(gpu: Gpu, file: File): Promise<AnyLifter> {
  const weights = await readWeights(new Uint8Array(await file.arrayBuffer()));
  return lifterOf(gpu, weights, weights.training ?? {}, file.name);
}

async function lifterOf(
  gpu: Gpu,
  weights: Weights,
  judged: Judged,
  name: string,
): Promise<AnyLifter> {
  const { architecture } = weights;
  if (architecture === 'martinez') {
    const lifter = await loadLifter(martinez, weights, { gpu });
    return {
      about: `Reads the joints alone. ${wordsOf(judged)}`,
      looks: false,
      lift: (pose) => lifter.lift(pose.joints, cameraOf(pose)),
      dispose: () => lifter.dispose(),
    };
  }
  if (architecture !== 'cnn')
    throw new KinegradError(
      `The weights in ${name} are of ${architecture}, and this page lifts by martinez and cnn. Give those, or lift by “kinegrad lift --model ${name}”.`,
    );
  const lifter = await loadViewLifter(cnn, weights, { gpu });
  return {
    about: `Looks at ${lifter.size} × ${lifter.size} pixels of the picture, too, without depth. ${wordsOf(judged)}`,
    looks: true,
    lift: (pose) => lifter.lift({ camera: cameraOf(pose), rgba: pixelsOf(pose) }, pose.joints),
    dispose: () => lifter.dispose(),
  };
}

/** How far it has come, in a sentence: on pictures without depth, where that is known. */
function wordsOf({ step, mpjpe, withoutDepth }: Judged): string {
  const error = withoutDepth ?? mpjpe;
  if (step === undefined || error === undefined) return '';
  return `After step ${step.toLocaleString('en-US')}: ${error.toFixed(0)} mm off people it never learned from.`;
}

let read: { of: Pose['picture']; size: string; rgba: Uint8Array } | undefined;

/** The picture as bytes [height, width, 4], read once; where there is none all is transparent, which lifters see as grey. */
function pixelsOf({ picture, width, height }: Pose): Uint8Array {
  const size = `${width} ${height}`;
  if (read && read.of === picture && read.size === size) return read.rgba;
  const context = new OffscreenCanvas(width, height).getContext('2d')!;
  if (picture) context.drawImage(picture.bitmap, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const rgba = new Uint8Array(data.buffer);
  read = { of: picture, size, rgba };
  return rgba;
}
