/** `kinegrad lift`: the person of a photo in 3D, as numbers and as a picture. */

import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { decodeImage, encodePng, readFile, renderSvg, writeFileAtomic } from '#platform';
import { jointsToHuman36m, readJoints } from '../data/joints.ts';
import { type Gpu, openGpu } from '../gpu/gpu.ts';
import { loadLifter } from '../lift/load.ts';
import type { Lifted } from '../lift/placed.ts';
import { type LiftedPhoto, loadViewLifter } from '../lift/view_lifter.ts';
import { martinez } from '../models/martinez.ts';
import { readWeights, type Weights } from '../models/weights.ts';
import { liftedPicture } from '../picture/panel.ts';
import { svgDocument } from '../picture/svg.ts';
import type { AdapterKind, Image } from '../platform/types.ts';
import {
  type Camera,
  cameraFromFocal35,
  cameraFromFov,
  cameraFromIntrinsics,
  fieldOfView,
  raysToPixels,
} from '../pose/camera.ts';
import type { PixelPose, Pose3d, RayPose } from '../pose/skeleton.ts';
import type { DepthMap } from '../pose/view_picture.ts';
import { VIEW_NETWORKS } from '../train/view_networks.ts';
import { readDepthFile } from './depth_file.ts';
import { isView } from './networks.ts';
import { parsed, text } from './parsed.ts';
import { modelPath } from './run_folder.ts';

/** What options tell of a photo. */
export interface PhotoFlags {
  image: string;
  joints: string;
  entry?: string;
  fov?: number;
  f35?: number;
  intrinsics?: string;
  /** For two-stage lifters: a 16-bit PNG, a 32-bit TIFF or an npy, and what it holds. */
  depth?: string;
  depthUnit?: 'm' | 'mm';
}

export interface LiftFlags extends PhotoFlags {
  model?: string;
  out: string;
  adapter?: AdapterKind;
}

/** The lifter that ships with the package. */
export const SHIPPED_WEIGHTS = createRequire(import.meta.url).resolve(
  'kinegrad/weights/martinez.safetensors',
);

/**
 * Horizontal field of view of a camera of which nothing is known: between a phone's and a 35 mm
 * lens's.
 */
const USUAL_FOV = 60;

/** Lifts, writes `pose.json` and `pose.png`, and says in a few lines what was found. */
export async function liftCommand(flags: LiftFlags): Promise<string> {
  const model = flags.model ? modelPath(flags.model) : SHIPPED_WEIGHTS;
  const weights = await parsed(model, readWeights);
  const { image, joints, photo, assumed } = await readPhoto(flags, weights);
  const { camera } = photo;
  const gpu = await openGpu({ adapter: flags.adapter });
  try {
    const lifted = await liftPhoto(gpu, weights, photo, joints);
    const source = {
      image: basename(flags.image),
      model: String(flags.model ?? 'shipped weights'),
    };
    const json = JSON.stringify(poseJson(lifted, camera, source), null, 2);
    await writeFileAtomic(join(flags.out, 'pose.json'), `${json}\n`);
    await writeFileAtomic(
      join(flags.out, 'pose.png'),
      await posePicture(image, joints, lifted, camera),
    );
    return describe(lifted, camera, assumed, flags.out);
  } finally {
    gpu.close();
  }
}

/** A photo with its joints, and whether its camera is a guess. */
export interface GivenPhoto {
  readonly image: Image;
  readonly joints: PixelPose;
  readonly photo: LiftedPhoto;
  readonly assumed: boolean;
}

/** The photo that options name, to lift by a network of these weights. */
export async function readPhoto(flags: PhotoFlags, weights: Weights): Promise<GivenPhoto> {
  const image = await decodeImage(await readFile(flags.image));
  const joints = await photoJoints(flags, image);
  const { camera, assumed } = cameraOf(flags, image);
  const depth = flags.depth && (await depthOf(flags, weights, camera));
  return { image, joints, assumed, photo: { camera, rgba: image.rgba, ...(depth && { depth }) } };
}

/** Lifts by whatever network the weights are of. */
async function liftPhoto(gpu: Gpu, weights: Weights, photo: LiftedPhoto, joints: PixelPose) {
  const { architecture } = weights;
  if (!isView(architecture)) {
    const lifter = await loadLifter(martinez, weights, { gpu });
    return lifter.lift(joints, photo.camera);
  }
  const lifter = await loadViewLifter(VIEW_NETWORKS[architecture], weights, { gpu });
  return lifter.lift(photo, joints);
}

