// y[n, r, c, j] = amplitude[n, j] exp(-factor ((c + 1/2 - u)² + (r + 1/2 - v)²))        (u, v) = joints[n, j]
//
// factor = 1 / (2 sigma²). A thread takes one T of a row, whose joints and whose distances along x stay the same in all
// the rows that it walks down: a step is one exponential and one store, and loads nothing.
//
// The exponent is never positive, so nothing overflows; far from a joint the map is 0. The sum of squares is taken before the
// exponential: a product of two would lose the digits of small factors first.

// use lib/map_columns.wgsl

struct Params { images: u32, rows: u32, columns: u32, channels: u32, most: u32, first_image: u32, factor: f32 }

override WIDTH: u32 = 64;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> joints: array<vec2f>;
@group(0) @binding(2) var<storage, read> amplitude: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = column_of(line(group, groups) * WIDTH + lane, params.rows, params.columns, params.most);
  if t.image >= params.images { return; }

  var x_part = vec4f();
  var v4 = vec4f();
  var peak = vec4f();
  for (var k = 0u; k < LANES; k++) {
    let value = t.at * LANES + k;
    let j = (params.first_image + t.image) * params.channels + value % params.channels;
    let joint = joints[j];
    let dx = f32(value / params.channels) + 0.5 - joint.x;
    x_part[k] = -params.factor * dx * dx;
    v4[k] = joint.y - 0.5;
    peak[k] = amplitude[j];
  }
  let along_x = from_quad(x_part, 0u);
  let v = from_quad(v4, 0u);
  let a = from_quad(peak, 0u);

  var at = (t.image * params.rows + t.first) * params.columns + t.at;
  for (var r = t.first; r < t.end; r++) {
    let dy = f32(r) - v;
    y[at] = a * exp(along_x - params.factor * dy * dy);
    at += params.columns;
  }
}
