/** Photos and joints that the visitor brings: dropped, pasted, or chosen. */

import { type ImageJoints, JOINTS, jointsToHuman36m, type PixelPose, readJoints } from 'kinegrad';
import { checkRoom, inPixels } from '../../parts/pixels.ts';
import type { Pose } from '../../shell/pose_store.ts';

/** The longer side of a photo is brought down to this many pixels. */
const LARGEST = 2048;
const USUAL_FOV = 60;

/** A person who stands upright, whom the lifter takes for one, as shares of the height about the middle. */
const STANDING: readonly (readonly [number, number])[] = [
  [0, 0],
  [-0.048, 0.004],
  [-0.05, 0.194],
  [-0.055, 0.383],
  [0.048, 0.004],
  [0.05, 0.194],
  [0.055, 0.383],
  [0, -0.106],
  [0, -0.242],
  [0, -0.286],
  [0, -0.346],
  [0.061, -0.181],
  [0.101, -0.079],
  [0.114, 0.02],
  [-0.061, -0.181],
  [-0.101, -0.079],
  [-0.114, 0.02],
];

/** A standing person in the middle of a picture, for the visitor to pull into place. */
export function standing(width: number, height: number): PixelPose {
  const size = Math.min(height, width * 1.6);
  return Float64Array.from({ length: 2 * JOINTS.length }, (_, i) => {
    const share = STANDING[i >> 1]![i & 1]! * size;
    return i & 1 ? height * 0.5 + share : width / 2 + share;
  });
}

/** What was dropped or pasted. */
export type Brought = { readonly file: File } | { readonly text: string };

/** A new pose from either. @throws Error in a sentence for what holds none */
export const poseFrom = async (brought: Brought, current: Pose | undefined): Promise<Pose> =>
  'file' in brought ? poseFromFile(brought.file, current) : poseFromText(brought.text, current);

/** A new pose from a file of either kind. @throws Error in a sentence for any other file */
async function poseFromFile(file: File, current: Pose | undefined): Promise<Pose> {
  if (file.type.startsWith('image/')) return poseFromPhoto(file);
  if (/json|text/.test(file.type) || /\.json$/i.test(file.name))
    return poseFromText(await file.text(), current);
  throw new Error(
    `${file.name} is neither a picture, nor joints, nor weights. Give a photo, joints as JSON, or a model.safetensors.`,
  );
}

async function poseFromPhoto(file: File): Promise<Pose> {
  const whole = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch((error) => {
    throw new Error(`${file.name} is no picture that this browser reads. Give a JPEG or PNG.`, {
      cause: error,
    });
  });
  checkRoom(whole.width, whole.height);
  const scale = Math.min(1, LARGEST / Math.max(whole.width, whole.height));
  const width = Math.round(whole.width * scale);
  const height = Math.round(whole.height * scale);
  const bitmap =
    scale === 1
      ? whole
      : await createImageBitmap(whole, {
          resizeWidth: width,
          resizeHeight: height,
          resizeQuality: 'high',
        });
  return {
    joints: standing(width, height),
    width,
    height,
    picture: { name: file.name, bitmap },
    fov: USUAL_FOV,
  };
}

/** Joints from JSON, on the picture that is there where they belong to one of its size. */
function poseFromText(text: string, current: Pose | undefined): Pose {
  const read = readFor(text, current?.picture?.name);
  const joints = inPixels(jointsToHuman36m(read));
  const most = (axis: number) =>
    Math.max(...joints.filter((_, i) => (i & 1) === axis).map(Math.abs));
  const fits = current && most(0) <= current.width && most(1) <= current.height;
  const width = read.width ?? (fits ? current.width : Math.ceil(most(0) * 1.15));
  const height = read.height ?? (fits ? current.height : Math.ceil(most(1) * 1.15));
  checkRoom(width, height);
  if (!joints.some((x, i) => i % 2 === 0 && isWithin(x, width) && isWithin(joints[i + 1]!, height)))
    throw new Error(
      'joints: none of them lies in the picture. Give pixels from its upper left corner.',
    );
  const same = current && current.width === width && current.height === height;
  const fov = fovOf(text) ?? (same ? current.fov : USUAL_FOV);
  return { joints, width, height, picture: same ? current.picture : undefined, fov };
}

const isWithin = (at: number, size: number) => at >= 0 && at <= size;

/** Of a file with several people by the names of their pictures, the one of this picture. */
function readFor(text: string, picture: string | undefined): ImageJoints {
  try {
    return readJoints(text, picture);
  } catch {
    return readJoints(text);
  }
}

/** The field of view in a file of this page. */
function fovOf(text: string): number | undefined {
  const { fov } = JSON.parse(text) as { fov?: unknown };
  return typeof fov === 'number' && fov >= 10 && fov <= 120 ? fov : undefined;
}

/** Listens for drops and pastes on the whole page. @returns what ends that */
export function listenForFiles(root: HTMLElement, give: (found: Brought) => void): () => void {
  const ending = new AbortController();
  const { signal } = ending;
  let depth = 0;
  const over = (by: number) => {
    depth = Math.max(0, depth + by);
    root.classList.toggle('dropping', depth > 0);
  };
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files');
  addEventListener('dragenter', (event) => hasFiles(event) && over(1), { signal });
  addEventListener('dragleave', (event) => hasFiles(event) && over(-1), { signal });
  addEventListener('dragover', (event) => hasFiles(event) && event.preventDefault(), { signal });
  addEventListener(
    'drop',
    (event) => {
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      over(-depth);
      give({ file });
    },
    { signal },
  );
  addEventListener(
    'paste',
    (event) => {
      const file = event.clipboardData?.files[0];
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (file) give({ file });
      else if (text.trim()) give({ text });
    },
    { signal },
  );
  return () => ending.abort();
}