/** The depth map of a photo, for lifters that look at it. */
async function depthOf(
  { depth, depthUnit = 'm' }: PhotoFlags,
  { architecture }: Weights,
  { width, height }: Camera,
): Promise<DepthMap> {
  if (!isView(architecture))
    throw new Error(
      `--depth is for two-stage lifters; ${architecture} looks at joints alone. Leave it out, or give --model of a cnn or vit`,
    );
  const map = await readDepthFile(depth!, depthUnit).catch((error: Error) => {
    throw new Error(`the depth map ${depth} cannot be used: ${error.message}`, { cause: error });
  });
  if (Math.abs((map.width * height) / (map.height * width) - 1) > 0.02)
    throw new Error(
      `the depth map ${depth} of ${map.width} x ${map.height} pixels has another shape than the photo of ${width} x ${height}. Give that of this photo`,
    );
  return map;
}

async function photoJoints({ joints, image, entry }: PhotoFlags, size: Image): Promise<PixelPose> {
  const json = await text(joints);
  const name = entry ?? (json.includes(`"${basename(image)}"`) ? basename(image) : undefined);
  const read = readJoints(json, name);
  const { width = size.width, height = size.height } = read;
  if (width !== size.width || height !== size.height)
    throw new Error(
      `${joints} is for an image of ${width} x ${height} pixels, ${image} has ${size.width} x ${size.height}. Give the joints of this photo`,
    );
  return jointsToHuman36m(read);
}

function cameraOf(
  { fov, f35, intrinsics }: PhotoFlags,
  { width, height }: Image,
): { camera: Camera; assumed: boolean } {
  const given = [fov, f35, intrinsics].filter((value) => value !== undefined);
  if (given.length > 1) throw new Error('give one of --fov, --f35 and --intrinsics, not several');
  if (fov !== undefined) return { camera: cameraFromFov(width, height, fov), assumed: false };
  if (f35 !== undefined) return { camera: cameraFromFocal35(width, height, f35), assumed: false };
  if (intrinsics !== undefined) {
    const [fx, fy, cx, cy, ...more] = intrinsics.split(',').map(Number);
    if (more.length || [fx, fy, cx, cy].some((v) => !Number.isFinite(v)))
      throw new Error(`--intrinsics takes four numbers fx,fy,cx,cy in pixels, got '${intrinsics}'`);
    const numbers = { width, height, fx: fx!, fy: fy!, cx: cx!, cy: cy! };
    return { camera: cameraFromIntrinsics(numbers), assumed: false };
  }
  return { camera: cameraFromFov(width, height, USUAL_FOV), assumed: true };
}

/** What `pose.json` holds: joints by name, in metres, in the camera's frame. */
export const poseJson = (lifted: Lifted, camera: Camera, source: Record<string, string>) => ({
  ...source,
  units: 'metres',
  frame: 'camera: x right, y down, z forward',
  camera,
  joints: lifted.joints,
  reprojectionError: { pixels: lifted.reprojectionError, shareOfBox: lifted.relativeError },
});

/**
 * The photo with the pose and its reprojection, and the lifted person from three sides; a PNG file.
 */
export async function posePicture(
  image: Image,
  joints: PixelPose,
  lifted: Lifted,
  camera: Camera,
): Promise<Uint8Array> {
  const png = Buffer.from(await encodePng(image)).toString('base64');
  const { width, height } = image;
  const picture = liftedPicture({
    image: { width, height, href: `data:image/png;base64,${png}` },
    pose: joints,
    reprojected: raysToPixels(camera, lifted.reprojected as RayPose),
    lifted: lifted.pose as Pose3d,
    reprojectionError: lifted.reprojectionError,
    reprojectionPercent: 100 * lifted.relativeError,
    caption:
      `The pelvis is ${lifted.pose[2]!.toFixed(2)} m from the camera, ` +
      `whose field of view is ${fieldOfView(camera).horizontal.toFixed(0)}° across.`,
  });
  return renderSvg(svgDocument(picture));
}

function describe(lifted: Lifted, camera: Camera, assumed: boolean, out: string): string {
  const { horizontal } = fieldOfView(camera);
  return [
    `camera      ${horizontal.toFixed(0)}° across${assumed ? ', which is assumed: --fov, --f35 or --intrinsics say what it was' : ''}`,
    `pelvis      ${lifted.pose[2]!.toFixed(2)} m from the camera`,
    `error       ${lifted.reprojectionError.toFixed(1)} px, ${(100 * lifted.relativeError).toFixed(1)} % of the person's box`,
    `written     ${join(out, 'pose.json')}, ${join(out, 'pose.png')}`,
  ].join('\n');
}
