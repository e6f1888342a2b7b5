// y[n, r, c] = exp(-gamma d²)         d² = the least over the bones of |p - q|²         p = (c + 1/2, r + 1/2)
//
// q is the point of the bone nearest to p, see `lib/segment.wgsl`; with SQUARED off it is exp(-gamma d). A thread takes
// one T of a row and walks down its rows, four at a time: what is loaded of a bone serves four Ts. It also
// writes which bone was nearest, the first of equals, for the gradient.
//
// The distance is that of p and q, not a difference of squares. A bone without length is a point.

// use lib/map_columns.wgsl
// use lib/segment.wgsl

struct Params {
  images: u32, rows: u32, columns: u32, most: u32, first_image: u32,
  joints: u32, bones: u32, gamma: f32,
}

override WIDTH: u32 = 64;                      // threads of a workgroup
override SQUARED: bool = true;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> joints: array<vec2f>;
@group(0) @binding(2) var<storage, read> bones: array<vec2f>;        // two joints each
@group(0) @binding(3) var<storage, read_write> y: array<T>;
@group(0) @binding(4) var<storage, read_write> nearest: array<T>;    // the bone

struct Best { square: T, bone: T }

fn nearer(best: Best, bone: f32, x: T, dy: f32, along: vec2f, over: vec2f) -> Best {
  let t = clamp(x * over.x + dy * over.y, T(0.0), T(1.0));
  let rest_x = x - t * along.x;
  let rest_y = dy - t * along.y;
  let square = rest_x * rest_x + rest_y * rest_y;
  let closer = square < best.square;
  return Best(select(best.square, square, closer), select(best.bone, T(bone), closer));
}

fn value(square: T) -> T {
  if SQUARED { return exp(-params.gamma * square); }
  return exp(-params.gamma * sqrt(square));
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = column_of(line(group, groups) * WIDTH + lane, params.rows, params.columns, params.most);
  if t.image >= params.images { return; }
  let body = (params.first_image + t.image) * params.joints;
  let x = from_quad(vec4f(0.5, 1.5, 2.5, 3.5) + f32(t.at * LANES), 0u);

  for (var r = t.first; r < t.end; r += 4) {
    var best0 = Best(T(3e38), T(0.0));
    var best1 = best0;
    var best2 = best0;
    var best3 = best0;
    for (var k = 0u; k < params.bones; k++) {
      let bone = bones[k];
      let a = joints[body + u32(bone.x)];
      let along = joints[body + u32(bone.y)] - a;
      let over = over_square(along);
      let dx = x - a.x;
      let dy = f32(r) + 0.5 - a.y;
      best0 = nearer(best0, f32(k), dx, dy, along, over);
      best1 = nearer(best1, f32(k), dx, dy + 1.0, along, over);
      best2 = nearer(best2, f32(k), dx, dy + 2.0, along, over);
      best3 = nearer(best3, f32(k), dx, dy + 3.0, along, over);
    }
    let at = (t.image * params.rows + r) * params.columns + t.at;
    y[at] = value(best0.square);
    nearest[at] = best0.bone;
    if r + 1 < t.end {
      y[at + params.columns] = value(best1.square);
      nearest[at + params.columns] = best1.bone;
    }
    if r + 2 < t.end {
      y[at + 2 * params.columns] = value(best2.square);
      nearest[at + 2 * params.columns] = best2.bone;
    }
    if r + 3 < t.end {
      y[at + 3 * params.columns] = value(best3.square);
      nearest[at + 3 * params.columns] = best3.bone;
    }
  }
}
