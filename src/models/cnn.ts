/**
 * The convolutional lifter of Calda et al.: views of S x S pixels as 21 channels (colours, depth, 17
 * heatmaps of joints) to a pose. The paper gives the order of the blocks and leaves their sizes
 * open; these are ours, at width 1:
 *
 *   stem     3x3, 21 -> 32, stride 2; 3x3, 32 -> 48, stride 2
 *   stage 0  3 inverted residual blocks, -> 64, the first of stride 2
 *   stage 1  4 inverted residual blocks, -> 128, the first of stride 2
 *   stage 2  dual path, inverted residual, dual path, inverted residual, dual path; 256 channels of
 *            the residual path and 48 of the dense one; the first of stride 2
 *   wasp     -> 256, dilations by the size of the map
 *   last     1x1, -> 128
 *   joints   of each joint stages 0 and 1 around it, a patch of depth and its numbers: 220 -> 96 -> 96
 *            -> 16 features, and a correction of its place
 *   head     adaptive mean over 4 x 4 fields, points, and the features of joints:
 *            2048 + 108 + 272 -> 2048 -> 512 -> 51
 *
 * Of 500 pixels along a side 16 remain, of 128 four. Convolutions are followed by batch norm and
 * SiLU (ReLU in dual paths and the waterfall). At width 1 it has
 * 11,253,818 parameters with points, for views of 97 pixels or more along each side.
 */

import { checkpoint } from '../graph/checkpoint.ts';
import { conv2d } from '../graph/ops/conv.ts';
import { add, dropout, mul, silu } from '../graph/ops/elementwise.ts';
import { broadcastTo, concat, reshape, slice } from '../graph/ops/layout.ts';
import { matmul } from '../graph/ops/matmul.ts';
import { constant, type Tensor } from '../graph/trace.ts';
import { heNormal, uniformFan, zerosFirst } from '../graph/variables.ts';
import { JOINT_COUNT } from '../pose/skeleton.ts';
import { convNorm, type ImageLayer, normed } from './blocks/conv_norm.ts';
import { dualPath, dualPathChannels } from './blocks/dual_path.ts';
import { checkGuess, firstGuess, GUESS_NUMBERS } from './blocks/first_guess.ts';
import { invertedResidual } from './blocks/inverted_residual.ts';
import { aroundJoints, jointBranch, SMALL } from './blocks/joint_branch.ts';
import { convolveMaps } from './blocks/map_conv.ts';
import { wasp, waspDilations } from './blocks/wasp.ts';
import { dense, type Mode, type ModelVariables, modelVariables } from './layers.ts';
import type { RootPlace, TwoStageNetwork, ViewInputs } from './two_stage.ts';
import {
  checkViews,
  GLOBAL_NUMBERS,
  JOINT_NUMBERS,
  jointMaps,
  PATCH_SIZE,
  PICTURE_CHANNELS,
  POINT_SIZE,
  posesOf,
  type ViewFeatures,
  viewFeatures,
} from './view_features.ts';

export interface CnnOptions {
  /** Pixels along each side of a view; 500, and 64 at least. */
  size?: number;
  /**
   * Factor of the channels of all layers, which are rounded to multiples of 4, and of 16 at least;
   * 1.
   */
  width?: number;
  /** Probability that a value in the head is dropped in training; 0.3. */
  dropout?: number;
  /** Probability that a sample of a training batch has no picture; 0.1. */
  imageDropout?: number;
  /** Probability that a sample of a training batch has no depth; 0.25. */
  depthDropout?: number;
  /**
   * Whether the head reads lens, distance and joints as numbers beside the features, joints have a branch
   * of their own, and both correct the joints as they lie on the depth around them; true. Ours, not the
   * paper's: a crop loses the lens, and a small map the joints.
   */
  points?: boolean;
  /**
   * Whether the network looks at pictures by convolutions; true. Without them it lifts points alone: what
   * is known of joints in numbers, depth around them included. That is quickly trained on many people, and
   * the whole network may begin from it, since its variables are some of the whole one's.
   */
  convolutions?: boolean;
  /**
   * Features of the hidden layers of a residual lifter that guesses the pose from joints alone, or 0 for
   * none; 0. It takes points. The guess has learned before, see `beginningOf`, and learns no more; where
   * there is no depth the network corrects it instead of the joints on the depth, by a share that it learns.
   */
  guess?: number;
  /** `relative`, the root is 0, or `absolute`, all joints are in the view's frame; relative. */
  root?: RootPlace;
}

/** Fewer channels of a convolution take no less time. */
const LEAST_CHANNELS = 16;
const STRIDES = 5;
const LEAST_SIZE = 2 ** (STRIDES + 1);
/** Fields along each side that the head reads. */
const FIELDS = 4;
/** Features inside of the branch of the joints, and those of a joint that the head reads. */
const BRANCH = { hidden: 96, features: 16 };

