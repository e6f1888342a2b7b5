/**
 * Attention with its scores in memory, made of products and passes over them. It takes any sizes.
 * Heads come a few at a time, and the rows of very long ones, so that scores are never more than
 * {@link MOST_SCORES}.
 */

import type { Stage } from '../../kernels/chain.ts';
import { copy, stridesOf } from '../../kernels/layout.ts';
import { type Operand, type Shape, view } from '../../kernels/tensor.ts';
import type { Lowering } from '../trace.ts';
import { runStages } from './elementwise.ts';
import { runMatmul } from './matmul.ts';
import { reduceGroup } from './reduce.ts';

/** Scores that are in memory at once: 32 MiB. */
const MOST_SCORES = 2 ** 23;
/** Scores of hidden keys, and the least that the largest score of a row counts as. */
const HIDDEN = -1e30;
const FLOOR = -5e29;

interface Attributes {
  readonly scale: number;
  readonly masked: boolean;
}
type Operands<Name extends string> = Readonly<Record<Name, Operand>>;

/** Some heads, counted through the batch, and some of their rows. */
interface Part {
  readonly head: number;
  readonly heads: number;
  readonly row: number;
  readonly rows: number;
  readonly keys: number;
}

/** o [batch, heads, tokens, size], tops and logs [batch, heads, tokens]. */
export function materialised(
  context: Lowering,
  { q, k, v, mask, o, tops, logs }: Operands<'q' | 'k' | 'v' | 'mask' | 'o' | 'tops' | 'logs'>,
  attributes: Attributes,
): void {
  const { run, scratch } = context;
  for (const part of partsOf(context, q, k)) {
    const { heads, rows, keys } = part;
    const [a, b, c] = [rowsOf(context, q, part), whole(context, k, part), whole(context, v, part)];
    const s = scratch('scores', [heads, rows, keys]);
    const hiding: Stage[] = attributes.masked
      ? [full('add', maskOf(context, mask, q, part)), constant('max', HIDDEN)]
      : [];
    const stages = [constant('mul', attributes.scale), ...hiding];
    product(context, a, b, s, { transposeB: true, stages });

    const [top, sum] = [scratch('maxima', [heads * rows]), scratch('sums', [heads * rows])];
    reduceGroup(context, 'max', s, top, heads * rows, keys, 1);
    const rowTops = rowsTo(context, perRow(tops), part);
    const m = view(rowTops.rows, top.shape);
    runStages({ run }, top, m, [constant('max', FLOOR)]);
    rowTops.done();
    const p = scratch('probabilities', s.shape);
    runStages({ run }, s, p, [column('sub', m), { op: 'exp', kind: 'none' }]);
    reduceGroup(context, 'sum', p, sum, heads * rows, keys, 1);
    // The sum is at least 1, or there is no key.
    const l = scratch('sums', sum.shape);
    runStages({ run }, sum, l, [constant('max', 0.5)]);

    const to = rowsTo(context, o, part);
    product(context, p, c, to.rows, { stages: [column('div', l)] });
    to.done();
    const rowLogs = rowsTo(context, perRow(logs), part);
    runStages({ run }, l, view(rowLogs.rows, l.shape), [{ op: 'log', kind: 'none' }]);
    rowLogs.done();
  }
}

type Backward = 'q' | 'k' | 'v' | 'mask' | 'o' | 'tops' | 'logs' | 'd_o' | 'dq' | 'dk' | 'dv';

