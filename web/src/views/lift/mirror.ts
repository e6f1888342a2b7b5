import { mirrorPose, type PixelPose } from 'kinegrad';
import type { Pose } from '../../shell/pose_store.ts';

/** The pose and its picture as a mirror shows them: left and right change places. */
export async function mirrored(pose: Pose): Promise<Pose> {
  const { joints, width, height, picture } = pose;
  const flipped = mirrorPose(joints, 2) as PixelPose;
  for (let i = 0; i < flipped.length; i += 2) flipped[i]! += width;
  if (!picture) return { ...pose, joints: flipped };
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d')!;
  context.scale(-1, 1);
  context.drawImage(picture.bitmap, -width, 0, width, height);
  const bitmap = canvas.transferToImageBitmap();
  return { ...pose, joints: flipped, picture: { ...picture, bitmap } };
}
