// zeroth = Σ dy g        first = Σ dy g (r + 1/2 - v)          over the rows r of a part of one column of a map
//
// g is the Gaussian of `gaussian_heatmaps.wgsl` without its amplitude, computed again: that is cheaper than to load it. A
// thread takes one T of a row and walks down its rows, so that a step loads dy alone. What belongs to one joint
// is added by `gaussian_heatmaps_finish.wgsl`.
//
// Every sum has its own order, the same in every run, and is at most a part of a column long.

// use lib/map_columns.wgsl

struct Params { images: u32, rows: u32, columns: u32, channels: u32, most: u32, first_image: u32, factor: f32 }

override WIDTH: u32 = 64;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read> joints: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> partial: array<T>;    // [images, parts, 2, columns]

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = column_of(line(group, groups) * WIDTH + lane, params.rows, params.columns, params.most);
  if t.image >= params.images { return; }
  let image = params.first_image + t.image;

  var x_part = vec4f();
  var v4 = vec4f();
  for (var k = 0u; k < LANES; k++) {
    let value = t.at * LANES + k;
    let joint = joints[image * params.channels + value % params.channels];
    let dx = f32(value / params.channels) + 0.5 - joint.x;
    x_part[k] = -params.factor * dx * dx;
    v4[k] = joint.y - 0.5;
  }
  let along_x = from_quad(x_part, 0u);
  let v = from_quad(v4, 0u);

  var zeroth = T(0.0);
  var first = T(0.0);
  var at = (t.image * params.rows + t.first) * params.columns + t.at;
  for (var r = t.first; r < t.end; r++) {
    let along_y = f32(r) - v;
    let product = dy[at] * exp(along_x - params.factor * along_y * along_y);
    zeroth += product;
    first += product * along_y;
    at += params.columns;
  }
  let to = (image * t.parts + t.part) * 2 * params.columns + t.at;
  partial[to] = zeroth;
  partial[to + params.columns] = first;
}