/** dq, dk and dv, with p = exp(s - tops - logs) and ds = p (do vᵀ - delta), delta = Σ do o. */
export function materialisedBackward(
  context: Lowering,
  { q, k, v, mask, o, tops, logs, d_o, dq, dk, dv }: Operands<Backward>,
  { scale, masked }: Attributes,
): void {
  const { run, scratch } = context;
  for (const part of partsOf(context, q, k)) {
    const { heads, rows, keys } = part;
    const [a, b, c] = [rowsOf(context, q, part), whole(context, k, part), whole(context, v, part)];
    const d = rowsOf(context, d_o, part);
    const dots = scratch('do o', d.shape);
    runStages({ run }, d, dots, [full('mul', rowsOf(context, o, part))]);
    const delta = scratch('delta', [heads * rows]);
    reduceGroup(context, 'sum', dots, delta, heads * rows, d.shape[2]!, 1);
    const ofRows = (t: Operand) => view(rowsOf(context, perRow(t), part), [heads * rows]);

    const p = scratch('probabilities', [heads, rows, keys]);
    if (masked) {
      // A product takes four stages, and scores in memory once more would be too many.
      const lse = scratch('log-sum-exp', [heads * rows]);
      runStages({ run }, ofRows(tops), lse, [full('add', ofRows(logs))]);
      const hiding = full('add', maskOf(context, mask, q, part));
      const stages: Stage[] = [constant('mul', scale), hiding, column('sub', lse)];
      const exponential: Stage = { op: 'exp', kind: 'none' };
      product(context, a, b, p, { transposeB: true, stages: [...stages, exponential] });
    } else {
      const relative = [column('sub', ofRows(tops)), column('sub', ofRows(logs))];
      const stages: Stage[] = [constant('mul', scale), ...relative, { op: 'exp', kind: 'none' }];
      product(context, a, b, p, { transposeB: true, stages });
    }
    const ds = scratch('gradients of scores', p.shape);
    const toDs = [column('sub', delta), full('mul', p), constant('mul', scale)];
    product(context, d, c, ds, { transposeB: true, stages: toDs });

    const to = rowsTo(context, dq, part);
    product(context, ds, b, to.rows, {});
    to.done();
    // The rows of a head come one part after another.
    const more = { transposeA: true, accumulate: part.row > 0 };
    const [keysTo, valuesTo] = [wholeTo(context, dk, part), wholeTo(context, dv, part)];
    product(context, ds, a, keysTo.rows, more);
    product(context, p, d, valuesTo.rows, more);
    keysTo.done();
    valuesTo.done();
  }
}

const constant = (op: Stage['op'], value: number): Stage => ({
  op,
  kind: 'constant',
  constant: value,
});
const full = (op: Stage['op'], operand: Operand): Stage => ({ op, kind: 'full', operand });
const column = (op: Stage['op'], operand: Operand): Stage => ({ op, kind: 'column', operand });

/** A number of each row, as a tensor of rows. */
const perRow = (t: Operand) => view(t, [...t.shape, 1]);

/** The parts of a call: some heads each, or some rows of one where its scores are too many. */
function partsOf({ target }: Lowering, q: Operand, k: Operand): Part[] {
  const [batch, heads, tokens] = q.shape as [number, number, number];
  const keys = k.shape[2]!;
  const all = batch * heads;
  const most = Math.min(MOST_SCORES, Math.floor(target.maxBinding / 4));
  const together = Math.floor(most / (tokens * keys));
  if (together < 1) {
    const rows = inSixtyFours(Math.max(1, Math.floor(most / keys)));
    return Array.from({ length: all }, (_, head) =>
      Array.from({ length: Math.ceil(tokens / rows) }, (_, i) => {
        const row = i * rows;
        return { head, heads: 1, row, rows: Math.min(rows, tokens - row), keys };
      }),
    ).flat();
  }
  const count = inSixtyFours(together);
  return Array.from({ length: Math.ceil(all / count) }, (_, i) => {
    const head = i * count;
    return { head, heads: Math.min(count, all - head), row: 0, rows: tokens, keys };
  });
}

/** After so many rows or heads a binding may begin, if there are that many. */
const inSixtyFours = (count: number) => (count > 64 ? count - (count % 64) : count);

/** Where the rows of a part lie in [batch, heads, tokens, columns]. */
function boxOf({ shape }: Operand, { head, heads, row, rows }: Part) {
  const [, , tokens, columns] = shape as [number, number, number, number];
  const box = [heads, rows, columns];
  const first = (head * tokens + row) * columns;
  return { box, x: { first, strides: [tokens * columns, columns, 1] } };
}

/** Rows of a part where they lie, if a binding may begin there. */
function inPlace(t: Operand, part: Part): Operand | undefined {
  const { box, x } = boxOf(t, part);
  const together = part.heads === 1 || part.rows === t.shape[2];
  const aligned = (t.offset + x.first) % 64 === 0;
  return together && aligned ? { ...t, offset: t.offset + x.first, shape: box } : undefined;
}