function build({
  size = 500,
  width = 1,
  dropout: rate = 0.3,
  imageDropout = 0.1,
  depthDropout = 0.25,
  points = true,
  convolutions = true,
  guess: guessWidth = 0,
  root = 'relative',
}: CnnOptions = {}): TwoStageNetwork {
  check({ size, width, points, convolutions });
  checkGuess('cnn', guessWidth, points);
  const model = modelVariables('cnn');
  const scaled = (channels: number) => Math.max(4, 4 * Math.round((width * channels) / 4));
  const wide = (channels: number) => Math.max(LEAST_CHANNELS, scaled(channels));
  const silus = { activation: 'silu', kernel: 3, stride: 2 } as const;

  const stem = convolutions ? stemLayer(model, 'stem1', wide(32)) : undefined;
  const layers: ImageLayer[] = [];
  /** Layers before the end of each stage. */
  const ends: Record<string, number> = {};
  if (stem) addLayers();
  function addLayers() {
    layers.push(convNorm(model, 'stem2', [wide(32), wide(48)], silus));
    ends.stem = layers.length;
    let channels = wide(48);
    const inverted = (name: string, to: number, stride = 1) => {
      layers.push(invertedResidual(model, name, [channels, to], { stride }));
      channels = to;
    };
    for (let i = 1; i <= 3; i++) inverted(`stage0.block${i}`, wide(64), i === 1 ? 2 : 1);
    ends.stage0 = layers.length;
    for (let i = 1; i <= 4; i++) inverted(`stage1.block${i}`, wide(128), i === 1 ? 2 : 1);
    ends.stage1 = layers.length;
    const paths = { ...pathsOf(width, scaled), residual: wide(256) };
    for (let i = 1; i <= 5; i++) {
      if (i % 2 === 0) inverted(`stage2.block${i}`, paths.residual);
      else {
        const block = { ...paths, stride: i === 1 ? 2 : 1 };
        layers.push(dualPath(model, `stage2.block${i}`, channels, block));
        channels = dualPathChannels(block);
      }
    }
    ends.stage2 = layers.length;
    const around = { dilations: waspDilations(mapSide(size)) };
    layers.push(wasp(model, 'wasp', [channels, wide(256)], around));
    ends.wasp = layers.length;
    layers.push(convNorm(model, 'last', [wide(256), wide(128)], { activation: 'silu' }));
    ends.last = layers.length;
  }

  const seenOfJoint = wide(64) + wide(128);
  const guessOf = guessWidth ? firstGuess(model, guessWidth) : undefined;
  const guesses = guessOf ? GUESS_NUMBERS : 0;
  const ofJoint = seenOfJoint + JOINT_NUMBERS + PATCH_SIZE + GLOBAL_NUMBERS + guesses;
  const reader = { ...BRANCH, blind: convolutions ? 0 : seenOfJoint };
  const branch = points ? jointBranch(model, 'joints', ofJoint, reader) : undefined;
  const seenOfAll = FIELDS * FIELDS * wide(128);
  const ofPoints = POINT_SIZE + JOINT_COUNT * (BRANCH.features + guesses);
  const features = seenOfAll + (points ? ofPoints : 0);
  const hidden = [scaled(2048), scaled(512)] as const;
  // What reads no convolutions yet begins at 0: a whole network that begins from points alone gives the
  // same poses at first.
  const blind = convolutions ? 0 : seenOfAll * hidden[0];
  const head1 = dense(model, 'head1', [features, hidden[0]], {
    initial: zerosFirst(blind, heNormal(features)),
  });
  const head2 = dense(model, 'head2', hidden);
  const head3 = dense(model, 'head3', [hidden[1], 3 * JOINT_COUNT], {
    initial: uniformFan(hidden[1], points ? SMALL : 1),
  });

  const featuresOf = (inputs: ViewInputs, { training = false }: Mode): ViewFeatures => {
    checkViews('cnn', inputs, size);
    return checkpoint(viewFeatures)(inputs, { training, imageDropout, depthDropout });
  };
  /** After the first convolution and after each layer. */
  const mapsOf = (seen: ViewFeatures, mode: Mode): Tensor[] => {
    const maps = stem ? [checkpoint(stem)(seen, mode)] : [];
    for (const layer of layers) maps.push(checkpoint(layer)(maps.at(-1)!, mode));
    return maps;
  };
  const network = (inputs: ViewInputs, mode: Mode = {}): Tensor => {
    const { training = false } = mode;
    const n = inputs.image.shape[0]!;
    const seen = featuresOf(inputs, mode);
    const maps = mapsOf(seen, mode);
    const pooled = stem ? reshape(meanFields(maps.at(-1)!), [n, -1]) : zeros([n, seenOfAll]);
    const drop = (t: Tensor) => (training ? dropout(t, rate) : t);
    const around = stem
      ? [ends.stage0, ends.stage1].map((end) => aroundJoints(maps[end!]!, inputs.joints, size))
      : [zeros([n, JOINT_COUNT, seenOfJoint])];
    const guess = guessOf?.(inputs, seen, size);
    const ofGuess = guess ? [guess.guessed] : [];
    const looked = branch?.([...around, seen.ofJoints, seen.patches, seen.ofAll, ...ofGuess]);
    const flat = ofGuess.map((t) => reshape(t, [n, -1]));
    const read = looked ? concat([pooled, seen.points, looked.features, ...flat], 1) : pooled;
    const whole = head3(drop(silu(head2(drop(silu(head1(read)))))));
    const numbers = looked ? add(whole, looked.corrections) : whole;
    const { distance, lifted } = seen;
    return posesOf(numbers, { distance, ...(points && { lifted }), ...guess }, root);
  };
  const inside = (inputs: ViewInputs) => {
    const seen = featuresOf(inputs, {});
    const maps = mapsOf(seen, {});
    const stages = Object.entries(ends).map(([name, end]) => [name, maps[end]!] as const);
    const { picture } = seen;
    return { picture, maps: jointMaps(inputs.joints, size), stages: Object.fromEntries(stages) };
  };
  return Object.assign(network, { ...model, inside, seesColours: convolutions });
}

