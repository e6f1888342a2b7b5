/**
 * The transformer lifter of Calda et al.: a vision transformer (Dosovitskiy et al. 2021,
 * vit_base_patch16_384) looks at the picture and its depth, and its tokens are fused with those of
 * the joints' heatmaps. The full network:
 *
 *   image    4 x 384 x 384, patches of 16: 576 tokens of 768 and the class token, with learned
 *            positions; 12 encoder blocks of 12 heads; norm
 *   maps     17 Gaussians on 64 x 64, sigma 2, patches of 4: 256 tokens by a matrix 272 -> 768, with
 *            learned positions
 *   fusion   2 blocks of two cross-attentions, image tokens to map tokens and back
 *   encoder  both one after another, 833 tokens; 4 encoder blocks of 16 heads; norm
 *   head     the mean token; with the points 768 + 108 -> 512 -> 256 -> 51
 *
 * The paper leaves the axis of the concatenation, the embedding of the depth and the pooling open.
 * Depth is a fourth channel of the patches, so that published weights of three extend to it, and
 * their mean is pooled: from the first step a gradient reaches all tokens, those of the heatmaps,
 * too, which no published weights have taught where to look.
 */

import { checkpoint } from '../graph/checkpoint.ts';
import { add, gelu, mul } from '../graph/ops/elementwise.ts';
import { gaussianHeatmaps } from '../graph/ops/heatmap.ts';
import { broadcastTo, concat, reshape, slice } from '../graph/ops/layout.ts';
import { matmul } from '../graph/ops/matmul.ts';
import { mean } from '../graph/ops/reduce.ts';
import { softmax } from '../graph/ops/softmax.ts';
import type { Tensor } from '../graph/trace.ts';
import { normal, uniformFan } from '../graph/variables.ts';
import { JOINT_COUNT } from '../pose/skeleton.ts';
import { checkGuess, firstGuess, GUESS_NUMBERS } from './blocks/first_guess.ts';
import { SMALL } from './blocks/joint_branch.ts';
import { patchLayer } from './blocks/patches.ts';
import {
  encoderBlock,
  type FusionBlock,
  fusionBlock,
  layerNormLayer,
  linearLayer,
  type Pair,
} from './blocks/transformer.ts';
import { dense, type Mode, modelVariables } from './layers.ts';
import type { Insides, RootPlace, TwoStageNetwork, ViewInputs } from './two_stage.ts';
import {
  checkViews,
  PICTURE_CHANNELS,
  POINT_SIZE,
  posesOf,
  type ViewFeatures,
  viewFeatures,
} from './view_features.ts';

export interface VitOptions {
  /** Pixels along each side of a view, a multiple of the patch; 384. */
  size?: number;
  /** Pixels along each side of a patch; 16. */
  patch?: number;
  /** Features of a token; 768. */
  width?: number;
  /** Encoder blocks that see the image alone; 12. */
  depth?: number;
  /** Heads of these and of the fusion; 12. */
  heads?: number;
  /** Pixels along each side of the heatmaps, whose sigma is a 32nd of it; 64. */
  mapSize?: number;
  /** Pixels along each side of a patch of the heatmaps; 4. */
  mapPatch?: number;
  /** Fusion blocks; 2. */
  fusion?: number;
  /** Encoder blocks that see both; 4. */
  encoder?: number;
  /** Heads of these; 16. */
  encoderHeads?: number;
  /** What the head reads: the mean of all tokens, or the class token; mean. */
  pool?: 'mean' | 'class';
  /** Probability that a sample of a training batch has no picture; 0.1. */
  imageDropout?: number;
  /** Probability that a sample of a training batch has no depth; 0.25. */
  depthDropout?: number;
  /**
   * Whether the head reads lens, distance and joints as numbers beside the features, and corrects the
   * joints as they lie on the depth around them; true. Ours, not the paper's: a crop loses the lens.
   */
  points?: boolean;
  /**
   * Features of the hidden layers of a residual lifter that guesses the pose from joints alone, or 0 for
   * none; 0. As in `CnnOptions`.
   */
  guess?: number;
  /** `relative`, the root is 0, or `absolute`, all joints are in the view's frame; relative. */
  root?: RootPlace;
}

/** Tokens of the picture, the class token first, and of the heatmaps. */
type Streams = Pair<'image', 'maps'>;

/** The network, and its parts for a look inside. */
export interface VitNetwork extends TwoStageNetwork {
  /** Tokens [n, 1 + patches, width] of a picture [n, S, S, 4], with its depth; see `viewFeatures`. */
  readonly look: (picture: Tensor) => Tensor;
  /** The tokens that enter the first fusion block. */
  readonly streams: (inputs: ViewInputs, mode?: Mode) => Streams;
  readonly fusion: readonly FusionBlock<'image', 'maps'>[];
}

