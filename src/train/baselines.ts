/** What can be said of a pose without a network: what every lifter must beat. */

import {
  decode,
  encode,
  encodeTargets,
  INPUT_SIZE,
  OUTPUT_SIZE,
} from '../models/representation.ts';

/** Poses [n, 17, 3] in metres, relative to the pelvis, from joints [n, 17, 2] at depth 1. */
export type RayLifter = (rays: ArrayLike<number>) => Float32Array;

/**
 * Every person is the mean of those seen: in the frame of the view, so that it faces the camera as
 * they did on the mean.
 * @param rays [n, 17, 2] on the plane at depth 1
 * @param poses [n, 17, 3] metres, camera frame
 */
export function meanPose(rays: ArrayLike<number>, poses: ArrayLike<number>): RayLifter {
  const targets = encodeTargets(poses, encode(rays).rotations);
  const count = targets.length / OUTPUT_SIZE;
  const mean = new Float64Array(OUTPUT_SIZE);
  targets.forEach((value, i) => {
    mean[i % OUTPUT_SIZE]! += value / count;
  });
  return (given) => {
    const { rotations } = encode(given);
    const all = Float32Array.from(
      { length: (rotations.length / 9) * OUTPUT_SIZE },
      (_, i) => mean[i % OUTPUT_SIZE]!,
    );
    return decode(all, rotations);
  };
}

/** Keeps the equations solvable where inputs hang together: of the mean of their squares. */
const RIDGE = 1e-6;

/**
 * The linear function of what a lifter reads, and of 1, with the least squared error on those seen:
 * (XᵀX + λ I) W = XᵀY.
 * @param rays [n, 17, 2] on the plane at depth 1
 * @param poses [n, 17, 3] metres, camera frame
 */
export function linearLifter(rays: ArrayLike<number>, poses: ArrayLike<number>): RayLifter {
  const { inputs, rotations } = encode(rays);
  const targets = encodeTargets(poses, rotations);
  const size = INPUT_SIZE + 1;
  const wide = size + OUTPUT_SIZE;
  // Rows of [XᵀX | XᵀY].
  const rows = Array.from({ length: size }, () => new Float64Array(wide));
  const count = rotations.length / 9;
  for (let i = 0; i < count; i++) {
    const x = withOne(inputs, i);
    const y = targets.subarray(i * OUTPUT_SIZE, (i + 1) * OUTPUT_SIZE);
    x.forEach((value, row) => {
      for (let k = 0; k < size; k++) rows[row]![k]! += value * x[k]!;
      for (let k = 0; k < OUTPUT_SIZE; k++) rows[row]![size + k]! += value * y[k]!;
    });
  }
  rows.forEach((row, i) => {
    row[i]! += RIDGE * count;
  });
  const weights = solve(rows, size);
  return (given) => {
    const encoded = encode(given);
    const people = encoded.rotations.length / 9;
    const outputs = new Float32Array(people * OUTPUT_SIZE);
    for (let i = 0; i < people; i++) {
      const x = withOne(encoded.inputs, i);
      for (let k = 0; k < OUTPUT_SIZE; k++)
        outputs[i * OUTPUT_SIZE + k] = x.reduce(
          (sum, value, row) => sum + value * weights[row]![k]!,
          0,
        );
    }
    return decode(outputs, encoded.rotations);
  };
}

const withOne = (inputs: Float32Array, i: number): number[] => [
  ...inputs.subarray(i * INPUT_SIZE, (i + 1) * INPUT_SIZE),
  1,
];

/** Gauss-Jordan elimination with pivots, in place: the right sides of [A | B] become A⁻¹ B. */
function solve(rows: Float64Array[], size: number): Float64Array[] {
  for (let column = 0; column < size; column++) {
    let best = column;
    for (let row = column + 1; row < size; row++)
      if (Math.abs(rows[row]![column]!) > Math.abs(rows[best]![column]!)) best = row;
    [rows[column], rows[best]] = [rows[best]!, rows[column]!];
    const pivot = rows[column]!;
    const by = 1 / pivot[column]!;
    for (let k = column; k < pivot.length; k++) pivot[k]! *= by;
    rows.forEach((row, i) => {
      const factor = row[column]!;
      if (i === column || factor === 0) return;
      for (let k = column; k < row.length; k++) row[k]! -= factor * pivot[k]!;
    });
  }
  return rows.map((row) => row.subarray(size));
}
