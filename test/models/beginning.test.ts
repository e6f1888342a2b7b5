/** Which variables of a network begin with the values of a file. */

import { expect, test } from 'vitest';
import { beginningOf, describeBeginning } from '../../src/models/beginning.ts';
import { cnn } from '../../src/models/cnn.ts';
import type { Weights } from '../../src/models/weights.ts';

const network = cnn({ size: 64, width: 0.1 });
const weights = (tensors: Readonly<Record<string, readonly number[]>>): Weights => {
  const shapes = new Map(Object.entries(tensors));
  const filled = (shape: readonly number[]) =>
    new Float32Array(shape.reduce((a, b) => a * b)).fill(7);
  const values = new Map([...shapes].map(([name, shape]) => [name, filled(shape)]));
  return { architecture: 'cnn', options: {}, values, shapes };
};

test('those that it has; the others as in a new network of the same seed', async () => {
  const begun = await beginningOf(network, weights({ 'head3.bias': [51] }), 3);
  const anew = await beginningOf(network, weights({}), 3);
  const [values, fresh] = [begun.get(network.parameters)!, anew.get(network.parameters)!];
  expect(values.size).toBe(network.parameters.variables.length);
  expect([...values.get('head3.bias')!]).toEqual(Array(51).fill(7));
  expect(values.get('head1.weight')).toEqual(fresh.get('head1.weight'));
  const other = (await beginningOf(network, weights({}), 4)).get(network.parameters)!;
  expect(values.get('head1.weight')).not.toEqual(other.get('head1.weight'));
  expect(begun.get(network.statistics)).toEqual(anew.get(network.statistics));
  expect(describeBeginning(network, weights({ 'head3.bias': [51] }))).toMatch(
    /^51 of [\d,]+ param/,
  );
});

test('all that does not fit is told at once', async () => {
  const strange = weights({ 'head3.bias': [48], 'head9.bias': [3], 'head2.bias': [52] });
  const told = await beginningOf(network, strange, 1).catch(({ message }) => message);
  expect(told).toMatch(
    /cnn can't begin .*head3\.bias is \[51\], in the file \[48\]; there is no head9\.bias/,
  );
  expect(told).not.toMatch(/head2\.bias/);
});
