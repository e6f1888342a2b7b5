/**
 * A timeline as Chrome trace events, which chrome://tracing and ui.perfetto.dev open: what the host
 * does, what waits in the queue, and every dispatch on the GPU.
 * Format: "Trace Event Format", docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
 */

import { writeFileSync } from 'node:fs';
import type { Timeline } from '../../src/graph/timeline.ts';

/** Times in microseconds. */
export type TraceEvent =
  | {
      readonly ph: 'M';
      readonly name: 'process_name' | 'thread_name' | 'thread_sort_index';
      readonly ts: 0;
      readonly pid: number;
      readonly tid: number;
      readonly args: Readonly<Record<string, string | number>>;
    }
  | {
      readonly ph: 'X';
      readonly name: string;
      readonly cat: string;
      readonly ts: number;
      readonly dur: number;
      readonly pid: number;
      readonly tid: number;
      readonly args: Readonly<Record<string, unknown>>;
    };

export interface Trace {
  readonly displayTimeUnit: 'ms';
  readonly otherData: Readonly<Record<string, string>>;
  readonly traceEvents: readonly TraceEvent[];
}

const PID = 1;
const TRACKS = { Host: 1, Queue: 2, GPU: 3 } as const;

/** @param about what was profiled, on what: shown by the viewer */
export function traceOf(timeline: Timeline, title: string, about: Record<string, string>): Trace {
  const span = (
    track: keyof typeof TRACKS,
    name: string,
    { begin, end }: { begin: number; end: number },
    args: Record<string, unknown> = {},
  ): TraceEvent => {
    const ts = microseconds(begin);
    const dur = Math.max(0, microseconds(end) - ts);
    return { ph: 'X', name, cat: track, ts, dur, pid: PID, tid: TRACKS[track], args };
  };
  const { host, dispatches, parts, note, steps, wall, uncertainty } = timeline;
  return {
    displayTimeUnit: 'ms',
    otherData: {
      ...about,
      steps: `each time is the median of the fastest quarter of ${steps} steps`,
      wall_ms: String(wall),
      clock_uncertainty_ms: String(uncertainty),
      ...Object.fromEntries(parts.map(({ name, ms }) => [`${name}_ms`, String(ms)])),
      ...(note && { note }),
    },
    traceEvents: [
      { ph: 'M', name: 'process_name', ts: 0, pid: PID, tid: 0, args: { name: title } },
      ...Object.entries(TRACKS).flatMap(([name, tid]): TraceEvent[] => [
        { ph: 'M', name: 'thread_name', ts: 0, pid: PID, tid, args: { name } },
        { ph: 'M', name: 'thread_sort_index', ts: 0, pid: PID, tid, args: { sort_index: tid } },
      ]),
      ...host.map((part) => span('Host', part.name, part, { submit: part.submit })),
      ...queued(timeline).map((waiting) => span('Queue', waiting.name, waiting)),
      ...dispatches.map((dispatch) => {
        const { op, file, operands, workgroups, cost, submit, begin, end } = dispatch;
        const seconds = (end - begin) / 1e3;
        return span('GPU', `${op}: ${file}`, dispatch, {
          file,
          operands,
          workgroups,
          bytes: cost.bytes,
          flops: cost.flops,
          ...(seconds > 0 && {
            gbps: cost.bytes / seconds / 1e9,
            gflops: cost.flops / seconds / 1e9,
          }),
          submit,
        });
      }),
    ],
  };
}

/**
 * Each submit until its first dispatch, once the one before it has left; where dispatches are not
 * known, all that the device does after the first.
 */
function queued({ host, dispatches, parts }: Timeline) {
  const device = parts.find(({ name }) => name === 'device');
  let free = 0;
  return host.flatMap(({ name, submit, begin, end }) => {
    if (name !== 'submit') return [];
    const first = dispatches.find((dispatch) => dispatch.submit === submit);
    if (first) {
      const from = Math.max(begin, free);
      free = Math.max(from, first.begin);
      return [{ name: 'queued', begin: from, end: free }];
    }
    return device && submit === 0
      ? [{ name: 'on the device', begin: end, end: end + device.ms }]
      : [];
  });
}

/** To the nanosecond: what is rounded alike stays in order. */
const microseconds = (ms: number) => Math.round(ms * 1e6) / 1e3;

/** @throws with the name of the file, when it cannot be written */
export function writeTrace(file: string, trace: Trace): void {
  try {
    writeFileSync(file, JSON.stringify(trace));
  } catch (error) {
    throw new Error(`${file} cannot be written: ${(error as Error).message}`);
  }
}
