// y[0] = value
//
// One thread that stores one number: what is left is the cost of a dispatch.
//
// Nothing can go wrong in it.

struct Params { value: f32 }

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(1)
fn main() { y[0] = params.value; }
