import type { PixelPose } from '../pose/skeleton.ts';
import { type ImageJoints, jointsToHuman36m, readPeople } from './joints.ts';

/** The 2D joints of one person over time. */
export interface JointSequence {
  /** Human3.6M's 17 joints of each frame, [17 * 2] pixels. */
  readonly frames: readonly PixelPose[];
  /** Frames a second. */
  readonly fps: number;
  /** Size of the pictures in pixels. */
  readonly width: number;
  readonly height: number;
  /** Field of view along the longer side in degrees, where the file states it. */
  readonly fov: number | undefined;
}

/**
 * Reads a sequence from JSON: a list of frames, each as `readJoints` takes one, or such a list under
 * `frames` beside `fps`, `width`, `height`, `fov` and `skeleton`. A frame rate that is not stated is
 * 30 a second; a size, what holds all joints.
 *
 * A joint or a frame that is missing keeps the place that it had before, or first has after, as a
 * film goes on where a detector pauses.
 * @throws Error naming the frame that cannot be read, or where no frame has all joints
 */
export function readSequence(json: string): JointSequence {
  const { people, stated } = readPeople(json);
  const frames = filled(people);
  const number = (name: string): number | undefined => {
    const value = stated[name];
    if (value === undefined) return undefined;
    if (typeof value !== 'number' || !(value > 0))
      throw new Error(`sequence: ${name} is ${value}; it must be a number above zero.`);
    return value;
  };
  const first = people.find((person) => person?.width && person.height);
  const extent = (axis: number) => {
    let most = 1;
    for (const frame of frames)
      for (let i = axis; i < frame.length; i += 2) most = Math.max(most, frame[i]!);
    return Math.ceil(1.05 * most);
  };
  return {
    frames,
    fps: number('fps') ?? 30,
    width: number('width') ?? first?.width ?? extent(0),
    height: number('height') ?? first?.height ?? extent(1),
    fov: number('fov'),
  };
}

function filled(people: readonly (ImageJoints | undefined)[]): PixelPose[] {
  let last: PixelPose | undefined;
  const frames = people.map((person) => {
    const found = person && tryConvert(person);
    if (found) last = found;
    return found ?? last;
  });
  const first = frames.find((frame) => frame !== undefined);
  if (!first)
    throw new Error(
      `sequence: none of the ${people.length} frames has all the joints that make a body; every ` +
        'joint is needed to lift it.',
    );
  return frames.map((frame) => frame ?? first);
}

function tryConvert(person: ImageJoints): PixelPose | undefined {
  try {
    return jointsToHuman36m(person);
  } catch {
    return undefined;
  }
}
