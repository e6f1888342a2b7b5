/** What the views share: the device, the lifter, the pose, and how to speak to the visitor. */

import {
  type Gpu,
  GpuError,
  KinegradError,
  type Lifter,
  type LoadProgress,
  loadLifter,
  martinez,
  openGpu,
} from 'kinegrad';
import { h, icon } from '../parts/dom.ts';
import { type PoseStore, poseStore } from './pose_store.ts';

export interface App {
  /** Opened once, shared by all views. */
  gpu(): Promise<Gpu>;
  /** Loaded once, with its progress shown on top of the page. */
  lifter(): Promise<Lifter>;
  /** Says something to screen readers, politely. */
  announce(text: string): void;
  /** Shows what went wrong, and what to do about it. */
  fail(error: unknown): void;
  readonly pose: PoseStore;
  /** A run of this browser that the view Lift is to lift by, as soon as it is shown. */
  liftBy?: string;
}

/** A module of a view has one of these by the name `view`. */
export interface View {
  /** Fills the root. @returns what empties it: listeners, loops and devices' memory */
  mount(root: HTMLElement, app: App): Promise<() => void>;
}

export const WEIGHTS = './weights/martinez.safetensors';

const part = (id: string) => document.getElementById(id)!;

export function createApp(): App {
  let gpu: Promise<Gpu> | undefined;
  let lifter: Promise<Lifter> | undefined;
  const app: App = {
    gpu() {
      if (!gpu) {
        gpu = openGpu();
        // A later call tries again.
        gpu.then(showAdapter, () => (gpu = undefined));
      }
      return gpu;
    },
    lifter() {
      if (!lifter) {
        lifter = loading(app);
        lifter.catch(() => (lifter = undefined));
      }
      return lifter;
    },
    announce(text) {
      part('announce').textContent = text;
    },
    fail(error) {
      if (!(error instanceof KinegradError)) console.error(error);
      toast(error instanceof Error ? error.message : String(error));
    },
    pose: poseStore(),
  };
  return app;
}

/** Whether an error is about the device as such, so that no view can work. */
export const isHopeless = (error: unknown): boolean =>
  error instanceof GpuError || (error instanceof KinegradError && error.name === 'BlockedError');

async function loading(app: App): Promise<Lifter> {
  const bar = part('loading');
  const filled = h('span');
  bar.replaceChildren(filled);
  bar.hidden = false;
  // Most of the wait is the download; the pipelines take the last fifth.
  const shares = { download: [0, 0.8], compile: [0.8, 1] } as const;
  const onProgress = ({ phase, done, total }: LoadProgress) => {
    const [from, to] = shares[phase];
    const share = total ? done / total : 0.5;
    filled.style.transform = `scaleX(${from + (to - from) * share})`;
  };
  try {
    return await loadLifter(martinez, WEIGHTS, { gpu: await app.gpu(), onProgress });
  } finally {
    bar.hidden = true;
  }
}

function showAdapter({ adapter, device }: Gpu): void {
  const engine = part('engine');
  // Browsers name no device as a rule, only its maker and family.
  const { vendor, architecture } = device.adapterInfo;
  engine.textContent = adapter.name || [vendor, architecture].join(' ').trim() || 'WebGPU';
  engine.title = adapter.why;
  engine.hidden = false;
}

function toast(text: string): void {
  const shown = [...part('toasts').children];
  if (shown.some((other) => other.textContent === text)) return;
  const box: HTMLElement = h(
    'div',
    { class: 'toast panel', role: 'alert' },
    h('p', {}, text),
    h(
      'button',
      { class: 'button icon', 'aria-label': 'Close', onclick: () => box.remove() },
      icon('M6 6l12 12M18 6L6 18'),
    ),
  );
  part('toasts').append(box);
  // What is long to read stays longer.
  setTimeout(() => box.remove(), 6000 + 60 * text.length);
}
