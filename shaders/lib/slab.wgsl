// What the optimisers share: a walk over the quads of a slab. The kernel's `updated` says what becomes of a quad, and its
// `factors` what is the same for all: stores of a loop might change what it reads, so a compiler would compute it again.
//
// Each block of 64 elements knows its group and where the run of blocks of its group ends, so a long walk looks up few.
//
// With AVERAGE the slab e follows the parameters: e += (1 - average_decay) (p - e).

// use lib/step.wgsl
// use lib/walk.wgsl

struct Params {
  quads: u32,
  steps: u32,                                  // of a thread
  first_block: u32,                            // when the slab is cut
  rate: u32,                                   // slot of the step
  average: u32,                                // slot of the decay of the average
  beta1: f32, beta2: f32, epsilon: f32,
}

struct Setting { rate: f32, decay: f32, end: u32 }       // factor of the rate; block behind the last of the run
struct Control { scale: f32, apply: f32, norm: f32 }

override AVERAGE: bool = false;

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> p: array<vec4f>;
@group(0) @binding(2) var<storage, read> g: array<vec4f>;
@group(0) @binding(5) var<storage, read> control: Control;
@group(0) @binding(7) var<storage, read> settings: array<Setting>;  // of each block of 64 elements
@group(0) @binding(8) var<storage, read_write> e: array<vec4f>;

@compute @workgroup_size(WIDTH)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  if control.apply == 0.0 { return; }
  let w = line_walk(line(group, groups), lane, params.steps, params.quads);
  let rate = step_scalar(params.rate);
  let scale = control.scale;
  let factor = factors();
  for (var i = w.first; i < w.end; ) {
    let setting = settings[params.first_block + i / 16];
    let end = min((setting.end - params.first_block) * 16, w.end);
    for (; i < end; i += WIDTH) {
      let parameter = updated(i, p[i], scale * g[i], setting.rate * rate, setting.decay, factor);
      p[i] = parameter;
      if AVERAGE { e[i] += (1.0 - step_scalar(params.average)) * (parameter - e[i]); }
    }
  }
}
