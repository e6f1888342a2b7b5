// dx[n, iy, ix, c] = Σ of dy[n, oy, ox, c] taps[ky, kx, c]     over all with oy stride - top + ky = iy, and so ox
//
// For strides above 1. A thread walks along dy with all taps of its channels in registers, and computes ROWS SY rows of dx. For each
// column of dy that it comes by, SX columns of dx are complete; which taps meet them is known before the kernel runs: of 3x3
// taps with stride 2, one, two, two and four for the four values of a square.
//
// Each value is summed by columns of dy, from the left, in f32. What lies outside dy is replaced after it was loaded from within.

// use lib/depthwise_gradient.wgsl

const SY = 2u;                                 // strides
const SX = 2u;
const ROWS = 1u;                               // squares below one another
const HIGH = (KH - 1) / SY;                    // rows of dy above the first that a square needs
const REACH = (KW - 1) / SX + 1;               // columns of dy that a square needs

@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> taps: array<T>;
@group(0) @binding(3) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let rows = id / params.channels % params.blocks;
  let image = id / params.channels / params.blocks;
  if image >= params.images { return; }

  var weights: array<T, KH * KW>;
  for (var k = 0u; k < KH * KW; k++) { weights[k] = taps[k * params.channels + c]; }
  let row = rows * ROWS;
  var columns: array<T, REACH * (ROWS + HIGH)>;
  for (var j = 0u; j < REACH * (ROWS + HIGH); j++) { columns[j] = T(0.0); }
  // Square t covers the columns t SX - left and on of dx.
  let squares = (params.w + u32(params.left) + SX - 1) / SX;
  for (var t = 0u; t < squares; t++) {
    for (var m = REACH - 1; m > 0; m--) {
      for (var i = 0u; i < ROWS + HIGH; i++) { columns[m * (ROWS + HIGH) + i] = columns[(m - 1) * (ROWS + HIGH) + i]; }
    }
    for (var i = 0u; i < ROWS + HIGH; i++) {
      let oy = i32(row + i) - i32(HIGH);
      let from_y = u32(clamp(oy, 0, i32(params.oh) - 1));
      let at = ((image * params.oh + from_y) * params.ow + min(t, params.ow - 1)) * params.channels + c;
      columns[i] = select(T(0.0), dy[at], oy >= 0 && oy < i32(params.oh) && t < params.ow);
    }
    for (var r = 0u; r < ROWS; r++) {
      for (var sy = 0u; sy < SY; sy++) {
        let iy = i32((row + r) * SY + sy) - params.top;
        for (var sx = 0u; sx < SX; sx++) {
          let ix = i32(t * SX + sx) - params.left;
          var sum = T(0.0);
          for (var m = 0u; m < REACH; m++) {
            for (var i = 0u; i <= HIGH; i++) {
              if sy + SY * i < KH && sx + SX * m < KW {
                sum += columns[m * (ROWS + HIGH) + r + HIGH - i] * weights[(sy + SY * i) * KW + sx + SX * m];
              }
            }
          }
          if iy >= 0 && iy < i32(params.h) && ix >= 0 && ix < i32(params.w) {
            dx[((image * params.h + u32(iy)) * params.w + u32(ix)) * params.channels + c] = sum;
          }
        }
      }
    }
  }
}
