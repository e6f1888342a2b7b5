// y[r, c] = a[r] b[c]                           the product where the inner axis is 1, as the gradient of a weight that met one row
//
// Writing y is the work. A thread loads one T of b and walks down some rows with it: for each it loads one value of a and stores a T.
// The workgroups along y share the rows: one row each on a GPU, as many as leave work for every core on a CPU.
//
// There is no sum: every value is one product, rounded once.

// use lib/matmul.wgsl
// use lib/matmul_block.wgsl

override WIDTH: u32 = 64;                      // threads of a workgroup

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let column = WIDTH * group.x + lane;
  if column >= params.n / LANES { return; }
  let from_b = b[group.z * params.b_stride / LANES + column];
  let rows = (params.m + groups.y - 1) / groups.y;
  let end = min(params.m, (group.y + 1) * rows);
  for (var row = group.y * rows; row < end; row++) {
    store(group.z, row, column, element(group.z * params.a_stride + row) * from_b);
  }
}