/** Standard deviation of initial positions and of the class token. */
const POSITION = 0.02;
/** Heatmaps are this many standard deviations of their Gaussians wide: 64 pixels for 2. */
const SIGMAS = 32;

function build({
  size = 384,
  patch = 16,
  width = 768,
  depth = 12,
  heads = 12,
  mapSize = 64,
  mapPatch = 4,
  fusion: fusions = 2,
  encoder: encoders = 4,
  encoderHeads = 16,
  pool = 'mean',
  imageDropout = 0.1,
  depthDropout = 0.25,
  points = true,
  guess: guessWidth = 0,
  root = 'relative',
}: VitOptions = {}): VitNetwork {
  checkGuess('vit', guessWidth, points);
  check({ size, patch, mapSize, mapPatch, width, depth, fusion: fusions, encoder: encoders });
  const model = modelVariables('vit');
  const [imageTokens, mapTokens] = [(size / patch) ** 2, (mapSize / mapPatch) ** 2];
  const embed = (name: string, shape: readonly number[]) =>
    model.parameters.add(name, shape, normal(POSITION));

  const imagePatches = { patch, channels: PICTURE_CHANNELS, width };
  const seeImage = patchLayer(model, 'image.patches', imagePatches);
  const classToken = embed('image.class', [1, 1, width]);
  const imagePlaces = embed('image.positions', [1 + imageTokens, width]);
  const blocks = several(depth, (i) => encoderBlock(model, `image.block${i}`, { width, heads }));
  const imageNorm = layerNormLayer(model, 'image.norm', width);

  const mapPatches = { patch: mapPatch, channels: JOINT_COUNT, width };
  const seeMaps = patchLayer(model, 'maps.patches', mapPatches);
  const mapPlaces = embed('maps.positions', [mapTokens, width]);

  const kinds = ['image', 'maps'] as const;
  const fusion = several(fusions, (i) => fusionBlock(model, `fusion${i}`, kinds, { width, heads }));
  const sizes = { width, heads: encoderHeads };
  const encoder = several(encoders, (i) => encoderBlock(model, `encoder.block${i}`, sizes));
  const encoderNorm = layerNormLayer(model, 'encoder.norm', width);

  const hidden = [Math.round((2 * width) / 3), Math.round(width / 3)] as const;
  const guessOf = guessWidth ? firstGuess(model, guessWidth) : undefined;
  const ofPoints = POINT_SIZE + (guessOf ? JOINT_COUNT * GUESS_NUMBERS : 0);
  const head1 = linearLayer(model, 'head1', width + (points ? ofPoints : 0), hidden[0]);
  const head2 = linearLayer(model, 'head2', ...hidden);
  const head3 = dense(model, 'head3', [hidden[1], 3 * JOINT_COUNT], {
    initial: uniformFan(hidden[1], points ? SMALL : 1),
  });

  const featuresOf = (inputs: ViewInputs, { training = false }: Mode): ViewFeatures => {
    checkViews('vit', inputs, size);
    return viewFeatures(inputs, { training, imageDropout, depthDropout });
  };
  const look = (picture: Tensor): Tensor => {
    const first = broadcastTo(classToken, [picture.shape[0]!, 1, width]);
    const patches = add(concat([first, seeImage(picture)], 1), imagePlaces);
    return imageNorm(blocks.reduce((x, block) => checkpoint(block)(x), patches));
  };
  const mapsOf = ({ joints }: ViewInputs): Tensor => {
    const places = mul(joints, mapSize / size);
    return gaussianHeatmaps(places, [mapSize, mapSize], { sigma: mapSize / SIGMAS });
  };
  const tokensOf = ({ picture }: ViewFeatures, inputs: ViewInputs): Streams => ({
    image: look(picture),
    maps: add(seeMaps(mapsOf(inputs)), mapPlaces),
  });
  const fused = (x: Streams): Streams => fusion.reduce((x, block) => checkpoint(block)(x), x);
  const encoded = ({ image, maps }: Streams): Tensor =>
    encoder.reduce((x, block) => checkpoint(block)(x), concat([image, maps], 1));
  const network = (inputs: ViewInputs, mode: Mode = {}): Tensor => {
    const seen = featuresOf(inputs, mode);
    const tokens = encoded(fused(tokensOf(seen, inputs)));
    const pooled = pool === 'mean' ? mean(encoderNorm(tokens), 1) : encoderNorm(firstOf(tokens));
    const guess = guessOf?.(inputs, seen, size);
    const ofGuess = guess ? [reshape(guess.guessed, [pooled.shape[0]!, -1])] : [];
    const read = points ? concat([pooled, seen.points, ...ofGuess], 1) : pooled;
    const { distance, lifted } = seen;
    const numbers = head3(gelu(head2(gelu(head1(read)))));
    return posesOf(numbers, { distance, ...(points && { lifted }), ...guess }, root);
  };
  const streams = (inputs: ViewInputs, mode: Mode = {}) =>
    tokensOf(featuresOf(inputs, mode), inputs);
  const inside = (inputs: ViewInputs): Insides => {
    const seen = featuresOf(inputs, {});
    const before = tokensOf(seen, inputs);
    const after = fused(before);
    const tokens = encoded(after);
    const ofImage = { first: 1, side: size / patch };
    const ofMaps = { first: 0, side: mapSize / mapPatch };
    return {
      picture: seen.picture,
      maps: mapsOf(inputs),
      stages: {
        'image tokens': gridOf(before.image, ofImage),
        'map tokens': gridOf(before.maps, ofMaps),
        'image tokens, fused': gridOf(after.image, ofImage),
        'map tokens, fused': gridOf(after.maps, ofMaps),
        'image tokens, encoded': gridOf(tokens, ofImage),
        'map tokens, encoded': gridOf(tokens, { ...ofMaps, first: 1 + imageTokens }),
      },
    };
  };
  return Object.assign(network, { ...model, look, streams, fusion, inside, seesColours: true });
}

