// u[k] = G w Gᵀ        for each pair of channels, k = 4 row + column
//
//       | 1   0   0 |
//   G = | ½   ½   ½ |
//       | ½  -½   ½ |
//       | 0   0   1 |      Lavin and Gray 2016, section 4.1
//
// One thread for each T of the columns of w [3, 3, rows, columns]. With FLIP the taps are read from the last to the first, as the
// gradient of the input has them.
//
// Sums of nine values at most.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Params { count: u32 }                   // Ts of a tap

override WIDTH: u32 = 64;                      // threads of a workgroup
override FLIP: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> w: array<T>;
@group(0) @binding(2) var<storage, read_write> u: array<T>;

struct Row { a: T, b: T, c: T, d: T }

fn tap(at: u32, id: u32) -> T { return w[select(at, 8 - at, FLIP) * params.count + id]; }

fn spread(a: T, b: T, c: T) -> Row {
  return Row(a, 0.5 * (a + b + c), 0.5 * (a - b + c), c);
}

fn put(id: u32, row: u32, r: Row) {
  u[4 * row * params.count + id] = r.a;
  u[(4 * row + 1) * params.count + id] = r.b;
  u[(4 * row + 2) * params.count + id] = r.c;
  u[(4 * row + 3) * params.count + id] = r.d;
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  if id >= params.count { return; }
  let left = spread(tap(0, id), tap(3, id), tap(6, id));   // G w, column by column
  let middle = spread(tap(1, id), tap(4, id), tap(7, id));
  let right = spread(tap(2, id), tap(5, id), tap(8, id));
  put(id, 0, spread(left.a, middle.a, right.a));
  put(id, 1, spread(left.b, middle.b, right.b));
  put(id, 2, spread(left.c, middle.c, right.c));
  put(id, 3, spread(left.d, middle.d, right.d));
}
