// Chains of multiply-adds in registers: CHAINS quads, each waiting for itself only. The using kernel declares
// `alias F = f32;` or `f16`.

override CHAINS: u32 = 4;                      // 2, 4 or 8: as many as the registers of a device hold

fn chains(seed: F, a: F, b: F, steps: u32) -> F {
  var s0 = vec4<F>(seed); var s1 = s0 + a; var s2 = s1 + a; var s3 = s2 + a;
  var s4 = s3 + a; var s5 = s4 + a; var s6 = s5 + a; var s7 = s6 + a;
  let by = vec4<F>(a);
  let more = vec4<F>(b);
  for (var i = 0u; i < steps; i++) {
    s0 = fma(s0, by, more);
    s1 = fma(s1, by, more);
    if CHAINS > 2 {
      s2 = fma(s2, by, more);
      s3 = fma(s3, by, more);
    }
    if CHAINS > 4 {
      s4 = fma(s4, by, more);
      s5 = fma(s5, by, more);
      s6 = fma(s6, by, more);
      s7 = fma(s7, by, more);
    }
  }
  let all = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
  return all.x + all.y + all.z + all.w;
}
