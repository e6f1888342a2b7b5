/** Error scopes around commands. */

export interface Scoped<T> {
  /** What the commands gave; throws what they threw. */
  readonly result: () => T;
  /** What the device found wrong with them: no room, or a rule broken. */
  readonly errors: Promise<readonly [full: GPUError | null, invalid: GPUError | null]>;
}

/**
 * Runs `work`, which gives commands to the device, within error scopes. Both kinds are caught,
 * since a buffer that there is no room for is invalid, and so is every command that uses it.
 */
export function scoped<T>(device: GPUDevice, work: () => T): Scoped<T> {
  device.pushErrorScope('validation');
  device.pushErrorScope('out-of-memory');
  let result: () => T;
  try {
    const made = work();
    result = () => made;
  } catch (error) {
    result = () => {
      throw error;
    };
  }
  return { result, errors: Promise.all([device.popErrorScope(), device.popErrorScope()]) };
}
