import { area, line } from 'd3-shape';
import { extent, formatNumber, stepAxis, valueAxis, valueScale } from './axes.ts';
import { linearScale, type Scale } from './scale.ts';
import { cutDiverged, indexOfLeast, runs, type Series, smooth, thin } from './series.ts';
import { COLOURS, type LegendEntry, legendRow, legendWidth, mix } from './style.ts';
import { circle, element, type Picture, type Point, segment, text, textWidth } from './svg.ts';

type Value = number | null | undefined;

/**
 * One line of a training log. What was not measured at a step is absent; null stands for NaN, as
 * JSON writes it.
 */
export interface LogEntry {
  readonly step: number;
  readonly loss?: Value;
  /** Learning rate. */
  readonly rate?: Value;
  /** MPJPE on batches of the training data, mm. */
  readonly trainMpjpe?: Value;
  /** MPJPE on the validation data, mm. */
  readonly validationMpjpe?: Value;
}

const WIDTH = 900;
const LEFT = 68;
const RIGHT = 26;
const INSET = 9; // so that no point lies on a plot's edge
const PLOT = 190;
const STRIP = 34;
const HEADER = 30; // of each plot
const MARGIN = 22;

const FEW = 30; // so many values are marked one by one

interface Curve {
  readonly label: string;
  readonly colour: string;
  readonly series: Series & { readonly cut: number };
}

/**
 * A training run: the loss, the MPJPE in mm and, where it was logged, the learning rate, over the
 * steps. The axis of the loss is logarithmic where it
 * spans more than a factor of ten, that of the MPJPE from a factor of four. A faint line shows
 * what was logged, a strong one its trend; the best validation (without one, the lowest
 * training) MPJPE is marked. Values that are not finite or have diverged are cut out and counted.
 * @param log in any order; of two values for one step the later is shown
 */
export function trainingCurve(log: readonly LogEntry[], title = 'Training'): Picture {
  const entries = inOrder(log);
  const steps = extent(entries.map(({ step }) => step));
  const x = linearScale(steps[0] < steps[1] ? steps : [steps[0] - 1, steps[0] + 1], [
    LEFT + INSET,
    WIDTH - RIGHT - INSET,
  ]);
  const curve = (label: string, colour: string, key: keyof LogEntry): Curve => ({
    label,
    colour,
    series: cutDiverged(seriesOf(entries, key)),
  });
  const logged = ({ series }: Curve) => series.steps.length > 0;
  const loss = curve('training', COLOURS.left, 'loss');
  const errors = [
    curve('training', COLOURS.left, 'trainMpjpe'),
    curve('validation', COLOURS.right, 'validationMpjpe'),
  ].filter(logged);
  const rate = seriesOf(entries, 'rate');
  const parts: string[] = [];
  let top = MARGIN + 22;
  if (logged(loss) || errors.length === 0) {
    parts.push(plot('loss', [loss], x, (top += HEADER)));
    top += PLOT + 12;
  }
  if (errors.length > 0) {
    parts.push(plot('MPJPE, mm', errors, x, (top += HEADER), true));
    top += PLOT + 12;
  }
  if (rate.steps.length > 0) {
    parts.push(strip(rate, x, (top += HEADER - 6)));
    top += STRIP;
  } else top -= 12;
  const height = top + 52;
  return {
    width: WIDTH,
    height,
    content: [
      element('rect', { width: WIDTH, height, fill: COLOURS.paper }),
      text([LEFT, MARGIN + 16], title, {
        'font-size': 19,
        'font-weight': 700,
        fill: COLOURS.ink,
      }),
      ...parts,
      stepAxis(x, top),
      text([(LEFT + WIDTH - RIGHT) / 2, top + 40], 'step', {
        'font-size': 13,
        'text-anchor': 'middle',
        fill: COLOURS.muted,
      }),
    ].join(''),
  };
}

/** Entries by step, those of one step made one. */
function inOrder(log: readonly LogEntry[]): LogEntry[] {
  const bySteps = new Map<number, LogEntry>();
  for (const entry of log) {
    if (!Number.isFinite(entry.step)) continue;
    const earlier = bySteps.get(entry.step);
    const there = Object.entries(earlier ? entry : {}).filter(([, value]) => value !== undefined);
    bySteps.set(entry.step, earlier ? { ...earlier, ...Object.fromEntries(there) } : entry);
  }
  return [...bySteps.values()].sort((a, b) => a.step - b.step);
}

/** The steps at which something was logged; what is not finite is NaN. */
function seriesOf(entries: readonly LogEntry[], key: keyof LogEntry): Series {
  const there = entries.filter((entry) => entry[key] !== undefined);
  return {
    steps: there.map(({ step }) => step),
    values: there.map((entry) => (Number.isFinite(entry[key]) ? entry[key]! : Number.NaN)),
  };
}

