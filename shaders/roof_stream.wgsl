// y = x (copy)      y = a x (scale)      y = x + a z (triad)
//
// The roofs of memory (McCalpin 1995, STREAM): what a kernel reaches that does nothing but move quads. A group of WIDTH
// threads walks WIDTH * steps quads in order; with FOUR it moves four of them at a time, written out by hand. The bench
// takes the best form: some devices want many threads, CPUs want few threads with long loops.
//
// x, y and z hold the same number of quads, a multiple of what a group walks.

// use lib/grid.wgsl

override OP: u32 = 0;                          // 0 copy, 1 scale, 2 triad
override WIDTH: u32 = 64;
override FOUR: bool = false;

struct Params { quads: u32, steps: u32, a: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<vec4f>;
@group(0) @binding(2) var<storage, read> z: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> y: array<vec4f>;

fn value(i: u32) -> vec4f {
  switch OP {
    case 1u: { return params.a * x[i]; }
    case 2u: { return x[i] + params.a * z[i]; }
    default: { return x[i]; }
  }
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = line(group, groups) * WIDTH * params.steps + lane;
  let end = min(first + WIDTH * params.steps, params.quads);
  if FOUR {
    for (var i = first; i < end; i += 4 * WIDTH) {
      let v0 = value(i);
      let v1 = value(i + WIDTH);
      let v2 = value(i + 2 * WIDTH);
      let v3 = value(i + 3 * WIDTH);
      y[i] = v0;
      y[i + WIDTH] = v1;
      y[i + 2 * WIDTH] = v2;
      y[i + 3 * WIDTH] = v3;
    }
  } else {
    for (var i = first; i < end; i += WIDTH) { y[i] = value(i); }
  }
}
