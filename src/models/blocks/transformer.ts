/**
 * Blocks of transformers over tokens [n, tokens, width]: multi-head attention (Vaswani et al. 2017),
 * the pre-norm encoder block of vision transformers (Dosovitskiy et al. 2021), and the fusion of two
 * kinds of tokens by cross-attention. GELU is the erf form and norms have epsilon 1e-6, as in the
 * published weights.
 *
 * Queries, keys and values have a matrix each: cut out of the result of one, every part would be
 * copied, and its gradient padded.
 */

import { attention } from '../../graph/ops/attention.ts';
import { add, gelu } from '../../graph/ops/elementwise.ts';
import { layerNorm } from '../../graph/ops/layer_norm.ts';
import { reshape, transpose } from '../../graph/ops/layout.ts';
import type { Tensor } from '../../graph/trace.ts';
import { glorotUniform, ones, zeros } from '../../graph/variables.ts';
import { dense, type ModelVariables } from '../layers.ts';

/** Sizes of a block. */
export interface BlockSizes {
  /** Features of a token. */
  readonly width: number;
  /** Attentions side by side, each over width / heads features. */
  readonly heads: number;
  /** The hidden layer after the attention is this many times as wide; 4. */
  readonly expansion?: number;
}

const EPSILON = 1e-6;

/** A dense layer whose initial weights keep the variance, as there is no ReLU after it. */
export const linearLayer = (
  variables: ModelVariables,
  name: string,
  inputs: number,
  outputs: number,
): ((x: Tensor) => Tensor) =>
  dense(variables, name, [inputs, outputs], { initial: glorotUniform(inputs, outputs) });

/** Layer norm along the last axis. */
export function layerNormLayer(
  { parameters }: ModelVariables,
  name: string,
  width: number,
): (x: Tensor) => Tensor {
  const scale = parameters.add(`${name}.scale`, [width], ones);
  const shift = parameters.add(`${name}.shift`, [width], zeros);
  return (x) => layerNorm(x, scale, shift, { epsilon: EPSILON });
}

/** Attention of tokens to themselves, or to those of `context` [n, other tokens, width]. */
export interface AttentionLayer {
  (x: Tensor, context?: Tensor): Tensor;
  /** What its heads ask and what they are answered by, [n, heads, tokens, width / heads] both. */
  readonly queries: (x: Tensor) => Tensor;
  readonly keys: (context: Tensor) => Tensor;
}

/**
 * Multi-head attention with biases: each head mixes the values of its part of the features, and a
 * dense layer mixes the heads.
 * @throws where the heads do not divide the width
 */
export function attentionLayer(
  variables: ModelVariables,
  name: string,
  { width, heads }: BlockSizes,
): AttentionLayer {
  if (!Number.isInteger(heads) || heads < 1 || width % heads !== 0)
    throw new Error(
      `${name}: ${heads} heads do not divide ${width} features. Give a number that divides them`,
    );
  const layer = (part: string) => linearLayer(variables, `${name}.${part}`, width, width);
  /** Tokens as they are to a head, which sees its features alone. */
  const apart = (part: string) => {
    const project = layer(part);
    return (x: Tensor) => {
      const [batch, tokens] = x.shape as [number, number];
      return transpose(reshape(project(x), [batch, tokens, heads, width / heads]), [0, 2, 1, 3]);
    };
  };
  const [queries, keys, values] = [apart('query'), apart('key'), apart('value')] as const;
  const output = layer('output');
  const attend = (x: Tensor, context = x): Tensor => {
    const mixed = attention(queries(x), keys(context), values(context));
    return output(reshape(transpose(mixed, [0, 2, 1, 3]), x.shape));
  };
  return Object.assign(attend, { queries, keys });
}

/** Two dense layers with a GELU between them: each token by itself. */
export function feedForward(
  variables: ModelVariables,
  name: string,
  { width, expansion = 4 }: BlockSizes,
): (x: Tensor) => Tensor {
  const expand = linearLayer(variables, `${name}.expand`, width, expansion * width);
  const shrink = linearLayer(variables, `${name}.shrink`, expansion * width, width);
  return (x) => shrink(gelu(expand(x)));
}

/** y = x + attention(norm(x)), z = y + mlp(norm(y)). */
export function encoderBlock(
  variables: ModelVariables,
  name: string,
  sizes: BlockSizes,
): (x: Tensor) => Tensor {
  const norm1 = layerNormLayer(variables, `${name}.norm1`, sizes.width);
  const attend = attentionLayer(variables, `${name}.attention`, sizes);
  const norm2 = layerNormLayer(variables, `${name}.norm2`, sizes.width);
  const mlp = feedForward(variables, `${name}.mlp`, sizes);
  return (x) => {
    const y = add(attend(norm1(x)), x);
    return add(mlp(norm2(y)), y);
  };
}

/** Two kinds of tokens, by name. */
export type Pair<A extends string, B extends string> = Readonly<Record<A | B, Tensor>>;

/** Tokens of two kinds that look at each other; see {@link fusionBlock}. */
export interface FusionBlock<A extends string, B extends string> {
  (x: Pair<A, B>): Pair<A, B>;
  /** Queries and keys of the attention by which tokens of a kind look at those of the other. */
  readonly looks: (x: Pair<A, B>) => Readonly<Record<A | B, { queries: Tensor; keys: Tensor }>>;
}

/**
 * Cross-modal fusion (Calda et al.): two cross-attentions that mirror each other, each of which sees
 * the tokens as they came, and an MLP for either kind:
 *
 *   a' = a + attention(norm(a), norm(b)),   a'' = a' + mlp(norm(a')),   and b likewise.
 */
export function fusionBlock<const A extends string, const B extends string>(
  variables: ModelVariables,
  name: string,
  kinds: readonly [A, B],
  sizes: BlockSizes,
): FusionBlock<A, B> {
  const part = (kind: string) => ({
    norm1: layerNormLayer(variables, `${name}.${kind}.norm1`, sizes.width),
    attend: attentionLayer(variables, `${name}.${kind}.attention`, sizes),
    norm2: layerNormLayer(variables, `${name}.${kind}.norm2`, sizes.width),
    mlp: feedForward(variables, `${name}.${kind}.mlp`, sizes),
  });
  const [first, second] = [part(kinds[0]), part(kinds[1])];
  const pair = <T>(a: T, b: T) => ({ [kinds[0]]: a, [kinds[1]]: b }) as Record<A | B, T>;

  const block = (x: Pair<A, B>): Pair<A, B> => {
    const [a, b] = [x[kinds[0]], x[kinds[1]]];
    const [normedA, normedB] = [first.norm1(a), second.norm1(b)];
    const seenA = add(first.attend(normedA, normedB), a);
    const seenB = add(second.attend(normedB, normedA), b);
    return pair(
      add(first.mlp(first.norm2(seenA)), seenA),
      add(second.mlp(second.norm2(seenB)), seenB),
    );
  };
  const looks = (x: Pair<A, B>) => {
    const [a, b] = [first.norm1(x[kinds[0]]), second.norm1(x[kinds[1]])];
    return pair(
      { queries: first.attend.queries(a), keys: first.attend.keys(b) },
      { queries: second.attend.queries(b), keys: second.attend.keys(a) },
    );
  };
  return Object.assign(block, { looks });
}
