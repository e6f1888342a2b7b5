// Tiles of scores in the registers of a subgroup of 4 lanes: 16 rows, which all lanes share, by four own rows of each lane.
//
// Lane i loads four of the shared rows, and each is broadcast to all lanes, where it meets their own rows: no barrier, and four
// loads a lane feed 16 rows of sixteen multiply-adds. Whatever belongs to an own row, its maximum and its sum, stays in its lane.
//
// The lane of a broadcast must be a constant expression, and values in an indexed array would live in memory: so all is
// written out.

const ROWS = 16u;                             // shared rows of a tile, and own rows of a workgroup

// The i-th has the four values of shared row i, one for each own row of the lane.
struct Tile {
  t0: vec4f, t1: vec4f, t2: vec4f, t3: vec4f, t4: vec4f, t5: vec4f, t6: vec4f, t7: vec4f,
  t8: vec4f, t9: vec4f, t10: vec4f, t11: vec4f, t12: vec4f, t13: vec4f, t14: vec4f, t15: vec4f,
}

// Adds the products of shared and own rows along four more columns. The j-th column of `mine` is a quad of shared row 4 lane + j;
// the j-th column of `own` has column j of the own rows.
fn add_products(t: ptr<function, Tile>, mine: mat4x4f, own: mat4x4f) {
  (*t).t0 += own * subgroupBroadcast(mine[0], 0u);
  (*t).t1 += own * subgroupBroadcast(mine[1], 0u);
  (*t).t2 += own * subgroupBroadcast(mine[2], 0u);
  (*t).t3 += own * subgroupBroadcast(mine[3], 0u);
  (*t).t4 += own * subgroupBroadcast(mine[0], 1u);
  (*t).t5 += own * subgroupBroadcast(mine[1], 1u);
  (*t).t6 += own * subgroupBroadcast(mine[2], 1u);
  (*t).t7 += own * subgroupBroadcast(mine[3], 1u);
  (*t).t8 += own * subgroupBroadcast(mine[0], 2u);
  (*t).t9 += own * subgroupBroadcast(mine[1], 2u);
  (*t).t10 += own * subgroupBroadcast(mine[2], 2u);
  (*t).t11 += own * subgroupBroadcast(mine[3], 2u);
  (*t).t12 += own * subgroupBroadcast(mine[0], 3u);
  (*t).t13 += own * subgroupBroadcast(mine[1], 3u);
  (*t).t14 += own * subgroupBroadcast(mine[2], 3u);
  (*t).t15 += own * subgroupBroadcast(mine[3], 3u);
}

