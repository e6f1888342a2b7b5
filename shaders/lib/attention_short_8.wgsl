// All scores of a head of at most 24 tokens and 24 keys in the registers of a subgroup of 8 lanes: 24 rows, which all lanes
// share, by three own rows of each lane.
//
// Lane i loads rows 3i to 3i + 2 of both sides, and each shared row is broadcast to all lanes, where it meets their own rows: six loads
// a lane feed 24 rows of twelve multiply-adds. 17 joints fill half of it; tiles of 32 by 32 they would fill to 28 %.
//
// The lane of a broadcast must be a constant expression, so products are written out. What is done to each score is written for
// eight rows, and the tile turns by as many at each step of a loop.

const LANES = 8u;
const ROWS = 24u;                              // at least the tokens, and the keys

// The i-th has the three values of one shared row, one for each own row of the lane.
struct Rows {
  r0: vec3f, r1: vec3f, r2: vec3f, r3: vec3f, r4: vec3f, r5: vec3f, r6: vec3f, r7: vec3f,
}
// 24 rows, from a to c.
struct Tile { a: Rows, b: Rows, c: Rows }

// The tile with other values for its first rows, and those last. Three turns bring each row back to its place.
fn turn(t: Tile, first: Rows) -> Tile { return Tile(t.b, t.c, first); }

// Rows to go through: none where there is nothing to do.
fn end_of_rows() -> u32 { return select(0u, ROWS, params.tokens > 0); }

// A quad of three rows of q, k or v; rows beyond the last repeat it. `base` is the row where the head begins, and quads are counted
// by `c`.
fn q_rows(base: u32, row: u32, c: u32) -> mat3x4f {
  let n = params.quads;
  let at = vec3u(base) + min(vec3u(row, row + 1, row + 2), vec3u(params.tokens - 1));
  return mat3x4f(q[at.x * n + c], q[at.y * n + c], q[at.z * n + c]);
}

fn k_rows(base: u32, row: u32, c: u32) -> mat3x4f {
  let n = params.quads;
  let at = vec3u(base) + min(vec3u(row, row + 1, row + 2), vec3u(params.keys - 1));
  return mat3x4f(k[at.x * n + c], k[at.y * n + c], k[at.z * n + c]);
}

fn v_rows(base: u32, row: u32, c: u32) -> mat3x4f {
  let n = params.quads;
  let at = vec3u(base) + min(vec3u(row, row + 1, row + 2), vec3u(params.keys - 1));
  return mat3x4f(v[at.x * n + c], v[at.y * n + c], v[at.z * n + c]);
}

// Adds the products of shared and own rows along four more columns. The j-th column of `mine` is a quad of shared row 3 lane + j;
// the j-th column of `own` has column j of the own rows.
fn add_products(t: ptr<function, Tile>, mine: mat3x4f, own: mat4x3f) {
  (*t).a.r0 += own * subgroupBroadcast(mine[0], 0u);
  (*t).a.r1 += own * subgroupBroadcast(mine[1], 0u);
  (*t).a.r2 += own * subgroupBroadcast(mine[2], 0u);
  (*t).a.r3 += own * subgroupBroadcast(mine[0], 1u);
  (*t).a.r4 += own * subgroupBroadcast(mine[1], 1u);
  (*t).a.r5 += own * subgroupBroadcast(mine[2], 1u);
  (*t).a.r6 += own * subgroupBroadcast(mine[0], 2u);
  (*t).a.r7 += own * subgroupBroadcast(mine[1], 2u);
  (*t).b.r0 += own * subgroupBroadcast(mine[2], 2u);
  (*t).b.r1 += own * subgroupBroadcast(mine[0], 3u);
  (*t).b.r2 += own * subgroupBroadcast(mine[1], 3u);
  (*t).b.r3 += own * subgroupBroadcast(mine[2], 3u);
  (*t).b.r4 += own * subgroupBroadcast(mine[0], 4u);
  (*t).b.r5 += own * subgroupBroadcast(mine[1], 4u);
  (*t).b.r6 += own * subgroupBroadcast(mine[2], 4u);
  (*t).b.r7 += own * subgroupBroadcast(mine[0], 5u);
  (*t).c.r0 += own * subgroupBroadcast(mine[1], 5u);
  (*t).c.r1 += own * subgroupBroadcast(mine[2], 5u);
  (*t).c.r2 += own * subgroupBroadcast(mine[0], 6u);
  (*t).c.r3 += own * subgroupBroadcast(mine[1], 6u);
  (*t).c.r4 += own * subgroupBroadcast(mine[2], 6u);
  (*t).c.r5 += own * subgroupBroadcast(mine[0], 7u);
  (*t).c.r6 += own * subgroupBroadcast(mine[1], 7u);
  (*t).c.r7 += own * subgroupBroadcast(mine[2], 7u);
}

