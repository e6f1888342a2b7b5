// dw[b, ky, kx, c] = Σ over the rows of block b and all columns of dy[n, oy, ox, c] x[n, oy stride - top + ky dilation, ...]
//
// One thread for each block and each T of channels, with the sums of all taps in registers. It walks along ROWS rows of dy, keeps
// the last columns that it loaded, and multiplies each column of x by those that saw it: for 3x3 on four rows it loads 2.5
// values for 9 multiply-adds. A block is one or several strips of rows; blocks are added in order afterwards. Phases of a
// dilation are images of their own, as in `depthwise_3_strips.wgsl`.
//
// What lies outside is replaced after it was loaded from within. Blocks keep the sums short.

// use lib/depthwise_gradient.wgsl

const SY = 1u;                                 // strides
const SX = 1u;
const ROWS = 4u;                               // of dy that a thread takes at once
const IN_ROWS = SY * (ROWS - 1) + KH;          // of x that they saw
const REACH = (KW - 1) / SX + 1;               // columns of dy that saw one of x

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> dy: array<T>;
@group(0) @binding(3) var<storage, read_write> dw: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let begin = id / params.channels * params.block;
  let all = params.images * params.blocks;
  if begin >= all { return; }
  var sums: array<T, KH * KW>;
  for (var k = 0u; k < KH * KW; k++) { sums[k] = T(0.0); }
  let end = min(begin + params.block, all);
  for (var strip = begin; strip < end; strip++) {
    let image = strip / params.blocks;
    let rows = strip % params.blocks;
    let phase_y = rows % params.phases_y;
    let row = rows / params.phases_y * ROWS;
    for (var phase_x = 0u; phase_x < params.phases_x; phase_x++) {
      let columns = (params.ow - phase_x + params.dilation_x - 1) / params.dilation_x;
      var seen: array<T, REACH * ROWS>;
      for (var j = 0u; j < REACH * ROWS; j++) { seen[j] = T(0.0); }
      for (var t = 0u; t + 1 < columns + REACH; t++) {
        for (var m = REACH - 1; m > 0; m--) {
          for (var r = 0u; r < ROWS; r++) { seen[m * ROWS + r] = seen[(m - 1) * ROWS + r]; }
        }
        let ox = phase_x + params.dilation_x * min(t, columns - 1);
        for (var r = 0u; r < ROWS; r++) {
          let oy = phase_y + params.dilation_y * (row + r);
          let at = ((image * params.oh + min(oy, params.oh - 1)) * params.ow + ox) * params.channels + c;
          seen[r] = select(T(0.0), dy[at], oy < params.oh && t < columns);
        }
        for (var q = 0u; q < SX; q++) {
          let ix = i32(phase_x + params.dilation_x * (SX * t + q)) - params.left;
          let from_x = u32(clamp(ix, 0, i32(params.w) - 1));
          for (var i = 0u; i < IN_ROWS; i++) {
            let iy = i32(phase_y + params.dilation_y * (SY * row + i)) - params.top;
            let from_y = u32(clamp(iy, 0, i32(params.h) - 1));
            let value = x[((image * params.h + from_y) * params.w + from_x) * params.channels + c];
            let inside = iy >= 0 && iy < i32(params.h) && ix >= 0 && ix < i32(params.w);
            let here = select(T(0.0), value, inside);
            for (var ky = 0u; ky < KH; ky++) {
              if i >= ky && (i - ky) % SY == 0 && (i - ky) / SY < ROWS {
                for (var m = 0u; m < REACH; m++) {
                  if q + SX * m < KW { sums[ky * KW + q + SX * m] += seen[m * ROWS + (i - ky) / SY] * here; }
                }
              }
            }
          }
        }
      }
    }
  }
  let to = (params.first_block + id / params.channels) * KH * KW;
  for (var k = 0u; k < KH * KW; k++) { dw[(to + k) * params.channels + c] = sums[k]; }
}
