// stats[r] = (tops[r], logs[r], delta[r], 0)        delta[r] = sum_c do[r, c] o[r, c]
//
// Each thread takes a whole row, and after it the row WIDTH further on, for some steps. The numbers of a row lie side by side, so
// that the kernel for the gradients of k and v needs no more than eight storage buffers.
//
// delta is the sum over keys of p[r, j] do[r] . v[j], by o = sum p v; taken from o it costs no scores.

// use lib/walk.wgsl

struct Params { rows: u32, columns: u32, steps: u32 }   // columns in quads

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> o: array<vec4f>;
@group(0) @binding(2) var<storage, read> d_o: array<vec4f>;
@group(0) @binding(3) var<storage, read> tops: array<f32>;
@group(0) @binding(4) var<storage, read> logs: array<f32>;
@group(0) @binding(5) var<storage, read_write> stats: array<vec4f>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let w = line_walk(line(group, groups), lane, params.steps, params.rows);
  for (var r = w.first; r < w.end; r += WIDTH) {
    let row = r * params.columns;
    var sum = vec4f();
    for (var c = 0u; c < params.columns; c++) { sum += d_o[row + c] * o[row + c]; }
    stats[r] = vec4f(tops[r], logs[r], (sum.x + sum.y) + (sum.z + sum.w), 0.0);
  }
}
