/**
 * Runs in the report, where ECharts is there already: draws the charts in the colours of the page,
 * sorts and filters the table of rows. Its types are taken off when a report is written.
 */

import type * as ECharts from 'echarts';

declare const echarts: typeof ECharts;

const contentOf = (id: string) => document.getElementById(id)!.textContent!;

/** HTML of each row, escaped where it was made. */
const tooltips: readonly string[] = JSON.parse(contentOf('tooltips'));

/** Custom properties that stand for colours in the options, in the scheme of the moment. */
function coloured(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('var(--')) return value;
  const style = getComputedStyle(document.documentElement);
  return style.getPropertyValue(value.slice('var('.length, -1)).trim();
}

function draw() {
  const options: ECharts.EChartsOption[] = JSON.parse(contentOf('charts'), coloured);
  const page = getComputedStyle(document.body);
  options.forEach((option, i) => {
    const element = document.getElementById(`chart-${i}`)!;
    echarts.getInstanceByDom(element)?.dispose();
    const chart = echarts.init(element);
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: page.fontFamily },
      ...option,
      tooltip: {
        ...option.tooltip,
        confine: true,
        // Beside the chart, where no column cuts it.
        appendTo: document.body,
        formatter: (point: unknown) => {
          const { row } = (point as { data: { row?: number } }).data;
          return (row !== undefined && tooltips[row]) || '';
        },
        backgroundColor: coloured('', 'var(--surface)') as string,
        borderColor: coloured('', 'var(--line)') as string,
        textStyle: { color: page.color, fontSize: 12 },
        extraCssText: 'white-space: normal; max-width: min(340px, 90vw)',
      },
      aria: { enabled: true, label: { description: element.dataset.description! } },
    });
  });
}

/** Sorts by the column of the button that was pressed, downwards first where it holds numbers. */
function sortable(table: HTMLTableElement) {
  const body = table.tBodies[0]!;
  const headings = [...table.tHead!.rows[0]!.cells];
  const key = (row: HTMLTableRowElement, column: number) => {
    const cell = row.cells[column]!;
    return cell.dataset.value === undefined ? cell.textContent! : Number(cell.dataset.value);
  };
  headings.forEach((heading, column) => {
    heading.querySelector('button')!.addEventListener('click', () => {
      const was = heading.getAttribute('aria-sort');
      const first = heading.classList.contains('number') ? 'descending' : 'ascending';
      const other = first === 'ascending' ? 'descending' : 'ascending';
      const order = was === first ? other : first;
      for (const other of headings) other.removeAttribute('aria-sort');
      heading.setAttribute('aria-sort', order);
      const sign = order === 'ascending' ? 1 : -1;
      const sorted = [...body.rows].sort((a, b) => {
        const [x, y] = [key(a, column), key(b, column)];
        if (typeof x === 'number' && typeof y === 'number') {
          // NaN, which is no figure, comes last in either order.
          if (Number.isNaN(x) || Number.isNaN(y))
            return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
          return sign * (x - y);
        }
        return sign * String(x).localeCompare(String(y), 'en', { numeric: true });
      });
      body.append(...sorted);
    });
  });
}

/** Shapes are typed with the letter. */
const plain = (text: string) => text.toLowerCase().replaceAll('×', 'x');

/** Shows the rows that have every word of the filter. */
function filterable(table: HTMLTableElement, filter: HTMLInputElement, shown: HTMLElement) {
  const rows = [...table.tBodies[0]!.rows];
  const texts = rows.map(({ cells }) =>
    plain([...cells].map(({ textContent }) => textContent).join(' ')),
  );
  const apply = () => {
    const words = plain(filter.value).split(/\s+/).filter(Boolean);
    let count = 0;
    rows.forEach((row, i) => {
      row.hidden = !words.every((word) => texts[i]!.includes(word));
      if (!row.hidden) count++;
    });
    shown.textContent = `${count} of ${rows.length} rows`;
  };
  filter.addEventListener('input', apply);
  apply();
}

const table = document.getElementById('rows') as HTMLTableElement | null;
if (table) {
  sortable(table);
  const filter = document.getElementById('filter') as HTMLInputElement;
  filterable(table, filter, document.getElementById('shown')!);
}

draw();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
const observer = new ResizeObserver((entries) => {
  for (const { target } of entries) echarts.getInstanceByDom(target as HTMLElement)?.resize();
});
for (const element of document.querySelectorAll('.canvas')) observer.observe(element);

const download = document.getElementById('download') as HTMLAnchorElement;
download.href = URL.createObjectURL(new Blob([contentOf('results')], { type: 'application/json' }));
