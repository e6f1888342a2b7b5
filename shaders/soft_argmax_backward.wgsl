// dx = beta p (dy · (place - y))         p = exp(beta x - top) / sum
//
// place is (c + 1/2, r + 1/2, d + 1/2) of a cell, y the expectation of it over the joint's map, dy [n, j, axes] its gradient.
// A thread takes one T of a row and walks down its rows: all but r stays the same, so a step is one load, one exponential and
// one store.
//
// top is the maximum of beta x over the map, so p is at most 1. The difference of place and y is taken before the
// product: the gradient of a sharp map is a small difference.

// use lib/map_columns.wgsl

struct Params {
  images: u32, rows: u32, columns: u32, most: u32, first_image: u32, beta: f32,
  joints: u32, depth: u32, axes: u32,
}

override WIDTH: u32 = 64;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read> stats: array<vec2f>;
@group(0) @binding(5) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = column_of(line(group, groups) * WIDTH + lane, params.rows, params.columns, params.most);
  if t.image >= params.images { return; }

  // dy · (place - y) = fixed + slope (r - height)
  var fixed4 = vec4f();
  var slope4 = vec4f();
  var height4 = vec4f();
  var top4 = vec4f();
  for (var k = 0u; k < LANES; k++) {
    let value = t.at * LANES + k;
    let channels = params.joints * params.depth;
    let j = (params.first_image + t.image) * params.joints + value % channels / params.depth;
    let of_joint = j * params.axes;
    let s = stats[j];
    let factor = params.beta * s.y;
    fixed4[k] = factor * dy[of_joint] * (f32(value / channels) + 0.5 - y[of_joint]);
    if params.axes == 3 {
      fixed4[k] += factor * dy[of_joint + 2] * (f32(value % params.depth) + 0.5 - y[of_joint + 2]);
    }
    slope4[k] = factor * dy[of_joint + 1];
    height4[k] = y[of_joint + 1] - 0.5;
    top4[k] = s.x;
  }
  let fixed = from_quad(fixed4, 0u);
  let slope = from_quad(slope4, 0u);
  let height = from_quad(height4, 0u);
  let top = from_quad(top4, 0u);

  var at = (t.image * params.rows + t.first) * params.columns + t.at;
  for (var r = t.first; r < t.end; r++) {
    dx[at] = exp(params.beta * x[at] - top) * (fixed + slope * (f32(r) - height));
    at += params.columns;
  }
}
