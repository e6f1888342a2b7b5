// Tiles of scores in the registers of a subgroup of 8 lanes: 32 rows, which all lanes share, by four own rows of each lane.
//
// Lane i loads four of the shared rows, and each is broadcast to all lanes, where it meets their own rows: no barrier, and four
// loads a lane feed 32 rows of sixteen multiply-adds. Whatever belongs to an own row, its maximum and its sum, stays in its lane.
//
// The lane of a broadcast must be a constant expression, and values in an indexed array would live in memory: so all is
// written out.

const ROWS = 32u;                             // shared rows of a tile, and own rows of a workgroup

// The i-th has the four values of shared row i, one for each own row of the lane.
struct Tile {
  t0: vec4f, t1: vec4f, t2: vec4f, t3: vec4f, t4: vec4f, t5: vec4f, t6: vec4f, t7: vec4f,
  t8: vec4f, t9: vec4f, t10: vec4f, t11: vec4f, t12: vec4f, t13: vec4f, t14: vec4f, t15: vec4f,
  t16: vec4f, t17: vec4f, t18: vec4f, t19: vec4f, t20: vec4f, t21: vec4f, t22: vec4f, t23: vec4f,
  t24: vec4f, t25: vec4f, t26: vec4f, t27: vec4f, t28: vec4f, t29: vec4f, t30: vec4f, t31: vec4f,
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
  (*t).t16 += own * subgroupBroadcast(mine[0], 4u);
  (*t).t17 += own * subgroupBroadcast(mine[1], 4u);
  (*t).t18 += own * subgroupBroadcast(mine[2], 4u);
  (*t).t19 += own * subgroupBroadcast(mine[3], 4u);
  (*t).t20 += own * subgroupBroadcast(mine[0], 5u);
  (*t).t21 += own * subgroupBroadcast(mine[1], 5u);
  (*t).t22 += own * subgroupBroadcast(mine[2], 5u);
  (*t).t23 += own * subgroupBroadcast(mine[3], 5u);
  (*t).t24 += own * subgroupBroadcast(mine[0], 6u);
  (*t).t25 += own * subgroupBroadcast(mine[1], 6u);
  (*t).t26 += own * subgroupBroadcast(mine[2], 6u);
  (*t).t27 += own * subgroupBroadcast(mine[3], 6u);
  (*t).t28 += own * subgroupBroadcast(mine[0], 7u);
  (*t).t29 += own * subgroupBroadcast(mine[1], 7u);
  (*t).t30 += own * subgroupBroadcast(mine[2], 7u);
  (*t).t31 += own * subgroupBroadcast(mine[3], 7u);
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
  let r16 = subgroupBroadcast(mine[0], 4u);
  a += (*t).t16 * r16.x; b += (*t).t16 * r16.y; c += (*t).t16 * r16.z; d += (*t).t16 * r16.w;
  let r17 = subgroupBroadcast(mine[1], 4u);
  a += (*t).t17 * r17.x; b += (*t).t17 * r17.y; c += (*t).t17 * r17.z; d += (*t).t17 * r17.w;
  let r18 = subgroupBroadcast(mine[2], 4u);
  a += (*t).t18 * r18.x; b += (*t).t18 * r18.y; c += (*t).t18 * r18.z; d += (*t).t18 * r18.w;
  let r19 = subgroupBroadcast(mine[3], 4u);
  a += (*t).t19 * r19.x; b += (*t).t19 * r19.y; c += (*t).t19 * r19.z; d += (*t).t19 * r19.w;
  let r20 = subgroupBroadcast(mine[0], 5u);
  a += (*t).t20 * r20.x; b += (*t).t20 * r20.y; c += (*t).t20 * r20.z; d += (*t).t20 * r20.w;
  let r21 = subgroupBroadcast(mine[1], 5u);
  a += (*t).t21 * r21.x; b += (*t).t21 * r21.y; c += (*t).t21 * r21.z; d += (*t).t21 * r21.w;
  let r22 = subgroupBroadcast(mine[2], 5u);
  a += (*t).t22 * r22.x; b += (*t).t22 * r22.y; c += (*t).t22 * r22.z; d += (*t).t22 * r22.w;
  let r23 = subgroupBroadcast(mine[3], 5u);
  a += (*t).t23 * r23.x; b += (*t).t23 * r23.y; c += (*t).t23 * r23.z; d += (*t).t23 * r23.w;
  let r24 = subgroupBroadcast(mine[0], 6u);
  a += (*t).t24 * r24.x; b += (*t).t24 * r24.y; c += (*t).t24 * r24.z; d += (*t).t24 * r24.w;
  let r25 = subgroupBroadcast(mine[1], 6u);
  a += (*t).t25 * r25.x; b += (*t).t25 * r25.y; c += (*t).t25 * r25.z; d += (*t).t25 * r25.w;
  let r26 = subgroupBroadcast(mine[2], 6u);
  a += (*t).t26 * r26.x; b += (*t).t26 * r26.y; c += (*t).t26 * r26.z; d += (*t).t26 * r26.w;
  let r27 = subgroupBroadcast(mine[3], 6u);
  a += (*t).t27 * r27.x; b += (*t).t27 * r27.y; c += (*t).t27 * r27.z; d += (*t).t27 * r27.w;
  let r28 = subgroupBroadcast(mine[0], 7u);
  a += (*t).t28 * r28.x; b += (*t).t28 * r28.y; c += (*t).t28 * r28.z; d += (*t).t28 * r28.w;
  let r29 = subgroupBroadcast(mine[1], 7u);
  a += (*t).t29 * r29.x; b += (*t).t29 * r29.y; c += (*t).t29 * r29.z; d += (*t).t29 * r29.w;
  let r30 = subgroupBroadcast(mine[2], 7u);
  a += (*t).t30 * r30.x; b += (*t).t30 * r30.y; c += (*t).t30 * r30.z; d += (*t).t30 * r30.w;
  let r31 = subgroupBroadcast(mine[3], 7u);
  a += (*t).t31 * r31.x; b += (*t).t31 * r31.y; c += (*t).t31 * r31.z; d += (*t).t31 * r31.w;
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
  (*t).t16 *= factor;
  (*t).t17 *= factor;
  (*t).t18 *= factor;
  (*t).t19 *= factor;
  (*t).t20 *= factor;
  (*t).t21 *= factor;
  (*t).t22 *= factor;
  (*t).t23 *= factor;
  (*t).t24 *= factor;
  (*t).t25 *= factor;
  (*t).t26 *= factor;
  (*t).t27 *= factor;
  (*t).t28 *= factor;
  (*t).t29 *= factor;
  (*t).t30 *= factor;
  (*t).t31 *= factor;
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
    (*t).t16 += select(vec4f(), m, r == 16);
    (*t).t17 += select(vec4f(), m, r == 17);
    (*t).t18 += select(vec4f(), m, r == 18);
    (*t).t19 += select(vec4f(), m, r == 19);
    (*t).t20 += select(vec4f(), m, r == 20);
    (*t).t21 += select(vec4f(), m, r == 21);
    (*t).t22 += select(vec4f(), m, r == 22);
    (*t).t23 += select(vec4f(), m, r == 23);
    (*t).t24 += select(vec4f(), m, r == 24);
    (*t).t25 += select(vec4f(), m, r == 25);
    (*t).t26 += select(vec4f(), m, r == 26);
    (*t).t27 += select(vec4f(), m, r == 27);
    (*t).t28 += select(vec4f(), m, r == 28);
    (*t).t29 += select(vec4f(), m, r == 29);
    (*t).t30 += select(vec4f(), m, r == 30);
    (*t).t31 += select(vec4f(), m, r == 31);
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
  (*t).t16 = select((*t).t16, vec4f(HIDDEN), count <= 16u);
  (*t).t17 = select((*t).t17, vec4f(HIDDEN), count <= 17u);
  (*t).t18 = select((*t).t18, vec4f(HIDDEN), count <= 18u);
  (*t).t19 = select((*t).t19, vec4f(HIDDEN), count <= 19u);
  (*t).t20 = select((*t).t20, vec4f(HIDDEN), count <= 20u);
  (*t).t21 = select((*t).t21, vec4f(HIDDEN), count <= 21u);
  (*t).t22 = select((*t).t22, vec4f(HIDDEN), count <= 22u);
  (*t).t23 = select((*t).t23, vec4f(HIDDEN), count <= 23u);
  (*t).t24 = select((*t).t24, vec4f(HIDDEN), count <= 24u);
  (*t).t25 = select((*t).t25, vec4f(HIDDEN), count <= 25u);
  (*t).t26 = select((*t).t26, vec4f(HIDDEN), count <= 26u);
  (*t).t27 = select((*t).t27, vec4f(HIDDEN), count <= 27u);
  (*t).t28 = select((*t).t28, vec4f(HIDDEN), count <= 28u);
  (*t).t29 = select((*t).t29, vec4f(HIDDEN), count <= 29u);
  (*t).t30 = select((*t).t30, vec4f(HIDDEN), count <= 30u);
  (*t).t31 = select((*t).t31, vec4f(HIDDEN), count <= 31u);
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
  top = max(top, (*t).t16);
  top = max(top, (*t).t17);
  top = max(top, (*t).t18);
  top = max(top, (*t).t19);
  top = max(top, (*t).t20);
  top = max(top, (*t).t21);
  top = max(top, (*t).t22);
  top = max(top, (*t).t23);
  top = max(top, (*t).t24);
  top = max(top, (*t).t25);
  top = max(top, (*t).t26);
  top = max(top, (*t).t27);
  top = max(top, (*t).t28);
  top = max(top, (*t).t29);
  top = max(top, (*t).t30);
  top = max(top, (*t).t31);
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
  (*t).t16 = exp((*t).t16 - top); sum += (*t).t16;
  (*t).t17 = exp((*t).t17 - top); sum += (*t).t17;
  (*t).t18 = exp((*t).t18 - top); sum += (*t).t18;
  (*t).t19 = exp((*t).t19 - top); sum += (*t).t19;
  (*t).t20 = exp((*t).t20 - top); sum += (*t).t20;
  (*t).t21 = exp((*t).t21 - top); sum += (*t).t21;
  (*t).t22 = exp((*t).t22 - top); sum += (*t).t22;
  (*t).t23 = exp((*t).t23 - top); sum += (*t).t23;
  (*t).t24 = exp((*t).t24 - top); sum += (*t).t24;
  (*t).t25 = exp((*t).t25 - top); sum += (*t).t25;
  (*t).t26 = exp((*t).t26 - top); sum += (*t).t26;
  (*t).t27 = exp((*t).t27 - top); sum += (*t).t27;
  (*t).t28 = exp((*t).t28 - top); sum += (*t).t28;
  (*t).t29 = exp((*t).t29 - top); sum += (*t).t29;
  (*t).t30 = exp((*t).t30 - top); sum += (*t).t30;
  (*t).t31 = exp((*t).t31 - top); sum += (*t).t31;
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
  (*t).t16 *= (*products).t16 - delta;
  (*t).t17 *= (*products).t17 - delta;
  (*t).t18 *= (*products).t18 - delta;
  (*t).t19 *= (*products).t19 - delta;
  (*t).t20 *= (*products).t20 - delta;
  (*t).t21 *= (*products).t21 - delta;
  (*t).t22 *= (*products).t22 - delta;
  (*t).t23 *= (*products).t23 - delta;
  (*t).t24 *= (*products).t24 - delta;
  (*t).t25 *= (*products).t25 - delta;
  (*t).t26 *= (*products).t26 - delta;
  (*t).t27 *= (*products).t27 - delta;
  (*t).t28 *= (*products).t28 - delta;
  (*t).t29 *= (*products).t29 - delta;
  (*t).t30 *= (*products).t30 - delta;
  (*t).t31 *= (*products).t31 - delta;
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
  (*t).t16 = exp((*t).t16 - subgroupBroadcast(top[0], 4u));
  (*t).t17 = exp((*t).t17 - subgroupBroadcast(top[1], 4u));
  (*t).t18 = exp((*t).t18 - subgroupBroadcast(top[2], 4u));
  (*t).t19 = exp((*t).t19 - subgroupBroadcast(top[3], 4u));
  (*t).t20 = exp((*t).t20 - subgroupBroadcast(top[0], 5u));
  (*t).t21 = exp((*t).t21 - subgroupBroadcast(top[1], 5u));
  (*t).t22 = exp((*t).t22 - subgroupBroadcast(top[2], 5u));
  (*t).t23 = exp((*t).t23 - subgroupBroadcast(top[3], 5u));
  (*t).t24 = exp((*t).t24 - subgroupBroadcast(top[0], 6u));
  (*t).t25 = exp((*t).t25 - subgroupBroadcast(top[1], 6u));
  (*t).t26 = exp((*t).t26 - subgroupBroadcast(top[2], 6u));
  (*t).t27 = exp((*t).t27 - subgroupBroadcast(top[3], 6u));
  (*t).t28 = exp((*t).t28 - subgroupBroadcast(top[0], 7u));
  (*t).t29 = exp((*t).t29 - subgroupBroadcast(top[1], 7u));
  (*t).t30 = exp((*t).t30 - subgroupBroadcast(top[2], 7u));
  (*t).t31 = exp((*t).t31 - subgroupBroadcast(top[3], 7u));
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
  (*t).t16 *= (*products).t16 - subgroupBroadcast(delta[0], 4u);
  (*t).t17 *= (*products).t17 - subgroupBroadcast(delta[1], 4u);
  (*t).t18 *= (*products).t18 - subgroupBroadcast(delta[2], 4u);
  (*t).t19 *= (*products).t19 - subgroupBroadcast(delta[3], 4u);
  (*t).t20 *= (*products).t20 - subgroupBroadcast(delta[0], 5u);
  (*t).t21 *= (*products).t21 - subgroupBroadcast(delta[1], 5u);
  (*t).t22 *= (*products).t22 - subgroupBroadcast(delta[2], 5u);
  (*t).t23 *= (*products).t23 - subgroupBroadcast(delta[3], 5u);
  (*t).t24 *= (*products).t24 - subgroupBroadcast(delta[0], 6u);
  (*t).t25 *= (*products).t25 - subgroupBroadcast(delta[1], 6u);
  (*t).t26 *= (*products).t26 - subgroupBroadcast(delta[2], 6u);
  (*t).t27 *= (*products).t27 - subgroupBroadcast(delta[3], 6u);
  (*t).t28 *= (*products).t28 - subgroupBroadcast(delta[0], 7u);
  (*t).t29 *= (*products).t29 - subgroupBroadcast(delta[1], 7u);
  (*t).t30 *= (*products).t30 - subgroupBroadcast(delta[2], 7u);
  (*t).t31 *= (*products).t31 - subgroupBroadcast(delta[3], 7u);
}
