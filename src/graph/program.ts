/** Programs: a function on tensors, traced, planned, compiled, and run. */

import type { Gpu } from '../gpu/gpu.ts';
import { tunedVariants } from '../gpu/tuning.ts';
import type { Target } from '../kernels/kernel.ts';
import type { DType, Shape } from '../kernels/tensor.ts';
import type { Variants } from '../kernels/tuning.ts';
import { pacer } from '../platform/pace.ts';
import { Program, type Read } from './compiled.ts';
import { type InputSpec, symbolsOf, type Traced } from './inputs.ts';
import type { CompileOptions } from './options.ts';
import { makePlan, type Plan } from './plan.ts';
import { checkCap } from './recording.ts';
import { type Tensor, trace } from './trace.ts';

export type { Snapshot } from './snapshot.ts';
export type { CompileOptions, InputSpec, Program, Read };

/**
 * Traces `f` on symbolic inputs of the given shapes and compiles it.
 * `f` returns its outputs by name; ops that update variables, as optimisers do, need no output.
 */
export async function compile<
  const I extends Readonly<Record<string, InputSpec>>,
  O extends Readonly<Record<string, Tensor>>,
>(
  gpu: Gpu,
  f: (inputs: Traced<I>) => O,
  inputs: I,
  options: CompileOptions = {},
): Promise<Program<I, O>> {
  gpu.check();
  const pause = pacer();
  const program = new Program<I, O>(gpu, planner(gpu, f, inputs, options), options);
  // To plan a training step takes some frames of a page.
  await pause();
  await program.build();
  return program;
}

/** The plan that {@link compile} would make: nothing is compiled or allocated. */
export const planOf = <
  const I extends Readonly<Record<string, InputSpec>>,
  O extends Readonly<Record<string, Tensor>>,
>(
  gpu: Gpu,
  f: (inputs: Traced<I>) => O,
  inputs: I,
  options: CompileOptions = {},
): Plan => planner(gpu, f, inputs, options)({});

/** Traces once; plans for the device as it is at each call, with variants that are to be kept. */
function planner<I extends Readonly<Record<string, InputSpec>>>(
  gpu: Gpu,
  f: (inputs: Traced<I>) => Readonly<Record<string, Tensor>>,
  inputs: I,
  { variants = {}, cap, ...options }: CompileOptions,
): (kept: Variants) => Plan {
  const symbols = symbolsOf(inputs);
  const { tape, result } = trace(() => f(symbols));
  return (kept) => {
    const target = { ...targetOf(gpu), told: { ...variants, ...kept } };
    const plan = makePlan(tape, symbols, result, target, options);
    tape.gradients?.checkCap(plan, tape, cap, options);
    checkCap(plan, cap);
    return plan;
  };
}

/** What plans and kernels know of a device. */
export const targetOf = ({ adapter, device, subgroupSize, maxBinding, tuning }: Gpu): Target => ({
  kind: adapter.kind,
  hasF16: device.features.has('shader-f16'),
  subgroupSize,
  maxBinding,
  tuned: (family, shape) => tunedVariants(tuning.entries, family, shape),
});

/**
 * Traces, compiles and runs `f` once on given values, and reads all its outputs. For trying an op
 * in a few lines.
 */
export async function evaluate<
  const I extends Readonly<
    Record<string, { shape: Shape; values: ArrayLike<number>; dtype?: DType }>
  >,
  O extends Readonly<Record<string, Tensor>>,
>(gpu: Gpu, f: (inputs: Traced<I>) => O, inputs: I, options?: CompileOptions): Promise<Read<O>> {
  const specs = Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = 'f32' }]) => [name, { shape, dtype }]),
  );
  const values = Object.fromEntries(
    Object.entries(inputs).map(([name, given]) => [name, given.values]),
  );
  const program = await compile(gpu, f as (inputs: Traced<typeof specs>) => O, specs, options);
  try {
    const read = Object.keys(program.plan.outputs) as (keyof O & string)[];
    return (await program.run(values, { read })) as Read<O>;
  } finally {
    program.dispose();
  }
}
