// y[n, oy, ox, c] = Σ over ky, kx of x[n, oy - top + ky dilation, ox - left + kx dilation, c] taps[ky, kx, c]   3x3, stride 1
//
// Step 4 of the ladder: a thread walks down a strip of four columns of y with every sum and tap named, since compilers of software
// adapters leave arrays in memory. It loads a row of 6 values of x, 1.5 for a value of y, and adds it to the 3 rows of y that see
// it; the one that is complete is stored, the others move on by one.
//
// Each value is summed by rows of taps, from above, in f32. What lies outside the image is replaced after it was loaded from
// within, so a NaN there does no harm.

// use lib/depthwise.wgsl
// use lib/depthwise_columns.wgsl

struct Row { a: T, b: T, c: T }   // of taps

fn row(ky: u32, c: u32) -> Row { return Row(tap(ky, 0, c), tap(ky, 1, c), tap(ky, 2, c)); }

fn dot(a: T, b: T, c: T, w: Row) -> T {
  return a * w.a + b * w.b + c * w.c;
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
  hold_rows(c);
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
  var p0 = T(0.0); var p1 = T(0.0); var p2 = T(0.0); var p3 = T(0.0);
  var q0 = T(0.0); var q1 = T(0.0); var q2 = T(0.0); var q3 = T(0.0);
  for (var t = 0u; t < s.rows + 2; t++) {
    let above = row_of(s, t);
    let x0 = value(above, at0);
    let x1 = value(above, at1);
    let x2 = value(above, at2);
    let x3 = value(above, at3);
    let x4 = value(above, at4);
    let x5 = value(above, at5);
    if t >= 2 {
      let to = result_row(s, t - 2);
      if to0.inside { store_at(to.at + to0.at, c, q0 + dot(x0, x1, x2, w2)); }
      if to1.inside { store_at(to.at + to1.at, c, q1 + dot(x1, x2, x3, w2)); }
      if to2.inside { store_at(to.at + to2.at, c, q2 + dot(x2, x3, x4, w2)); }
      if to3.inside { store_at(to.at + to3.at, c, q3 + dot(x3, x4, x5, w2)); }
    }
    q0 = p0 + dot(x0, x1, x2, w1);
    q1 = p1 + dot(x1, x2, x3, w1);
    q2 = p2 + dot(x2, x3, x4, w1);
    q3 = p3 + dot(x3, x4, x5, w1);
    p0 = dot(x0, x1, x2, w0);
    p1 = dot(x1, x2, x3, w0);
    p2 = dot(x2, x3, x4, w0);
    p3 = dot(x3, x4, x5, w0);
  }
}
