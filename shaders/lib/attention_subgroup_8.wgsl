// Tiles of scores in the registers of a subgroup of 8 lanes: 32 rows, which all lanes share, by four own rows of each lane.
//
// Lane i loads four of the shared rows, and each is broadcast to all lanes, where it meets their own rows: no barrier, and four
// loads a lane feed 32 rows of sixteen multiply-adds. Whatever belongs to an own row, its maximum and its sum, stays in its lane.
//
// The lane of a broadcast must be a constant expression, and values in an indexed array would live in memory: so products are
// written out. What is done to each score is written for eight rows, and the tile turns by as many at each step of a loop: written out for
// all, exponentials alone would take longer to compile than the products.

const LANES = 8u;
const ROWS = 4 * LANES;                        // shared rows of a tile, and own rows of a workgroup

// The i-th has the four values of one shared row, one for each own row of the lane.
struct Rows {
  r0: vec4f, r1: vec4f, r2: vec4f, r3: vec4f, r4: vec4f, r5: vec4f, r6: vec4f, r7: vec4f,
}
// 32 rows, from a to d.
struct Tile { a: Rows, b: Rows, c: Rows, d: Rows }

// The tile with other values for its first rows, and those last. Four turns bring each row back to its place.
fn turn(t: Tile, first: Rows) -> Tile { return Tile(t.b, t.c, t.d, first); }

// Adds the products of shared and own rows along four more columns. The j-th column of `mine` is a quad of shared row 4 lane + j;
// the j-th column of `own` has column j of the own rows.
fn add_products(t: ptr<function, Tile>, mine: mat4x4f, own: mat4x4f) {
  (*t).a.r0 += own * subgroupBroadcast(mine[0], 0u);
  (*t).a.r1 += own * subgroupBroadcast(mine[1], 0u);
  (*t).a.r2 += own * subgroupBroadcast(mine[2], 0u);
  (*t).a.r3 += own * subgroupBroadcast(mine[3], 0u);
  (*t).a.r4 += own * subgroupBroadcast(mine[0], 1u);
  (*t).a.r5 += own * subgroupBroadcast(mine[1], 1u);
  (*t).a.r6 += own * subgroupBroadcast(mine[2], 1u);
  (*t).a.r7 += own * subgroupBroadcast(mine[3], 1u);
  (*t).b.r0 += own * subgroupBroadcast(mine[0], 2u);
  (*t).b.r1 += own * subgroupBroadcast(mine[1], 2u);
  (*t).b.r2 += own * subgroupBroadcast(mine[2], 2u);
  (*t).b.r3 += own * subgroupBroadcast(mine[3], 2u);
  (*t).b.r4 += own * subgroupBroadcast(mine[0], 3u);
  (*t).b.r5 += own * subgroupBroadcast(mine[1], 3u);
  (*t).b.r6 += own * subgroupBroadcast(mine[2], 3u);
  (*t).b.r7 += own * subgroupBroadcast(mine[3], 3u);
  (*t).c.r0 += own * subgroupBroadcast(mine[0], 4u);
  (*t).c.r1 += own * subgroupBroadcast(mine[1], 4u);
  (*t).c.r2 += own * subgroupBroadcast(mine[2], 4u);
  (*t).c.r3 += own * subgroupBroadcast(mine[3], 4u);
  (*t).c.r4 += own * subgroupBroadcast(mine[0], 5u);
  (*t).c.r5 += own * subgroupBroadcast(mine[1], 5u);
  (*t).c.r6 += own * subgroupBroadcast(mine[2], 5u);
  (*t).c.r7 += own * subgroupBroadcast(mine[3], 5u);
  (*t).d.r0 += own * subgroupBroadcast(mine[0], 6u);
  (*t).d.r1 += own * subgroupBroadcast(mine[1], 6u);
  (*t).d.r2 += own * subgroupBroadcast(mine[2], 6u);
  (*t).d.r3 += own * subgroupBroadcast(mine[3], 6u);
  (*t).d.r4 += own * subgroupBroadcast(mine[0], 7u);
  (*t).d.r5 += own * subgroupBroadcast(mine[1], 7u);
  (*t).d.r6 += own * subgroupBroadcast(mine[2], 7u);
  (*t).d.r7 += own * subgroupBroadcast(mine[3], 7u);
}

