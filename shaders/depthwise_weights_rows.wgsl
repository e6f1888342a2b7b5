// dw[b, ky, kx, c] = Σ over the rows of block b of dy[n, oy, ox, c] x[n, oy stride - top + ky dilation, ox stride - left + kx dilation, c]
//
// One thread for each block of rows of dy, each row of up to 7 taps and each T of channels, with a named sum for each tap. It walks
// along dy and the row of x that its taps see, and keeps what the next pixel sees again: with stride 1, two loads for up to 7
// multiply-adds. The newest value is x6, so that 3 taps have the last of the names. With a dilation, columns whose numbers
// differ by no multiple of it have nothing in common: they are walked one after another. Blocks are added in order afterwards.
//
// What lies outside the image is replaced after it was loaded from within. Blocks keep the sums short.

// use lib/depthwise_gradient.wgsl

const SX = 1u;                                 // stride along the row, 1 or 2
const KEPT = i32(KW) - i32(SX);                // columns that the taps see again at the next pixel

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dw: array<T>;

// Of the row of x that begins at `row`: the i-th column that the walk of this phase comes by.
fn value(row: u32, phase: u32, i: i32) -> T {
  let ix = i32(phase) + i32(params.dilation_x) * i - params.left;
  let near = u32(clamp(ix, 0, i32(params.w) - 1));
  return select(T(0.0), x[row + near * params.channels], ix >= 0 && ix < i32(params.w));
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let ky = id / params.channels % KH;
  let begin = id / params.channels / KH * params.block;
  let rows = params.images * params.oh;
  if begin >= rows { return; }
  let end = min(begin + params.block, rows);
  var s0 = T(0.0); var s1 = T(0.0); var s2 = T(0.0); var s3 = T(0.0); var s4 = T(0.0); var s5 = T(0.0); var s6 = T(0.0);
  for (var r = begin; r < end; r++) {
    let iy = i32(r % params.oh * params.stride_y + ky * params.dilation_y) - params.top;
    if iy < 0 || iy >= i32(params.h) { continue; }
    let above = (r / params.oh * params.h + u32(iy)) * params.w * params.channels + c;
    let below = r * params.ow * params.channels + c;
    for (var phase = 0u; phase < params.phases_x; phase++) {
      // What the taps saw before the first pixel: the first tap of that sees the first column.
      var x0 = T(0.0); var x1 = T(0.0); var x2 = T(0.0); var x3 = T(0.0); var x4 = T(0.0); var x5 = T(0.0); var x6 = T(0.0);
      if KEPT > 0 { x6 = value(above, phase, KEPT - 1); }
      if KEPT > 1 { x5 = value(above, phase, KEPT - 2); }
      if KEPT > 2 { x4 = value(above, phase, KEPT - 3); }
      if KEPT > 3 { x3 = value(above, phase, KEPT - 4); }
      if KEPT > 4 { x2 = value(above, phase, KEPT - 5); }
      if KEPT > 5 { x1 = value(above, phase, KEPT - 6); }
      var next = KEPT;
      for (var ox = phase; ox < params.ow; ox += params.dilation_x) {
        for (var q = 0u; q < SX; q++) {
          x0 = x1; x1 = x2; x2 = x3; x3 = x4; x4 = x5; x5 = x6;
          x6 = value(above, phase, next);
          next++;
        }
        let gradient = dy[below + ox * params.channels];
        s6 += gradient * x6;
        if KW > 1 { s5 += gradient * x5; }
        if KW > 2 { s4 += gradient * x4; }
        if KW > 3 { s3 += gradient * x3; }
        if KW > 4 { s2 += gradient * x2; }
        if KW > 5 { s1 += gradient * x1; }
        if KW > 6 { s0 += gradient * x0; }
      }
    }
  }
  let to = ((params.first_block + begin / params.block) * KH + ky) * KW * params.channels + c;
  let last = to + (KW - 1) * params.channels;
  dw[last] = s6;
  if KW > 1 { dw[last - params.channels] = s5; }
  if KW > 2 { dw[last - 2 * params.channels] = s4; }
  if KW > 3 { dw[last - 3 * params.channels] = s3; }
  if KW > 4 { dw[last - 4 * params.channels] = s2; }
  if KW > 5 { dw[last - 5 * params.channels] = s1; }
  if KW > 6 { dw[last - 6 * params.channels] = s0; }
}
