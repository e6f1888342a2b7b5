/**
 * What the convolutional lifter makes of views before its layers, in jax-js: 21 channels, and the
 * points beside them; `src/models/view_features.ts` says what they are.
 */

import type { numpy } from '@jax-js/jax';

type Jax = typeof import('@jax-js/jax');
type NumArray = numpy.Array;

/** [n, 3, S, S], [n, 1, S, S] metres, [n, 17, 2] pixels, [n, 1]. */
export type Views = {
  image: NumArray;
  depth: NumArray;
  joints: NumArray;
  view: NumArray;
};

/** All that the layers read, as arrays that are made once a step. */
export type JaxFeatures = {
  /** [n, 21, S, S] */
  channels: NumArray;
  /** [n, 108] */
  points: NumArray;
  /** [n, 17, 26]: numbers of each joint, its patch of depth, numbers of the whole. */
  ofJoints: NumArray;
  /** [n, 17, 3] metres from the pelvis. */
  lifted: NumArray;
  /** Weights of the pixels of a map around the joints, [n, 17, h * w] for each side of a map. */
  around: NumArray[];
};

const JOINTS = 17;
const CLIP = 2;
const REACH = 1;
const LEAST = 0.01;
const SIGMA = 10 / 500;
const PATCH = { side: 4, step: 1 / 64 };
const JOINT_SIGMA = 0.75;
const JOINT_LEAST = 0.1;
/** Numbers that fill the points up to 108. */
const FILL = 3;

/**
 * Features of views, which are used up.
 * @param sides of the maps in which the layers look at what is around joints
 */
export function viewFeatures(
  { numpy: np }: Jax,
  { image, depth, joints, view }: Views,
  sides: readonly number[],
): JaxFeatures {
  const [batch, , size] = image.shape as [number, number, number];
  const sigma = SIGMA * size;
  const whole = 2 * Math.PI * sigma * sigma;
  /** Gaussians of points [n, k, 2] along an axis of so many pixels: [n, k, pixels]. */
  const line = (points: NumArray, axis: number, pixels: number, deviation: number) => {
    const centres = np.array(Array.from({ length: pixels }, (_, i) => i + 0.5));
    const [n, k] = points.shape as [number, number];
    const at = np.reshape(points.slice([], [], axis), [n, k, 1]);
    return np.exp(np.square(centres.sub(at)).mul(-0.5 / deviation ** 2));
  };
  /** The maps of points [n, k, 2]: [n, k, pixels, pixels]; uses them up. */
  const maps = (points: NumArray, pixels: number, deviation: number) => {
    const [n, k] = points.shape as [number, number];
    const across = np.reshape(line(points.ref, 0, pixels, deviation), [n, k, 1, pixels]);
    return across.mul(np.reshape(line(points, 1, pixels, deviation), [n, k, pixels, 1]));
  };

  const known = np.where(depth.ref.greater(0), 1, 0);
  const heat = maps(joints.ref, size, sigma);
  const pelvis = heat.ref.slice([], [0, 1]);
  const over = (t: NumArray) => np.reshape(np.sum(t, [1, 2, 3]), [batch, 1]);
  const weight = over(pelvis.ref.mul(known.ref));
  const enough = np.maximum(weight.ref, LEAST * whole);
  const found = np.where(weight.greater(LEAST * whole), 1, 0);
  const mean = over(pelvis.mul(depth.ref)).div(enough);
  const guess = np.exp(view.ref.mul(-1));
  const distance = np.where(found.ref.greater(0), mean, guess);

  const perImage = (t: NumArray) => np.reshape(t, [batch, 1, 1, 1]);
  const beyond = depth.sub(perImage(distance.ref)).mul(known.ref).mul(perImage(found.ref));
  const relative = np.clip(beyond.ref, -CLIP, CLIP);
  const near = np.where(np.abs(beyond.ref).less(REACH), 1, 0);
  const person = near.mul(known.ref).mul(perImage(found.ref));
  const around = (t: NumArray) => np.reshape(np.sum(heat.ref.mul(t), [2, 3]), [batch, JOINTS, 1]);
  const share = around(person.ref);
  const nearby = around(beyond.mul(person)).div(np.maximum(share.ref, LEAST * whole));

  const perJoint = (t: NumArray) => np.reshape(t, [batch, 1, 1]);
  const places = joints.ref.mul(2 / size).sub(1);
  const far = nearby.ref.add(perJoint(distance.ref)).mul(perJoint(np.exp(view.ref)));
  const metres = places.ref.mul(far);
  const surface = np.concatenate([metres.ref, nearby.ref], 2);
  const lifted = surface.ref.sub(surface.slice([], [0, 1]));
  const covered = share.mul(1 / whole);
  const ofView = np.concatenate([view, np.log(distance).mul(found.ref), found.ref], 1);
  const flat = (t: NumArray) => np.reshape(t.ref, [batch, -1]);
  const points = np.concatenate(
    [ofView.ref, ...[places, metres, nearby, covered].map(flat), np.zeros([batch, FILL])],
    1,
  );

  const unknown = known
    .mul(-1)
    .add(1)
    .mul(perImage(found.mul(CLIP)));
  const patches = patchesOf(relative.ref.add(unknown));
  const filled = np.concatenate([ofView, np.zeros([batch, 1])], 1);
  const ofAll = np.broadcastTo(np.reshape(filled, [batch, 1, 4]), [batch, JOINTS, 4]);
  return {
    ...{ points, lifted },
    channels: np.concatenate([image.mul(2).sub(1), relative, heat], 1),
    ofJoints: np.concatenate([places, metres, nearby, covered, patches, ofAll], 2),
    around: sides.map(weightsOf),
  };

  function weightsOf(side: number): NumArray {
    const own = maps(joints.ref.mul(side / size), side, JOINT_SIGMA);
    const weights = np.reshape(own, [batch, JOINTS, side * side]);
    const shares = np.sum(weights.ref, 2, { keepdims: true });
    return weights.div(np.maximum(shares, JOINT_LEAST * 2 * Math.PI * JOINT_SIGMA ** 2));
  }

  /** Depth [n, 1, S, S] in a grid around each joint: [n, 17, 16]. */
  function patchesOf(depth: NumArray): NumArray {
    const step = PATCH.step * size;
    const deviation = step / 2;
    const along = Array.from({ length: PATCH.side }, (_, i) => step * (i - (PATCH.side - 1) / 2));
    const grid = np.array(along.flatMap((y) => along.map((x) => [x, y])));
    const count = JOINTS * PATCH.side ** 2;
    const places = np.reshape(joints.ref, [batch, JOINTS, 1, 2]).add(grid);
    const samples = np.reshape(places, [batch, count, 2]);
    const across = line(samples.ref, 0, size, deviation);
    const rows = np.matmul(
      line(samples, 1, size, deviation),
      np.reshape(depth, [batch, size, size]),
    );
    const sums = np.sum(rows.mul(across), 2).mul(1 / (2 * Math.PI * deviation * deviation));
    return np.reshape(sums, [batch, JOINTS, PATCH.side ** 2]);
  }
}