// The sum of shared rows, each times its value in the tile: the j-th column is column j for each own row.
fn mix(t: ptr<function, Tile>, mine: mat4x4f) -> mat4x4f {
  var a = vec4f(); var b = vec4f(); var c = vec4f(); var d = vec4f();
  let r0 = subgroupBroadcast(mine[0], 0u);
  a += (*t).a.r0 * r0.x; b += (*t).a.r0 * r0.y; c += (*t).a.r0 * r0.z; d += (*t).a.r0 * r0.w;
  let r1 = subgroupBroadcast(mine[1], 0u);
  a += (*t).a.r1 * r1.x; b += (*t).a.r1 * r1.y; c += (*t).a.r1 * r1.z; d += (*t).a.r1 * r1.w;
  let r2 = subgroupBroadcast(mine[2], 0u);
  a += (*t).a.r2 * r2.x; b += (*t).a.r2 * r2.y; c += (*t).a.r2 * r2.z; d += (*t).a.r2 * r2.w;
  let r3 = subgroupBroadcast(mine[3], 0u);
  a += (*t).a.r3 * r3.x; b += (*t).a.r3 * r3.y; c += (*t).a.r3 * r3.z; d += (*t).a.r3 * r3.w;
  let r4 = subgroupBroadcast(mine[0], 1u);
  a += (*t).a.r4 * r4.x; b += (*t).a.r4 * r4.y; c += (*t).a.r4 * r4.z; d += (*t).a.r4 * r4.w;
  let r5 = subgroupBroadcast(mine[1], 1u);
  a += (*t).a.r5 * r5.x; b += (*t).a.r5 * r5.y; c += (*t).a.r5 * r5.z; d += (*t).a.r5 * r5.w;
  let r6 = subgroupBroadcast(mine[2], 1u);
  a += (*t).a.r6 * r6.x; b += (*t).a.r6 * r6.y; c += (*t).a.r6 * r6.z; d += (*t).a.r6 * r6.w;
  let r7 = subgroupBroadcast(mine[3], 1u);
  a += (*t).a.r7 * r7.x; b += (*t).a.r7 * r7.y; c += (*t).a.r7 * r7.z; d += (*t).a.r7 * r7.w;
  let r8 = subgroupBroadcast(mine[0], 2u);
  a += (*t).b.r0 * r8.x; b += (*t).b.r0 * r8.y; c += (*t).b.r0 * r8.z; d += (*t).b.r0 * r8.w;
  let r9 = subgroupBroadcast(mine[1], 2u);
  a += (*t).b.r1 * r9.x; b += (*t).b.r1 * r9.y; c += (*t).b.r1 * r9.z; d += (*t).b.r1 * r9.w;
  let r10 = subgroupBroadcast(mine[2], 2u);
  a += (*t).b.r2 * r10.x; b += (*t).b.r2 * r10.y; c += (*t).b.r2 * r10.z; d += (*t).b.r2 * r10.w;
  let r11 = subgroupBroadcast(mine[3], 2u);
  a += (*t).b.r3 * r11.x; b += (*t).b.r3 * r11.y; c += (*t).b.r3 * r11.z; d += (*t).b.r3 * r11.w;
  let r12 = subgroupBroadcast(mine[0], 3u);
  a += (*t).b.r4 * r12.x; b += (*t).b.r4 * r12.y; c += (*t).b.r4 * r12.z; d += (*t).b.r4 * r12.w;
  let r13 = subgroupBroadcast(mine[1], 3u);
  a += (*t).b.r5 * r13.x; b += (*t).b.r5 * r13.y; c += (*t).b.r5 * r13.z; d += (*t).b.r5 * r13.w;
  let r14 = subgroupBroadcast(mine[2], 3u);
  a += (*t).b.r6 * r14.x; b += (*t).b.r6 * r14.y; c += (*t).b.r6 * r14.z; d += (*t).b.r6 * r14.w;
  let r15 = subgroupBroadcast(mine[3], 3u);
  a += (*t).b.r7 * r15.x; b += (*t).b.r7 * r15.y; c += (*t).b.r7 * r15.z; d += (*t).b.r7 * r15.w;
  let r16 = subgroupBroadcast(mine[0], 4u);
  a += (*t).c.r0 * r16.x; b += (*t).c.r0 * r16.y; c += (*t).c.r0 * r16.z; d += (*t).c.r0 * r16.w;
  let r17 = subgroupBroadcast(mine[1], 4u);
  a += (*t).c.r1 * r17.x; b += (*t).c.r1 * r17.y; c += (*t).c.r1 * r17.z; d += (*t).c.r1 * r17.w;
  let r18 = subgroupBroadcast(mine[2], 4u);
  a += (*t).c.r2 * r18.x; b += (*t).c.r2 * r18.y; c += (*t).c.r2 * r18.z; d += (*t).c.r2 * r18.w;
  let r19 = subgroupBroadcast(mine[3], 4u);
  a += (*t).c.r3 * r19.x; b += (*t).c.r3 * r19.y; c += (*t).c.r3 * r19.z; d += (*t).c.r3 * r19.w;
  let r20 = subgroupBroadcast(mine[0], 5u);
  a += (*t).c.r4 * r20.x; b += (*t).c.r4 * r20.y; c += (*t).c.r4 * r20.z; d += (*t).c.r4 * r20.w;
  let r21 = subgroupBroadcast(mine[1], 5u);
  a += (*t).c.r5 * r21.x; b += (*t).c.r5 * r21.y; c += (*t).c.r5 * r21.z; d += (*t).c.r5 * r21.w;
  let r22 = subgroupBroadcast(mine[2], 5u);
  a += (*t).c.r6 * r22.x; b += (*t).c.r6 * r22.y; c += (*t).c.r6 * r22.z; d += (*t).c.r6 * r22.w;
  let r23 = subgroupBroadcast(mine[3], 5u);
  a += (*t).c.r7 * r23.x; b += (*t).c.r7 * r23.y; c += (*t).c.r7 * r23.z; d += (*t).c.r7 * r23.w;
  let r24 = subgroupBroadcast(mine[0], 6u);
  a += (*t).d.r0 * r24.x; b += (*t).d.r0 * r24.y; c += (*t).d.r0 * r24.z; d += (*t).d.r0 * r24.w;
  let r25 = subgroupBroadcast(mine[1], 6u);
  a += (*t).d.r1 * r25.x; b += (*t).d.r1 * r25.y; c += (*t).d.r1 * r25.z; d += (*t).d.r1 * r25.w;
  let r26 = subgroupBroadcast(mine[2], 6u);
  a += (*t).d.r2 * r26.x; b += (*t).d.r2 * r26.y; c += (*t).d.r2 * r26.z; d += (*t).d.r2 * r26.w;
  let r27 = subgroupBroadcast(mine[3], 6u);
  a += (*t).d.r3 * r27.x; b += (*t).d.r3 * r27.y; c += (*t).d.r3 * r27.z; d += (*t).d.r3 * r27.w;
  let r28 = subgroupBroadcast(mine[0], 7u);
  a += (*t).d.r4 * r28.x; b += (*t).d.r4 * r28.y; c += (*t).d.r4 * r28.z; d += (*t).d.r4 * r28.w;
  let r29 = subgroupBroadcast(mine[1], 7u);
  a += (*t).d.r5 * r29.x; b += (*t).d.r5 * r29.y; c += (*t).d.r5 * r29.z; d += (*t).d.r5 * r29.w;
  let r30 = subgroupBroadcast(mine[2], 7u);
  a += (*t).d.r6 * r30.x; b += (*t).d.r6 * r30.y; c += (*t).d.r6 * r30.z; d += (*t).d.r6 * r30.w;
  let r31 = subgroupBroadcast(mine[3], 7u);
  a += (*t).d.r7 * r31.x; b += (*t).d.r7 * r31.y; c += (*t).d.r7 * r31.z; d += (*t).d.r7 * r31.w;
  return mat4x4f(a, b, c, d);
}

