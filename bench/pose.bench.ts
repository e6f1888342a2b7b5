/** Heatmaps of joints, soft-argmax of heatmaps, images of skeletons, and their gradients. */

import { grad } from '../src/graph/autograd.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { gaussianHeatmaps } from '../src/graph/ops/heatmap.ts';
import { sum } from '../src/graph/ops/reduce.ts';
import { skeletonImage } from '../src/graph/ops/skeleton_image.ts';
import { softArgmax2d } from '../src/graph/ops/soft_argmax.ts';
import { mapColumnsTunable } from '../src/kernels/pose_columns.ts';
import { type Case, checkDims, errorOf, type Family, uniform } from './family.ts';

const DIMS = 'batch,height,width,joints';
const SIGMA = 3;
const GAMMA = 0.02;

export const family: Family = {
  name: 'pose',
  dims: DIMS,
  bytes: 'maps are written, or read, once; the gradient of soft-argmax reads and writes them',
  tolerance: 2e-5,
  shapes: [
    [8, 64, 64, 17],
    [8, 256, 256, 17],
  ],
  tunable: mapColumnsTunable,
  cases(shape) {
    checkDims(shape, DIMS, 'pose');
    return [
      ...heatmapCases(shape as Sizes),
      ...argmaxCases(shape as Sizes),
      ...images(shape as Sizes),
    ];
  },
};

type Sizes = readonly [n: number, h: number, w: number, j: number];

const jointsOf = ([n, h, w, j]: Sizes) => uniform([n, j, 2], 1, 0, Math.min(h, w));

/** Calls f with every cell of maps: its index, its joint's index and its place. */
function eachCell(
  [n, h, w, j]: Sizes,
  f: (cell: number, joint: number, x: number, y: number) => void,
) {
  let cell = 0;
  for (let i = 0; i < n; i++)
    for (let r = 0; r < h; r++)
      for (let c = 0; c < w; c++)
        for (let k = 0; k < j; k++) f(cell++, i * j + k, c + 0.5, r + 0.5);
}

function heatmapCases(shape: Sizes): Case[] {
  const [n, h, w, j] = shape;
  const size = n * h * w * j;
  const gaussian = (joints: Float32Array, joint: number, x: number, y: number) =>
    Math.exp(
      -((x - joints[2 * joint]!) ** 2 + (y - joints[2 * joint + 1]!) ** 2) / (2 * SIGMA ** 2),
    );
  return [
    {
      name: 'heatmaps',
      pass: 'forward',
      shape,
      // An exponential is counted as eight.
      cost: { bytes: 4 * size, flops: 12 * size },
      make() {
        const joints = jointsOf(shape);
        return {
          inputs: { joints },
          build: ({ joints }) => ({ y: gaussianHeatmaps(joints!, [h, w], { sigma: SIGMA }) }),
          error({ y }) {
            const right = new Float64Array(size);
            eachCell(shape, (cell, joint, u, v) => {
              right[cell] = gaussian(joints.values, joint, u, v);
            });
            return errorOf(y!, (i) => right[i]!);
          },
        };
      },
    },
    {
      name: 'heatmaps',
      pass: 'input gradient',
      shape,
      cost: { bytes: 4 * size, flops: 15 * size },
      ops: ['gaussianHeatmapsBackward'],
      make() {
        const joints = jointsOf(shape);
        const dy = uniform(shape, 2);
        return {
          inputs: { joints, dy },
          build: ({ joints, dy }) => {
            const y = gaussianHeatmaps(joints!, [h, w], { sigma: SIGMA });
            return { dx: grad(sum(mul(y, dy!)), [joints!])[0]! };
          },
          error({ dx }) {
            const right = new Float64Array(2 * n * j);
            eachCell(shape, (cell, joint, u, v) => {
              const g = (dy.values[cell]! * gaussian(joints.values, joint, u, v)) / SIGMA ** 2;
              right[2 * joint]! += g * (u - joints.values[2 * joint]!);
              right[2 * joint + 1]! += g * (v - joints.values[2 * joint + 1]!);
            });
            return errorOf(dx!, (i) => right[i]!);
          },
        };
      },
    },
  ];
}

