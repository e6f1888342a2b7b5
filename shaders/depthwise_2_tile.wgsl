// y[n, oy, ox, c] = Σ over ky, kx of x[n, oy stride - top + ky dilation, ox stride - left + kx dilation, c] taps[ky, kx, c]
//
// Step 2 of the ladder for GPUs with real workgroup memory: a workgroup computes SIDE x SIDE pixels of y for DEEP Ts of channels.
// Its threads load the patch of x that those pixels see together, neighbours in channels beside one another, and wait;
// then each sums its own pixel from the patch. So 3x3 loads 1.6 values of x from memory for a value of y, not 9. Pixels of y
// that lie outside the image have no thread that stores them, but all threads come to the barrier. On a CPU workgroup memory is memory
// like any other, and this is as slow as step 1.
//
// The sum runs from the first tap to the last, in f32. What lies outside the image is replaced after it was loaded from within,
// so a NaN there does no harm.

// use lib/depthwise.wgsl

const SIDE = 8u;                               // pixels of y along each side of a tile
const DEEP = 4u;                              // Ts of channels of a tile
const HIGH = 10u;                              // rows and columns of x that it sees
const WIDE = 10u;

var<workgroup> patch_of_x: array<T, HIGH * WIDE * DEEP>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) thread: u32) {
  let id = line(group, groups);
  let first_c = id % params.spans * DEEP;
  let first_x = id / params.spans % params.strips * SIDE;
  let first_y = id / params.spans / params.strips % params.blocks * SIDE;
  let image = id / params.spans / params.strips / params.blocks;
  if image >= params.images { return; }        // whole workgroups

  let top = i32(first_y * params.stride_y) - params.top;
  let left = i32(first_x * params.stride_x) - params.left;
  for (var i = thread; i < HIGH * WIDE * DEEP; i += WIDTH) {
    let iy = top + i32(i / DEEP / WIDE);
    let ix = left + i32(i / DEEP % WIDE);
    let channel = first_c + i % DEEP;
    let inside = iy >= 0 && iy < i32(params.h) && ix >= 0 && ix < i32(params.w) && channel < params.channels;
    let row = image * params.h + u32(clamp(iy, 0, i32(params.h) - 1));
    let at = (row * params.w + u32(clamp(ix, 0, i32(params.w) - 1))) * params.channels;
    patch_of_x[i] = select(T(0.0), x[at + min(channel, params.channels - 1)], inside);
  }
  workgroupBarrier();

  let c = first_c + thread % DEEP;
  let ox = first_x + thread / DEEP % SIDE;
  let oy = first_y + thread / DEEP / SIDE;
  if c >= params.channels || ox >= params.ow || oy >= params.oh { return; }
  let corner = (oy - first_y) * params.stride_y * WIDE + (ox - first_x) * params.stride_x;
  var sum = T(0.0);
  for (var ky = 0u; ky < KH; ky++) {
    for (var kx = 0u; kx < KW; kx++) {
      let at = corner + ky * params.dilation_y * WIDE + kx * params.dilation_x;
      sum += patch_of_x[at * DEEP + thread % DEEP] * tap(ky, kx, c);
    }
  }
  hold_rows(c);
  store(image, oy, ox, c, sum);
}
