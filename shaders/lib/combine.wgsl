// What a reduction does with two values, and with the values of a T.

// use lib/quad.wgsl

override OP: u32 = 0;                          // 0 sum, 1 maximum, 2 minimum

fn combine_t(a: T, b: T) -> T {
  switch OP {
    case 1u: { return max(a, b); }
    case 2u: { return min(a, b); }
    default: { return a + b; }
  }
}

fn combine_lanes(t: T) -> f32 {
  switch OP {
    case 1u: { return max_lanes(t); }
    case 2u: { return min_lanes(t); }
    default: { return sum_lanes(t); }
  }
}