// The sum of shared rows, each times its value in the tile: the j-th column is column j for each own row.
fn mix(t: ptr<function, Tile>, mine: mat4x4f) -> mat4x4f {
  var a = vec4f(); var b = vec4f(); var c = vec4f(); var d = vec4f();
  let r0 = subgroupBroadcast(mine[0], 0u);
  a += (*t).t0 * r0.x; b += (*t).t0 * r0.y; c += (*t).t0 * r0.z; d += (*t).t0 * r0.w;
  let r1 = subgroupBroadcast(mine[1], 0u);
  a += (*t).t1 * r1.x; b += (*t).t1 * r1.y; c += (*t).t1 * r1.z; d += (*t).t1 * r1.w;
  let r2 = subgroupBroadcast(mine[2], 0u);
  a += (*t).t2 * r2.x; b += (*t).t2 * r2.y; c += (*t).t2 * r2.z; d += (*t).t2 * r2.w;
  let r3 = subgroupBroadcast(mine[3], 0u);
  a += (*t).t3 * r3.x; b += (*t).t3 * r3.y; c += (*t).t3 * r3.z; d += (*t).t3 * r3.w;
  let r4 = subgroupBroadcast(mine[0], 1u);
  a += (*t).t4 * r4.x; b += (*t).t4 * r4.y; c += (*t).t4 * r4.z; d += (*t).t4 * r4.w;
  let r5 = subgroupBroadcast(mine[1], 1u);
  a += (*t).t5 * r5.x; b += (*t).t5 * r5.y; c += (*t).t5 * r5.z; d += (*t).t5 * r5.w;
  let r6 = subgroupBroadcast(mine[2], 1u);
  a += (*t).t6 * r6.x; b += (*t).t6 * r6.y; c += (*t).t6 * r6.z; d += (*t).t6 * r6.w;
  let r7 = subgroupBroadcast(mine[3], 1u);
  a += (*t).t7 * r7.x; b += (*t).t7 * r7.y; c += (*t).t7 * r7.z; d += (*t).t7 * r7.w;
  let r8 = subgroupBroadcast(mine[0], 2u);
  a += (*t).t8 * r8.x; b += (*t).t8 * r8.y; c += (*t).t8 * r8.z; d += (*t).t8 * r8.w;
  let r9 = subgroupBroadcast(mine[1], 2u);
  a += (*t).t9 * r9.x; b += (*t).t9 * r9.y; c += (*t).t9 * r9.z; d += (*t).t9 * r9.w;
  let r10 = subgroupBroadcast(mine[2], 2u);
  a += (*t).t10 * r10.x; b += (*t).t10 * r10.y; c += (*t).t10 * r10.z; d += (*t).t10 * r10.w;
  let r11 = subgroupBroadcast(mine[3], 2u);
  a += (*t).t11 * r11.x; b += (*t).t11 * r11.y; c += (*t).t11 * r11.z; d += (*t).t11 * r11.w;
  let r12 = subgroupBroadcast(mine[0], 3u);
  a += (*t).t12 * r12.x; b += (*t).t12 * r12.y; c += (*t).t12 * r12.z; d += (*t).t12 * r12.w;
  let r13 = subgroupBroadcast(mine[1], 3u);
  a += (*t).t13 * r13.x; b += (*t).t13 * r13.y; c += (*t).t13 * r13.z; d += (*t).t13 * r13.w;
  let r14 = subgroupBroadcast(mine[2], 3u);
  a += (*t).t14 * r14.x; b += (*t).t14 * r14.y; c += (*t).t14 * r14.z; d += (*t).t14 * r14.w;
  let r15 = subgroupBroadcast(mine[3], 3u);
  a += (*t).t15 * r15.x; b += (*t).t15 * r15.y; c += (*t).t15 * r15.z; d += (*t).t15 * r15.w;
  return mat4x4f(a, b, c, d);
}

fn scale_tile(t: ptr<function, Tile>, factor: f32) {
  (*t).t0 *= factor;
  (*t).t1 *= factor;
  (*t).t2 *= factor;
  (*t).t3 *= factor;
  (*t).t4 *= factor;
  (*t).t5 *= factor;
  (*t).t6 *= factor;
  (*t).t7 *= factor;
  (*t).t8 *= factor;
  (*t).t9 *= factor;
  (*t).t10 *= factor;
  (*t).t11 *= factor;
  (*t).t12 *= factor;
  (*t).t13 *= factor;
  (*t).t14 *= factor;
  (*t).t15 *= factor;
}

// Adds the mask: `index` of the own rows at shared row 0, `step` from one shared row to the next, of which there are `count`.
// All rows written out, with their loads and comparisons, would take longer to compile than all the rest.
fn mask_tile(t: ptr<function, Tile>, index: vec4u, step: u32, count: u32) {
  let end = min(ROWS, count);
  for (var r = 0u; r < end; r++) {
    let m = masks4(index + r * step);
    (*t).t0 += select(vec4f(), m, r == 0);
    (*t).t1 += select(vec4f(), m, r == 1);
    (*t).t2 += select(vec4f(), m, r == 2);
    (*t).t3 += select(vec4f(), m, r == 3);
    (*t).t4 += select(vec4f(), m, r == 4);
    (*t).t5 += select(vec4f(), m, r == 5);
    (*t).t6 += select(vec4f(), m, r == 6);
    (*t).t7 += select(vec4f(), m, r == 7);
    (*t).t8 += select(vec4f(), m, r == 8);
    (*t).t9 += select(vec4f(), m, r == 9);
    (*t).t10 += select(vec4f(), m, r == 10);
    (*t).t11 += select(vec4f(), m, r == 11);
    (*t).t12 += select(vec4f(), m, r == 12);
    (*t).t13 += select(vec4f(), m, r == 13);
    (*t).t14 += select(vec4f(), m, r == 14);
    (*t).t15 += select(vec4f(), m, r == 15);
  }
}

