// y[n, oy, ox, c] = max or share * Σ over taps (ky, kx) of x[n, oy SY - TOP + ky, ox SX - LEFT + kx, c]
//
// A thread takes a T of ROWS rows of y and walks along them. What it has reduced of each column of x, over the taps of
// each of its rows, stays in registers while windows hold that column: so a value of x is read once for all the windows
// of these rows. For 3 x 3 taps, stride 2 and two rows that is 5 loads for a T of y, not 9; on a CPU, where loads cost, it is the faster.
//
// Taps outside of the image count as -∞ or 0. Sums are of a window only, none is carried from one to the next.

// use lib/pool_tap.wgsl

const ROWS = 1u;

@group(0) @binding(2) var<storage, read_write> y: array<T>;

// Column ix of x, reduced over the taps of each row of y from y0 on.
fn reduced(p: Params, image: u32, y0: u32, ix: u32, c: u32) -> array<T, ROWS> {
  var result: array<T, ROWS>;
  for (var r = 0u; r < ROWS; r++) { result[r] = T(p.neutral); }
  for (var t = 0u; t < (ROWS - 1) * SY + KH; t++) {
    let iy = y0 * SY + t - TOP;                // before the first row it wraps to something large
    let value = tap(p, image, iy, ix, c);
    for (var r = 0u; r < ROWS; r++) {
      if t >= r * SY && t < r * SY + KH { result[r] = combined(result[r], value); }
    }
  }
  return result;
}

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;
  let id = line(group, groups) * WIDTH + lane;
  let c = id % p.columns;
  let strip = id / p.columns;
  let strips = (p.oh + ROWS - 1) / ROWS;
  let image = strip / strips;
  if image >= p.images { return; }
  let y0 = strip % strips * ROWS;

  // The columns of the window, where each is one step before its place.
  var held: array<array<T, ROWS>, KW>;
  for (var k = SX; k < KW; k++) { held[k] = reduced(p, image, y0, k - SX - LEFT, c); }
  for (var ox = 0u; ox < p.ow; ox++) {
    for (var k = 0u; k < KW; k++) {
      if k + SX < KW { held[k] = held[k + SX]; } else { held[k] = reduced(p, image, y0, ox * SX + k - LEFT, c); }
    }
    for (var r = 0u; r < ROWS; r++) {
      var result = held[0][r];
      for (var k = 1u; k < KW; k++) { result = combined(result, held[k][r]); }
      if ROWS == 1 || y0 + r < p.oh { y[place(p, image, y0 + r, ox) + c] = result * share(p, y0 + r, ox); }
    }
  }
}
