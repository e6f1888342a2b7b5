/**
 * Dispatches on the interpreter of wgsl_reflect, which runs one invocation after another and is watched: what an
 * invocation reads or writes beyond a binding is a fault, and so is what one writes and another touches, since
 * nothing orders them in a kernel without barriers.
 */

import {
  TrackedTypedData,
  TypedData,
  WgslExec,
  WgslParser,
} from 'wgsl_reflect/wgsl_reflect.module.js';
import { compose } from '../src/gpu/shader.ts';
import type { PlannedDispatch } from '../src/graph/plan.ts';
import { STEP_BYTES } from '../src/graph/plan_bytes.ts';
import { writeParams } from '../src/graph/recording.ts';

export interface Interpreted {
  /** What the bindings that are written hold afterwards. */
  readonly written: Readonly<Record<string, Float32Array>>;
  /** Accesses beyond a binding, and races, each kind once. */
  readonly faults: readonly string[];
}

/** A buffer of a shader: where it is bound, what it holds, and whether it is written. */
export interface Bound {
  readonly name: string;
  readonly binding: number;
  readonly values: Float32Array;
  readonly writes: boolean;
}

/**
 * Runs a dispatch on bindings that hold `before`.
 * @throws where the interpreter says that it does not know a construct; with some it gives nonsense
 */
export function interpret(
  dispatch: PlannedDispatch,
  before: Readonly<Record<string, Float32Array>>,
): Interpreted {
  const { kernel, groups } = dispatch;
  const uniforms = kernel.uniforms.map(({ name, binding }) => {
    const size = name === 'step' ? STEP_BYTES : 16 * Math.ceil(kernel.paramsSize / 16);
    const data = new ArrayBuffer(size);
    if (name === 'params') writeParams(new DataView(data), dispatch);
    return [binding, data] as const;
  });
  const storage = kernel.storage.map((of) => ({ ...of, values: before[of.name]! }));
  return interpretSource(plainSource(dispatch), groups, storage, uniforms);
}

/** Runs a shader of the words that the interpreter knows. */
export function interpretSource(
  code: string,
  groups: readonly number[],
  storage: readonly Bound[],
  uniforms: readonly (readonly [binding: number, data: ArrayBuffer])[] = [],
): Interpreted {
  const names = new Map<ArrayBufferLike, string>();
  const bound: Record<string, unknown> = {};
  for (const [binding, uniform] of uniforms) bound[binding] = { uniform };
  const held = storage.map(({ name, binding, values }) => {
    const own = new Float32Array(values);
    names.set(own.buffer, name);
    bound[binding] = own.buffer;
    return own;
  });
  const watch = watching(names);
  const silenced = silence();
  try {
    const exec = new WgslExec(new WgslParser().parse(code));
    try {
      exec.dispatchWorkgroups('main', [...groups], { 0: bound });
    } catch (error) {
      if (!(error instanceof BeyondEnd)) throw error;
    }
    if (silenced.messages.length > 0) throw new Error(silenced.messages[0]);
  } finally {
    silenced.end();
    watch.end();
  }
  const written = storage.flatMap(({ name, writes }, i) =>
    writes ? [[name, held[i]!] as const] : [],
  );
  return { written: Object.fromEntries(written), faults: [...new Set(watch.faults)] };
}

/**
 * The source of a dispatch in words that the interpreter knows: overrides are constants, aliases stand for what they
 * name, sizes of workgroups are numbers, and no part of a `for` is empty.
 */