// The sum of shared rows, each times its value in the tile: the i-th column is the quad of own row i.
fn mix(t: ptr<function, Tile>, mine: mat3x4f) -> mat3x4f {
  var a = vec3f(); var b = vec3f(); var c = vec3f(); var d = vec3f();
  let r0 = subgroupBroadcast(mine[0], 0u);
  a += (*t).a.r0 * r0.x; b += (*t).a.r0 * r0.y; c += (*t).a.r0 * r0.z; d += (*t).a.r0 * r0.w;
  let r1 = subgroupBroadcast(mine[1], 0u);
  a += (*t).a.r1 * r1.x; b += (*t).a.r1 * r1.y; c += (*t).a.r1 * r1.z; d += (*t).a.r1 * r1.w;
  let r2 = subgroupBroadcast(mine[2], 0u);
  a += (*t).a.r2 * r2.x; b += (*t).a.r2 * r2.y; c += (*t).a.r2 * r2.z; d += (*t).a.r2 * r2.w;
  let r3 = subgroupBroadcast(mine[0], 1u);
  a += (*t).a.r3 * r3.x; b += (*t).a.r3 * r3.y; c += (*t).a.r3 * r3.z; d += (*t).a.r3 * r3.w;
  let r4 = subgroupBroadcast(mine[1], 1u);
  a += (*t).a.r4 * r4.x; b += (*t).a.r4 * r4.y; c += (*t).a.r4 * r4.z; d += (*t).a.r4 * r4.w;
  let r5 = subgroupBroadcast(mine[2], 1u);
  a += (*t).a.r5 * r5.x; b += (*t).a.r5 * r5.y; c += (*t).a.r5 * r5.z; d += (*t).a.r5 * r5.w;
  let r6 = subgroupBroadcast(mine[0], 2u);
  a += (*t).a.r6 * r6.x; b += (*t).a.r6 * r6.y; c += (*t).a.r6 * r6.z; d += (*t).a.r6 * r6.w;
  let r7 = subgroupBroadcast(mine[1], 2u);
  a += (*t).a.r7 * r7.x; b += (*t).a.r7 * r7.y; c += (*t).a.r7 * r7.z; d += (*t).a.r7 * r7.w;
  let r8 = subgroupBroadcast(mine[2], 2u);
  a += (*t).b.r0 * r8.x; b += (*t).b.r0 * r8.y; c += (*t).b.r0 * r8.z; d += (*t).b.r0 * r8.w;
  let r9 = subgroupBroadcast(mine[0], 3u);
  a += (*t).b.r1 * r9.x; b += (*t).b.r1 * r9.y; c += (*t).b.r1 * r9.z; d += (*t).b.r1 * r9.w;
  let r10 = subgroupBroadcast(mine[1], 3u);
  a += (*t).b.r2 * r10.x; b += (*t).b.r2 * r10.y; c += (*t).b.r2 * r10.z; d += (*t).b.r2 * r10.w;
  let r11 = subgroupBroadcast(mine[2], 3u);
  a += (*t).b.r3 * r11.x; b += (*t).b.r3 * r11.y; c += (*t).b.r3 * r11.z; d += (*t).b.r3 * r11.w;
  let r12 = subgroupBroadcast(mine[0], 4u);
  a += (*t).b.r4 * r12.x; b += (*t).b.r4 * r12.y; c += (*t).b.r4 * r12.z; d += (*t).b.r4 * r12.w;
  let r13 = subgroupBroadcast(mine[1], 4u);
  a += (*t).b.r5 * r13.x; b += (*t).b.r5 * r13.y; c += (*t).b.r5 * r13.z; d += (*t).b.r5 * r13.w;
  let r14 = subgroupBroadcast(mine[2], 4u);
  a += (*t).b.r6 * r14.x; b += (*t).b.r6 * r14.y; c += (*t).b.r6 * r14.z; d += (*t).b.r6 * r14.w;
  let r15 = subgroupBroadcast(mine[0], 5u);
  a += (*t).b.r7 * r15.x; b += (*t).b.r7 * r15.y; c += (*t).b.r7 * r15.z; d += (*t).b.r7 * r15.w;
  let r16 = subgroupBroadcast(mine[1], 5u);
  a += (*t).c.r0 * r16.x; b += (*t).c.r0 * r16.y; c += (*t).c.r0 * r16.z; d += (*t).c.r0 * r16.w;
  let r17 = subgroupBroadcast(mine[2], 5u);
  a += (*t).c.r1 * r17.x; b += (*t).c.r1 * r17.y; c += (*t).c.r1 * r17.z; d += (*t).c.r1 * r17.w;
  let r18 = subgroupBroadcast(mine[0], 6u);
  a += (*t).c.r2 * r18.x; b += (*t).c.r2 * r18.y; c += (*t).c.r2 * r18.z; d += (*t).c.r2 * r18.w;
  let r19 = subgroupBroadcast(mine[1], 6u);
  a += (*t).c.r3 * r19.x; b += (*t).c.r3 * r19.y; c += (*t).c.r3 * r19.z; d += (*t).c.r3 * r19.w;
  let r20 = subgroupBroadcast(mine[2], 6u);
  a += (*t).c.r4 * r20.x; b += (*t).c.r4 * r20.y; c += (*t).c.r4 * r20.z; d += (*t).c.r4 * r20.w;
  let r21 = subgroupBroadcast(mine[0], 7u);
  a += (*t).c.r5 * r21.x; b += (*t).c.r5 * r21.y; c += (*t).c.r5 * r21.z; d += (*t).c.r5 * r21.w;
  let r22 = subgroupBroadcast(mine[1], 7u);
  a += (*t).c.r6 * r22.x; b += (*t).c.r6 * r22.y; c += (*t).c.r6 * r22.z; d += (*t).c.r6 * r22.w;
  let r23 = subgroupBroadcast(mine[2], 7u);
  a += (*t).c.r7 * r23.x; b += (*t).c.r7 * r23.y; c += (*t).c.r7 * r23.z; d += (*t).c.r7 * r23.w;
  return transpose(mat4x3f(a, b, c, d));
}

