/**
 * Human3.6M as a folder of images with JSON annotations, as RootNet reads it: for each subject
 * `Human36M_subject1_data.json` (`images` with subject, action, camera and frame, and `annotations`
 * with the joints' visibility), `_joint_3d.json` (by action, subaction and frame, 17 joints in
 * millimetres of the world) and `_camera.json` (by camera `R`, `t`, `f`, `c`).
 */

import { project, worldToCamera } from '../../pose/camera.ts';
import { JOINT_COUNT } from '../../pose/skeleton.ts';
import { type PlacedCamera, subjectCameras } from './cameras.ts';
import type { Human36mSplit } from './joints.ts';

/** An image with all that is known of it. */
export interface Human36mImage {
  /** Path in the folder of images. */
  readonly name: string;
  readonly action: string;
  readonly frame: number;
  readonly width: number;
  readonly height: number;
  /** [17, 2] pixels: the pose through the camera, without the lens, which these files leave out. */
  readonly joints: Float64Array;
  /** [17], 0.5 for joints that are hidden. */
  readonly confidence: Float64Array;
  /** [17, 3] metres, camera's frame. */
  readonly pose: Float64Array;
  readonly camera: PlacedCamera['camera'];
  /** Who is seen, and by which of the four cameras. */
  readonly take: { readonly subject: string; readonly camera: number };
}

type Json = Readonly<Record<string, unknown>>;
type Nested = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, unknown>>>>>>;

export interface AnnotationOptions {
  readonly split: Human36mSplit;
  readonly part: 'train' | 'test' | 'both';
  /** Every n-th frame is taken; papers that use these files take 5 to train and 64 to test. */
  readonly every?: number;
}

/**
 * Reads the annotations of a part of a split.
 * @param readText gives a file of the folder of annotations
 * @throws Error naming the file and what is amiss
 */
export async function readHuman36mAnnotations(
  readText: (name: string) => Promise<string>,
  { split, part, every = 1 }: AnnotationOptions,
): Promise<Human36mImage[]> {
  const images: Human36mImage[] = [];
  const subjects = part === 'both' ? [...split.train, ...split.test] : split[part];
  for (const subject of subjects) {
    const stem = `Human36M_subject${subject.slice(1)}`;
    const [data, joints, cameras] = await Promise.all(
      ['data', 'joint_3d', 'camera'].map((kind) => readJson(readText, `${stem}_${kind}.json`)),
    );
    const placed = subjectCameras(cameras, `${stem}_camera.json`);
    const keys = Object.keys(cameras!);
    images.push(
      ...imagesOf(
        data!,
        joints as Nested,
        new Map(keys.map((k, i) => [k, placed[i]!])),
        stem,
        every,
        split.camera,
      ),
    );
  }
  return images;
}

async function readJson(readText: (name: string) => Promise<string>, name: string): Promise<Json> {
  const text = await readText(name);
  try {
    const file = JSON.parse(text);
    if (typeof file === 'object' && file !== null) return file;
  } catch {}
  throw new Error(`${name} is no JSON object.`);
}

function imagesOf(
  data: Json,
  joints: Nested,
  cameras: ReadonlyMap<string, PlacedCamera>,
  stem: string,
  every: number,
  onlyCamera: number | undefined,
): Human36mImage[] {
  const { images, annotations } = data as { images?: Json[]; annotations?: Json[] };
  if (!Array.isArray(images) || !Array.isArray(annotations))
    throw new Error(`${stem}_data.json must have the lists images and annotations.`);
  const visible = new Map(
    annotations.map(({ image_id, keypoints_vis }) => [image_id, keypoints_vis]),
  );
  return images.flatMap((image) => {
    const { file_name, subject, action_name, action_idx, subaction_idx, cam_idx, frame_idx } =
      image;
    const { id, width, height } = image as { id: unknown; width: number; height: number };
    if ((frame_idx as number) % every !== 0) return [];
    if (onlyCamera !== undefined && cam_idx !== onlyCamera + 1) return [];
    const place = `${file_name} of ${stem}_data.json`;
    const camera = cameras.get(`${cam_idx}`);
    const world = joints[`${action_idx}`]?.[`${subaction_idx}`]?.[`${frame_idx}`];
    if (!camera)
      throw new Error(`${place} is of camera ${cam_idx}, which ${stem}_camera.json lacks.`);
    const flat = Array.isArray(world) ? world.flat() : [];
    if (flat.length !== JOINT_COUNT * 3 || !flat.every(Number.isFinite))
      throw new Error(
        `${place} is frame ${frame_idx} of action ${action_idx}, ${subaction_idx}, for which ${stem}_joint_3d.json has no 17 joints.`,
      );
    const pose = worldToCamera(
      camera.extrinsics,
      flat.map((v) => v / 1000),
    );
    const seen = visible.get(id);
    const own = { ...camera.camera, width, height };
    return {
      name: `${file_name}`,
      action: `${action_name}`,
      frame: frame_idx as number,
      width,
      height,
      joints: project(own, pose),
      confidence: Float64Array.from({ length: JOINT_COUNT }, (_, j) =>
        Array.isArray(seen) && !seen[j] ? 0.5 : 1,
      ),
      pose,
      camera: own,
      take: { subject: `S${subject}`, camera: Number(cam_idx) - 1 },
    };
  });
}
