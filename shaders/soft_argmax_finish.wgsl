// y[n, j] = Σ p (c + 1/2, r + 1/2, d + 1/2)         p = exp(beta x - top) / sum, over all cells of the map of joint j
//
// Each column of the map comes with its own maximum and sums, see `soft_argmax.wgsl`. One workgroup for each joint of each
// image: a thread takes every WIDTH-th column, first for the maximum of all, then for the sums; the threads combine what
// they have in a tree. A joint has `depth` channels, one after another; without depth there is one, and no third coordinate.
//
// The maximum of all columns is taken out of the exponents, so each column counts at most once its own sum. The order
// is fixed, so the same input gives the same bits.

// use lib/reduce.wgsl
// use lib/grid.wgsl

struct Params { images: u32, joints: u32, parts: u32, width: u32, depth: u32, axes: u32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;        // [images, parts, 3, width, joints, depth]
@group(0) @binding(2) var<storage, read_write> y: array<f32>;        // [images, joints, axes]
@group(0) @binding(3) var<storage, read_write> stats: array<vec2f>;  // top and 1 / sum of [images, joints]

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let j = line(group, groups);
  if j >= params.images * params.joints { return; }
  let image = j / params.joints;
  let channels = params.joints * params.depth;
  let columns = params.width * channels;
  let cells = params.width * params.depth;
  let first = image * params.parts * 3 * columns + j % params.joints * params.depth;

  var top = partial[first];
  for (var part = 0u; part < params.parts; part++) {
    for (var i = lane; i < cells; i += WIDTH) {
      let at = first + part * 3 * columns + i / params.depth * channels + i % params.depth;
      top = max(top, partial[at]);
    }
  }
  top = max_across(top, lane);

  var sum = 0.0;
  var moment = vec3f();
  for (var part = 0u; part < params.parts; part++) {
    for (var i = lane; i < cells; i += WIDTH) {
      let c = i / params.depth;
      let d = i % params.depth;
      let at = first + part * 3 * columns + c * channels + d;
      let share = exp(partial[at] - top);
      let weight = share * partial[at + columns];
      sum += weight;
      moment += vec3f(weight * (f32(c) + 0.5), share * partial[at + 2 * columns], weight * (f32(d) + 0.5));
    }
  }
  sum = sum_across(sum, lane);
  moment.x = sum_across(moment.x, lane);
  moment.y = sum_across(moment.y, lane);
  moment.z = sum_across(moment.z, lane);
  if lane == 0 {
    stats[j] = vec2f(top, 1.0 / sum);
    for (var axis = 0u; axis < params.axes; axis++) { y[j * params.axes + axis] = moment[axis] / sum; }
  }
}
