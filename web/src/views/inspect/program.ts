/** A plan as people look at it: its dispatches, and its memory from the first of them to the last. */

import type { Plan, PlannedDispatch } from 'kinegrad';
import { kinds, opCodes } from '../../../../src/kernels/chain.ts';

export interface Row {
  readonly index: number;
  /** Whether it runs before the first step only, and again when variables have changed. */
  readonly once: boolean;
  readonly op: string;
  /** The WGSL file. */
  readonly file: string;
  /** The elementwise operations that are fused into it, in order. */
  readonly stages: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly groups: string;
  /** What it cannot avoid to move, and to compute. */
  readonly bytes: number;
  readonly flops: number;
  readonly dispatch: PlannedDispatch;
}

/** Every dispatch in the order in which they run: first what runs once, then the step. */
const all = ({ preparation, dispatches }: Plan) => [...preparation, ...dispatches];

export const rowsOf = (plan: Plan): Row[] =>
  all(plan).map((dispatch, index) => {
    const { kernel, operands, op, groups, cost } = dispatch;
    const named = (writes: boolean) =>
      kernel.storage
        .filter((storage) => storage.writes === writes && isUsed(dispatch, storage.name))
        .map(({ name }) => `${name} ${shape(operands[name]!.shape)}`);
    return {
      index,
      once: index < plan.preparation.length,
      op,
      file: kernel.file,
      stages: stagesOf(dispatch),
      reads: named(false),
      writes: named(true),
      groups: groups.join(' × ').replace(/( × 1)+$/, ''),
      bytes: cost.bytes,
      flops: cost.flops,
      dispatch,
    };
  });

const TENSORS: readonly number[] = [kinds.full, kinds.row, kinds.column, kinds.scalar];

/** Operands of stages that take no tensor are bound to something, since WGSL must have it. */
function isUsed({ operands, overrides }: PlannedDispatch, name: string): boolean {
  const stage = /^e(\d)$/.exec(name)?.[1];
  return name in operands && (!stage || TENSORS.includes(overrides[`KIND_${stage}`] ?? kinds.none));
}

const stageNames = new Map<number, string>(
  Object.entries(opCodes).map(([name, code]) => [code, name]),
);

function stagesOf({ overrides }: PlannedDispatch): string[] {
  const codes = Array.from({ length: 6 }, (_, i) => overrides[`OP_${i}`] ?? 0);
  return codes.flatMap((code) => stageNames.get(code) ?? []);
}

const shape = (of: readonly number[]) => (of.length > 0 ? `[${of.join(', ')}]` : 'scalar');

/** A tensor in a block, from the dispatch that writes it first to the last that reads it. */
export interface Tenant {
  readonly name: string;
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
}

export interface MemoryMap {
  /** Buffers of scratch memory, largest first, each with what lies in it one after another. */
  readonly blocks: readonly { readonly bytes: number; readonly tenants: readonly Tenant[] }[];
  /** Scratch bytes that hold something, during each dispatch. */
  readonly live: readonly number[];
  /** What lies there all the time, by kind. */
  readonly lasting: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly what: string;
  }[];
  /** Bytes of all blocks, and what it would be if no two tensors shared one. */
  readonly scratch: number;
  readonly unshared: number;
  /** Everything, as the plan counts it, and variables. */
  readonly total: number;
}

export function memoryOf(plan: Plan): MemoryMap {
  const dispatches = all(plan);
  const spans = new Map<object, { first: number; last: number }>();
  dispatches.forEach(({ operands }, i) => {
    for (const { memory } of Object.values(operands)) {
      const span = spans.get(memory);
      if (span) span.last = i;
      else spans.set(memory, { first: i, last: i });
    }
  });
  const blocks = plan.blocks
    .map(({ size, holds }) => ({
      bytes: 4 * size,
      tenants: holds.map((memory) => ({
        name: memory.name,
        bytes: 4 * memory.size,
        ...spans.get(memory)!,
      })),
    }))
    .toSorted((a, b) => b.bytes - a.bytes);
  const tenants = blocks.flatMap((block) => block.tenants);
  const live = dispatches.map((_, i) =>
    tenants.reduce((sum, { bytes, first, last }) => sum + (first <= i && i <= last ? bytes : 0), 0),
  );
  const known = new Map<object, { name: string; what: string }>();
  for (const memory of plan.constants.keys())
    known.set(memory, { name: 'values', what: 'constant' });
  for (const [name, { operand }] of Object.entries(plan.inputs))
    known.set(operand.memory, { name, what: 'input' });
  for (const [name, { operand }] of Object.entries(plan.outputs))
    known.set(operand.memory, { name, what: 'output' });
  const own = new Map<string, { name: string; what: string; bytes: number }>();
  for (const memory of plan.lasting) {
    const one = { name: memory.name, what: 'kept for later dispatches', ...known.get(memory) };
    const key = `${one.name}, ${one.what}`;
    own.set(key, { ...one, bytes: 4 * memory.size + (own.get(key)?.bytes ?? 0) });
  }
  const slabs = plan.sets.flatMap((set) =>
    set.slabs.map((size, slab) => ({
      name: `${set.name}${set.slabs.length > 1 ? `, slab ${slab}` : ''}`,
      bytes: 4 * size,
      what: `${set.variables.filter((v) => v.slab === slab).length} variables`,
    })),
  );
  const sum = (some: readonly { bytes: number }[]) => some.reduce((n, { bytes }) => n + bytes, 0);
  return {
    blocks,
    live,
    lasting: [...slabs, ...own.values()].toSorted((a, b) => b.bytes - a.bytes),
    scratch: sum(blocks),
    unshared: sum(tenants),
    total: plan.bytes + sum(slabs),
  };
}
