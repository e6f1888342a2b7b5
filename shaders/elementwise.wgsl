// y = OP_5(... OP_0(x, e0) ..., e5)             up to six operations on each value, with broadcasting
//
// Each thread takes one T: a quad of values, or a single one where rows are no multiple of four. An operand is as
// large as y, or a row or a column of it, or one value, or no tensor at all (a constant, a scalar of the step).
//
// Fusing keeps what lies between two operations in registers: the bytes of a chain are those of its operands and y.

// use lib/epilogue.wgsl
// use lib/grid.wgsl

struct Params {
  count: u32,                                  // Ts of y
  columns: u32,                                // Ts of a row
  first: u32,                                  // index of the first value, when y is a piece of something larger
  c0: f32, c1: f32, c2: f32, c3: f32, c4: f32, c5: f32,
  s0: u32, s1: u32, s2: u32, s3: u32, s4: u32, s5: u32,
}

override OP_4: u32 = 0; override KIND_4: u32 = 0;
override OP_5: u32 = 0; override KIND_5: u32 = 0;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<T>;
@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(14) var<storage, read> e4: array<T>;
@group(0) @binding(15) var<storage, read> e5: array<T>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = line(group, groups) * 64 + lane;
  if i >= params.count { return; }
  let at = Place(i / params.columns, i % params.columns, i);
  let first = i * LANES + params.first;
  var r = epilogue(x[i], at);
  if OP_4 != 0 { r = stage(OP_4, r, operand_value(KIND_4, e4[operand_index(KIND_4, at)], at, params.c4, params.s4), first, params.s4); }
  if OP_5 != 0 { r = stage(OP_5, r, operand_value(KIND_5, e5[operand_index(KIND_5, at)], at, params.c5, params.s5), first, params.s5); }
  y[i] = r;
}
