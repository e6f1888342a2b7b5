// dy_i = Σ over j ≠ i of g s (y_i - y_j) / |y_i - y_j|         dt_i = -Σ over j ≠ i of g s (t_i - t_j) / |t_i - t_j|
//
// s is the sign of |y_i - y_j| - |t_i - t_j|, or 1 with SIGNED; g = dsums of the later joint, with which a pair is counted.
// A thread takes one joint i of one pose and walks over all others, so that no two threads write to one place. With EUCLIDEAN
// off the quotients are signs of coordinates.
//
// Where two joints agree, the quotient is 0, not 0 / 0; where the distances agree, s is 0.

// use lib/grid.wgsl

struct Params { poses: u32, joints: u32, axes: u32 }

override WIDTH: u32 = 64;                      // threads of a workgroup
override EUCLIDEAN: bool = true;
override SIGNED: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> y: array<f32>;
@group(0) @binding(2) var<storage, read> t: array<f32>;
@group(0) @binding(3) var<storage, read> dsums: array<f32>;
@group(0) @binding(4) var<storage, read_write> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dt: array<f32>;

fn part(d: f32) -> f32 {
  if EUCLIDEAN { return d * d; }
  return abs(d);
}

fn slope(d: f32, length: f32) -> f32 {
  if EUCLIDEAN { return d / max(length, 1e-19); }
  return sign(d);
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let joint = line(group, groups) * WIDTH + lane;
  if joint >= params.poses * params.joints { return; }
  let i = joint * params.axes;
  let first = joint - joint % params.joints;
  for (var axis = 0u; axis < params.axes; axis++) {
    dy[i + axis] = 0.0;
    dt[i + axis] = 0.0;
  }

  for (var other = first; other < first + params.joints; other++) {
    let j = other * params.axes;
    var of_y = 0.0;
    var of_t = 0.0;
    for (var axis = 0u; axis < params.axes; axis++) {
      of_y += part(y[i + axis] - y[j + axis]);
      of_t += part(t[i + axis] - t[j + axis]);
    }
    if EUCLIDEAN {
      of_y = sqrt(of_y);
      of_t = sqrt(of_t);
    }
    let g = dsums[max(joint, other)] * select(sign(of_y - of_t), 1.0, SIGNED);
    for (var axis = 0u; axis < params.axes; axis++) {
      dy[i + axis] += g * slope(y[i + axis] - y[j + axis], of_y);
      dt[i + axis] -= g * slope(t[i + axis] - t[j + axis], of_t);
    }
  }
}
