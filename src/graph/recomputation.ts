/** What computing segments again saves and costs, told beforehand from two plans. */

import { bytes } from '../gpu/faults.ts';
import type { Gpu } from '../gpu/gpu.ts';
import type { InputSpec, Traced } from './inputs.ts';
import type { CompileOptions } from './options.ts';
import type { Plan } from './plan.ts';
import { memoryOf, type PlanMemory } from './plan_memory.ts';
import { planOf } from './program.ts';
import type { Tensor } from './trace.ts';

export interface Recomputation {
  /** Of the program without it, and with it. */
  readonly plain: PlanMemory;
  readonly recomputed: PlanMemory;
  /** Bytes that it saves. */
  readonly saved: number;
  /** What is computed again as a share of the other work: arithmetic, and bytes read and written. */
  readonly flops: number;
  readonly traffic: number;
}

/** Plans a program both ways, as `planOf` does; nothing is compiled or allocated. */
export function recomputationOf<
  const I extends Readonly<Record<string, InputSpec>>,
  O extends Readonly<Record<string, Tensor>>,
>(
  gpu: Gpu,
  f: (inputs: Traced<I>) => O,
  inputs: I,
  { cap: _, ...options }: CompileOptions = {},
): Recomputation {
  const planned = (recompute: boolean) => planOf(gpu, f, inputs, { ...options, recompute });
  const again = planned(true);
  const [plain, recomputed] = [memoryOf(planned(false)), memoryOf(again)];
  return { plain, recomputed, saved: plain.total - recomputed.total, ...shareAgain(again) };
}

/** The work of a plan that is done a second time, as a share of the rest. */
function shareAgain({ dispatches }: Plan): Pick<Recomputation, 'flops' | 'traffic'> {
  const share = (of: 'flops' | 'bytes') => {
    const sum = (second: boolean) =>
      dispatches.reduce((s, { again, cost }) => (Boolean(again) === second ? s + cost[of] : s), 0);
    return sum(true) / Math.max(1, sum(false));
  };
  return { flops: share('flops'), traffic: share('bytes') };
}

/** In a sentence. */
export function describeRecomputation({ plain, saved, flops, traffic }: Recomputation): string {
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  return `recomputation saves ${bytes(saved)} of ${bytes(plain.total)}, for ${percent(flops)} more arithmetic and ${percent(traffic)} more reading and writing`;
}
