// z = mean w1 + b1        hidden = activation(z)        gate = gate(hidden w2 + b2)           for each image
//
// One workgroup for each image does both layers, since they are small and a dispatch is not: threads share the Ts of z, wait, and share
// those of the gate.
//
// Sums run in order, so the same input gives the same bits. The sigmoid neither overflows nor loses its small side.

// use lib/excite.wgsl

@group(0) @binding(1) var<storage, read> mean: array<T>;
@group(0) @binding(2) var<storage, read> w1: array<T>;
@group(0) @binding(3) var<storage, read> b1: array<T>;
@group(0) @binding(4) var<storage, read> w2: array<T>;
@group(0) @binding(5) var<storage, read> b2: array<T>;
@group(0) @binding(6) var<storage, read_write> z: array<T>;
@group(0) @binding(7) var<storage, read_write> hidden: array<T>;
@group(0) @binding(8) var<storage, read_write> gate: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = group.x;
  let channels = params.channels * LANES;
  let units = params.hidden * LANES;
  let span1 = min(params.hidden, WIDTH);
  for (var base = 0u; base < params.hidden; base += span1) {
    let j = base + lane % span1;
    let to = min(j, params.hidden - 1);
    var own = T(0.0);
    for (var i = lane / span1; i < channels; i += WIDTH / span1) {
      own += pick(mean[image * params.channels + i / LANES], i) * w1[i * params.hidden + to];
    }
    let sum = b1[to] + shared_sum(own, lane, span1);
    if j < params.hidden && lane < span1 {
      z[image * params.hidden + j] = sum;
      var lively = max(sum, T(0.0));
      if SILU { lively = silu(sum); }
      hidden[image * params.hidden + j] = lively;
    }
  }
  storageBarrier();
  let span2 = min(params.channels, WIDTH);
  for (var base = 0u; base < params.channels; base += span2) {
    let c = base + lane % span2;
    let to = min(c, params.channels - 1);
    var own = T(0.0);
    for (var j = lane / span2; j < units; j += WIDTH / span2) {
      own += pick(hidden[image * params.hidden + j / LANES], j) * w2[j * params.channels + to];
    }
    let sum = b2[to] + shared_sum(own, lane, span2);
    if c < params.channels && lane < span2 {
      var open = clamp(sum + 3.0, T(0.0), T(6.0)) / 6.0;
      if !HARD { open = sigmoid(sum); }
      gate[image * params.channels + c] = open;
    }
  }
}
