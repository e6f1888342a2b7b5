/** The adapter behind the device, what it can do, and how much of it. */

import type { Gpu } from 'kinegrad';
import { h } from '../../parts/dom.ts';
import { size } from '../../parts/size.ts';

export function adapterPanel(gpu: Gpu): HTMLElement {
  const { adapter, device, counts, subgroupSize } = gpu;
  const { info } = { info: device.adapterInfo };
  const rows: [string, string][] = [
    ['Name', adapter.name || 'not told by this browser'],
    ['Vendor', [info.vendor, info.architecture].filter(Boolean).join(', ') || '–'],
    ['Driver', adapter.driver || '–'],
    ['Kernels are tuned for', adapter.kind],
    ['Chosen because', adapter.why],
    ['Lanes of a subgroup', subgroupSize ? String(subgroupSize) : 'they vary, or there are none'],
    ['Memory in use by this page', `${size(counts.bytes)} in ${counts.buffers} buffers so far`],
    ['Pipelines', String(counts.pipelines)],
    ['Submits', counts.submits.toLocaleString('en-US')],
  ];
  // What the device was opened with is what programs can use.
  const limits = Object.entries(adapter.limits).map(([name, offered]) => {
    const opened = device.limits[name as keyof GPUSupportedLimits];
    return { name, offered, opened: typeof opened === 'number' ? opened : offered };
  });
  return h(
    'section',
    { class: 'panel adapter-panel' },
    h('header', {}, h('h2', {}, 'The adapter')),
    h(
      'div',
      { class: 'adapter-body' },
      h(
        'table',
        { class: 'table' },
        h('tbody', {}, ...rows.map(([name, value]) => row(name, value))),
      ),
      h(
        'div',
        {},
        h('h3', {}, 'Features'),
        h(
          'ul',
          { class: 'features small' },
          ...adapter.features.map((name) => {
            const used = device.features.has(name);
            return h('li', { class: used && 'used' }, used ? `✓ ${name}` : name);
          }),
        ),
        h('p', { class: 'muted small' }, 'Those with a tick are switched on.'),
      ),
    ),
    h(
      'details',
      { class: 'limits' },
      h('summary', {}, `${limits.length} limits`),
      h(
        'div',
        { class: 'limits-table' },
        h(
          'table',
          { class: 'table' },
          h(
            'thead',
            {},
            h(
              'tr',
              {},
              h('th', { scope: 'col' }, 'Limit'),
              h('th', { scope: 'col' }, 'of the adapter'),
              h('th', { scope: 'col' }, 'asked for'),
            ),
          ),
          h(
            'tbody',
            {},
            ...limits.map(({ name, offered, opened }) =>
              h(
                'tr',
                {},
                h('th', { scope: 'row' }, name),
                h('td', {}, amount(name, offered)),
                h('td', {}, amount(name, opened)),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

const row = (name: string, value: string) =>
  h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, value));

const amount = (name: string, value: number) =>
  /Size$/.test(name) && !/Workgroup(Size|Invocations)/.test(name.replace('StorageSize', ''))
    ? size(value)
    : value.toLocaleString('en-US');
