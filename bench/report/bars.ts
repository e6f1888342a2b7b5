/** A list of horizontal bars with a label to their left and a figure to their right. */

import type { EChartsOption } from 'echarts';

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The ends of the error bar. */
  readonly low?: number;
  readonly high?: number;
  /** What stands to the right. */
  readonly figure: string;
  /** A custom property of the page, such as `var(--blue)`. */
  readonly colour: string;
  /** Index of the row that the tooltip tells of. */
  readonly row: number;
  /** A wrong result: its bar is an outline. */
  readonly wrong?: boolean;
}

/** A line between the bars that heads those below it. */
export interface Heading {
  readonly heading: string;
}

export interface BarList {
  readonly lines: readonly (Bar | Heading)[];
  readonly axis: {
    readonly type: 'value' | 'log';
    readonly name: string;
    readonly min: number;
    readonly max: number;
    /** Between two ticks; chosen by the chart where it is left out. */
    readonly interval?: number;
  };
  /** A dashed line across all bars. */
  readonly mark?: { readonly at: number; readonly label: string };
}

export interface Chart {
  /** What a screen reader says instead of the picture. */
  readonly description: string;
  /** Lines of bars, of which the height follows; none for a chart of the usual height. */
  readonly lines?: number;
  readonly option: EChartsOption;
}

/** Charts narrower than this, in pixels, have their labels above the bars; as in page.css. */
const NARROW = 480;

/** Pixels that the characters of a label take at its font size, and the most they may take. */
const CHARACTER = 7;
const LABEL = 270;

/** Of bold characters, in widths of others. */
const BOLD = 1.15;

const width = (text: string) => CHARACTER * text.length;

export function barList({ lines, axis, mark }: BarList): EChartsOption {
  const labels = lines.map((line) => ('heading' in line ? line.heading : line.label));
  const left = 18 + Math.min(LABEL, Math.max(...lines.map(labelWidth)));
  const figures = lines.map((line) => ('heading' in line ? '' : line.figure));
  const right = 14 + Math.max(...figures.map(width));
  const category = {
    type: 'category' as const,
    inverse: true,
    axisLine: { show: false },
    axisTick: { show: false },
  };
  const text = { color: 'var(--text)', fontSize: 12 };
  return {
    grid: { left, right, top: mark ? 20 : 4, bottom: 24, outerBoundsMode: 'none' },
    xAxis: {
      ...axis,
      name: '',
      // Bars grow from here, not from 1, on a logarithmic axis.
      startValue: axis.min,
      splitNumber: 4,
      axisLabel: { color: 'var(--muted)', hideOverlap: true },
      splitLine: { lineStyle: { color: 'var(--line)' } },
    },
    yAxis: [
      {
        ...category,
        data: lines.map((line, i) => ('heading' in line ? `{heading|${labels[i]}}` : labels[i]!)),
        axisLabel: {
          ...text,
          interval: 0,
          margin: left,
          align: 'left',
          width: left - 10,
          overflow: 'truncate',
          rich: { heading: { ...text, fontWeight: 600 } },
        },
      },
      {
        ...category,
        position: 'right',
        data: figures,
        axisLabel: { ...text, interval: 0, align: 'right', margin: right - 2 },
      },
    ],
    tooltip: { trigger: 'item' },
    series: [
      {
        type: 'bar',
        barWidth: 11,
        data: lines.map((line) =>
          'heading' in line
            ? { value: '-', row: -1 }
            : { value: line.value, row: line.row, itemStyle: fill(line) },
        ),
        ...(mark && { markLine: { ...markLine, data: [{ xAxis: mark.at, name: mark.label }] } }),
      },
      {
        type: 'line',
        silent: true,
        symbol: 'rect',
        symbolSize: [1.5, 7],
        color: 'var(--text)',
        lineStyle: { width: 1.5 },
        tooltip: { show: false },
        data: lines.flatMap((line, i) =>
          'heading' in line || line.low === undefined || line.high === undefined
            ? []
            : [
                [line.low, i],
                [line.high, i],
                ['-', i],
              ],
        ),
      },
    ],
    media: [
      {
        query: { maxWidth: NARROW },
        option: {
          grid: { left: 6 },
          yAxis: [
            {
              axisLabel: {
                inside: true,
                margin: 0,
                verticalAlign: 'bottom',
                padding: [0, 0, 9, 0],
                width: NARROW,
              },
              z: 10,
            },
            {},
          ],
        },
      },
    ],
  };
}

const labelWidth = (line: Bar | Heading) =>
  'heading' in line ? BOLD * width(line.heading) : width(line.label);

const fill = ({ colour, wrong }: Bar) =>
  wrong ? { color: 'transparent', borderColor: 'var(--bad)', borderWidth: 1.5 } : { color: colour };

const markLine = {
  silent: true,
  symbol: 'none',
  lineStyle: { color: 'var(--muted)', type: 'dashed' as const },
  label: { formatter: '{b}', color: 'var(--muted)', position: 'start' as const },
};
