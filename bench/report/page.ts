/** The page: what stands in which order, without the code and the data that it carries. */

import type { Failure, Header, Results } from '../rows.ts';
import type { Chart } from './bars.ts';
import { byFamily, type Indexed, indexed, OURS, shapeOf } from './cases.ts';
import { doubts } from './doubts.ts';
import { figure, median, percent, wait } from './figures.ts';
import {
  BOUND_COLOURS,
  engineColours,
  engines,
  ladders,
  rooflinePercent,
  type Titled,
} from './kernels.ts';
import { html, type Markup, type Part } from './markup.ts';
import { bandwidthTable, hostTable, peersTable, rowsTable } from './page_tables.ts';
import { placed, roofline } from './roofline.ts';

export interface Page {
  readonly title: string;
  readonly body: Markup;
  /** In the order of their places, `chart-0` and so on. */
  readonly charts: readonly Chart[];
}

interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Part;
}

export function page(results: Results): Page {
  const { header, failures, host } = results;
  const rows = indexed(results);
  const charts: Chart[] = [];
  const place = (chart: Chart): Markup => {
    const i = charts.push(chart) - 1;
    const lines = chart.lines && html` style="--lines: ${chart.lines}"`;
    return html`<div class="canvas ${chart.lines ? 'bars' : ''}" id="chart-${i}"${lines || false}
data-description="${chart.description}"></div>`;
  };
  const sections = [
    rooflineSection(header, rows, place),
    percentSection(rows, place),
    engineSection(rows, place),
    ladderSection(rows, place),
    host.length > 0 && { id: 'host', title: 'Host code', content: scroll(hostTable(host)) },
    rows.length > 0 && { id: 'all', title: 'All rows', content: allRows(rows) },
  ].filter((section) => section !== false);
  return {
    title: `Kinegrad bench: ${header.adapter.name}`,
    charts,
    body: html`${head(results)}
<main>
${failed(failures, rows)}
${doubted(results)}
${tiles(header)}
${sections.length > 1 && html`<nav aria-label="Sections">${sections.map(({ id, title }) => html`<a href="#${id}">${title}</a> `)}</nav>`}
${sections.map(({ id, title, content }) => html`<section id="${id}"><h2>${title}</h2>${content}</section>\n`)}
${unmeasured(failures)}
</main>
<footer>Kinegrad ${header.version}. Charts: Apache ECharts. <a id="download" download="bench.json">Save the results as JSON</a></footer>`,
  };
}

function head({ header, rows }: Results): Markup {
  const { adapter, cpu, threads, node, date, seconds, version } = header;
  const facts = [
    adapter.driver,
    `${cpu}, ${threads} threads`,
    `Node ${node.replace(/^v/, '')}`,
    `Kinegrad ${version}`,
  ];
  return html`<header>
<p class="brand">Kinegrad bench</p>
<h1>${adapter.name}</h1>
<p class="facts">${facts.map((fact) => html`<span>${fact}</span> `)}</p>
<p class="facts"><time datetime="${date}">${moment(date)}</time>
<span>${rows.length} rows in ${wait(seconds)}</span></p>
</header>`;
}

/** `2025-05-01 12:30 UTC`, or the text as it is where it is no date. */
function moment(date: string): string {
  const parsed = new Date(date);
  if (Number.isNaN(parsed.getTime())) return date;
  return parsed.toISOString().replace('T', ' ').slice(0, 16) + ' UTC';
}

function tiles(header: Header): Markup {
  const { copy_gbps, fma_gflops_f32, fma_gflops_f16, dispatch_us, encode_us } = header;
  const quantum = header.timestamp_quantum_ns;
  const tile = (name: string, value: string, unit: string, note: string) =>
    html`<div><dt>${name}</dt><dd><b>${value}</b> ${unit}</dd><dd class="note">${note}</dd></div>`;
  return html`<dl class="tiles">
${tile('Copy bandwidth', figure(copy_gbps), 'GB/s', 'at 64 MiB')}
${tile('Multiply-add f32', figure(fma_gflops_f32), 'GFLOP/s', 'best chain')}
${
  fma_gflops_f16 === null
    ? tile('Multiply-add f16', '–', '', 'no shader-f16 here')
    : tile('Multiply-add f16', figure(fma_gflops_f16), 'GFLOP/s', 'best chain')
}
${tile('Dispatch', figure(dispatch_us), 'µs', `${figure(encode_us)} µs of it encoding`)}
${
  quantum === null
    ? tile('Clock', 'host', '', 'no GPU timestamps here')
    : tile('Timestamp step', String(Number(quantum.toPrecision(3))), 'ns', 'GPU clock')
}
</dl>
${
  header.bandwidth.length > 0 &&
  html`<details><summary>Bandwidth by working set</summary>${scroll(bandwidthTable(header))}</details>`
}`;
}

/** What went wrong, before anything else. */
function failed(failures: readonly Failure[], rows: readonly Indexed[]): Part {
  const unexpected = failures.filter(({ expected }) => !expected);
  const wrong = rows.filter(({ agrees }) => !agrees);
  if (unexpected.length + wrong.length === 0) return false;
  const counts = [
    unexpected.length > 0 && plural(unexpected.length, 'failure'),
    wrong.length > 0 && `${plural(wrong.length, 'row')} with a wrong result`,
  ];
  return html`<section class="failures" role="alert" aria-label="Failures">
<h2>${counts.filter(Boolean).join(', ')}</h2>
<ul>${failureItems(unexpected)}${failureItems(wrong.map(asFailure))}</ul>
</section>`;
}

