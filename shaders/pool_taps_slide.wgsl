// y[n, oy, ox, c] = max over taps (ky, kx) of x[n, oy SY - TOP + ky, ox SX - LEFT + kx, c]
// taps[n, oy, ox, c] = ky KW + kx of the first tap that has this value
//
// A thread takes a T of ROWS rows of y and walks along them, as in `pool_slide.wgsl`: the largest values of columns of x, and
// the rows that they are from, stay in registers.
//
// Of columns with the same largest value the one counts that has it in a row above, else the first: so it is the first tap
// of the window, whichever way it is found. Taps outside of the image are never the largest: every window has one inside.

// use lib/pool_tap.wgsl
// use lib/taps.wgsl

const ROWS = 1u;

@group(0) @binding(2) var<storage, read_write> y: array<T>;
@group(0) @binding(3) var<storage, read_write> taps: array<u32>;

struct Peaks { values: array<T, ROWS>, first: array<Taps, ROWS> }   // first ky KW

// Column ix of x: its largest values over the taps of each row of y from y0 on.
fn peaks(p: Params, image: u32, y0: u32, ix: u32, c: u32) -> Peaks {
  var result: Peaks;
  for (var r = 0u; r < ROWS; r++) { result.values[r] = T(p.neutral); }
  for (var t = 0u; t < (ROWS - 1) * SY + KH; t++) {
    let iy = y0 * SY + t - TOP;                // before the first row it wraps to something large
    let value = tap(p, image, iy, ix, c);
    for (var r = 0u; r < ROWS; r++) {
      if t >= r * SY && t < r * SY + KH {
        result.first[r] = select(result.first[r], Taps((t - r * SY) * KW), value > result.values[r]);
        result.values[r] = max(result.values[r], value);
      }
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
  var held: array<Peaks, KW>;
  for (var k = SX; k < KW; k++) { held[k] = peaks(p, image, y0, k - SX - LEFT, c); }
  for (var ox = 0u; ox < p.ow; ox++) {
    for (var k = 0u; k < KW; k++) {
      if k + SX < KW { held[k] = held[k + SX]; } else { held[k] = peaks(p, image, y0, ox * SX + k - LEFT, c); }
    }
    for (var r = 0u; r < ROWS; r++) {
      var largest = held[0].values[r];
      var first = held[0].first[r];
      for (var k = 1u; k < KW; k++) {
        let value = held[k].values[r];
        let tap = held[k].first[r] + Taps(k);
        // taps / KW is the row: a tap of the same row and a later column is the larger number.
        let better = (value > largest) | ((value == largest) & (tap < first));
        first = select(first, tap, better);
        largest = max(largest, value);
      }
      if ROWS == 1 || y0 + r < p.oh {
        let to = place(p, image, y0 + r, ox) + c;
        y[to] = largest;
        taps[to] = packed(first);
      }
    }
  }
}
