/** The pose as files: JSON, BVH, glTF, and a picture. */

import { JOINTS, type Lifted, writeBvh } from 'kinegrad';
import { download } from '../../parts/download.ts';
import { drawPerson } from '../../parts/draw_person.ts';
import { grounded } from '../../parts/grounded.ts';
import type { PoseScene } from '../../parts/scene.ts';
import { cameraOf, type Pose } from '../../shell/pose_store.ts';

export interface Exported {
  readonly pose: Pose;
  readonly lifted: Lifted;
  readonly scene: PoseScene | undefined;
}

export const EXPORTS: Readonly<Record<string, (exported: Exported) => void | Promise<void>>> = {
  JSON: (exported) => download('pose.json', poseJson(exported), 'application/json'),
  BVH: ({ lifted }) => download('pose.bvh', writeBvh(grounded(lifted.pose)), 'text/plain'),
  glTF: async ({ lifted }) => {
    const { writeGlb } = await import('../../parts/glb.ts');
    download('pose.glb', writeGlb(lifted.pose), 'model/gltf-binary');
  },
  PNG: async (exported) => download('pose.png', await picture(exported), 'image/png'),
};

const byName = (values: ArrayLike<number>, size: 2 | 3) =>
  Object.fromEntries(
    JOINTS.map((name, i) => [name, Array.from({ length: size }, (_, k) => values[size * i + k]!)]),
  );

/** The 2D joints in the form that this page reads again, and the lifted ones beside them. */
function poseJson({ pose, lifted }: Exported): string {
  const { joints, width, height, fov } = pose;
  const file = {
    skeleton: 'h36m17',
    width,
    height,
    fov,
    joints: byName(joints, 2),
    lifted: {
      units: 'metres',
      frame: 'camera: x right, y down, z forward',
      camera: cameraOf(pose),
      joints: lifted.joints,
      reprojectionError: { pixels: lifted.reprojectionError, shareOfBox: lifted.relativeError },
    },
  };
  return `${JSON.stringify(file, null, 2)}\n`;
}

/** Height of the file, and the most that a wide picture takes of its width, in pixels. */
const HEIGHT = 900;
const WIDEST = 1800;

/** The picture with its joints beside the scene. */
async function picture({ pose, scene }: Exported): Promise<Blob> {
  const scale = Math.min(HEIGHT / pose.height, WIDEST / pose.width);
  const [width, height] = [pose.width, pose.height].map((n) => Math.max(1, Math.round(n * scale)));
  const top = Math.round((HEIGHT - height!) / 2);
  const view = scene && (await createImageBitmap(await scene.png()));
  const viewWidth = view ? Math.round((view.width * HEIGHT) / view.height) : 0;
  const canvas = new OffscreenCanvas(width! + viewWidth, HEIGHT);
  const context = canvas.getContext('2d') as unknown as CanvasRenderingContext2D;
  context.fillStyle = '#eaeef2';
  context.fillRect(0, 0, width!, HEIGHT);
  if (pose.picture) context.drawImage(pose.picture.bitmap, 0, top, width!, height!);
  const at = pose.joints.map((value, i) => value * scale + (i % 2 ? top : 0));
  const sides = { left: '#0072b2', right: '#d55e00', middle: '#475563' };
  drawPerson(context, at, sides, HEIGHT / 110, { casing: '#ffffffd9' });
  if (view) context.drawImage(view, width!, 0, viewWidth, HEIGHT);
  return canvas.convertToBlob({ type: 'image/png' });
}
