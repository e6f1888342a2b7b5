/** A two-stage lifter at work on batches of views. */

import type { Gpu } from '../gpu/gpu.ts';
import { add, mul } from '../graph/ops/elementwise.ts';
import { slice } from '../graph/ops/layout.ts';
import type { CompileOptions } from '../graph/options.ts';
import type { Plan } from '../graph/plan.ts';
import { compile, planOf } from '../graph/program.ts';
import type { Tensor } from '../graph/trace.ts';
import type { TwoStageNetwork, ViewInputs } from '../models/two_stage.ts';
import { joinMirrored, POSE } from './join_mirrored.ts';
import { withMirrored } from './mirrored_views.ts';

/** What a program reads of n people, and the views that it makes of it. */
export interface ViewReader {
  inputs(n: number): Readonly<Record<string, readonly number[]>>;
  /** Without colours, what is missing of the picture may be anything that is finite. */
  views(
    inputs: Readonly<Record<string, Tensor>>,
    options: { readonly colours: boolean },
  ): ViewInputs;
}

export interface ViewProgram {
  /** People of a run. */
  readonly size: number;
  readonly bytes: number;
  /**
   * Poses [count, 17, 3] in metres, in each view's frame, of any number of people, `size` in a run. Each is
   * lifted once as it is and once in the mirror; see `joinMirrored`.
   * @param inputs [count, ...] as the reader tells
   * @param seen what the network may look at; all by default
   */
  lift(
    inputs: Readonly<Record<string, Float32Array>>,
    seen?: { readonly image?: boolean; readonly depth?: boolean },
  ): Promise<Float32Array>;
  dispose(): void;
}

/** Lifting `size` people at once, as `compile` and `planOf` take it. */
function liftViews(network: TwoStageNetwork, reader: ViewReader, size: number) {
  return {
    step: ({ seen, ...inputs }: Readonly<Record<string, Tensor>>) => {
      const { image, depth, ...others } = reader.views(inputs, { colours: network.seesColours });
      const [ofImage, ofDepth] = [0, 1].map((i) => part(seen!, i)) as [Tensor, Tensor];
      // As the network has learned that a picture is missing: the middle of its range.
      const middle = mul(add(image, -0.5), ofImage);
      const views = { ...others, image: add(middle, 0.5), depth: mul(depth, ofDepth) };
      return { poses: network(withMirrored(views)) };
    },
    inputs: { ...reader.inputs(size), seen: [2] },
  };
}

const part = (t: Tensor, i: number): Tensor => slice(t, [i], [1]);

/** A program for batches of this size; the network's variables are on the device already. */
export async function compileViews(
  gpu: Gpu,
  network: TwoStageNetwork,
  reader: ViewReader,
  size: number,
  options: CompileOptions = {},
): Promise<ViewProgram> {
  const { step, inputs } = liftViews(network, reader, size);
  const program = await compile(gpu, step, inputs, options);
  return {
    size,
    bytes: program.plan.bytes,
    async lift(given, { image = true, depth = true } = {}) {
      const count = given.view!.length;
      const seen = Float32Array.of(Number(image), Number(depth));
      const lifted = new Float32Array(count * POSE);
      for (let first = 0; first < count; first += size) {
        const some = Math.min(size, count - first);
        const padded = Object.fromEntries(
          Object.entries(given).map(([name, values]) => {
            const each = values.length / count;
            const own = values.subarray(first * each, (first + some) * each);
            return [name, repeated(own, some, size)];
          }),
        );
        const { poses } = await program.run({ ...padded, seen }, { read: ['poses'] });
        const own = joinMirrored(poses).subarray(0, some * POSE);
        lifted.set(own, first * POSE);
      }
      return lifted;
    },
    dispose: () => program.dispose(),
  };
}

/** The plan of such a program on this device. */
export function planViews(
  gpu: Gpu,
  network: TwoStageNetwork,
  reader: ViewReader,
  size: number,
  options: CompileOptions = {},
): Plan {
  const { step, inputs } = liftViews(network, reader, size);
  return planOf(gpu, step, inputs, options);
}

/** What is missing to a full batch repeats the first. */
function repeated(values: Float32Array, count: number, size: number): Float32Array {
  if (count === size) return values;
  const each = values.length / count;
  const all = new Float32Array(each * size);
  for (let i = 0; i < size; i++)
    all.set(
      i < count ? values.subarray(i * each, (i + 1) * each) : values.subarray(0, each),
      i * each,
    );
  return all;
}
