/** Traces that chrome://tracing and Perfetto open. */

import { expect, test } from 'vitest';
import { sharesOf } from '../../bench/profile.ts';
import { traceOf } from '../../bench/report/trace.ts';
import type { DispatchSpan, Timeline } from '../../src/graph/timeline.ts';

const dispatch = (file: string, begin: number, end: number, submit: number): DispatchSpan => ({
  begin,
  end,
  op: file.replace('.wgsl', ''),
  file,
  operands: { x: [4, 8], y: [4] },
  workgroups: [2, 1, 1],
  cost: { bytes: 2e6, flops: 1e6 },
  submit,
});

const timeline: Timeline = {
  steps: 12,
  wall: 5,
  parts: [
    { name: 'start', ms: 0.1 },
    { name: 'dispatches', ms: 3.0000001 },
  ],
  host: [
    { name: 'write', submit: 0, begin: 0.1, end: 0.2 },
    { name: 'encode', submit: 0, begin: 0.2, end: 0.4 },
    { name: 'submit', submit: 0, begin: 0.4, end: 0.5 },
    { name: 'write', submit: 1, begin: 0.5, end: 0.55 },
    { name: 'encode', submit: 1, begin: 0.55, end: 0.6 },
    { name: 'submit', submit: 1, begin: 0.6, end: 0.65 },
    { name: 'wait', submit: 1, begin: 0.65, end: 5 },
  ],
  // Ends that meet begins, and times that are no whole nanoseconds.
  dispatches: [
    dispatch('matmul.wgsl', 0.7000000004, 2.1000000006, 0),
    dispatch('softmax.wgsl', 2.1000000006, 2.1000000006, 0),
    dispatch('matmul.wgsl', 2.1000000006, 4.7000000001, 1),
  ],
  uncertainty: 0.02,
  passCost: 0.03,
};

const trace = traceOf(timeline, 'a model', { adapter: 'an adapter' });
const { traceEvents } = JSON.parse(JSON.stringify(trace)) as typeof trace;
const spans = traceEvents.flatMap((event) => (event.ph === 'X' ? [event] : []));
const track = (name: string) => spans.filter((span) => span.cat === name);

test('every event has what the format asks for', () => {
  for (const event of traceEvents) {
    expect(['X', 'M']).toContain(event.ph);
    for (const key of ['ts', 'pid', 'tid'] as const) expect(event[key]).toBeTypeOf('number');
    expect(event.name).not.toBe('');
  }
  for (const { ts, dur } of spans) {
    expect(ts).toBeGreaterThanOrEqual(0);
    expect(dur).toBeGreaterThanOrEqual(0);
  }
  const named = traceEvents.filter(({ name }) => name === 'thread_name');
  expect(named.map(({ tid, args }) => [tid, args.name])).toEqual([
    [1, 'Host'],
    [2, 'Queue'],
    [3, 'GPU'],
  ]);
});

test.each(['Host', 'Queue', 'GPU'])('nothing overlaps on the track %s', (name) => {
  const ordered = track(name).sort((a, b) => a.ts - b.ts);
  ordered.slice(1).forEach(({ ts }, i) => {
    const before = ordered[i]!;
    // Sums of microseconds are off by less than the nanosecond that they count.
    expect(ts - (before.ts + before.dur)).toBeGreaterThan(-1e-6);
  });
});

test('dispatches tell what they are, in microseconds', () => {
  const [first, empty, last] = track('GPU');
  expect(first).toMatchObject({ name: 'matmul: matmul.wgsl', ts: 700, dur: 1400 });
  expect(first!.args).toMatchObject({
    file: 'matmul.wgsl',
    operands: { x: [4, 8], y: [4] },
    workgroups: [2, 1, 1],
    bytes: 2e6,
    flops: 1e6,
  });
  expect(first!.args.gflops).toBeCloseTo(1e6 / 1.4e-3 / 1e9, 4);
  expect(empty!.args).not.toHaveProperty('gbps');
  expect(last!.args.submit).toBe(1);
});

test('each submit waits in the queue until its first dispatch, behind the one before it', () => {
  expect(track('Queue').map(({ name, ts, dur }) => [name, ts, Math.round(dur)])).toEqual([
    ['queued', 400, 300],
    ['queued', 700, 1400],
  ]);
});

test('without dispatches the device is one span', () => {
  const { traceEvents } = traceOf(
    { ...timeline, dispatches: [], parts: [{ name: 'device', ms: 4 }], note: 'no clock' },
    'a model',
    {},
  );
  const queue = traceEvents.filter((event) => event.ph === 'X' && event.cat === 'Queue');
  expect(queue).toHaveLength(1);
  expect(queue[0]).toMatchObject({ name: 'on the device', ts: 500, dur: 4000 });
});

test('shares of kernels are of the time that the GPU works', () => {
  const [matmul, softmax] = sharesOf(timeline.dispatches);
  expect(matmul).toMatchObject({ file: 'matmul.wgsl', calls: 2 });
  expect(matmul!.ms).toBeCloseTo(4, 6);
  expect(matmul!.gflops).toBeCloseTo(2e6 / 4e-3 / 1e9, 6);
  expect(matmul!.percent).toBeCloseTo(100, 6);
  expect(softmax).toMatchObject({ file: 'softmax.wgsl', ms: 0, gflops: 0 });
});
