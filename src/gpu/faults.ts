/** What can go wrong with a GPU, each with a sentence that names the remedy. */

import type { AdapterReport } from '../platform/types.ts';

/** Any fault of the GPU, its adapter or its driver. */
export class GpuError extends Error {
  override name = 'GpuError';
}

/** There is no adapter, or not the one that was asked for. */
export class NoAdapterError extends GpuError {
  override name = 'NoAdapterError';
  readonly reports: readonly AdapterReport[];
  constructor(reports: readonly AdapterReport[], remedies: readonly string[]) {
    const seen = reports.map(({ kind, name, why }) => `\n  ${name || kind}: ${why}`).join('');
    const cures = remedies.map((remedy) => `\n  - ${remedy}`).join('');
    super(`no usable WebGPU adapter${seen}${cures && `\nAny of these gives one:${cures}`}`);
    this.reports = reports;
  }
}

/** Something is larger than the device, or a cap that was set, allows. */
export class LimitError extends GpuError {
  override name = 'LimitError';
  readonly needed: number;
  readonly allowed: number;
  constructor(what: string, needed: number, allowed: number, remedy: string, by = 'the device') {
    super(`${what} needs ${bytes(needed)}, and ${by} allows ${bytes(allowed)}: ${remedy}`);
    this.needed = needed;
    this.allowed = allowed;
  }
}

/** The device could not allocate. */
export class OutOfMemoryError extends GpuError {
  override name = 'OutOfMemoryError';
}

/** A shader did not compile, or does not fit its binding. */
export class ShaderError extends GpuError {
  override name = 'ShaderError';
}

/** The device is gone: nothing that was on it can be read. */
export class DeviceLostError extends GpuError {
  override name = 'DeviceLostError';
  constructor(reason: string) {
    super(
      `the GPU device was lost (${reason}): call recover(), which opens a fresh device and goes on from the last parameters held on the host`,
    );
  }
}

/** A size for people: `384.0 MiB`. */
export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  const unit = Math.min(3, Math.floor(Math.log2(n) / 10));
  return `${(n / 1024 ** unit).toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB'][unit]}`;
}