// Scores of products: scaled, with the mask, and hidden from shared row `end` on. `x` begins at shared row `row`; `index` is where
// the mask of the own rows is at shared row 0, and `step` how far it is to the next.
fn scores(x: Rows, row: u32, end: u32, index: vec4u, step: u32) -> Rows {
  var y = Rows(
    x.r0 * params.scale,
    x.r1 * params.scale,
    x.r2 * params.scale,
    x.r3 * params.scale,
    x.r4 * params.scale,
    x.r5 * params.scale,
    x.r6 * params.scale,
    x.r7 * params.scale);
  if MASKED {
    let last = min(row + LANES, end);
    for (var r = row; r < last; r++) {
      let m = masks4(index + r * step);
      y.r0 += select(vec4f(), m, r == row);
      y.r1 += select(vec4f(), m, r == row + 1);
      y.r2 += select(vec4f(), m, r == row + 2);
      y.r3 += select(vec4f(), m, r == row + 3);
      y.r4 += select(vec4f(), m, r == row + 4);
      y.r5 += select(vec4f(), m, r == row + 5);
      y.r6 += select(vec4f(), m, r == row + 6);
      y.r7 += select(vec4f(), m, r == row + 7);
    }
  }
  return Rows(
    select(y.r0, vec4f(HIDDEN), row >= end),
    select(y.r1, vec4f(HIDDEN), row + 1 >= end),
    select(y.r2, vec4f(HIDDEN), row + 2 >= end),
    select(y.r3, vec4f(HIDDEN), row + 3 >= end),
    select(y.r4, vec4f(HIDDEN), row + 4 >= end),
    select(y.r5, vec4f(HIDDEN), row + 5 >= end),
    select(y.r6, vec4f(HIDDEN), row + 6 >= end),
    select(y.r7, vec4f(HIDDEN), row + 7 >= end));
}