function argmaxCases(shape: Sizes): Case[] {
  const [n, h, w, j] = shape;
  const size = n * h * w * j;
  /** Sums of powers, and the expected places. */
  const expected = (x: Float32Array) => {
    const sums = new Float64Array(n * j);
    const y = new Float64Array(2 * n * j);
    eachCell(shape, (cell, joint, u, v) => {
      const power = Math.exp(x[cell]!);
      sums[joint]! += power;
      y[2 * joint]! += power * u;
      y[2 * joint + 1]! += power * v;
    });
    return { sums, y: y.map((value, i) => value / sums[i >> 1]!) };
  };
  return [
    {
      name: 'soft-argmax',
      pass: 'forward',
      shape,
      cost: { bytes: 4 * size, flops: 15 * size },
      make() {
        const x = uniform(shape, 1, -8, 8);
        return {
          inputs: { x },
          build: ({ x }) => ({ y: softArgmax2d(x!) }),
          error({ y }) {
            const right = expected(x.values).y;
            return errorOf(y!, (i) => right[i]!);
          },
        };
      },
    },
    {
      name: 'soft-argmax',
      pass: 'input gradient',
      shape,
      cost: { bytes: 8 * size, flops: 14 * size },
      ops: ['softArgmaxBackward'],
      make() {
        const x = uniform(shape, 1, -8, 8);
        const dy = uniform([n, j, 2], 2);
        return {
          inputs: { x, dy },
          build: ({ x, dy }) => ({ dx: grad(sum(mul(softArgmax2d(x!), dy!)), [x!])[0]! }),
          error({ dx }) {
            const { sums, y } = expected(x.values);
            const right = new Float64Array(size);
            eachCell(shape, (cell, joint, u, v) => {
              const pull =
                dy.values[2 * joint]! * (u - y[2 * joint]!) +
                dy.values[2 * joint + 1]! * (v - y[2 * joint + 1]!);
              right[cell] = (Math.exp(x.values[cell]!) / sums[joint]!) * pull;
            });
            return errorOf(dx!, (i) => right[i]!);
          },
        };
      },
    },
  ];
}

/** A chain of joints, each but the first with a bone to the one before. */
function images(shape: Sizes): Case[] {
  const [n, h, w, j] = shape;
  const size = n * h * w;
  const bones = Array.from({ length: Math.max(1, j - 1) }, (_, i) => [i, (i + 1) % j] as const);
  /** Calls f with each pixel, its image, the nearest bone, where on it, and the way from there. */
  const eachPixel = (
    joints: Float32Array,
    f: (pixel: number, image: number, bone: number, t: number, dx: number, dy: number) => void,
  ) =>
    eachCell([n, h, w, 1], (pixel, image, u, v) => {
      const best = { bone: 0, t: 0, dx: Infinity, dy: Infinity };
      bones.forEach(([from, to], bone) => {
        const a = 2 * (image * j + from);
        const b = 2 * (image * j + to);
        const [ax, ay] = [joints[a]!, joints[a + 1]!];
        const [bx, by] = [joints[b]! - ax, joints[b + 1]! - ay];
        const place = ((u - ax) * bx + (v - ay) * by) / (bx * bx + by * by || 1);
        const t = Math.min(1, Math.max(0, place));
        const [dx, dy] = [u - ax - t * bx, v - ay - t * by];
        if (dx * dx + dy * dy < best.dx ** 2 + best.dy ** 2)
          Object.assign(best, { bone, t, dx, dy });
      });
      f(pixel, image, best.bone, best.t, best.dx, best.dy);
    });
  return [
    {
      name: 'skeleton image',
      pass: 'forward',
      shape,
      cost: { bytes: 8 * size, flops: (10 + 13 * bones.length) * size },
      make() {
        const joints = jointsOf(shape);
        return {
          inputs: { joints },
          build: ({ joints }) => ({ y: skeletonImage(joints!, bones, [h, w], { gamma: GAMMA }) }),
          error({ y }) {
            const right = new Float64Array(size);
            eachPixel(joints.values, (pixel, _i, _b, _t, dx, dy) => {
              right[pixel] = Math.exp(-GAMMA * (dx * dx + dy * dy));
            });
            return errorOf(y!, (i) => right[i]!);
          },
        };
      },
    },
    {
      name: 'skeleton image',
      pass: 'input gradient',
      shape,
      cost: { bytes: 12 * size, flops: 30 * size },
      ops: ['skeletonImageBackward'],
      // A pixel between two bones may be nearer to the one in f32 and to the other in f64.
      tolerance: 1e-3,
      make() {
        const joints = jointsOf(shape);
        const dy = uniform([n, h, w, 1], 2);
        return {
          inputs: { joints, dy },
          build: ({ joints, dy }) => {
            const y = skeletonImage(joints!, bones, [h, w], { gamma: GAMMA });
            return { dx: grad(sum(mul(y, dy!)), [joints!])[0]! };
          },
          error({ dx }) {
            const right = new Float64Array(2 * n * j);
            eachPixel(joints.values, (pixel, image, bone, t, x, y) => {
              const slope = 2 * GAMMA * dy.values[pixel]! * Math.exp(-GAMMA * (x * x + y * y));
              const [from, to] = bones[bone]!;
              for (const [joint, share] of [
                [from, 1 - t],
                [to, t],
              ] as const) {
                right[2 * (image * j + joint)]! += slope * share * x;
                right[2 * (image * j + joint) + 1]! += slope * share * y;
              }
            });
            return errorOf(dx!, (i) => right[i]!);
          },
        };
      },
    },
  ];
}