/** [heads, rows, columns] of a part, copied where a binding cannot begin. */
function rowsOf({ target, scratch, emit }: Lowering, t: Operand, part: Part): Operand {
  const found = inPlace(t, part);
  if (found) return found;
  const { box, x } = boxOf(t, part);
  const y = scratch('rows', box);
  emit(copy(target, { x: t, y }, { shape: box, x, y: { first: 0, strides: stridesOf(box) } }));
  return y;
}

/** Where to write the same, and what to do then. */
function rowsTo({ target, scratch, emit }: Lowering, t: Operand, part: Part) {
  const found = inPlace(t, part);
  if (found) return { rows: found, done: () => {} };
  const { box, x: lies } = boxOf(t, part);
  const rows = scratch('rows', box);
  const packed = { first: 0, strides: stridesOf(box) };
  const done = () => emit(copy(target, { x: rows, y: t }, { shape: box, x: packed, y: lies }));
  return { rows, done };
}

/** The same for all rows, as those of k and v are. */
const allRows = (t: Operand, part: Part): Part => ({ ...part, row: 0, rows: t.shape[2]! });
const whole = (context: Lowering, t: Operand, part: Part) => rowsOf(context, t, allRows(t, part));
function wholeTo(context: Lowering, t: Operand, part: Part) {
  const all = allRows(t, part);
  // Parts after the first add to what is there.
  if (part.row > 0 && !inPlace(t, all)) {
    const rows = rowsOf(context, t, all);
    const { box, x } = boxOf(t, all);
    const packed = { first: 0, strides: stridesOf(box) };
    const { target, emit } = context;
    return {
      rows,
      done: () => emit(copy(target, { x: rows, y: t }, { shape: box, x: packed, y: x })),
    };
  }
  return rowsTo(context, t, all);
}

/** The mask as [heads, rows, keys] of a part. */
function maskOf({ target, scratch, emit }: Lowering, mask: Operand, q: Operand, part: Part) {
  const [batch, heads, tokens, keys] = mask.shape as [number, number, number, number];
  const y = scratch('mask', [part.heads, part.rows, keys]);
  const perHead = heads === 1 ? 0 : tokens * keys;
  const perBatch = batch === 1 ? 0 : heads * tokens * keys;
  const perRow = tokens === 1 ? 0 : keys;
  // From head to head the mask lies evenly within an image, or everywhere if it is the same there.
  const even = perBatch === heads * perHead ? part.heads : 0;
  for (let at = 0; at < part.heads; ) {
    const head = part.head + at;
    const [image, within] = [Math.floor(head / q.shape[1]!), head % q.shape[1]!];
    const count = even || Math.min(part.heads - at, q.shape[1]! - within);
    const x = {
      first: image * perBatch + within * perHead + part.row * perRow,
      strides: [perHead, perRow, 1],
    };
    const shape: Shape = [count, part.rows, keys];
    const first = at * part.rows * keys;
    emit(copy(target, { x: mask, y }, { shape, x, y: { first, strides: stridesOf(shape) } }));
    at += count;
  }
  return y;
}

/** A product of the matrices of each head, as one where there is one. */
function product(
  context: Lowering,
  a: Operand,
  b: Operand,
  y: Operand,
  options: {
    transposeA?: boolean;
    transposeB?: boolean;
    accumulate?: boolean;
    stages?: readonly Stage[];
  },
) {
  const flat = (t: Operand) => (t.shape[0] === 1 ? view(t, t.shape.slice(1)) : t);
  const to = flat(y);
  const stages = (options.stages ?? []).map((stage) =>
    stage.kind === 'full'
      ? { ...stage, operand: view(stage.operand!, to.shape) }
      : stage.kind === 'column'
        ? { ...stage, operand: view(stage.operand!, to.shape.slice(0, -1)) }
        : stage,
  );
  const given = { transposeA: false, transposeB: false, accumulate: false, ...options, stages };
  runMatmul(context, { a: flat(a), b: flat(b), y: to }, given);
}
