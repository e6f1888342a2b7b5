/** `--peers`: rows of other engines, which do the same work on the same adapter in the same run. */

import type { Cost } from '../src/kernels/kernel.ts';
import type { AdapterReport } from '../src/platform/types.ts';
import { updateBytes } from './adamw.bench.ts';
import { loadFamilies, matches } from './families.ts';
import type { Case, Family } from './family.ts';
import { makeRow } from './measure/row.ts';
import { stepCost } from './peers/cnn_problem.ts';
import { hasShape } from './peers/ops.ts';
import { measurePeers, type PeerSamples, type Work } from './peers/peers.ts';
import { BESIDE, type Failure, type Header, type Pass, type Row } from './rows.ts';

/** Width of the lifter; batches of its training step and of its inference. */
const MODEL = { width: 1024, training: [64], inference: [1, 64, 1024] } as const;
/** The convolutional lifter: pixels of a view, percent of the full width, views of a training step. */
const VIEWS = { size: 128, width: 25, batch: 16 } as const;
/** The ops that all engines are asked for. */
type Op = Omit<Extract<Work, { kind: 'op' }>, 'kind'>;
const every = (family: Op['family'], passes: readonly Op['pass'][], shapes: Op['shape'][]): Op[] =>
  shapes.flatMap((shape) => passes.map((pass) => ({ family, pass, shape })));
/** The same at batch 1 and at batch 8. */
const atBatches = (
  family: Op['family'],
  passes: readonly Op['pass'][],
  shapes: Op['shape'][],
): Op[] =>
  [1, 8].flatMap((n) =>
    every(
      family,
      passes,
      shapes.map((shape) => [n, ...shape]),
    ),
  );
const FORWARD = ['forward'] as const;
const INPUT = ['forward', 'input gradient'] as const;
const ALL = ['forward', 'input gradient', 'weight gradient'] as const;

const OPS: readonly Op[] = [
  ...every('matmul', ALL, [[512, 512, 512]]),
  ...every('matmul', FORWARD, [
    [1024, 1024, 1024],
    [4096, 64, 64],
    [64, 1024, 1024],
  ]),
  ...every('softmax', FORWARD, [
    [8192, 17],
    [1024, 256],
  ]),
  ...atBatches('conv', ALL, [
    [64, 64, 64, 64, 3, 1, 1],
    [16, 16, 256, 256, 3, 1, 1],
    [32, 32, 128, 128, 3, 1, 6],
    [32, 32, 128, 128, 3, 1, 12],
    [32, 32, 128, 128, 3, 1, 18],
    [128, 128, 21, 32, 7, 2, 1],
  ]),
  // At batch 8 its images take as long to move as to compute.
  ...every('conv', ALL, [[1, 64, 64, 64, 256, 1, 1, 1]]),
  ...atBatches('depthwise', ALL, [
    [32, 32, 256, 3, 1, 1],
    [32, 32, 256, 5, 1, 1],
  ]),
  ...atBatches('batchNorm', INPUT, [[32, 32, 256]]),
  ...every('layerNorm', ALL, [
    [577, 768],
    [8 * 577, 768],
  ]),
  ...every('pool', INPUT, [[1, 64, 64, 64]]),
  // At batch 8 a call of the slowest takes ten seconds.
  ...every('attention', INPUT, [[1, 12, 577, 64]]),
];

export interface PeerRowOptions {
  readonly filter?: string;
  readonly shape?: readonly number[];
  readonly rounds: number;
  readonly onProgress: (text: string) => void;
}

/** Rows of all engines, in the order of the works; what an engine cannot do is a failure. */
export async function peerRows(
  adapter: AdapterReport,
  header: Omit<Header, 'seconds'>,
  options: PeerRowOptions,
): Promise<{ rows: Row[]; failures: Failure[] }> {
  const { rounds, onProgress } = options;
  const families = await loadFamilies();
  const works = worksNamed(families, options);
  const { samples, failures } = await measurePeers(adapter, works, { rounds, onProgress });
  const rows: Row[] = [];
  for (const sample of samples) rows.push(rowOf(sample, costOf(families, sample.work), header));
  return { rows, failures };
}

