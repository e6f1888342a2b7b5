/**
 * `npm run demo`: the main job in one go, on any machine: lift a pose with the shipped weights,
 * then train a small lifter.
 */

import { join } from 'node:path';
import { decodeImage, renderSvg, writeFileAtomic } from '#platform';
import { bodySource, bodyView } from '../data/body/source.ts';
import { type Gpu, openGpu } from '../gpu/gpu.ts';
import { loadLifter } from '../lift/load.ts';
import { martinez } from '../models/martinez.ts';
import { person } from '../picture/person.ts';
import { svgDocument } from '../picture/svg.ts';
import type { AdapterKind } from '../platform/types.ts';
import { cameraFromFov, project } from '../pose/camera.ts';
import { evaluate } from '../pose/metrics.ts';
import { configOf } from '../train/config.ts';
import { trainingSteps } from '../train/loop.ts';
import { openTraining } from '../train/training.ts';
import { drawCurve } from './curve.ts';
import { liftCommand, poseJson, posePicture, SHIPPED_WEIGHTS } from './lift.ts';
import { clock, progressBar } from './progress.ts';
import type { LogEntry } from './run_folder.ts';

export interface DemoFlags {
  image?: string;
  joints?: string;
  out: string;
  adapter?: AdapterKind;
}

/** Small enough for a software adapter on two cores, long enough to see it learn. */
const LESSON = configOf({
  width: 128,
  batch: 128,
  steps: 600,
  cameras: 'benchmark',
  bodyVariation: 0,
  noise: 0,
  validateEvery: 100,
});
/** Which procedural person is shown. */
const PERSON = { seed: 7, index: 56 };
const PICTURE = { width: 900, height: 800, fov: 30 };

export async function demo({ image, joints, out, adapter }: DemoFlags): Promise<void> {
  if ((image === undefined) !== (joints === undefined))
    throw new Error(
      '--image and --joints go together: the photo, and the 2D joints of the person in it',
    );
  const begin = performance.now();
  const gpu = await openGpu({ adapter });
  try {
    console.log(`${gpu.adapter.name}: ${gpu.adapter.why}\n`);
    if (!image || !joints) await liftDrawnPerson(gpu, out);
    else console.log(await liftCommand({ image, joints, out, ...(adapter && { adapter }) }));
    await lesson(gpu, out);
  } finally {
    gpu.close();
  }
  console.log(
    `\nAll in ${clock((performance.now() - begin) / 1000)}. The pictures are in ${out}/: pose.png and curve.png.`,
  );
}

/** Lifts a procedural person, of whom the truth is known. */
async function liftDrawnPerson(gpu: Gpu, out: string): Promise<void> {
  const { width, height, fov } = PICTURE;
  const camera = cameraFromFov(width, height, fov);
  const { pose: truth, up } = bodyView(PERSON.seed, PERSON.index);
  const drawn = await renderSvg(svgDocument(person({ pose: truth, camera, up })));
  const image = await decodeImage(drawn);
  const pixels = project(camera, truth);
  const lifter = await loadLifter(martinez, SHIPPED_WEIGHTS, { gpu });
  const lifted = await lifter.lift(pixels, camera);
  const { mpjpe, paMpjpe } = evaluate(lifted.pose, truth);
  const json = JSON.stringify(poseJson(lifted, camera, { image: 'a drawn person' }), null, 2);
  await writeFileAtomic(join(out, 'pose.json'), `${json}\n`);
  await writeFileAtomic(join(out, 'pose.png'), await posePicture(image, pixels, lifted, camera));
  await lifter.dispose();
  console.log(
    `lifted a drawn person: ${mpjpe.value.toFixed(0)} mm from the truth (MPJPE; ${paMpjpe.value.toFixed(0)} mm after alignment), ` +
      `reprojected within ${lifted.reprojectionError.toFixed(1)} px`,
  );
}

/** Trains a small lifter on procedural poses, and draws its curve. */
async function lesson(gpu: Gpu, out: string): Promise<void> {
  const { seed, steps, width, batch, validateEvery } = LESSON;
  console.log(
    `\ntraining a lifter of width ${width} on procedural poses, ${steps} steps of ${batch}`,
  );
  const training = await openTraining(gpu, LESSON, {
    train: bodySource({ seed, count: 50_000 }),
    validation: bodySource({ seed: seed + 1, count: 512 }),
  });
  const begin = performance.now();
  const bar = progressBar('training', steps);
  const log: LogEntry[] = [];
  let error = Number.NaN;
  const first = await training.validate();
  const pauses = (step: number) => step % validateEvery === 0;
  for await (const report of trainingSteps(training, steps, pauses, () => false)) {
    const judged = pauses(report.step) ? await training.validate() : undefined;
    if (judged) error = judged.mpjpe;
    log.push({ ...report, ...judged, seconds: (performance.now() - begin) / 1000 });
    bar.update(report.step, {
      loss: `${report.loss.toFixed(0)} mm`,
      MPJPE: Number.isNaN(error) ? '-' : `${error.toFixed(0)} mm`,
    });
  }
  bar.stop();
  console.log(
    `the error on new people fell from ${first.mpjpe.toFixed(0)} to ${error.toFixed(0)} mm (MPJPE) ` +
      `in ${clock((performance.now() - begin) / 1000)}`,
  );
  const write = (name: string, data: Uint8Array | string) => writeFileAtomic(join(out, name), data);
  await drawCurve({ log, config: LESSON, write });
  await training.dispose();
}
