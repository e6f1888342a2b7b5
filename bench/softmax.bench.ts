/**
 * Times softmax and its gradient: `node scripts/run.mjs bench/softmax.bench.ts [WIDTH ...]`
 *
 * A run also costs the host: encoding, a submit, a wait. So each op is compiled as a chain of one
 * call and as a chain of many, and the time of a call is the difference of the two runs by the
 * difference of their lengths.
 */

import { openGpu } from '../src/gpu/gpu.ts';
import { mul } from '../src/graph/ops/elementwise.ts';
import { compile } from '../src/graph/program.ts';
import { call1, op, type Tensor } from '../src/graph/trace.ts';
import { kernel } from '../src/kernels/kernel.ts';
import { softmax, softmaxBackward } from '../src/kernels/softmax.ts';
import { matrix, type Shape, sizeOf } from '../src/kernels/tensor.ts';

/** Attention between 17 joints (32 poses of 8 heads), and rows that are longer and fewer. */
const SHAPES: readonly Shape[] = [
  [32 * 8 * 17, 17],
  [1024, 256],
  [64, 4096],
];
const SAMPLES = 15;
/** The long chain takes this much longer than one call, seconds, unless it would be too long. */
const LONGER = 40e-3;
const LONGEST = 500;

/** The ops of the engine, with as many threads a workgroup as wanted. */
function variants(WIDTH: number) {
  const overrides = () => ({ WIDTH });
  const forward = kernel<'x', 'y'>(softmax.file, { ...softmax.spec, overrides });
  const backward = kernel<'y' | 'dy', 'dx'>(softmaxBackward.file, {
    ...softmaxBackward.spec,
    overrides,
  });
  const forwardOp = op('softmax', {
    shape: ([x]) => [x!],
    lower: ({ inputs: [x], outputs: [y], run }) =>
      run(forward, { x: matrix(x!), y: matrix(y!) }, undefined),
  });
  const backwardOp = op('softmaxBackward', {
    shape: ([y]) => [y!],
    lower: ({ inputs: [y, dy], outputs: [dx], run }) =>
      run(backward, { y: matrix(y!), dy: matrix(dy!), dx: matrix(dx!) }, undefined),
  });
  return {
    forward: (x: Tensor) => call1(forwardOp, [x], undefined),
    backward: (y: Tensor, dy: Tensor) => call1(backwardOp, [y, dy], undefined),
  };
}

const gpu = await openGpu();
const { name, driver } = gpu.adapter;
console.log(`${name}, ${driver}, ${process.platform} ${process.arch}`);
console.log(`Microseconds a call: median of ${SAMPLES} (and the range of their middle half)\n`);
print('rows x columns', 'WIDTH', 'forward', 'GB/s', 'backward', 'GB/s', 'furthest from f64');
print('---', '---:', '---:', '---:', '---:', '---:', '---:');

const widths = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [1, 8, 64, 256];
for (const shape of SHAPES) {
  const copy = await chains(shape, (x) => mul(x, 1), { x: ones(shape) });
  const rows = [];
  for (const width of widths) {
    const { forward, backward } = variants(width);
    const error = await furthest(shape, forward, backward);
    const there = await chains(shape, forward, { x: waves(shape) });
    // With y = 1 and a dy whose rows sum to 0, dx = dy: the values of a long chain neither grow
    // nor vanish.
    const chained = { x: balanced(shape), y: ones(shape) };
    const back = await chains(shape, (dy, y) => backward(y!, dy), chained);
    rows.push({ width, there, back, error });
  }
  // In turn, so that a busy moment of the machine falls on all of them.
  const all = [copy, ...rows.flatMap(({ there, back }) => [there, back])];
  for (let i = 0; i < SAMPLES; i++) for (const each of all) await each.sample();
  const size = shape.join(' x ');
  print(size, 'a copy', ...cells(copy), '', '', '');
  for (const { width, there, back, error } of rows)
    print(size, width, ...cells(there), ...cells(back), error.toExponential(0));
  for (const { dispose } of all) dispose();
}
gpu.close();

