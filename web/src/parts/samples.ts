/** The sample poses that ship with the page. */

import { JOINTS, type Joint, type PixelPose, type Pose3d } from 'kinegrad';
import type { Pose } from '../shell/pose_store.ts';

export interface Sample {
  readonly id: string;
  readonly name: string;
  /** Where it comes from, for its caption. */
  readonly credit: string;
  /** [17 * 3] metres in the camera's frame, where the truth is known. */
  readonly truth: Pose3d | undefined;
  readonly pose: Omit<Pose, 'picture'>;
  /** Address of its picture. */
  readonly picture: string;
}

type Points = Readonly<Record<Joint, readonly number[]>>;
interface Written {
  readonly id: string;
  readonly name: string;
  readonly credit: string;
  readonly picture: string;
  readonly width: number;
  readonly height: number;
  readonly fov: number;
  readonly joints: Points;
  readonly truth?: Points;
}

const flat = (points: Points) => Float64Array.from(JOINTS.flatMap((name) => points[name]));

let loaded: Promise<readonly Sample[]> | undefined;

/** The same ones at every call. */
export function loadSamples(): Promise<readonly Sample[]> {
  if (!loaded) {
    loaded = load();
    loaded.catch(() => (loaded = undefined));
  }
  return loaded;
}

async function load(): Promise<readonly Sample[]> {
  const list = (await (await fetched('samples.json')).json()) as Written[];
  return list.map(({ id, name, credit, picture, width, height, fov, joints, truth }) => ({
    id,
    name,
    credit,
    picture: `./samples/${picture}`,
    truth: truth && (flat(truth) as Pose3d),
    pose: { joints: flat(joints) as PixelPose, width, height, fov },
  }));
}

/** A sample with its picture, as the store holds it. */
export async function poseOf({ name, picture, pose }: Sample): Promise<Pose> {
  const blob = await (await fetched(picture.replace('./samples/', ''))).blob();
  return { ...pose, picture: { name, bitmap: await createImageBitmap(blob) } };
}

async function fetched(file: string): Promise<Response> {
  const response = await fetch(`./samples/${file}`);
  if (!response.ok)
    throw new Error(`The sample ${file} did not load: ${response.status}. Reload the page.`);
  return response;
}
