// norm = √Σ partial        gradient scale = min(1, limit / (norm + 1e-6))        c_j = beta_j c_j + (1 - beta_j)
//
// One thread prepares what the update of all slabs shares. The clip is that of Pascanu et al. 2013 in PyTorch's form.
// c_1 and c_2 are the bias corrections 1 - beta^t of Kingma and Ba 2015 as recurrences, so that the host need not
// know how many steps were really made.
//
// With SCALED the loss was multiplied by `scale` before it was differentiated, so that small gradients stay within the range of
// f16, and the gradient is divided by it again. Too large a scale shows as a norm that is not finite: then it is halved, and
// after `interval` good steps in a row it is doubled (Micikevicius et al. 2018). It is a power of two, if it was one, so
// it costs no digits.
//
// Where the norm is not finite the step is skipped: parameters and moments stay as they are, and c with them. Fast
// arithmetic may assume that there is no NaN, so the test looks at the bits of the exponent.

// use lib/step.wgsl

struct Params { count: u32, limit: f32, beta1: f32, beta2: f32, interval: f32 }

override SCALED: bool = false;
const MOST_SCALE = 16777216.0;                 // 2^24: a gradient of 0 would double it for ever
const LEAST_SCALE = 5.9604644775390625e-8;     // 2^-24: with one that is never finite it would become 0

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
@group(0) @binding(5) var<storage, read_write> scale: array<f32>;         // of the loss
@group(0) @binding(6) var<storage, read_write> good: array<f32>;          // steps since the scale changed
@group(0) @binding(7) var<storage, read_write> skipped: array<f32>;       // steps so far

@compute @workgroup_size(1)
fn main() {
  var sum = 0.0;
  for (var i = 0u; i < params.count; i++) { sum += partial[i]; }
  let finite = (bitcast<u32>(sum) & 0x7f800000u) != 0x7f800000u;
  var unscale = 1.0;
  if SCALED { unscale = 1.0 / scale[0]; }
  control.norm = unscale * sqrt(sum);
  control.scale = unscale;
  if params.limit > 0.0 { control.scale = unscale * min(1.0, params.limit / (control.norm + 1e-6)); }
  control.apply = select(0.0, 1.0, finite);
  norm[0] = control.norm;
  if finite {
    corrections[0] = params.beta1 * corrections[0] + (1.0 - params.beta1);
    corrections[1] = params.beta2 * corrections[1] + (1.0 - params.beta2);
  }
  if SCALED { follow(finite); }
}

fn follow(finite: bool) {
  if !finite {
    scale[0] = max(0.5 * scale[0], LEAST_SCALE);
    good[0] = 0.0;
    skipped[0] += 1.0;
  } else if good[0] + 1.0 >= params.interval {
    scale[0] = min(2.0 * scale[0], MOST_SCALE);
    good[0] = 0.0;
  } else {
    good[0] += 1.0;
  }
}
