/** The roofline chart: rows by arithmetic intensity and rate, below the roofs measured in the run. */

import type { EChartsOption, LineSeriesOption, ScatterSeriesOption } from 'echarts';
import type { Header } from '../rows.ts';
import type { Chart } from './bars.ts';
import { byFamily, type Indexed, OURS } from './cases.ts';
import { figure, size } from './figures.ts';
import { bounds } from './kernels.ts';

const COLOURS = ['blue', 'orange', 'green', 'red', 'purple', 'sky', 'yellow', 'muted'];
const SYMBOLS = ['circle', 'rect', 'triangle', 'diamond'];

/** A line from one point to another: flop/byte, GFLOP/s. */
interface Roof {
  readonly name: string;
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly compute: boolean;
  /** Where its name stands; none where there is no room for it. */
  readonly label?: 'insideStartTop' | 'insideStartBottom' | 'insideEndTop' | 'insideEndBottom';
}

/** Rows that do arithmetic; the others have no place on logarithmic axes. */
export const placed = (rows: readonly Indexed[]) =>
  rows.filter(({ flops, bytes, gflops }) => flops > 0 && bytes > 0 && gflops > 0);

/** @param rows some that `placed` left */
export function roofline(header: Header, rows: readonly Indexed[]): Chart {
  const intensities = rows.map(({ flops, bytes }) => flops / bytes);
  const top = Math.max(header.fma_gflops_f32, header.fma_gflops_f16 ?? 0);
  const slopes = memoryRoofs(header);
  const ridge = top / Math.min(...slopes.map(({ gbps }) => gbps));
  // Room for the names of the roofs, left of the points.
  const x = bounds([...intensities, Math.min(...intensities) / 4, ridge]);
  const y = bounds([...rows.map(({ gflops }) => gflops), top * 1.2]);
  const families = byFamily(rows);
  const roofs = roofLines(header, slopes, [x.min, x.max], y.min);
  const option: EChartsOption = {
    grid: { left: 62, right: 16, top: 64, bottom: 44, outerBoundsMode: 'none' },
    legend: {
      type: 'scroll',
      itemWidth: 12,
      itemHeight: 11,
      itemGap: 16,
      left: 0,
      top: 0,
      textStyle: { color: 'var(--text)' },
      inactiveColor: 'var(--line)',
      pageTextStyle: { color: 'var(--muted)' },
      pageIconColor: 'var(--text)',
      pageIconInactiveColor: 'var(--line)',
      data: families.map(([first]) => first!.family),
    },
    xAxis: { ...axis('arithmetic intensity, flop/byte'), ...x, nameGap: 28 },
    yAxis: { ...axis('GFLOP/s'), ...y, nameLocation: 'end', nameGap: 12 },
    tooltip: { trigger: 'item' },
    series: [lines(roofs), ...families.map(points)],
  };
  return {
    description:
      `Roofline of ${header.adapter.name}: ${rows.length} rows of ` +
      `${families.map(([first]) => first!.family).join(', ')}, arithmetic intensity against ` +
      `GFLOP/s. Roofs: ${roofs.map(({ name }) => name).join('; ')}.`,
    option,
  };
}

const axis = (name: string) => ({
  type: 'log' as const,
  name,
  nameLocation: 'middle' as const,
  nameTextStyle: { color: 'var(--muted)', align: 'center' as const },
  axisLine: { show: true, lineStyle: { color: 'var(--line)' } },
  axisTick: { show: false },
  axisLabel: { color: 'var(--muted)', hideOverlap: true },
  splitLine: { lineStyle: { color: 'var(--line)' } },
});

const memoryRoofs = ({ bandwidth, copy_gbps }: Header) =>
  bandwidth.length > 0
    ? bandwidth.map(({ bytes, gbps }) => ({ name: size(bytes), gbps }))
    : [{ name: 'copy', gbps: copy_gbps }];

function roofLines(
  header: Header,
  slopes: ReturnType<typeof memoryRoofs>,
  [left, right]: readonly [number, number],
  bottom: number,
): Roof[] {
  const rates = [
    { name: 'f32', gflops: header.fma_gflops_f32 },
    ...(header.fma_gflops_f16 ? [{ name: 'f16', gflops: header.fma_gflops_f16 }] : []),
  ];
  const top = Math.max(...rates.map(({ gflops }) => gflops));
  const speeds = slopes.map(({ gbps }) => gbps);
  const [slowest, fastest] = [Math.min(...speeds), Math.max(...speeds)];
  return [
    ...slopes.map(({ name, gbps }): Roof => {
      const start = Math.max(left, bottom / gbps);
      return {
        name: `${name}: ${figure(gbps)} GB/s`,
        from: [start, start * gbps],
        to: [top / gbps, top],
        compute: false,
        ...(gbps === fastest
          ? { label: 'insideStartTop' as const }
          : gbps === slowest && { label: 'insideStartBottom' as const }),
      };
    }),
    ...rates.map(
      ({ name, gflops }): Roof => ({
        name: `${name}: ${figure(gflops)} GFLOP/s`,
        from: [gflops / fastest, gflops],
        to: [right, gflops],
        compute: true,
        label: gflops === top ? 'insideEndTop' : 'insideEndBottom',
      }),
    ),
  ];
}

/** The roofs as lines that carry their names along themselves; slopes only the outer two names. */
function lines(roofs: readonly Roof[]): LineSeriesOption {
  return {
    type: 'line',
    data: [],
    tooltip: { show: false },
    markLine: {
      silent: true,
      symbol: 'none',
      z: 1,
      data: roofs.map(({ name, from, to, compute, label }) => [
        {
          name,
          coord: [...from],
          lineStyle: { color: 'var(--roof)', type: 'solid', width: compute ? 2 : 1 },
          label: {
            show: label !== undefined,
            position: label ?? 'end',
            formatter: '{b}',
            color: 'var(--muted)',
            fontSize: 11,
          },
        },
        { coord: [...to] },
      ]),
    },
  };
}

/** One family: filled where we measured, hollow for peers. */
function points(rows: readonly Indexed[], i: number): ScatterSeriesOption {
  const colour = `var(--${COLOURS[i % COLOURS.length]})`;
  return {
    type: 'scatter',
    name: rows[0]!.family,
    symbol: SYMBOLS[i % SYMBOLS.length]!,
    symbolSize: 9,
    color: colour,
    data: rows.map((row) => ({
      value: [row.flops / row.bytes, row.gflops],
      row: row.index,
      itemStyle:
        row.engine === OURS
          ? { opacity: 0.85 }
          : { color: 'transparent', borderColor: colour, borderWidth: 1.5 },
    })),
  };
}
