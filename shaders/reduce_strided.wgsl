// y[b, o, i] = OP over r in block b of x[o, r, i]         OP is a sum, a maximum or a minimum
//
// One thread for each T of results walks its values, which are `inner` Ts apart: neighbours read neighbouring
// addresses. Where there are many values for few results, the values are divided into blocks, and a second run adds
// the blocks. No thread waits for another.
//
// Blocks are of fixed size and come in order, so the same input gives the same bits.

// use lib/quad.wgsl
// use lib/grid.wgsl

struct Params { outer: u32, reduced: u32, inner: u32, block: u32 }

override OP: u32 = 0;                          // 0 sum, 1 maximum, 2 minimum
override ACCUMULATE: bool = false;             // combine with what y holds: pieces of x come one by one

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

fn combine_t(a: T, b: T) -> T {
  switch OP {
    case 1u: { return max(a, b); }
    case 2u: { return min(a, b); }
    default: { return a + b; }
  }
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * 64 + lane;
  let results = params.outer * params.inner;
  let blocks = (params.reduced + params.block - 1) / params.block;
  if id >= results * blocks { return; }
  let o = (id % results) / params.inner;
  let i = id % params.inner;
  let first = (id / results) * params.block;
  let last = min(first + params.block, params.reduced);
  var at = (o * params.reduced + first) * params.inner + i;
  var value = x[at];
  for (var r = first + 1; r < last; r++) {
    at += params.inner;
    value = combine_t(value, x[at]);
  }
  if ACCUMULATE { value = combine_t(y[id], value); }
  y[id] = value;
}