/** Pixels along a side of the map that the strides leave. */
const mapSide = (size: number): number =>
  Array.from({ length: STRIDES }).reduce<number>((n) => Math.ceil(n / 2), size);

/** Sizes of dual paths: groups of three channels, of which there are a multiple of four. */
function pathsOf(width: number, scaled: (channels: number) => number) {
  const groups = Math.max(4, 4 * Math.round((32 * width) / 4));
  return { increment: scaled(16), inner: 3 * groups, groups };
}

/** The first convolution, of 21 channels: of the picture and, added to that, of the maps of joints. */
function stemLayer(model: ModelVariables, name: string, cout: number) {
  const joined = PICTURE_CHANNELS + JOINT_COUNT;
  const w = model.parameters.add(`${name}.weight`, [3, 3, joined, cout], heNormal(9 * joined), {
    decays: true,
  });
  const sum = ({ picture, lines }: ViewFeatures, factor?: Tensor) => {
    const scaled = factor ? mul(w, factor) : w;
    const first = slice(scaled, [0, 0, 0, 0], [3, 3, PICTURE_CHANNELS, cout]);
    const rest = slice(scaled, [0, 0, PICTURE_CHANNELS, 0], [3, 3, JOINT_COUNT, cout]);
    return add(conv2d(picture, first, { stride: 2, padding: 1 }), convolveMaps(lines, rest));
  };
  return normed(model, name, cout, 'silu', sum);
}

const zeros = (shape: readonly number[]): Tensor => broadcastTo(constant([0], [1]), shape);

/**
 * Means over 4 x 4 rectangles that cover a map [n, h, w, c], each from floor(i size / 4) to
 * ceil((i + 1) size / 4), as PyTorch's adaptive pooling: [n, 16, c]. On a smaller map they share pixels, so
 * that members for views of all sizes have the same variables.
 */
function meanFields(map: Tensor): Tensor {
  const [n, h, w, c] = map.shape as [number, number, number, number];
  const pixels = reshape(map, [n, h * w, c]);
  if (h === FIELDS && w === FIELDS) return pixels;
  const across = shares(w);
  const weights = shares(h).flatMap((down) =>
    across.flatMap((along) => down.flatMap((a) => along.map((b) => a * b))),
  );
  return matmul(constant(weights, [FIELDS * FIELDS, h * w]), pixels);
}

/** For each field of an axis the share of each of its pixels. */
const shares = (size: number): number[][] =>
  Array.from({ length: FIELDS }, (_, i) => {
    const [from, to] = [Math.floor((i * size) / FIELDS), Math.ceil(((i + 1) * size) / FIELDS)];
    return Array.from({ length: size }, (_, k) => (k >= from && k < to ? 1 / (to - from) : 0));
  });

function check({ size, width, points, convolutions }: Required<Checked>): void {
  if (!points && !convolutions)
    throw new Error(
      'cnn: without convolutions and without points nothing is left that sees. Keep one of them',
    );
  if (!Number.isInteger(size) || size < LEAST_SIZE)
    throw new Error(
      `cnn: size ${size} must be a whole number of ${LEAST_SIZE} pixels or more: strides of ${2 ** STRIDES} in all leave too little of a smaller view. Render or crop larger views`,
    );
  if (!(width > 0 && width < Infinity))
    throw new Error(`cnn: width ${width} must be above 0. The full network has 1`);
}

type Checked = Pick<CnnOptions, 'size' | 'width' | 'points' | 'convolutions'>;

/**
 * The lifter as a function of views, which gives poses; see {@link CnnOptions} for smaller members of
 * the family.
 */
export const cnn = /* @__PURE__ */ Object.assign(build, { architecture: 'cnn' });
