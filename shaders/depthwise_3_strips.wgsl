// y[n, oy, ox, c] = Σ over ky, kx of x[n, oy stride - top + ky dilation, ox stride - left + kx dilation, c] taps[ky, kx, c]
//
// Step 3 of the ladder: registers only, no barrier. A thread walks along ROWS rows of y with all taps of its channels in
// registers. Each column of x that it comes by is loaded once and added to the REACH columns of y that see it; those that are
// complete are stored, the others move on by one. For 3x3 on four rows that is 1.5 loads for a value of y, not 9. With a
// dilation, rows and columns whose numbers differ by no multiple of it have nothing in common: each such phase is an image
// of its own. So stride or dilation is 1 along each axis.
//
// Each value is summed by columns of taps, from the left, in f32. What lies outside the image is replaced after it was loaded from
// within, so a NaN there does no harm.

// use lib/depthwise.wgsl

const SY = 1u;                                 // strides
const SX = 1u;
const ROWS = 4u;                               // of y that a thread computes at once
const IN_ROWS = SY * (ROWS - 1) + KH;          // of x that they see
const REACH = (KW - 1) / SX + 1;               // columns of y that see one of x

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

  var weights: array<T, KH * KW>;
  for (var k = 0u; k < KH * KW; k++) { weights[k] = tap(k / KW, k % KW, c); }
  hold_rows(c);

  let phase_y = rows % params.phases_y;
  let row = rows / params.phases_y * ROWS;
  var row_at: array<u32, IN_ROWS>;
  var row_in: array<bool, IN_ROWS>;
  for (var i = 0u; i < IN_ROWS; i++) {
    let iy = i32(phase_y + params.dilation_y * (SY * row + i)) - params.top;
    row_in[i] = iy >= 0 && iy < i32(params.h);
    row_at[i] = (image * params.h + u32(clamp(iy, 0, i32(params.h) - 1))) * params.w * params.channels + c;
  }

  let behind = min(first_strip + params.spans, params.strips);
  for (var strip = first_strip; strip < behind; strip++) {
    let phase_x = strip % params.phases_x;
    let begin = strip / params.phases_x * params.length;
    let columns = (params.ow - phase_x + params.dilation_x - 1) / params.dilation_x;
    let end = min(begin + params.length, columns);
    var sums: array<T, REACH * ROWS>;
    for (var j = 0u; j < REACH * ROWS; j++) { sums[j] = T(0.0); }
    for (var t = begin; t + 1 < end + REACH; t++) {
      for (var q = 0u; q < SX; q++) {
        let ix = i32(phase_x + params.dilation_x * (SX * t + q)) - params.left;
        let inside = ix >= 0 && ix < i32(params.w);
        let at = u32(clamp(ix, 0, i32(params.w) - 1)) * params.channels;
        var column: array<T, IN_ROWS>;
        for (var i = 0u; i < IN_ROWS; i++) {
          column[i] = select(T(0.0), x[row_at[i] + at], inside && row_in[i]);
        }
        for (var m = 0u; m < REACH; m++) {
          if q + SX * m < KW {
            for (var r = 0u; r < ROWS; r++) {
              for (var ky = 0u; ky < KH; ky++) {
                sums[m * ROWS + r] += column[SY * r + ky] * weights[ky * KW + q + SX * m];
              }
            }
          }
        }
      }
      if t + 1 >= begin + REACH {
        let ox = phase_x + params.dilation_x * (t + 1 - REACH);
        for (var r = 0u; r < ROWS; r++) {
          let oy = phase_y + params.dilation_y * (row + r);
          if oy < params.oh { store(image, oy, ox, c, sums[(REACH - 1) * ROWS + r]); }
        }
      }
      for (var m = REACH - 1; m > 0; m--) {
        for (var r = 0u; r < ROWS; r++) { sums[m * ROWS + r] = sums[(m - 1) * ROWS + r]; }
      }
      for (var r = 0u; r < ROWS; r++) { sums[r] = T(0.0); }
    }
  }
}
