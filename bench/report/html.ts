/** The report of a run: one HTML file that needs no network and no other file. */

import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Results } from '../rows.ts';
import { indexed } from './cases.ts';
import { html, json, raw } from './markup.ts';
import { page } from './page.ts';
import { tooltip } from './page_tables.ts';

/**
 * Writes the report of a run.
 * @throws when the file cannot be written, or what the report is made of is not installed
 */
export async function writeReport(file: string, results: Results): Promise<void> {
  const text = await report(results);
  try {
    await writeFile(file, text);
  } catch (error) {
    throw new Error(`${file} cannot be written: ${(error as Error).message}`);
  }
}

async function report(results: Results): Promise<string> {
  const { title, body, charts } = page(results);
  const [style, library, client] = await Promise.all([
    readFile(new URL('page.css', import.meta.url), 'utf8'),
    charting(),
    script(),
  ]);
  const data = (id: string, value: unknown) =>
    html`<script type="application/json" id="${id}">${json(value)}</script>\n`;
  // The policy makes sure that nothing is loaded from anywhere, whatever a name in the rows holds.
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>
${raw(style)}</style>
</head>
<body>
${body}
<noscript>The charts and the filter need JavaScript; the tables have all figures.</noscript>
${data('results', results)}${data(
  'tooltips',
  indexed(results).map((row) => tooltip(row).markup),
)}${data(
  'charts',
  charts.map(({ option }) => option),
)}<script>
${raw(library)}
</script>
<script type="module">
${raw(client)}</script>
</body>
</html>
`.markup;
}

/** The smallest build of ECharts with points, bars, lines and labels for screen readers. */
async function charting(): Promise<string> {
  let file: string;
  try {
    file = createRequire(import.meta.url).resolve('echarts/dist/echarts.common.min.js');
  } catch {
    throw new Error('The report needs the package echarts, which is not here: run npm install');
  }
  return readFile(file, 'utf8');
}

/** What runs in the page, without its types. */
async function script(): Promise<string> {
  // Where the bench itself is compiled, so is this.
  if (import.meta.url.endsWith('.js'))
    return readFile(new URL('client.js', import.meta.url), 'utf8');
  const [source, { default: ts }] = await Promise.all([
    readFile(new URL('client.ts', import.meta.url), 'utf8'),
    import('typescript'),
  ]);
  const compilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext };
  return ts.transpileModule(source, { compilerOptions }).outputText;
}