function print(...cells: (string | number)[]) {
  console.log(`| ${cells.join(' | ')} |`);
}

interface Chains {
  /** Bytes that a call cannot avoid. */
  readonly bytes: number;
  /** Seconds a call, one for each sample. */
  readonly times: number[];
  sample(): Promise<void>;
  dispose(): void;
}

/** The op x <- f(x, y), called once and called many times. */
async function chains(
  shape: Shape,
  f: (x: Tensor, y?: Tensor) => Tensor,
  values: { x: Float32Array; y?: Float32Array },
): Promise<Chains> {
  const specs = Object.fromEntries(Object.keys(values).map((key) => [key, shape]));
  const chain = async (length: number) => {
    const calls = ({ x, y }: Record<string, Tensor>) => {
      let out = x!;
      for (let i = 0; i < length; i++) out = f(out, y);
      return { out };
    };
    const program = await compile(gpu, calls, specs, { fuse: false });
    const time = async () => {
      const start = performance.now();
      await program.run(values);
      await program.done();
      return (performance.now() - start) / 1e3;
    };
    await time();
    return { program, time };
  };
  const short = await chain(1);
  const more = Math.min(Math.ceil(LONGER / (await short.time())), LONGEST);
  const long = await chain(1 + more);
  const times: number[] = [];
  return {
    bytes: short.program.plan.dispatches[0]!.cost.bytes,
    times,
    sample: async () => {
      const less = await short.time();
      times.push(((await long.time()) - less) / more);
    },
    dispose: () => {
      for (const { program } of [short, long]) program.dispose();
    },
  };
}

/** The median, with the range of the middle half, and what it makes of the bytes. */
function cells({ times, bytes }: Chains): [microseconds: string, gigabytesPerSecond: string] {
  const sorted = times.toSorted((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((q) => sorted[Math.round(q * (SAMPLES - 1))]!);
  const us = (seconds: number | undefined) => (1e6 * seconds!).toFixed(0);
  return [`${us(median)} (${us(low)} - ${us(high)})`, (bytes / median! / 1e9).toFixed(3)];
}

/** The largest difference of y and dx to f64. */
async function furthest(
  shape: Shape,
  forward: (x: Tensor) => Tensor,
  backward: (y: Tensor, dy: Tensor) => Tensor,
) {
  const program = await compile(
    gpu,
    ({ x, dy }) => {
      const y = forward(x);
      return { y, dx: backward(y, dy) };
    },
    { x: shape, dy: shape },
  );
  const x = waves(shape);
  const dy = balanced(shape);
  const got = await program.run({ x, dy }, { read: ['y', 'dx'] });
  program.dispose();
  const columns = shape[1]!;
  let worst = 0;
  const compare = (value: number, expected: number) => {
    // NaN is further off than anything.
    const error = Math.abs(value - expected);
    if (!(error <= worst)) worst = error;
  };
  for (let row = 0; row < x.length; row += columns) {
    const logits = [...x.subarray(row, row + columns)];
    const top = Math.max(...logits);
    const powers = logits.map((v) => Math.exp(v - top));
    const sum = powers.reduce((a, b) => a + b);
    const y = powers.map((p) => p / sum);
    const dot = y.reduce((s, v, c) => s + v * dy[row + c]!, 0);
    y.forEach((v, c) => {
      compare(got.y[row + c]!, v);
      compare(got.dx[row + c]!, v * (dy[row + c]! - dot));
    });
  }
  if (!(worst < 1e-6)) throw new Error(`softmax is off by ${worst}: its time means nothing`);
  return worst;
}

function ones(shape: Shape) {
  return new Float32Array(sizeOf(shape)).fill(1);
}

/** Logits between -3 and 3. */
function waves(shape: Shape) {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => 3 * Math.sin(i * i));
}

/** 1 and -1 in turn, and 0 at the end of a row of odd length: each row sums to 0. */
function balanced(shape: Shape) {
  const columns = shape[1]!;
  const last = columns - 1;
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) => {
    const c = i % columns;
    return columns % 2 && c === last ? 0 : c % 2 ? -1 : 1;
  });
}
