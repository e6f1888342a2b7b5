/**
 * Kernels whose storage holds halves. A kernel is written once, for values of 32 bits; where the
 * plan keeps a tensor in 16, each load from its binding is converted to what the kernel computes
 * with, and each store back. So every kernel has f16 storage and f32 arithmetic.
 */

import packedWgsl from '../../shaders/lib/packed_halves.wgsl';
import { ShaderError } from './faults.ts';

/** How halves are stored: as the type f16, or two to a word where the device has none. */
export type HalfForm = 'f16' | 'packed';

/** What a binding can hold as halves: its elements as the kernel sees them. */
type Element = 'f32' | 'vec2f' | 'vec4f';

/** Name and elements of a storage binding: arrays elsewhere have a size. */
const DECLARATION = /(?<=> ?)(\w+): ?array<(\w+)>;/g;

/**
 * The source with halves in some bindings; lines stay where they are.
 * @throws ShaderError where a binding holds something else, or would store single halves of words
 */
export function withHalves(code: string, halves: readonly string[], form: HalfForm): string {
  const elements = elementsOf(code, halves);
  const { declare } = forms[form];
  const declared = code.replace(DECLARATION, (all, name) => {
    const element = elements.get(name);
    return element ? `${name}: array<${declare[element]}>;` : all;
  });
  const converted = convert(declared, elements, forms[form]);
  return form === 'f16' ? `enable f16; ${converted}` : `${converted}\n${packedWgsl.text}`;
}

/** Whether a binding of this source can hold halves. */
export function canHalve(code: string, name: string, form: HalfForm, writes: boolean): boolean {
  const [, , type] = [...code.matchAll(DECLARATION)].find(([, n]) => n === name) ?? [];
  const element = elementOf(code, type ?? '');
  // Two threads that store the halves of one word would lose one of them.
  return element !== undefined && !(form === 'packed' && writes && element === 'f32');
}

/** The type behind a name: T stands for quads or singles, and others for T. */
function elementOf(code: string, type: string): Element | undefined {
  if (type === 'f32' || type === 'vec2f' || type === 'vec4f') return type;
  const [, aliased] = code.match(new RegExp(`^alias ${type} ?= ?(\\w+);`, 'm')) ?? [];
  return aliased === undefined ? undefined : elementOf(code, aliased);
}

function elementsOf(code: string, halves: readonly string[]): Map<string, Element> {
  const elements = new Map<string, Element>();
  for (const [, name, type] of code.matchAll(DECLARATION)) {
    if (!halves.includes(name!)) continue;
    const element = elementOf(code, type!);
    if (!element) throw new ShaderError(`${name} holds ${type}, which is not made of f32`);
    elements.set(name!, element);
  }
  return elements;
}

interface Form {
  /** The element type that is stored. */
  readonly declare: Readonly<Record<Element, string>>;
  load(name: string, index: string, element: Element): string;
  store(name: string, index: string, value: string, element: Element): string;
}

const forms: Readonly<Record<HalfForm, Form>> = {
  f16: {
    declare: { f32: 'f16', vec2f: 'vec2<f16>', vec4f: 'vec4<f16>' },
    load: (name, index, element) => `${element}(${name}[${index}])`,
    store: (name, index, value, element) =>
      `${name}[${index}] = ${forms.f16.declare[element]}(${value})`,
  },
  packed: {
    declare: { f32: 'u32', vec2f: 'u32', vec4f: 'vec2u' },
    load: (name, index, element) =>
      element === 'vec4f'
        ? `quad_of_halves(${name}[${index}])`
        : element === 'vec2f'
          ? `unpack2x16float(${name}[${index}])`
          : `half_of_word(${name}[u32(${index}) / 2], u32(${index}))`,
    store(name, index, value, element) {
      if (element === 'f32')
        throw new ShaderError(`${name} would store single halves, two of which share a word`);
      const pack = element === 'vec4f' ? 'halves_of_quad' : 'halves_of_pair';
      return `${name}[${index}] = ${pack}(${value})`;
    },
  },
};

/** A comment, or a word that is no member of something. */
const TOKEN = /\/\/.*|(?<![\w.])[A-Za-z_]\w*/g;
const ASSIGNMENT = /^\s*([-+*/]?)=(?!=)/;

/** Wraps every load and store of these bindings. */
function convert(code: string, elements: ReadonlyMap<string, Element>, form: Form): string {
  let made = '';
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(code);
    if (!found) return made + code.slice(at);
    const [name] = found;
    const open = found.index + name.length;
    const element = elements.get(name);
    made += code.slice(at, found.index);
    at = open;
    if (!element || code[open] !== '[') {
      made += name;
      continue;
    }
    const close = endOf(code, open + 1, ']');
    const index = convert(code.slice(open + 1, close), elements, form);
    const [assigned, operator] = ASSIGNMENT.exec(code.slice(close + 1)) ?? [];
    at = close + 1;
    if (assigned === undefined) {
      made += form.load(name, index, element);
      continue;
    }
    const begin = at + assigned.length;
    at = endOf(code, begin, ';');
    const value = convert(code.slice(begin, at), elements, form);
    const whole = operator ? `${form.load(name, index, element)} ${operator} (${value})` : value;
    made += form.store(name, index, whole, element);
  }
}

/** Where an expression ends: at this sign, or at a bracket that closes what is around it. */
function endOf(code: string, begin: number, sign: ']' | ';'): number {
  let depth = 0;
  for (let i = begin; i < code.length; i++) {
    const c = code[i]!;
    if (depth === 0 && c === sign) return i;
    if ('([{'.includes(c)) depth++;
    if (')]}'.includes(c) && depth-- === 0) return i;
  }
  throw new ShaderError(`an expression of the source has no end: ${code.slice(begin, begin + 60)}`);
}
