/** The profile of a model's steps as text. */

import type { DispatchSpan, Part } from '../../src/graph/timeline.ts';
import type { ModelProfile } from '../profile.ts';
import { plainTable } from './plain_table.ts';

const MEANING: Readonly<Record<Part['name'], string>> = {
  start: 'waiting for its turn',
  write: 'writing inputs and scalars',
  encode: 'encoding on the host',
  submit: 'finishing the commands and submitting them',
  queue: 'in the queue, until the GPU begins',
  dispatches: 'GPU at work: each dispatch by itself',
  gaps: 'GPU between dispatches',
  timing: "reading the GPU's clock, for the profile alone",
  notice: 'until the host knows, outputs read',
  device: 'queue, GPU, and until the host knows',
};

/** Dispatches that are shown, the longest. */
const SHOWN = 8;
/** How far the sum of the parts may be off, percent. */
const TRUSTED = 5;

const ms = (value: number) => value.toFixed(3);
const percent = (value: number) => value.toFixed(1);

/** What `profileModel` prints. */
export function profileText(title: string, adapter: string, profile: ModelProfile): string {
  const { dispatches, note } = profile.timeline;
  const blocks = [
    `${title}\n${adapter}`,
    costText(profile),
    partsTable(profile),
    [sumText(profile), ...(note ? [note] : [])].join('\n'),
  ];
  if (dispatches.length > 0)
    blocks.push(kernelsTable(profile), longestTable(dispatches), gapText(profile));
  return blocks.join('\n\n');
}

function costText(profile: ModelProfile): string {
  const { count, paired_overhead_percent, paired_interval_percent, overhead_percent } = profile;
  const [low, high] = paired_interval_percent.map(percent);
  return [
    plainTable(
      [`${count} steps of each kind, in turns`, 'median ms', 'spread ms'],
      [
        ['plain', ms(profile.plain_ms), ms(profile.plain_spread_ms)],
        ['profiled', ms(profile.profiled_ms), ms(profile.profiled_spread_ms)],
      ],
    ),
    `Profiling costs ${percent(paired_overhead_percent)} % (95 % confidence: ${low} to ${high}), each step against the plain one beside it; ${percent(overhead_percent)} % between the medians.`,
  ].join('\n');
}

function partsTable({ timeline, sum_ms, sum_percent }: ModelProfile): string {
  const { parts, wall } = timeline;
  return plainTable(
    ['part', 'what it is', 'ms', '% of wall'],
    [
      ...parts.map(({ name, ms: time }) => [
        name,
        MEANING[name],
        ms(time),
        percent((100 * time) / wall),
      ]),
      ['sum', 'of the parts, as measured', ms(sum_ms), percent(sum_percent)],
      ['wall', "of such steps, by the host's clock", ms(wall), '100.0'],
    ],
    2,
  );
}

function sumText({ sum_percent, own_percent, undisturbed_ms, timeline }: ModelProfile): string {
  const { steps, dispatches, passCost, uncertainty, wall } = timeline;
  const us = (time: number) => `${(1e3 * time).toFixed(0)} us`;
  const off = sum_percent - 100;
  const lines = [
    `The parts add up to ${percent(sum_percent)} % of the wall time, ${percent(Math.abs(off))} % too ${off < 0 ? 'little' : 'much'}; without timing, to ${percent(own_percent)} % of plain steps (${ms(undisturbed_ms)} ms).`,
    `All times from the parts on are medians of the fastest quarter of ${steps} profiled steps. None is scaled.`,
  ];
  if (Math.abs(off) > TRUSTED)
    lines.push(
      `That is more than ${TRUSTED} %: run it again when the machine is idle${off > 0 ? ', or some dispatches overlap when they are not timed' : ''}.`,
    );
  if (dispatches.length === 0) return lines.join('\n');
  return [
    ...lines,
    `Half of the steps are timed as a whole (${ms(wall)} ms), the others dispatch by dispatch, less the ${us(passCost)} that reading the clock takes each time.`,
    `Where the queue ends and the notice begins is known to ${us(uncertainty)}.`,
  ].join('\n');
}

function kernelsTable({ kernels }: ModelProfile): string {
  return plainTable(
    ['kernel', 'calls', 'ms', '% of GPU', 'GFLOP/s', 'GB/s'],
    kernels.map((k) => [
      k.file,
      String(k.calls),
      ms(k.ms),
      percent(k.percent),
      k.gflops.toFixed(2),
      k.gbps.toFixed(2),
    ]),
  );
}

function longestTable(dispatches: readonly DispatchSpan[]): string {
  const time = ({ begin, end }: DispatchSpan) => end - begin;
  const longest = dispatches.map((dispatch, i) => ({ dispatch, i }));
  longest.sort((a, b) => time(b.dispatch) - time(a.dispatch));
  return plainTable(
    ['longest dispatches', 'kernel', 'operands', 'ms'],
    longest
      .slice(0, SHOWN)
      .map(({ dispatch, i }) => [
        `${i + 1} of ${dispatches.length}: ${dispatch.op}`,
        dispatch.file,
        operandsText(dispatch),
        ms(time(dispatch)),
      ]),
    3,
  );
}

/** But for those of fused stages: `e0` and so on, which name any tensor where there is no stage. */
const operandsText = ({ operands }: DispatchSpan) =>
  Object.entries(operands)
    .filter(([name]) => !/^e\d+$/.test(name))
    .map(([name, shape]) => `${name} ${shape.join('x')}`)
    .join(', ');

function gapText({ gaps }: ModelProfile): string {
  const [largest] = gaps;
  if (!largest) return 'One dispatch has no gaps.';
  const { after, before } = largest;
  return `The longest gap between dispatches is ${ms(largest.ms)} ms, after ${after} and before ${before}.`;
}
