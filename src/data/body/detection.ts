import { JOINT, JOINT_COUNT, LEFT, MIRROR, type PixelPose } from '../../pose/skeleton.ts';
import { randomAt } from '../random.ts';
import { STREAM } from './streams.ts';

export interface Detection {
  /** [17 * 2] pixels, NaN where a joint was missed. */
  readonly pixels: PixelPose;
  /** [17], 0 to 1, lower where the error is larger; 0 where missed. */
  readonly confidence: Float64Array;
}

/**
 * Errors as a fraction of the longer side of the person's box, and probabilities for each joint.
 */
export interface DetectionNoise {
  readonly sigma: number;
  /** Share of joints whose error is eight times as wide. */
  readonly wild: number;
  /** Share of left-right pairs that change places. */
  readonly swapped: number;
  readonly missing: number;
}

export const DETECTION_NOISE: DetectionNoise = {
  sigma: 0.012,
  wild: 0.03,
  swapped: 0.01,
  missing: 0.04,
};

/** Wrists and ankles move fastest and are found worst. */
const HARD: ReadonlySet<number> = new Set([
  JOINT.leftWrist,
  JOINT.rightWrist,
  JOINT.leftAnkle,
  JOINT.rightAnkle,
]);

/**
 * The joints as a 2D detector would report them.
 * @param pixels [17 * 2], the true image
 */
export function sampleDetection(
  seed: number,
  index: number,
  pixels: PixelPose,
  noise: DetectionNoise = DETECTION_NOISE,
): Detection {
  if (pixels.length !== 2 * JOINT_COUNT)
    throw new Error(`sampleDetection: ${pixels.length} numbers are not 17 joints in 2D.`);
  const random = randomAt(seed, STREAM.detection, index);
  const box = longerSide(pixels);
  const found = pixels.slice();
  for (const left of LEFT) {
    if (!random.chance(noise.swapped)) continue;
    const right = MIRROR[left]!;
    found.set(pixels.subarray(2 * right, 2 * right + 2), 2 * left);
    found.set(pixels.subarray(2 * left, 2 * left + 2), 2 * right);
  }
  const confidence = new Float64Array(JOINT_COUNT);
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    const wide = (HARD.has(joint) ? 1.6 : 1) * (random.chance(noise.wild) ? 8 : 1);
    const x = random.normal() * noise.sigma * wide;
    const y = random.normal() * noise.sigma * wide;
    found[2 * joint]! += x * box;
    found[2 * joint + 1]! += y * box;
    const sure = 0.95 - 4 * Math.hypot(x, y) + random.normal(0, 0.04);
    confidence[joint] = Math.min(1, Math.max(0.05, sure));
    if (!random.chance(noise.missing)) continue;
    found.fill(Number.NaN, 2 * joint, 2 * joint + 2);
    confidence[joint] = 0;
  }
  return { pixels: found, confidence };
}

function longerSide(pixels: PixelPose): number {
  const x = pixels.filter((_, i) => i % 2 === 0);
  const y = pixels.filter((_, i) => i % 2 === 1);
  return Math.max(Math.max(...x) - Math.min(...x), Math.max(...y) - Math.min(...y));
}
