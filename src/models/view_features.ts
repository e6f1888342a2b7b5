/**
 * What the two-stage lifters make of a view before their own layers: the picture with its depth
 * relative to the pelvis, Gaussians of the joints, and *points*, the same in numbers. Points are ours and
 * not the paper's: a crop has lost the lens and the distance, which tell the size of the person.
 */

import {
  abs,
  add,
  div,
  dropout,
  exp,
  greater,
  log,
  maximum,
  minimum,
  mul,
  select,
  sub,
} from '../graph/ops/elementwise.ts';
import { gaussianHeatmaps } from '../graph/ops/heatmap.ts';
import { broadcastTo, concat, pad, reshape, slice } from '../graph/ops/layout.ts';
import { matmul } from '../graph/ops/matmul.ts';
import { sum } from '../graph/ops/reduce.ts';
import { constant, show, type Tensor } from '../graph/trace.ts';
import { JOINT_COUNT } from '../pose/skeleton.ts';
import type { JointLines } from './blocks/map_conv.ts';
import type { RootPlace, ViewInputs } from './two_stage.ts';

/** Red, green, blue, and depth relative to the pelvis. */
export const PICTURE_CHANNELS = 4;
/** Maps of joints: filled up with empty ones to a multiple of four, so that kernels can load quads. */
export const MAP_CHANNELS = Math.ceil(JOINT_COUNT / 4) * 4;
/** Numbers of the points: view, depth, whether it is there, and for each joint 2 + 2 + 1 + 1. */
const POINT_NUMBERS = 3 + 6 * JOINT_COUNT;
/** Of these so many are of each joint, and so many of the whole, filled up by a zero. */
export const JOINT_NUMBERS = 6;
export const GLOBAL_NUMBERS = 4;
/** The same, filled up with zeros to a multiple of four. */
export const POINT_SIZE = Math.ceil(POINT_NUMBERS / 4) * 4;

/** Pixels of the paper's pictures, and the standard deviation of their Gaussians. */
const PAPER_SIZE = 500;
const PAPER_SIGMA = 10;
/** Depth is clipped at this distance from the pelvis, metres. */
const CLIP = 2;
/** What is farther from the pelvis, metres, is no part of the person. */
const REACH = 1;
/**
 * A patch of depth around a joint: so many samples along each side, so far apart as a share of the
 * view. A limb is four or five samples wide.
 */
const PATCH_SIDE = 4;
const PATCH_STEP = 1 / 64;
/** Samples of a joint's patch. */
export const PATCH_SIZE = PATCH_SIDE ** 2;
/** The least share of a Gaussian that must lie on known depth. */
const LEAST = 0.01;

export interface FeatureOptions {
  readonly training: boolean;
  /** Probability that a sample of a training batch has no picture. */
  readonly imageDropout: number;
  /** Probability that a sample of a training batch has no depth. */
  readonly depthDropout: number;
}

export interface ViewFeatures {
  /** [n, S, S, 4]: colours from -1 to 1, and metres beyond the pelvis, from -2 to 2, 0 where unknown. */
  readonly picture: Tensor;
  /** [n, S, 20] each: Gaussians of 17 joints along the axes, and three empty ones. */
  readonly lines: JointLines;
  /**
   * [n, POINT_SIZE]: logarithm of the tangent of half the field of view; logarithm of the pelvis'
   * depth, 0 where unknown; 1 where it is known; each joint's place, from -1 to 1 over the view; the
   * same put at its depth, metres; known depth around it relative to the pelvis, metres; how much of
   * what is around it is the person.
   */
  readonly points: Tensor;
  /**
   * [n, 17, 6]: of {@link points} what is of a joint: its place, that at its depth, the depth around it
   * and the share of the person.
   */
  readonly ofJoints: Tensor;
  /** [n, 17, 4]: the same of the whole: view, depth, whether it is there, and a zero. */
  readonly ofAll: Tensor;
  /**
   * [n, 17, 16]: depth relative to the pelvis in a small grid around each joint, 2 m where it is
   * unknown; 0 where all is.
   */
  readonly patches: Tensor;
  /**
   * [n, 17, 3] metres from the pelvis, in the view's frame: the joints as they lie on the surface that the
   * depth shows around them; all in one plane where it is unknown. What is left to learn is how deep
   * joints lie under it, and where those are that something hides.
   */
  readonly lifted: Tensor;
  /**
   * [n, 1] metres: known depth around the pelvis. Where there is none, a guess from the field of
   * view: that half the view is a metre there, since the person fills it.
   */
  readonly distance: Tensor;
  /** [n, 1]: 1 where that is known, else 0. */
  readonly found: Tensor;
}