/** What of their work the options name. */
export const worksNamed = (
  families: readonly Family[],
  { filter = '', shape }: Pick<PeerRowOptions, 'filter' | 'shape'>,
): Work[] =>
  worksOf(shape).filter((work) => {
    const { family, pass } = namesOf(work);
    const named = matches(filter, `${family} ${pass} ${BESIDE}`);
    return named && (work.kind !== 'op' || caseOf(families, work) !== undefined);
  });

function worksOf(shape: readonly number[] | undefined): Work[] {
  const ops = shape ? distinct(OPS.map((op) => ({ ...op, shape }))) : OPS;
  const models = shape ? [] : (['training', 'inference'] as const);
  return [
    ...ops.map((op) => ({ kind: 'op', ...op }) as const).filter(hasShape),
    ...models.flatMap((pass) =>
      MODEL[pass].map(
        (batch): Work => ({ kind: 'model', model: 'martinez', pass, batch, width: MODEL.width }),
      ),
    ),
    ...(shape ? [] : [{ kind: 'views', model: 'cnn', pass: 'training', ...VIEWS } as const]),
  ];
}

const distinct = <T>(items: readonly T[]): T[] => [
  ...new Map(items.map((item) => [JSON.stringify(item), item])).values(),
];

/** Families of the bench that have another name. */
const FAMILIES: Partial<Record<Op['family'], string>> = {
  batchNorm: 'batch norm',
  layerNorm: 'layer norm',
};

function namesOf(work: Work): { family: string; pass: Pass; shape: readonly number[] } {
  if (work.kind === 'op') {
    const { family, pass, shape } = work;
    // Gradients of weights are a family of their own.
    if (family === 'conv' && pass === 'weight gradient')
      return { family: 'conv weights', pass, shape };
    return { family: FAMILIES[family] ?? family, pass, shape };
  }
  if (work.kind === 'views')
    return { family: work.model, pass: 'update', shape: [work.batch, work.size, work.width] };
  const pass = work.pass === 'training' ? 'update' : 'forward';
  return { family: work.model, pass, shape: [work.batch, work.width] };
}

function rowOf(sample: PeerSamples, cost: Cost, header: Omit<Header, 'seconds'>): Row {
  const { family, pass, shape } = namesOf(sample.work);
  const roof = [...header.bandwidth].sort(
    (a, b) => Math.abs(Math.log(a.bytes / cost.bytes)) - Math.abs(Math.log(b.bytes / cost.bytes)),
  )[0];
  return makeRow(
    {
      engine: sample.engine,
      family,
      name: BESIDE,
      pass,
      shape,
      dtype: 'f32',
      variant: sample.work.kind === 'op' ? 'chain of calls' : 'whole step',
      chosen: true,
      rounds_ms: sample.rounds_ms,
      ...cost,
      agrees: sample.agrees,
      error: sample.error,
      compile_ms: null,
      first_ms: sample.first_ms,
      files: [],
      dispatches: 0,
    },
    { gbps: roof?.gbps ?? header.copy_gbps, gflops: header.fma_gflops_f32 },
  );
}

/** The case of its family; none where the family has no such shape, as its own rows have said. */
function caseOf(families: readonly Family[], work: Work): Case | undefined {
  const { family: name, pass, shape } = namesOf(work);
  const { cases } = families.find((each) => each.name === name)!;
  const [n, h, , c] = shape as [number, number, number, number];
  const counted =
    name === 'batch norm' ? [n * h * shape[2]!, c] : name === 'pool' ? [n, h, c] : shape;
  try {
    return cases(counted).find(
      (what) =>
        what.pass === pass &&
        what.dtype !== 'f16' &&
        (name !== 'pool' || what.name?.startsWith('max 3 x 3')),
    );
  } catch {
    return undefined;
  }
}

/** What no engine can avoid: of an op by its family, of a model by its matrices. */
function costOf(families: readonly Family[], work: Work): Cost {
  if (work.kind === 'op') return caseOf(families, work)!.cost;
  if (work.kind === 'views') return stepCost(work);
  const { batch, width, pass } = work;
  const parameters = 34 * width + 4 * width ** 2 + 48 * width;
  // Forward, and twice as much backward, then the update.
  return pass === 'training'
    ? { bytes: updateBytes(parameters), flops: 6 * parameters * batch }
    : { bytes: 4 * parameters, flops: 2 * parameters * batch };
}
