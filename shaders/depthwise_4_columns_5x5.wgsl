// y[n, oy, ox, c] = Σ over ky, kx of x[n, oy - top + ky dilation, ox - left + kx dilation, c] taps[ky, kx, c]   5x5, stride 1
//
// Step 4 of the ladder: a thread walks down a strip of four columns of y with every sum and tap named, since compilers of software
// adapters leave arrays in memory. It loads a row of 8 values of x, 2 for a value of y, and adds it to the 5 rows of y that see
// it; the one that is complete is stored, the others move on by one, as in
// `depthwise_4_columns_3x3.wgsl`.
//
// Each value is summed by rows of taps, from above, in f32. What lies outside the image is replaced after it was loaded from
// within, so a NaN there does no harm.

// use lib/depthwise.wgsl
// use lib/depthwise_columns.wgsl

struct Row { a: T, b: T, c: T, d: T, e: T }   // of taps

fn row(ky: u32, c: u32) -> Row { return Row(tap(ky, 0, c), tap(ky, 1, c), tap(ky, 2, c), tap(ky, 3, c), tap(ky, 4, c)); }

fn dot(a: T, b: T, c: T, d: T, e: T, w: Row) -> T {
  return a * w.a + b * w.b + c * w.c + d * w.d + e * w.e;
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let s = strip_of(id / params.channels, 4);
  if s.image >= params.images { return; }

  let w0 = row(0, c);
  let w1 = row(1, c);
  let w2 = row(2, c);
  let w3 = row(3, c);
  let w4 = row(4, c);
  hold_rows(c);
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
  var p0 = T(0.0); var p1 = T(0.0); var p2 = T(0.0); var p3 = T(0.0);
  var q0 = T(0.0); var q1 = T(0.0); var q2 = T(0.0); var q3 = T(0.0);
  var r0 = T(0.0); var r1 = T(0.0); var r2 = T(0.0); var r3 = T(0.0);
  var s_0 = T(0.0); var s_1 = T(0.0); var s_2 = T(0.0); var s_3 = T(0.0);
  for (var t = 0u; t < s.rows + 4; t++) {
    let above = row_of(s, t);
    let x0 = value(above, at0);
    let x1 = value(above, at1);
    let x2 = value(above, at2);
    let x3 = value(above, at3);
    let x4 = value(above, at4);
    let x5 = value(above, at5);
    let x6 = value(above, at6);
    let x7 = value(above, at7);
    if t >= 4 {
      let to = result_row(s, t - 4);
      if to0.inside { store_at(to.at + to0.at, c, s_0 + dot(x0, x1, x2, x3, x4, w4)); }
      if to1.inside { store_at(to.at + to1.at, c, s_1 + dot(x1, x2, x3, x4, x5, w4)); }
      if to2.inside { store_at(to.at + to2.at, c, s_2 + dot(x2, x3, x4, x5, x6, w4)); }
      if to3.inside { store_at(to.at + to3.at, c, s_3 + dot(x3, x4, x5, x6, x7, w4)); }
    }
    s_0 = r0 + dot(x0, x1, x2, x3, x4, w3);
    s_1 = r1 + dot(x1, x2, x3, x4, x5, w3);
    s_2 = r2 + dot(x2, x3, x4, x5, x6, w3);
    s_3 = r3 + dot(x3, x4, x5, x6, x7, w3);
    r0 = q0 + dot(x0, x1, x2, x3, x4, w2);
    r1 = q1 + dot(x1, x2, x3, x4, x5, w2);
    r2 = q2 + dot(x2, x3, x4, x5, x6, w2);
    r3 = q3 + dot(x3, x4, x5, x6, x7, w2);
    q0 = p0 + dot(x0, x1, x2, x3, x4, w1);
    q1 = p1 + dot(x1, x2, x3, x4, x5, w1);
    q2 = p2 + dot(x2, x3, x4, x5, x6, w1);
    q3 = p3 + dot(x3, x4, x5, x6, x7, w1);
    p0 = dot(x0, x1, x2, x3, x4, w0);
    p1 = dot(x1, x2, x3, x4, x5, w0);
    p2 = dot(x2, x3, x4, x5, x6, w0);
    p3 = dot(x3, x4, x5, x6, x7, w0);
  }
}
