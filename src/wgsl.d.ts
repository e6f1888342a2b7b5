/** What importing a `.wgsl` file gives; `scripts/wgsl-module.mjs` makes it. */
declare module '*.wgsl' {
  const kernel: import('./gpu/shader.ts').KernelFile;
  export default kernel;
}
