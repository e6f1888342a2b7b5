enable f16;
// y[i] = s[n],  s[0] = i,  s[k + 1] = a s[k] + b        in f16: the roof of arithmetic
//
// Every thread runs chains of multiply-adds on quads in registers and stores one number at the end, so that nothing
// can be left out. No thread reads memory.
//
// |a| < 1 keeps the values finite however long the chain is.

// use lib/roof_fma.wgsl
// use lib/grid.wgsl

alias F = f16;

override WIDTH: u32 = 64;

struct Params { count: u32, steps: u32, a: f32, b: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = line(group, groups) * WIDTH + lane;
  if i >= params.count { return; }
  y[i] = f32(chains(F(i % 64), F(params.a), F(params.b), params.steps));
}