/** Rows above their roofs, and roofs that were measured again. */
function doubted(results: Results): Part {
  const all = doubts(results);
  if (all.length === 0) return false;
  return html`<section class="doubts" aria-label="Doubts"><h2>Beware</h2>
<ul>${all.map(({ what, why }) => html`<li><strong>${what}</strong> ${why}</li>`)}</ul></section>`;
}

const asFailure = (row: Indexed): Failure => ({
  engine: row.engine,
  what: [row.family, row.name, row.pass, shapeOf(row), row.dtype, row.variant]
    .filter(Boolean)
    .join(' '),
  why: Number.isFinite(row.error)
    ? `differs by ${figure(row.error)} of the largest value`
    : 'has values that are no numbers',
  expected: false,
});

const failureItems = (failures: readonly Failure[]) =>
  failures.map(
    ({ engine, what, why }) => html`<li><strong>${engine}: ${what}</strong> ${why}</li>`,
  );

function unmeasured(failures: readonly Failure[]): Part {
  const expected = failures.filter(({ expected }) => expected);
  if (expected.length === 0) return false;
  return html`<section id="unmeasured"><h2>Not measured, as expected</h2>
<ul>${failureItems(expected)}</ul></section>`;
}

type Place = (chart: Chart) => Markup;

function rooflineSection(header: Header, rows: readonly Indexed[], place: Place): Section | false {
  const shown = placed(rows);
  if (shown.length === 0) return false;
  const peers = rows.some(({ engine }) => engine !== OURS);
  const left = rows.length - shown.length;
  return {
    id: 'roofline',
    title: 'Roofline',
    content: html`<p>Each point is a row: how many operations it does for a byte that it must move,
and how many it does in a second. The lines are what this device was seen to reach in the same run:
memory at several working sets, multiply-add chains.
${peers && 'Filled points are Kinegrad, hollow ones its peers. '}${
  left > 0 && `${plural(left, 'row')} without arithmetic ${left === 1 ? 'is' : 'are'} not shown.`
}</p>
<figure class="wide">${place(roofline(header, shown))}</figure>`,
  };
}

function percentSection(rows: readonly Indexed[], place: Place): Section | false {
  const ours = rows.filter(({ engine }) => engine === OURS);
  if (ours.length === 0) return false;
  const percents = ours.map(({ roofline_percent }) => roofline_percent);
  const max = Math.max(100, ...percents.filter(Number.isFinite).map((p) => 20 * Math.ceil(p / 20)));
  return {
    id: 'kernels',
    title: 'Percent of the attainable roofline',
    content: html`<p>The least time that the roofs at a row's working set allow, in percent of the
median; thin bars span the middle half of the samples. The median of
${plural(ours.length, 'row')} is ${percent(median(percents))}.</p>
${boundLegend}
${figures(
  byFamily(ours).map((family) => rooflinePercent(family, max)),
  place,
)}`,
  };
}

function engineSection(rows: readonly Indexed[], place: Place): Section | false {
  const colours = engineColours(rows);
  const titled = byFamily(rows).flatMap((family) => engines(family, colours));
  if (titled.length === 0) return false;
  return {
    id: 'engines',
    title: 'Engines side by side',
    content: html`<p>The same work on the same adapter in the same run. Multiples say how many times
as long a peer took as Kinegrad; none is given where a result was wrong.</p>
${scroll(peersTable(rows))}
<p class="legend">${[...colours].map(([name, colour]) => key(name, colour))}</p>
${figures(titled, place)}`,
  };
}

function ladderSection(rows: readonly Indexed[], place: Place): Section | false {
  const titled = byFamily(rows).flatMap(ladders);
  if (titled.length === 0) return false;
  return {
    id: 'variants',
    title: 'Variants and ladders',
    content: html`<p>Several kernels for the same work, in the order of their ladder, and how many times as
fast as the first each is.</p>
${boundLegend}
${figures(titled, place)}`,
  };
}

const allRows = (rows: readonly Indexed[]) => html`<div class="filter">
<label for="filter">Filter</label>
<input id="filter" type="search" placeholder="words, such as matmul 512 forward" autocomplete="off">
<output id="shown" for="filter">${plural(rows.length, 'row')}</output></div>
<div class="scroll tall" tabindex="0" role="region" aria-label="All rows">${rowsTable(rows)}</div>`;

const figures = (titled: readonly Titled[], place: Place) =>
  html`<div class="figures">${titled.map(
    ({ title, note, chart }) => html`<figure><figcaption><h3>${title}</h3>
<span>${note}</span></figcaption>${place(chart)}</figure>\n`,
  )}</div>`;

const scroll = (table: Markup) => html`<div class="scroll">${table}</div>`;

const key = (name: string, colour: string) =>
  html`<span><i style="background: ${colour}"></i>${name}</span> `;

const boundLegend = html`<p class="legend">${Object.entries(BOUND_COLOURS).map(([bound, colour]) =>
  key(`bound by ${bound}`, colour),
)}</p>`;

const plural = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;