function plainSource({ kernel, constants, editions, overrides }: PlannedDispatch): string {
  let code = compose(kernel, constants, editions).code.replace(/\/\/.*/g, '');
  code = code.replace(/override (\w+) *: *(\w+) *= *([^;]+);/g, (_, name, type, usual) => {
    const value = overrides[name as string];
    const literal = type === 'bool' ? `${value !== 0}` : type === 'u32' ? `${value}u` : `${value}`;
    return `const ${name}: ${type} = ${value === undefined ? usual : literal};`;
  });
  for (const [line, name, type] of code.matchAll(/^alias (\w+) *= *([^;]+);/gm))
    code = code.replace(line, '').replace(new RegExp(`\\b${name}\\b`, 'g'), type!);
  const numberOf = (text: string): number => {
    const value = new RegExp(`const ${text}\\b[^=]*= *([^;]+);`).exec(code)?.[1];
    return Number.isNaN(Number.parseInt(text, 10)) && value
      ? numberOf(value)
      : Number.parseInt(text, 10);
  };
  return code
    .replace(/@workgroup_size\(([^)]*)\)/, (_, sizes: string) => {
      const [x, y = 1, z = 1] = sizes.split(',').map((size) => numberOf(size.trim()));
      return `@workgroup_size(${x}, ${y}, ${z})`;
    })
    .replace(/for \(; /g, 'for (var none = 0u; ')
    .replace(/for \(var (\w+)([^;]*);([^;]*); ?\) \{/g, 'for (var $1$2;$3; $1 += 0u) {');
}

/** Ends a dispatch: the interpreter has no value for what lies beyond a binding. */
class BeyondEnd extends Error {}

/** What of the interpreter's own classes tells where an access goes. */
interface Access {
  readonly buffer: ArrayBufferLike;
  _range(...at: unknown[]): { offset: number; size: number };
}
type Context = { getVariableValue(name: string): { readonly data: readonly number[] } };

/** Accesses of a dispatch, after which it is taken for one that does not end. */
const MOST_ACCESSES = 500_000;

/** Watches all accesses to some buffers until it is ended. */
function watching(names: ReadonlyMap<ArrayBufferLike, string>) {
  const faults: string[] = [];
  const { getSubData, setDataValue } = TypedData.prototype;
  const tracked = TrackedTypedData.prototype as unknown as Access;
  /** By buffer and word: the last invocation that wrote it, and one that read it. */
  const writers = new Map<string, string>();
  const readers = new Map<string, string>();
  let accesses = 0;
  const touch = (data: Access, writes: boolean, exec: unknown, postfix: unknown, at: Context) => {
    const name = names.get(data.buffer);
    if (name === undefined) return;
    if (++accesses > MOST_ACCESSES) throw new Error('it does not end');
    // Indices are private to the class that the package has for this purpose.
    const index = { _evalIndex: (tracked as never as { _evalIndex: unknown })._evalIndex };
    const { offset, size } = tracked._range.call(
      Object.assign(Object.create(data as object), index),
      postfix,
      exec,
      at,
    );
    const who = at.getVariableValue('@global_invocation_id').data.join();
    if (offset < 0 || offset + size > data.buffer.byteLength) {
      faults.push(`${writes ? 'writes' : 'reads'} ${name} beyond its end`);
      throw new BeyondEnd();
    }
    for (let byte = offset; byte < offset + size; byte += 4) {
      const word = `${name} ${byte}`;
      const writer = writers.get(word);
      const other = [writer, writes ? readers.get(word) : undefined].some((o) => o && o !== who);
      if (other) faults.push(`a race for ${name}`);
      (writes ? writers : readers).set(word, who);
    }
  };
  TypedData.prototype.getSubData = function (exec, postfix, context) {
    if (postfix) touch(this as unknown as Access, false, exec, postfix, context as never);
    return getSubData.call(this, exec, postfix, context);
  };
  TypedData.prototype.setDataValue = function (exec, value, postfix, context) {
    touch(this as unknown as Access, true, exec, postfix, context as never);
    setDataValue.call(this, exec, value, postfix, context);
  };
  const end = () => Object.assign(TypedData.prototype, { getSubData, setDataValue });
  return { faults, end };
}

/** Keeps what the interpreter says of constructs that it does not know. */
function silence() {
  const { error, warn } = console;
  const messages: string[] = [];
  console.error = console.warn = (...words: unknown[]) =>
    void messages.push(words.map(String).join(' '));
  return { messages, end: () => Object.assign(console, { error, warn }) };
}
