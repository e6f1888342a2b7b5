// What changes from step to step: computed on the host in f64 and written before the step is submitted.

struct Step {
  key: vec2u,                                  // of the random numbers: seed and step
  scalars: array<vec4f, 16>,                   // rates, decays and whatever else follows a schedule
}

@group(0) @binding(30) var<uniform> step: Step;

fn step_scalar(slot: u32) -> f32 {
  return step.scalars[slot / 4][slot % 4];
}