// Hides the shared rows from `count` on.
fn hide_tail(t: ptr<function, Tile>, count: u32) {
  (*t).t1 = select((*t).t1, vec4f(HIDDEN), count <= 1u);
  (*t).t2 = select((*t).t2, vec4f(HIDDEN), count <= 2u);
  (*t).t3 = select((*t).t3, vec4f(HIDDEN), count <= 3u);
  (*t).t4 = select((*t).t4, vec4f(HIDDEN), count <= 4u);
  (*t).t5 = select((*t).t5, vec4f(HIDDEN), count <= 5u);
  (*t).t6 = select((*t).t6, vec4f(HIDDEN), count <= 6u);
  (*t).t7 = select((*t).t7, vec4f(HIDDEN), count <= 7u);
  (*t).t8 = select((*t).t8, vec4f(HIDDEN), count <= 8u);
  (*t).t9 = select((*t).t9, vec4f(HIDDEN), count <= 9u);
  (*t).t10 = select((*t).t10, vec4f(HIDDEN), count <= 10u);
  (*t).t11 = select((*t).t11, vec4f(HIDDEN), count <= 11u);
  (*t).t12 = select((*t).t12, vec4f(HIDDEN), count <= 12u);
  (*t).t13 = select((*t).t13, vec4f(HIDDEN), count <= 13u);
  (*t).t14 = select((*t).t14, vec4f(HIDDEN), count <= 14u);
  (*t).t15 = select((*t).t15, vec4f(HIDDEN), count <= 15u);
}

fn max_of(t: ptr<function, Tile>) -> vec4f {
  var top = (*t).t0;
  top = max(top, (*t).t1);
  top = max(top, (*t).t2);
  top = max(top, (*t).t3);
  top = max(top, (*t).t4);
  top = max(top, (*t).t5);
  top = max(top, (*t).t6);
  top = max(top, (*t).t7);
  top = max(top, (*t).t8);
  top = max(top, (*t).t9);
  top = max(top, (*t).t10);
  top = max(top, (*t).t11);
  top = max(top, (*t).t12);
  top = max(top, (*t).t13);
  top = max(top, (*t).t14);
  top = max(top, (*t).t15);
  return top;
}

// exp(t - top), and its sum.
fn exp_tile(t: ptr<function, Tile>, top: vec4f) -> vec4f {
  var sum = vec4f();
  (*t).t0 = exp((*t).t0 - top); sum += (*t).t0;
  (*t).t1 = exp((*t).t1 - top); sum += (*t).t1;
  (*t).t2 = exp((*t).t2 - top); sum += (*t).t2;
  (*t).t3 = exp((*t).t3 - top); sum += (*t).t3;
  (*t).t4 = exp((*t).t4 - top); sum += (*t).t4;
  (*t).t5 = exp((*t).t5 - top); sum += (*t).t5;
  (*t).t6 = exp((*t).t6 - top); sum += (*t).t6;
  (*t).t7 = exp((*t).t7 - top); sum += (*t).t7;
  (*t).t8 = exp((*t).t8 - top); sum += (*t).t8;
  (*t).t9 = exp((*t).t9 - top); sum += (*t).t9;
  (*t).t10 = exp((*t).t10 - top); sum += (*t).t10;
  (*t).t11 = exp((*t).t11 - top); sum += (*t).t11;
  (*t).t12 = exp((*t).t12 - top); sum += (*t).t12;
  (*t).t13 = exp((*t).t13 - top); sum += (*t).t13;
  (*t).t14 = exp((*t).t14 - top); sum += (*t).t14;
  (*t).t15 = exp((*t).t15 - top); sum += (*t).t15;
  return sum;
}

