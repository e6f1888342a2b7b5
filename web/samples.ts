/**
 * Makes the sample poses of the page, `web/public/samples/`: one photo, and people that are drawn in
 * poses of motion capture of which no lifter learnt, or of the procedural body.
 *
 *     node scripts/run.mjs web/samples.ts ../shared/data
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { bodyView } from '../src/data/body/source.ts';
import { jointsToHuman36m, readJoints } from '../src/data/joints.ts';
import { readMotion } from '../src/data/motion.ts';
import { OUTFITS, person } from '../src/picture/person.ts';
import { svgDocument } from '../src/picture/svg.ts';
import { renderSvg } from '../src/platform/node/images.ts';
import { cameraFromFov, lookAt, project, worldToCamera } from '../src/pose/camera.ts';
import { apply, type Vector3 } from '../src/pose/linear.ts';
import { JOINTS, type Pose3d } from '../src/pose/skeleton.ts';

const [data = '../shared/data'] = process.argv.slice(2);
const out = join(import.meta.dirname, 'public/samples');
mkdirSync(out, { recursive: true });

const CMU =
  'Motion capture from mocap.cs.cmu.edu, created with funding from NSF EIA-0196217; drawn';
const SIZE = { width: 900, height: 720, fov: 40 };

/** Frames of clips of the test subjects, and the azimuth from which they are seen, radians. */
const CAPTURED = [
  { id: 'kick', name: 'Kick', clip: '10_03', at: 0.3, azimuth: 30.7 },
  { id: 'stride', name: 'Stride', clip: '08_07', at: 0.3, azimuth: 16.7 },
  { id: 'knee', name: 'Knee up', clip: '10_02', at: 0.65, azimuth: 29.7 },
] as const;

const rounded = (values: ArrayLike<number>, size: 2 | 3, digits: number) =>
  Object.fromEntries(
    JOINTS.map((name, i) => [
      name,
      Array.from({ length: size }, (_, axis) => Number(values[size * i + axis]!.toFixed(digits))),
    ]),
  );

const samples: object[] = [];

async function addPhoto() {
  const joints = readJoints(readFileSync(join(data, 'photos/keypoints.json'), 'utf8'), 'yoga.jpg');
  await sharp(join(data, 'photos/yoga.jpg'))
    .jpeg({ quality: 80, mozjpeg: true })
    .toFile(join(out, 'yoga.jpg'));
  samples.push({
    id: 'yoga',
    name: 'Photo',
    picture: 'yoga.jpg',
    width: joints.width,
    height: joints.height,
    fov: 60,
    credit: 'From the tests of TensorFlow.js pose-detection, Apache-2.0; joints by BlazePose',
    joints: rounded(jointsToHuman36m(joints), 2, 1),
  });
}

async function addDrawn(
  { id, name, credit }: { id: string; name: string; credit: string },
  pose: Pose3d,
  up: Vector3,
) {
  const camera = cameraFromFov(SIZE.width, SIZE.height, SIZE.fov);
  const outfit = OUTFITS[samples.length % OUTFITS.length]!;
  const picture = await renderSvg(svgDocument(person({ pose, camera, up, outfit })));
  await sharp(picture)
    .resize(SIZE.width)
    .jpeg({ quality: 82, mozjpeg: true })
    .toFile(join(out, `${id}.jpg`));
  const joints = rounded(project(camera, pose), 2, 1);
  samples.push({
    id,
    name,
    picture: `${id}.jpg`,
    ...SIZE,
    credit,
    joints,
    truth: rounded(pose, 3, 4),
  });
}

await addPhoto();
const { poses, clips } = readMotion(readFileSync(join(data, 'cmu/cmu_poses.safetensors')));
for (const { clip, at, azimuth, ...sample } of CAPTURED) {
  const found = clips.find((one) => one.split === 'test' && one.name.endsWith(clip))!;
  const size = 3 * JOINTS.length;
  const frame = found.start + Math.floor(found.count * at);
  const world = Float64Array.from(poses.subarray(frame * size, (frame + 1) * size));
  const [x, , z] = world;
  const from = [x! + 3.7 * Math.sin(azimuth), 1.35, z! + 3.7 * Math.cos(azimuth)] as const;
  const view = lookAt(from, [x!, 0.92, z!]);
  await addDrawn(
    { ...sample, credit: CMU },
    worldToCamera(view, world),
    apply(view.rotation, [0, 1, 0]),
  );
}
const drawn = bodyView(7, 56);
await addDrawn(
  { id: 'drawn', name: 'Drawn', credit: 'The procedural body of Kinegrad' },
  drawn.pose,
  drawn.up,
);
writeFileSync(join(out, 'samples.json'), `${JSON.stringify(samples)}\n`);
