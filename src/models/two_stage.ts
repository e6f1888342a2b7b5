/**
 * What the two-stage lifters of Calda et al. read and write: a first stage finds joints in the
 * picture and its depth, the second, one of these networks, lifts them to 3D. Networks only ever
 * see *views*: virtual square pinhole cameras at the real one's place, turned so that the pelvis
 * lies on the axis, with a focal length that lets the person fill the picture.
 */

import type { Tensor } from '../graph/trace.ts';
import type { Mode, ModelVariables } from './layers.ts';

/** Views of S x S pixels; the centre of the first pixel is (0.5, 0.5). */
export interface ViewInputs {
  /** [n, S, S, 3] red, green and blue from 0 to 1, as displayed (sRGB). */
  readonly image: Tensor;
  /** [n, S, S, 1] metres along the view's axis, 0 where unknown. */
  readonly depth: Tensor;
  /** [n, 17, 2] x right and y down in pixels of the view, as a detector gives them. */
  readonly joints: Tensor;
  /** [n, 1] logarithm of the tangent of half the field of view: log(S / 2 / focal length). */
  readonly view: Tensor;
}

/** The place of the root in what a network gives: always 0, or in the view's frame. */
export type RootPlace = 'relative' | 'absolute';

/** Views to joints [n, 17, 3] in metres, in the view's frame: x right, y down, z forward. */
export interface TwoStageNetwork extends ModelVariables {
  (inputs: ViewInputs, mode?: Mode): Tensor;
  /** What it reads, and what it makes of that on its way to the poses; in inference. */
  readonly inside: (inputs: ViewInputs) => Insides;
  /** Whether it looks at colours: for one that does not, pictures need none. */
  readonly seesColours: boolean;
}

/** A look inside of a network. */
export interface Insides {
  /** [n, S, S, 4]: colours from -1 to 1, and metres beyond the pelvis, from -2 to 2, 0 where unknown. */
  readonly picture: Tensor;
  /** [n, s, s, 17] Gaussians of the joints. */
  readonly maps: Tensor;
  /** Features [n, h, w, c] after each stage, in order. */
  readonly stages: Readonly<Record<string, Tensor>>;
}

/** A two-stage network of the package, as a function of its options. */
export interface ViewArchitecture {
  (options: never): TwoStageNetwork;
  readonly architecture: string;
}
