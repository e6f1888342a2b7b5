/**
 * What can go wrong outside the caller's code, each with a sentence that can be shown to people. All
 * are a `KinegradError`; those of the GPU are a `GpuError`. Mistakes in code are plain errors.
 */

import type { AdapterReport } from './types.ts';

/** The root of all errors of the machine, the network and files. */
export class KinegradError extends Error {
  override name = 'KinegradError';
}

/** Any fault of the GPU, its adapter or its driver. */
export class GpuError extends KinegradError {
  override name = 'GpuError';
}

/** The browser is too old for WebGPU, or has it turned off. */
export class NoWebGpuError extends GpuError {
  override name = 'NoWebGpuError';
  constructor() {
    super(
      'This browser has no WebGPU. Use Chrome or Edge 113, Safari 26, Firefox 141, or a newer one.',
    );
  }
}

/** There is no adapter, or not the one that was asked for. */
export class NoAdapterError extends GpuError {
  override name = 'NoAdapterError';
  readonly reports: readonly AdapterReport[];
  constructor(
    reports: readonly AdapterReport[],
    remedies: readonly string[],
    message = listed(reports, remedies),
  ) {
    super(message);
    this.reports = reports;
  }
}

function listed(reports: readonly AdapterReport[], remedies: readonly string[]): string {
  const seen = reports.map(({ kind, name, why }) => `\n  ${name || kind}: ${why}`).join('');
  const cures = remedies.map((remedy) => `\n  - ${remedy}`).join('');
  return `no usable WebGPU adapter${seen}${cures && `\nAny of these gives one:${cures}`}`;
}

/** The page, its server or the browser forbids it: WebGPU on plain http, or weights by the CSP. */
export class BlockedError extends KinegradError {
  override name = 'BlockedError';
}

/** A file did not come from where it was to come from. */
export class DownloadError extends KinegradError {
  override name = 'DownloadError';
}

/** A file ended before its end. */
export class TruncatedError extends DownloadError {
  override name = 'TruncatedError';
  readonly received: number;
  /** Bytes of the whole file, where its header came. */
  readonly expected: number | undefined;
  constructor(where: string, received: number, expected?: number, options?: ErrorOptions) {
    const of = expected === undefined ? '' : ` of ${expected}`;
    super(`${where} broke off after ${received}${of} bytes. Load it again.`, options);
    this.received = received;
    this.expected = expected;
  }
}

/** A file is not what it should be: another format, another model, or damaged. */
export class WrongFileError extends KinegradError {
  override name = 'WrongFileError';
}

/** The bytes of a file are not those that were written. */
export class ChecksumError extends WrongFileError {
  override name = 'ChecksumError';
}
