// v[k, tile] = Bᵀ d B        d the 4 x 4 pixels of x that the tile sees, k = 4 row + column
//
//        | 1  0 -1  0 |
//   Bᵀ = | 0  1  1  0 |
//        | 0 -1  1  0 |
//        | 0  1  0 -1 |      Lavin and Gray 2016, section 4.1
//
// A thread walks along a row of tiles with a T of channels: of the four columns that a tile sees, the next sees two again.
//
// Sums of four values at most; what lies outside is replaced after it was loaded from within.

// use lib/winograd.wgsl

@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> v: array<T>;

fn value(image: u32, iy: i32, ix: i32, c: u32) -> T {
  let inside = iy >= 0 && iy < i32(params.h) && ix >= 0 && ix < i32(params.w);
  let y = u32(clamp(iy, 0, i32(params.h) - 1));
  let at = (image * params.h + y) * params.w + u32(clamp(ix, 0, i32(params.w) - 1));
  return select(T(0.0), x[at * params.channels + c], inside);
}

// Column ix of d, times Bᵀ.
fn column(image: u32, iy: i32, ix: i32, c: u32) -> Four {
  let d0 = value(image, iy, ix, c);
  let d1 = value(image, iy + 1, ix, c);
  let d2 = value(image, iy + 2, ix, c);
  let d3 = value(image, iy + 3, ix, c);
  return Four(d0 - d2, d1 + d2, d2 - d1, d1 - d3);
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let c = id % params.channels;
  let row = id / params.channels;
  if row >= params.images * params.tiles_y { return; }
  let image = row / params.tiles_y;
  let iy = i32(2 * (row % params.tiles_y)) - params.top;
  let apart = params.images * params.tiles_y * params.tiles_x * params.channels;   // from one k to the next
  var p = column(image, iy, -params.left, c);
  var q = column(image, iy, 1 - params.left, c);
  for (var tx = 0u; tx < params.tiles_x; tx++) {
    let ix = i32(2 * tx) - params.left;
    let r = column(image, iy, ix + 2, c);
    let s = column(image, iy, ix + 3, c);
    let to = (row * params.tiles_x + tx) * params.channels + c;
    v[to] = p.a - r.a;
    v[to + apart] = q.a + r.a;
    v[to + 2 * apart] = r.a - q.a;
    v[to + 3 * apart] = q.a - s.a;
    v[to + 4 * apart] = p.b - r.b;
    v[to + 5 * apart] = q.b + r.b;
    v[to + 6 * apart] = r.b - q.b;
    v[to + 7 * apart] = q.b - s.b;
    v[to + 8 * apart] = p.c - r.c;
    v[to + 9 * apart] = q.c + r.c;
    v[to + 10 * apart] = r.c - q.c;
    v[to + 11 * apart] = q.c - s.c;
    v[to + 12 * apart] = p.d - r.d;
    v[to + 13 * apart] = q.d + r.d;
    v[to + 14 * apart] = r.d - q.d;
    v[to + 15 * apart] = q.d - s.d;
    p = r;
    q = s;
  }
}
