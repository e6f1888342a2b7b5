/** What a Gpu tells of itself. */

import type { DeviceLostError } from './faults.ts';

/** The device is lost. Dispatched once for each device, after which work on it rejects. */
export class DeviceLostEvent extends Event {
  readonly error: DeviceLostError;
  constructor(error: DeviceLostError) {
    super('lost');
    this.error = error;
  }
}

export interface GpuEvents {
  lost: DeviceLostEvent;
  /** There is a fresh device, and all that lived on the lost one is there again. */
  recovered: Event;
}

type Listener<K extends keyof GpuEvents> = (event: GpuEvents[K]) => void;

/** An EventTarget whose events have types. */
export class GpuEventTarget extends EventTarget {
  override addEventListener<K extends keyof GpuEvents>(
    type: K,
    listener: Listener<K>,
    options?: AddEventListenerOptions | boolean,
  ): void {
    super.addEventListener(type, listener as (event: Event) => void, options);
  }

  override removeEventListener<K extends keyof GpuEvents>(
    type: K,
    listener: Listener<K>,
    options?: EventListenerOptions | boolean,
  ): void {
    super.removeEventListener(type, listener as (event: Event) => void, options);
  }
}
