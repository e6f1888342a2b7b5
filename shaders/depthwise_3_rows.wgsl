// y[n, oy, ox, c] = Σ over ky, kx of x[n, oy stride - top + ky dilation, ox stride - left + kx dilation, c] taps[ky, kx, c]
//
// For many taps, where those of `depthwise_3_strips.wgsl` find no room in registers: a thread computes 16 neighbours of a row of y,
// each with a named sum. For one row of taps it loads the 16 values of x that the first tap meets, and for each further tap one
// more, while all move on by one: 22 loads and 7 taps for 112 multiply-adds where a row has 7 taps. With a stride, taps whose
// numbers differ by no multiple of it meet other columns, and are taken one after another; with a dilation, columns of y of
// which that is so have nothing in common, and each such phase is an image of its own. So stride or dilation is 1 along the row.
//
// The sum of a value runs over rows of taps, in f32. What lies outside the image is replaced after it was loaded from within, so a
// NaN there does no harm.

// use lib/depthwise.wgsl
// use lib/tap_range.wgsl

const SX = 1u;                                 // stride along the row

struct Strip { image: u32, oy: u32, phase: u32, first: u32 }

// The value of x that tap q of the j-th column of the strip meets, in the row that begins at `above`.
fn value(above: u32, s: Strip, j: u32, q: u32) -> T {
  let ix = i32(s.phase + params.dilation_x * (SX * (s.first + j) + q)) - params.left;
  let near = u32(clamp(ix, 0, i32(params.w) - 1));
  return select(T(0.0), x[above + near * params.channels], ix >= 0 && ix < i32(params.w));
}

fn put(s: Strip, j: u32, c: u32, sum: T) {
  let ox = s.phase + params.dilation_x * (s.first + j);
  if ox < params.ow { store(s.image, s.oy, ox, c, sum); }
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let strip = id / params.channels % params.strips;
  let row = id / params.channels / params.strips;
  let s = Strip(row / params.oh, row % params.oh, strip % params.phases_x, strip / params.phases_x * 16);
  if s.image >= params.images { return; }

  var s0 = T(0.0); var s1 = T(0.0); var s2 = T(0.0); var s3 = T(0.0); var s4 = T(0.0); var s5 = T(0.0); var s6 = T(0.0); var s7 = T(0.0);
  var s8 = T(0.0); var s9 = T(0.0); var s10 = T(0.0); var s11 = T(0.0); var s12 = T(0.0); var s13 = T(0.0); var s14 = T(0.0); var s15 = T(0.0);
  let begin_y = i32(s.oy * params.stride_y) - params.top;
  let rows = tap_range(begin_y, params.dilation_y, KH, params.h);
  for (var ky = rows.x; ky < rows.y; ky++) {
    let iy = u32(begin_y + i32(ky * params.dilation_y));
    let above = (s.image * params.h + iy) * params.w * params.channels + c;
    for (var q = 0u; q < min(SX, KW); q++) {
      var x0 = value(above, s, 0, q);
      var x1 = value(above, s, 1, q);
      var x2 = value(above, s, 2, q);
      var x3 = value(above, s, 3, q);
      var x4 = value(above, s, 4, q);
      var x5 = value(above, s, 5, q);
      var x6 = value(above, s, 6, q);
      var x7 = value(above, s, 7, q);
      var x8 = value(above, s, 8, q);
      var x9 = value(above, s, 9, q);
      var x10 = value(above, s, 10, q);
      var x11 = value(above, s, 11, q);
      var x12 = value(above, s, 12, q);
      var x13 = value(above, s, 13, q);
      var x14 = value(above, s, 14, q);
      var x15 = value(above, s, 15, q);
      var next = 16u;
      for (var kx = q; kx < KW; kx += SX) {
        let w = tap(ky, kx, c);
        s0 += x0 * w; s1 += x1 * w; s2 += x2 * w; s3 += x3 * w;
        s4 += x4 * w; s5 += x5 * w; s6 += x6 * w; s7 += x7 * w;
        s8 += x8 * w; s9 += x9 * w; s10 += x10 * w; s11 += x11 * w;
        s12 += x12 * w; s13 += x13 * w; s14 += x14 * w; s15 += x15 * w;
        x0 = x1; x1 = x2; x2 = x3; x3 = x4; x4 = x5; x5 = x6; x6 = x7; x7 = x8;
        x8 = x9; x9 = x10; x10 = x11; x11 = x12; x12 = x13; x13 = x14; x14 = x15;
        x15 = value(above, s, next, q);
        next++;
      }
    }
  }
  hold_rows(c);
  put(s, 0, c, s0);
  put(s, 1, c, s1);
  put(s, 2, c, s2);
  put(s, 3, c, s3);
  put(s, 4, c, s4);
  put(s, 5, c, s5);
  put(s, 6, c, s6);
  put(s, 7, c, s7);
  put(s, 8, c, s8);
  put(s, 9, c, s9);
  put(s, 10, c, s10);
  put(s, 11, c, s11);
  put(s, 12, c, s12);
  put(s, 13, c, s13);
  put(s, 14, c, s14);
  put(s, 15, c, s15);
}
