/**
 * Turns a WGSL file into the text of an ES module, so that shaders are imported like code: only the
 * ones that a program reaches end up in its bundle, and what they declare is known without a parser
 * at run time. Used by the source loader, the test runner and the build.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WgslReflect } from 'wgsl_reflect/wgsl_reflect.module.js';

const root = fileURLToPath(new URL('../shaders/', import.meta.url));

/** The files that a shader names in `// use` lines, in order. */
export const usesOf = (text) => [...text.matchAll(/^\/\/ use (\S+)$/gm)].map(([, file]) => file);

/** All files that `file` needs, itself first, each once. */
function closure(file, seen = new Map()) {
  if (seen.has(file)) return seen;
  const text = readFileSync(join(root, file), 'utf8');
  seen.set(file, text);
  for (const used of usesOf(text)) closure(used, seen);
  return seen;
}

/** Signs between two operands, neither of which begins with one. */
const BETWEEN = /(?<=[\w)\]]) ([-+/%&|^<>=]|&&|\|\||<<|>>|[-+*/<>=!]=) (?=[\w(])/g;

/**
 * The same program in fewer bytes: without comments, indentation, and spaces beside signs that join
 * no other to another. Lines stay where they are, so that errors name those of the file.
 */
export const bare = (text) =>
  text
    .split('\n')
    .map((line) => line.replace(/\/\/.*/, '').trim())
    .map((line) => line.replace(/ ?([,;:(){}*]) ?/g, '$1').replace(BETWEEN, '$1'))
    .join('\n');

/**
 * @param shipped leave out what only people read
 * @returns the module's text: `export default { file, text, uses, ...what the WGSL declares }`
 */
export function wgslModule(path, { shipped = false } = {}) {
  const file = path.slice(root.length).replaceAll('\\', '/');
  const source = readFileSync(path, 'utf8');
  const uses = usesOf(source);
  const text = shipped ? bare(source) : source;
  const from = dirname(file);
  const up = from === '.' ? './' : `${'../'.repeat(from.split('/').length)}`;
  const imports = uses.map((used, i) => `import use${i} from '${up}${used}';`);
  const declared = !file.startsWith('lib/') ? reflect(file) : {};
  const value = JSON.stringify({ file, text, ...declared }).slice(0, -1);
  const list = uses.map((_, i) => `use${i}`).join(', ');
  return `${imports.join('\n')}\nexport default ${value},"uses":[${list}]};\n`;
}

/** Bindings and parameters of a kernel, in the order of the WGSL. */
function reflect(file) {
  const r = new WgslReflect([...closure(file).values()].join('\n'));
  const storage = r.storage
    .toSorted((a, b) => a.binding - b.binding)
    .map(({ name, binding, access }) => ({ name, binding, writes: access !== 'read' }));
  const params = r.structs.find((s) => s.name === 'Params');
  return {
    storage,
    uniforms: r.uniforms.map(({ name, binding }) => ({ name, binding })),
    params:
      params?.members.map(({ name, offset, type }) => ({ name, offset, type: type.name })) ?? [],
    paramsSize: params?.size ?? 0,
  };
}