fn max_of(x: Rows) -> vec4f {
  return max(max(max(x.r0, x.r1), max(x.r2, x.r3)), max(max(x.r4, x.r5), max(x.r6, x.r7)));
}

fn sum_of(x: Rows) -> vec4f {
  return ((x.r0 + x.r1) + (x.r2 + x.r3)) + ((x.r4 + x.r5) + (x.r6 + x.r7));
}

// exp(x - top - log_sum), of the own rows.
fn exp_rows(x: Rows, top: vec4f, log_sum: vec4f) -> Rows {
  return Rows(
    exp(x.r0 - top - log_sum),
    exp(x.r1 - top - log_sum),
    exp(x.r2 - top - log_sum),
    exp(x.r3 - top - log_sum),
    exp(x.r4 - top - log_sum),
    exp(x.r5 - top - log_sum),
    exp(x.r6 - top - log_sum),
    exp(x.r7 - top - log_sum));
}

// p times the differences of gradients from those of their own rows.
fn times_difference(p: Rows, gradients: Rows, delta: vec4f) -> Rows {
  return Rows(
    p.r0 * (gradients.r0 - delta),
    p.r1 * (gradients.r1 - delta),
    p.r2 * (gradients.r2 - delta),
    p.r3 * (gradients.r3 - delta),
    p.r4 * (gradients.r4 - delta),
    p.r5 * (gradients.r5 - delta),
    p.r6 * (gradients.r6 - delta),
    p.r7 * (gradients.r7 - delta));
}

// The same where top, log_sum and delta belong to the shared rows: lane i has those of the i-th.
fn exp_shared(x: Rows, top: f32, log_sum: f32) -> Rows {
  return Rows(
    exp(x.r0 - subgroupBroadcast(top, 0u) - subgroupBroadcast(log_sum, 0u)),
    exp(x.r1 - subgroupBroadcast(top, 1u) - subgroupBroadcast(log_sum, 1u)),
    exp(x.r2 - subgroupBroadcast(top, 2u) - subgroupBroadcast(log_sum, 2u)),
    exp(x.r3 - subgroupBroadcast(top, 3u) - subgroupBroadcast(log_sum, 3u)),
    exp(x.r4 - subgroupBroadcast(top, 4u) - subgroupBroadcast(log_sum, 4u)),
    exp(x.r5 - subgroupBroadcast(top, 5u) - subgroupBroadcast(log_sum, 5u)),
    exp(x.r6 - subgroupBroadcast(top, 6u) - subgroupBroadcast(log_sum, 6u)),
    exp(x.r7 - subgroupBroadcast(top, 7u) - subgroupBroadcast(log_sum, 7u)));
}

fn times_difference_shared(p: Rows, gradients: Rows, delta: f32) -> Rows {
  return Rows(
    p.r0 * (gradients.r0 - subgroupBroadcast(delta, 0u)),
    p.r1 * (gradients.r1 - subgroupBroadcast(delta, 1u)),
    p.r2 * (gradients.r2 - subgroupBroadcast(delta, 2u)),
    p.r3 * (gradients.r3 - subgroupBroadcast(delta, 3u)),
    p.r4 * (gradients.r4 - subgroupBroadcast(delta, 4u)),
    p.r5 * (gradients.r5 - subgroupBroadcast(delta, 5u)),
    p.r6 * (gradients.r6 - subgroupBroadcast(delta, 6u)),
    p.r7 * (gradients.r7 - subgroupBroadcast(delta, 7u)));
}
