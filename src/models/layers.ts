/** Layers: plain functions that declare their variables and apply ops to them. */

import { batchNormOfNetwork, type NormVariables } from '../graph/ops/batch_norm.ts';
import { add } from '../graph/ops/elementwise.ts';
import { matmul } from '../graph/ops/matmul.ts';
import type { Tensor } from '../graph/trace.ts';
import { heNormal, type Initial, ones, VariableSet, zeros } from '../graph/variables.ts';

/** The variables of a model: what is learned, and the running statistics of its norms. */
export interface ModelVariables {
  readonly parameters: VariableSet;
  readonly statistics: VariableSet;
}

/** Where layers declare their variables. */
export type Declarations = { readonly [Of in keyof ModelVariables]: Pick<VariableSet, 'add'> };

/** How a model is applied: training updates running statistics and drops values. */
export interface Mode {
  readonly training?: boolean;
}

/** A network: a function of tensors, and its variables. */
export interface Network extends ModelVariables {
  (x: Tensor, mode?: Mode): Tensor;
}

/** Empty sets for the variables of a model of this name. */
export const modelVariables = (name: string): ModelVariables => ({
  parameters: new VariableSet(name),
  statistics: new VariableSet(`${name}.statistics`),
});

/** x w + bias. Before a norm the bias is left out: the norm would subtract it again. */
export function dense(
  { parameters }: Declarations,
  name: string,
  [inputs, outputs]: readonly [number, number],
  { bias = true, initial = heNormal(inputs) }: { bias?: boolean; initial?: Initial } = {},
): (x: Tensor) => Tensor {
  const weight = parameters.add(`${name}.weight`, [inputs, outputs], initial, { decays: true });
  const shift = bias ? parameters.add(`${name}.bias`, [outputs], zeros) : undefined;
  return (x) => (shift ? add(matmul(x, weight), shift) : matmul(x, weight));
}

/** What a norm of this many channels learns, and its running statistics. */
export const normVariables = (
  { parameters, statistics }: Declarations,
  name: string,
  channels: number,
): NormVariables => ({
  scale: parameters.add(`${name}.scale`, [channels], ones),
  shift: parameters.add(`${name}.shift`, [channels], zeros),
  mean: statistics.add(`${name}.mean`, [channels], zeros),
  variance: statistics.add(`${name}.variance`, [channels], ones),
});

/** Batch norm over all axes but the last, with running statistics. */
export function batchNormLayer(
  model: Declarations,
  name: string,
  channels: number,
): (x: Tensor, mode: Mode) => Tensor {
  const variables = normVariables(model, name, channels);
  return (x, { training = false }) => batchNormOfNetwork(x, variables, { training });
}