// Scores of products: scaled, with the mask, and hidden from shared row `end` on. `x` begins at shared row `row`; `index` is where
// the mask of the own rows is at shared row 0, and `step` how far it is to the next.
fn scores(x: Rows, row: u32, end: u32, index: vec3u, step: u32) -> Rows {
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
      let at = index + r * step;
      let m = vec3f(mask_at(at.x), mask_at(at.y), mask_at(at.z));
      y.r0 += select(vec3f(), m, r == row);
      y.r1 += select(vec3f(), m, r == row + 1);
      y.r2 += select(vec3f(), m, r == row + 2);
      y.r3 += select(vec3f(), m, r == row + 3);
      y.r4 += select(vec3f(), m, r == row + 4);
      y.r5 += select(vec3f(), m, r == row + 5);
      y.r6 += select(vec3f(), m, r == row + 6);
      y.r7 += select(vec3f(), m, r == row + 7);
    }
  }
  return Rows(
    select(y.r0, vec3f(HIDDEN), row >= end),
    select(y.r1, vec3f(HIDDEN), row + 1 >= end),
    select(y.r2, vec3f(HIDDEN), row + 2 >= end),
    select(y.r3, vec3f(HIDDEN), row + 3 >= end),
    select(y.r4, vec3f(HIDDEN), row + 4 >= end),
    select(y.r5, vec3f(HIDDEN), row + 5 >= end),
    select(y.r6, vec3f(HIDDEN), row + 6 >= end),
    select(y.r7, vec3f(HIDDEN), row + 7 >= end));
}

fn max_of(x: Rows) -> vec3f {
  return max(max(max(x.r0, x.r1), max(x.r2, x.r3)), max(max(x.r4, x.r5), max(x.r6, x.r7)));
}

fn sum_of(x: Rows) -> vec3f {
  return ((x.r0 + x.r1) + (x.r2 + x.r3)) + ((x.r4 + x.r5) + (x.r6 + x.r7));
}

// exp(x - top - log_sum), of the own rows.
fn exp_rows(x: Rows, top: vec3f, log_sum: vec3f) -> Rows {
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
fn times_difference(p: Rows, gradients: Rows, delta: vec3f) -> Rows {
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
