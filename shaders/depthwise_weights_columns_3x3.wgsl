// dw[b, ky, kx, c] = Σ over the strips of block b of dy[n, oy, ox, c] x[n, oy - top + ky dilation, ox - left + kx dilation, c]   3x3, stride 1
//
// One thread for each block and each T of channels, with a named sum for each tap. It walks down strips of 4 columns, keeps the
// last 3 rows of dy that it loaded, and multiplies each row of x by them: 6 + 4 loads for 36 multiply-adds. A block is one or
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
  var s00 = T(0.0); var s01 = T(0.0); var s02 = T(0.0);
  var s10 = T(0.0); var s11 = T(0.0); var s12 = T(0.0);
  var s20 = T(0.0); var s21 = T(0.0); var s22 = T(0.0);
  let end = min(begin + params.block, all);
  for (var i = begin; i < end; i++) {
    let s = strip_of(i, 4);
    let at0 = column_of(s, 0, c);
    let at1 = column_of(s, 1, c);
    let at2 = column_of(s, 2, c);
    let at3 = column_of(s, 3, c);
    let at4 = column_of(s, 4, c);
    let at5 = column_of(s, 5, c);
    let to0 = result_column(s, 0, c);
    let to1 = result_column(s, 1, c);
    let to2 = result_column(s, 2, c);
    let to3 = result_column(s, 3, c);
    var d1 = Seen(T(0.0), T(0.0), T(0.0), T(0.0));
    var d2 = Seen(T(0.0), T(0.0), T(0.0), T(0.0));
    for (var t = 0u; t < s.rows + 2; t++) {
      let below = result_row(s, t);
      let d0 = Seen(seen(below, to0), seen(below, to1), seen(below, to2), seen(below, to3));
      let above = row_of(s, t);
      let x0 = value(above, at0);
      let x1 = value(above, at1);
      let x2 = value(above, at2);
      let x3 = value(above, at3);
      let x4 = value(above, at4);
      let x5 = value(above, at5);
      s00 += dot(d0, x0, x1, x2, x3);
      s01 += dot(d0, x1, x2, x3, x4);
      s02 += dot(d0, x2, x3, x4, x5);
      s10 += dot(d1, x0, x1, x2, x3);
      s11 += dot(d1, x1, x2, x3, x4);
      s12 += dot(d1, x2, x3, x4, x5);
      s20 += dot(d2, x0, x1, x2, x3);
      s21 += dot(d2, x1, x2, x3, x4);
      s22 += dot(d2, x2, x3, x4, x5);
      d2 = d1;
      d1 = d0;
    }
  }
  let to = (params.first_block + id / params.channels) * KH * KW * params.channels + c;
  dw[to] = s00;
  dw[to + params.channels] = s01;
  dw[to + 2 * params.channels] = s02;
  dw[to + 3 * params.channels] = s10;
  dw[to + 4 * params.channels] = s11;
  dw[to + 5 * params.channels] = s12;
  dw[to + 6 * params.channels] = s20;
  dw[to + 7 * params.channels] = s21;
  dw[to + 8 * params.channels] = s22;
}
