/** From an image and what is known of it to a sample of a shard. */

import { readFile } from 'node:fs/promises';
import { packDepth, resizeDepth } from '../../data/depth.ts';
import { cameraOf } from '../../data/image_truth.ts';
import {
  isStored,
  resizedCamera,
  type Size,
  shownCamera,
  shownPoints,
  shownPose,
  shownRaster,
  shownSize,
} from '../../data/orientation.ts';
import { human36mJoints, type Person } from '../../data/people.ts';
import type { PackedSample, Take } from '../../data/shards/shard.ts';
import { type PackedPhoto, packPhoto } from '../../platform/node/photos.ts';
import { type Camera, cameraFromFov } from '../../pose/camera.ts';
import type { DepthMap } from '../../pose/view_picture.ts';
import { readDepthFile } from '../depth_file.ts';

/** What decides the samples besides the inputs. */
export interface SampleOptions {
  /** Longest side in pixels. */
  readonly size: number;
  /** Degrees across of cameras that are not given. */
  readonly fov: number;
  readonly depthUnit?: 'm' | 'mm' | undefined;
  /** In which picture joints, depth, cameras and poses are where their size does not tell. */
  readonly orientation?: 'shown' | 'stored' | undefined;
}

/** An image and what is known of it, coordinates as they were found. */
export interface PrepareItem {
  readonly name: string;
  readonly image: string;
  readonly person: Person;
  readonly depth?: string | undefined;
  /** [17, 3] metres. */
  readonly pose?: Float64Array | undefined;
  /** As `cameraOf` takes it. */
  readonly camera?: unknown;
  readonly take?: Take | undefined;
  /** Changes with the files. */
  readonly stamp: string;
  /** Decoding it has ended a process. */
  readonly crashes?: boolean;
}

/** Sides of pictures of the same thing differ by this much at most, relatively. */
const ASPECT = 0.03;

/** @throws Error in one sentence on what is wrong with it */
export async function makeSample(item: PrepareItem, options: SampleOptions): Promise<PackedSample> {
  const photo = await packPhoto(await readFile(item.image), options.size);
  const { width, height, stored, orientation } = photo;
  const { joints, confidence, inStored } = placedJoints(item.person, photo, options);
  const camera = placedCamera(item.camera, photo, options, inStored);
  const pose = item.pose && (inStored ? shownPose(item.pose, orientation) : item.pose);
  const shown = shownSize(stored, orientation);
  const depth = item.depth && (await depthOf(item.depth, photo, options));
  return {
    name: item.name,
    width,
    height,
    image: photo.jpeg,
    ...(depth && { depth: await packDepth(resizeDepth(depth, width, height)) }),
    joints: Float32Array.from(joints, (v, i) =>
      i % 2 === 0 ? (v * width) / shown.width : (v * height) / shown.height,
    ),
    confidence: Float32Array.from(confidence),
    ...(pose && { pose: Float32Array.from(pose) }),
    camera: resizedCamera(camera ?? cameraFromFov(shown.width, shown.height, options.fov), photo),
    cameraGiven: camera !== undefined,
    ...(item.take && { take: item.take }),
  };
}

/** Joints in pixels of the shown picture in its full size, and which picture they were given for. */
function placedJoints(
  person: Person,
  { stored, orientation }: PackedPhoto,
  options: SampleOptions,
) {
  const { orientation: said } = options;
  const inStored = isStored(person, stored, orientation, said, 'the joints are');
  const { joints, confidence } = human36mJoints(person);
  const size = inStored ? stored : shownSize(stored, orientation);
  if (person.normalised)
    joints.forEach((v, i) => (joints[i] = v * (i % 2 ? size.height : size.width)));
  return {
    joints: inStored ? shownPoints(joints, stored, orientation) : joints,
    confidence,
    inStored,
  };
}

function placedCamera(
  given: unknown,
  { stored, orientation }: PackedPhoto,
  { orientation: said }: SampleOptions,
  jointsInStored: boolean,
): Camera | undefined {
  if (given === undefined) return undefined;
  const shown = shownSize(stored, orientation);
  const camera = cameraOf(given, jointsInStored ? stored : shown);
  const inStored = isStoredAspect(camera, stored, orientation, said, 'its camera');
  return inStored
    ? shownCamera(resizedCamera(camera, stored), orientation)
    : resizedCamera(camera, shown);
}

/** Which picture something of another size belongs to, by its aspect. */
function isStoredAspect(
  own: Size,
  stored: Size,
  orientation: number,
  said: 'shown' | 'stored' | undefined,
  what: string,
): boolean {
  const shown = shownSize(stored, orientation);
  const like = ({ width, height }: Size) =>
    Math.abs((own.width * height) / (own.height * width) - 1) < ASPECT;
  if (!like(stored) && !like(shown))
    throw new Error(
      `${what} is for ${own.width} x ${own.height} pixels, which has another shape than the image's ${shown.width} x ${shown.height}`,
    );
  return like(stored) === like(shown) ? said === 'stored' : like(stored);
}

async function depthOf(
  path: string,
  { stored, orientation }: PackedPhoto,
  { depthUnit, orientation: said }: SampleOptions,
): Promise<DepthMap> {
  try {
    const { width, height, metres } = await readDepthFile(path, depthUnit ?? 'm');
    const inStored = isStoredAspect({ width, height }, stored, orientation, said, 'it');
    if (!inStored) return { width, height, metres };
    const size = shownSize({ width, height }, orientation);
    return { ...size, metres: shownRaster(metres, { width, height }, orientation) };
  } catch (error) {
    throw new Error(`the depth map ${path} cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
}
