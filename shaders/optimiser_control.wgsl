// norm = √Σ partial        gradient scale = min(1, limit / (norm + 1e-6))        c_j = beta_j c_j + (1 - beta_j)
//
// One thread prepares what the update of all slabs shares. The clip is that of Pascanu et al. 2013 in PyTorch's form.
// c_1 and c_2 are the bias corrections 1 - beta^t of Kingma and Ba 2015 as recurrences, so that the host need not
// know how many steps were really made.
//
// Where the norm is not finite the step is skipped: parameters and moments stay as they are, and c with them. Fast
// arithmetic may assume that there is no NaN, so the test looks at the bits of the exponent.

// use lib/step.wgsl

struct Params { count: u32, limit: f32, beta1: f32, beta2: f32 }

struct Control {
  scale: f32,                                  // of the gradient
  apply: f32,                                  // 0 where the step is skipped
  norm: f32,                                   // before clipping
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> partial: array<f32>;
@group(0) @binding(2) var<storage, read_write> control: Control;
@group(0) @binding(3) var<storage, read_write> corrections: array<f32>;   // c_1, c_2
@group(0) @binding(4) var<storage, read_write> norm: array<f32>;

@compute @workgroup_size(1)
fn main() {
  var sum = 0.0;
  for (var i = 0u; i < params.count; i++) { sum += partial[i]; }
  let finite = (bitcast<u32>(sum) & 0x7f800000u) != 0x7f800000u;
  control.norm = sqrt(sum);
  control.scale = 1.0;
  if params.limit > 0.0 { control.scale = min(1.0, params.limit / (control.norm + 1e-6)); }
  control.apply = select(0.0, 1.0, finite);
  norm[0] = control.norm;
  if finite {
    corrections[0] = params.beta1 * corrections[0] + (1.0 - params.beta1);
    corrections[1] = params.beta2 * corrections[1] + (1.0 - params.beta2);
  }
}
