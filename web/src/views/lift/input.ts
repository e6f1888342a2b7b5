/** Photos and joints that the visitor brings: dropped, pasted, or chosen. */

import { JOINTS, jointsToHuman36m, type PixelPose, readJoints } from 'kinegrad';
import type { Pose } from '../../shell/pose_store.ts';

/** The longer side of a photo is brought down to this many pixels. */
const LARGEST = 2048;
const USUAL_FOV = 60;
/** Joints nearer together than this many pixels are no person in pixels, and no sheet is so large. */
const SMALLEST = 2;
const SHEET = 16_384;

/** A person who stands, facing the camera, as shares of the height about the middle. */
const STANDING: readonly (readonly [number, number])[] = [
  [0, 0],
  [-0.07, 0],
  [-0.085, 0.19],
  [-0.09, 0.37],
  [0.07, 0],
  [0.085, 0.19],
  [0.09, 0.37],
  [0, -0.11],
  [0, -0.22],
  [0.003, -0.28],
  [0.004, -0.34],
  [0.09, -0.21],
  [0.14, -0.08],
  [0.17, 0.03],
  [-0.09, -0.21],
  [-0.14, -0.08],
  [-0.17, 0.03],
];

/** A standing person in the middle of a picture, for the visitor to pull into place. */
export function standing(width: number, height: number): PixelPose {
  const size = Math.min(height, width * 1.6);
  return Float64Array.from({ length: 2 * JOINTS.length }, (_, i) => {
    const share = STANDING[i >> 1]![i & 1]! * size;
    return i & 1 ? height * 0.5 + share : width / 2 + share;
  });
}

/** A new pose from a file of either kind. @throws Error in a sentence for any other file */
export async function poseFromFile(file: File, current: Pose | undefined): Promise<Pose> {
  if (file.type.startsWith('image/')) return poseFromPhoto(file);
  if (/json|text/.test(file.type) || /\.json$/i.test(file.name))
    return poseFromText(await file.text(), current);
  throw new Error(`${file.name} is neither a picture nor joints. Give a photo, or joints as JSON.`);
}

async function poseFromPhoto(file: File): Promise<Pose> {
  const whole = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch((error) => {
    throw new Error(`${file.name} is no picture that this browser reads. Give a JPEG or PNG.`, {
      cause: error,
    });
  });
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
export function poseFromText(text: string, current: Pose | undefined): Pose {
  const read = readJoints(text);
  const joints = jointsToHuman36m(read);
  const most = (axis: number) =>
    Math.max(...joints.filter((_, i) => (i & 1) === axis).map(Math.abs));
  const fits = current && most(0) <= current.width && most(1) <= current.height;
  const width = read.width ?? (fits ? current.width : Math.ceil(most(0) * 1.15));
  const height = read.height ?? (fits ? current.height : Math.ceil(most(1) * 1.15));
  if (Math.max(spread(joints, 0), spread(joints, 1)) < SMALLEST)
    throw new Error(
      `joints: all of them lie within ${SMALLEST} pixels. Give pixels of the picture, not shares of its size.`,
    );
  if (Math.max(width, height) > SHEET)
    throw new Error(
      `joints: a picture of ${width} x ${height} pixels is too large; at most ${SHEET} can be shown.`,
    );
  const same = current && current.width === width && current.height === height;
  const fov = fovOf(text) ?? (same ? current.fov : USUAL_FOV);
  return { joints, width, height, picture: same ? current.picture : undefined, fov };
}

/** From the least to the greatest coordinate of an axis. */
function spread(joints: PixelPose, axis: number): number {
  const values = joints.filter((_, i) => (i & 1) === axis);
  return Math.max(...values) - Math.min(...values);
}

/** The field of view in a file of this page. */
function fovOf(text: string): number | undefined {
  const { fov } = JSON.parse(text) as { fov?: unknown };
  return typeof fov === 'number' && fov >= 10 && fov <= 120 ? fov : undefined;
}

/** Listens for drops and pastes on the whole page. @returns what ends that */
export function listenForFiles(
  root: HTMLElement,
  give: (found: { file: File } | { text: string }) => void,
): () => void {
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
      if (event.target instanceof HTMLInputElement) return;
      const file = event.clipboardData?.files[0];
      const text = event.clipboardData?.getData('text/plain') ?? '';
      if (file) give({ file });
      else if (text.trim()) give({ text });
    },
    { signal },
  );
  return () => ending.abort();
}
