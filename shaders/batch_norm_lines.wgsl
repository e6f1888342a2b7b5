// lines = [mean, inv_std, scale inv_std, shift]            each a row of columns
//
// What a column needs for scale x̂ + shift and its gradients, in one binding: the kernels that go back through an
// activation and a norm at once would need more than there may be. A thread for each T of columns.

// use lib/quad.wgsl

struct Params { columns: u32 }

override WIDTH: u32 = 32;                      // threads of a workgroup

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> mean: array<T>;
@group(0) @binding(2) var<storage, read> inv_std: array<T>;
@group(0) @binding(3) var<storage, read> scale: array<T>;
@group(0) @binding(4) var<storage, read> shift: array<T>;
@group(0) @binding(5) var<storage, read_write> lines: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let c = id.x;
  if c >= params.columns { return; }
  lines[c] = mean[c];
  lines[params.columns + c] = inv_std[c];
  lines[2 * params.columns + c] = scale[c] * inv_std[c];
  lines[3 * params.columns + c] = shift[c];
}
