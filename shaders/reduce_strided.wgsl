// y[b, o, i] = OP over r in block b of x[o, r, i]         OP is a sum, a maximum or a minimum
//
// One thread for each T of results walks its values, which are `inner` Ts apart: neighbours read neighbouring
// addresses. It takes them two at a time. Where there are many values for few results, the values are divided into
// blocks, and a second run adds the blocks. No thread waits for another.
//
// Pairs and blocks come in order, so the same input gives the same bits, and they keep the sums short.

// use lib/combine.wgsl
// use lib/grid.wgsl

struct Params { outer: u32, reduced: u32, inner: u32, block: u32 }

override WIDTH: u32 = 64;                      // threads of a workgroup
override ACCUMULATE: bool = false;             // combine with what y holds: pieces of x come one by one

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let id = line(group, groups) * WIDTH + lane;
  let results = params.outer * params.inner;
  let blocks = (params.reduced + params.block - 1) / params.block;
  if id >= results * blocks { return; }
  let o = (id % results) / params.inner;
  let i = id % params.inner;
  let first = (id / results) * params.block;
  let last = min(first + params.block, params.reduced);
  let start = (o * params.reduced + first) * params.inner + i;
  let end = start + (last - first) * params.inner;
  var value = select(x[start], T(0.0), OP == 0);
  var at = start;
  for (; at + params.inner < end; at += 2 * params.inner) {
    value = combine_t(value, combine_t(x[at], x[at + params.inner]));
  }
  if at < end { value = combine_t(value, x[at]); }
  if ACCUMULATE { value = combine_t(y[id], value); }
  y[id] = value;
}
