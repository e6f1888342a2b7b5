/** Orders of joints on the command line. */

import type { JointOrder } from '../../data/people.ts';
import { JOINT_SETS } from '../../pose/joint_sets.ts';

/** What `--joint-order` takes besides the names of skeletons. */
export const JOINT_ORDERS: Readonly<Record<string, JointOrder>> = {
  coco: 'coco17',
  yolo: 'coco17',
  h36m: 'h36m17',
  names: 'names',
  ...Object.fromEntries(Object.keys(JOINT_SETS).map((set) => [set, set as JointOrder])),
};