// t times the differences of scores' gradients from those of their rows: t (products - delta), with delta of the own rows.
fn times_difference(t: ptr<function, Tile>, products: ptr<function, Tile>, delta: vec4f) {
  (*t).t0 *= (*products).t0 - delta;
  (*t).t1 *= (*products).t1 - delta;
  (*t).t2 *= (*products).t2 - delta;
  (*t).t3 *= (*products).t3 - delta;
  (*t).t4 *= (*products).t4 - delta;
  (*t).t5 *= (*products).t5 - delta;
  (*t).t6 *= (*products).t6 - delta;
  (*t).t7 *= (*products).t7 - delta;
  (*t).t8 *= (*products).t8 - delta;
  (*t).t9 *= (*products).t9 - delta;
  (*t).t10 *= (*products).t10 - delta;
  (*t).t11 *= (*products).t11 - delta;
  (*t).t12 *= (*products).t12 - delta;
  (*t).t13 *= (*products).t13 - delta;
  (*t).t14 *= (*products).t14 - delta;
  (*t).t15 *= (*products).t15 - delta;
}

// The same where top and delta belong to the shared rows: the lane has those of 4 lane and on.
fn exp_shared(t: ptr<function, Tile>, top: vec4f) {
  (*t).t0 = exp((*t).t0 - subgroupBroadcast(top[0], 0u));
  (*t).t1 = exp((*t).t1 - subgroupBroadcast(top[1], 0u));
  (*t).t2 = exp((*t).t2 - subgroupBroadcast(top[2], 0u));
  (*t).t3 = exp((*t).t3 - subgroupBroadcast(top[3], 0u));
  (*t).t4 = exp((*t).t4 - subgroupBroadcast(top[0], 1u));
  (*t).t5 = exp((*t).t5 - subgroupBroadcast(top[1], 1u));
  (*t).t6 = exp((*t).t6 - subgroupBroadcast(top[2], 1u));
  (*t).t7 = exp((*t).t7 - subgroupBroadcast(top[3], 1u));
  (*t).t8 = exp((*t).t8 - subgroupBroadcast(top[0], 2u));
  (*t).t9 = exp((*t).t9 - subgroupBroadcast(top[1], 2u));
  (*t).t10 = exp((*t).t10 - subgroupBroadcast(top[2], 2u));
  (*t).t11 = exp((*t).t11 - subgroupBroadcast(top[3], 2u));
  (*t).t12 = exp((*t).t12 - subgroupBroadcast(top[0], 3u));
  (*t).t13 = exp((*t).t13 - subgroupBroadcast(top[1], 3u));
  (*t).t14 = exp((*t).t14 - subgroupBroadcast(top[2], 3u));
  (*t).t15 = exp((*t).t15 - subgroupBroadcast(top[3], 3u));
}

fn times_difference_shared(t: ptr<function, Tile>, products: ptr<function, Tile>, delta: vec4f) {
  (*t).t0 *= (*products).t0 - subgroupBroadcast(delta[0], 0u);
  (*t).t1 *= (*products).t1 - subgroupBroadcast(delta[1], 0u);
  (*t).t2 *= (*products).t2 - subgroupBroadcast(delta[2], 0u);
  (*t).t3 *= (*products).t3 - subgroupBroadcast(delta[3], 0u);
  (*t).t4 *= (*products).t4 - subgroupBroadcast(delta[0], 1u);
  (*t).t5 *= (*products).t5 - subgroupBroadcast(delta[1], 1u);
  (*t).t6 *= (*products).t6 - subgroupBroadcast(delta[2], 1u);
  (*t).t7 *= (*products).t7 - subgroupBroadcast(delta[3], 1u);
  (*t).t8 *= (*products).t8 - subgroupBroadcast(delta[0], 2u);
  (*t).t9 *= (*products).t9 - subgroupBroadcast(delta[1], 2u);
  (*t).t10 *= (*products).t10 - subgroupBroadcast(delta[2], 2u);
  (*t).t11 *= (*products).t11 - subgroupBroadcast(delta[3], 2u);
  (*t).t12 *= (*products).t12 - subgroupBroadcast(delta[0], 3u);
  (*t).t13 *= (*products).t13 - subgroupBroadcast(delta[1], 3u);
  (*t).t14 *= (*products).t14 - subgroupBroadcast(delta[2], 3u);
  (*t).t15 *= (*products).t15 - subgroupBroadcast(delta[3], 3u);
}
