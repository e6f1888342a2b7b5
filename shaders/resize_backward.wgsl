// dx[n, iy, ix, c] = Σ dy[n, oy, ox, c] times the weight that pixel (iy, ix) has in result (oy, ox)
//
// A thread takes a T of some pixels of a row and walks along the results that read them, column by column: each is summed down
// with the weights of row iy, and goes to the pixel before its place and to the one after it, whose sums stay in registers. No
// two threads write the same value, so nothing need be atomic.
//
// All is added in the order of the results: the same inputs give the same bits. Weights come from whole numbers, see `lib/resize.wgsl`.

// use lib/resize.wgsl

@group(0) @binding(1) var<storage, read> dy: array<T>;
@group(0) @binding(2) var<storage, read_write> dx: array<T>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let p = params;
  let id = line(group, groups) * WIDTH + lane;
  let c = id % p.columns;
  var rest = id / p.columns;
  let first = rest % p.strips * p.run; rest /= p.strips;
  let iy = rest % p.h;
  let image = rest / p.h;
  if image >= p.images { return; }
  let end = min(first + p.run, p.w);

  let v = down(p);
  let u = across(p);
  let before = select(0u, 1u, LINEAR == 1);    // results before the pixel read it, too
  let top = first_result(v, max(iy, before) - before);
  let bottom = first_result(v, iy + 1);
  let to = (image * p.h + iy) * p.w * p.columns + c;
  let last = first_result(u, end);

  var i = max(first, before) - before;
  var here = T(0.0);                           // sum of pixel i
  var after = T(0.0);                          // and of the one after it
  for (var ox = first_result(u, i); ox < last; ox++) {
    let place_x = place(u, ox);
    for (; place_x >= i32(i + 1) * u.parts; i++) {
      if i >= first { dx[to + i * p.columns] = here; }
      here = after;
      after = T(0.0);
    }
    var sum = T(0.0);
    for (var oy = top; oy < bottom; oy++) {
      let distance = fraction(v, abs(place(v, oy) - i32(iy) * v.parts));
      sum += (1.0 - distance) * dy[((image * p.oh + oy) * p.ow + ox) * p.columns + c];
    }
    let share = fraction(u, place_x - i32(i) * u.parts);
    here += (1.0 - share) * sum;
    after += share * sum;
  }
  for (; i < end; i++) {
    if i >= first { dx[to + i * p.columns] = here; }
    here = after;
    after = T(0.0);
  }
}
