/**
 * Makes the walk that the page plays: `node scripts/run.mjs scripts/make-walk.ts`. A procedural
 * person goes once round a circle in front of a camera, six strides of 32 frames, as a detector
 * would see it: each joint off by a little. Its end meets its beginning.
 */

import { writeFileSync } from 'node:fs';
import { ANGLE_COUNT, limb, TRUNK_INDEX } from '../src/data/body/angles.ts';
import { meanBuild } from '../src/data/body/build.ts';
import { sampleDetection } from '../src/data/body/detection.ts';
import { strideAt, WALK } from '../src/data/body/gait.ts';
import type { Key } from '../src/data/body/gestures.ts';
import { emptyBody, poseBody } from '../src/data/body/kinematics.ts';
import { bodyJoints, soles } from '../src/data/body/landmarks.ts';
import { lowest } from '../src/data/body/plausible.ts';
import { cameraFromFov, lookAt, project, worldToCamera } from '../src/pose/camera.ts';

const STRIDES = 6;
const FRAMES = 32;
const FPS = 30;
const [WIDTH, HEIGHT, FOV] = [800, 800, 50];
const DEGREE = Math.PI / 180;

const body = emptyBody(meanBuild(1.72));
const angles = new Float64Array(ANGLE_COUNT);
const mean = (key: Key) => (typeof key === 'number' ? key : key[0]) * DEGREE;
const poser = {
  trunk(keys: object) {
    for (const [name, key] of Object.entries(keys))
      angles[TRUNK_INDEX[name as keyof typeof TRUNK_INDEX]] = mean(key);
  },
  leg(side: 0 | 1, keys: object) {
    for (const [name, key] of Object.entries(keys))
      angles[limb(side, name as Parameters<typeof limb>[1])] = mean(key);
  },
};

/** The walk in the world, the foot that bears staying where it is. */
function* walk(): Generator<Float64Array> {
  let at = [0, 0];
  let before: { soles: Float64Array; bearing: number } | undefined;
  for (let i = 0; i < STRIDES * FRAMES; i++) {
    angles.fill(0);
    const phase = -(2 * Math.PI * i) / FRAMES;
    strideAt({ ...poser, arm: poser.leg }, WALK, { phase, effort: 0.95, swing: true });
    poseBody(body, angles, (2 * Math.PI * i) / (STRIDES * FRAMES), true);
    const feet = soles(body);
    const heights = [0, 2].map((first) => Math.min(feet[3 * first + 1]!, feet[3 * first + 4]!));
    const bearing = heights[0]! < heights[1]! ? 0 : 2;
    // The middle of the foot that bore until now has not moved.
    if (before) {
      const middle = (points: Float64Array, axis: number) => {
        const first = 3 * before!.bearing;
        return (points[first + axis]! + points[first + 3 + axis]!) / 2;
      };
      at = [0, 2].map((axis, k) => at[k]! + middle(before!.soles, axis) - middle(feet, axis));
    }
    before = { soles: feet, bearing };
    const floor = lowest(feet);
    const place = [at[0]!, -floor, at[1]!];
    yield bodyJoints(body).map((value, k) => value + place[k % 3]!);
  }
}

const poses = [...walk()];
const centre = [0, 1, 2].map(
  (axis) => poses.reduce((sum, pose) => sum + pose[axis]!, 0) / poses.length,
);
const camera = cameraFromFov(WIDTH, HEIGHT, FOV);
const view = lookAt([0, 1.45, 4.3], [0, 0.8, 0]);
const frames = poses.map((pose, i) => {
  const centred = pose.map((value, k) => (k % 3 === 1 ? value : value - centre[k % 3]!));
  const pixels = project(camera, worldToCamera(view, centred));
  const noise = { sigma: 0.004, wild: 0, swapped: 0, missing: 0 };
  const seen = sampleDetection(2012, i, pixels, noise).pixels;
  return Array.from({ length: 17 }, (_, j) => [0, 1].map((k) => +seen[2 * j + k]!.toFixed(1)));
});
const start = { fps: FPS, width: WIDTH, height: HEIGHT, fov: FOV, skeleton: 'h36m17' };
const file = new URL('../web/public/sequences/walk.json', import.meta.url);
writeFileSync(file, `${JSON.stringify({ ...start, frames })}\n`);
console.log(`${frames.length} frames in ${file.pathname}`);
