// y[r, c] = sum_i a[r, i] b[i, c]               for few rows, as when one pose is lifted
//
// A thread computes one quad of columns of one row: every element of b is loaded once, and b is all the work there
// is. Two sums of alternate steps keep two multiply-add chains in flight; they are added at the end, in one order.
//
// k and n are multiples of four along contiguous axes.

// use lib/matmul.wgsl
// use lib/matmul_block.wgsl

@compute @workgroup_size(8)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let quad = 8 * group.x + lane;
  let row = group.y;
  if 4 * quad >= params.n { return; }
  var even = vec4f();
  var odd = vec4f();
  for (var i = 0u; i < params.k; i += 4) {
    let from_a = a_quad(group.z, row, i);
    let from_b = b_block(group.z, i, quad);
    even += from_b[0] * from_a.x + from_b[2] * from_a.z;
    odd += from_b[1] * from_a.y + from_b[3] * from_a.w;
  }
  store(group.z, row, quad, even + odd);
}

// Four elements of a row of a; with TRANSPOSE_A they are a column of memory.
fn a_quad(batch: u32, row: u32, i: u32) -> vec4f {
  let base = batch * params.a_stride;
  if !TRANSPOSE_A { return a[(base + row * params.k + i) / 4]; }
  let at = base + i * params.m + row;
  let m = params.m;
  return vec4f(element(at), element(at + m), element(at + 2 * m), element(at + 3 * m));
}

fn element(index: u32) -> f32 { return a[index / 4][index % 4]; }
