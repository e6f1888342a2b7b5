// dv = dgate gate'(v)        dz = (dv w2ᵀ) activation'(z)        dmean = scale dz w1ᵀ         v = hidden w2 + b2, for each image
//
// One workgroup for each image, as forward, but value by value: what one layer gives by quads of results, the other would need by single
// ones. A row of w1 or w2 is read by one thread, or shared by several where there are fewer rows than threads. The derivative
// of the gate comes from its value.
//
// Sums run in order, so the same input gives the same bits. A hard sigmoid that is shut or open lets no gradient through.

// use lib/excite.wgsl

@group(0) @binding(1) var<storage, read> dgate: array<T>;
@group(0) @binding(2) var<storage, read> gate: array<T>;
@group(0) @binding(3) var<storage, read> z: array<T>;
@group(0) @binding(4) var<storage, read> w1: array<T>;
@group(0) @binding(5) var<storage, read> w2: array<T>;
@group(0) @binding(6) var<storage, read_write> dv: array<T>;
@group(0) @binding(7) var<storage, read_write> dz: array<T>;
@group(0) @binding(8) var<storage, read_write> dmean: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let image = group.x;
  let channels = params.channels;
  let units = params.hidden;
  for (var c = lane; c < channels; c += WIDTH) {
    let at = image * channels + c;
    let open = gate[at];
    var slope = select(T(0.0), T(1.0 / 6.0), (open > T(0.0)) & (open < T(1.0)));
    if !HARD { slope = open * (1.0 - open); }
    dv[at] = dgate[at] * slope;
  }
  storageBarrier();
  let span2 = min(units, WIDTH);
  for (var base = 0u; base < units; base += span2) {
    let j = base + lane % span2;
    let row = min(j, units - 1) * channels;
    var own = T(0.0);
    for (var c = lane / span2; c < channels; c += WIDTH / span2) {
      own += dv[image * channels + c] * w2[row + c];
    }
    let sum = shared_sum(own, lane, span2);
    if j < units && lane < span2 {
      let at = image * units + j;
      var slope = select(T(0.0), T(1.0), z[at] > T(0.0));
      if SILU { slope = silu_slope(z[at]); }
      dz[at] = sum * slope;
    }
  }
  storageBarrier();
  let span1 = min(channels, WIDTH);
  for (var base = 0u; base < channels; base += span1) {
    let i = base + lane % span1;
    let row = min(i, channels - 1) * units;
    var own = T(0.0);
    for (var j = lane / span1; j < units; j += WIDTH / span1) { own += dz[image * units + j] * w1[row + j]; }
    let sum = shared_sum(own, lane, span1);
    if i < channels && lane < span1 { dmean[image * channels + i] = params.scale * sum; }
  }
}