/** Tokens [n, tokens, width] from the first on as a square [n, side, side, width]. */
function gridOf(tokens: Tensor, { first, side }: { first: number; side: number }): Tensor {
  const [n, , width] = tokens.shape as [number, number, number];
  return reshape(slice(tokens, [0, first, 0], [n, side * side, width]), [n, side, side, width]);
}

/** The first of the tokens [n, tokens, width]: [n, width]. */
function firstOf(tokens: Tensor): Tensor {
  const [n, , width] = tokens.shape as [number, number, number];
  return reshape(slice(tokens, [0, 0, 0], [n, 1, width]), [n, width]);
}

const several = <T>(count: number, make: (number: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i + 1));

/**
 * The lifter as a function of views, which gives poses; see {@link VitOptions} for smaller members of
 * the family.
 */
export const vit = /* @__PURE__ */ Object.assign(build, { architecture: 'vit' });

/**
 * How the tokens of either kind look at the other in a fusion block, the first by default: for each
 * head and token, shares that add up to 1. Of map tokens over those of the image [n, heads, map
 * tokens, 1 + image tokens], the class token first, and of image tokens over those of the maps. A
 * token stands for a patch; they go row by row.
 * @throws where the network has no such block
 */
export function attentionMaps(
  { fusion, streams }: VitNetwork,
  inputs: ViewInputs,
  { block = 1 }: { block?: number } = {},
): Streams {
  const chosen = fusion[block - 1];
  if (!chosen)
    throw new Error(
      `attentionMaps: there is no fusion block ${block}; this network has ${fusion.length}. Count from 1`,
    );
  const before = fusion.slice(0, block - 1).reduce((x, each) => each(x), streams(inputs));
  const looks = chosen.looks(before);
  const shares = ({ queries, keys }: { queries: Tensor; keys: Tensor }) =>
    softmax(mul(matmul(queries, keys, { transposeB: true }), queries.shape[3]! ** -0.5));
  return { image: shares(looks.image), maps: shares(looks.maps) };
}

type Sizes = Readonly<
  Record<
    'size' | 'patch' | 'mapSize' | 'mapPatch' | 'width' | 'depth' | 'fusion' | 'encoder',
    number
  >
>;

function check({ size, patch, mapSize, mapPatch, ...others }: Sizes): void {
  const sides = [
    ['size', size, 'patch', patch],
    ['mapSize', mapSize, 'mapPatch', mapPatch],
  ] as const;
  for (const [name, pixels, part, side] of sides)
    if (!(Number.isInteger(side) && side > 0 && pixels > 0 && pixels % side === 0))
      throw new Error(
        `vit: ${name} ${pixels} must be a multiple of ${part} ${side}, since patches cover it whole. Give ${nearest(pixels, side)}, say`,
      );
  const { width, ...counts } = others;
  if (!(Number.isInteger(width) && width > 0))
    throw new Error(`vit: width ${width} must be a whole number above 0. ViT-Base has 768`);
  for (const [name, count] of Object.entries(counts))
    if (!(Number.isInteger(count) && count >= 0))
      throw new Error(`vit: ${name} ${count} must be a whole number of blocks`);
}

/** The multiple of a whole number that is next to some pixels. */
const nearest = (pixels: number, side: number): string =>
  Number.isInteger(side) && side > 0
    ? `${Math.max(side, side * Math.round(pixels / side) || side)}`
    : 'a whole number above 0 for the patch';
