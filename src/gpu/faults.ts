/** What can go wrong with a GPU, each with a sentence that names the remedy. */

import { GpuError } from '../platform/errors.ts';

export * from '../platform/errors.ts';

/** Something is larger than the device, or a cap that was set, allows. */
export class LimitError extends GpuError {
  override name = 'LimitError';
  readonly needed: number;
  readonly allowed: number;
  constructor(
    what: string,
    needed: number,
    allowed: number,
    remedy: string,
    by = 'the device',
    show: (n: number) => string = bytes,
  ) {
    super(`${what} needs ${show(needed)}, and ${by} allows ${show(allowed)}: ${remedy}`);
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
  constructor(
    reason: string,
    remedy = 'call recover(), which opens a fresh device and goes on from the last parameters held on the host; lifters do so by themselves',
  ) {
    super(`the GPU device was lost (${reason}): ${remedy}`);
  }
}

/** A size for people: `384.0 MiB`. */
export function bytes(n: number): string {
  if (n < 1024) return `${n} B`;
  const unit = Math.min(3, Math.floor(Math.log2(n) / 10));
  return `${(n / 1024 ** unit).toFixed(1)} ${['B', 'KiB', 'MiB', 'GiB'][unit]}`;
}