/** One plot, its top edge at `top`. */
function plot(name: string, curves: readonly Curve[], x: Scale, top: number, best = false): string {
  const bottom = top + PLOT;
  const y = valueScale(
    curves.flatMap(({ series }) => series.values),
    bottom,
    top,
    best ? 4 : 10, // what matters of the MPJPE is its last tenth
  );
  const cut = curves.reduce((sum, { series }) => sum + series.cut, 0);
  const logarithmic = y.logarithmic;
  const note = [
    ...(logarithmic ? ['log scale'] : []),
    ...(cut > 0 ? [`${cut} diverged or not finite, left out`] : []),
  ].join(' · ');
  const legend: LegendEntry[] = curves.map(({ label, colour }) => ({ label, colour }));
  const marked = best ? curves.at(-1)! : undefined;
  return [
    heading(name, note, top),
    curves.length > 1
      ? legendRow(legend, [WIDTH - RIGHT - legendWidth(legend, 13), top - 10], 13)
      : '',
    frame(top, PLOT),
    curves.some(({ series }) => indexOfLeast(series.values) >= 0)
      ? valueAxis(y, LEFT, WIDTH - RIGHT)
      : text([(LEFT + WIDTH - RIGHT) / 2, top + PLOT / 2 + 5], 'nothing to show', {
          'font-size': 14,
          'text-anchor': 'middle',
          fill: COLOURS.faint,
        }),
    ...curves.map(({ series, colour }) => drawCurve(series, colour, x, y)),
    marked ? bestPoint(marked, x, y) : '',
  ].join('');
}

function heading(name: string, note: string, top: number): string {
  const size = 14;
  return (
    text([LEFT, top - 10], name, { 'font-size': size, 'font-weight': 700, fill: COLOURS.ink }) +
    text([LEFT + textWidth(name, size) + 14, top - 10], note, {
      'font-size': 12.5,
      fill: COLOURS.muted,
    })
  );
}

const frame = (top: number, height: number) =>
  element('rect', {
    x: LEFT,
    y: top,
    width: WIDTH - RIGHT - LEFT,
    height,
    rx: 4,
    fill: COLOURS.panel,
  });

function drawCurve(series: Series, colour: string, x: Scale, y: Scale): string {
  const columns = WIDTH - RIGHT - LEFT;
  const points = (s: Series) => s.steps.map((step, i): Point => [step, s.values[i]!]);
  const path = line<Point>()
    .defined(([, value]) => !Number.isNaN(value))
    .x(([step]) => x(step))
    .y(([, value]) => y(value))
    .digits(2);
  const draw = (s: Series, stroke: string, width: number) =>
    element('path', {
      d: path(points(thin(s, columns))) ?? '',
      fill: 'none',
      stroke,
      'stroke-width': width,
      'stroke-linejoin': 'round',
      'stroke-linecap': 'round',
    });
  const mean = smooth(series, y.logarithmic);
  const noisy = mean.values.some(
    (value, i) => Math.abs(value - series.values[i]!) > 1e-9 * Math.abs(value),
  );
  const faint = noisy ? draw(series, mix(colour, COLOURS.panel, 0.68), 1.2) : '';
  const marks = runs(series.values)
    .flatMap(([start, end]) => {
      if (series.values.length <= FEW)
        return Array.from({ length: end - start }, (_, i) => start + i);
      return end - start === 1 ? [start] : []; // between two gaps it would have no line
    })
    .slice(0, 200)
    .map((i) => circle([x(series.steps[i]!), y(series.values[i]!)], 3, { fill: colour }));
  return faint + draw(mean, colour, 2.2) + marks.join('');
}

/** A ring about the lowest point and its value, above it and within the plot. */
function bestPoint({ series }: Curve, x: Scale, y: Scale): string {
  const i = indexOfLeast(series.values);
  if (i < 0) return '';
  const at: Point = [x(series.steps[i]!), y(series.values[i]!)];
  const value = Number(series.values[i]!.toPrecision(3));
  const label = `best ${value} mm at step ${series.steps[i]!.toLocaleString('en-US')}`;
  const size = 13;
  const wide = textWidth(label, size) + 16;
  const left = Math.min(WIDTH - RIGHT - 6 - wide, Math.max(LEFT + 6, at[0] - wide / 2));
  const top = Math.max(y.range[1] + 6, at[1] - 64);
  const box = { x: left, y: top, width: wide, height: 23, rx: 5 };
  const stroke = COLOURS.best;
  return (
    segment([at[0], top + 23], [at[0], at[1] - 5], { stroke, 'stroke-width': 1.2 }) +
    element('rect', { ...box, fill: COLOURS.paper, stroke, 'stroke-width': 1.2 }) +
    text([left + wide / 2, top + 16], label, {
      'font-size': size,
      'text-anchor': 'middle',
      fill: COLOURS.ink,
    }) +
    circle(at, 5, { fill: COLOURS.paper, stroke, 'stroke-width': 2.4 })
  );
}

/** The learning rate as a low filled shape, its highest value named. */
function strip(rate: Series, x: Scale, top: number): string {
  const high = extent(rate.values)[1];
  const y = linearScale([0, high > 0 ? high : 1], [top + STRIP, top + 4]);
  const shown = thin(rate, WIDTH - RIGHT - LEFT);
  const shape = area<number>()
    .defined((i) => Number.isFinite(shown.values[i]))
    .x((i) => x(shown.steps[i]!))
    .y0(top + STRIP)
    .y1((i) => y(shown.values[i]!))
    .digits(2);
  const d = shape(shown.steps.map((_, i) => i)) ?? '';
  return (
    heading('learning rate', `highest ${formatNumber(high)}`, top) +
    frame(top, STRIP) +
    element('path', { d, fill: mix(COLOURS.faint, COLOURS.panel, 0.35) })
  );
}
