/**
 * Variables: what a model learns or remembers. They live in slabs that all programs of a model
 * share.
 */

import type { Shape } from '../kernels/tensor.ts';
import { sizeOf } from '../kernels/tensor.ts';
import { type Tensor, tensor } from './trace.ts';

/** Fills the initial values of a variable, from uniform numbers in [0, 1). */
export interface Initial {
  (size: number, random: () => number): ArrayLike<number>;
  /** A large variable may be filled by calls for even parts of it, one after another. */
  readonly inParts?: boolean;
}

const inParts = (initial: Initial): Initial => Object.assign(initial, { inParts: true });

export interface Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly size: number;
  readonly set: VariableSet;
  readonly initial: Initial;
  /** Which slab of the set holds it, and where: in elements, at a multiple of 64. */
  readonly slab: number;
  readonly offset: number;
  /** The tensor that stands for it in every graph. */
  readonly tensor: Tensor;
  /** Whether weight decay applies: to matrices, not to biases and norms. */
  readonly decays: boolean;
}

/** A binding starts at a multiple of 256 bytes. */
export const ALIGNMENT = 64;
/** Elements of a slab: the default limit of a binding. A larger variable has a slab of its own. */
const SLAB = (128 * 2 ** 20) / 4;

/** Named variables of one kind, laid out in slabs. */
export class VariableSet {
  readonly name: string;
  readonly variables: Variable[] = [];
  /** Elements of each slab. */
  readonly slabs: number[] = [];
  readonly #companions = new Map<string, VariableSet>();
  readonly #slabSize: number;

  /** @param slabSize elements that a slab may have, unless a single variable has more */
  constructor(name: string, slabSize: number = SLAB) {
    this.name = name;
    this.#slabSize = slabSize;
  }

  /** Declares a variable and gives the tensor that stands for it. */
  add(name: string, shape: Shape, initial: Initial, { decays = false } = {}): Tensor {
    if (this.variables.some((v) => v.name === name))
      throw new Error(`${this.name} has a variable ${name} already: names must differ`);
    const size = sizeOf(shape);
    const padded = Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    const last = this.slabs.length - 1;
    const fits = last >= 0 && this.slabs[last]! + padded <= this.#slabSize;
    const slab = fits ? last : this.slabs.push(0) - 1;
    const offset = this.slabs[slab]!;
    this.slabs[slab] = offset + padded;
    const source = { kind: 'variable' as const, variable: undefined as unknown as Variable };
    const made = tensor(shape, source);
    const variable = { name, shape, size, set: this, initial, slab, offset, tensor: made, decays };
    source.variable = variable;
    this.variables.push(variable);
    return made;
  }

  /**
   * A set of the same layout, such as the moments of an optimiser; the same one for the same name.
   */
  companion(name: string, initial: (of: Variable) => Initial = () => zeros): VariableSet {
    return this.state(name, (set) => {
      for (const v of this.variables) set.add(v.name, v.shape, initial(v));
    });
  }

  /**
   * A set that belongs to this one, declared by `declare` the first time; the same one for the same
   * name.
   */
  state(name: string, declare: (set: VariableSet) => void): VariableSet {
    let set = this.#companions.get(name);
    if (!set) {
      set = new VariableSet(`${this.name}.${name}`, this.#slabSize);
      declare(set);
      this.#companions.set(name, set);
    }
    return set;
  }
}

/** Bytes of a set on the device. */
export const bytesOfSet = (set: VariableSet): number =>
  set.slabs.reduce((sum, size) => sum + 4 * size, 0);

/** All zero. */
export const zeros: Initial = (size) => new Float32Array(size);
/** All one. */
export const ones: Initial = (size) => new Float32Array(size).fill(1);

/** Normal numbers around 0 of this standard deviation. */
export const normal = (deviation: number): Initial =>
  inParts((size, random) => {
    const values = new Float32Array(size);
    // Box and Muller 1958: two normal numbers from two uniform ones.
    for (let i = 0; i < size; i += 2) {
      const radius = deviation * Math.sqrt(-2 * Math.log(1 - random()));
      const angle = 2 * Math.PI * random();
      values[i] = radius * Math.cos(angle);
      if (i + 1 < size) values[i + 1] = radius * Math.sin(angle);
    }
    return values;
  });

/** Normal numbers of variance 2 / inputs, for layers before a ReLU (He et al. 2015, eq. 10). */
export const heNormal = (inputs: number): Initial => normal(Math.sqrt(2 / inputs));

/**
 * Uniform numbers of variance 2 / (inputs + outputs), for layers without a ReLU (Glorot and Bengio
 * 2010, eq. 16).
 */
export const glorotUniform = (inputs: number, outputs: number): Initial =>
  inParts((size, random) => {
    const most = Math.sqrt(6 / (inputs + outputs));
    return Float32Array.from({ length: size }, () => most * (2 * random() - 1));
  });

/** Uniform numbers in ±factor / √inputs, for the last layer; with 1 as PyTorch's Linear. */
export const uniformFan = (inputs: number, factor = 1): Initial =>
  inParts((size, random) =>
    Float32Array.from({ length: size }, () => (factor * (2 * random() - 1)) / Math.sqrt(inputs)),
  );

/** The same with zeros in the place of the first values. */
export const zerosFirst =
  (count: number, initial: Initial): Initial =>
  (size, random) =>
    Float32Array.from(initial(size, random)).fill(0, 0, count);