/** Gaussians of the joints of views of S x S pixels: [n, S, S, 17]. */
export const jointMaps = (joints: Tensor, size: number): Tensor =>
  gaussianHeatmaps(joints, [size, size], { sigma: sigmaOf(size) });

/**
 * Gaussians of the joints of views of S x S pixels along the axes, three empty ones behind them. The map of
 * a joint is the product of one along x and one along y, see {@link ViewFeatures}.
 */
export const jointLines = (joints: Tensor, size: number): JointLines =>
  linesOf(filled(joints), size, sigmaOf(size), peaksOf(joints.shape[0]!));

/** Gaussians of points [n, points, 2] along the axes: [n, S, points] each. */
function linesOf(points: Tensor, size: number, sigma: number, amplitude?: Tensor): JointLines {
  const [n, count] = points.shape as [number, number];
  const line = (shape: readonly [number, number], axis: readonly [number, number]) => {
    // Across, all lie on the line: on the centre of its only pixel.
    const centre = constant(
      axis.map((a) => (1 - a) / 2),
      [2],
    );
    const onto = add(mul(points, constant(axis, [2])), centre);
    const maps = gaussianHeatmaps(onto, shape, { sigma, ...(amplitude && { amplitude }) });
    return reshape(maps, [n, size, count]);
  };
  return { across: line([1, size], [1, 0]), down: line([size, 1], [0, 1]) };
}

/** Samples of depth [n, S, S, 1] around the joints: [n, 17, 16]. */
function patchesOf(depth: Tensor, joints: Tensor, size: number): Tensor {
  const n = joints.shape[0]!;
  const step = PATCH_STEP * size;
  const along = Array.from({ length: PATCH_SIDE }, (_, i) => step * (i - (PATCH_SIDE - 1) / 2));
  const grid = constant(
    along.flatMap((y) => along.flatMap((x) => [x, y])),
    [1, PATCH_SIZE, 2],
  );
  const places = add(reshape(joints, [n, JOINT_COUNT, 1, 2]), grid);
  const sigma = step / 2;
  const { across, down } = linesOf(reshape(places, [n, JOINT_COUNT * PATCH_SIZE, 2]), size, sigma);
  const sums = sum(mul(matmul(reshape(depth, [n, size, size]), across), down), 1);
  return reshape(mul(sums, 1 / (2 * Math.PI * sigma * sigma)), [n, JOINT_COUNT, PATCH_SIZE]);
}

/** Joints with those of the empty maps. */
const filled = (joints: Tensor): Tensor =>
  pad(joints, [[0, 0], [0, MAP_CHANNELS - JOINT_COUNT], [0, 0]]); // biome-ignore format: pairs

/** How high the Gaussians are: empty maps have none. */
const peaksOf = (n: number): Tensor =>
  constant(
    Array.from({ length: n * MAP_CHANNELS }, (_, i) => (i % MAP_CHANNELS < JOINT_COUNT ? 1 : 0)),
    [n, MAP_CHANNELS],
  );

const sigmaOf = (size: number) => (PAPER_SIGMA * size) / PAPER_SIZE;

