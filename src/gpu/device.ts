/** How a device is opened, and what an adapter is asked for. */

import { findAdapters } from '#platform';
import { kindOf } from '../platform/adapters.ts';
import type { TuningDatabase } from '../platform/tuning.ts';
import type { AdapterKind, AdapterReport } from '../platform/types.ts';
import { GpuError, LimitError, NoAdapterError } from './faults.ts';
import { findTuning, type Tuning } from './tuning.ts';

export interface DeviceOptions {
  /**
   * The kind of adapter to use instead of the best one there is; `KINEGRAD_ADAPTER` does the same
   * in Node.
   */
  adapter?: AdapterKind | undefined;
  /** A device that somebody else opened. It is used and never destroyed. */
  device?: GPUDevice;
  /** Ask for WebGPU's default limits and no optional feature, as the weakest device gives. */
  plain?: boolean;
  /**
   * A tuning database, as `parseTuning` reads it, instead of the one that `KINEGRAD_TUNING` names in
   * Node or that lies in the cache folder.
   */
  tuning?: TuningDatabase;
}

export interface OpenOptions extends DeviceOptions {
  /** The largest binding to use, in bytes, when less than the device's own limit is wanted. */
  maxBinding?: number;
  /** Refuse programs with which more bytes than this would be allocated, variables included. */
  memoryCap?: number;
  /**
   * Fill the scratch memory of programs with NaN before their first step, so that a read before a
   * write shows.
   */
  poison?: boolean;
}

interface OpenedDevice {
  readonly device: GPUDevice;
  readonly report: AdapterReport;
  readonly tuning: Tuning;
}

/**
 * The device to use, with the adapter behind it, why it was chosen, and its tuning.
 * @throws NoWebGpuError, BlockedError, NoAdapterError where there is none to use
 * @throws LimitError where its limits are below WebGPU's defaults
 */
export async function openDevice({
  device: borrowed,
  adapter: wanted,
  plain,
  tuning: given,
}: DeviceOptions): Promise<OpenedDevice> {
  if (borrowed) {
    checkLimits(borrowed);
    const report = borrowedReport(borrowed);
    return { device: borrowed, report, tuning: await findTuning(report, given) };
  }
  const { adapter, reports, remedies } = await findAdapters(wanted);
  if (!adapter) throw new NoAdapterError(reports, remedies);
  const report = reports.find(({ chosen }) => chosen)!;
  const tuning = await findTuning(report, given);
  const device = await adapter
    .requestDevice(plain ? {} : everything(adapter))
    .catch((error: Error) => {
      throw new GpuError(`${report.name || 'the adapter'} gave no device: ${error.message}`, {
        cause: error,
      });
    });
  checkLimits(device);
  return { device, report, tuning };
}

/** WebGPU's default limits, which every kernel keeps; an adapter of the compatibility level has less. */
const LEAST = {
  maxStorageBuffersPerShaderStage: 8,
  maxComputeInvocationsPerWorkgroup: 256,
  maxComputeWorkgroupSizeX: 256,
  maxComputeWorkgroupStorageSize: 16_384,
} as const;

function checkLimits({ limits }: GPUDevice) {
  for (const [name, least] of Object.entries(LEAST)) {
    const allowed = limits[name as keyof typeof LEAST];
    if (allowed < least)
      throw new LimitError(name, least, allowed, 'use another adapter', 'the device', String);
  }
}

/**
 * All that the adapter has which the engine can use: its largest limits, and the optional features.
 */
function everything(adapter: GPUAdapter): GPUDeviceDescriptor {
  const features = ['shader-f16', 'subgroups', 'timestamp-query'] as const;
  const limits = [
    'maxBufferSize',
    'maxStorageBufferBindingSize',
    'maxStorageBuffersPerShaderStage',
    'maxComputeWorkgroupStorageSize',
    'maxComputeInvocationsPerWorkgroup',
    'maxComputeWorkgroupSizeX',
  ] as const;
  return {
    requiredFeatures: features.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
  };
}

function borrowedReport({ adapterInfo: info, limits, features }: GPUDevice): AdapterReport {
  const known: Record<string, number> = {};
  // Limits are getters of the prototype, so that spreading them gives nothing.
  for (const name in limits) known[name] = limits[name as keyof GPUSupportedLimits] as number;
  return {
    kind: kindOf(info),
    name: info.device || info.description || 'borrowed device',
    driver: info.description || info.vendor,
    source: 'borrowed device',
    chosen: true,
    why: 'it was given to openGpu',
    limits: known,
    features: [...features].sort(),
  };
}
