/** The camera of a film, and how much of the room it sees. */

import { type Camera, cameraFromFov, type JointSequence } from 'kinegrad';

/** Of a camera that says nothing of its lens. */
const USUAL_FOV = 60;

type Seen = Pick<JointSequence, 'width' | 'height' | 'fov'>;

export const cameraOf = ({ width, height, fov }: Seen): Camera =>
  cameraFromFov(width, height, fov ?? USUAL_FOV, width >= height ? 'horizontal' : 'vertical');

/** How much more room the way of a person takes than the person. */
export function spreadOf(poses: readonly ArrayLike<number>[]): number {
  const extent = (axis: number) => {
    const all = poses.map((pose) => pose[axis]!);
    return Math.max(...all) - Math.min(...all);
  };
  return Math.max(1, (0.9 + Math.max(extent(0), extent(2))) / 2.2);
}
