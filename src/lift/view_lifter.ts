/** Lifts a person in a photo by a two-stage lifter: from the joints, the picture and its depth. */

import type { Gpu } from '../gpu/gpu.ts';
import type { CompileOptions } from '../graph/options.ts';
import type { Tensor } from '../graph/trace.ts';
import type { TwoStageNetwork, ViewArchitecture } from '../models/two_stage.ts';
import type { Weights } from '../models/weights.ts';
import { WrongFileError } from '../platform/errors.ts';
import { type Camera, toRays } from '../pose/camera.ts';
import { JOINT_COUNT, type PixelPose } from '../pose/skeleton.ts';
import { outOfView, viewNumber } from '../pose/view.ts';
import { type DepthMap, photoView } from '../pose/view_picture.ts';
import { type LoadOptions, loading, type WeightsSource } from './load.ts';
import { inPlace, type Lifted, placed } from './placed.ts';
import { compileViews, type ViewReader } from './view_program.ts';

/** A photo to lift from. */
export interface LiftedPhoto {
  /** Of as many pixels as the photo. */
  readonly camera: Camera;
  /** [height, width, 4] bytes. */
  readonly rgba: Uint8Array;
  /** How far what it shows is away, if that is known. */
  readonly depth?: DepthMap | undefined;
}

export interface ViewLifter {
  /** Pixels of a side of the views that the network looks at. */
  readonly size: number;
  /**
   * Lifts one person, once as it is and once in the mirror; see `joinMirrored`.
   * @param joints [17 * 2] pixels of the photo, all of them
   * @throws DeviceLostError where the device is lost on the way; the next call goes to a fresh one
   */
  lift(photo: LiftedPhoto, joints: PixelPose): Promise<Lifted>;
  /** Gives back what the lifter has on the device. */
  dispose(): Promise<void>;
}

/** Views as arrays of what they show. */
export const pictureReader = (size: number): ViewReader => ({
  inputs: (n) => ({
    image: [n, size, size, 3],
    depth: [n, size, size, 1],
    joints: [n, JOINT_COUNT, 2],
    view: [n, 1],
  }),
  views: ({ image, depth, joints, view }: Readonly<Record<string, Tensor>>) => ({
    image: image!,
    depth: depth!,
    joints: joints!,
    view: view!,
  }),
});

/**
 * Loads a two-stage lifter, with its program compiled. Its parts may be told and ended as those of `loadLifter`.
 * @param source the URL of its weights (in Node also a path), the bytes of their file, or weights
 * @throws DownloadError, TruncatedError, BlockedError where the file does not come, or not whole
 * @throws WrongFileError, ChecksumError where it is none of this architecture, or damaged
 * @throws GpuError of any kind where no device can run it
 */
export const loadViewLifter = (
  architecture: ViewArchitecture,
  source: WeightsSource,
  options: LoadOptions = {},
): Promise<ViewLifter> => loading(architecture, source, options, viewLifterOf);

async function viewLifterOf(
  network: TwoStageNetwork,
  { options }: Weights,
  gpu: Gpu,
  compiling: CompileOptions,
): Promise<ViewLifter> {
  const { size } = options;
  if (typeof size !== 'number')
    throw new WrongFileError(
      'These weights do not say for how many pixels they are. Give those of a run, whose options have a size',
    );
  const program = await compileViews(gpu, network, pictureReader(size), 1, compiling);
  return {
    size,
    async lift(photo, joints) {
      if (gpu.lost) await gpu.recover();
      const { view, rays, image, depth, joints: seen } = photoView(photo, joints, size);
      const lifted = await program.lift({
        image,
        depth,
        joints: Float32Array.from(seen),
        view: Float32Array.of(viewNumber(view)),
      });
      const pose = outOfView(view, lifted);
      return options.root === 'absolute'
        ? inPlace(pose, meanDistance(toRays(pose), rays), rays, photo.camera)
        : placed(pose, rays, photo.camera);
    },
    dispose: async () => program.dispose(),
  };
}

/** Mean distance of points on a plane, [n * 2]. */
function meanDistance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 2) sum += Math.hypot(a[i]! - b[i]!, a[i + 1]! - b[i + 1]!);
  return (2 * sum) / a.length;
}
