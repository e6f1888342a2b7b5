/** Compute pipelines, compiled asynchronously and in parallel, each once. */

import { ShaderError } from './faults.ts';
import { scoped } from './scopes.ts';
import { type Constants, compose, type Editions, explain, type KernelFile } from './shader.ts';

/** A kernel with the values that specialise it. */
export interface PipelineKey {
  readonly kernel: KernelFile;
  readonly overrides: Readonly<Record<string, number>>;
  readonly constants: Constants;
  readonly editions: Editions;
  /** Where some bindings hold other than 32 bits. */
  readonly storage?: Storage | undefined;
}

/** How a kernel is changed for what some bindings hold. */
export interface Storage {
  readonly name: string;
  readonly convert: (code: string) => string;
}

export interface PipelineCache {
  /** The pipeline, compiled if it is new. */
  get(key: PipelineKey): Promise<GPUComputePipeline>;
  /** Milliseconds from asking for a pipeline to having it; undefined until then. */
  compileTime(key: PipelineKey): number | undefined;
  /**
   * Forgets all pipelines. Those asked for later are made anew and come to lie elsewhere in memory,
   * which can change how fast they run.
   */
  forget(): void;
  /** The bind group layout of a kernel, the same for all its pipelines. */
  layout(kernel: KernelFile): GPUBindGroupLayout;
}

/** Pipelines that are the same have the same name. */
export function pipelineName(key: PipelineKey): string {
  const { kernel, overrides, constants, editions, storage } = key;
  const values = Object.entries({ ...constants, ...overrides }).map(
    ([name, value]) => `${name}=${value}`,
  );
  for (const { file } of Object.values(editions)) values.push(file);
  if (storage) values.push(storage.name);
  return [kernel.file, ...values.sort()].join(' ');
}

export function pipelineCache(device: GPUDevice, counts: { pipelines: number }): PipelineCache {
  const pipelines = new Map<string, Promise<GPUComputePipeline>>();
  const times = new Map<string, number>();
  const layouts = new Map<string, GPUBindGroupLayout>();
  let generation = 0;

  const layout = (kernel: KernelFile) => {
    const known = layouts.get(kernel.file);
    if (known) return known;
    const buffers = [
      ...kernel.uniforms.map(({ binding }) => ({ binding, type: 'uniform' as const })),
      ...kernel.storage.map(({ binding, writes }) => ({
        binding,
        type: writes ? ('storage' as const) : ('read-only-storage' as const),
      })),
    ];
    const made = device.createBindGroupLayout({
      label: kernel.file,
      entries: buffers.map(({ binding, type }) => ({
        binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type },
      })),
    });
    layouts.set(kernel.file, made);
    return made;
  };

  const compile = async (key: PipelineKey) => {
    counts.pipelines++;
    const start = performance.now();
    const composed = compose(key.kernel, key.constants, key.editions, key.storage?.convert);
    const label = pipelineName(key);
    device.pushErrorScope('validation');
    // Implementations know a pipeline again by its source.
    const code = generation > 0 ? `${composed.code}\n// ${generation}` : composed.code;
    const module = device.createShaderModule({ label, code });
    const scope = device.popErrorScope();
    const pipeline = device.createComputePipelineAsync({
      label,
      layout: device.createPipelineLayout({ label, bindGroupLayouts: [layout(key.kernel)] }),
      compute: { module, entryPoint: 'main', constants: { ...key.overrides } },
    });
    try {
      const made = await pipeline;
      await scope;
      times.set(label, performance.now() - start);
      warmUp(device, made, layout(key.kernel), key.kernel);
      return made;
    } catch (error) {
      await scope;
      const { messages } = await module.getCompilationInfo();
      const what = explain(composed, messages) || (error as Error).message;
      throw new ShaderError(`${label} does not compile\n${what}`, { cause: error });
    }
  };

  return {
    layout,
    compileTime: (key) => times.get(pipelineName(key)),
    forget() {
      pipelines.clear();
      generation++;
    },
    get(key) {
      const name = pipelineName(key);
      let pipeline = pipelines.get(name);
      if (!pipeline) pipelines.set(name, (pipeline = compile(key)));
      return pipeline;
    },
  };
}

/**
 * Runs a new pipeline once on parameters and data that are all zero, of which every kernel makes
 * nothing. Drivers put off the last part of compiling until a pipeline first runs (lavapipe all of
 * its machine code): this way that happens while others are still compiled and memory is filled,
 * not in the first step.
 */
function warmUp(
  device: GPUDevice,
  pipeline: GPUComputePipeline,
  layout: GPUBindGroupLayout,
  { uniforms, storage, paramsSize }: KernelFile,
): void {
  const run = () => {
    const buffer = (size: number, usage: GPUBufferUsageFlags) =>
      device.createBuffer({ size, usage });
    const zeros = buffer(Math.max(1024, paramsSize), GPUBufferUsage.UNIFORM);
    const read = buffer(RANGE, GPUBufferUsage.STORAGE);
    // Written bindings may share a buffer where their ranges are apart.
    const written = buffer(RANGE * storage.length, GPUBufferUsage.STORAGE);
    const entries = [
      ...uniforms.map(({ binding }) => ({ binding, resource: { buffer: zeros } })),
      ...storage.map(({ binding, writes }, i) => ({
        binding,
        resource: writes ? { buffer: written, offset: i * RANGE, size: RANGE } : { buffer: read },
      })),
    ];
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
    pass.dispatchWorkgroups(1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    for (const used of [zeros, read, written]) used.destroy();
  };
  // Should it fail, the first step does what it would have done.
  scoped(device, run).errors.catch(() => {});
}

/** Bytes of a binding that is only there: the alignment of ranges. */
const RANGE = 256;
