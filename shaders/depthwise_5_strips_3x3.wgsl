// y[n, oy, ox, c] = Σ over ky, kx of x[n, oy - top + ky dilation, ox - left + kx dilation, c] taps[ky, kx, c]         3x3, stride 1
//
// Step 5 of the ladder: `depthwise_4_strips.wgsl` for four rows, with every sum and tap named. Compilers of software adapters leave
// arrays in memory and move them at every column: named ones took 0.46 ms where arrays took 0.99, for 3x3 at 32x32x256 on lavapipe.
//
// Each value is summed by columns of taps, from the left, in f32. What lies outside the image is replaced after it was loaded from
// within, so a NaN there does no harm.

// use lib/depthwise.wgsl
// use lib/depthwise_rows.wgsl

struct Column { a: T, b: T, c: T }   // of taps

fn column(kx: u32, c: u32) -> Column { return Column(tap(0, kx, c), tap(1, kx, c), tap(2, kx, c)); }

fn dot(a: T, b: T, c: T, w: Column) -> T {
  return a * w.a + b * w.b + c * w.c;
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let parts = (params.strips + params.spans - 1) / params.spans;
  let first_strip = id / params.channels % parts * params.spans;
  let rows = id / params.channels / parts % params.blocks;
  let image = id / params.channels / parts / params.blocks;
  if image >= params.images { return; }

  let w0 = column(0, c);
  let w1 = column(1, c);
  let w2 = column(2, c);
  hold_rows(c);
  let y0 = rows % params.phases_y + params.dilation_y * 4 * (rows / params.phases_y);
  let row0 = row_of(image, y0, 0, c);
  let row1 = row_of(image, y0, 1, c);
  let row2 = row_of(image, y0, 2, c);
  let row3 = row_of(image, y0, 3, c);
  let row4 = row_of(image, y0, 4, c);
  let row5 = row_of(image, y0, 5, c);

  let behind = min(first_strip + params.spans, params.strips);
  for (var strip = first_strip; strip < behind; strip++) {
    let phase = strip % params.phases_x;
    let begin = strip / params.phases_x * params.length;
    let columns = (params.ow - phase + params.dilation_x - 1) / params.dilation_x;
    let end = min(begin + params.length, columns);
    var p0 = T(0.0); var p1 = T(0.0); var p2 = T(0.0); var p3 = T(0.0);
    var q0 = T(0.0); var q1 = T(0.0); var q2 = T(0.0); var q3 = T(0.0);
    for (var t = begin; t < end + 2; t++) {
      let ix = i32(phase + params.dilation_x * t) - params.left;
      let x0 = value(row0, ix);
      let x1 = value(row1, ix);
      let x2 = value(row2, ix);
      let x3 = value(row3, ix);
      let x4 = value(row4, ix);
      let x5 = value(row5, ix);
      if t >= begin + 2 {
        let ox = phase + params.dilation_x * (t - 2);
        store_row(image, y0, 0, ox, c, q0 + dot(x0, x1, x2, w2));
        store_row(image, y0, 1, ox, c, q1 + dot(x1, x2, x3, w2));
        store_row(image, y0, 2, ox, c, q2 + dot(x2, x3, x4, w2));
        store_row(image, y0, 3, ox, c, q3 + dot(x3, x4, x5, w2));
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
}