/** What networks read of views of S x S pixels. */
export function viewFeatures(
  { image, depth: given, joints, view }: ViewInputs,
  { training, imageDropout, depthDropout }: FeatureOptions,
): ViewFeatures {
  const [n, size] = image.shape as [number, number];
  /** 1 for samples that keep what may be dropped, else 0. */
  const kept = (rate: number) =>
    mul(dropout(constant(new Float32Array(n).fill(1), [n, 1, 1, 1]), rate), 1 - rate);
  const some = (t: Tensor, rate: number) => (training && rate > 0 ? mul(t, kept(rate)) : t);

  const colours = some(sub(mul(image, 2), 1), imageDropout);
  const depth = some(given, depthDropout);
  const known = greater(depth, 0);

  const sigma = sigmaOf(size);
  const whole = 2 * Math.PI * sigma * sigma;
  const pelvis = gaussianHeatmaps(slice(joints, [0, 0, 0], [n, 1, 2]), [size, size], { sigma });
  const over = (t: Tensor) => reshape(sum(t, [1, 2, 3]), [n, 1]);
  const weight = over(mul(pelvis, known));
  const found = greater(weight, LEAST * whole);
  const mean = div(over(mul(pelvis, depth)), maximum(weight, LEAST * whole));
  const distance = select(found, mean, exp(mul(view, -1)));

  const perImage = (t: Tensor) => reshape(t, [n, 1, 1, 1]);
  const beyond = mul(mul(sub(depth, perImage(distance)), known), perImage(found));
  const relative = minimum(maximum(beyond, -CLIP), CLIP);
  const lines = jointLines(joints, size);

  // Σ over pixels of a joint's Gaussian, where it lies on the person, and of the depth there.
  const person = mul(mul(greater(sub(REACH, abs(beyond)), 0), known), perImage(found));
  const around = (t: Tensor) =>
    reshape(sum(mul(matmul(reshape(t, [n, size, size]), lines.across), lines.down), 1), [
      n,
      MAP_CHANNELS,
      1,
    ]);
  const perPoint = (t: Tensor) => slice(t, [0, 0, 0], [n, JOINT_COUNT, 1]);
  const share = perPoint(around(person));
  const nearby = div(perPoint(around(mul(beyond, person))), maximum(share, LEAST * whole));

  const perJoint = (t: Tensor) => reshape(t, [n, 1, 1]);
  const places = sub(mul(joints, 2 / size), 1);
  const far = mul(add(nearby, perJoint(distance)), perJoint(exp(view)));
  const metres = mul(places, far);
  const surface = concat([metres, nearby], 2);
  const lifted = sub(surface, slice(surface, [0, 0, 0], [n, 1, 3]));
  const flat = (t: Tensor) => reshape(t, [n, -1]);
  const covered = mul(share, 1 / whole);
  const ofView = [view, mul(log(distance), found), found];
  const ofAll = reshape(concat([...ofView, constant(new Float32Array(n), [n, 1])], 1), [n, 1, 4]);
  const all = concat([...ofView, ...[places, metres, nearby, covered].map(flat)], 1);
  const unknown = mul(sub(1, known), perImage(mul(found, CLIP)));
  const patches = patchesOf(add(relative, unknown), joints, size);
  const points = pad(all, [[0, 0], [0, POINT_SIZE - POINT_NUMBERS]]); // biome-ignore format: pairs
  return {
    picture: concat([colours, relative], 3),
    ofJoints: concat([places, metres, nearby, covered], 2),
    ofAll: broadcastTo(ofAll, [n, JOINT_COUNT, GLOBAL_NUMBERS]),
    ...{ lines, points, patches, lifted, distance, found },
  };
}

/**
 * Poses from the numbers that a network gives: the first three of a pose tell the root, the others
 * are relative to it.
 * @param numbers [n, 51]
 * @param distance [n, 1], to which the depth of the root is relative; see {@link ViewFeatures}
 * @param lifted [n, 17, 3], which the numbers correct; without it they are the joints
 * @param trust [n, 1, 1], how far these corrections count; without it, all the way
 * @returns [n, 17, 3] metres: with `relative` the root is 0, with `absolute` all joints are in the
 * view's frame
 */
export function posesOf(
  numbers: Tensor,
  {
    distance,
    lifted,
    trust,
  }: { readonly distance: Tensor; readonly lifted?: Tensor; readonly trust?: Tensor },
  place: RootPlace,
): Tensor {
  const n = numbers.shape[0]!;
  const poses = reshape(numbers, [n, JOINT_COUNT, 3]);
  const others = Array.from({ length: 3 * JOINT_COUNT }, (_, i) => (i < 3 ? 0 : 1));
  const own = mul(poses, constant(others, [JOINT_COUNT, 3]));
  const counted = trust ? mul(own, trust) : own;
  const relative = lifted ? add(counted, lifted) : counted;
  if (place === 'relative') return relative;
  const straight = mul(reshape(distance, [n, 1, 1]), constant([0, 0, 1], [1, 1, 3]));
  return add(relative, add(slice(poses, [0, 0, 0], [n, 1, 3]), straight));
}

/** @throws where the inputs of a network are no views of that many pixels */
export function checkViews(name: string, inputs: ViewInputs, size: number): void {
  const n = inputs.image.shape[0] ?? 0;
  const right: Record<keyof ViewInputs, [number[], string]> = {
    image: [
      [n, size, size, 3],
      `Resize views to ${size} pixels, or make the network with their size`,
    ],
    depth: [[n, size, size, 1], 'Give zeros where there is no depth'],
    joints: [[n, JOINT_COUNT, 2], 'Give x and y of the 17 joints in pixels of the view'],
    view: [[n, 1], 'Give log(S / 2 / focal length) for each view'],
  };
  for (const [key, [shape, repair]] of Object.entries(right)) {
    const given = inputs[key as keyof ViewInputs].shape;
    if (given.join() !== shape.join())
      throw new Error(`${name}: ${key} must be ${show(shape)}, got ${show(given)}. ${repair}`);
  }
}
