// dw[b, ky, kx, c] = Σ over the strips of block b of dy[n, oy, ox, c] x[n, oy - top + ky dilation, ox - left + kx dilation, c]   5x5, stride 1
//
// One thread for each block and each T of channels, with a named sum for each tap. It walks down strips of 4 columns, keeps the
// last 5 rows of dy that it loaded, and multiplies each row of x by them: 8 + 4 loads for 100 multiply-adds. A block is one or
// several strips; blocks are added in order afterwards.
//
// What lies outside is replaced after it was loaded from within. Blocks keep the sums short.

// use lib/depthwise_gradient.wgsl
// use lib/depthwise_columns.wgsl

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dw: array<T>;

fn seen(row: Line, column: Line) -> T {
  return select(T(0.0), dy[row.at + column.at], row.inside && column.inside);
}

struct Seen { d0: T, d1: T, d2: T, d3: T }   // values of a row of dy

fn dot(s: Seen, x0: T, x1: T, x2: T, x3: T) -> T {
  return s.d0 * x0 + s.d1 * x1 + s.d2 * x2 + s.d3 * x3;
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let begin = id / params.channels * params.block;
  let all = params.images * params.blocks * params.strips;
  if begin >= all { return; }
  var s00 = T(0.0); var s01 = T(0.0); var s02 = T(0.0); var s03 = T(0.0); var s04 = T(0.0);
  var s10 = T(0.0); var s11 = T(0.0); var s12 = T(0.0); var s13 = T(0.0); var s14 = T(0.0);
  var s20 = T(0.0); var s21 = T(0.0); var s22 = T(0.0); var s23 = T(0.0); var s24 = T(0.0);
  var s30 = T(0.0); var s31 = T(0.0); var s32 = T(0.0); var s33 = T(0.0); var s34 = T(0.0);
  var s40 = T(0.0); var s41 = T(0.0); var s42 = T(0.0); var s43 = T(0.0); var s44 = T(0.0);
  let end = min(begin + params.block, all);
  for (var i = begin; i < end; i++) {
    let s = strip_of(i, 4);
    let at0 = column_of(s, 0, c);
    let at1 = column_of(s, 1, c);
    let at2 = column_of(s, 2, c);
    let at3 = column_of(s, 3, c);
    let at4 = column_of(s, 4, c);
    let at5 = column_of(s, 5, c);
    let at6 = column_of(s, 6, c);
    let at7 = column_of(s, 7, c);
    let to0 = result_column(s, 0, c);
    let to1 = result_column(s, 1, c);
    let to2 = result_column(s, 2, c);
    let to3 = result_column(s, 3, c);
    var d1 = Seen(T(0.0), T(0.0), T(0.0), T(0.0));
    var d2 = Seen(T(0.0), T(0.0), T(0.0), T(0.0));
    var d3 = Seen(T(0.0), T(0.0), T(0.0), T(0.0));
    var d4 = Seen(T(0.0), T(0.0), T(0.0), T(0.0));
    for (var t = 0u; t < s.rows + 4; t++) {
      let below = result_row(s, t);
      let d0 = Seen(seen(below, to0), seen(below, to1), seen(below, to2), seen(below, to3));
      let above = row_of(s, t);
      let x0 = value(above, at0);
      let x1 = value(above, at1);
      let x2 = value(above, at2);
      let x3 = value(above, at3);
      let x4 = value(above, at4);
      let x5 = value(above, at5);
      let x6 = value(above, at6);
      let x7 = value(above, at7);
      s00 += dot(d0, x0, x1, x2, x3);
      s01 += dot(d0, x1, x2, x3, x4);
      s02 += dot(d0, x2, x3, x4, x5);
      s03 += dot(d0, x3, x4, x5, x6);
      s04 += dot(d0, x4, x5, x6, x7);
      s10 += dot(d1, x0, x1, x2, x3);
      s11 += dot(d1, x1, x2, x3, x4);
      s12 += dot(d1, x2, x3, x4, x5);
      s13 += dot(d1, x3, x4, x5, x6);
      s14 += dot(d1, x4, x5, x6, x7);
      s20 += dot(d2, x0, x1, x2, x3);
      s21 += dot(d2, x1, x2, x3, x4);
      s22 += dot(d2, x2, x3, x4, x5);
      s23 += dot(d2, x3, x4, x5, x6);
      s24 += dot(d2, x4, x5, x6, x7);
      s30 += dot(d3, x0, x1, x2, x3);
      s31 += dot(d3, x1, x2, x3, x4);
      s32 += dot(d3, x2, x3, x4, x5);
      s33 += dot(d3, x3, x4, x5, x6);
      s34 += dot(d3, x4, x5, x6, x7);
      s40 += dot(d4, x0, x1, x2, x3);
      s41 += dot(d4, x1, x2, x3, x4);
      s42 += dot(d4, x2, x3, x4, x5);
      s43 += dot(d4, x3, x4, x5, x6);
      s44 += dot(d4, x4, x5, x6, x7);
      d4 = d3;
      d3 = d2;
      d2 = d1;
      d1 = d0;
    }
  }
  let to = (params.first_block + id / params.channels) * KH * KW * params.channels + c;
  dw[to] = s00;
  dw[to + params.channels] = s01;
  dw[to + 2 * params.channels] = s02;
  dw[to + 3 * params.channels] = s03;
  dw[to + 4 * params.channels] = s04;
  dw[to + 5 * params.channels] = s10;
  dw[to + 6 * params.channels] = s11;
  dw[to + 7 * params.channels] = s12;
  dw[to + 8 * params.channels] = s13;
  dw[to + 9 * params.channels] = s14;
  dw[to + 10 * params.channels] = s20;
  dw[to + 11 * params.channels] = s21;
  dw[to + 12 * params.channels] = s22;
  dw[to + 13 * params.channels] = s23;
  dw[to + 14 * params.channels] = s24;
  dw[to + 15 * params.channels] = s30;
  dw[to + 16 * params.channels] = s31;
  dw[to + 17 * params.channels] = s32;
  dw[to + 18 * params.channels] = s33;
  dw[to + 19 * params.channels] = s34;
  dw[to + 20 * params.channels] = s40;
  dw[to + 21 * params.channels] = s41;
  dw[to + 22 * params.channels] = s42;
  dw[to + 23 * params.channels] = s43;
  dw[to + 24 * params.channels] = s44;
}
